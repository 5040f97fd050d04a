//! Links and decisions -> clusters: which datasets are one, and which links a person has to look at.
//!
//! At most one record of a source is in a cluster. A link makes two records one only where each is the other's single
//! best in that source; whatever is less clear is listed. What people decided goes before every score. Start at
//! [`cluster`] and [`winner`].

use super::{
    Features, Thresholds,
    score::{Evidence, Link},
};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Borrow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// The best link must be better than the second best of the same source by this, or neither counts.
const LEAD_MIN: f64 = 0.02;

/// The evidence of a link that rests on nothing but a person's word.
pub const DECIDED: &str = "decided";

/// What a person decided of two records. It holds whatever the scores say, also while a record is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub verdict: Verdict,
    /// Record IRIs; `a` sorts before `b`.
    pub a: String,
    pub b: String,
    pub who: String,
    pub why: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The IRIs under which the datasets of `a` and of `b` were published when it was decided: what taking the decision
    /// back restores. Empty: not known.
    #[serde(default)]
    pub kept: [String; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// One dataset.
    Join,
    /// Two datasets.
    Split,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Split => "split",
        }
    }
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The two records are one dataset, by score or by decision.
    One,
    /// The score is between the thresholds.
    Unsure,
    /// Another record of the same source is as good, or better.
    Ambiguous,
    /// Together with what is one already, a source would be in the cluster twice.
    Crowded,
    /// A person said that they are two.
    Split,
}

impl Standing {
    const ALL: [Self; 5] = [
        Self::One,
        Self::Unsure,
        Self::Ambiguous,
        Self::Crowded,
        Self::Split,
    ];

    /// The standing of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|standing| standing.word() == word)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Unsure => "unsure",
            Self::Ambiguous => "ambiguous",
            Self::Crowded => "crowded",
            Self::Split => "split",
        }
    }

    /// Is it for a person to look at?
    pub fn is_open(self) -> bool {
        matches!(self, Self::Unsure | Self::Ambiguous | Self::Crowded)
    }
}

/// A link and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linked {
    #[serde(flatten)]
    pub link: Link,
    pub standing: Standing,
}

/// What is one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clusters {
    /// IRIs of datasets, as their sources have them: two or more a cluster, sorted.
    pub clusters: Vec<BTreeSet<Box<str>>>,
    /// Every link that is worth keeping, by its records.
    pub links: Vec<Linked>,
}

/// Clusters of datasets. Depends on what is linked and decided, and not on what came first.
pub fn cluster(
    all: &[Features],
    links: &[Link],
    decisions: &[Decision],
    thresholds: Thresholds,
) -> Clusters {
    let mut groups = Groups::of(all, decisions);
    let mut linked: BTreeMap<(Box<str>, Box<str>), Linked> = BTreeMap::new();
    let mut merging: Vec<&Link> = Vec::new();
    let lead = Lead::of(&groups, links, thresholds.merge_min);
    for link in links.iter().filter(|l| l.score >= thresholds.list_min) {
        let standing = if link.score < thresholds.merge_min {
            Standing::Unsure
        } else if lead.has(&groups, link) {
            merging.push(link);
            continue;
        } else {
            Standing::Ambiguous
        };
        linked.insert(
            pair(link),
            Linked {
                link: link.clone(),
                standing,
            },
        );
    }
    for decision in decisions.iter().filter(|d| d.verdict == Verdict::Join) {
        let known = links
            .iter()
            .find(|l| *l.a == *decision.a && *l.b == *decision.b);
        let link = known.cloned().unwrap_or_else(|| decided(decision));
        let standing = groups.unite(&link);
        linked.insert(pair(&link), Linked { link, standing });
    }
    merging.sort_by(|x, y| {
        y.score
            .total_cmp(&x.score)
            .then_with(|| (&x.a, &x.b).cmp(&(&y.a, &y.b)))
    });
    for link in merging {
        let standing = groups.unite(link);
        linked.entry(pair(link)).or_insert_with(|| Linked {
            link: link.clone(),
            standing,
        });
    }
    for decision in decisions.iter().filter(|d| d.verdict == Verdict::Split) {
        if let Some(l) = linked.get_mut(&(decision.a.as_str().into(), decision.b.as_str().into())) {
            l.standing = Standing::Split;
        }
    }
    Clusters {
        clusters: groups.clusters(),
        links: linked.into_values().collect(),
    }
}

fn pair(link: &Link) -> (Box<str>, Box<str>) {
    (link.a.clone(), link.b.clone())
}

/// A link that rests on nothing but a person's word.
fn decided(decision: &Decision) -> Link {
    Link {
        a: decision.a.as_str().into(),
        b: decision.b.as_str().into(),
        score: 1.0,
        evidence: vec![Evidence {
            code: DECIDED.into(),
            found: format!("{}: {}", decision.who, decision.why).into(),
            weight: 1.0,
            limits: false,
        }],
    }
}

/// For each record and other source, the best and the second best score.
struct Lead(HashMap<(usize, Box<str>), (f64, f64)>);

impl Lead {
    fn of(groups: &Groups<'_>, links: &[Link], merge_min: f64) -> Self {
        let mut lead: HashMap<(usize, Box<str>), (f64, f64)> = HashMap::new();
        for link in links.iter().filter(|l| l.score >= merge_min) {
            for (from, to) in [(&link.a, &link.b), (&link.b, &link.a)] {
                let (Some((dataset, _)), Some((_, source))) =
                    (groups.of_record(from), groups.of_record(to))
                else {
                    continue;
                };
                let (best, second) = lead.entry((dataset, source.into())).or_insert((0.0, 0.0));
                if link.score > *best {
                    (*best, *second) = (link.score, *best);
                } else if link.score > *second {
                    *second = link.score;
                }
            }
        }
        Self(lead)
    }

