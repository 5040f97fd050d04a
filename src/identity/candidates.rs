//! Pairs of records that are worth comparing: those that share a key.
//!
//! Keys are addresses, worldwide identifiers, places of data, titles, and within an agency least hashes of a title's
//! pairs of characters (two titles that share seven of ten have a key in common 99 times in 100). A key that very many
//! records have says nothing and is left out. Start at [`keys`]; [`links`] compares what lies in memory, `run/unify` what
//! the state keeps.

use super::{
    features::Features,
    hash,
    score::{Link, Surroundings, judge, weigh},
    stirred,
};
use std::collections::{BTreeSet, HashSet};

/// A key of more records than this identifies nothing: an agency's interface, or a word that half of its titles begin
/// with. It also bounds the work, since the pairs of a key grow with the square of its records.
pub const KEY_RECORDS_MAX: usize = 100;
/// Least hashes taken of a title's pairs of characters.
const LEAST_HASHES: u64 = 4;

const ADDRESS: u8 = 1;
const IDENTIFIER: u8 = 2;
const URL: u8 = 3;
const TITLE: u8 = 4;
const GRAM: u8 = 5;
const ENTITY: u8 = 6;

/// All keys of a record.
pub fn keys(of: &Features) -> Vec<u64> {
    let mut keys = Vec::with_capacity(24);
    let texts = |keys: &mut Vec<u64>, kind: u8, texts: &[Box<str>]| {
        keys.extend(texts.iter().map(|text| hash(kind, &[text])));
    };
    texts(&mut keys, ADDRESS, &of.addresses);
    texts(&mut keys, ADDRESS, &of.points_at);
    texts(&mut keys, IDENTIFIER, &of.identifiers);
    texts(&mut keys, URL, &of.urls);
    keys.extend(title_keys(of));
    for title in &of.titles {
        let grams = title.grams();
        for agency in &of.agencies {
            for n in 0..LEAST_HASHES {
                let salt = stirred(n + 1);
                let least = grams.iter().map(|g| stirred(g ^ salt)).min();
                let seed = hash(GRAM, &[agency]);
                keys.extend(least.map(|least| stirred(least ^ seed.rotate_left(n as u32))));
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Under which the records of a dataset are found. No evidence of anything, and none of [`keys`].
pub fn entity_key(entity: &str) -> u64 {
    hash(ENTITY, &[entity])
}

/// A title alone, and with each name of the agency.
fn title_keys(of: &Features) -> impl Iterator<Item = u64> {
    let alone = of.titles.iter().map(|title| hash(TITLE, &[&title.0]));
    alone.chain(titles_of_agency(of))
}

fn titles_of_agency(of: &Features) -> impl Iterator<Item = u64> {
    let names = of.agencies.iter();
    names.flat_map(|name| of.titles.iter().map(move |t| hash(TITLE, &[&t.0, name])))
}

/// The links of the records at `wanted`, with every other record; of all records where it is None. A link between two
/// wanted records comes once.
pub fn links(all: &[Features], wanted: Option<&HashSet<u32>>) -> Vec<Link> {
    let of_interest: Option<HashSet<u64>> = wanted.map(|wanted| {
        let features = wanted.iter().filter_map(|at| all.get(*at as usize));
        features.flat_map(keys).collect()
    });
    let table = Table::of(all, of_interest.as_ref());
    let mut pairs = BTreeSet::new();
    for group in table
        .groups()
        .filter(|group| group.len() <= KEY_RECORDS_MAX)
    {
        for (n, (_, a)) in group.iter().enumerate() {
            for (_, b) in &group[n + 1..] {
                let wanted = wanted.is_none_or(|w| w.contains(a) || w.contains(b));
                let (x, y) = (&all[*a as usize], &all[*b as usize]);
                if wanted && x.source != y.source && x.entity != y.entity {
                    pairs.insert((*a, *b));
                }
            }
        }
    }
    let around = match wanted {
        None => table.surroundings(all),
        // What is common around the others of the pairs counts as well.
        Some(_) => {
            let both = pairs
                .iter()
                .flat_map(|(a, b)| [*a, *b])
                .collect::<BTreeSet<u32>>();
            let keys = both
                .iter()
                .flat_map(|at| keys(&all[*at as usize]))
                .collect();
            Table::of(all, Some(&keys)).surroundings(all)
        }
    };
    let mut links: Vec<Link> = pairs
        .into_iter()
        .filter_map(|(a, b)| judge(&all[a as usize], &all[b as usize], &around))
        .collect();
    links.sort_by(|l, r| (&l.a, &l.b).cmp(&(&r.a, &r.b)));
    links
}

/// All that speaks for the records at two places being one, and against it, whether they share a key or not.
pub fn explain(all: &[Features], a: usize, b: usize) -> Link {
    let (a, b) = (&all[a], &all[b]);
    let of_interest = [a, b].into_iter().flat_map(keys).collect();
    let around = Table::of(all, Some(&of_interest)).surroundings(all);
    weigh(a, b, &around)
}

/// Keys of all records, sorted, so that records with one key stand together.
struct Table {
    entries: Vec<(u64, u32)>,
}

impl Table {
    fn of(all: &[Features], of_interest: Option<&HashSet<u64>>) -> Self {
        let mut entries: Vec<(u64, u32)> = Vec::new();
        for (at, features) in (0_u32..).zip(all) {
            let keys = keys(features).into_iter();
            let keys = keys.filter(|key| of_interest.is_none_or(|keys| keys.contains(key)));
            entries.extend(keys.map(|key| (key, at)));
        }
        entries.sort_unstable();
        Self { entries }
    }

    fn groups(&self) -> impl Iterator<Item = &[(u64, u32)]> {
        self.entries
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|g| g.len() > 1)
    }

    /// Keys that two records of one source have.
    fn surroundings(&self, all: &[Features]) -> impl Surroundings + use<> {
        let mut common = HashSet::new();
        for group in self.groups() {
            let mut sources = HashSet::new();
            if group
                .iter()
                .any(|(_, at)| !sources.insert(&all[*at as usize].source))
            {
                common.insert(group[0].0);
            }
        }
        Common(move |key| common.contains(&key))
    }
}

/// Surroundings by the keys that two records of one source have: `0` says of a key whether it is such a one.
pub struct Common<F>(pub F);

impl<F: Fn(u64) -> bool> Surroundings for Common<F> {
    fn url_is_common(&self, url: &str) -> bool {
        self.0(hash(URL, &[url]))
    }

    fn title_is_common(&self, features: &Features) -> bool {
        if features.agencies.is_empty() {
            title_keys(features).any(&self.0)
        } else {
            titles_of_agency(features).any(&self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{agency, title::Title};

    fn record(source: &str, key: usize, title: &str, urls: &[String]) -> Features {
        Features {
            record: format!("{source}/{key}").into(),
            entity: format!("e/{source}/{key}").into(),
            source: source.into(),
            titles: vec![Title::of(title)],
            agencies: vec![agency::name("臺南市環保局")],
            urls: urls.iter().map(|u| u.as_str().into()).collect(),
            ..Features::default()
        }
    }

    #[test]
    fn what_is_common_in_a_source_is_no_evidence() {
        let url = ["x/api".to_owned()];
        let alone = [
            record("a", 1, "公廁位置", &url),
            record("b", 1, "公廁位置", &url),
        ];
        assert!(links(&alone, None)[0].score > 0.9);
        let mut both = alone.to_vec();
        both.push(record("a", 2, "公廁評分", &url));
        let link = links(&both, None);
        assert!(link.iter().all(|l| l.score < 0.9), "{link:#?}");
    }
}
