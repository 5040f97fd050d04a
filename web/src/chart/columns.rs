//! Columns beside each other, of one series (a histogram) or of several stacked. Start at [`Columns::new`].

use super::{
    About, Row, Series, rows,
    scale::{Axis, every, short, shown, within},
};
use crate::Words;
use askama::Template;

const WIDTH: f64 = 660.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 26.0;

/// Kinds of hatching; the first is none. A further series begins again.
const HATCHINGS: usize = 5;

/// A picture of columns.
#[derive(Debug, Template)]
#[template(path = "chart-columns.html")]
pub struct Columns {
    words: Words,
    about: About,
    bars: Vec<Drawn>,
    ticks: Vec<(f64, String)>,
    marks: Vec<(f64, String)>,
    legend: Vec<Key>,
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
    /// Which hatching lies over it.
    hatching: usize,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    /// What it is, for whoever points at it.
    says: String,
}

#[derive(Debug)]
struct Key {
    class: &'static str,
    hatching: usize,
    name: String,
}

impl Columns {
    /// A column for each label, made up of its value in each series.
    pub fn new(words: Words, about: About, labels: Vec<String>, series: Vec<Series>) -> Self {
        let sum = |place: usize| {
            series
                .iter()
                .filter_map(|one| one.at(place))
                .filter(|v| v.is_finite())
                .sum::<f64>()
        };
        let axis = Axis::of((0..labels.len()).map(sum));
        let floor = HEIGHT - BOTTOM;
        let up = |value: f64| axis.share(value) * (floor - TOP);
        let column = (WIDTH - LEFT - RIGHT) / labels.len().max(1) as f64;
        let middle = |place: usize| LEFT + column * (place as f64 + 0.5);
        let thick = (column * 0.72).min(48.0);
        let mut bars = Vec::new();
        for (place, label) in labels.iter().enumerate() {
            let mut from = 0.0;
            for (number, one) in series.iter().enumerate() {
                let Some(value) = one.at(place).filter(|value| *value > 0.0) else {
                    continue;
                };
                let height = up(from + value) - up(from);
                bars.push(Drawn {
                    class: one.tone.class(),
                    hatching: number % HATCHINGS,
                    x: middle(place) - thick / 2.0,
                    y: floor - up(from) - height,
                    width: thick,
                    height,
                    says: format!("{label}: {} {}", one.name, shown(value)),
                });
                from += value;
            }
        }
        let shorts: Vec<String> = labels.iter().map(|label| short(label)).collect();
        let marks = shorts.iter().enumerate().step_by(every(&shorts, column));
        Self {
            bars,
            ticks: axis
                .ticks
                .iter()
                .map(|tick| (floor - up(*tick), shown(*tick)))
                .collect(),
            marks: marks
                .map(|(place, label)| (within(middle(place), label, WIDTH), label.clone()))
                .collect(),
            legend: legend(&series),
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

/// One series needs none.
fn legend(series: &[Series]) -> Vec<Key> {
    let all = series.iter().enumerate().filter(|_| series.len() > 1);
    all.map(|(number, one)| Key {
        class: one.tone.class(),
        hatching: number % HATCHINGS,
        name: one.name.clone(),
    })
    .collect()
}
