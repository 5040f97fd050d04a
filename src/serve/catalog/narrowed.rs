//! What the address of a list of datasets says: which datasets, from where on, how many. Asks nobody. Start at
//! [`Narrowed::of`].

use super::super::{House, problem::Problem, wire::ListAsked};
use crate::{log::parse_date_time, snapshot::Published, store_read::Which};
use harvestd_vocab::terms::harvestd;
use oxigraph::model::{NamedNode, NamedNodeRef};
use url::form_urlencoded;

/// Tiers of access by the names that the address has for them.
pub const TIERS: [(&str, NamedNodeRef<'_>); 4] = [
    ("open", harvestd::OPEN_ACCESS),
    ("on-application", harvestd::ON_APPLICATION),
    ("paid", harvestd::PAID),
    ("not-open", harvestd::NOT_OPEN),
];
/// What narrows a list; `as-of` says of which moment, and is read elsewhere.
const NARROWING: [&str; 5] = ["source", "publisher", "theme", "access", "modified_since"];
const PAGING: [&str; 3] = ["page", "limit", "after"];

/// A list of datasets as its address says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowed {
    pub which: Which,
    pub after: Option<String>,
    pub limit: Option<usize>,
    /// The address speaks of pages.
    pub in_pages: bool,
    /// The query of the first page's address.
    pub address: String,
    /// All of the query but `as-of`, as it came.
    pub said: String,
}

