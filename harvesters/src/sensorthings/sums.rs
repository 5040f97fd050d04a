//! What many Datastreams come to, in bounded space: counts, bounds, and a few of each kind of word.
//!
//! A list that is full takes no more: what it would have held is left out of the dataset's words, never of its counts,
//! place or time. Start at [`Sums::add`].

use super::{options::Options, place::Places, row::Row, times::Times};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sums {
    pub(super) datastreams: u64,
    pub(super) places: Places,
    pub(super) times: Times,
    pub(super) observed: Few<Observed, 640>,
    pub(super) units: Few<Unit, 480>,
    /// Kinds of results.
    pub(super) types: Few<String, 240>,
    pub(super) authorities: Few<String, 240>,
    pub(super) place_names: Few<String, 400>,
    pub(super) keywords: Few<String, 400>,
}

impl Sums {
    pub(super) fn add(&mut self, row: &Row, options: &Options) {
        self.datastreams += 1;
        self.places.add(row);
        self.times.add(row.text("/phenomenonTime"));
        let of = |path: &str| row.text(path).unwrap_or_default().to_owned();
        self.observed.add(Observed {
            name: of("/ObservedProperty/name"),
            definition: of("/ObservedProperty/definition"),
        });
        self.units.add(Unit {
            name: of("/unitOfMeasurement/name"),
            symbol: of("/unitOfMeasurement/symbol"),
            definition: of("/unitOfMeasurement/definition"),
        });
        self.types.word(row.text("/observationType"));
        self.authorities
            .word(row.thing(&options.authority_property).as_deref());
        for property in &options.place_properties {
            self.place_names.word(row.thing(property).as_deref());
        }
        for property in &options.keyword_properties {
            self.keywords.word(row.thing(property).as_deref());
        }
        let described = row.text("/description").unwrap_or_default();
        for name in &options.description_keywords {
            self.keywords.word(packed(described, name));
        }
    }

    pub(super) fn observed_names(&self) -> impl Iterator<Item = &str> {
        self.observed
            .0
            .iter()
            .map(|observed| observed.name.as_str())
    }

    /// In an order that does not depend on how the service sorts.
    pub(super) fn settle(&mut self) {
        self.places.settle();
        self.observed.0.sort_unstable();
        self.units.0.sort_unstable();
        self.types.0.sort_unstable();
        self.authorities.0.sort_unstable();
        self.place_names.0.sort_unstable();
        self.keywords.0.sort_unstable();
    }
}

/// The value of `name` in ` name=value, other=value`. Values may hold commas, as long as no `=` follows in the next.
fn packed<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pieces = text.split(", ").map(str::trim);
    let value = pieces
        .find_map(|piece| piece.strip_prefix(name)?.strip_prefix('='))?
        .trim();
    (!value.is_empty()).then_some(value)
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Observed {
    pub(super) name: String,
    /// An IRI, if the service keeps to the specification.
    pub(super) definition: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) symbol: String,
    pub(super) definition: String,
}

/// Different things, as many as take at most `BYTES` in a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Few<T, const BYTES: usize>(pub(super) Vec<T>);

impl<T, const BYTES: usize> Default for Few<T, BYTES> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default + PartialEq + Serialize, const BYTES: usize> Few<T, BYTES> {
    fn add(&mut self, thing: T) {
        if thing == T::default() || self.0.contains(&thing) {
            return;
        }
        self.0.push(thing);
        if serde_json::to_string(&self.0).is_ok_and(|noted| noted.len() > BYTES) {
            self.0.pop();
        }
    }
}

impl<const BYTES: usize> Few<String, BYTES> {
    pub(super) fn word(&mut self, word: Option<&str>) {
        self.add(word.unwrap_or_default().to_owned());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
