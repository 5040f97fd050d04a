//! The values of a correction, brought to the form in which everything else is kept: by the normaliser, as if the source
//! had said them.
//!
//! Start at [`read`]. A value that the normaliser has something against is refused where it is to be published, and taken
//! as it comes where it is only expected: sources say what they say.

use super::property::property;
use super::{Change, Draft, Problem};
use crate::store::lines::{iri, split};
use harvestd_vocab::containment::is_containment;
use harvestd_vocab::links::{self, is_http};
use harvestd_vocab::literals::parsed;
use harvestd_vocab::terms::{dcat, expanded, prefixed, xsd};
use harvestd_vocab::{Class, Context, Description, Finding, normalise};
use oxrdf::{Literal, NamedNode, NamedNodeRef, Term, Triple};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A value as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Words; for a property that wants a link, a date or a number, the text of one.
    Text(String),
    Tagged {
        text: String,
        lang: String,
    },
    /// `datatype` is `xsd:date` or a whole IRI.
    Typed {
        text: String,
        datatype: String,
    },
    Iri {
        iri: String,
    },
}

/// A value as it is kept: what stands as object, and what is said of the nodes that it brings with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// As written.
    pub text: String,
    /// Written without language, datatype or IRI.
    pub plain: bool,
    /// Tokens of N-Triples. Nodes stand under [`RECORD`].
    pub objects: Vec<String>,
    pub lines: Vec<String>,
}

/// Names nodes until the record is known.
const BASE: &str = "https://overrides.invalid/";
pub(super) const RECORD: &str = "https://overrides.invalid/record/o/k";
const ENTITY: &str = "https://corrected.invalid/dataset";
const DISTRIBUTION: &str = "https://corrected.invalid/distribution";

/// Reads everything of a draft; None: a whole distribution is to go.
pub(super) fn read(draft: &Draft) -> Result<Option<Change>, Vec<Problem>> {
    let mut problems = Vec::new();
    if !is_entity(&draft.dataset) {
        let found = format!("{:?}", draft.dataset);
        let expected = "the IRI of a dataset as it is published, as \"https://…\"";
        problems.push(Problem::new("dataset", found, expected));
    }
    for (key, text) in [("who", &draft.who), ("why", &draft.why)] {
        if text.trim().is_empty() {
            problems.push(Problem::new(key, "an empty text", "a text"));
        }
    }
    if let Some(address) = &draft.distribution
        && links::link(address).is_err()
    {
        let expected = "the IRI, access address or download address of a distribution";
        problems.push(Problem::new(
            "distribution",
            format!("{address:?}"),
            expected,
        ));
    }
    let change = match &draft.property {
        Some(written) => change(draft, written, &mut problems),
        None => {
            whole_distribution(draft, &mut problems);
            None
        }
    };
    if problems.is_empty() {
        Ok(change)
    } else {
        Err(problems)
    }
}

fn is_entity(written: &str) -> bool {
    is_http(written) && NamedNode::new(written).is_ok()
}

/// Without a property, a distribution is removed, and nothing else can be meant.
fn whole_distribution(draft: &Draft, problems: &mut Vec<Problem>) {
    if draft.distribution.is_none() {
        let expected = "a property, as \"dct:title\", or the distribution that is to go";
        problems.push(Problem::new("property", "nothing", expected));
    }
    for (key, said) in [
        ("expect", !draft.expect.is_empty()),
        ("set", !draft.set.is_empty()),
        ("lang", draft.lang.is_some()),
    ] {
        if said {
            let expected = "a property that it is about";
            problems.push(Problem::new(key, "a value without a property", expected));
        }
    }
}

