//! Who corrected what, when and why, in RDF: for the graph `{base}graph/overrides`, which no feed gives out.
//!
//! A correction is an `oa:Annotation` on its dataset. Start at [`quads`].

use super::{Override, Standing};
use crate::store::lines;
use harvestd_vocab::terms::{dct, foaf, harvestd, oa, prov, rdfs, xsd};
use oxrdf::{GraphName, Literal, NamedNode, NamedNodeRef, Quad, Term, vocab::rdf};
use std::str::FromStr;

const SUBJECT: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/1999/02/22-rdf-syntax-ns#subject");
const PREDICATE: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/1999/02/22-rdf-syntax-ns#predicate");

/// The graph's name.
pub fn graph(base: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{base}graph/overrides"))
}

/// Everything about one correction and how it stands.
pub fn quads(base: &str, of: &Override, standing: &Standing) -> Vec<Quad> {
    let name = NamedNode::new_unchecked(format!("{base}override/{}", standing.id));
    let who = NamedNode::new_unchecked(format!("{}#who", name.as_str()));
    let iri = |iri: &str| Term::from(NamedNode::new_unchecked(iri));
    let text = |text: &str| Term::from(Literal::new_simple_literal(text));
    let day = Literal::new_typed_literal(of.draft.when.to_string(), xsd::DATE);
    let mut said: Vec<(NamedNodeRef<'_>, Term)> = vec![
        (rdf::TYPE, oa::ANNOTATION.into_owned().into()),
        (oa::MOTIVATED_BY, oa::EDITING.into_owned().into()),
        (oa::HAS_TARGET, iri(of.entity())),
        (
            SUBJECT,
            iri(standing.node.as_deref().unwrap_or(of.entity())),
        ),
        (prov::WAS_ATTRIBUTED_TO, who.clone().into()),
        (dct::CREATED, day.into()),
        (rdfs::COMMENT, text(&of.draft.why)),
        (harvestd::STANDING, text(standing.state.word())),
    ];
    said.extend(
        of.change
            .as_ref()
            .map(|c| (PREDICATE, c.property.clone().into())),
    );
    for (property, values) in [
        (harvestd::EXPECTED, &standing.expected),
        (harvestd::HARVESTED, &standing.found),
        (harvestd::PUBLISHED, &standing.published),
    ] {
        let terms = values.iter().filter_map(|token| term(token));
        said.extend(terms.map(|term| (property, term)));
    }
    let graph = GraphName::NamedNode(graph(base));
    let quad =
        |s: &NamedNode, p: NamedNodeRef<'_>, o: Term| Quad::new(s.clone(), p, o, graph.clone());
    let mut quads: Vec<Quad> = said.into_iter().map(|(p, o)| quad(&name, p, o)).collect();
    quads.push(quad(&who, rdf::TYPE, prov::AGENT_CLASS.into_owned().into()));
    quads.push(quad(&who, foaf::NAME, text(&of.draft.who)));
    quads
}

fn term(token: &str) -> Option<Term> {
    match lines::iri(token) {
        Some(iri) => Some(NamedNode::new_unchecked(iri).into()),
        None => Literal::from_str(token).ok().map(Term::from),
    }
}
