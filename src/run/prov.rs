//! A run that changed something, or says how its source is, in PROV, for `{base}graph/runs`.

use crate::report::Report;
use oxrdf::{
    GraphName, Literal, NamedNode, NamedNodeRef, Quad, Term,
    vocab::{rdf, xsd},
};

const PROV: &str = "http://www.w3.org/ns/prov#";
const OWN: &str = "https://w3id.org/harvestd/ns#";

/// What the store keeps of a run: when, of which source, how it ended, and its counts of datasets.
pub fn quads(base: &str, report: &Report) -> Vec<Quad> {
    let run = NamedNode::new_unchecked(format!("{base}run/{}", report.run));
    let graph = GraphName::NamedNode(NamedNode::new_unchecked(format!("{base}graph/runs")));
    let time = |ms: i64| {
        Term::from(Literal::new_typed_literal(
            crate::log::date_time(ms * 1000),
            xsd::DATE_TIME,
        ))
    };
    let number = |n: u64| Term::from(Literal::new_typed_literal(n.to_string(), xsd::INTEGER));
    let own = |name: &str| NamedNode::new_unchecked(format!("{OWN}{name}"));
    let prov = |name: &str| NamedNode::new_unchecked(format!("{PROV}{name}"));
    let c = &report.counts;
    let mut said: Vec<(NamedNode, Term)> = vec![
        (rdf::TYPE.into_owned(), prov("Activity").into()),
        (prov("startedAtTime"), time(report.started_ms)),
        (prov("endedAtTime"), time(report.ended_ms)),
        (
            prov("used"),
            NamedNode::new_unchecked(format!("{base}catalog/{}", report.source)).into(),
        ),
        (
            NamedNodeRef::new_unchecked("http://purl.org/dc/terms/type").into_owned(),
            Literal::new_simple_literal(report.outcome.to_string()).into(),
        ),
    ];
    let counts = [
        ("received", c.received),
        ("new", c.new),
        ("changed", c.changed),
        ("refused", c.refused),
        ("unreadable", c.unreadable),
        ("deleted", c.gone + c.absent),
        ("held", c.held),
    ];
    said.extend(
        counts
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| (own(name), number(n))),
    );
    let undone = |run| NamedNode::new_unchecked(format!("{base}run/{run}"));
    said.extend(
        report
            .undoes
            .iter()
            .map(|run| (own("undoes"), undone(run).into())),
    );
    if let Some((first, last)) = report.activities {
        said.push((own("firstActivity"), number(first)));
        said.push((own("lastActivity"), number(last)));
    }
    said.into_iter()
        .map(|(p, o)| Quad::new(run.clone(), p, o, graph.clone()))
        .collect()
}