fn change(draft: &Draft, written: &str, problems: &mut Vec<Problem>) -> Option<Change> {
    let found = property(written);
    let property = found.map_err(|problem| problems.push(problem)).ok()?;
    let lang = draft.lang.as_deref().map(tag);
    if lang == Some(None) {
        let found = format!("{:?}", draft.lang.as_deref().unwrap_or_default());
        problems.push(Problem::new("lang", found, LANGUAGE));
    }
    let lang = lang.flatten();
    if draft.set.is_empty() && draft.expect.is_empty() {
        let expected = "the values that are to be removed";
        problems.push(Problem::new("expect", "nothing", expected));
    }
    let reading = Reading {
        property: property.as_ref(),
        lang: lang.as_deref(),
        of_distribution: draft.distribution.is_some(),
    };
    let mut all = |key, values: &[Value]| -> Vec<Said> {
        let said = values.iter().map(|value| reading.value(key, value));
        said.filter_map(|said| said.map_err(|problem| problems.push(problem)).ok())
            .collect()
    };
    let (expect, set) = (all("expect", &draft.expect), all("set", &draft.set));
    let objects = |all: &[Said]| -> BTreeSet<String> {
        all.iter().flat_map(|said| said.objects.clone()).collect()
    };
    if !set.is_empty() && objects(&expect) == objects(&set) {
        let expected = "other values than expected";
        problems.push(Problem::new("set", "the same values", expected));
    }
    Some(Change {
        property,
        lang,
        expect,
        set,
    })
}

const LANGUAGE: &str = "a language tag, as \"zh-Hant\"";

/// As the store keeps it.
fn tag(written: &str) -> Option<String> {
    let literal = Literal::new_language_tagged_literal("", written).ok()?;
    literal.language().map(str::to_owned)
}

/// What the values of one property have to be.
struct Reading<'a> {
    property: NamedNodeRef<'a>,
    lang: Option<&'a str>,
    of_distribution: bool,
}

