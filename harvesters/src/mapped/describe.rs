//! A record in RDF, as the mapping of its source says. Start reading at [`describe`].

use super::{
    lists::Rows,
    plan::{Distributions, Lists, Plan},
    terms::{Kind, Place, Term},
    value::From,
};
use crate::saying::Saying;
use harvestd_vocab::{
    Class, Description,
    terms::{dcat, dct, foaf},
};
use oxrdf::{Literal, NamedNode, NamedOrBlankNode};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn describe(plan: &Plan, key: &str, record: &Value) -> Description {
    let iri = plan.iri.as_ref().and_then(|template| {
        let text = template.fill(|path| {
            let found = path.find(record, record);
            let text = found.into_iter().find_map(super::value::text_of)?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        });
        text.and_then(|iri| NamedNode::new(iri).ok())
    });
    let mut out = Saying::of(Class::Dataset, iri, dcat::DATASET);
    let dataset = out.node();
    let mut places: BTreeMap<Place, NamedOrBlankNode> = BTreeMap::new();
    let mut identified = false;
    for (place, term, from) in &plan.fields {
        for text in from.texts(record, record) {
            let node = node_of(&mut out, &mut places, *place);
            identified |= *place == Place::Dataset && term.predicate == dct::IDENTIFIER;
            say(&mut out, &node, term, from, &text);
        }
    }
    if !identified {
        out.text(&dataset, dct::IDENTIFIER, key);
    }
    if let Some(distributions) = &plan.distributions {
        say_distributions(&mut out, &dataset, distributions, record);
    }
    out.done()
}

/// The node of a place: made when something is said of it, never before.
fn node_of(
    out: &mut Saying,
    places: &mut BTreeMap<Place, NamedOrBlankNode>,
    place: Place,
) -> NamedOrBlankNode {
    if let Some(node) = places.get(&place) {
        return node.clone();
    }
    let dataset = out.node();
    let node = match place.leads() {
        Some((predicate, class)) => out.part(&dataset, predicate, class),
        None if place == Place::Record => {
            let record = out.blank(dcat::CATALOG_RECORD);
            out.say(&record, foaf::PRIMARY_TOPIC, dataset);
            record
        }
        None => dataset,
    };
    places.insert(place, node.clone());
    node
}

fn say(out: &mut Saying, node: &NamedOrBlankNode, term: &Term, from: &From, text: &str) {
    match term.kind {
        Kind::Thing => return out.address(node, term.predicate, text),
        Kind::Date => {
            if let Some(date) = from.dated(text) {
                return out.say(node, term.predicate, date);
            }
        }
        Kind::Text => {}
    }
    let tagged = from
        .language
        .as_ref()
        .filter(|_| term.kind == Kind::Text)
        .and_then(|tag| Literal::new_language_tagged_literal(text, tag).ok());
    match tagged {
        Some(literal) => out.say(node, term.predicate, literal),
        None => out.text(node, term.predicate, text),
    }
}

fn say_distributions(
    out: &mut Saying,
    dataset: &NamedOrBlankNode,
    distributions: &Distributions,
    record: &Value,
) {
    let items = match &distributions.lists {
        Lists::Zip { separator, lead } => {
            return say_rows(out, dataset, distributions, separator, *lead, record);
        }
        Lists::One => vec![record],
        Lists::Each(path) => path
            .find(record, record)
            .into_iter()
            .flat_map(|found| match found {
                Value::Array(items) => items.iter().collect(),
                Value::Null => Vec::new(),
                single => vec![single],
            })
            .collect(),
    };
    for item in items {
        let said: Vec<_> = distributions
            .fields
            .iter()
            .map(|(term, from)| (term, from, from.texts(item, record)))
            .filter(|(.., texts)| !texts.is_empty())
            .collect();
        // Constants alone are no distribution.
        if said.iter().all(|(_, from, _)| from.paths().is_empty()) {
            continue;
        }
        let node = out.part(dataset, dcat::HAS_DISTRIBUTION, dcat::DISTRIBUTION);
        for (term, from, texts) in said {
            for text in texts {
                say(out, &node, term, from, &text);
            }
        }
    }
}

fn say_rows(
    out: &mut Saying,
    dataset: &NamedOrBlankNode,
    distributions: &Distributions,
    separator: &str,
    lead: usize,
    record: &Value,
) {
    let from_of = |term: &Term| {
        let field = distributions.fields.iter().find(|(t, _)| *t == term);
        field.map(|(_, from)| from)
    };
    let Rows { rows, unequal } = Rows::of(&distributions.fields, separator, lead, record);
    for row in rows {
        let node = out.part(dataset, dcat::HAS_DISTRIBUTION, dcat::DISTRIBUTION);
        for (term, text) in row {
            if let Some(from) = from_of(term) {
                say(out, &node, term, from, &text);
            }
        }
    }
    // All of it is said of the dataset, as it was written.
    for (term, items) in unequal {
        out.text(dataset, term.predicate, items.join(separator));
    }
}
