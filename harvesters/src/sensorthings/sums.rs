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
    /// The definitions of the observed properties: IRIs, if the service keeps to the specification.
    pub(super) definitions: Few<360>,
    pub(super) observed: Few<300>,
    pub(super) units: Units,
    /// Kinds of results.
    pub(super) types: Few<240>,
    pub(super) authorities: Few<240>,
    pub(super) place_names: Few<400>,
    pub(super) keywords: Few<400>,
}

impl Sums {
    pub(super) fn add(&mut self, row: &Row, options: &Options) {
        self.datastreams += 1;
        self.places.add(row);
        self.times.add(row.text("/phenomenonTime"));
        self.definitions
            .add(row.text("/ObservedProperty/definition"));
        self.observed.add(row.text("/ObservedProperty/name"));
        self.units.add(row);
        self.types.add(row.text("/observationType"));
        self.authorities
            .add(row.thing(&options.authority_property).as_deref());
        for property in &options.place_properties {
            self.place_names.add(row.thing(property).as_deref());
        }
        for property in &options.keyword_properties {
            self.keywords.add(row.thing(property).as_deref());
        }
        let described = row.text("/description").unwrap_or_default();
        for name in &options.description_keywords {
            self.keywords.add(packed(described, name));
        }
    }

    /// In an order that does not depend on how the service sorts.
    pub(super) fn settle(&mut self) {
        self.places.settle();
        for list in [
            &mut self.definitions.0,
            &mut self.observed.0,
            &mut self.types.0,
            &mut self.authorities.0,
            &mut self.place_names.0,
            &mut self.keywords.0,
        ] {
            list.sort_unstable();
        }
        self.units.0.sort_unstable();
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

/// Different words, at most `BYTES` of them as they stand in a note.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Few<const BYTES: usize>(pub(super) Vec<String>);

impl<const BYTES: usize> Few<BYTES> {
    pub(super) fn add(&mut self, word: Option<&str>) {
        let Some(word) = word.filter(|word| !self.0.iter().any(|known| known == word)) else {
            return;
        };
        let bytes = noted(word) + self.0.iter().map(|known| noted(known)).sum::<usize>();
        if bytes <= BYTES {
            self.0.push(word.to_owned());
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Bytes of a word in a note, with its quotes, escapes and a comma.
fn noted(word: &str) -> usize {
    serde_json::Value::from(word).to_string().len() + 1
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Units(pub(super) Vec<Unit>);

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) symbol: String,
    pub(super) definition: String,
}

impl Units {
    const BYTES_MAX: usize = 480;

    fn add(&mut self, row: &Row) {
        let of = |path: &str| row.text(path).unwrap_or_default().to_owned();
        let unit = Unit {
            name: of("/unitOfMeasurement/name"),
            symbol: of("/unitOfMeasurement/symbol"),
            definition: of("/unitOfMeasurement/definition"),
        };
        if unit == Unit::default() || self.0.contains(&unit) {
            return;
        }
        self.0.push(unit);
        if serde_json::to_string(&self).is_ok_and(|text| text.len() > Self::BYTES_MAX) {
            self.0.pop();
        }
    }
}
