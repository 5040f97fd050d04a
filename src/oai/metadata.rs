//! Metadata of a record: simple Dublin Core, and the whole description in RDF/XML. Start at [`dublin_core`].

use super::{Escaped, in_xml};
use crate::facts::{CHINESE_FIRST, Told, Value};
use harvestd_vocab::terms::{dcat, dct, foaf};
use oxigraph::{
    io::{RdfFormat, RdfParser, RdfSerializer},
    model::{NamedNodeRef, Term, Triple, vocab::rdf},
};
use std::{collections::BTreeSet, fmt::Write, io};

/// What of a description stands in which element; formats are of its distributions.
const ELEMENTS: &[(&str, &[NamedNodeRef<'static>])] = &[
    ("title", &[dct::TITLE]),
    ("creator", &[dct::CREATOR]),
    ("subject", &[dcat::KEYWORD, dcat::THEME]),
    ("description", &[dct::DESCRIPTION]),
    ("publisher", &[dct::PUBLISHER]),
    ("contributor", &[dct::CONTRIBUTOR]),
    ("date", &[dct::ISSUED, dct::MODIFIED]),
    ("identifier", &[dct::IDENTIFIER, dcat::LANDING_PAGE]),
    ("source", &[dct::SOURCE]),
    ("language", &[dct::LANGUAGE]),
    ("relation", &[dct::RELATION, dct::IS_PART_OF]),
    ("coverage", &[dct::SPATIAL]),
    ("rights", &[dct::LICENSE, dct::ACCESS_RIGHTS, dct::RIGHTS]),
];

pub(super) fn dublin_core(told: &Told<'_>, text: &mut String) {
    let node = told.iri;
    text.push_str(
        "<oai_dc:dc xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/oai_dc/ http://www.openarchives.org/OAI/2.0/oai_dc.xsd\">\n",
    );
    let distributions: Vec<&str> = told.facts.iris(node, dcat::HAS_DISTRIBUTION).collect();
    let formats = distributions.iter().flat_map(|node| {
        let typed = told.facts.iris(node, dct::FORMAT);
        typed.chain(told.facts.iris(node, dcat::MEDIA_TYPE))
    });
    let formats: BTreeSet<&str> = formats.collect();
    for (element, properties) in ELEMENTS {
        for property in *properties {
            for value in told.facts.values(node, *property) {
                dublin_core_value(told, element, value, text);
            }
        }
        if *element == "identifier" {
            let _ = writeln!(text, "<dc:identifier>{}</dc:identifier>", Escaped(node));
        }
    }
    text.push_str("<dc:type>Dataset</dc:type>\n");
    for format in formats {
        let _ = writeln!(text, "<dc:format>{}</dc:format>", Escaped(format));
    }
    text.push_str("</oai_dc:dc>\n");
}

fn dublin_core_value(told: &Told<'_>, element: &str, value: &Value<'_>, text: &mut String) {
    let (said, language) = match value {
        Value::Literal(text) => (Some(text.value()), text.language()),
        // What has a name goes by it; what is only a part of the description and has none says nothing alone.
        Value::Iri(node) => {
            let name = told.facts.name(node, CHINESE_FIRST);
            let address = || (!told.facts.knows(node)).then_some(*node);
            (name.or_else(address), None)
        }
    };
    if let Some(said) = said {
        let tag = language.map_or(String::new(), |tag| {
            format!(" xml:lang=\"{}\"", Escaped(tag))
        });
        let _ = writeln!(text, "<dc:{element}{tag}>{}</dc:{element}>", Escaped(said));
    }
}

/// The description as RDF/XML, without the line that declares XML. RDF/XML has no words for some properties and classes
/// (section 5.3 of its specification: no name that XML takes): such a triple is left out, and a comment says how many are.
pub(super) fn rdf_xml(told: &Told<'_>) -> io::Result<String> {
    let mut serializer = RdfSerializer::from_format(RdfFormat::RdfXml);
    for (prefix, namespace) in [("dcat", dcat::NS), ("dct", dct::NS), ("foaf", foaf::NS)] {
        serializer = serializer
            .with_prefix(prefix, namespace)
            .map_err(io::Error::other)?;
    }
    let mut serializer = serializer.for_writer(Vec::new());
    let mut left_out = 0_usize;
    let parser = RdfParser::from_format(RdfFormat::NTriples);
    for quad in parser.for_slice(told.body.as_bytes()) {
        let triple = Triple::from(quad.map_err(io::Error::other)?);
        if is_writable(&triple) {
            serializer.serialize_triple(&triple)?;
        } else {
            left_out += 1;
        }
    }
    let text = String::from_utf8(serializer.finish()?).map_err(io::Error::other)?;
    let body = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or(rest, |(_, body)| body),
        None => &text,
    };
    let mut sound = String::with_capacity(body.len());
    if left_out > 0 {
        let _ = writeln!(
            sound,
            "<!-- left out: {left_out} that RDF/XML cannot say -->"
        );
    }
    for c in body.chars() {
        match c {
            // As it is, a reader of XML would take it for the end of a line.
            '\r' => sound.push_str("&#13;"),
            c if in_xml(c) => sound.push(c),
            _ => sound.push('\u{fffd}'),
        }
    }
    Ok(sound)
}

/// Is there an element for the property, and for the class where it says one?
fn is_writable(triple: &Triple) -> bool {
    let class = match &triple.object {
        Term::NamedNode(class) if triple.predicate == rdf::TYPE => Some(class.as_str()),
        _ => None,
    };
    is_element(triple.predicate.as_str()) && class.is_none_or(is_element)
}

fn is_element(iri: &str) -> bool {
    /// What means something else as an element of RDF/XML (section 7.2.2 and after).
    const RESERVED: [&str; 12] = [
        "Description",
        "RDF",
        "ID",
        "about",
        "parseType",
        "resource",
        "nodeID",
        "datatype",
        "li",
        "aboutEach",
        "aboutEachPrefix",
        "bagID",
    ];
    /// Namespaces that no other prefix may stand for (Namespaces in XML 1.0, section 3).
    const OF_XML: [&str; 2] = [
        "http://www.w3.org/2000/xmlns/",
        "http://www.w3.org/XML/1998/namespace",
    ];
    let own = iri.strip_prefix("http://www.w3.org/1999/02/22-rdf-syntax-ns#");
    let name = iri.rsplit(|c| !is_name(c)).next().unwrap_or_default();
    name.contains(begins_name)
        && own.is_none_or(|own| !RESERVED.contains(&own))
        && !OF_XML.iter().any(|namespace| iri.starts_with(namespace))
}

/// XML 1.0, section 2.3, without the colon.
fn begins_name(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

fn is_name(c: char) -> bool {
    begins_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_rdf_xml_cannot_say_is_left_out_and_counted() {
        let said = "<http://a/1> <http://a/說明> \"a\\rb\" .\n";
        let unsayable = "<http://a/1> <http://a/12> \"x\" .\n\
            <http://a/1> <http://a/p#> \"x\" .\n\
            <http://a/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#li> \"x\" .\n\
            <http://a/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://a/class/> .\n\
            <http://a/1> <http://www.w3.org/XML/1998/namespacelang> \"x\" .\n";
        let body = format!("{unsayable}{said}");
        let told = Told::of("http://a/1", &body, "");
        let text = rdf_xml(&told).unwrap();
        assert!(text.starts_with("<!-- left out: 5 "), "{text}");
        let read: Vec<String> = RdfParser::from_format(RdfFormat::RdfXml)
            .for_slice(text.as_bytes())
            .map(|quad| format!("{} .\n", Triple::from(quad.unwrap())))
            .collect();
        assert_eq!(read, [said]);
    }
}
