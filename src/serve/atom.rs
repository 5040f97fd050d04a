//! The newest changes of datasets as Atom: `/atom.xml`, whole or by `source` and `publisher`.
//!
//! Pages go by the number of an activity, so that none is missed while new ones come. Start at [`give`].

use super::{
    House,
    openapi::{Routes, table},
    problem::Problem,
    respond,
};
use crate::{
    atom::{self, About, Item, MEDIA_TYPE},
    chronicle::Entry,
    facts::Told,
    oai::is_deleted,
};
use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
    routing::get,
};
use std::collections::BTreeMap;

pub fn routes() -> Routes {
    Routes::new().route(table::atom(), get(give))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    source: Option<String>,
    /// IRI.
    publisher: Option<String>,
    /// Only what comes before this activity.
    before: Option<u64>,
}

impl Asked {
    fn of(query: &str) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let wrong = || {
                let text = format!(
                    "?{name}={value} is not known here: source (its id), publisher (its IRI), before (the number of an activity)."
                );
                Problem::bad_request("query", text)
            };
            match &*name {
                "source" => asked.source = Some(value.into_owned()),
                "publisher" => asked.publisher = Some(value.into_owned()),
                "before" => asked.before = Some(value.parse().map_err(|_| wrong())?),
                _ => return Err(wrong()),
            }
        }
        Ok(asked)
    }

    fn fits(&self, entry: &Entry) -> bool {
        let of_source = self
            .source
            .as_deref()
            .is_none_or(|source| entry.sources.contains(source) || entry.left.contains(source));
        let publisher = self.publisher.as_deref();
        let of_publisher = |publisher| {
            entry.publisher.as_deref() == Some(publisher) || entry.once_of.contains(publisher)
        };
        of_source && publisher.is_none_or(of_publisher)
    }

    /// It is gone, or no more what was asked for.
    fn has_lost(&self, entry: &Entry) -> bool {
        let publisher = self.publisher.as_deref();
        is_deleted(entry, self.source.as_deref())
            || publisher.is_some_and(|publisher| entry.publisher.as_deref() != Some(publisher))
    }

    fn address(&self, base: &str, before: Option<u64>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("source", &self.source), ("publisher", &self.publisher)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        match query.finish() {
            query if query.is_empty() => format!("{base}atom.xml"),
            query => format!("{base}atom.xml?{query}"),
        }
    }
}

async fn give(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::of(query.as_deref().unwrap_or_default())?;
    let (snapshot, chronicle) = house.chronicle().await?;
    if let Some(source) = &asked.source
        && house.desk.source(source).is_none()
        && !chronicle.sources().contains(source.as_str())
    {
        return Err(Problem::not_found(format!(
            "There is no source {source:?}."
        )));
    }
    let most = house.config.limits.lists.atom_entries_max;
    let fitting = |before: u64| {
        let changes = chronicle.by_change(..before).rev();
        changes.filter(|entry| asked.fits(entry))
    };
    let newest = fitting(u64::MAX).next();
    let mut page: Vec<&Entry> = fitting(asked.before.unwrap_or(u64::MAX))
        .take(most + 1)
        .collect();
    let more = page.len() > most;
    page.truncate(most);
    let live = page.iter().filter(|entry| !asked.has_lost(entry));
    let live: Vec<String> = live.map(|entry| entry.iri.to_string()).collect();
    let described = house.descriptions(&snapshot, live).await?;
    let told: BTreeMap<&str, Told<'_>> = described
        .iter()
        .map(|(iri, said)| (iri.as_str(), Told::of(iri, &said.body, &said.named)))
        .collect();
    let base = house.base();
    let last = page.last().filter(|_| more).map(|entry| entry.seq);
    let title = &house.config.title;
    let title = title.get("en").or_else(|| title.values().next());
    let next = last.map(|seq| asked.address(base, Some(seq)));
    let about = About {
        title: title.map_or("harvestd", String::as_str),
        first: &asked.address(base, None),
        own: &asked.address(base, asked.before),
        next: next.as_deref(),
        base,
        updated_us: newest.map_or(snapshot.published_us, |entry| entry.changed_us),
    };
    let items = page.iter().map(|entry| match told.get(&*entry.iri) {
        Some(told) => Item::Changed(entry, told),
        None => Item::Gone(entry),
    });
    let text = atom::feed(&about, items);
    respond::by_content(&headers, MEDIA_TYPE, text.into_bytes())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_address_says_again_what_was_asked() {
        let asked = Asked::of("source=a&publisher=https://a.example/%3Fx&before=7").unwrap();
        assert_eq!(
            asked.address("https://hub.example/", Some(7)),
            "https://hub.example/atom.xml?source=a&publisher=https%3A%2F%2Fa.example%2F%3Fx&before=7"
        );
        assert!(Asked::of("sources=a").is_err() && Asked::of("before=x").is_err());
    }
}
