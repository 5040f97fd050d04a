//! A line as small as a word: how a number went lately. Start at [`Spark::new`].

use super::scale::shown;
use askama::Template;

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;
const EDGE: f64 = 3.0;

/// A small line. Of fewer than two values nothing is drawn.
#[derive(Debug, Clone, Default, PartialEq, Template)]
#[template(
    ext = "html",
    source = r#"{% if values.len() > 1 %}<svg class="spark" role="img" aria-label="{{ self.says() }}" width="96" height="24" viewBox="0 0 96 24"><path class="line" d="{{ self.path() }}"/>{% if let Some((x, y)) = self.end() %}<circle class="one" cx="{{ x }}" cy="{{ y }}" r="2.5"/>{% endif %}</svg>{% endif %}"#
)]
pub struct Spark {
    name: String,
    values: Vec<f64>,
}

impl Spark {
    /// `name` says what the values are of; oldest first.
    pub fn new(name: String, values: Vec<f64>) -> Self {
        Self { name, values }
    }

    fn says(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| shown(*value)).collect();
        format!("{}: {}", self.name, values.join(", "))
    }

    /// Between the lowest and the highest: a line of equals lies in the middle.
    fn place(&self, at: usize) -> (f64, f64) {
        let low = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .values
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let x = EDGE + (WIDTH - 2.0 * EDGE) * at as f64 / (self.values.len() - 1) as f64;
        let share = match high > low {
            true => (self.values[at] - low) / (high - low),
            false => 0.5,
        };
        (x, HEIGHT - EDGE - (HEIGHT - 2.0 * EDGE) * share)
    }

    fn path(&self) -> String {
        let places = (0..self.values.len()).map(|at| self.place(at));
        let steps: Vec<String> = places.map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        format!("M{}", steps.join("L"))
    }

    fn end(&self) -> Option<(String, String)> {
        let last = self.values.len().checked_sub(1)?;
        let (x, y) = self.place(last);
        Some((format!("{x:.1}"), format!("{y:.1}")))
    }
}
