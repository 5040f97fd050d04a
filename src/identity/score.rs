//! How sure it is that two records are about one dataset: evidence, each item with its weight, and what forbids.
//!
//! Items are taken as independent: the score is 1 - Π(1 - weight), under the lowest ceiling that an item sets. The
//! weights are judgement, not fitted; what they are worth is measured in `tests/identity.rs`. Start at [`judge`].
//!
//! Never linked, whatever else agrees: titles whose numbers differ (115年4月, 115年5月). Never linked without the record
//! naming the other, a worldwide identifier, or a file in common: records of agencies that differ.

use super::{
    agency::{self, Relation},
    features::Features,
    title::{Likeness, likeness},
};
use serde::{Deserialize, Serialize};

/// One reason for a link, or against one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Kebab-case and stable: `names-the-other`, `title-equal`, …
    pub code: Box<str>,
    /// What was found.
    pub found: Box<str>,
    /// Its weight, or where it limits, the ceiling that it sets.
    pub weight: f64,
    /// It speaks against: no score is above its weight.
    pub limits: bool,
}

/// Two records, and how sure it is that they are about one dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Record IRIs; `a` sorts before `b`.
    pub a: Box<str>,
    pub b: Box<str>,
    pub score: f64,
    pub evidence: Vec<Evidence>,
}

/// What is known of all records that bears on one pair.
pub trait Surroundings {
    /// Does another record of the same source as either have this address of data?
    fn url_is_common(&self, url: &str) -> bool;
    /// Does another record of the same source as either have this title, of the same agency as far as it says?
    fn title_is_common(&self, features: &Features) -> bool;
}

// Weights (0 to 1: how often it would be right, were it all that is known) are chosen by what they come to together,
// against `identity.merge_min` (0.9: one dataset) and `list_min` (0.7: for a person). No single item merges.

/// One names the other, or both bear an identifier that means the same everywhere: with an equal title 0.94, one dataset;
/// alone for a person, since a series names its issues, and a summary what it sums up.
const NAMED: f64 = 0.85;
/// Equal titles. With the same agency 0.84, for a person: issues and districts are often titled alike. With the same
/// description as well 0.92.
const TITLE_EQUAL: f64 = 0.6;
/// A word more (公廁, 臺南市公廁): with the same agency 0.76, for a person; with all files in common 0.88.
const TITLE_ADDED: f64 = 0.4;
/// With something added, so much must still be in common: of two characters in a title of ten, all titles have some.
const ADDED_SHARE_MIN: f64 = 0.5;
/// A word for another (東區, 西區) speaks more often for a sister than for a copy: never enough, [`FOR_A_PERSON`].
const TITLE_ALIKE: f64 = 0.2;
/// One word in five may be another one.
const ALIKE_SHARE_MIN: f64 = 0.8;
/// A file in common, one of many: a form or a table of codes that stands beside several datasets. With each further share
/// of the files, up to all of them, [`DATA_ALL`] more: 0.8, and with an equal title 0.92.
const DATA_ONE: f64 = 0.4;
const DATA_ALL: f64 = 0.4;
/// The same text: agencies copy it from dataset to dataset.
const DESCRIPTION_EQUAL: f64 = 0.5;
/// The same agency: it has hundreds of datasets, so it only weighs beside something else.
const AGENCY_SAME: f64 = 0.6;
/// A unit and the agency above it.
const AGENCY_WITHIN: f64 = 0.3;
/// Ceiling where something speaks against: listed, and never merged by itself.
const FOR_A_PERSON: f64 = 0.85;
/// Ceiling where titles differ by more than a word: listed only where nearly everything else agrees.
const HARDLY: f64 = 0.75;
/// Ceiling of what is never one: other numbers in the title, another agency and nothing in common.
const NEVER: f64 = 0.0;

/// The link between two records of different sources, if anything speaks for one.
pub fn judge(a: &Features, b: &Features, around: &dyn Surroundings) -> Option<Link> {
    (a.source != b.source)
        .then(|| weigh(a, b, around))
        .filter(|link| link.score > 0.0)
}

