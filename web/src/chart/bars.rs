//! Lying bars: a table whose rows are drawn, so that it is its own table. Start at [`Bars::new`].

use super::{
    About, Tone,
    scale::{Axis, shown},
};
use crate::Words;
use askama::Template;

/// One bar.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bar {
    pub label: String,
    pub value: f64,
    pub tone: Tone,
    /// Where the label leads.
    pub link: Option<String>,
    /// What is written instead of the value, such as `12 (3 %)`.
    pub says: Option<String>,
}

impl Bar {
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self {
            label: label.into(),
            value,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn link(self, address: impl Into<String>) -> Self {
        Self {
            link: Some(address.into()),
            ..self
        }
    }

    #[must_use]
    pub fn says(self, text: impl Into<String>) -> Self {
        Self {
            says: Some(text.into()),
            ..self
        }
    }

    #[must_use]
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn written(&self) -> String {
        self.says.clone().unwrap_or_else(|| shown(self.value))
    }
}

/// A table of bars.
#[derive(Debug, Template)]
#[template(path = "chart-bars.html")]
pub struct Bars {
    words: Words,
    about: About,
    bars: Vec<Bar>,
    most: f64,
}

impl Bars {
    /// The longest bar fills its cell.
    pub fn new(words: Words, about: About, bars: Vec<Bar>) -> Self {
        let values = bars.iter().map(|bar| bar.value);
        let most = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        Self {
            words,
            about,
            bars,
            most,
        }
    }

    /// The same where a full bar is so much, such as 100 percent.
    #[must_use]
    pub fn of(self, most: f64) -> Self {
        Self { most, ..self }
    }

    fn share(&self, bar: &Bar) -> f64 {
        let axis = Axis {
            most: if self.most > 0.0 { self.most } else { 1.0 },
            ticks: Vec::new(),
        };
        axis.share(bar.value) * 100.0
    }
}