impl Narrowed {
    /// `query` is what follows the `?`, as it came; `paged` says whether the list comes in pages.
    pub fn of(query: &str, paged: bool) -> Result<Self, Problem> {
        let mut said = Self::default();
        let mut seen = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known =
                NARROWING.contains(&name.as_ref()) || (paged && PAGING.contains(&name.as_ref()));
            if !known && name != "as-of" {
                return Err(unknown(&name, paged));
            }
            if seen.contains(&name) {
                return Err(bad(
                    &name,
                    "it is there several times, and one is expected".to_owned(),
                ));
            }
            said.take(&name, &value)?;
            seen.push(name);
        }
        said.in_pages = seen.iter().any(|name| PAGING.contains(&name.as_ref()));
        let without = |names: &[&str]| {
            let is_named =
                |pair: &&str| !names.contains(&pair.split('=').next().unwrap_or_default());
            let kept: Vec<&str> = query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .filter(is_named)
                .collect();
            kept.join("&")
        };
        said.said = without(&["as-of"]);
        let first = without(&["after", "page"]);
        let says_so = said.limit.is_some() || said.which != Which::default();
        said.address = match first.as_str() {
            _ if says_so => first,
            "" => "page=1".to_owned(),
            some => format!("{some}&page=1"),
        };
        Ok(said)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let which = &mut self.which;
        match name {
            "source"
                if value.is_empty()
                    || !value
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) =>
            {
                return Err(bad(
                    name,
                    format!("it is {value:?}; expected the id of a source"),
                ));
            }
            "source" => which.source = Some(value.to_owned()),
            "publisher" => which.publisher = Some(iri(name, value)?),
            "theme" => which.theme = Some(iri(name, value)?),
            "access" => which.access = Some(tier(value)?),
            "modified_since" => which.since_us = Some(time(name, value)?),
            "after" => self.after = Some(iri(name, value)?),
            "limit" => self.limit = Some(count(name, value)?),
            // A page further on has no number: the page before it says where it begins.
            "page" if !matches!(value, "" | "1") => {
                return Err(bad(
                    name,
                    format!(
                        "it is {value:?}; there is page=1, and each page links to the next (hydra:next)"
                    ),
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// Neither pages nor narrowing: the catalogue whole.
    pub fn is_whole(&self) -> bool {
        !self.in_pages && self.which == Which::default()
    }

    pub fn list(&self, house: &House, snapshot: &Published) -> ListAsked {
        ListAsked {
            which: self.which.clone(),
            base: house.base().to_owned(),
            generation: snapshot.generation,
            seq: snapshot.seq,
        }
    }
}

fn unknown(name: &str, paged: bool) -> Problem {
    let known: Vec<&str> = NARROWING
        .into_iter()
        .chain(PAGING.into_iter().filter(|_| paged))
        .chain(["as-of"])
        .collect();
    Problem::bad_request(
        "unknown-parameter",
        format!(
            "There is no parameter {name:?} here; there are {}.",
            known.join(", ")
        ),
    )
}

fn bad(name: &str, what: String) -> Problem {
    Problem::bad_request(
        "bad-parameter",
        format!("Of the parameter `{name}`: {what}."),
    )
}

fn iri(name: &str, value: &str) -> Result<String, Problem> {
    let iri = NamedNode::new(value);
    iri.map(NamedNode::into_string).map_err(|_| {
        bad(
            name,
            format!("it is {value:?}; expected an IRI, percent-encoded"),
        )
    })
}

fn tier(value: &str) -> Result<String, Problem> {
    let found = TIERS.iter().find(|(name, _)| *name == value);
    found
        .map(|(_, iri)| iri.as_str().to_owned())
        .ok_or_else(|| {
            let names: Vec<&str> = TIERS.iter().map(|(name, _)| *name).collect();
            bad(
                "access",
                format!("it is {value:?}; expected one of {}", names.join(", ")),
            )
        })
}

fn time(name: &str, value: &str) -> Result<i64, Problem> {
    // A plus sign that was not encoded arrives as a space.
    parse_date_time(&value.replace(' ', "+")).ok_or_else(|| {
        bad(
            name,
            format!("it is {value:?}; expected a time, as 2026-11-20T08:00:00Z"),
        )
    })
}

fn count(name: &str, value: &str) -> Result<usize, Problem> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| {
        bad(
            name,
            format!("it is {value:?}; expected a number from 1 on"),
        )
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_address_says_which_datasets_and_from_where_on() {
        let said = Narrowed::of(
            "limit=7&source=moi&as-of=1-4&after=http%3A%2F%2Fa.example%2F1",
            true,
        )
        .unwrap();
        assert_eq!(said.which.source.as_deref(), Some("moi"));
        assert_eq!(said.after.as_deref(), Some("http://a.example/1"));
        assert_eq!((said.limit, said.in_pages), (Some(7), true));
        assert_eq!(said.address, "limit=7&source=moi&as-of=1-4");
        assert_eq!(
            said.said,
            "limit=7&source=moi&after=http%3A%2F%2Fa.example%2F1"
        );
        let said = Narrowed::of(
            "modified_since=2026-11-20T08:00:00Z&access=on-application",
            true,
        )
        .unwrap();
        assert_eq!(said.which.since_us, Some(1_795_161_600_000_000));
        assert_eq!(
            said.which.access.as_deref(),
            Some("https://w3id.org/harvestd/ns#OnApplication")
        );
        assert!(!said.in_pages && !said.is_whole());
        assert!(Narrowed::of("as-of=4", true).unwrap().is_whole());
        for (query, first) in [
            ("page", "page=1"),
            ("after=http%3A%2F%2Fa.example%2F1", "page=1"),
            ("as-of=4&page=1", "as-of=4&page=1"),
            ("source=moi&page=1", "source=moi"),
        ] {
            let said = Narrowed::of(query, true).unwrap();
            assert_eq!(said.address, first, "{query}");
            assert!(!Narrowed::of(&said.address, true).unwrap().is_whole());
        }
        assert!(Narrowed::of("page", true).unwrap().in_pages);
    }

    #[test]
    fn what_an_address_says_wrongly_is_never_ignored() {
        for (query, code) in [
            ("sorce=moi", "unknown-parameter"),
            ("source=moi&source=b", "bad-parameter"),
            ("source=", "bad-parameter"),
            ("source=a/b", "bad-parameter"),
            ("publisher=moi", "bad-parameter"),
            ("theme=", "bad-parameter"),
            ("access=free", "bad-parameter"),
            ("modified_since=yesterday", "bad-parameter"),
            ("limit=0", "bad-parameter"),
            ("limit=-1", "bad-parameter"),
            ("page=2", "bad-parameter"),
            ("after=1", "bad-parameter"),
        ] {
            assert_eq!(Narrowed::of(query, true).unwrap_err().code, code, "{query}");
        }
        assert_eq!(
            Narrowed::of("limit=1", false).unwrap_err().code,
            "unknown-parameter"
        );
    }
}
