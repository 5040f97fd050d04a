//! Pictures of numbers, drawn here as SVG: each has a title, a description and the table it is drawn from, and none tells
//! anything by colour alone: fills are hatched, lines have marks of their own. Values in, markup out.
//!
//! A template shows one with `{{ chart|safe }}`. Start at [`Columns`], [`Lines`], [`Bars`] and [`Spark`].

mod bars;
mod columns;
mod lines;
mod scale;
mod spark;

pub use bars::{Bar, Bars};
pub use columns::Columns;
pub use lines::Lines;
pub use spark::Spark;

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    One,
    Two,
    Three,
    Four,
    Good,
    Fair,
    Bad,
    Quiet,
}

impl Tone {
    /// The class of a fill, in the one style.
    pub fn class(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Two => "two",
            Self::Three => "three",
            Self::Four => "four",
            Self::Good => "fill-good",
            Self::Fair => "fill-fair",
            Self::Bad => "fill-bad",
            Self::Quiet => "fill-quiet",
        }
    }
}

/// One row of values, in the order of the labels; None: there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    pub tone: Tone,
    pub values: Vec<Option<f64>>,
}

impl Series {
    pub fn new(name: impl Into<String>, tone: Tone, values: impl IntoIterator<Item = f64>) -> Self {
        Self {
            name: name.into(),
            tone,
            values: values.into_iter().map(Some).collect(),
        }
    }

    fn at(&self, place: usize) -> Option<f64> {
        self.values.get(place).copied().flatten()
    }
}

/// What a picture is of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct About {
    /// Names the picture's parts on a page: letters, digits and `-`, another one for each picture.
    pub id: String,
    pub title: String,
    /// What is to be seen, in a sentence.
    pub text: String,
    /// What the labels are: the head of the table's first column.
    pub labels: String,
}

/// A row of the table behind a picture.
#[derive(Debug)]
struct Row {
    label: String,
    cells: Vec<String>,
}

fn rows(labels: &[String], series: &[Series]) -> Vec<Row> {
    let row = |(place, label): (usize, &String)| Row {
        label: label.clone(),
        cells: series
            .iter()
            .map(|one| one.at(place).map_or_else(|| "–".to_owned(), scale::shown))
            .collect(),
    };
    labels.iter().enumerate().map(row).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{Language, Template, Words};

    fn about() -> About {
        About {
            id: "c1".to_owned(),
            title: "Runs <script>".to_owned(),
            text: "What came".to_owned(),
            labels: "Day".to_owned(),
        }
    }

    fn labels() -> Vec<String> {
        ["11-01", "11-02 \"x\"", "11-03"].map(str::to_owned).into()
    }

    /// What every picture keeps to.
    fn check(markup: &str) {
        for wanted in ["<svg", "role=\"img\"", "<title", "Runs &#60;script&#62;"] {
            assert!(markup.contains(wanted), "{wanted}: {markup}");
        }
        for never in ["<script", "style=", "NaN", "inf"] {
            assert!(!markup.contains(never), "{never}: {markup}");
        }
    }

    #[test]
    fn columns_are_stacked_hatched_and_in_a_table() {
        let series = vec![
            Series::new("New", Tone::One, [3.0, 0.0, 5.0]),
            Series::new("Refused", Tone::Bad, [1.0, f64::NAN, 1234.5]),
        ];
        let chart = Columns::new(Words(Language::English), about(), labels(), series);
        let markup = chart.render().unwrap();
        check(&markup);
        assert!(markup.contains("<desc"), "{markup}");
        assert!(markup.contains("url(#c1-p1)"), "{markup}");
        assert!(
            markup.contains("<td class=\"number\">1,234.5</td>"),
            "{markup}"
        );
        // Nothing is drawn of nothing.
        assert_eq!(markup.matches("<rect class=\"bar").count(), 4, "{markup}");
        assert!(markup.contains("11-02 &#34;x&#34;"), "{markup}");
    }

    #[test]
    fn lines_have_marks_and_gaps() {
        let mut one = Series::new("Seconds", Tone::One, [3.0, 4.0, 5.0]);
        one.values[1] = None;
        let two = Series::new("Held", Tone::Two, [1.0, 1.0, 1.0]);
        let chart = Lines::new(Words(Language::Chinese), about(), labels(), vec![one, two]);
        let markup = chart.render().unwrap();
        check(&markup);
        // Two in the picture, two that say what they are.
        assert_eq!(markup.matches("<path class=\"line").count(), 4, "{markup}");
        // A gap begins the line anew.
        let path = markup.split("dash-0\" d=\"").nth(1).unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2, "{path}");
        assert_eq!(markup.matches("<circle").count(), 2, "{markup}");
        assert!(markup.contains("<td class=\"number\">–</td>"), "{markup}");
    }

    #[test]
    fn bars_are_a_table_whose_rows_are_drawn() {
        let bars = vec![
            Bar::new("CSV", 40.0).link("/search?format=csv"),
            Bar::new("<b>", 10.0),
        ];
        let chart = Bars::new(Words(Language::English), about(), bars);
        let markup = chart.render().unwrap();
        for wanted in [
            "<caption",
            "<a href=\"/search?format=csv\">CSV</a>",
            "&#60;b&#62;",
            "width=\"100.0\"",
            "width=\"25.0\"",
        ] {
            assert!(markup.contains(wanted), "{wanted}: {markup}");
        }
        assert!(!markup.contains("style="), "{markup}");
    }

    #[test]
    fn a_spark_says_its_values() {
        let spark = Spark::new("Datasets".to_owned(), vec![10.0, 12.0, 9.0]);
        let markup = spark.render().unwrap();
        assert!(
            markup.contains("aria-label=\"Datasets: 10, 12, 9\""),
            "{markup}"
        );
        assert!(
            Spark::new(String::new(), vec![1.0])
                .render()
                .unwrap()
                .trim()
                .is_empty()
        );
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let chart = Columns::new(Words(Language::English), about(), Vec::new(), Vec::new());
        let markup = chart.render().unwrap();
        assert!(
            !markup.contains("<svg") && markup.contains("nothing to draw"),
            "{markup}"
        );
    }
}
