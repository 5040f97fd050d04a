//! What a person decides of two records: kept in the store, and what is published follows at once.
//!
//! Holds the writer for as long as a small run does. Start at [`decide`].

use super::{
    Rooms, RunError, Writer, now_ms,
    unify::{self, Changed, unify},
};
use crate::config::meant;
use crate::identity::{Decision, Features, Verdict};
use harvestd_vocab::{Class, iris::parse_record_iri};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is wanted of two records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// None: what was decided of them is taken back.
    pub verdict: Option<Verdict>,
    /// Records, or datasets, as their sources or as we name them.
    pub a: String,
    pub b: String,
    pub who: String,
    pub why: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The decision that holds, or that was taken back.
    pub decision: Decision,
    pub taken_back: bool,
    /// The IRIs under which the two are published now: the same, where they are one dataset.
    pub published: [String; 2],
    pub activities: Option<(u64, u64)>,
}

impl Decided {
    pub fn is_one(&self) -> bool {
        self.published[0] == self.published[1]
    }
}

/// It was not done.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("no dataset is held under {iri}{meant}")]
    NotHeld { iri: String, meant: String },
    #[error(
        "{0} and {1} are records of one source, which knows its own datasets: they cannot be one"
    )]
    OneSource(String, String),
    #[error("{0} and {1} are about the same IRI, {2}: they cannot be two datasets")]
    OneIri(String, String, String),
    #[error("nothing was decided of {0} and {1}")]
    Nothing(String, String),
    #[error("say why: the decision stays, and others will ask")]
    NoWhy,
    #[error(transparent)]
    Run(#[from] RunError),
}

impl From<crate::store::StoreError> for DecideError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Run(error.into())
    }
}

impl From<crate::state::StateError> for DecideError {
    fn from(error: crate::state::StateError) -> Self {
        Self::Run(error.into())
    }
}

/// Decides, publishes what follows from it, and says what became of the two.
pub fn decide(rooms: &Rooms, wanted: &Wanted) -> Result<Decided, DecideError> {
    if wanted.verdict.is_some() && wanted.why.trim().is_empty() {
        return Err(DecideError::NoWhy);
    }
    let mut writer = rooms.writer()?;
    let writer = &mut *writer;
    let pair = pair(rooms, writer, wanted)?;
    let [(a, entity_a), (b, entity_b)] = &pair;
    let decisions = writer.store.decisions()?;
    let there = decisions.into_iter().find(|d| d.a == *a && d.b == *b);
    let (decision, before) = match wanted.verdict {
        None => {
            let was = there.ok_or_else(|| DecideError::Nothing(a.clone(), b.clone()))?;
            let known = was.kept.iter().filter(|kept| !kept.is_empty()).cloned();
            let before: BTreeMap<String, String> = [entity_a, entity_b]
                .into_iter()
                .cloned()
                .zip(known)
                .collect();
            (was, before)
        }
        Some(verdict) => {
            let now = || -> Result<[String; 2], DecideError> {
                Ok([
                    writer.store.published_as(entity_a)?,
                    writer.store.published_as(entity_b)?,
                ])
            };
            let kept = match there.filter(|d| d.verdict == verdict) {
                Some(again) => again.kept,
                None => now()?,
            };
            let decision = Decision {
                verdict,
                a: a.clone(),
                b: b.clone(),
                who: wanted.who.clone(),
                why: wanted.why.trim().to_owned(),
                at_ms: now_ms(),
                kept,
            };
            (decision, BTreeMap::new())
        }
    };
    let trusted = unify::doubt(&rooms.state, writer)?;
    rooms.state.make_durable()?;
    let holds = wanted.verdict.map(|_| &decision);
    writer.store.decide(a, b, holds)?;
    crate::crash_point!("decided");
    let again = [a.clone(), b.clone()];
    let changed = Changed {
        again: &again,
        before,
        ..Changed::default()
    };
    let unified = unify(&rooms.state, writer, &changed, trusted)?;
    super::corrections::look(writer)?;
    writer.store.flush().map_err(RunError::from)?;
    rooms.state.moved_on(writer.store.head())?;
    writer.measured().map_err(RunError::from)?;
    let who = wanted.verdict.map(|_| wanted.who.as_str());
    let verdict = wanted.verdict.map_or("forget", Verdict::word);
    tracing::info!(a, b, who, verdict, "decided by hand");
    Ok(Decided {
        decision,
        taken_back: wanted.verdict.is_none(),
        published: [
            writer.store.published_as(entity_a)?,
            writer.store.published_as(entity_b)?,
        ],
        activities: unified.applied.activities,
    })
}

/// The two records with their datasets, sorted by record.
fn pair(
    rooms: &Rooms,
    writer: &Writer,
    wanted: &Wanted,
) -> Result<[(String, String); 2], DecideError> {
    let mut pair = [
        held(rooms, writer, &wanted.a)?,
        held(rooms, writer, &wanted.b)?,
    ];
    pair.sort();
    let [(a, entity_a), (b, entity_b)] = &pair;
    let base = writer.store.base();
    let source = |record: &str| parse_record_iri(base, record).map(|name| name.source);
    if source(a) == source(b) {
        return Err(DecideError::OneSource(a.clone(), b.clone()));
    }
    if entity_a == entity_b {
        let iri = entity_a.clone();
        return Err(DecideError::OneIri(a.clone(), b.clone(), iri));
    }
    Ok(pair)
}

fn held(rooms: &Rooms, writer: &Writer, iri: &str) -> Result<(String, String), DecideError> {
    let base = writer.store.base();
    let is_dataset = |record: &str| {
        parse_record_iri(base, record).is_some_and(|name| name.class == Class::Dataset)
    };
    if let Some(found) = writer
        .store
        .record_meant(iri)?
        .filter(|(r, _)| is_dataset(r))
    {
        return Ok(found);
    }
    let near = nearest(rooms, iri)?;
    let meant = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
    Err(DecideError::NotHeld {
        iri: iri.to_owned(),
        meant,
    })
}

/// The record or dataset that was probably meant, if any comes near.
fn nearest(rooms: &Rooms, iri: &str) -> Result<Option<String>, DecideError> {
    let mut nearest: Option<String> = None;
    for features in rooms.state.features()? {
        let Features { entity, record, .. } = features?;
        let known = nearest.iter().map(String::as_str);
        let known = known.chain([&*entity, &*record]);
        nearest = meant(iri, known).map(str::to_owned);
    }
    Ok(nearest)
}
