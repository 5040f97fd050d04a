//! Two lists of entities, compared. Pure; start at [`between`].

use super::{Entity, Sum};
use serde::Serialize;
use std::{cmp::Ordering, fmt};

/// An entity that two sides do not hold alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub entity: String,
    /// Its hash on the first side. None: it is not there.
    pub first: Option<Sum>,
    pub second: Option<Sum>,
}

/// Which side lacks an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    First,
    Second,
    Neither,
}

impl Difference {
    pub fn lacking(&self) -> Side {
        match (self.first, self.second) {
            (None, _) => Side::First,
            (_, None) => Side::Second,
            _ => Side::Neither,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.entity)
    }
}

/// What differs between two lists, each sorted by IRI.
pub fn between(first: &[Entity], second: &[Entity]) -> Vec<Difference> {
    let mut found = Vec::new();
    let (mut a, mut b) = (first.iter().peekable(), second.iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(x), Some(y)) => x.iri.cmp(&y.iri),
        };
        let x = (order != Ordering::Greater).then(|| a.next()).flatten();
        let y = (order != Ordering::Less).then(|| b.next()).flatten();
        let (first, second) = (x.map(|e| e.sha256), y.map(|e| e.sha256));
        if first != second {
            let entity = x.or(y).map(|e| e.iri.clone()).unwrap_or_default();
            found.push(Difference {
                entity,
                first,
                second,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hash;

    fn list(all: &[(&str, &str)]) -> Vec<Entity> {
        let entity = |(iri, body): &(&str, &str)| Entity {
            iri: (*iri).to_owned(),
            sha256: hash(iri, body),
        };
        all.iter().map(entity).collect()
    }

    #[test]
    fn each_difference_is_named_once() {
        let first = list(&[("a", "1"), ("b", "1"), ("c", "1"), ("e", "1")]);
        let second = list(&[("b", "1"), ("c", "2"), ("d", "1"), ("e", "1")]);
        let found: Vec<_> = between(&first, &second)
            .into_iter()
            .map(|d| (d.lacking(), d.entity))
            .collect();
        let expected = [
            (Side::Second, "a".to_owned()),
            (Side::Neither, "c".to_owned()),
            (Side::First, "d".to_owned()),
        ];
        assert_eq!(found, expected);
        assert_eq!(between(&first, &first), []);
        assert_eq!(between(&first, &[]).len(), 4);
    }
}
