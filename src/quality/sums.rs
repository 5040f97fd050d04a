//! Results of many datasets, summed up. Numbers only; how they are told is for who asks. Start at [`Sums`].

use super::entry::{Entry, Group, Publisher};
use harvestd_vocab::quality::{COUNT, RATINGS, Rating, Timely};
use std::{collections::BTreeMap, sync::Arc};

/// All that is measured, by groups of datasets that have the publisher and the sources in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sums {
    /// The newest activity that is in it.
    pub generation: u64,
    pub seq: u64,
    /// Days since 1970.
    pub today: i32,
    pub groups: Vec<(Arc<Group>, Sum)>,
}

/// Results of some datasets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    pub datasets: u64,
    /// Points of all together, of 405 each.
    pub mqa: u64,
    /// In the order of [`RATINGS`].
    pub ratings: [u64; RATINGS.len()],
    /// Per cent of all together.
    pub fair: u64,
    pub ai_ready: u64,
    /// In the order of [`Timely::ALL`].
    pub timely: [u64; Timely::ALL.len()],
    /// Datasets that shapes were held against.
    pub validated: u64,
    /// Of these, those that violate no shape of DCAT-AP.
    pub conforming: u64,
    /// The same of the profile of Taiwan.
    pub conforming_tw: u64,
    /// Violations and warnings of DCAT-AP, then those of the profile of Taiwan.
    pub results: [u64; 4],
    /// Datasets that meet each indicator, in their order.
    pub met: [u64; COUNT],
    /// The same of those that nobody checked.
    pub unchecked: [u64; COUNT],
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            datasets: 0,
            mqa: 0,
            ratings: [0; RATINGS.len()],
            fair: 0,
            ai_ready: 0,
            timely: [0; Timely::ALL.len()],
            validated: 0,
            conforming: 0,
            conforming_tw: 0,
            results: [0; 4],
            met: [0; COUNT],
            unchecked: [0; COUNT],
        }
    }
}

impl Sum {
    /// An entry comes, or goes that came before.
    pub(super) fn count(&mut self, entry: &Entry, comes: bool) {
        let change = |sum: &mut u64, by: u64| {
            *sum = match comes {
                true => sum.saturating_add(by),
                false => sum.saturating_sub(by),
            };
        };
        let points = entry.mqa();
        let rating = Rating::of(points);
        change(&mut self.datasets, 1);
        change(&mut self.mqa, u64::from(points));
        change(&mut self.fair, u64::from(entry.fair()));
        change(&mut self.ai_ready, u64::from(entry.ai_ready()));
        for ((of, _), sum) in RATINGS.iter().zip(&mut self.ratings) {
            change(sum, u64::from(*of == rating));
        }
        for (of, sum) in Timely::ALL.iter().zip(&mut self.timely) {
            change(sum, u64::from(*of == entry.timely));
        }
        if entry.is_validated {
            change(&mut self.validated, 1);
            change(&mut self.conforming, u64::from(entry.results[0] == 0));
            change(&mut self.conforming_tw, u64::from(entry.results[2] == 0));
        }
        for (result, sum) in entry.results.iter().zip(&mut self.results) {
            change(sum, u64::from(*result));
        }
        for (bits, sums) in [
            (entry.met, &mut self.met),
            (entry.unchecked, &mut self.unchecked),
        ] {
            for (place, sum) in sums.iter_mut().enumerate() {
                change(sum, bits >> place & 1);
            }
        }
    }

    fn add(&mut self, other: &Self) {
        fn all<const N: usize>(sums: &mut [u64; N], others: &[u64; N]) {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
            }
        }
        self.datasets += other.datasets;
        self.mqa += other.mqa;
        self.fair += other.fair;
        self.ai_ready += other.ai_ready;
        self.validated += other.validated;
        self.conforming += other.conforming;
        self.conforming_tw += other.conforming_tw;
        all(&mut self.ratings, &other.ratings);
        all(&mut self.timely, &other.timely);
        all(&mut self.results, &other.results);
        all(&mut self.met, &other.met);
        all(&mut self.unchecked, &other.unchecked);
    }
}

