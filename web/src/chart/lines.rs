//! Values over time as lines. Start at [`Lines::new`].

use super::{
    About, Row, Series, rows,
    scale::{Axis, every, short, shown, within},
};
use crate::Words;
use askama::Template;
use std::fmt::Write as _;

const WIDTH: f64 = 660.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;

/// A picture of lines.
#[derive(Debug, Template)]
#[template(path = "chart-lines.html")]
pub struct Lines {
    words: Words,
    about: About,
    lines: Vec<Drawn>,
    ticks: Vec<(f64, String)>,
    marks: Vec<(f64, String)>,
    heads: Vec<String>,
    rows: Vec<Row>,
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    floor: f64,
}

#[derive(Debug)]
struct Drawn {
    class: &'static str,
    path: String,
    /// The shape of its marks, by which it is told from others.
    shape: usize,
    points: Vec<Point>,
    name: String,
}

#[derive(Debug)]
struct Point {
    x: f64,
    y: f64,
    says: String,
}

impl Point {
    /// The outline of a square or a triangle around it.
    fn square(&self) -> String {
        format!("M{:.1} {:.1}h6v6h-6z", self.x - 3.0, self.y - 3.0)
    }

    fn triangle(&self) -> String {
        format!("M{:.1} {:.1}l4 7h-8z", self.x, self.y - 4.0)
    }
}

impl Lines {
    /// A line for each series over the labels.
    pub fn new(words: Words, about: About, labels: Vec<String>, series: Vec<Series>) -> Self {
        let values = series.iter().flat_map(|one| one.values.iter().flatten());
        let axis = Axis::of(values.copied());
        let floor = HEIGHT - BOTTOM;
        let y = |value: f64| floor - axis.share(value) * (floor - TOP);
        let gap = (WIDTH - LEFT - RIGHT) / (labels.len().max(2) - 1) as f64;
        let x = |place: usize| LEFT + gap * place as f64;
        let mut lines = Vec::new();
        for (number, one) in series.iter().enumerate() {
            let (mut path, mut points, mut open) = (String::new(), Vec::new(), false);
            for (place, label) in labels.iter().enumerate() {
                let Some(value) = one.at(place).filter(|value| value.is_finite()) else {
                    open = false;
                    continue;
                };
                let verb = if open { 'L' } else { 'M' };
                let _ = write!(path, "{verb}{:.1} {:.1}", x(place), y(value));
                open = true;
                points.push(Point {
                    x: x(place),
                    y: y(value),
                    says: format!("{label}: {} {}", one.name, shown(value)),
                });
            }
            lines.push(Drawn {
                class: one.tone.class(),
                path,
                shape: number % 3,
                points,
                name: one.name.clone(),
            });
        }
        let shorts: Vec<String> = labels.iter().map(|label| short(label)).collect();
        let marks = shorts.iter().enumerate().step_by(every(&shorts, gap));
        Self {
            lines,
            ticks: axis
                .ticks
                .iter()
                .map(|tick| (y(*tick), shown(*tick)))
                .collect(),
            marks: marks
                .map(|(place, label)| (within(x(place), label, WIDTH), label.clone()))
                .collect(),
            heads: series.iter().map(|one| one.name.clone()).collect(),
            rows: rows(&labels, &series),
            words,
            about,
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: WIDTH - RIGHT,
            floor,
        }
    }
}
