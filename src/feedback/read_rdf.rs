//! Feedback as RDF: a Web Annotation (W3C Recommendation, 2017), or one of the Data Quality Vocabulary's.
//!
//! Its motivation says what it is, its target is the dataset, its bodies say the rest. A correction's body has the
//! property with its right values, `harvestd:expected` for those that are found, `rdf:predicate` where the property has no
//! value any more, and `rdf:subject` where a distribution is meant. Nothing is fetched. Start at [`read`].

mod graph;

use super::{
    FeedbackError, Row,
    said::{Kind, Said, Sent, quoted},
};
use crate::{describe::STACK_BYTES, overrides::Value};
use graph::{Graph, parse};
use harvestd_vocab::terms::{dct, dqv, foaf, harvestd, oa, prov, rdfs, schema, vcard};
use oxrdf::{NamedNodeRef, NamedOrBlankNode, Term, Triple, vocab::rdf};

pub(super) const PREDICATE: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/1999/02/22-rdf-syntax-ns#predicate");
pub(super) const SUBJECT: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/1999/02/22-rdf-syntax-ns#subject");
pub(super) const VALUE: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.w3.org/1999/02/22-rdf-syntax-ns#value");
pub(super) const LANGUAGE: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/elements/1.1/language");
/// Vocabularies whose words say what a body is, and not what is right of a dataset.
const FRAMES: [&str; 2] = [oa::NS, "http://purl.org/dc/elements/1.1/"];

/// Reads one annotation, on a thread with room for parsers that recurse; waits for it.
pub(super) fn read(body: &[u8], media_type: &str, base: &str) -> Result<Sent, FeedbackError> {
    let deep = std::thread::Builder::new()
        .name("feedback-read".to_owned())
        .stack_size(STACK_BYTES);
    let failed = |what: String| FeedbackError::Failed(format!("reading feedback: {what}"));
    std::thread::scope(|scope| {
        let reading = deep
            .spawn_scoped(scope, || {
                let triples = parse(body, media_type, base)?;
                Said::of(&Graph(triples))
            })
            .map_err(|e| failed(e.to_string()))?;
        reading
            .join()
            .unwrap_or_else(|_| Err(failed("a panic".to_owned())))
    })
}

fn one(key: &str, found: impl Into<String>, expected: &str) -> FeedbackError {
    FeedbackError::Refused(vec![Row::new(key, found, expected)])
}

fn node(term: &Term) -> Option<NamedOrBlankNode> {
    match term {
        Term::NamedNode(node) => Some(node.clone().into()),
        Term::BlankNode(node) => Some(node.clone().into()),
        _ => None,
    }
}

impl Said {
    fn of(graph: &Graph) -> Result<Sent, FeedbackError> {
        let annotation = annotation(graph)?;
        let (dataset, kind) = (target(graph, &annotation)?, kind(graph, &annotation)?);
        let mut said = Self::nothing(&dataset, kind);
        let mut contact = None;
        for value in graph.all(&annotation, oa::BODY_VALUE) {
            said.speak(value)?;
        }
        for body in graph.all(&annotation, oa::HAS_BODY) {
            said.hear(graph, body)?;
        }
        if said.text.is_none()
            && let Some(text) = graph.first(&annotation, &[rdfs::COMMENT, dct::DESCRIPTION])
        {
            said.speak(text)?;
        }
        said.in_one_language();
        if let Some(who) = graph.first(&annotation, &[dct::CREATOR, prov::WAS_ATTRIBUTED_TO]) {
            (said.who, contact) = person(graph, who);
        }
        Ok(Sent { said, contact })
    }

    fn speak(&mut self, text: &Term) -> Result<(), FeedbackError> {
        let Term::Literal(literal) = text else {
            return Err(one("body", text.to_string(), "a text"));
        };
        if self.text.is_some() {
            return Err(one("text", "several texts", "one"));
        }
        self.text = Some(literal.value().to_owned());
        self.text_lang = literal.language().map(str::to_owned);
        Ok(())
    }