/// All that speaks for two records being about one dataset, and against it.
pub fn weigh(a: &Features, b: &Features, around: &dyn Surroundings) -> Link {
    let (a, b) = if a.record <= b.record { (a, b) } else { (b, a) };
    let mut weighing = Weighing::default();
    let named = weigh_references(&mut weighing, a, b);
    let shared = weigh_urls(&mut weighing, a, b, around);
    weigh_titles(&mut weighing, a, b, named || shared);
    weigh_agencies(&mut weighing, a, b, named, shared);
    if a.description != 0 && a.description == b.description {
        weighing.add("description-equal", "the same text", DESCRIPTION_EQUAL);
    }
    if !named && !shared && (around.title_is_common(a) || around.title_is_common(b)) {
        let found = "another record of the same source has this title";
        weighing.limit("title-not-unique", found, FOR_A_PERSON);
    }
    Link {
        a: a.record.clone(),
        b: b.record.clone(),
        score: weighing.score(),
        evidence: weighing.evidence,
    }
}

/// One record names the other, or both bear an identifier that means the same everywhere.
fn weigh_references(weighing: &mut Weighing, a: &Features, b: &Features) -> bool {
    let mut named = false;
    for (from, to) in [(a, b), (b, a)] {
        if from.names(to) {
            named = true;
            let found = format!("{} names {}", from.record, to.entity);
            weighing.add("names-the-other", &found, NAMED);
        }
    }
    if let Some(id) = common(&a.identifiers, &b.identifiers).next() {
        named = true;
        weighing.add("identifier-equal", id, NAMED);
    }
    named
}

/// Addresses of data that both have, and no other record of either source.
fn weigh_urls(
    weighing: &mut Weighing,
    a: &Features,
    b: &Features,
    around: &dyn Surroundings,
) -> bool {
    let own = |url: &&str| !around.url_is_common(url);
    let shared: Vec<&str> = common(&a.urls, &b.urls).filter(own).collect();
    let Some(first) = shared.first() else {
        return false;
    };
    let least = a.urls.len().min(b.urls.len()).max(1);
    let share = shared.len() as f64 / least as f64;
    let found = format!("{} of {least}, as {first}", shared.len());
    weighing.add("same-data", &found, DATA_ONE + DATA_ALL * share);
    true
}

fn weigh_titles(weighing: &mut Weighing, a: &Features, b: &Features, otherwise_linked: bool) {
    let pairs = a
        .titles
        .iter()
        .flat_map(|x| b.titles.iter().map(move |y| (x, y)));
    let Some((x, y, best)) = pairs
        .map(|(x, y)| (x, y, likeness(x, y)))
        .max_by(|l, r| closeness(l.2).total_cmp(&closeness(r.2)))
    else {
        return weighing.limit("no-title", "", FOR_A_PERSON);
    };
    let found = format!("{} / {}", x.0, y.0);
    match best {
        Likeness::Equal => weighing.add("title-equal", &found, TITLE_EQUAL),
        Likeness::Added(share) if share >= ADDED_SHARE_MIN => {
            weighing.add("title-added", &found, TITLE_ADDED);
            if !otherwise_linked {
                weighing.limit("title-only-alike", &found, FOR_A_PERSON);
            }
        }
        Likeness::Added(_) => weighing.limit("title-differs", &found, FOR_A_PERSON),
        Likeness::Replaced(share) if share >= ALIKE_SHARE_MIN => {
            weighing.add("title-alike", &found, TITLE_ALIKE);
            weighing.limit("title-differs", &found, FOR_A_PERSON);
        }
        Likeness::Replaced(_) => weighing.limit("title-differs", &found, HARDLY),
        Likeness::OtherNumbers => weighing.limit("other-numbers", &found, NEVER),
    }
}

fn weigh_agencies(weighing: &mut Weighing, a: &Features, b: &Features, named: bool, shared: bool) {
    let list = |names: &[Box<str>]| names.join(", ");
    let found = format!("{} / {}", list(&a.agencies), list(&b.agencies));
    match agency::relation(&a.agencies, &b.agencies) {
        Relation::Same => weighing.add("agency-same", &found, AGENCY_SAME),
        Relation::Within => weighing.add("agency-within", &found, AGENCY_WITHIN),
        Relation::Unknown => {}
        // A portal that passes a dataset on may well call itself its publisher: then it names where it has it from.
        Relation::Different if named => {}
        Relation::Different if shared => weighing.limit("agency-differs", &found, FOR_A_PERSON),
        Relation::Different => weighing.limit("agency-differs", &found, NEVER),
    }
}

