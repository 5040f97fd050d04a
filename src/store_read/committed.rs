//! When an entity came and changed here, as the log's index in the store says: it stays where the log itself is pruned.
//!
//! Start at [`committed`] for one, [`times`] for all.

use crate::{
    log::parse_date_time,
    store::{OBJECT, PAGE, PUBLISHED, page_graph},
};
use harvestd_vocab::terms::activity;
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, vocab::rdf},
    store::{StorageError, Store},
};
use std::collections::{BTreeMap, HashMap};

/// Commit time of the newest activity of the entity, microseconds since 1970. None: the log of this generation knows none.
pub fn committed(
    store: &Store,
    base: &str,
    generation: u64,
    entity: NamedNodeRef<'_>,
) -> Result<Option<i64>, StorageError> {
    let activities = format!("{base}activity/{generation}/");
    let mut newest: Option<(u64, NamedOrBlankNode)> = None;
    for quad in store.quads_for_pattern(None, Some(OBJECT), Some(entity.into()), None) {
        let subject = quad?.subject;
        let NamedOrBlankNode::NamedNode(activity) = &subject else {
            continue;
        };
        let seq = activity.as_str().strip_prefix(&activities);
        let Some(seq) = seq.and_then(|seq| seq.parse::<u64>().ok()) else {
            continue;
        };
        if newest.as_ref().is_none_or(|(last, _)| seq > *last) {
            newest = Some((seq, subject));
        }
    }
    let Some((seq, activity)) = newest else {
        return Ok(None);
    };
    let graph = page_graph(base, generation, seq);
    let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
    for quad in store.quads_for_pattern(Some(activity.as_ref()), Some(PUBLISHED), None, graph) {
        if let Term::Literal(time) = quad?.object {
            return Ok(parse_date_time(time.value()));
        }
    }
    Ok(None)
}

