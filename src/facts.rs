//! A description as the doors read it: what it says, by subject, and in the language that somebody wants.
//!
//! The one reader of descriptions: borrows from lines of N-Triples or from triples. Reads no store and changes nothing; what a
//! value means is for who renders it. Start at [`Facts::of`].

use crate::store::lines::{iri, split};
use harvestd_vocab::quality;
use harvestd_vocab::terms::{dct, foaf, rdfs, skos, vcard};
use oxrdf::vocab::rdf;
use oxrdf::{NamedNodeRef, NamedOrBlankNode, Term, Triple};
use std::borrow::Cow;

/// Languages in the order in which somebody would have them; an empty one is a text without a language. Each stands for what
/// is more narrow too: `zh` for `zh-hans`.
pub type Languages = &'static [&'static str];

pub const CHINESE_FIRST: Languages = &["zh-hant", "zh-tw", "zh", "", "en"];
pub const ENGLISH_FIRST: Languages = &["en", "", "zh-hant", "zh-tw", "zh"];

/// Properties that say what something is called, the most telling first.
pub const NAMES: [NamedNodeRef<'_>; 5] = [
    foaf::NAME,
    skos::PREF_LABEL,
    dct::TITLE,
    rdfs::LABEL,
    vcard::FN,
];

/// A description: its statements, those of a subject side by side.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// Sorted by subject, those of one in the order of their lines.
    said: Vec<Statement<'a>>,
}

/// What is said of a subject.
#[derive(Debug)]
pub struct Statement<'a> {
    subject: &'a str,
    pub property: &'a str,
    pub value: Value<'a>,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    Iri(&'a str),
    Literal(Text<'a>),
}

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    value: Cow<'a, str>,
    language: &'a str,
    datatype: &'a str,
}

impl<'a> Text<'a> {
    /// As a line of N-Triples has it.
    fn of(token: &'a str) -> Option<Self> {
        let (written, after) = token.strip_prefix('"')?.rsplit_once('"')?;
        Some(Self {
            value: unescaped(written),
            language: after.strip_prefix('@').unwrap_or_default(),
            datatype: after.strip_prefix("^^").and_then(iri).unwrap_or_default(),
        })
    }

    pub fn value(&self) -> &str {
        &self.value
    }

    /// The tag in lower case. None: the words are of no language.
    pub fn language(&self) -> Option<&'a str> {
        (!self.language.is_empty()).then_some(self.language)
    }

    /// IRI of the datatype; empty where a line of N-Triples names none.
    pub fn datatype(&self) -> &'a str {
        self.datatype
    }

    pub fn is_typed(&self, datatype: NamedNodeRef<'_>) -> bool {
        self.datatype == datatype.as_str()
    }

    pub fn speaks(&self, language: &str) -> bool {
        speaks(self.language, language)
    }
}

/// `zh-hant-tw` is `zh-hant`, and `zh`.
fn speaks(tag: &str, language: &str) -> bool {
    let narrower = tag.strip_prefix(language);
    narrower.is_some_and(|rest| rest.is_empty() || !language.is_empty() && rest.starts_with('-'))
}

/// The place of a tag (empty: of no language) in an order of languages.
pub fn rank(tag: &str, languages: Languages) -> usize {
    let place = languages.iter().position(|liked| speaks(tag, liked));
    place.unwrap_or(languages.len())
}

impl<'a> Facts<'a> {
    /// Of lines of N-Triples. What is no statement is passed over: a body that we hold has none.
    pub fn of(body: &'a str) -> Self {
        Self::sorted(body.lines().filter_map(statement).collect())
    }

    /// Of two texts: a description, and the names of what it refers to.
    pub fn of_both(own: &'a str, named: &'a str) -> Self {
        let lines = own.lines().chain(named.lines());
        Self::sorted(lines.filter_map(statement).collect())
    }

    /// Of triples, in the order that their lines would have.
    pub fn of_triples(triples: &'a [Triple]) -> Self {
        let mut sorted: Vec<&Triple> = triples.iter().collect();
        sorted.sort_by_cached_key(|triple| triple.to_string());
        Self::sorted(sorted.into_iter().filter_map(spoken).collect())
    }

    fn sorted(mut said: Vec<Statement<'a>>) -> Self {
        said.sort_by_key(|statement| statement.subject);
        Self { said }
    }

