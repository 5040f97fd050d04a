//! What the connector remembers between the pages of a run: a note of at most 4 kB that travels with each question.
//!
//! Start at [`Note`].

use crate::Request;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use url::Url;

const VERSION: u8 = 1;
/// Addresses that are remembered for seeing loops: the last so many. Eight bytes each.
const SEEN_MAX: usize = 200;
const SEEN_BYTES: usize = 8;
/// Bytes of the addresses of catalogues that wait to be asked.
const CATALOGS_BYTES_MAX: usize = 1_600;
/// Longest IRI of a catalogue that is remembered from page to page.
const CATALOG_BYTES_MAX: usize = 400;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    v: u8,
    /// The page of the catalogue, from 1.
    pub page: u32,
    /// What the catalogue's pages before this one held.
    pub datasets: u64,
    pub series: u64,
    pub services: u64,
    /// What the catalogue's first page declared.
    pub declared: Option<u64>,
    /// Something may be missing: nothing proves completeness any more.
    pub doubt: bool,
    /// Is this catalogue one that another referred to?
    pub referred: bool,
    /// The catalogue that is in pages, where its first page says which one that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    catalog: Option<String>,
    /// What was asked for so far: the begins of hashes of addresses, one after the other.
    seen: String,
    /// Catalogues still to be asked for.
    catalogs: VecDeque<Url>,
}

impl Note {
    pub fn first(url: &Url) -> Self {
        let mut note = Self {
            v: VERSION,
            page: 1,
            ..Self::default()
        };
        note.see(url);
        note
    }

    /// The note of a question. One of another version is as good as none: the pages before it were read by another
    /// program, so that nothing is proved any more.
    pub fn of(request: &Request) -> Self {
        match serde_json::from_value::<Self>(request.note.clone()) {
            Ok(note) if note.v == VERSION => note,
            _ => Self {
                doubt: !request.note.is_null(),
                ..Self::first(&request.url)
            },
        }
    }

    pub fn next_page(mut self, url: &Url) -> Self {
        self.page += 1;
        self.see(url);
        self
    }

    /// An IRI too long to be remembered is not.
    pub fn remember_home(&mut self, catalog: Option<&str>) {
        self.catalog = catalog
            .filter(|iri| iri.len() <= CATALOG_BYTES_MAX)
            .map(str::to_owned);
    }

    pub fn home(&self) -> Option<&str> {
        self.catalog.as_deref()
    }

    /// The next catalogue that waits, and the note for it.
    pub fn next_catalog(mut self) -> Option<(Url, Self)> {
        let url = self.catalogs.pop_front()?;
        (
            self.page,
            self.datasets,
            self.series,
            self.services,
            self.declared,
        ) = (1, 0, 0, 0, None);
        self.catalog = None;
        self.referred = true;
        self.see(&url);
        Some((url, self))
    }

    pub fn has_seen(&self, url: &Url) -> bool {
        let short = short(url);
        (0..self.seen.len() / SEEN_BYTES)
            .any(|at| self.seen[at * SEEN_BYTES..][..SEEN_BYTES] == short)
    }

    /// False: there is no room for it. One that was asked for or waits already needs none.
    pub fn remember_catalog(&mut self, url: Url) -> bool {
        if self.has_seen(&url) || self.catalogs.contains(&url) {
            return true;
        }
        let bytes: usize = self.catalogs.iter().map(|url| url.as_str().len() + 3).sum();
        let room = bytes + url.as_str().len() < CATALOGS_BYTES_MAX;
        if room {
            self.catalogs.push_back(url);
        }
        room
    }

    fn see(&mut self, url: &Url) {
        self.seen.push_str(&short(url));
        let surplus = self.seen.len().saturating_sub(SEEN_MAX * SEEN_BYTES);
        self.seen.drain(..surplus);
    }

    /// Do the records of the catalogue's pages add up to what it declared? Some count their series, some their services.
    pub fn adds_up(&self) -> bool {
        let (datasets, series) = (self.datasets, self.datasets + self.series);
        self.declared
            .is_none_or(|declared| [datasets, series, series + self.services].contains(&declared))
    }
}

fn short(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    blake3::hash(url.as_str().as_bytes()).to_hex()[..SEEN_BYTES].to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn url(n: u32) -> Url {
        Url::parse(&format!(
            "https://catalog.example/a/rather/long/path/to/catalog.rdf?page={n}"
        ))
        .unwrap()
    }

    #[test]
    fn the_note_stays_small_and_sees_loops() {
        let mut note = Note::first(&url(0));
        for n in 1..1_000 {
            note = note.next_page(&url(n));
            note.remember_catalog(url(10_000 + n));
        }
        note.declared = Some(u64::MAX);
        note.remember_home(Some(&"x".repeat(CATALOG_BYTES_MAX)));
        assert!(serde_json::to_string(&note).unwrap().len() < 4_000);
        assert_eq!(note.page, 1_000);
        assert!(
            note.has_seen(&url(999)) && note.has_seen(&url(900)) && !note.has_seen(&url(1_000))
        );
        assert!(!note.remember_catalog(url(20_000)));
    }

    #[test]
    fn catalogs_wait_in_line_and_are_asked_once() {
        let mut note = Note::first(&url(0));
        note.datasets = 5;
        assert!(
            note.remember_catalog(url(0))
                && note.remember_catalog(url(1))
                && note.remember_catalog(url(1))
        );
        let (first, mut note) = note.next_catalog().unwrap();
        assert_eq!((first, note.datasets, note.referred), (url(1), 0, true));
        note.remember_catalog(url(1));
        assert!(note.next_catalog().is_none());
    }

    #[test]
    fn what_may_be_counted() {
        let note = |declared| Note {
            datasets: 5,
            series: 2,
            services: 1,
            declared,
            ..Note::default()
        };
        for (declared, adds_up) in [
            (None, true),
            (Some(5), true),
            (Some(7), true),
            (Some(8), true),
            (Some(6), false),
            (Some(4), false),
        ] {
            assert_eq!(note(declared).adds_up(), adds_up, "{declared:?}");
        }
    }

    #[test]
    fn a_note_of_another_version_proves_nothing() {
        let request = Request::get(url(3), "*/*").note(&serde_json::json!({"v": 9, "page": 3}));
        assert!(Note::of(&request).doubt);
        assert!(!Note::of(&Request::get(url(3), "*/*")).doubt);
    }
}
