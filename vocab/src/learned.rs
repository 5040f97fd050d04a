//! Agencies that the table lacks, as sources name them: what all sources share grows by them, and never forgets one.
//!
//! Of an agency no source's word is better than another's, and what is published must not change with every run. So the
//! first name in each language stays its name; what others call it is an alternative (`skos:altLabel`), so that nobody's
//! word is lost, up to a limit. An agency that the table has is named by the table alone. Start at [`Agencies::learn`].

use crate::agents;
use oxrdf::Literal;
use std::collections::BTreeMap;

/// Alternative names of one agency that are kept: sources misspell, and one may send another name with each dataset.
const OTHERS_MAX: usize = 8;
/// A longer name, in characters, is a sentence.
const NAME_CHARS_MAX: usize = 200;

/// What a record says of an agency that the table lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// Its OID or organisation code, as [`agents::key`] gives it.
    pub key: String,
    /// Its names, as they are kept. None where it is only referred to.
    pub names: Vec<Literal>,
}

/// Agencies beyond the table, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agencies(BTreeMap<String, Names>);

/// How an agency is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The first name in each language.
    pub first: Vec<Literal>,
    pub others: Vec<Literal>,
}

impl Agencies {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Names)> {
        self.0.iter().map(|(key, names)| (key.as_str(), names))
    }

    /// Takes in what a record says.
    pub fn learn(&mut self, said: Learned) {
        let known = self.0.entry(said.key).or_default();
        for name in said.names {
            known.take(name);
        }
    }

    /// Takes in what others have learned. The names that are here stay the first.
    pub fn merge(&mut self, others: &Self) {
        for (key, names) in others.iter() {
            self.learn(Learned {
                key: key.to_owned(),
                names: names.all().cloned().collect(),
            });
        }
    }

    /// How many of these agencies are not here, or have a name that would be taken in.
    pub fn lacking(&self, others: &Self) -> usize {
        let lacks = |(key, names): &(&str, &Names)| match self.0.get(*key) {
            None => true,
            Some(known) => names.all().any(|name| known.place(name).is_some()),
        };
        others.iter().filter(lacks).count()
    }

    /// An agency as it is held.
    pub fn hold(&mut self, key: String, names: Names) {
        self.0.insert(key, names);
    }

    /// The key of the nearest agency above one: by its OID, of the table's and of these; else by what its name begins with.
    pub fn above(&self, key: &str) -> Option<&str> {
        let mut rest = key;
        while let Some((above, _)) = rest.rsplit_once('.') {
            if let Some(agency) = agents::known(above) {
                return Some(agency.key);
            }
            if let Some((known, _)) = self.0.get_key_value(above) {
                return Some(known);
            }
            rest = above;
        }
        let names = self.0.get(key)?.first.iter();
        names
            .filter_map(|name| agents::parent_by_name(name.value()))
            .map(|agency| agency.key)
            .next()
    }
}

/// Where a name is put.
enum Place {
    First,
    Others,
}

impl Names {
    fn all(&self) -> impl Iterator<Item = &Literal> {
        self.first.iter().chain(&self.others)
    }

    /// None: it says nothing new.
    fn place(&self, name: &Literal) -> Option<Place> {
        let known = self.all().any(|known| known.value() == name.value());
        if known || name.value().chars().count() > NAME_CHARS_MAX {
            return None;
        }
        // A name that says no language may be in any.
        let in_its_place = |first: &Literal| match (first.language(), name.language()) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        match self.first.iter().any(in_its_place) {
            false => Some(Place::First),
            true => (self.others.len() < OTHERS_MAX).then_some(Place::Others),
        }
    }

    fn take(&mut self, name: Literal) {
        match self.place(&name) {
            Some(Place::First) => self.first.push(name),
            Some(Place::Others) => self.others.push(name),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "2.16.886.101.20003.20069.20099";

    fn name(text: &str, language: &str) -> Literal {
        match language {
            "" => Literal::new_simple_literal(text),
            language => Literal::new_language_tagged_literal_unchecked(text, language),
        }
    }

    fn said(key: &str, names: &[(&str, &str)]) -> Learned {
        Learned {
            key: key.to_owned(),
            names: names.iter().map(|(t, l)| name(t, l)).collect(),
        }
    }

    #[test]
    fn the_first_name_in_each_language_stays() {
        let mut held = Agencies::default();
        held.learn(said(UNIT, &[]));
        held.learn(said(UNIT, &[("某中心", "zh-hant")]));
        held.learn(said(UNIT, &[("另一名", "zh-hant"), ("A Centre", "en")]));
        held.learn(said(UNIT, &[("某中心", ""), ("第三名", "")]));
        let names = held.0.get(UNIT).cloned().unwrap_or_default();
        assert_eq!(
            names.first,
            [name("某中心", "zh-hant"), name("A Centre", "en")]
        );
        assert_eq!(
            names.others,
            [name("另一名", "zh-hant"), name("第三名", "")]
        );
        for n in 0..100 {
            held.learn(said(UNIT, &[(&format!("名{n}"), "zh-hant")]));
        }
        let others = held.iter().map(|(_, names)| names.others.len());
        assert_eq!(others.sum::<usize>(), OTHERS_MAX);
        let mut more = Agencies::default();
        more.learn(said(UNIT, &[("又一名", "zh-hant")]));
        assert_eq!(held.lacking(&more), 0, "what is not taken in is no news");
        more.learn(said(UNIT, &[("Un centre", "fr")]));
        more.learn(said("A00099999X", &[]));
        assert_eq!(held.lacking(&more), 2);
        held.merge(&more);
        assert_eq!(held.lacking(&more), 0);
        let long = "長".repeat(NAME_CHARS_MAX + 1);
        held.learn(said("A00099999X", &[(&long, "")]));
        assert_eq!(held.0.get("A00099999X"), Some(&Names::default()));
    }

    #[test]
    fn the_nearest_above_is_of_the_table_or_learned() {
        let mut held = Agencies::default();
        let below = format!("{UNIT}.1.2");
        held.learn(said(&below, &[("某科", "zh-hant")]));
        assert_eq!(held.above(&below), Some("2.16.886.101.20003.20069"));
        held.learn(said(UNIT, &[]));
        assert_eq!(held.above(&below), Some(UNIT));
        assert_eq!(held.above(UNIT), Some("2.16.886.101.20003.20069"));
        let city = "2.16.886.999.1";
        held.learn(said(city, &[("新北市政府某局", "zh-hant")]));
        let above = held.above(city).and_then(agents::known);
        assert_eq!(above.map(|agency| agency.zh_hant), Some("新北市政府"));
        assert_eq!(held.above("2.16.886.999.2"), None);
    }
}
