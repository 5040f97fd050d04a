//! The pages of quality: how good the datasets are, of all, of a source, or of a publisher. Start at [`Quality`].

use crate::{
    Frame,
    chart::{Bars, Lines},
    said::Said,
    source::Badge,
    values::followed,
};
use askama::Template;

#[derive(Debug, Template)]
#[template(path = "quality.html")]
pub struct Quality {
    pub frame: Frame,
    /// What it is of, where it is not of everything.
    pub scope: Option<Scope>,
    pub figures: Figures,
    /// Datasets by what their points are called.
    pub ratings: Bars,
    /// Points of each dimension, a picture for each way of measuring.
    pub dimensions: Vec<Bars>,
    /// What most points are lost by, the worst first.
    pub worst: Vec<Indicator>,
    /// All that is measured.
    pub indicators: Vec<Indicator>,
    pub timeliness: Bars,
    /// Points day by day.
    pub trend: Option<Lines>,
    pub sources: Vec<Line>,
    pub publishers: Vec<Line>,
    /// The same in other forms: name and address.
    pub forms: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub title: Said,
    /// Where what it is of has its own page.
    pub page: Option<String>,
}

/// How good datasets are, in few numbers.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub datasets: u64,
    /// Mean points of 405.
    pub mqa: f64,
    pub rating: Badge,
    /// Mean per cent.
    pub fair: f64,
    pub ai_ready: f64,
    /// Datasets that were held against shapes; that violate none of DCAT-AP; that violate none of Taiwan's.
    pub conforming: Option<[u64; 3]>,
}

/// What is measured of a dataset.
#[derive(Debug, Clone, Default)]
pub struct Indicator {
    pub scheme: String,
    pub name: String,
    pub explanation: String,
    /// What the formula rests on.
    pub source: String,
    pub points: u64,
    pub met: u64,
    pub unchecked: u64,
    /// Of all datasets, in per cent.
    pub share: f64,
}

impl Indicator {
    fn address(&self) -> Option<&str> {
        followed(&self.source)
    }

    /// The width of its bar.
    fn bar(&self) -> String {
        format!("{:.1}", self.share.clamp(0.0, 100.0))
    }
}

/// One of several in a table.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub name: Said,
    pub address: String,
    pub figures: Figures,
}

/// A mean, to one decimal.
pub(crate) fn one(value: &f64) -> String {
    match value.is_finite() {
        true => format!("{value:.1}"),
        false => "–".to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{
        Language, Words,
        chart::{About, Bar},
        source::Tint,
    };

    fn page(language: Language, scope: Option<Scope>) -> String {
        let words = Words(language);
        let bars = |id: &str| {
            let about = About {
                id: id.to_owned(),
                title: "Ratings".to_owned(),
                ..About::default()
            };
            Bars::new(words, about, vec![Bar::new("<good>", 3.0)])
        };
        let figures = Figures {
            datasets: 52_547,
            mqa: 187.26,
            rating: Badge::new(Tint::Fair, words.say("rating-sufficient")),
            fair: 61.5,
            ai_ready: f64::NAN,
            conforming: Some([100, 90, 80]),
        };
        let indicator = Indicator {
            name: "Keywords".to_owned(),
            explanation: "At least <one>".to_owned(),
            source: "javascript:alert(1)".to_owned(),
            points: 30,
            met: 10,
            unchecked: 5,
            share: 19.0,
            ..Indicator::default()
        };
        let page = Quality {
            frame: Frame {
                words,
                title: words.say("quality-title").to_owned(),
                path: "/quality".to_owned(),
                ..Frame::default()
            },
            scope,
            figures: figures.clone(),
            ratings: bars("r"),
            dimensions: vec![bars("d")],
            worst: vec![indicator.clone()],
            indicators: vec![indicator],
            timeliness: bars("t"),
            trend: None,
            sources: vec![Line {
                name: Said::english("Interior"),
                address: "/quality/source/moi".to_owned(),
                figures,
            }],
            publishers: Vec::new(),
            forms: vec![("CSV", "/quality?format=csv".to_owned())],
        };
        page.render().unwrap()
    }

    #[test]
    fn figures_are_told_and_every_indicator_is_explained() {
        let english = page(Language::English, None);
        for wanted in [
            "52,547",
            "187.3",
            "At least &#60;one&#62;",
            "/quality/source/moi",
            "19.0",
            "format=csv",
            "sufficient",
        ] {
            assert!(english.contains(wanted), "{wanted}: {english}");
        }
        for never in ["href=\"javascript:", "NaN", "style=", "<good>"] {
            assert!(!english.contains(never), "{never}: {english}");
        }
        let scope = Scope {
            title: Said::english("Interior <b>"),
            page: Some("/sources/moi".to_owned()),
        };
        let chinese = page(Language::Chinese, Some(scope));
        assert!(
            chinese.contains("Interior &#60;b&#62;") && chinese.contains("品質"),
            "{chinese}"
        );
        assert_eq!(chinese.matches("<h1").count(), 1);
    }
}
