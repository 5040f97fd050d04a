//! `/` for people. Start at [`home`].

use super::{
    asked::narrowed,
    labels,
    listed::{Listed, Shelf},
    searching,
};
use crate::{
    interchange::time::taiwan,
    search::{By, Counted, Label, Labels, Question, Sort, View},
    serve::{House, desk::SourceStatus, pages, problem::Problem},
};
use axum::{
    http::{HeaderMap, Uri},
    response::Response,
};
use chrono::{DateTime, SecondsFormat, Utc};
use harvestd_vocab::{
    concepts::{HIGH_VALUE_THEMES, SERVICE_CATEGORIES},
    terms::authority,
};
use harvestd_web::{
    Frame, Words,
    home::{self as web, Figure},
    values::{Brief, Choice},
};

const NEWEST: usize = 10;
const THEMES_MAX: usize = 30;
const FORMATS_MAX: usize = 12;
const FACETS: [&str; 4] = ["organization", "groups", "high_value", "res_format"];

pub async fn home(house: &House, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let view = pages::view(house)?;
    let mut frame = pages::frame(house, uri, headers, |_| String::new());
    frame.title.clone_from(&frame.site);
    let (asking, now) = (house.clone(), Utc::now());
    let page = tokio::task::spawn_blocking(move || shown(&asking, &view, frame, now)).await;
    let page = page.map_err(|_| Problem::internal())??;
    pages::answer(&page, uri, headers)
}

fn shown(
    house: &House,
    view: &View,
    frame: Frame,
    now: DateTime<Utc>,
) -> Result<web::Home, Problem> {
    let clauses_max = house.config.limits.search.clauses_max;
    let question = Question {
        sorts: vec![Sort {
            by: By::Created,
            descending: true,
        }],
        rows: NEWEST,
        facets: FACETS.to_vec(),
        clauses_max,
        ..Question::default()
    };
    let found = view.search(&question, now).map_err(searching)?;
    let since = |filter: String| {
        let question = Question {
            filters: vec![filter],
            sorts: question.sorts.clone(),
            clauses_max,
            ..Question::default()
        };
        let found = view.search(&question, now).map_err(searching);
        found.map(|found| found.count)
    };
    let today = since(format!("metadata_modified:[\"{}\" TO *]", midnight(now)))?;
    let week = since("metadata_modified:[NOW-7DAYS TO *]".to_owned())?;
    let labels = view.labels().map_err(searching)?;
    let shelf = Shelf {
        house,
        frame: &frame,
        labels: &labels,
    };
    let newest = found.page.iter();
    let newest =
        newest.map(|package| Ok::<_, Problem>(Listed::read(view, *package)?.brief(&shelf)));
    let newest: Vec<Brief> = newest.collect::<Result<_, Problem>>()?;
    let [publishers, groups, high_value, formats] = found.facets.as_slice() else {
        return Err(Problem::internal());
    };
    let choices = |facet, counted: &Counted, most| choices(&frame, &labels, facet, counted, most);
    let publishers = publishers.top(1, None).len() as u64;
    let sources = house.desk.sources();
    let (line, class) = standing(&sources, &frame.words);
    let figures = [
        (found.count, "home-datasets", "/search"),
        (publishers, "home-publishers", "/publishers"),
        (sources.len() as u64, "home-sources", "/sources"),
        (today, "home-today", "/changes"),
        (week, "home-week", "/search?changed=week"),
    ];
    let figures = figures.map(|(number, key, path)| Figure {
        words: frame.words.beside(key, &number.to_string()).to_owned(),
        number: frame.words.number(number),
        href: frame.to(path),
    });
    let groups = choices("groups", groups, THEMES_MAX);
    let themes = |of: &[Scheme]| {
        let these = groups
            .iter()
            .filter(|(label, _)| of.contains(&Scheme::of(label.as_ref())));
        these
            .map(|(_, choice)| choice.clone())
            .collect::<Vec<Choice>>()
    };
    let plain = |choices: Vec<(Option<Label>, Choice)>| choices.into_iter().map(|(_, one)| one);
    let mut valued = themes(&[Scheme::HighValue]);
    valued.extend(plain(choices("high_value", high_value, THEMES_MAX)));
    Ok(web::Home {
        figures: figures.to_vec(),
        newest,
        themes: themes(&[Scheme::Eu, Scheme::Own]),
        services: themes(&[Scheme::Service]),
        high_value: valued,
        formats: plain(choices("res_format", formats, FORMATS_MAX)).collect(),
        sources: line,
        sources_class: class,
        frame,
    })
}

/// Whose theme a theme is: each has a list of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Eu,
    HighValue,
    Service,
    /// A catalogue's own.
    Own,
}

impl Scheme {
    fn of(label: Option<&Label>) -> Self {
        let iri = label.map_or("", |label| label.iri.as_str());
        let known = [
            (authority::DATA_THEME, Self::Eu),
            (HIGH_VALUE_THEMES, Self::HighValue),
            (SERVICE_CATEGORIES, Self::Service),
        ];
        let mut known = known.into_iter().filter(|(base, _)| iri.starts_with(base));
        known.next().map_or(Self::Own, |(_, scheme)| scheme)
    }
}

/// The values of a facet with the most datasets, each with what the index knows of it.
fn choices(
    frame: &Frame,
    labels: &Labels,
    facet: &'static str,
    counted: &Counted,
    most: usize,
) -> Vec<(Option<Label>, Choice)> {
    let top = counted.top(1, Some(most)).into_iter();
    let choices = top.map(|(name, count)| {
        let choice = Choice {
            said: labels::label(facet, name, labels, &frame.words),
            count: u64::from(count),
            href: frame.to(&narrowed(facet, name).address()),
        };
        (labels.get(&(facet, name.to_owned())).cloned(), choice)
    });
    choices.collect()
}

/// How the sources stand, in one line, and the class of its ground.
fn standing(sources: &[SourceStatus], words: &Words) -> (String, &'static str) {
    let enabled = sources.iter().filter(|source| source.enabled);
    let ill = enabled.clone().filter(|source| source.is_ill()).count() as u64;
    let all = enabled.count() as u64;
    let (key, class) = match ill {
        0 => ("home-sources-well", "good"),
        _ => ("home-sources-ill", "fair"),
    };
    (
        words.fill(key, &[words.number(all), words.number(ill)]),
        class,
    )
}

/// When the day began in Taiwan, as queries have it.
fn midnight(now: DateTime<Utc>) -> String {
    let begun = taiwan().and_then(|zone| {
        let day = now.with_timezone(&zone).date_naive().and_hms_opt(0, 0, 0)?;
        day.and_local_timezone(zone).single()
    });
    let begun = begun.map_or(now, |begun| begun.with_timezone(&Utc));
    begun.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_in_taiwan() {
        for (now, expected) in [
            ("2026-11-21T15:59:59Z", "2026-11-20T16:00:00Z"),
            ("2026-11-21T16:00:00Z", "2026-11-21T16:00:00Z"),
        ] {
            assert_eq!(midnight(now.parse().unwrap()), expected);
        }
    }
}