impl Sums {
    /// Of all datasets.
    pub fn whole(&self) -> Sum {
        self.of(|_| true)
    }

    /// Of the datasets of some groups.
    pub fn of(&self, is_wanted: impl Fn(&Group) -> bool) -> Sum {
        let mut sum = Sum::default();
        for (_, some) in self.groups.iter().filter(|(group, _)| is_wanted(group)) {
            sum.add(some);
        }
        sum
    }

    /// By source, sorted. A dataset counts for each source whose catalogue lists it.
    pub fn by_source(&self) -> BTreeMap<&str, Sum> {
        let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
        for (group, sum) in &self.groups {
            for source in &group.sources {
                sums.entry(source).or_default().add(sum);
            }
        }
        sums
    }

    /// By publisher, sorted by its name.
    pub fn by_publisher(&self) -> BTreeMap<&str, (&Publisher, Sum)> {
        let mut sums: BTreeMap<&str, (&Publisher, Sum)> = BTreeMap::new();
        for (group, sum) in &self.groups {
            if let Some(publisher) = &group.publisher {
                let of = sums.entry(&publisher.name);
                let (_, all) = of.or_insert_with(|| (publisher, Sum::default()));
                all.add(sum);
            }
        }
        sums
    }

    /// For whoever watches.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(super) fn tell(&self) {
        let gauge = |source: &str, sum: &Sum| {
            let datasets = sum.datasets.max(1) as f64;
            for (scheme, all) in [
                ("mqa", sum.mqa),
                ("fair", sum.fair),
                ("ai-ready", sum.ai_ready),
            ] {
                metrics::gauge!("harvestd_quality_mean", "metric" => scheme, "source" => source.to_owned())
                    .set(all as f64 / datasets);
            }
        };
        gauge("", &self.whole());
        for (source, sum) in self.by_source() {
            gauge(source, &sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(met: u64) -> Entry {
        Entry {
            met,
            unchecked: 1 << 4,
            late_from: 3,
            group: 0,
            timely: Timely::Late,
            is_validated: true,
            results: [u16::from(met == 0), 2, 0, 0],
        }
    }

    #[test]
    fn what_came_and_went_leaves_nothing() {
        let mut sum = Sum::default();
        sum.count(&entry(u64::MAX >> 22), true);
        assert_eq!((sum.datasets, sum.mqa, sum.ratings), (1, 405, [1, 0, 0, 0]));
        sum.count(&entry(0), true);
        assert_eq!(
            (sum.mqa, sum.ratings, sum.conforming),
            (405, [1, 0, 0, 1], 1)
        );
        assert_eq!((sum.met[41], sum.unchecked[4], sum.timely[1]), (1, 2, 2));
        sum.count(&entry(u64::MAX >> 22), false);
        sum.count(&entry(0), false);
        assert_eq!(sum, Sum::default());
    }

    #[test]
    fn a_dataset_counts_for_each_source_that_lists_it_and_once_for_all() {
        let mut one = Sum::default();
        one.count(&entry(1), true);
        let group = |sources: &[&str]| {
            let sources = sources.iter().map(|s| (*s).to_owned()).collect();
            let publisher = Some(Publisher {
                name: "office".to_owned(),
                title: "Office".to_owned(),
                english: None,
                iri: None,
            });
            (Arc::new(Group { publisher, sources }), one.clone())
        };
        let sums = Sums {
            groups: vec![group(&["a", "b"]), group(&["b"])],
            ..Sums::default()
        };
        let counted: Vec<_> = sums
            .by_source()
            .into_iter()
            .map(|(source, sum)| (source, sum.datasets))
            .collect();
        assert_eq!(counted, [("a", 1), ("b", 2)]);
        assert_eq!(sums.whole().datasets, 2);
        assert_eq!(sums.by_publisher()["office"].1.datasets, 2);
    }
}