    /// Everything that is said of a node.
    pub fn all(&self, node: &str) -> &[Statement<'a>] {
        let from = self.said.partition_point(|s| s.subject < node);
        let rest = self.said.get(from..).unwrap_or_default();
        let many = rest.partition_point(|s| s.subject == node);
        rest.get(..many).unwrap_or_default()
    }

    /// All values of a property, in the order of the lines.
    pub fn values<'s, 'p>(
        &'s self,
        node: &str,
        property: NamedNodeRef<'p>,
    ) -> impl Iterator<Item = &'s Value<'a>> + use<'a, 's, 'p> {
        let all = self.all(node).iter();
        all.filter(move |said| said.property == property.as_str())
            .map(|said| &said.value)
    }

    pub fn iris<'s, 'p>(
        &'s self,
        node: &str,
        property: NamedNodeRef<'p>,
    ) -> impl Iterator<Item = &'a str> + use<'a, 's, 'p> {
        self.values(node, property).filter_map(|value| match value {
            Value::Iri(iri) => Some(*iri),
            Value::Literal(_) => None,
        })
    }

    pub fn iri(&self, node: &str, property: NamedNodeRef<'_>) -> Option<&'a str> {
        self.iris(node, property).next()
    }

    pub fn texts<'s, 'p>(
        &'s self,
        node: &str,
        property: NamedNodeRef<'p>,
    ) -> impl Iterator<Item = &'s Text<'a>> + use<'a, 's, 'p> {
        self.values(node, property).filter_map(|value| match value {
            Value::Literal(text) => Some(text),
            Value::Iri(_) => None,
        })
    }

    /// The words in the language that is liked best; of equals the first. Blanks are no words.
    pub fn best(
        &self,
        node: &str,
        property: NamedNodeRef<'_>,
        languages: Languages,
    ) -> Option<&Text<'a>> {
        let texts = self.texts(node, property);
        let words = texts.filter(|text| !text.value().trim().is_empty());
        words.min_by_key(|text| rank(text.language, languages))
    }

    /// The same, as it stands.
    pub fn text(
        &self,
        node: &str,
        property: NamedNodeRef<'_>,
        languages: Languages,
    ) -> Option<&str> {
        self.best(node, property, languages).map(Text::value)
    }

    /// The words in one language.
    pub fn text_in(&self, node: &str, property: NamedNodeRef<'_>, language: &str) -> Option<&str> {
        let mut texts = self.texts(node, property);
        let text = texts.find(|text| text.speaks(language))?;
        Some(text.value())
    }

    /// What a node is called.
    pub fn called(&self, node: &str, languages: Languages) -> Option<&Text<'a>> {
        let mut names = NAMES.into_iter();
        names.find_map(|name| self.best(node, name, languages))
    }

    pub fn name(&self, node: &str, languages: Languages) -> Option<&str> {
        self.called(node, languages).map(Text::value)
    }

    /// A value for people: its own words, or the name of the node that it is.
    pub fn label(
        &self,
        node: &str,
        property: NamedNodeRef<'_>,
        languages: Languages,
    ) -> Option<&str> {
        let named = || {
            self.iris(node, property)
                .find_map(|iri| self.name(iri, languages))
        };
        self.text(node, property, languages).or_else(named)
    }

    /// A value for people: its own words, or an IRI as it is.
    pub fn word(
        &self,
        node: &str,
        property: NamedNodeRef<'_>,
        languages: Languages,
    ) -> Option<&str> {
        self.text(node, property, languages)
            .or_else(|| self.iri(node, property))
    }

    pub fn is_a(&self, node: &str, class: NamedNodeRef<'_>) -> bool {
        self.iris(node, rdf::TYPE)
            .any(|found| found == class.as_str())
    }

    /// Does the description say anything of the node?
    pub fn knows(&self, node: &str) -> bool {
        !self.all(node).is_empty()
    }

    /// Who says this of that: the subjects that have the node as a value of the property, sorted.
    pub fn subjects(&self, property: NamedNodeRef<'_>, node: &str) -> Vec<&'a str> {
        let says = self
            .said
            .iter()
            .filter(|said| said.property == property.as_str() && said.value == Value::Iri(node));
        let mut found: Vec<&str> = says.map(|said| said.subject).collect();
        found.dedup();
        found
    }

    /// The nodes that are referred to and not described.
    pub fn references(&self) -> impl Iterator<Item = &'a str> {
        let iris = self.said.iter().filter_map(|said| match said.value {
            Value::Iri(iri) if said.property != rdf::TYPE.as_str() => Some(iri),
            _ => None,
        });
        iris.filter(move |iri| !self.knows(iri))
    }
}

