//! A record's body as its source has it, and as the default graph shows it: pure, one text made of another.
//!
//! Every triple has one owner: a contained IRI that another entity owns already is renamed under its own record when
//! projected into the default graph, and says so with prov:alternateOf, so that the projection can be taken back. A
//! dataset that is published under another IRI than its source's is renamed as well ([`under`]), which cannot be taken
//! back: then the record keeps its own words in a graph of its own. Start at [`project`].

use super::lines::{iri, split};
use harvestd_vocab::{
    containment::is_membership,
    terms::{dcat, foaf},
};
use oxigraph::model::NamedNodeRef;
use std::collections::{BTreeSet, HashMap};

pub(super) const ALTERNATE_OF: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/ns/prov#alternateOf");

/// The nodes a body contains under IRIs that are not the record's own: all subjects but the entity, the record, nodes
/// named under the record, and collections that the entity is a member of.
pub(super) fn foreign_nodes<'a>(body: &'a str, entity: &str, record: &str) -> BTreeSet<&'a str> {
    let mut foreign = BTreeSet::new();
    let mut before = "";
    for line in body.lines() {
        let Some((subject, predicate, object)) = split(line) else {
            continue;
        };
        if subject == before {
            continue;
        }
        let (Some(s), Some(p)) = (iri(subject), iri(predicate)) else {
            continue;
        };
        let own = s == entity
            || s.strip_prefix(record)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'));
        let member = is_membership(NamedNodeRef::new_unchecked(p))
            && iri(object).is_some_and(|o| o == entity || o == record);
        if !member {
            before = subject;
        }
        if !own && !member {
            foreign.insert(s);
        }
    }
    foreign
}

/// The IRI under which a record's contained node goes where its own IRI is taken.
pub(super) fn renamed(record: &str, node: &str) -> String {
    format!(
        "{record}#node-{}",
        &blake3::hash(node.as_bytes()).to_hex()[..16]
    )
}

/// Replaces nodes, as subjects and as objects, and keeps the lines sorted.
pub(super) fn rename(body: &str, names: &HashMap<String, String>) -> String {
    let new = |token: &str| {
        iri(token)
            .and_then(|i| names.get(i))
            .map(|n| format!("<{n}>"))
    };
    let mut lines: Vec<String> = Vec::with_capacity(body.len() / 100);
    for line in body.lines() {
        match split(line) {
            Some((s, p, o)) => {
                let (subject, object) = (new(s), new(o));
                lines.push(format!(
                    "{} {p} {} .\n",
                    subject.as_deref().unwrap_or(s),
                    object.as_deref().unwrap_or(o)
                ));
            }
            None => lines.push(format!("{line}\n")),
        }
    }
    sorted(lines)
}

/// The default graph's form of a body: renamed where `taken` says so, each renaming stated.
pub(super) fn project(body: &str, record: &str, taken: &BTreeSet<&str>) -> String {
    if taken.is_empty() {
        return body.to_owned();
    }
    let names: HashMap<String, String> = taken
        .iter()
        .map(|n| ((*n).to_owned(), renamed(record, n)))
        .collect();
    let mut projected = rename(body, &names);
    for (old, new) in &names {
        projected.push_str(&format!("<{new}> {ALTERNATE_OF} <{old}> .\n"));
    }
    let mut lines: Vec<&str> = projected.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines.concat()
}

/// The record's own form of a body from the default graph: the inverse of [`project`].
pub(super) fn unproject(body: &str, record: &str) -> String {
    let mut names = HashMap::new();
    let mut rest = String::with_capacity(body.len());
    for line in body.lines() {
        if let Some((s, o)) = renaming(line, record) {
            names.insert(s.to_owned(), o.to_owned());
            continue;
        }
        rest.push_str(line);
        rest.push('\n');
    }
    if names.is_empty() {
        rest
    } else {
        rename(&rest, &names)
    }
}

/// The statements of renamings in a body: what a record keeps in mind while another one is shown.
pub(super) fn renamings(body: &str, record: &str) -> String {
    body.lines()
        .filter(|line| renaming(line, record).is_some())
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// New name and own name, where a line states a renaming of this record.
fn renaming<'a>(line: &'a str, record: &str) -> Option<(&'a str, &'a str)> {
    let (s, p, o) = split(line)?;
    let (s, o) = (iri(s)?, iri(o)?);
    (iri(p) == Some(ALTERNATE_OF.as_str()) && s == renamed(record, o)).then_some((s, o))
}

/// A body about `entity`, as one about `kept`. Addresses stay addresses: a landing page at the entity's IRI is still
/// there. What would say of the dataset that it is its own source is left out.
pub(super) fn under(body: &str, entity: &str, kept: &str) -> String {
    let addresses = [
        dcat::LANDING_PAGE,
        dcat::ACCESS_URL,
        dcat::DOWNLOAD_URL,
        foaf::PAGE,
        foaf::HOMEPAGE,
    ];
    let old = format!("<{entity}>");
    let new = format!("<{kept}>");
    let mut lines: Vec<String> = Vec::with_capacity(body.len() / 100);
    for line in body.lines() {
        let Some((s, p, o)) = split(line) else {
            lines.push(format!("{line}\n"));
            continue;
        };
        let address = iri(p).is_some_and(|p| addresses.iter().any(|a| a.as_str() == p));
        let subject = if s == old { &new } else { s };
        let object = if o == old && !address { &new } else { o };
        if address || subject != object || s == o {
            lines.push(format!("{subject} {p} {object} .\n"));
        }
    }
    sorted(lines)
}

/// The links to collections that a body gives its entity, as links to `kept`.
pub(super) fn memberships<'a>(
    body: &'a str,
    entity: &str,
    kept: &'a str,
) -> impl Iterator<Item = String> + 'a {
    let old = format!("<{entity}>");
    body.lines().filter_map(move |line| {
        let (s, p, o) = split(line)?;
        let link = o == old && is_membership(NamedNodeRef::new_unchecked(iri(p)?));
        link.then(|| format!("{s} {p} <{kept}> .\n"))
    })
}

/// Lines as a body: sorted, each once.
pub(super) fn sorted(mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    lines.dedup();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "<https://c.example/> <http://www.w3.org/ns/dcat#dataset> <https://e.example/d> .\n\
<https://e.example/contact> <https://e.example/name> \"see <https://e.example/contact>\" .\n\
<https://e.example/d> <http://www.w3.org/ns/dcat#contactPoint> <https://e.example/contact> .\n\
<https://h.example/record/s/d#x> <https://e.example/name> \"x\" .\n";

    #[test]
    fn foreign_nodes_are_what_a_body_contains_under_other_names() {
        let foreign = foreign_nodes(BODY, "https://e.example/d", "https://h.example/record/s/d");
        assert_eq!(
            foreign.into_iter().collect::<Vec<_>>(),
            ["https://e.example/contact"]
        );
    }

    #[test]
    fn a_projection_can_be_taken_back() {
        let record = "https://h.example/record/s/d";
        let taken = BTreeSet::from(["https://e.example/contact"]);
        let projected = project(BODY, record, &taken);
        assert!(projected.contains("#node-"));
        assert!(
            projected.contains("\"see <https://e.example/contact>\""),
            "literals stay: {projected}"
        );
        assert_eq!(unproject(&projected, record), BODY);
    }
}
