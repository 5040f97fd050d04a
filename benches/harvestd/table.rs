//! The table: a line for each figure, both inputs of every ratio, the goal, and whether it is met.
//!
//! Measures nothing.

use std::{fmt, time::Duration};

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    AtMost(f64),
    None,
}

/// One figure.
#[derive(Debug)]
pub struct Line {
    name: String,
    measured: String,
    /// What it is divided by, and its name.
    over: String,
    /// What is compared with the goal, as it is shown.
    shown: String,
    value: f64,
    goal: Goal,
    goal_shown: String,
}

impl Line {
    /// A time over another time.
    pub fn seconds(name: &str, took: Duration, over: &str, other: Duration, goal: Goal) -> Self {
        let (a, b) = (took.as_secs_f64(), other.as_secs_f64());
        Self::ratio(name, (&seconds(a), a), over, (&seconds(b), b), goal)
    }

    /// A size over another size.
    pub fn sizes(name: &str, size: u64, over: &str, other: u64, goal: Goal) -> Self {
        Self::ratio(
            name,
            (&bytes(size), size as f64),
            over,
            (&bytes(other), other as f64),
            goal,
        )
    }

    /// A time that stands for itself.
    pub fn time(name: &str, took: Duration, most: Duration) -> Self {
        let took = took.as_secs_f64();
        Self {
            name: name.to_owned(),
            measured: seconds(took),
            over: String::new(),
            shown: String::new(),
            value: took,
            goal: Goal::AtMost(most.as_secs_f64()),
            goal_shown: format!("<= {}", seconds(most.as_secs_f64())),
        }
    }

    /// A peak in bytes.
    pub fn bytes(name: &str, size: u64, goal: Goal) -> Self {
        Self {
            name: name.to_owned(),
            measured: bytes(size),
            over: String::new(),
            shown: String::new(),
            value: size as f64,
            goal,
            goal_shown: match goal {
                Goal::AtMost(most) => format!("<= {:.0} MB", most / 1e6),
                Goal::None => String::new(),
            },
        }
    }

    /// A rate or another figure that stands for itself.
    pub fn plain(name: &str, measured: String, over: &str) -> Self {
        Self {
            name: name.to_owned(),
            measured,
            over: over.to_owned(),
            shown: String::new(),
            value: 0.0,
            goal: Goal::None,
            goal_shown: String::new(),
        }
    }

    fn ratio(name: &str, a: (&str, f64), over: &str, b: (&str, f64), goal: Goal) -> Self {
        let value = a.1 / b.1;
        Self {
            name: name.to_owned(),
            measured: a.0.to_owned(),
            over: format!("{} ({over})", b.0),
            shown: format!("{value:.3}"),
            value,
            goal,
            goal_shown: match goal {
                Goal::AtMost(most) => format!("<= {most:.2}"),
                Goal::None => String::new(),
            },
        }
    }

    /// None where nothing was set as a goal.
    fn met(&self) -> Option<bool> {
        match self.goal {
            Goal::AtMost(most) => Some(self.value <= most),
            Goal::None => None,
        }
    }
}

#[derive(Debug, Default)]
pub struct Table(Vec<Line>);

impl Table {
    pub fn add(&mut self, line: Line) {
        self.0.push(line);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["", "measured", "over", "ratio", "goal", ""].map(str::to_owned);
        let rows: Vec<[String; 6]> = std::iter::once(heading)
            .chain(self.0.iter().map(|line| {
                let met = match line.met() {
                    Some(true) => "met",
                    Some(false) => "MISSED",
                    None => "",
                };
                [
                    &line.name,
                    &line.measured,
                    &line.over,
                    &line.shown,
                    &line.goal_shown,
                    met,
                ]
                .map(str::to_owned)
            }))
            .collect();
        let mut widths = [0; 6];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &rows {
            let mut text = String::new();
            for (width, cell) in widths.iter().zip(row) {
                text += cell;
                text += &" ".repeat(width - cell.chars().count() + 2);
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        let met: Vec<bool> = self.0.iter().filter_map(Line::met).collect();
        let missed = met.iter().filter(|met| !**met).count();
        writeln!(
            f,
            "{} goals: {} met, {missed} missed",
            met.len(),
            met.len() - missed
        )
    }
}

fn seconds(s: f64) -> String {
    if s < 0.1 {
        format!("{:.2} ms", s * 1e3)
    } else {
        format!("{s:.2} s")
    }
}

/// In megabytes of a million bytes.
pub fn bytes(size: u64) -> String {
    let (whole, rest) = (size / 1_000_000, size % 1_000_000 / 100_000);
    format!("{whole}.{rest} MB")
}
