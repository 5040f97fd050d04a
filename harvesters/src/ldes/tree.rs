//! Where a page leads: its relations, newest first, without those that end before the bookmark. Start at [`Tree::read`].

use super::{
    bookmark::Note,
    members::time_us,
    page::{LDES, Quads, TREE},
};
use crate::{ReadError, ReadErrorKind};
use oxrdf::{NamedOrBlankNode, Term};
use std::collections::BTreeMap;
use url::Url;

/// Where to go on.
#[derive(Debug, PartialEq, Eq)]
pub struct Tree {
    pub children: Vec<Url>,
    /// The view says that it does not keep everything.
    pub prunes: bool,
    /// When the oldest page begins, as far as pages say when.
    begins: Option<i64>,
}

/// Between which times the members of a page were published, as far as its relations say.
#[derive(Debug, Default)]
struct Bounds {
    from: Option<i64>,
    /// Nothing on it is of this time or later.
    before: Option<i64>,
}

impl Tree {
    pub fn read(quads: &Quads, here: &Url, source: &Url, note: &Note) -> Result<Self, ReadError> {
        let tree = |name: &str| format!("{TREE}{name}");
        let mut pages: BTreeMap<Url, Bounds> = BTreeMap::new();
        let relations = quads
            .default_graph()
            .filter(|quad| quad.predicate.as_str() == tree("relation"));
        let views = quads
            .default_graph()
            .filter(|quad| note.root && quad.predicate.as_str() == tree("view"));
        for view in views {
            if let Term::NamedNode(node) = &view.object {
                pages
                    .entry(address(node.as_str(), here, source)?)
                    .or_default();
            }
        }
        for quad in relations {
            let Some(relation) = node_of(&quad.object) else {
                continue;
            };
            let Some(Term::NamedNode(node)) = quads.object(&relation, &tree("node")) else {
                continue;
            };
            let url = address(node.as_str(), here, source)?;
            let bounds = pages.entry(url).or_default();
            bounds.narrow(quads, &relation, note);
        }
        let begins = pages.values().filter_map(|bounds| bounds.from).min();
        let kept = plain(here.clone());
        pages.retain(|url, bounds| *url != kept && !bounds.is_known(note));
        let mut pages: Vec<(Url, Bounds)> = pages.into_iter().collect();
        // What may hold the newest comes first; of two that say nothing, the address that sorts later.
        pages.reverse();
        pages.sort_by_key(|(_, bounds)| std::cmp::Reverse(bounds.from));
        Ok(Self {
            begins,
            children: pages.into_iter().map(|(url, _)| url).collect(),
            prunes: quads
                .default_graph()
                .any(|quad| quad.predicate.as_str() == format!("{LDES}retentionPolicy")),
        })
    }
}

impl Tree {
    /// May pages have been removed whose members are not known?
    pub fn has_a_gap(&self, note: &Note) -> bool {
        match (note.since, self.begins) {
            _ if !self.prunes => false,
            (None, _) => true,
            (Some(since), Some(begins)) => begins > since,
            (Some(_), None) => false,
        }
    }
}

impl Bounds {
    /// Takes in one relation. What is not understood narrows nothing.
    fn narrow(&mut self, quads: &Quads, relation: &NamedOrBlankNode, note: &Note) {
        let word = |name: &str| quads.object(relation, &format!("{TREE}{name}"));
        let of_time = match word("path") {
            Some(Term::NamedNode(path)) => note.timestamp.as_deref() == Some(path.as_str()),
            _ => false,
        };
        let value = match word("value") {
            Some(Term::Literal(value)) => time_us(value.value()),
            _ => None,
        };
        let (true, Some(value)) = (of_time, value) else {
            return;
        };
        let kind = quads.about(relation).find_map(|quad| match &quad.object {
            Term::NamedNode(of) => of.as_str().strip_prefix(TREE).map(str::to_owned),
            _ => None,
        });
        match kind.as_deref() {
            Some("GreaterThanRelation" | "GreaterThanOrEqualToRelation") => {
                self.from = self.from.max(Some(value));
            }
            Some("LessThanRelation") => self.end(value),
            Some("LessThanOrEqualToRelation") => self.end(value.saturating_add(1)),
            Some("EqualToRelation") => {
                self.from = self.from.max(Some(value));
                self.end(value.saturating_add(1));
            }
            _ => {}
        }
    }

    fn end(&mut self, before: i64) {
        self.before = Some(self.before.map_or(before, |known| known.min(before)));
    }

    /// Was everything on the page read before?
    fn is_known(&self, note: &Note) -> bool {
        let last = self.before.map(|before| before.saturating_sub(1));
        last.is_some() && note.is_known(last)
    }
}

fn node_of(term: &Term) -> Option<NamedOrBlankNode> {
    match term {
        Term::NamedNode(node) => Some(node.clone().into()),
        Term::BlankNode(node) => Some(node.clone().into()),
        _ => None,
    }
}

/// The address of a page, or of another door of the feed, which must be of the feed's own origin.
pub fn address(iri: &str, here: &Url, source: &Url) -> Result<Url, ReadError> {
    let refused = |found: &str, expected: String| {
        let doing = format!("following a relation of {here}");
        Err(ReadError::new(
            ReadErrorKind::Malformed,
            doing,
            found,
            expected,
        ))
    };
    let Ok(url) = here.join(iri) else {
        return refused(iri, "an address".to_owned());
    };
    // A redirect to the same host (to https, say) leaves the feed where it is.
    let moved = here.host_str() == source.host_str() && url.origin() == here.origin();
    if url.origin() != source.origin() && !moved {
        let origin = source.origin().ascii_serialization();
        return refused(iri, format!("a page of {origin}"));
    }
    Ok(plain(url))
}

fn plain(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}
