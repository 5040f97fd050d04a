//! Feedback as it goes out in RDF: a Web Annotation, of the Data Quality Vocabulary where it is about quality, with who
//! said it, through whom, and what became of it. What is read back from it says the same. Start at [`triples`].

use super::{
    Item, Kind,
    item::override_iri,
    read_rdf::{LANGUAGE, PREDICATE, SUBJECT, VALUE},
};
use crate::{log::date_time, overrides::Value, overrides::property};
use harvestd_vocab::terms::{dct, dqv, expanded, foaf, harvestd, oa, prov, rdfs, schema, xsd};
use oxrdf::{GraphName, Literal, NamedNode, NamedNodeRef, Quad, Term, Triple, vocab::rdf};

/// What follows an item's IRI in the names of its nodes.
pub const NODES: [&str; 7] = [
    "",
    "#correction",
    "#text",
    "#rating",
    "#who",
    "#judgement",
    JUDGE,
];
const JUDGE: &str = "#judge";

/// The graph that all feedback is in.
pub fn graph(base: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{base}graph/feedback"))
}

/// All that is said of one item, for the graph.
pub fn quads(base: &str, item: &Item) -> Vec<Quad> {
    let graph = GraphName::NamedNode(graph(base));
    let quad = |t: Triple| Quad::new(t.subject, t.predicate, t.object, graph.clone());
    triples(base, item).into_iter().map(quad).collect()
}

/// All that is said of one item but how its sender can be asked: that is not in an [`Item`].
pub fn triples(base: &str, item: &Item) -> Vec<Triple> {
    let mut out = Out {
        iri: item.iri(base),
        triples: Vec::new(),
    };
    let said = item.shown();
    let dataset = NamedNode::new_unchecked(&said.dataset);
    out.say("", rdf::TYPE, oa::ANNOTATION);
    match said.kind {
        Kind::Correction => out.say("", oa::MOTIVATED_BY, oa::EDITING),
        Kind::Remark => {
            out.say("", rdf::TYPE, dqv::USER_QUALITY_FEEDBACK);
            out.say("", oa::MOTIVATED_BY, dqv::QUALITY_ASSESSMENT);
        }
    }
    out.say("", oa::HAS_TARGET, dataset.clone());
    out.say("", dct::CREATED, time(item.at_ms));
    out.say("", harvestd::STANDING, text(item.status().word()));
    let annotation = out.node("");
    out.triples.push(Triple::new(
        dataset,
        dqv::HAS_QUALITY_ANNOTATION,
        annotation,
    ));
    if let Some(words) = &said.text {
        out.say("", oa::HAS_BODY, out.node("#text"));
        out.say("#text", rdf::TYPE, oa::TEXTUAL_BODY);
        out.say("#text", VALUE, text(words));
        if said.kind == Kind::Correction {
            out.say("#text", oa::HAS_PURPOSE, oa::COMMENTING);
        }
        if let Some(lang) = &said.text_lang {
            out.say("#text", LANGUAGE, text(lang));
        }
    }
    if let Some(rating) = said.rating {
        out.say("", oa::HAS_BODY, out.node("#rating"));
        out.say("#rating", rdf::TYPE, schema::RATING);
        out.say(
            "#rating",
            schema::RATING_VALUE,
            Literal::from(i64::from(rating)),
        );
        out.say("#rating", schema::BEST_RATING, Literal::from(5_i64));
    }
    out.correction(&said);
    out.who(base, item, said.who.as_deref());
    out.judgement(base, item);
    out.triples
}

struct Out {
    iri: String,
    triples: Vec<Triple>,
}

impl Out {
    fn node(&self, name: &str) -> NamedNode {
        NamedNode::new_unchecked(format!("{}{name}", self.iri))
    }

    fn say<'a>(&mut self, node: &str, predicate: NamedNodeRef<'a>, object: impl Into<Term>) {
        let subject = self.node(node);
        self.triples.push(Triple::new(subject, predicate, object));
    }

    fn correction(&mut self, said: &super::Said) {
        if said.property.is_none() && said.distribution.is_none() {
            return;
        }
        let node = "#correction";
        if said.kind == Kind::Correction {
            self.say("", oa::HAS_BODY, self.node(node));
        }
        let subject = said.distribution.as_deref().unwrap_or(&said.dataset);
        if let Ok(subject) = NamedNode::new(subject) {
            self.say(node, SUBJECT, subject);
        }
        let Some(property) = said
            .property
            .as_deref()
            .and_then(|written| property(written).ok())
        else {
            return;
        };
        self.say(node, PREDICATE, property.clone());
        let lang = said.lang.as_deref();
        for value in said.should_be.iter().flatten() {
            self.say(node, property.as_ref(), term(value, lang));
        }
        for value in said.found.iter().flatten() {
            self.say(node, harvestd::EXPECTED, term(value, lang));
        }
    }

    fn who(&mut self, base: &str, item: &Item, name: Option<&str>) {
        if name.is_none() && item.sender.is_none() {
            return;
        }
        self.say("", prov::WAS_ATTRIBUTED_TO, self.node("#who"));
        self.say("#who", rdf::TYPE, prov::AGENT_CLASS);
        if let Some(name) = name {
            self.say("#who", foaf::NAME, text(name));
        }
        if let Some(sender) = &item.sender {
            let catalog = NamedNode::new_unchecked(format!("{base}catalog/{sender}"));
            self.say("#who", prov::ACTED_ON_BEHALF_OF, catalog);
        }
    }

    fn judgement(&mut self, base: &str, item: &Item) {
        let Some(judged) = &item.judged else { return };
        let node = "#judgement";
        self.say(node, rdf::TYPE, prov::ACTIVITY);
        self.say(node, prov::USED, self.node(""));
        self.say(node, prov::ENDED_AT_TIME, time(judged.at_ms));
        self.say(node, rdfs::COMMENT, text(&judged.why));
        self.say(node, prov::WAS_ASSOCIATED_WITH, self.node(JUDGE));
        self.say(JUDGE, rdf::TYPE, prov::AGENT_CLASS);
        self.say(JUDGE, foaf::NAME, text(&judged.who));
        if let Some(made) = override_iri(base, judged) {
            self.say(node, prov::GENERATED, NamedNode::new_unchecked(made));
        }
    }
}

fn text(text: &str) -> Literal {
    Literal::new_simple_literal(text)
}

fn time(ms: i64) -> Literal {
    Literal::new_typed_literal(date_time(ms * 1_000), xsd::DATE_TIME)
}

fn term(value: &Value, lang: Option<&str>) -> Term {
    let tagged = |text: &str, tag: &str| {
        Literal::new_language_tagged_literal(text, tag)
            .unwrap_or_else(|_| Literal::new_simple_literal(text))
    };
    match value {
        Value::Text(words) => lang
            .map_or_else(|| text(words), |tag| tagged(words, tag))
            .into(),
        Value::Tagged { text, lang } => tagged(text, lang).into(),
        Value::Typed { text, datatype } => {
            let of_xsd = datatype
                .strip_prefix("xsd:")
                .map(|local| format!("{}{local}", xsd::NS));
            let iri = of_xsd
                .or_else(|| expanded(datatype))
                .unwrap_or_else(|| datatype.clone());
            match NamedNode::new(iri) {
                Ok(datatype) => Literal::new_typed_literal(text, datatype).into(),
                Err(_) => Literal::new_simple_literal(text).into(),
            }
        }
        Value::Iri { iri } => match NamedNode::new(iri) {
            Ok(node) => node.into(),
            Err(_) => text(iri).into(),
        },
    }
}