impl quality::Facts for Facts<'_> {
    fn each<'s>(&'s self, node: &str, tell: &mut dyn FnMut(&'s str, quality::Value<'s>)) {
        for said in self.all(node) {
            let value = match &said.value {
                Value::Iri(iri) => quality::Value::Iri(iri),
                Value::Literal(text) => quality::Value::Text(text.value()),
            };
            tell(said.property, value);
        }
    }
}

/// An entity with its description and the names of what that refers to.
pub struct Told<'a> {
    pub iri: &'a str,
    /// The description itself, as N-Triples. Empty where nothing is held under the IRI.
    pub body: &'a str,
    pub facts: Facts<'a>,
}

impl<'a> Told<'a> {
    pub fn of(iri: &'a str, body: &'a str, named: &'a str) -> Self {
        Self {
            iri,
            body,
            facts: Facts::of_both(body, named),
        }
    }
}

fn statement(line: &str) -> Option<Statement<'_>> {
    let (subject, property, object) = split(line)?;
    let value = match iri(object) {
        Some(iri) => Value::Iri(iri),
        None => Value::Literal(Text::of(object)?),
    };
    Some(Statement {
        subject: iri(subject)?,
        property: iri(property)?,
        value,
    })
}

fn spoken(triple: &Triple) -> Option<Statement<'_>> {
    let NamedOrBlankNode::NamedNode(subject) = &triple.subject else {
        return None;
    };
    let value = match &triple.object {
        Term::NamedNode(iri) => Value::Iri(iri.as_str()),
        Term::Literal(text) => Value::Literal(Text {
            value: Cow::Borrowed(text.value()),
            language: text.language().unwrap_or_default(),
            datatype: text.datatype().as_str(),
        }),
        Term::BlankNode(_) => return None,
    };
    Some(Statement {
        subject: subject.as_str(),
        property: triple.predicate.as_str(),
        value,
    })
}

/// The last part of an IRI: `CSV` of `…/file-type/CSV`.
pub fn last_part(iri: &str) -> &str {
    let end = iri.trim_end_matches(['/', '#']);
    end.rsplit(['/', '#']).next().unwrap_or(end)
}

/// The characters that a literal of N-Triples stands for (RDF 1.1 N-Triples, section 7).
fn unescaped(written: &str) -> Cow<'_, str> {
    let Some(first) = written.find('\\') else {
        return Cow::Borrowed(written);
    };
    let mut out = String::with_capacity(written.len());
    out.push_str(&written[..first]);
    let mut rest = written[first..].chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some(long @ ('u' | 'U')) => {
                let digits = if long == 'u' { 4 } else { 8 };
                let code = rest.by_ref().take(digits).collect::<String>();
                let code = u32::from_str_radix(&code, 16).ok();
                out.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use harvestd_vocab::terms::{dcat, dct, foaf};

    const BODY: &str = "<e:c> <http://www.w3.org/ns/dcat#dataset> <e:d> .\n\
        <e:d> <http://purl.org/dc/terms/modified> \"2026\"^^<http://www.w3.org/2001/XMLSchema#gYear> .\n\
        <e:d> <http://purl.org/dc/terms/title> \"Rain \\\"now\\\"\\u00b7\"@en .\n\
        <e:d> <http://purl.org/dc/terms/title> \"\u{96e8}\\n\"@zh-hant .\n\
        <e:d> <http://purl.org/dc/terms/publisher> <e:p> .\n";

    #[test]
    fn facts_are_found_by_node_and_property() {
        let facts = Facts::of(BODY);
        assert_eq!(
            facts.text("e:d", dct::TITLE, CHINESE_FIRST),
            Some("\u{96e8}\n")
        );
        assert_eq!(
            facts.text("e:d", dct::TITLE, ENGLISH_FIRST),
            Some("Rain \"now\"\u{b7}")
        );
        assert_eq!(
            facts.word("e:d", dct::PUBLISHER, CHINESE_FIRST),
            Some("e:p")
        );
        let modified = facts.texts("e:d", dct::MODIFIED).next();
        assert!(modified.is_some_and(|text| text.datatype.ends_with("#gYear")));
        assert_eq!(facts.subjects(dcat::HAS_DATASET, "e:d"), ["e:c"]);
        assert_eq!(facts.text("e:d", foaf::NAME, CHINESE_FIRST), None);
        assert!(facts.knows("e:c") && !facts.knows("e:p"));
    }
}