/// For finding the pair of titles that is closest.
fn closeness(likeness: Likeness) -> f64 {
    match likeness {
        Likeness::Equal => 3.0,
        Likeness::Added(share) => 1.0 + share,
        Likeness::Replaced(share) => share,
        Likeness::OtherNumbers => -1.0,
    }
}

/// What two sorted lists have in common.
fn common<'a>(a: &'a [Box<str>], b: &'a [Box<str>]) -> impl Iterator<Item = &'a str> {
    a.iter()
        .filter(|x| b.binary_search(x).is_ok())
        .map(AsRef::as_ref)
}

struct Weighing {
    evidence: Vec<Evidence>,
    against: f64,
    ceiling: f64,
}

impl Default for Weighing {
    fn default() -> Self {
        Self {
            evidence: Vec::new(),
            against: 1.0,
            ceiling: 1.0,
        }
    }
}

impl Weighing {
    fn add(&mut self, code: &str, found: &str, weight: f64) {
        self.against *= 1.0 - weight;
        self.say(code, found, weight, false);
    }

    fn limit(&mut self, code: &str, found: &str, ceiling: f64) {
        self.ceiling = self.ceiling.min(ceiling);
        self.say(code, found, ceiling, true);
    }

    fn say(&mut self, code: &str, found: &str, weight: f64, limits: bool) {
        self.evidence.push(Evidence {
            code: code.into(),
            found: found.into(),
            weight,
            limits,
        });
    }

    /// To three decimals, so that it is the same wherever it is written.
    fn score(&self) -> f64 {
        ((1.0 - self.against).min(self.ceiling) * 1000.0).round() / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::title::Title;

    struct Nothing;
    impl Surroundings for Nothing {
        fn url_is_common(&self, _: &str) -> bool {
            false
        }
        fn title_is_common(&self, _: &Features) -> bool {
            false
        }
    }

    fn record(source: &str, title: &str, agency: &str, urls: &[&str]) -> Features {
        Features {
            record: format!("r/{source}/{title}").into(),
            entity: format!("e/{source}/{title}").into(),
            source: source.into(),
            titles: vec![Title::of(title)],
            agencies: vec![agency::name(agency)],
            urls: urls.iter().map(|u| (*u).into()).collect(),
            ..Features::default()
        }
    }

    fn score(a: &Features, b: &Features) -> f64 {
        judge(a, b, &Nothing).map_or(0.0, |link| link.score)
    }

    #[test]
    fn months_and_agencies_keep_records_apart() {
        let a = record("a", "115年4月份人口", "臺南市民政局", &["x/1", "x/2"]);
        let mut b = record("b", "115年5月份人口", "臺南市民政局", &["x/1", "x/2"]);
        b.points_at = vec!["p".into()];
        let mut named = a.clone();
        named.addresses = vec!["p".into()];
        assert_eq!(score(&named, &b), 0.0, "even when it names it");
        let other = record("b", "115年4月份人口", "高雄市民政局", &[]);
        assert_eq!(score(&a, &other), 0.0);
        assert!(score(&a, &record("b", "115年4月份人口", "高雄市民政局", &["x/1"])) < 0.9);
        assert_eq!(
            score(&a, &record("a", "115年4月份人口", "臺南市民政局", &["x/1"])),
            0.0
        );
    }

    #[test]
    fn evidence_adds_up() {
        let a = record("a", "公廁", "臺南市環保局", &["x/1", "x/2"]);
        assert!(score(&a, &record("b", "公廁", "臺南市環保局", &["x/1", "x/2"])) > 0.95);
        assert!(score(&a, &record("b", "公廁", "環保局", &["x/1", "x/2"])) > 0.9);
        let bare = score(&a, &record("b", "公廁", "臺南市環保局", &[]));
        assert!(
            (0.7..0.9).contains(&bare),
            "title and agency alone are for a person: {bare}"
        );
        let replaced = score(
            &record("a", "臺南市東區公廁", "臺南市環保局", &["x/1"]),
            &record("b", "臺南市西區公廁", "臺南市環保局", &["x/1"]),
        );
        assert!((0.5..0.9).contains(&replaced), "{replaced}");
    }
}