    /// One body: words, a rating, or what is right.
    fn hear(&mut self, graph: &Graph, body: &Term) -> Result<(), FeedbackError> {
        let Some(body) = node(body) else {
            return self.speak(body);
        };
        let mut heard = false;
        if let Some(text) = graph.first(&body, &[VALUE]) {
            self.speak(text)?;
            if let Some(Term::Literal(tag)) = graph.first(&body, &[LANGUAGE]) {
                self.text_lang.get_or_insert_with(|| tag.value().to_owned());
            }
            heard = true;
        }
        if let Some(rating) = graph.first(&body, &[schema::RATING_VALUE]) {
            let number = match rating {
                Term::Literal(literal) => literal.value().parse().ok(),
                _ => None,
            };
            let expected = "a whole number from 1 to 5";
            self.rating = Some(number.ok_or_else(|| one("rating", rating.to_string(), expected))?);
            heard = true;
        }
        match self.kind {
            Kind::Correction => self.correct(graph, &body, heard),
            Kind::Remark if heard => Ok(()),
            Kind::Remark => {
                let expected =
                    "a body that is in the document: words (rdf:value) or schema:ratingValue";
                Err(one("body", body.to_string(), expected))
            }
        }
    }

    fn correct(
        &mut self,
        graph: &Graph,
        body: &NamedOrBlankNode,
        heard: bool,
    ) -> Result<(), FeedbackError> {
        let properties = properties(graph, body);
        let subject = match graph.first(body, &[SUBJECT]) {
            Some(Term::NamedNode(subject)) if subject.as_str() != self.dataset => {
                Some(subject.as_str().to_owned())
            }
            _ => None,
        };
        let expected = "one property with its right values, in one body";
        let property = match properties[..] {
            [] if heard => return Ok(()),
            // The distribution as a whole is to go.
            [] if subject.is_some() && self.distribution.is_none() => {
                self.distribution = subject;
                return Ok(());
            }
            [property] if self.property.is_none() => property.to_owned(),
            [] => return Err(one("body", body.to_string(), expected)),
            _ => {
                return Err(one(
                    "body",
                    format!("{} properties", properties.len().max(2)),
                    expected,
                ));
            }
        };
        let values = |predicate: NamedNodeRef<'_>, key: &str| {
            let all = graph.all(body, predicate).map(|term| value(term, key));
            all.collect::<Result<Vec<Value>, FeedbackError>>()
        };
        self.should_be = Some(values(NamedNodeRef::new_unchecked(&property), "should_be")?);
        let found = values(harvestd::EXPECTED, "found")?;
        self.found = Some(found).filter(|found| !found.is_empty());
        self.distribution = subject;
        self.property = Some(property);
        Ok(())
    }

    /// Values that are all in one language are meant to replace those in that language alone.
    fn in_one_language(&mut self) {
        let all: Vec<&Value> = [&self.found, &self.should_be]
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        let tag = |value: &Value| match value {
            Value::Tagged { lang, .. } => Some(lang.to_ascii_lowercase()),
            _ => None,
        };
        let Some(lang) = all.first().and_then(|value| tag(value)) else {
            return;
        };
        if !all.iter().all(|value| tag(value).as_deref() == Some(&lang)) {
            return;
        }
        for value in [&mut self.found, &mut self.should_be]
            .into_iter()
            .flatten()
            .flatten()
        {
            if let Value::Tagged { text, .. } = value {
                *value = Value::Text(std::mem::take(text));
            }
        }
        self.lang = Some(lang);
    }
}

/// What a body says something right of: what is neither its frame nor the words of a text.
fn properties<'a>(graph: &'a Graph, body: &'a NamedOrBlankNode) -> Vec<&'a str> {
    const FRAME: [NamedNodeRef<'_>; 7] = [
        rdf::TYPE,
        PREDICATE,
        SUBJECT,
        VALUE,
        harvestd::EXPECTED,
        schema::RATING_VALUE,
        schema::BEST_RATING,
    ];
    let is_frame = |predicate: &str| {
        FRAME.iter().any(|known| known.as_str() == predicate)
            || FRAMES.iter().any(|frame| predicate.starts_with(frame))
    };
    let said = graph.0.iter().filter(|t| t.subject == *body);
    let said = said.map(|t| t.predicate.as_str()).filter(|p| !is_frame(p));
    let named = graph.all(body, PREDICATE).filter_map(|named| match named {
        Term::NamedNode(property) => Some(property.as_str()),
        _ => None,
    });
    let mut properties: Vec<&str> = said.chain(named).collect();
    properties.sort_unstable();
    properties.dedup();
    properties
}

fn annotation(graph: &Graph) -> Result<NamedOrBlankNode, FeedbackError> {
    let types = [
        oa::ANNOTATION,
        dqv::QUALITY_ANNOTATION,
        dqv::USER_QUALITY_FEEDBACK,
    ];
    let is_one = |t: &&Triple| {
        t.predicate == oa::HAS_TARGET
            || (t.predicate == rdf::TYPE
                && types
                    .iter()
                    .any(|class| matches!(&t.object, Term::NamedNode(node) if node == class)))
    };
    let mut found: Vec<&NamedOrBlankNode> =
        graph.0.iter().filter(is_one).map(|t| &t.subject).collect();
    found.sort_unstable_by_key(|node| node.to_string());
    found.dedup();
    match found[..] {
        [one] => Ok(one.clone()),
        _ => {
            let expected = "one oa:Annotation with an oa:hasTarget";
            Err(one(
                "annotation",
                format!("{} annotations", found.len()),
                expected,
            ))
        }
    }
}

