//! The records of one answer, on their way out: who they are, how many there were, and which page this was.
//!
//! Start reading at [`Intake::record`].

use super::{
    RECORD, json,
    lists::Rows,
    plan::{Lists, Plan},
};
use crate::{Location, Page, RecordId, Stop};
use harvestd_vocab::Refusal;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    ops::ControlFlow::{self, Break, Continue},
};

/// Longest key that the contract allows, in bytes.
const KEY_BYTES_MAX: usize = 2000;

pub(super) struct Intake<'a> {
    plan: &'a Plan,
    page: &'a mut dyn Page,
    record_bytes_max: usize,
    /// Things that stood where records should stand.
    pub(super) count: u64,
    identifiers: blake3::Hasher,
    /// Records whose lists do not fit together, and the first of them.
    unequal: u64,
    unequal_first: Option<String>,
    /// Keys that some record had.
    keys: BTreeSet<String>,
    stopped: bool,
}

/// What is known of an answer whose records are handed out.
pub(super) struct Taken {
    pub(super) count: u64,
    /// Of the identifiers in their order: the same page again has the same.
    pub(super) fingerprint: String,
    /// Keys of the mapping that no record had.
    pub(super) missing: Vec<String>,
    /// How many records have lists of unequal lengths, and the identifier of the first.
    pub(super) unequal: Option<(u64, String)>,
    pub(super) stopped: bool,
}

impl<'a> Intake<'a> {
    pub(super) fn new(plan: &'a Plan, record_bytes_max: usize, page: &'a mut dyn Page) -> Self {
        Self {
            plan,
            page,
            record_bytes_max,
            count: 0,
            identifiers: blake3::Hasher::new(),
            unequal: 0,
            unequal_first: None,
            keys: BTreeSet::new(),
            stopped: false,
        }
    }

    /// A record as the source gave it.
    pub(super) fn raw(&mut self, raw: &[u8], at: Location) -> ControlFlow<Stop> {
        match json(raw) {
            Ok(value) => self.record(raw, &value, at),
            Err(why) => self.refused(at, why),
        }
    }

    /// A record, and the bytes that stand for it.
    pub(super) fn record(
        &mut self,
        raw: &[u8],
        value: &Value,
        mut at: Location,
    ) -> ControlFlow<Stop> {
        if raw.len() > self.record_bytes_max {
            at.key = self.key(value);
            return self.too_large(raw.len() as u64, at);
        }
        let Some(key) = self.key(value) else {
            let shown = value.to_string();
            let paths: Vec<_> = self
                .plan
                .id
                .paths()
                .iter()
                .map(|path| path.first_key().to_owned())
                .collect();
            let expected =
                format!("an identifier of 1 to {KEY_BYTES_MAX} bytes, by the setting id");
            let why = Refusal::new("no-identifier", paths.join(", "), &shown, expected);
            return self.refused(at, why);
        };
        self.count += 1;
        self.identifiers.update(key.as_bytes());
        self.identifiers.update(&[0]);
        self.note_keys(value);
        self.note_lists(&key, value);
        let said = self.page.part(RecordId::dataset(key), RECORD, raw);
        self.said(said)
    }

    pub(super) fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        self.count += 1;
        self.identifiers.update(why.found.as_bytes());
        let said = self.page.refused(at, why);
        self.said(said)
    }

    pub(super) fn too_large(&mut self, bytes: u64, at: Location) -> ControlFlow<Stop> {
        let expected = format!("at most {} bytes", self.record_bytes_max);
        let found = format!("{bytes} bytes");
        self.refused(
            at,
            Refusal::new("record-too-large", RECORD, &found, expected),
        )
    }

    pub(super) fn key(&self, value: &Value) -> Option<String> {
        let keys = self.plan.id.texts(value, value);
        keys.into_iter()
            .next()
            .filter(|key| key.len() <= KEY_BYTES_MAX)
    }

    pub(super) fn done(self) -> Taken {
        let mut missing = Vec::new();
        if !self.keys.is_empty() {
            for one_of in self.plan.keys() {
                if !one_of.iter().any(|key| self.keys.contains(*key)) {
                    missing.push(one_of.join(" or "));
                }
            }
        }
        let first = self.unequal_first;
        Taken {
            count: self.count,
            fingerprint: self.identifiers.finalize().to_hex().as_str()[..16].to_owned(),
            missing,
            unequal: first.map(|first| (self.unequal, first)),
            stopped: self.stopped,
        }
    }

    fn said(&mut self, said: ControlFlow<Stop>) -> ControlFlow<Stop> {
        self.stopped |= said == Break(Stop);
        said
    }

    fn note_keys(&mut self, value: &Value) {
        const KEYS_MAX: usize = 1000;
        for (key, _) in value.as_object().into_iter().flatten() {
            if self.keys.len() < KEYS_MAX && !self.keys.contains(key) {
                self.keys.insert(key.clone());
            }
        }
    }

    fn note_lists(&mut self, key: &str, value: &Value) {
        let Some(distributions) = &self.plan.distributions else {
            return;
        };
        if let Lists::Zip { separator, lead } = &distributions.lists
            && !Rows::of(&distributions.fields, separator, *lead, value)
                .unequal
                .is_empty()
        {
            self.unequal += 1;
            self.unequal_first.get_or_insert_with(|| key.to_owned());
        }
    }
}

/// Goes on where the run wants more.
pub(super) const GO_ON: ControlFlow<Stop> = Continue(());
