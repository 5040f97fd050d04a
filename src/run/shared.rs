//! What all sources share (`harvestd_vocab::shared`), harvested like a source that is asked nothing.
//!
//! Its records are at hand when its run begins; from there on they go the way of all records. It reads no network and
//! writes nothing itself. What sources add to them comes by `learn.rs`. Start at [`source`].

use super::{Rooms, RunError, catalog};
use crate::config::{CatchUp, Config, Details, Follow, Source, SourceNetwork};
use crate::state::{digest, id_digest, part_name};
use harvestd_harvesters::{
    Answer, Bookmark, Completeness, Harvester, Page, PartName, ReadError, Record, RecordId,
    Request, Stop,
};
use harvestd_vocab::{Agencies, Class, Description, Refusal, shared};
use oxrdf::NamedOrBlankNode;
use std::{collections::BTreeMap, fmt::Write, ops::ControlFlow};

/// The kind of such a source. No configured source can have it.
pub const KIND: &str = "shared";
/// Part of each of its records: the statements themselves.
const PART: PartName = "statements";

/// The vocabulary `id` as a source. It has no schedule: the daemon runs it when it opens, where [`is_current`] says no.
pub fn source(config: &Config, id: &str) -> Source {
    let mut url = config.public_url.clone();
    url.set_path(&format!("{}catalog/{id}", config.public_url.path()));
    Source {
        id: id.to_owned(),
        kind: KIND.to_owned(),
        url,
        title: shared::TITLE
            .map(|(language, title)| (language.to_owned(), title.to_owned()))
            .into(),
        description: BTreeMap::new(),
        publisher: BTreeMap::new(),
        homepage: None,
        enabled: true,
        schedule: None,
        catch_up: CatchUp::Skip,
        quiet: None,
        full_every_ms: 0,
        priority: 0,
        owns: owns(config, id),
        portal: false,
        // Every name of ours says its language; of what sources name, some say none.
        language: None,
        offset_minutes: None,
        network: SourceNetwork {
            headers: Vec::new(),
            basic_auth: None,
            extra_ca: None,
            allow_ranges: Vec::new(),
            allow_hosts: Vec::new(),
            requests_per_second: 1.0,
            concurrency: 1,
            obeys_robots: false,
            limits: config.limits.network.clone(),
        },
        details: Details::default(),
        follow: Follow::default(),
        require_version: false,
        options: serde_json::Value::Null,
        at: format!("shared = [{id:?}]"),
    }
}

/// Agents and the catalogue of a vocabulary are its own: what a source says of an agency that we have is kept aside.
pub fn owns(config: &Config, id: &str) -> Vec<String> {
    vec![
        format!("{}agent/{id}/", config.public_url),
        format!("{}catalog/{id}", config.public_url),
    ]
}

/// Whether everything was committed under the tables and settings of today: then a run would change nothing.
pub fn is_current(rooms: &Rooms, config: &Config, source: &Source) -> Result<bool, RunError> {
    if rooms.state.interrupted(&source.id)? {
        return Ok(false);
    }
    let had = rooms.state.had(&source.id, &config.epoch(source))?;
    let vocabulary = vocabulary(rooms, config)?;
    let held = |(id, raw): &(&RecordId, String)| {
        let known = had.records.get(&id_digest(id));
        let part = (part_name(PART), digest(raw.as_bytes()));
        known.is_some_and(|known| known.parts.contains(&part))
    };
    Ok(had.records.len() == vocabulary.records.len() && vocabulary.raw().all(|raw| held(&raw)))
}

/// The vocabulary as it is to be held now: it gives up nothing that it has learned. Waits for the writer.
pub(super) fn vocabulary(rooms: &Rooms, config: &Config) -> Result<Vocabulary, RunError> {
    let writer = rooms.writer()?;
    Ok(Vocabulary::new(
        config.public_url.as_str(),
        &writer.agencies,
    ))
}

/// The connector.
pub struct Vocabulary {
    records: BTreeMap<RecordId, Description>,
}

impl Vocabulary {
    pub fn new(base: &str, learned: &Agencies) -> Self {
        let records = shared::records(base, learned).into_iter();
        let records = records.map(|r| (RecordId::new(r.class, r.key), r.description));
        Self {
            records: records.collect(),
        }
    }

    /// Every record, and that there are no more.
    pub fn say(&self, page: &mut dyn Page) -> ControlFlow<Stop> {
        for (id, raw) in self.raw() {
            page.part(id.clone(), PART, raw.as_bytes())?;
        }
        page.complete(Completeness::ClosedDocument)
    }

    fn raw(&self) -> impl Iterator<Item = (&RecordId, String)> {
        self.records.iter().map(|(id, description)| {
            let mut raw = String::new();
            for triple in &description.triples {
                let _ = writeln!(raw, "{triple} .");
            }
            (id, raw)
        })
    }
}

impl Harvester for Vocabulary {
    fn begin(&self, _: Option<&Bookmark>, _: i64) -> Vec<Request> {
        Vec::new()
    }

    fn read(&self, _: Answer<'_>, _: &mut dyn Page) -> Result<(), ReadError> {
        Ok(())
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        let mut said = self.records.get(&record.id).cloned().ok_or_else(|| {
            let expected = "a record of the shared vocabulary";
            Refusal::new("not-shared", "", &record.id.to_string(), expected)
        })?;
        if let (Class::Catalog, NamedOrBlankNode::NamedNode(node)) = (said.class, &said.node) {
            said.triples
                .extend(catalog::changed_on(node, &catalog::today()));
        }
        Ok(said)
    }
}
