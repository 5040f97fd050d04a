//! The figures of `/quality` as tables. Start at [`csv`].

use super::detail::Detail;
use super::figures::{Figures, Overview, Row, Standing};
use crate::serve::problem::Problem;
use serde::Serialize;

/// Rows as comma-separated values (RFC 4180).
pub fn csv(rows: &[Vec<String>]) -> Result<Vec<u8>, Problem> {
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let written = rows.iter().try_for_each(|row| out.write_record(row));
    written
        .map_err(|error| error.to_string())
        .and_then(|()| out.into_inner().map_err(|error| error.to_string()))
        .map_err(|error| {
            tracing::error!(error, "a table could not be written");
            Problem::internal()
        })
}

fn heading(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A word as JSON has it.
fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The whole, then each source, then each publisher.
pub fn overview(of: &Overview) -> Vec<Vec<String>> {
    let mut rows = vec![heading(&[
        "scope",
        "id",
        "title",
        "datasets",
        "mqa",
        "rating",
        "excellent",
        "good",
        "sufficient",
        "bad",
        "fair",
        "ai-ready",
        "validated",
        "conforming",
        "on-time",
        "late",
    ])];
    rows.push(row("all", "", "", &of.standing.figures));
    let named = |scope: &'static str| {
        move |of: &Row| {
            let title = of.name.title.as_deref().unwrap_or_default();
            row(scope, &of.name.id, title, &of.figures)
        }
    };
    rows.extend(of.sources.iter().map(named("source")));
    rows.extend(of.publishers.iter().map(named("publisher")));
    rows
}

fn row(scope: &str, id: &str, title: &str, of: &Figures) -> Vec<String> {
    let ratings = of.ratings;
    let validated = of.conformance.map(|found| (found.validated, found.dcat_ap));
    let or_none = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());
    vec![
        scope.to_owned(),
        id.to_owned(),
        title.to_owned(),
        of.datasets.to_string(),
        of.mqa.to_string(),
        word(of.rating),
        ratings.excellent.to_string(),
        ratings.good.to_string(),
        ratings.sufficient.to_string(),
        ratings.bad.to_string(),
        of.fair.to_string(),
        of.ai_ready.to_string(),
        or_none(validated.map(|(all, _)| all)),
        or_none(validated.map(|(_, conforming)| conforming)),
        of.timeliness.on_time.to_string(),
        of.timeliness.late.to_string(),
    ]
}

/// A row for each indicator.
pub fn shares(of: &Standing) -> Vec<Vec<String>> {
    let mut rows = vec![heading(&[
        "indicator",
        "scheme",
        "dimension",
        "points",
        "name",
        "name-zh-hant",
        "met",
        "unchecked",
        "share",
    ])];
    rows.extend(of.indicators.iter().map(|share| {
        let asks = &share.indicator;
        vec![
            asks.id.to_owned(),
            word(asks.scheme),
            asks.dimension.to_owned(),
            asks.points.to_string(),
            asks.name.en.clone(),
            asks.name.zh.clone(),
            share.met.to_string(),
            share.unchecked.to_string(),
            share.share.to_string(),
        ]
    }));
    rows
}

/// A row for each indicator of one dataset.
pub fn detail(of: &Detail) -> Vec<Vec<String>> {
    let mut rows = vec![heading(&[
        "indicator",
        "scheme",
        "dimension",
        "points",
        "gets",
        "met",
        "name",
        "name-zh-hant",
        "found",
        "found-zh-hant",
    ])];
    rows.extend(of.indicators.iter().map(|judged| {
        let asks = &judged.indicator;
        vec![
            asks.id.to_owned(),
            word(asks.scheme),
            asks.dimension.to_owned(),
            asks.points.to_string(),
            judged.gets.to_string(),
            word(judged.met),
            asks.name.en.clone(),
            asks.name.zh.clone(),
            judged.found.en.clone(),
            judged.found.zh.clone(),
        ]
    }));
    rows
}
