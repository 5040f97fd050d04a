//! From values to places: an axis that begins at zero and ends at a round number, and how numbers are written.

use crate::Words;

/// An axis from zero up.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub most: f64,
    pub ticks: Vec<f64>,
}

impl Axis {
    /// One on which all of these have a place; what is no number counts as nothing.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let highest = values
            .filter(|value| value.is_finite())
            .fold(0.0_f64, f64::max);
        let step = step(highest);
        let (mut ticks, mut at) = (Vec::new(), 0.0);
        while at < highest + step && ticks.len() < 12 {
            ticks.push(at);
            at += step;
        }
        if ticks.len() < 2 {
            ticks.push(step);
        }
        Self {
            most: ticks.last().copied().unwrap_or(1.0),
            ticks,
        }
    }

    /// The share of the whole axis, 0 to 1.
    pub fn share(&self, value: f64) -> f64 {
        match value.is_finite() {
            true => (value / self.most).clamp(0.0, 1.0),
            false => 0.0,
        }
    }
}

/// 1, 2 or 5 times a power of ten, so that some five of them reach the highest.
fn step(highest: f64) -> f64 {
    if highest <= 0.0 {
        return 1.0;
    }
    let rough = highest / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let lead = rough / power;
    power
        * match lead {
            lead if lead <= 1.0 => 1.0,
            lead if lead <= 2.0 => 2.0,
            lead if lead <= 5.0 => 5.0,
            _ => 10.0,
        }
}

/// A value as it is read: thousands marked, at most two decimals.
pub fn shown(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let rounded = (value.abs() * 100.0).round() / 100.0;
    let whole = rounded.trunc() as u64;
    let mut text = Words::default().number(whole);
    let decimals = format!("{:.2}", rounded.fract());
    let decimals = decimals.trim_start_matches('0').trim_end_matches('0');
    if decimals.len() > 1 {
        text.push_str(decimals);
    }
    match value < 0.0 && rounded > 0.0 {
        true => format!("-{text}"),
        false => text,
    }
}

/// How wide a text of 12 pixels is, about: wide letters count double.
pub fn width(text: &str) -> f64 {
    text.chars()
        .map(|letter| {
            if u32::from(letter) > 0x2e80 {
                12.0
            } else {
                6.8
            }
        })
        .sum()
}

/// A label below a picture is no wider than this, in pixels: the table beside it has it whole.
const LABEL_MAX: f64 = 120.0;

/// A label as it fits below a picture.
pub fn short(label: &str) -> String {
    if width(label) <= LABEL_MAX {
        return label.to_owned();
    }
    let mut text = String::new();
    for letter in label.chars() {
        text.push(letter);
        if width(&text) > LABEL_MAX - 12.0 {
            break;
        }
    }
    text + "…"
}

/// Where the middle of a label is, so that nothing of it lies beyond a picture of this width.
pub fn within(middle: f64, label: &str, picture: f64) -> f64 {
    let half = width(label) / 2.0;
    middle.min(picture - half).max(half)
}

/// Each how many labels one is written, so that they do not touch in columns of this width.
pub fn every(labels: &[String], column: f64) -> usize {
    let widest = labels.iter().map(|label| width(label)).fold(0.0, f64::max) + 8.0;
    let every = (widest / column.max(1.0)).ceil() as usize;
    every.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (highest, most, ticks) in [
            (0.0, 1.0, 2),
            (1.0, 1.0, 3),
            (7.0, 8.0, 5),
            (52_547.0, 60_000.0, 4),
            (99.0, 100.0, 3),
        ] {
            let axis = Axis::of([highest].into_iter());
            assert!(axis.most >= most - 1e-9, "{highest}: {axis:?}");
            assert!(axis.ticks.len() >= ticks, "{highest}: {axis:?}");
            assert!(axis.share(highest) <= 1.0);
        }
        assert!((Axis::of([f64::NAN, 3.0].into_iter()).share(f64::NAN)).abs() < 1e-9);
    }

    #[test]
    fn no_label_is_cut_by_the_edge_of_its_picture() {
        assert_eq!(short("2026-11"), "2026-11");
        let long = short("Directorate General of Budget, Accounting and Statistics");
        assert!(
            long.starts_with("Directorate") && long.ends_with('…'),
            "{long}"
        );
        assert!(width(&long) <= LABEL_MAX + 12.0, "{long}");
        for (middle, expected) in [(644.0, 660.0 - 23.8), (300.0, 300.0), (2.0, 23.8)] {
            let found = within(middle, "2026-11", 660.0);
            assert!((found - expected).abs() < 1e-6, "{middle}: {found}");
        }
    }

    #[test]
    fn numbers_are_written_to_be_read() {
        for (value, expected) in [
            (0.0, "0"),
            (1234.5, "1,234.5"),
            (0.333, "0.33"),
            (-2.0, "-2"),
            (99.999, "100"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(shown(value), expected);
        }
    }
}
