//! One pass over what a query matches: how many, how many with each value of the facets, and the page that was asked for.
//!
//! Of `start + rows` entries and a few more the best are kept now and then, so a deep page costs memory for what comes before
//! it and no more. Ties are broken by id: the same question gives the same pages. Start at [`Gather`].

use super::facets::Ordinals;
use std::{cmp::Ordering, sync::Arc};
use tantivy::{
    DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, TantivyError,
    collector::{Collector, SegmentCollector},
    columnar::{Column, StrColumn},
};

/// What the datasets are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Score,
    Modified,
    Created,
    Id,
    Name,
    Title,
}

/// A sort order: by what, and whether the largest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub by: By,
    pub descending: bool,
}

/// Sort keys of one question, the id that breaks ties aside.
pub const SORTS_MAX: usize = 4;
/// Datasets that are found before the best of them are kept: the newest come last, and each would be the best so far.
const FOUND: usize = 1_024;

/// Counts, facets and one page.
pub struct Gather {
    /// At most [`SORTS_MAX`].
    pub sorts: Vec<Sort>,
    pub start: usize,
    pub rows: usize,
    /// The facets to count.
    pub facets: Vec<Arc<Ordinals>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Gathered {
    pub count: u64,
    pub page: Vec<DocAddress>,
    /// Of each facet that was asked for, how many datasets have each of its values.
    pub facets: Vec<Vec<u32>>,
}

/// A sort key. Within one segment texts are compared by their ordinals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(u64),
    Text(String),
}

/// A dataset of a segment: keys so that the smaller comes first, the id last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    keys: [u64; SORTS_MAX + 1],
    doc: DocId,
}

/// The smallest of many places.
#[derive(Default)]
struct Best {
    keep: usize,
    /// They are among these.
    found: Vec<Place>,
    /// So many are better than this already.
    worst: Option<Place>,
}

impl Best {
    fn push(&mut self, place: Place) {
        if self.worst.as_ref().is_some_and(|worst| place > *worst) {
            return;
        }
        self.found.push(place);
        if self.found.len() >= self.keep.saturating_add(FOUND) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.keep > 0 && self.found.len() > self.keep {
            self.found.select_nth_unstable(self.keep - 1);
            self.found.truncate(self.keep);
            self.worst = self.found.last().cloned();
        }
    }

    fn sorted(mut self) -> Vec<Place> {
        self.cut();
        self.found.sort_unstable();
        self.found
    }
}

struct Entry {
    keys: Vec<Key>,
    at: DocAddress,
}

enum Source {
    Score,
    Number(Column<i64>),
    Unsigned(Column<u64>),
    Text(StrColumn),
    /// The segment has no such values.
    Nothing,
}

impl Source {
    fn of(by: By, reader: &SegmentReader) -> tantivy::Result<Self> {
        let fast = reader.fast_fields();
        let text = |name| Ok::<_, TantivyError>(fast.str(name)?.map_or(Self::Nothing, Self::Text));
        match by {
            By::Score => Ok(Self::Score),
            By::Modified => Ok(Self::Number(fast.i64("metadata_modified")?)),
            By::Created => Ok(Self::Number(fast.i64("metadata_created")?)),
            By::Id => Ok(Self::Unsigned(fast.u64("id_high")?)),
            By::Name => text("name"),
            By::Title => text("title_sort"),
        }
    }

    fn key(&self, doc: DocId, score: Score) -> u64 {
        match self {
            // Scores are not negative: their bits sort as they do.
            Self::Score => u64::from(score.max(0.0).to_bits()),
            Self::Number(column) => {
                column.first(doc).unwrap_or_default().cast_unsigned() ^ (1 << 63)
            }
            Self::Unsigned(column) => column.first(doc).unwrap_or_default(),
            Self::Text(column) => column.term_ords(doc).next().unwrap_or_default(),
            Self::Nothing => 0,
        }
    }
}

/// The work on one segment.
pub struct OfSegment {
    segment: SegmentOrdinal,
    sources: Vec<(Source, bool)>,
    best: Best,
    count: u64,
    facets: Vec<Counting>,
}

/// How often each value of a facet occurs in a segment.
struct Counting {
    column: Option<StrColumn>,
    counts: Vec<u32>,
}

/// What one segment gives.
pub struct SegmentFruit {
    segment: SegmentOrdinal,
    count: u64,
    entries: Vec<Entry>,
    facets: Vec<Vec<u32>>,
}