fn target(graph: &Graph, annotation: &NamedOrBlankNode) -> Result<String, FeedbackError> {
    let expected =
        "one target: the IRI of a dataset, or an oa:SpecificResource with it as its oa:hasSource";
    let targets: Vec<&Term> = graph.all(annotation, oa::HAS_TARGET).collect();
    let [target] = targets[..] else {
        return Err(one(
            "target",
            format!("{} targets", targets.len()),
            expected,
        ));
    };
    let source = node(target).and_then(|target| graph.first(&target, &[oa::HAS_SOURCE]).cloned());
    match source.as_ref().unwrap_or(target) {
        Term::NamedNode(dataset) => Ok(dataset.as_str().to_owned()),
        other => Err(one("target", quoted(&other.to_string()), expected)),
    }
}

fn kind(graph: &Graph, annotation: &NamedOrBlankNode) -> Result<Kind, FeedbackError> {
    let motivated = |by| graph.has(annotation, oa::MOTIVATED_BY, by);
    let is = |class| graph.has(annotation, rdf::TYPE, class);
    if motivated(oa::EDITING) {
        return Ok(Kind::Correction);
    }
    let assesses = [oa::ASSESSING, oa::COMMENTING, dqv::QUALITY_ASSESSMENT]
        .into_iter()
        .any(motivated);
    if assesses || is(dqv::QUALITY_ANNOTATION) || is(dqv::USER_QUALITY_FEEDBACK) {
        return Ok(Kind::Remark);
    }
    let found: Vec<String> = graph
        .all(annotation, oa::MOTIVATED_BY)
        .map(Term::to_string)
        .collect();
    let found = if found.is_empty() {
        "nothing".to_owned()
    } else {
        found.join(", ")
    };
    let expected =
        "oa:editing for a correction; oa:assessing or dqv:qualityAssessment for a remark";
    Err(one("motivation", found, expected))
}

fn value(term: &Term, key: &str) -> Result<Value, FeedbackError> {
    match term {
        Term::NamedNode(node) => Ok(Value::Iri {
            iri: node.as_str().to_owned(),
        }),
        Term::Literal(literal) => {
            let text = literal.value().to_owned();
            Ok(match literal.language() {
                Some(lang) => Value::Tagged {
                    text,
                    lang: lang.to_owned(),
                },
                None if literal.datatype() == oxrdf::vocab::xsd::STRING => Value::Text(text),
                None => Value::Typed {
                    text,
                    datatype: literal.datatype().as_str().to_owned(),
                },
            })
        }
        other => Err(one(key, other.to_string(), "a literal or an IRI")),
    }
}

/// Name, and where they can be asked.
fn person(graph: &Graph, who: &Term) -> (Option<String>, Option<String>) {
    let is_address = |iri: &str| iri.starts_with("mailto:") || iri.starts_with("tel:");
    let plain = |term: &Term| match term {
        Term::Literal(literal) => literal.value().to_owned(),
        Term::NamedNode(node) => node.as_str().to_owned(),
        other => other.to_string(),
    };
    let Some(agent) = node(who) else {
        return (Some(plain(who)), None);
    };
    let name = graph
        .first(&agent, &[foaf::NAME, schema::NAME, vcard::FN, rdfs::LABEL])
        .map(plain);
    let reached = [
        foaf::MBOX,
        foaf::PHONE,
        schema::EMAIL,
        vcard::HAS_EMAIL,
        vcard::HAS_TELEPHONE,
    ];
    let mut contact: Vec<String> = reached
        .iter()
        .flat_map(|p| graph.all(&agent, *p))
        .map(plain)
        .collect();
    let own = match who {
        Term::NamedNode(iri) if is_address(iri.as_str()) => {
            contact.push(iri.as_str().to_owned());
            None
        }
        // One of whom more is said would have a name.
        Term::NamedNode(iri) if !graph.0.iter().any(|t| t.subject == agent) => {
            Some(iri.as_str().to_owned())
        }
        _ => None,
    };
    let contact = contact.join(", ");
    (
        name.or(own),
        Some(contact).filter(|contact| !contact.is_empty()),
    )
}
