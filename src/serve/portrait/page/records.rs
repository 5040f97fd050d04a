//! What each source says of an entity, where that differs from what is published, and what happened to it here. Start at
//! [`accounts`].

use super::{Beside, teller::Teller};
use crate::{
    facts::{Facts, Value, last_part},
    log::date_time,
};
use harvestd_vocab::terms::{activity, dcat};
use harvestd_web::{
    Words,
    entity::{Account, Change, Difference},
    moment::Moment,
    said::Said,
    values::Link,
};
use oxigraph::model::{Triple, vocab::rdf};

/// Differences that are shown of one record: who wants all follows the link to it.
const DIFFERENCES_MAX: usize = 20;

/// A record of the entity.
#[derive(Debug, Clone)]
pub struct Held {
    pub record: String,
    /// The source's id.
    pub source: String,
    /// Its words, with or without corrections, are those that are published.
    pub speaks: bool,
    /// What the source calls the entity.
    pub entity: String,
    /// What the source says, where it stands apart: of a record that does not speak, or that was corrected.
    pub own: Option<Vec<Triple>>,
}

/// An activity of the log.
#[derive(Debug, Clone)]
pub struct Activity {
    pub seq: u64,
    /// IRI of its class.
    pub class: String,
    /// Microseconds since 1970.
    pub published_us: i64,
}

/// Nothing, where one source alone says something and it is published as it is: the page is its account.
pub fn accounts(teller: &Teller<'_>, beside: &Beside<'_>) -> Vec<Account> {
    match beside.records {
        [only] if only.own.is_none() => Vec::new(),
        records => records.iter().map(|held| account(teller, held)).collect(),
    }
}

fn account(teller: &Teller<'_>, held: &Held) -> Account {
    let words = &teller.words;
    let catalog = format!("{}catalog/{}", teller.site.base, held.source);
    let own = Facts::of_triples(held.own.as_deref().unwrap_or_default());
    let standing = match (held.speaks, &held.own) {
        (true, Some(_)) => "dataset-corrected",
        (true, None) => "dataset-speaks",
        (false, _) => "dataset-silent",
    };
    let mut source = teller.link(&Value::Iri(&catalog));
    if source.said.text == catalog {
        source.said = Said::of(&held.source);
    }
    // What the record itself says, not what is published of it.
    let path = held.record.strip_prefix(&teller.site.base);
    let address = match (path, &held.own) {
        (Some(_), Some(_)) => Some(format!(
            "{}/graph-store?graph={}",
            teller.site.prefix,
            harvestd_web::frame::encoded(&held.record)
        )),
        (Some(path), None) => Some(format!("{}/{path}", teller.site.prefix)),
        (None, _) => None,
    };
    Account {
        source,
        record: Link {
            said: Said::ours(words.say("dataset-record"), words.0),
            href: address,
        },
        standing: words.say(standing).to_owned(),
        differs: differences(teller, held, &own),
    }
}

/// Where it says something that is not published. What is named under the record is named otherwise by each, and passed over.
fn differences(teller: &Teller<'_>, held: &Held, own: &Facts<'_>) -> Vec<Difference> {
    let mut differences: Vec<Difference> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let comparable = |value: &&Value<'_>| match value {
        Value::Iri(iri) => !iri.contains('#') || !iri.starts_with(&teller.site.base),
        Value::Literal(_) => true,
    };
    for statement in own.all(&held.entity) {
        let property = statement.property;
        if seen.contains(&property)
            || property == rdf::TYPE.as_str()
            || property == dcat::HAS_DISTRIBUTION.as_str()
        {
            continue;
        }
        seen.push(property);
        let said = |facts: &Facts<'_>, node: &str| -> Vec<Link> {
            let all = facts.all(node).iter();
            let values = all.filter(|s| s.property == property).map(|s| &s.value);
            let mut links: Vec<Link> = values
                .filter(comparable)
                .map(|value| teller.link(value))
                .collect();
            links.sort_by(|a, b| (&a.said.text, &a.said.lang).cmp(&(&b.said.text, &b.said.lang)));
            links
        };
        let theirs = said(own, &held.entity);
        let here = said(&teller.said.facts, &teller.said.entity);
        if !theirs.is_empty() && theirs != here && differences.len() < DIFFERENCES_MAX {
            differences.push(Difference {
                words: teller.property(property),
                here,
                theirs,
            });
        }
    }
    differences
}

/// What happened to it here, the newest first.
pub fn changes(beside: &Beside<'_>, words: &Words) -> Vec<Change> {
    let prefix = &beside.site.prefix;
    let generation = beside.site.generation;
    let changes = beside.activities.iter().map(|told| {
        let key = match last_part(&told.class) {
            name if name == last_part(activity::CREATE.as_str()) => "change-create",
            name if name == last_part(activity::DELETE.as_str()) => "change-delete",
            _ => "change-update",
        };
        Change {
            words: words.say(key).to_owned(),
            when: Moment::of_us(told.published_us)
                .unwrap_or_else(|| Moment::of_text(&date_time(told.published_us))),
            number: format!("{generation}-{}", told.seq),
            href: format!("{prefix}/activity/{generation}/{}", told.seq),
        }
    });
    changes.collect()
}