impl SegmentCollector for OfSegment {
    type Fruit = tantivy::Result<SegmentFruit>;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.count += 1;
        for facet in &mut self.facets {
            let Some(column) = &facet.column else {
                continue;
            };
            for ord in column.term_ords(doc) {
                if let Some(count) = usize::try_from(ord)
                    .ok()
                    .and_then(|ord| facet.counts.get_mut(ord))
                {
                    *count += 1;
                }
            }
        }
        if self.best.keep == 0 {
            return;
        }
        let mut keys = [0; SORTS_MAX + 1];
        for (key, (source, descending)) in keys.iter_mut().zip(&self.sources) {
            let value = source.key(doc, score);
            *key = if *descending { !value } else { value };
        }
        self.best.push(Place { keys, doc });
    }

    fn harvest(mut self) -> Self::Fruit {
        let places = std::mem::take(&mut self.best).sorted();
        let mut entries = Vec::with_capacity(places.len());
        for place in places {
            entries.push(self.entry(&place)?);
        }
        Ok(SegmentFruit {
            segment: self.segment,
            count: self.count,
            entries,
            facets: self.facets.into_iter().map(|facet| facet.counts).collect(),
        })
    }
}

impl OfSegment {
    /// With keys that can be compared with those of other segments.
    fn entry(&self, place: &Place) -> tantivy::Result<Entry> {
        let mut keys = Vec::with_capacity(self.sources.len());
        for (key, (source, descending)) in place.keys.iter().zip(&self.sources) {
            keys.push(match source {
                Source::Text(column) => {
                    let mut text = String::new();
                    let ord = if *descending { !key } else { *key };
                    column.ord_to_str(ord, &mut text)?;
                    Key::Text(text)
                }
                Source::Nothing => Key::Text(String::new()),
                _ => Key::Number(*key),
            });
        }
        Ok(Entry {
            keys,
            at: DocAddress::new(self.segment, place.doc),
        })
    }
}

impl Gather {
    /// The orders that are asked for, and the id.
    fn orders(&self) -> impl Iterator<Item = Sort> {
        let id = Sort {
            by: By::Id,
            descending: false,
        };
        self.sorts.iter().copied().take(SORTS_MAX).chain([id])
    }

    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        for ((a, b), sort) in a.keys.iter().zip(&b.keys).zip(self.orders()) {
            // Numbers are turned round already.
            let order = match (a, b) {
                (Key::Text(_), _) if sort.descending => b.cmp(a),
                _ => a.cmp(b),
            };
            if order.is_ne() {
                return order;
            }
        }
        a.at.cmp(&b.at)
    }
}

impl Collector for Gather {
    type Fruit = Gathered;
    type Child = OfSegment;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<OfSegment> {
        let keep = if self.rows == 0 {
            0
        } else {
            self.start.saturating_add(self.rows)
        };
        let mut sources = Vec::new();
        for sort in self.orders() {
            sources.push((Source::of(sort.by, reader)?, sort.descending));
        }
        let mut facets = Vec::new();
        for facet in &self.facets {
            let column = reader.fast_fields().str(facet.name)?;
            let terms = column.as_ref().map_or(0, |column| column.num_terms());
            facets.push(Counting {
                column,
                counts: vec![0; terms],
            });
        }
        Ok(OfSegment {
            segment,
            sources,
            best: Best {
                keep: keep.min(usize::try_from(reader.max_doc()).unwrap_or(usize::MAX)),
                ..Best::default()
            },
            count: 0,
            facets,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sorts.iter().any(|sort| sort.by == By::Score)
    }

    fn merge_fruits(
        &self,
        segments: Vec<tantivy::Result<SegmentFruit>>,
    ) -> tantivy::Result<Gathered> {
        let mut facets: Vec<Vec<u32>> = self
            .facets
            .iter()
            .map(|facet| vec![0; facet.terms.len()])
            .collect();
        let (mut count, mut entries) = (0, Vec::new());
        for fruit in segments {
            let fruit = fruit?;
            count += fruit.count;
            entries.extend(fruit.entries);
            for ((into, facet), counts) in facets.iter_mut().zip(&self.facets).zip(fruit.facets) {
                facet.add(fruit.segment, &counts, into);
            }
        }
        entries.sort_unstable_by(|a, b| self.compare(a, b));
        let page = entries.into_iter().skip(self.start).take(self.rows);
        Ok(Gathered {
            count,
            page: page.map(|entry| entry.at).collect(),
            facets,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_are_kept_whatever_the_order() {
        const ALL: u64 = 5_000;
        let place = |number: u64| Place {
            keys: [number / 3, 0, 0, 0, number],
            doc: 0,
        };
        let orders: [fn(u64) -> u64; 3] = [|n| n, |n| ALL - 1 - n, |n| n * 2_377 % ALL];
        for keep in [1, 20, 3_000, 9_000] {
            for order in orders {
                let mut best = Best {
                    keep,
                    ..Best::default()
                };
                (0..ALL).for_each(|n| best.push(place(order(n))));
                let expected: Vec<Place> = (0..ALL).take(keep).map(place).collect();
                assert_eq!(best.sorted(), expected, "{keep} of {ALL}");
            }
        }
    }
}
