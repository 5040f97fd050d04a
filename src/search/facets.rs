//! The values of a facet over all segments of a view, numbered in one way. Made once for each view, when somebody asks.
//!
//! Start at [`Ordinals`].

use tantivy::{Searcher, SegmentOrdinal};

/// The values of one fast field.
#[derive(Debug)]
pub struct Ordinals {
    pub name: &'static str,
    /// Sorted, each once. What only deleted documents have is among them, and counts nothing.
    pub terms: Vec<String>,
    /// Of each segment: its own numbers -> those of `terms`.
    segments: Vec<Vec<u32>>,
}

impl Ordinals {
    pub fn of(searcher: &Searcher, name: &'static str) -> tantivy::Result<Self> {
        let mut by_segment = Vec::new();
        for reader in searcher.segment_readers() {
            let mut terms = Vec::new();
            if let Some(column) = reader.fast_fields().str(name)? {
                let mut stream = column.dictionary().stream()?;
                while stream.advance() {
                    terms.push(String::from_utf8_lossy(stream.key()).into_owned());
                }
            }
            by_segment.push(terms);
        }
        let mut all: Vec<&String> = by_segment.iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        let number = |term: &String| {
            all.binary_search(&term)
                .ok()
                .and_then(|at| u32::try_from(at).ok())
        };
        let segments = by_segment
            .iter()
            .map(|terms| terms.iter().filter_map(number).collect())
            .collect();
        let terms = all.into_iter().cloned().collect();
        Ok(Self {
            name,
            terms,
            segments,
        })
    }

    /// Adds what a segment counted.
    pub fn add(&self, segment: SegmentOrdinal, counts: &[u32], into: &mut [u32]) {
        let numbers = usize::try_from(segment)
            .ok()
            .and_then(|at| self.segments.get(at));
        for (count, number) in counts.iter().zip(numbers.into_iter().flatten()) {
            if let Some(sum) = usize::try_from(*number)
                .ok()
                .and_then(|at| into.get_mut(at))
            {
                *sum += count;
            }
        }
    }

    /// The values with the most datasets, those with as many by name; none with fewer than `least`.
    pub fn top(&self, counts: &[u32], least: u32, most: Option<usize>) -> Vec<(&str, u32)> {
        let counted = self.terms.iter().zip(counts.iter().copied());
        let mut found: Vec<(&str, u32)> = counted
            .filter(|(_, count)| *count >= least)
            .map(|(term, count)| (term.as_str(), count))
            .collect();
        let order = |a: &(&str, u32), b: &(&str, u32)| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
        match most {
            Some(0) => return Vec::new(),
            Some(most) if most < found.len() => {
                found.select_nth_unstable_by(most - 1, order);
                found.truncate(most);
            }
            _ => {}
        }
        found.sort_unstable_by(order);
        found
    }
}