/// The newest activities of an entity that the log's index names, the newest first: number, class and commit time in
/// microseconds since 1970.
pub fn activities(
    store: &Store,
    base: &str,
    generation: u64,
    entity: NamedNodeRef<'_>,
    most: usize,
) -> Result<Vec<(u64, String, i64)>, StorageError> {
    let begins = format!("{base}activity/{generation}/");
    let mut found: Vec<(u64, NamedNode)> = Vec::new();
    for quad in store.quads_for_pattern(None, Some(OBJECT), Some(entity.into()), None) {
        let NamedOrBlankNode::NamedNode(activity) = quad?.subject else {
            continue;
        };
        let seq = activity.as_str().strip_prefix(&begins);
        if let Some(seq) = seq.and_then(|seq| seq.parse().ok()) {
            found.push((seq, activity));
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.truncate(most);
    let mut told = Vec::new();
    for (seq, activity) in found {
        let graph = page_graph(base, generation, seq);
        let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
        let (mut class, mut at) = (None, None);
        for quad in store.quads_for_pattern(Some(activity.as_ref().into()), None, None, graph) {
            let quad = quad?;
            match quad.object {
                Term::NamedNode(node) if quad.predicate == rdf::TYPE => {
                    class = Some(node.into_string());
                }
                Term::Literal(time) if quad.predicate == PUBLISHED => {
                    at = parse_date_time(time.value());
                }
                _ => {}
            }
        }
        if let (Some(class), Some(at)) = (class, at) {
            told.push((seq, class, at));
        }
    }
    Ok(told)
}

/// Commit times of an entity, microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Of its first activity since it is here.
    pub created_us: i64,
    /// Of its last.
    pub modified_us: i64,
}

/// When each entity came that is here, and when it last changed: of all that the log of this generation names, up to
/// activity `seq`.
pub fn times(
    store: &Store,
    base: &str,
    generation: u64,
    seq: u64,
) -> Result<HashMap<String, Times>, StorageError> {
    let mut times: HashMap<String, Times> = HashMap::new();
    for first in (0..seq.div_ceil(PAGE)).map(|page| page * PAGE + 1) {
        for noted in page(store, base, generation, first)?.into_values() {
            let (Some(verb), Some(entity), Some(us)) = (noted.verb, noted.entity, noted.us) else {
                continue;
            };
            if verb == activity::DELETE.as_str() {
                times.remove(&entity);
                continue;
            }
            times
                .entry(entity)
                .and_modify(|times| times.modified_us = us)
                .or_insert(Times {
                    created_us: us,
                    modified_us: us,
                });
        }
    }
    Ok(times)
}

/// What the index says of an activity.
#[derive(Default)]
struct Noted {
    verb: Option<String>,
    entity: Option<String>,
    us: Option<i64>,
}

/// The activities of one page of the log's index, by number.
fn page(
    store: &Store,
    base: &str,
    generation: u64,
    first: u64,
) -> Result<BTreeMap<u64, Noted>, StorageError> {
    let activities = format!("{base}activity/{generation}/");
    let graph = page_graph(base, generation, first);
    let graph = GraphNameRef::NamedNode(graph.as_ref());
    let mut page: BTreeMap<u64, Noted> = BTreeMap::new();
    for quad in store.quads_for_pattern(None, None, None, Some(graph)) {
        let quad = quad?;
        let NamedOrBlankNode::NamedNode(subject) = &quad.subject else {
            continue;
        };
        let seq = subject.as_str().strip_prefix(&activities);
        let Some(seq) = seq.and_then(|seq| seq.parse().ok()) else {
            continue;
        };
        let noted = page.entry(seq).or_default();
        match quad.object {
            Term::NamedNode(verb) if quad.predicate == rdf::TYPE => {
                noted.verb = Some(verb.into_string());
            }
            Term::NamedNode(entity) if quad.predicate == OBJECT => {
                noted.entity = Some(entity.into_string());
            }
            Term::Literal(time) if quad.predicate == PUBLISHED => {
                noted.us = parse_date_time(time.value());
            }
            _ => {}
        }
    }
    Ok(page)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use oxigraph::io::RdfFormat;

    const LOG: &str = r#"
        @prefix as: <https://www.w3.org/ns/activitystreams#> . @prefix a: <http://h.example/activity/2/> .
        @prefix e: <http://e.example/> . @prefix old: <http://h.example/activity/1/> .
        <http://h.example/graph/changes/1/0> { old:9 as:object e:x ; as:published "2026-09-01T00:00:00Z" . }
        <http://h.example/graph/changes/2/0> {
            a:9 a as:Create ; as:object e:x ; as:published "2026-01-01T00:00:01Z" .
            a:10 a as:Update ; as:object e:x ; as:published "2026-01-01T00:00:02Z" .
            a:11 a as:Create ; as:object e:y ; as:published "2026-01-01T00:00:03Z" .
            a:12 a as:Create ; as:object e:w ; as:published "2026-01-01T00:00:03Z" .
            a:13 a as:Delete ; as:object e:w ; as:published "2026-01-01T00:00:04Z" .
        }
    "#;

    #[test]
    fn the_newest_activity_of_this_generation_counts() {
        let store = Store::new().unwrap();
        store.load_from_slice(RdfFormat::TriG, LOG).unwrap();
        let all = times(&store, "http://h.example/", 2, 13).unwrap();
        let at = |second: i64| 1_767_225_600_000_000 + second * 1_000_000;
        for (entity, expected) in [("x", Some((1, 2))), ("y", Some((3, 3))), ("z", None)] {
            let iri = format!("http://e.example/{entity}");
            let node = NamedNodeRef::new(&iri).unwrap();
            let one = committed(&store, "http://h.example/", 2, node).unwrap();
            let all = all.get(&iri).map(|t| (t.created_us, t.modified_us));
            let expected = expected.map(|(came, changed)| (at(came), at(changed)));
            assert_eq!((one, all), (expected.map(|(_, us)| us), expected), "{iri}");
        }
        assert!(!all.contains_key("http://e.example/w"), "it went");
    }
}
