//! A description as the doors read it: what its lines of N-Triples say, by subject.
//!
//! Borrows from the body and decodes a literal when it is asked for. Reads no store and changes nothing; what a value means is
//! for who renders it. Start at [`Facts`].

use crate::store::lines::{iri, split};
use oxrdf::NamedNodeRef;
use oxrdf::vocab::rdf;
use std::borrow::Cow;

/// Whose words come first where a door has room for one language: Chinese, then words without a language, then English.
pub const LANGUAGES: [&str; 3] = ["zh", "", "en"];

/// A description: its statements, those of a subject side by side.
pub struct Facts<'a> {
    /// Sorted by subject, those of one in the order of the lines.
    said: Vec<Statement<'a>>,
}

struct Statement<'a> {
    subject: &'a str,
    property: &'a str,
    value: Value<'a>,
}

/// An object as it stands in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Iri(&'a str),
    Literal(Text<'a>),
}

/// A literal. `written` is still escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    written: &'a str,
    /// Lower case, empty where there is none.
    pub language: &'a str,
    /// IRI of the datatype, empty where the line names none.
    pub datatype: &'a str,
}

impl<'a> Text<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let (written, after) = token.strip_prefix('"')?.rsplit_once('"')?;
        Some(Self {
            written,
            language: after.strip_prefix('@').unwrap_or_default(),
            datatype: after.strip_prefix("^^").and_then(iri).unwrap_or_default(),
        })
    }

    pub fn value(&self) -> Cow<'a, str> {
        unescaped(self.written)
    }

    /// `zh-hant-tw` is `zh`.
    pub fn speaks(&self, language: &str) -> bool {
        self.language.split('-').next().unwrap_or_default() == language
    }
}

impl<'a> Facts<'a> {
    /// Lines that are no statements are passed over: a body that we hold has none.
    pub fn of(body: &'a str) -> Self {
        let mut said: Vec<Statement<'_>> = body.lines().filter_map(statement).collect();
        said.sort_by_key(|statement| statement.subject);
        Self { said }
    }

    fn about(&self, node: &str) -> &[Statement<'a>] {
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
    ) -> impl Iterator<Item = Value<'a>> + use<'a, 's, 'p> {
        let about = self.about(node).iter();
        about
            .filter(move |said| said.property == property.as_str())
            .map(|said| said.value)
    }

    pub fn iris<'s, 'p>(
        &'s self,
        node: &str,
        property: NamedNodeRef<'p>,
    ) -> impl Iterator<Item = &'a str> + use<'a, 's, 'p> {
        self.values(node, property).filter_map(|value| match value {
            Value::Iri(iri) => Some(iri),
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
    ) -> impl Iterator<Item = Text<'a>> + use<'a, 's, 'p> {
        self.values(node, property).filter_map(|value| match value {
            Value::Literal(text) => Some(text),
            Value::Iri(_) => None,
        })
    }

    /// The words in the language that comes first in [`LANGUAGES`], else in any.
    pub fn text(&self, node: &str, property: NamedNodeRef<'_>) -> Option<Cow<'a, str>> {
        let texts: Vec<Text<'a>> = self.texts(node, property).collect();
        best(&texts).map(|text| text.value())
    }

    /// The words in one language.
    pub fn text_in(
        &self,
        node: &str,
        property: NamedNodeRef<'_>,
        language: &str,
    ) -> Option<Cow<'a, str>> {
        let mut texts = self.texts(node, property);
        let text = texts.find(|text| text.speaks(language))?;
        Some(text.value())
    }

    /// A value for people: the words of a literal, or an IRI as it is.
    pub fn word(&self, node: &str, property: NamedNodeRef<'_>) -> Option<Cow<'a, str>> {
        self.text(node, property)
            .or_else(|| self.iri(node, property).map(Cow::Borrowed))
    }

    pub fn is_a(&self, node: &str, class: NamedNodeRef<'_>) -> bool {
        self.iris(node, rdf::TYPE)
            .any(|found| found == class.as_str())
    }

    /// Does the description say anything of the node?
    pub fn knows(&self, node: &str) -> bool {
        !self.about(node).is_empty()
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

/// Of several literals the one whose language comes first.
pub fn best<'t, 'a>(texts: &'t [Text<'a>]) -> Option<&'t Text<'a>> {
    LANGUAGES
        .iter()
        .find_map(|language| texts.iter().find(|text| text.speaks(language)))
        .or_else(|| texts.first())
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
        assert_eq!(facts.text("e:d", dct::TITLE).as_deref(), Some("\u{96e8}\n"));
        assert_eq!(
            facts.text_in("e:d", dct::TITLE, "en").as_deref(),
            Some("Rain \"now\"\u{b7}")
        );
        assert_eq!(facts.word("e:d", dct::PUBLISHER).as_deref(), Some("e:p"));
        let modified = facts.texts("e:d", dct::MODIFIED).next();
        assert!(modified.is_some_and(|text| text.datatype.ends_with("#gYear")));
        assert_eq!(facts.subjects(dcat::HAS_DATASET, "e:d"), ["e:c"]);
        assert_eq!(facts.text("e:d", foaf::NAME), None);
        assert!(facts.knows("e:c") && !facts.knows("e:p"));
    }
}
