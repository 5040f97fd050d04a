//! Pairs of records that are worth comparing: those that share a key.
//!
//! Keys are addresses, worldwide identifiers, places of data, titles, and within an agency least hashes of a title's
//! pairs of characters (two titles that share seven of ten have a key in common 99 times in 100). A key that very many
//! records have says nothing and is left out. Start at [`links`].

use super::{
    features::Features,
    hash,
    score::{Link, Surroundings, judge, weigh},
    stirred,
};
use std::collections::{BTreeSet, HashSet};

/// A key of more records than this identifies nothing.
const KEY_RECORDS_MAX: usize = 100;
/// Least hashes taken of a title's pairs of characters.
const LEAST_HASHES: u64 = 4;

const ADDRESS: u8 = 1;
const IDENTIFIER: u8 = 2;
const URL: u8 = 3;
const TITLE: u8 = 4;
const GRAM: u8 = 5;

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

/// The records that share a key with any of `changed` (features as they were and as they are): their links may have
/// changed, since what is common and what is not has.
pub fn affected(all: &[Features], changed: &[&Features]) -> HashSet<u32> {
    let keys_changed: HashSet<u64> = changed.iter().flat_map(|f| keys(f)).collect();
    (0_u32..)
        .zip(all)
        .filter(|(_, f)| keys(f).iter().any(|key| keys_changed.contains(key)))
        .map(|(at, _)| at)
        .collect()
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
    fn surroundings(&self, all: &[Features]) -> Common {
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
        Common(common)
    }
}

struct Common(HashSet<u64>);

impl Surroundings for Common {
    fn url_is_common(&self, url: &str) -> bool {
        self.0.contains(&hash(URL, &[url]))
    }

    fn title_is_common(&self, features: &Features) -> bool {
        if features.agencies.is_empty() {
            title_keys(features).any(|key| self.0.contains(&key))
        } else {
            titles_of_agency(features).any(|key| self.0.contains(&key))
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

    #[test]
    fn only_what_is_affected_gives_the_same_links_as_everything() {
        let words = ["公廁", "路燈", "公園", "停車場", "水質", "空品"];
        let mut all = Vec::new();
        for n in 0..60 {
            let title = format!("{}{}資料", words[n % 6], words[n / 6 % 6]);
            let urls = [format!("x/{}", n % 17), format!("x/{}", n % 23)];
            all.push(record(["a", "b", "c"][n % 3], n, &title, &urls));
        }
        let before = links(&all, None);
        let old = all[7].clone();
        all[7].urls = vec!["x/3".into()];
        all[7].titles = vec![Title::of("公園路燈資料")];
        let affected = affected(&all, &[&old, &all[7]]);
        assert!(affected.len() < all.len());
        let touched = |link: &Link| {
            affected.iter().any(|at| {
                let record = &all[*at as usize].record;
                link.a == *record || link.b == *record
            })
        };
        let mut kept: Vec<Link> = before.into_iter().filter(|l| !touched(l)).collect();
        kept.extend(links(&all, Some(&affected)));
        kept.sort_by(|l, r| (&l.a, &l.b).cmp(&(&r.a, &r.b)));
        assert_eq!(kept, links(&all, None));
    }
}
