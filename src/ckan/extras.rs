//! What CKAN has no field for, as its extras: keys as ckanext-dcat has them, where it has them, so that a harvester of CKAN
//! takes them back to DCAT. Each key once, each value a text that is not empty; lists as JSON. Pure.
//!
//! `record` is the record's IRI, `entry` its address at the source, `harvest_chain` all records that it went through, ours first:
//! by it a harvester, another harvestd too, knows what came from itself.

use super::{Package, Source};
use crate::facts::CHINESE_FIRST;
use harvestd_vocab::terms::{
    adms, dcat, dct, foaf, geosparql, harvestd, locn, prov, rdfs, skos, vcard,
};
use oxrdf::NamedNodeRef;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Properties of the dataset that are one text or one address.
const ONE: [(&str, NamedNodeRef<'static>); 8] = [
    ("identifier", dct::IDENTIFIER),
    ("issued", dct::ISSUED),
    ("modified", dct::MODIFIED),
    ("frequency", dct::ACCRUAL_PERIODICITY),
    ("access_rights", dct::ACCESS_RIGHTS),
    ("temporal_resolution", dcat::TEMPORAL_RESOLUTION),
    ("stated_frequency", harvestd::STATED_FREQUENCY),
    ("version_notes", adms::VERSION_NOTES),
];

/// Properties that may have several.
const MANY: [(&str, NamedNodeRef<'static>); 6] = [
    ("theme", dcat::THEME),
    ("language", dct::LANGUAGE),
    ("conforms_to", dct::CONFORMS_TO),
    ("in_series", dcat::IN_SERIES),
    ("documentation", foaf::PAGE),
    ("is_version_of", dct::IS_VERSION_OF),
];

/// `{"key": …, "value": …}`.
#[derive(Serialize)]
pub(super) struct Extra {
    key: &'static str,
    value: String,
}

/// The extras of a package, sorted by key.
pub(super) fn of(source: &Source<'_>, package: &Package) -> Vec<Extra> {
    let (facts, node) = (source.facts, source.entity);
    let mut extras: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut say = |key, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            extras.insert(key, value);
        }
    };
    say("uri", Some(node.to_owned()));
    for (key, property) in ONE {
        say(
            key,
            facts.word(node, property, CHINESE_FIRST).map(str::to_owned),
        );
    }
    for (key, property) in MANY {
        say(
            key,
            list(
                facts
                    .iris(node, property)
                    .map(|iri| word(source, iri))
                    .collect(),
            ),
        );
    }
    for (key, property) in [("title_en", dct::TITLE), ("notes_en", dct::DESCRIPTION)] {
        let english = facts.text_in(node, property, "en").map(str::to_owned);
        say(key, english.filter(|text| *text != package.title));
    }
    let cut = package
        .words
        .tags
        .iter()
        .any(|word| !package.tags.contains(word));
    let keywords = facts
        .texts(node, dcat::KEYWORD)
        .map(|text| text.value().to_owned());
    say("keywords", list(keywords.collect()).filter(|_| cut));
    say("access", package.access.map(str::to_owned));
    if let Some(owner) = &package.organization {
        say("publisher_name", Some(owner.title.clone()));
        say("publisher_uri", package.publisher.clone());
    }
    let contact = facts.iri(node, dcat::CONTACT_POINT).unwrap_or_default();
    say(
        "contact_name",
        facts
            .text(contact, vcard::FN, CHINESE_FIRST)
            .map(str::to_owned),
    );
    say(
        "contact_email",
        super::resources::mail(facts, contact, vcard::HAS_EMAIL),
    );
    place_and_time(source, &mut say);
    if let Some(record) = source.record() {
        say("record", Some(record.to_owned()));
        let entry = [prov::WAS_DERIVED_FROM, dct::SOURCE];
        let way = facts.iris(record, dct::SOURCE).map(str::to_owned);
        let chain = std::iter::once(record.to_owned()).chain(way);
        say("harvest_chain", list(chain.collect()));
        say(
            "entry",
            entry
                .iter()
                .find_map(|p| facts.iri(record, *p))
                .map(str::to_owned),
        );
        let date = |p| {
            facts
                .texts(record, p)
                .next()
                .map(|text| text.value().to_owned())
        };
        say("entry_modified", date(dct::MODIFIED));
    }
    say("source", Some(package.sources.join(" ")));
    let pairs = extras.into_iter();
    pairs.map(|(key, value)| Extra { key, value }).collect()
}

fn place_and_time(source: &Source<'_>, say: &mut impl FnMut(&'static str, Option<String>)) {
    let (facts, node) = (source.facts, source.entity);
    if let Some(place) = facts.iri(node, dct::SPATIAL) {
        if facts.knows(place) {
            say(
                "spatial_text",
                facts
                    .text(place, skos::PREF_LABEL, CHINESE_FIRST)
                    .map(str::to_owned),
            );
        } else {
            say("spatial_uri", Some(place.to_owned()));
        }
        let mut shapes = [dcat::BBOX, locn::GEOMETRY]
            .into_iter()
            .flat_map(|p| facts.texts(place, p));
        let shape = shapes.find(|text| text.is_typed(geosparql::GEO_JSON_LITERAL));
        say("spatial", shape.map(|text| text.value().to_owned()));
    }
    if let Some(period) = facts.iri(node, dct::TEMPORAL) {
        for (key, property) in [
            ("temporal_start", dcat::START_DATE),
            ("temporal_end", dcat::END_DATE),
        ] {
            let date = facts.texts(period, property).next();
            say(key, date.map(|text| text.value().to_owned()));
        }
    }
}

/// A node that the description describes goes by its label, any other by its IRI.
fn word(source: &Source<'_>, iri: &str) -> String {
    let label = |property| source.facts.text(iri, property, CHINESE_FIRST);
    let label = label(rdfs::LABEL).or_else(|| label(skos::PREF_LABEL));
    label.unwrap_or(iri).to_owned()
}

fn list(words: Vec<String>) -> Option<String> {
    (!words.is_empty()).then(|| Value::from(words).to_string())
}
