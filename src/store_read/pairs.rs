//! Graph `identity`, read: the pairs of records that were found to have something in common.
//!
//! One pair is in memory at a time. Start at [`pairs`].

use super::decisions::{OWN, identity_graph, text};
use crate::identity::{Evidence, Link, Linked, Standing};
use oxigraph::{
    model::{GraphName, NamedNode, NamedOrBlankNode, vocab::rdf},
    store::{StorageError, Store},
};
use std::io;

/// Every pair that the graph speaks of. `base` is that of our IRIs.
pub fn pairs<'s>(
    store: &'s Store,
    base: &str,
) -> impl Iterator<Item = Result<Linked, StorageError>> + use<'s> {
    let graph = GraphName::NamedNode(identity_graph(base));
    let class = NamedNode::new_unchecked(format!("{OWN}Pair"));
    let nodes = store.quads_for_pattern(
        None,
        Some(rdf::TYPE),
        Some(class.as_ref().into()),
        Some(graph.as_ref()),
    );
    nodes.map(move |node| linked(store, &graph, node?.subject))
}

fn linked(
    store: &Store,
    graph: &GraphName,
    node: NamedOrBlankNode,
) -> Result<Linked, StorageError> {
    let (mut a, mut b, mut score, mut standing) = (None, None, None, None);
    let mut evidence = Vec::new();
    let broken = || io::Error::other(format!("{node} is said to be a pair, and is none"));
    for quad in store.quads_for_pattern(Some(node.as_ref()), None, None, Some(graph.as_ref())) {
        let quad = quad?;
        let said = text(quad.object);
        match quad.predicate.as_str().strip_prefix(OWN) {
            Some("first") => a = Some(said.into()),
            Some("second") => b = Some(said.into()),
            Some("score") => score = said.parse().ok(),
            Some("standing") => standing = Standing::of(&said),
            Some("evidence") => evidence.push(reason(&said, "(", false).ok_or_else(broken)?),
            Some("against") => evidence.push(reason(&said, "(at most ", true).ok_or_else(broken)?),
            _ => {}
        }
    }
    evidence.sort_by(|x, y| {
        let weight = y.weight.total_cmp(&x.weight);
        let limits = x.limits.cmp(&y.limits);
        limits.then(weight).then_with(|| x.code.cmp(&y.code))
    });
    let link = || {
        Some(Link {
            a: a?,
            b: b?,
            score: score?,
            evidence,
        })
    };
    let linked = link().zip(standing);
    let (link, standing) = linked.ok_or_else(broken)?;
    Ok(Linked { link, standing })
}

/// `title-equal (0.6): 公廁 / 公廁`
fn reason(said: &str, opens: &str, limits: bool) -> Option<Evidence> {
    let (code, rest) = said.split_once(' ')?;
    let (weight, found) = rest.strip_prefix(opens)?.split_once("): ")?;
    Some(Evidence {
        code: code.into(),
        found: found.into(),
        weight: weight.parse().ok()?,
        limits,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reasons_are_read_as_they_are_written() {
        let found = reason("title-equal (0.6): a (0.5): b", "(", false).unwrap();
        assert_eq!(
            (&*found.code, &*found.found, found.weight, found.limits),
            ("title-equal", "a (0.5): b", 0.6, false)
        );
        let against = reason("no-title (at most 0.85): ", "(at most ", true).unwrap();
        assert_eq!((&*against.found, against.weight), ("", 0.85));
        assert_eq!(reason("title-equal: a", "(", false), None);
    }
}