impl Reading<'_> {
    fn value(&self, key: &'static str, value: &Value) -> Result<Said, Problem> {
        let term = self.term(key, value)?;
        let publish = key == "set";
        if publish && matches!(term, Term::NamedNode(_)) && is_containment(self.property) {
            let found = format!("the IRI of a node that would belong to the dataset: {term}");
            return Err(Problem::new(key, found, "a text"));
        }
        let (body, findings) = self.normal(term);
        if publish && let Some(finding) = findings.first() {
            let found = format!("{:?} ({})", finding.found, finding.code);
            return Err(Problem::new(key, found, finding.expected.clone()));
        }
        let said = self.said(value, &body);
        if publish && said.objects.is_empty() {
            let found = format!("{} of which nothing is left", shown(value));
            let expected = format!("a value of {}", prefixed(self.property.as_str()));
            return Err(Problem::new(key, found, expected));
        }
        let in_language = |object: &String| object.ends_with(&format!("\"@{}", self.tag()));
        if publish && self.lang.is_some() && !said.objects.iter().all(in_language) {
            let found = format!("{}, which is in no language", shown(value));
            let expected = "a property that holds words, or no lang";
            return Err(Problem::new(key, found, expected));
        }
        Ok(said)
    }

    fn tag(&self) -> &str {
        self.lang.unwrap_or_default()
    }

    /// What is written, as a term.
    fn term(&self, key: &'static str, value: &Value) -> Result<Term, Problem> {
        match (value, self.lang) {
            (Value::Text(text), None) => Ok(Literal::new_simple_literal(text).into()),
            (Value::Text(text), Some(lang)) => {
                Ok(Literal::new_language_tagged_literal_unchecked(text, lang).into())
            }
            (Value::Tagged { text, lang }, None) => {
                let Some(tag) = tag(lang) else {
                    return Err(Problem::new(key, format!("{lang:?}"), LANGUAGE));
                };
                Ok(Literal::new_language_tagged_literal_unchecked(text, tag).into())
            }
            (Value::Typed { text, datatype }, None) => typed(key, text, datatype),
            (Value::Iri { iri }, None) => match NamedNode::new(iri) {
                Ok(node) => Ok(node.into()),
                Err(e) => {
                    let found = format!("{iri:?}: {e}");
                    Err(Problem::new(key, found, "an absolute IRI"))
                }
            },
            (_, Some(lang)) => {
                let found = format!("{}, though lang = {lang:?} says the language", shown(value));
                Err(Problem::new(key, found, "a text in quotes"))
            }
        }
    }

    /// The normal form of a description that says this alone, and what the normaliser finds wrong with it.
    fn normal(&self, value: Term) -> (String, Vec<Finding>) {
        let node = |iri: &str| NamedNode::new_unchecked(iri);
        let mut triples = Vec::new();
        if self.of_distribution {
            let distribution = node(DISTRIBUTION);
            triples.push(Triple::new(
                node(ENTITY),
                dcat::HAS_DISTRIBUTION,
                distribution,
            ));
        }
        triples.push(Triple::new(node(self.subject()), self.property, value));
        let description = Description {
            class: Class::Dataset,
            node: node(ENTITY).into(),
            triples,
        };
        let cx = Context {
            base: BASE.to_owned(),
            source: "o".to_owned(),
            language: None,
            offset_minutes: None,
            shared_agencies: false,
        };
        // Refused is only what has no key.
        let Ok(normal) = normalise(description, "k", &cx) else {
            return (String::new(), Vec::new());
        };
        let path = prefixed(self.property.as_str());
        let mut findings = normal.findings;
        findings.retain(|finding| finding.path == path);
        (normal.body, findings)
    }

    fn subject(&self) -> &'static str {
        if self.of_distribution {
            DISTRIBUTION
        } else {
            ENTITY
        }
    }

    /// Of a normal description, the objects of the property and the nodes they bring.
    fn said(&self, value: &Value, body: &str) -> Said {
        let all: Vec<(&str, &str, &str)> = body.lines().filter_map(split).collect();
        let is = |token: &str, wanted: &str| iri(token) == Some(wanted);
        let objects: Vec<&str> = all
            .iter()
            .filter(|(s, p, _)| is(s, self.subject()) && is(p, self.property.as_str()))
            .map(|(_, _, o)| *o)
            .collect();
        let own = |token: &str| {
            iri(token).is_some_and(|i| i.starts_with("https://overrides.invalid/record/o/k#"))
        };
        let (mut reached, mut lines) = (BTreeSet::new(), Vec::new());
        let mut next: Vec<&str> = objects.iter().copied().filter(|o| own(o)).collect();
        while let Some(node) = next.pop() {
            if !reached.insert(node) {
                continue;
            }
            for (s, p, o) in all.iter().filter(|(s, ..)| *s == node) {
                lines.push(format!("{s} {p} {o} .\n"));
                next.extend(Some(*o).filter(|o| own(o)));
            }
        }
        let (Value::Text(text)
        | Value::Tagged { text, .. }
        | Value::Typed { text, .. }
        | Value::Iri { iri: text }) = value;
        Said {
            text: text.trim().to_owned(),
            plain: matches!(value, Value::Text(_)),
            objects: objects.into_iter().map(str::to_owned).collect(),
            lines,
        }
    }
}

fn typed(key: &'static str, text: &str, datatype: &str) -> Result<Term, Problem> {
    let of_xsd = datatype
        .strip_prefix("xsd:")
        .map(|local| format!("{}{local}", xsd::NS));
    let iri = of_xsd
        .or_else(|| expanded(datatype))
        .unwrap_or_else(|| datatype.to_owned());
    let Some(known) = NamedNode::new(iri).ok().filter(|iri| is_http(iri.as_str())) else {
        let expected = "a datatype, as \"xsd:date\", or its whole IRI";
        return Err(Problem::new(key, format!("{datatype:?}"), expected));
    };
    let of_schema = known.as_str().strip_prefix(xsd::NS);
    let as_text = matches!(
        of_schema,
        None | Some(
            "string" | "anyURI" | "hexBinary" | "base64Binary" | "token" | "normalizedString"
        )
    );
    if key == "set" && !as_text && parsed(text, &known).is_none() {
        let expected = format!("a value of {datatype}");
        return Err(Problem::new(key, format!("{text:?}"), expected));
    }
    Ok(Literal::new_typed_literal(text, known).into())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Tagged { text, .. } | Value::Typed { text, .. } => {
            format!("{text:?}")
        }
        Value::Iri { iri } => format!("<{iri}>"),
    }
}
