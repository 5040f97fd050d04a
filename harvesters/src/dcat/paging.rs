//! Where the next page is: Hydra's two kinds of paging, and the Link header.
//!
//! Start at [`Pages::read`]. It says what the document says, and follows nothing.

use super::{
    find::HYDRA,
    table::{Id, Table},
};
use url::Url;

/// What an answer says of its place among others.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// The next page. None: this is the last, or the only one.
    pub next: Option<Url>,
    /// How many items there are in all pages.
    pub total: Option<u64>,
    /// Does it speak of pages at all?
    pub paged: bool,
    /// More than one next page was given; the first is taken.
    pub ambiguous: bool,
    /// A next page that is no URL.
    pub unreadable: Option<String>,
}

/// `hydra:next` of a PartialCollectionView; `hydra:nextPage` of the older PagedCollection.
const NEXT: [&str; 2] = ["next", "nextPage"];
/// The properties that say that there are pages.
const OTHERS: [&str; 8] = [
    "first",
    "last",
    "previous",
    "firstPage",
    "lastPage",
    "previousPage",
    "itemsPerPage",
    "view",
];

impl Pages {
    /// `here`: the addresses by which the answer itself is known, its own first.
    pub fn read(table: &Table, here: &[&Url], link_next: Option<&Url>) -> Self {
        let word = |local: &str| table.find_iri(&format!("{HYDRA}{local}"));
        let mut pages = Self {
            total: total(table, here, word("totalItems")),
            ..Self::default()
        };
        pages.paged = NEXT
            .iter()
            .chain(&OTHERS)
            .any(|local| word(local).is_some())
            || link_next.is_some();
        let next: Vec<Id> = NEXT.iter().filter_map(|local| word(local)).collect();
        let rows: Vec<_> = table
            .rows()
            .iter()
            .filter(|row| next.contains(&row[1]))
            .collect();
        let of_here = |node: Id| {
            table
                .iri_text(node)
                .is_some_and(|iri| here.iter().any(|url| same(url, iri)))
        };
        // What is said of this page counts before what is said of others.
        let ours: Vec<_> = rows.iter().filter(|row| of_here(row[0])).copied().collect();
        let mut urls = Vec::new();
        for row in if ours.is_empty() { rows } else { ours } {
            let Some(text) = table.value(row[2]) else {
                continue;
            };
            match here.first().and_then(|base| base.join(text.trim()).ok()) {
                Some(url) if matches!(url.scheme(), "http" | "https") => urls.push(plain(url)),
                _ => pages.unreadable = Some(text),
            }
        }
        urls.sort_unstable();
        urls.dedup();
        // A last page whose next is itself is a last page.
        urls.retain(|url| !here.iter().any(|here| same(here, url.as_str())));
        pages.ambiguous = urls.len() > 1;
        let by_link = link_next
            .cloned()
            .map(plain)
            .filter(|url| !here.iter().any(|here| same(here, url.as_str())));
        pages.next = urls.into_iter().next().or(by_link);
        pages
    }
}

/// What is said of this page or its collection counts; the largest, where several are given.
fn total(table: &Table, here: &[&Url], predicate: Option<Id>) -> Option<u64> {
    let predicate = predicate?;
    let rows = table.rows().iter().filter(|row| row[1] == predicate);
    let values: Vec<(bool, u64)> = rows
        .filter_map(|row| {
            let ours = table
                .iri_text(row[0])
                .is_some_and(|iri| here.iter().any(|url| same(url, iri)));
            Some((ours, table.value(row[2])?.trim().parse().ok()?))
        })
        .collect();
    let any_ours = values.iter().any(|(ours, _)| *ours);
    values
        .into_iter()
        .filter(|(ours, _)| *ours || !any_ours)
        .map(|(_, value)| value)
        .max()
}

fn same(url: &Url, iri: &str) -> bool {
    Url::parse(iri).is_ok_and(|other| plain(other) == plain(url.clone()))
}

fn plain(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}