    /// Is the link the single best from both sides?
    fn has(&self, groups: &Groups<'_>, link: &Link) -> bool {
        [(&link.a, &link.b), (&link.b, &link.a)]
            .into_iter()
            .all(|(from, to)| {
                let (Some((dataset, _)), Some((_, source))) =
                    (groups.of_record(from), groups.of_record(to))
                else {
                    return false;
                };
                self.0
                    .get(&(dataset, source.into()))
                    .is_some_and(|(best, second)| link.score >= *best && best - second >= LEAD_MIN)
            })
    }
}

/// Datasets on their way to clusters (a union of disjoint sets).
struct Groups<'a> {
    /// Record -> dataset and source.
    records: HashMap<&'a str, (usize, &'a str)>,
    datasets: Vec<&'a str>,
    above: Vec<usize>,
    sources: Vec<BTreeSet<&'a str>>,
    /// Datasets that a person said are two.
    apart: Vec<(usize, usize)>,
}

impl<'a> Groups<'a> {
    fn of(all: &'a [Features], decisions: &[Decision]) -> Self {
        let mut by_entity: HashMap<&str, usize> = HashMap::new();
        let mut groups = Self {
            records: HashMap::with_capacity(all.len()),
            datasets: Vec::new(),
            above: Vec::new(),
            sources: Vec::new(),
            apart: Vec::new(),
        };
        for f in all {
            let at = *by_entity.entry(&f.entity).or_insert_with(|| {
                groups.datasets.push(&f.entity);
                groups.above.push(groups.above.len());
                groups.sources.push(BTreeSet::new());
                groups.datasets.len() - 1
            });
            groups.sources[at].insert(&f.source);
            groups.records.insert(&f.record, (at, &f.source));
        }
        for d in decisions.iter().filter(|d| d.verdict == Verdict::Split) {
            if let (Some((a, _)), Some((b, _))) = (groups.of_record(&d.a), groups.of_record(&d.b)) {
                groups.apart.push((a, b));
            }
        }
        groups
    }

    fn of_record(&self, record: &str) -> Option<(usize, &'a str)> {
        self.records.get(record).copied()
    }

    fn top(&self, mut at: usize) -> usize {
        while self.above[at] != at {
            at = self.above[at];
        }
        at
    }

    /// Makes one of two, where nothing forbids it.
    fn unite(&mut self, link: &Link) -> Standing {
        let (Some((a, _)), Some((b, _))) = (self.of_record(&link.a), self.of_record(&link.b))
        else {
            // One of them is away: there is nothing to make one.
            return Standing::Unsure;
        };
        let (a, b) = (self.top(a), self.top(b));
        if a == b {
            return Standing::One;
        }
        let between = |x: usize, y: usize| (self.top(x), self.top(y));
        if self
            .apart
            .iter()
            .any(|(x, y)| [(a, b), (b, a)].contains(&between(*x, *y)))
        {
            return Standing::Split;
        }
        if !self.sources[a].is_disjoint(&self.sources[b]) {
            return Standing::Crowded;
        }
        let (top, below) = if self.sources[a].len() >= self.sources[b].len() {
            (a, b)
        } else {
            (b, a)
        };
        self.above[below] = top;
        let more = std::mem::take(&mut self.sources[below]);
        self.sources[top].extend(more);
        Standing::One
    }

    fn clusters(&self) -> Vec<BTreeSet<Box<str>>> {
        let mut by_top: HashMap<usize, BTreeSet<Box<str>>> = HashMap::new();
        for (at, dataset) in self.datasets.iter().enumerate() {
            by_top
                .entry(self.top(at))
                .or_default()
                .insert((*dataset).into());
        }
        let mut clusters: Vec<_> = by_top.into_values().filter(|c| c.len() > 1).collect();
        clusters.sort();
        clusters
    }
}

/// Which of the records of one dataset speaks for it: by `rank` of its source, then the one that the others name, then
/// the freshest, then the first by IRI. None where there is none.
pub fn winner<F: Borrow<Features>, R: Ord>(
    records: &[F],
    rank: impl Fn(&Features) -> R,
) -> Option<usize> {
    let nearness = |f: &Features| {
        records
            .iter()
            .map(Borrow::borrow)
            .filter(|other: &&Features| {
                other.record != f.record && other.names(f) && !f.names(other)
            })
            .count()
    };
    let numbered = records.iter().map(Borrow::borrow).enumerate();
    let best = numbered.max_by_key(|(_, f): &(usize, &Features)| {
        (
            rank(f),
            nearness(f),
            instant(&f.modified),
            Reverse(f.record.clone()),
        )
    });
    best.map(|(at, _)| at)
}

/// Milliseconds since 1970 of a date or time as XML Schema has it; the least number for anything else.
fn instant(text: &str) -> i64 {
    let day = |text: &str| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    let utc = |time: NaiveDateTime| time.and_utc().timestamp_millis();
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.timestamp_millis())
        .ok()
        .or_else(|| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
                .ok()
                .map(utc)
        })
        .or_else(|| day(text).map(utc))
        .or_else(|| day(&format!("{text}-01")).map(utc))
        .or_else(|| day(&format!("{text}-01-01")).map(utc))
        .unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests;
