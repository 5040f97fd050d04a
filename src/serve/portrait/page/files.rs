//! How the data of a dataset can be had: its distributions. Start at [`of`].

use super::teller::{TYPE, Teller, spoken};
use crate::facts::Value;
use harvestd_vocab::{
    files,
    tables::media_type_of,
    terms::{cnt, dcat, dct, harvestd},
};
use harvestd_web::{
    Words,
    entity::{Fact, File},
    said::Said,
    values::{Link, size},
};
use oxigraph::model::NamedNodeRef;
use std::collections::BTreeSet;

/// What is said of a file beside its button.
const SAID: [NamedNodeRef<'_>; 9] = [
    dct::DESCRIPTION,
    cnt::CHARACTER_ENCODING,
    harvestd::ROWS,
    dct::ISSUED,
    dct::MODIFIED,
    dct::LICENSE,
    dcat::COMPRESS_FORMAT,
    dcat::PACKAGE_FORMAT,
    dct::CONFORMS_TO,
];

/// What has a place of its own besides.
const SHOWN: [NamedNodeRef<'_>; 9] = [
    TYPE,
    dct::TITLE,
    dct::FORMAT,
    dcat::MEDIA_TYPE,
    dcat::BYTE_SIZE,
    dcat::ACCESS_URL,
    dcat::DOWNLOAD_URL,
    dcat::ACCESS_SERVICE,
    harvestd::FIELDS,
];

pub fn of(teller: &Teller<'_>, words: &Words) -> Vec<File> {
    let said = teller.said;
    let nodes = said.facts.iris(&said.entity, dcat::HAS_DISTRIBUTION);
    let mut files: Vec<File> = nodes
        .enumerate()
        .map(|(number, node)| file(teller, words, number + 1, node))
        .collect();
    if licence_is_the_datasets(teller) {
        let licence = teller.property(dct::LICENSE.as_str());
        for file in &mut files {
            file.facts.retain(|fact| fact.words != licence);
        }
    }
    // A source that lists the fields of the dataset means those of its file.
    if let [file] = files.as_mut_slice()
        && file.fields.is_empty()
    {
        let mut texts = said.facts.texts(&said.entity, dct::TABLE_OF_CONTENTS);
        file.fields = texts
            .next()
            .map(|text| listed(text.value()))
            .unwrap_or_default();
    }
    files
}

/// All files have one licence, and the dataset no other: it stands among the conditions.
fn licence_is_the_datasets(teller: &Teller<'_>) -> bool {
    let (facts, entity) = (&teller.said.facts, &teller.said.entity);
    let licences = |node: &str| facts.iris(node, dct::LICENSE).collect::<Vec<_>>();
    let mut all = facts.iris(entity, dcat::HAS_DISTRIBUTION).map(licences);
    let Some(first) = all.next() else {
        return false;
    };
    let own = licences(entity);
    all.all(|other| other == first) && (own.is_empty() || own == first)
}

fn file(teller: &Teller<'_>, words: &Words, number: usize, node: &str) -> File {
    let facts = &teller.said.facts;
    let title = facts.texts(node, dct::TITLE).next().map(spoken);
    let name = title.unwrap_or_else(|| {
        let number = number.to_string();
        Said::ours(words.fill("dataset-file", &[&number]), words.0)
    });
    let mut told = teller.facts(node, &SAID);
    let bytes = facts.texts(node, dcat::BYTE_SIZE).next();
    if let Some(bytes) = bytes.and_then(|text| text.value().parse().ok()) {
        told.insert(
            0,
            Fact {
                words: teller.property(dcat::BYTE_SIZE.as_str()),
                values: vec![teller.plain(&size(bytes))],
            },
        );
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    used.extend(SAID.iter().chain(&SHOWN).map(|property| property.as_str()));
    let mut texts = facts.texts(node, harvestd::FIELDS);
    let fields = texts.next().map(|text| listed(text.value()));
    if fields.as_ref().is_some_and(Vec::is_empty) {
        used.remove(harvestd::FIELDS.as_str());
    }
    File {
        name,
        formats: formats(teller, node),
        addresses: addresses(teller, words, node),
        facts: told,
        fields: fields.unwrap_or_default(),
        rest: teller.rows(node, &used, 1),
    }
}

fn listed(text: &str) -> Vec<(String, Option<String>)> {
    let fields = files::fields(text).into_iter();
    fields
        .map(|(name, means)| (name.to_owned(), means.map(str::to_owned)))
        .collect()
}

/// Its format, and its media type where that says something else.
fn formats(teller: &Teller<'_>, node: &str) -> Vec<String> {
    let facts = &teller.said.facts;
    let types: Vec<&str> = facts.iris(node, dct::FORMAT).collect();
    let known: Vec<&str> = types.iter().filter_map(|iri| media_type_of(iri)).collect();
    let values = [dct::FORMAT, dcat::MEDIA_TYPE]
        .into_iter()
        .flat_map(|property| facts.values(node, property));
    let mut formats: Vec<String> = Vec::new();
    for value in values {
        let text = teller.link(value).said.text;
        if !known.contains(&text.as_str()) && !formats.contains(&text) {
            formats.push(text);
        }
    }
    formats
}

/// Where it is: the file itself first, then where else it can be had, then the services that give it.
fn addresses(teller: &Teller<'_>, words: &Words, node: &str) -> Vec<Link> {
    let facts = &teller.said.facts;
    let mut addresses: Vec<(&str, Link)> = Vec::new();
    for (property, key) in [
        (dcat::DOWNLOAD_URL, "dataset-download"),
        (dcat::ACCESS_URL, "dataset-open"),
        (dcat::ACCESS_SERVICE, "dataset-service"),
    ] {
        for value in facts.values(node, property) {
            let address = match value {
                Value::Iri(iri) => *iri,
                Value::Literal(text) => text.value(),
            };
            if addresses.iter().any(|(seen, _)| *seen == address) {
                continue;
            }
            let mut link = teller.link(value);
            // Where nothing can be followed, the address itself is what is to be seen.
            if link.href.is_some() {
                link.said = Said::ours(words.say(key), words.0);
            }
            addresses.push((address, link));
        }
    }
    addresses.into_iter().map(|(_, link)| link).collect()
}
