//! Metadata of a record: simple Dublin Core, and the whole description in RDF/XML. Start at [`dublin_core`].

use super::{Escaped, in_xml};
use crate::reading::Reading;
use harvestd_vocab::terms::{dcat, dct, foaf};
use oxigraph::{
    io::{RdfFormat, RdfSerializer},
    model::{NamedNodeRef, Term},
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

pub(super) fn dublin_core(reading: &Reading, text: &mut String) {
    let node = reading.iri.as_str();
    text.push_str(
        "<oai_dc:dc xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/oai_dc/ http://www.openarchives.org/OAI/2.0/oai_dc.xsd\">\n",
    );
    let distributions: Vec<&str> = reading.iris(node, dcat::HAS_DISTRIBUTION).collect();
    let formats = distributions.iter().flat_map(|node| {
        let typed = reading.iris(node, dct::FORMAT);
        typed.chain(reading.iris(node, dcat::MEDIA_TYPE))
    });
    let formats: BTreeSet<&str> = formats.collect();
    for (element, properties) in ELEMENTS {
        for property in *properties {
            for value in reading.values(node, *property) {
                dublin_core_value(reading, element, value, text);
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

fn dublin_core_value(reading: &Reading, element: &str, value: &Term, text: &mut String) {
    let (said, language) = match value {
        Term::Literal(literal) => (Some(literal.value()), literal.language()),
        // What has a name goes by it; what is only a part of the description and has none says nothing alone.
        Term::NamedNode(node) => {
            let name = reading.name(node.as_str(), "zh");
            let address = || (!reading.tells_of(node.as_str())).then_some(node.as_str());
            (name.or_else(address), None)
        }
        _ => (None, None),
    };
    if let Some(said) = said {
        let tag = language.map_or(String::new(), |tag| {
            format!(" xml:lang=\"{}\"", Escaped(tag))
        });
        let _ = writeln!(text, "<dc:{element}{tag}>{}</dc:{element}>", Escaped(said));
    }
}

/// The description as RDF/XML, without the line that declares XML.
pub(super) fn rdf_xml(reading: &Reading) -> io::Result<String> {
    let mut serializer = RdfSerializer::from_format(RdfFormat::RdfXml);
    for (prefix, namespace) in [("dcat", dcat::NS), ("dct", dct::NS), ("foaf", foaf::NS)] {
        serializer = serializer
            .with_prefix(prefix, namespace)
            .map_err(io::Error::other)?;
    }
    let mut serializer = serializer.for_writer(Vec::new());
    for triple in reading.triples() {
        serializer.serialize_triple(triple)?;
    }
    let text = String::from_utf8(serializer.finish()?).map_err(io::Error::other)?;
    let body = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or(rest, |(_, body)| body),
        None => &text,
    };
    let sound = body.chars().map(|c| if in_xml(c) { c } else { '\u{fffd}' });
    Ok(sound.collect())
}
