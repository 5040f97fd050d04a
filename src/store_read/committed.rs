//! When an entity changed here last, as the log's index in the store says: it stays where the log itself is pruned.
//!
//! Start at [`committed`] for one, [`all_committed`] for all.

use crate::{
    log::parse_date_time,
    store::{OBJECT, PAGE, PUBLISHED, page_graph},
};
use oxigraph::{
    model::{GraphNameRef, NamedNodeRef, NamedOrBlankNode, Term},
    store::{StorageError, Store},
};
use std::collections::HashMap;

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

/// The same of every entity that the log of this generation names, up to activity `seq`.
pub fn all_committed(
    store: &Store,
    base: &str,
    generation: u64,
    seq: u64,
) -> Result<HashMap<String, i64>, StorageError> {
    let mut newest: HashMap<String, i64> = HashMap::new();
    for page in 0..seq.div_ceil(PAGE) {
        let graph = page_graph(base, generation, page * PAGE + 1);
        let graph = Some(GraphNameRef::NamedNode(graph.as_ref()));
        let mut times = HashMap::new();
        for quad in store.quads_for_pattern(None, Some(PUBLISHED), None, graph) {
            let quad = quad?;
            if let Term::Literal(time) = &quad.object
                && let Some(us) = parse_date_time(time.value())
            {
                times.insert(quad.subject, us);
            }
        }
        for quad in store.quads_for_pattern(None, Some(OBJECT), None, graph) {
            let quad = quad?;
            let Term::NamedNode(entity) = quad.object else {
                continue;
            };
            if let Some(us) = times.get(&quad.subject) {
                let last = newest.entry(entity.into_string()).or_insert(*us);
                *last = (*last).max(*us);
            }
        }
    }
    Ok(newest)
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
            a:9 as:object e:x ; as:published "2026-01-01T00:00:01Z" .
            a:10 as:object e:x ; as:published "2026-01-01T00:00:02Z" .
            a:11 as:object e:y ; as:published "2026-01-01T00:00:03Z" .
        }
    "#;

    #[test]
    fn the_newest_activity_of_this_generation_counts() {
        let store = Store::new().unwrap();
        store.load_from_slice(RdfFormat::TriG, LOG).unwrap();
        let all = all_committed(&store, "http://h.example/", 2, 11).unwrap();
        for (entity, expected) in [("x", Some(2)), ("y", Some(3)), ("z", None)] {
            let iri = format!("http://e.example/{entity}");
            let expected = expected.map(|s| 1_767_225_600_000_000 + s * 1_000_000);
            let node = NamedNodeRef::new(&iri).unwrap();
            let one = committed(&store, "http://h.example/", 2, node).unwrap();
            assert_eq!((one, all.get(&iri).copied()), (expected, expected), "{iri}");
        }
    }
}
