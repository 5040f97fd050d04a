//! A page for people: what is said of an entity, in plain HTML, without scripts, and with what crawlers read in it.
//!
//! Everything that comes from elsewhere is escaped, and only web addresses become links. Start at [`document`].

use super::{Said, is_web};
use crate::{
    facts::{self, Text, last_part},
    serve::html::{self, escape},
};
use harvestd_vocab::terms::{dcat, dct};
use serde_json::Value;
use std::fmt::Write as _;

/// Distributions and other contained nodes are shown this deep.
const DEPTH_MAX: usize = 4;

/// Forms of the same that a page leads to: what `format` says, its media type, and what it is called.
const FORMS: [(&str, &str, &str); 5] = [
    ("ttl", "text/turtle", "Turtle"),
    ("application/ld%2Bjson", "application/ld+json", "JSON-LD"),
    ("application/rdf%2Bxml", "application/rdf+xml", "RDF/XML"),
    ("schemaorg", "application/ld+json", "schema.org"),
    ("croissant", "application/ld+json", "Croissant"),
];

/// The page. `prefix` goes before our paths; `loadable` says that there is a form for machine learning.
pub fn document(
    said: &Said<'_>,
    prefix: &str,
    schema_org: Option<&Value>,
    loadable: bool,
) -> String {
    let name = said.called(&said.entity);
    let title = name.map_or(said.entity.as_str(), |name| name.value());
    let language = name.and_then(|name| name.language());
    let mut body = forms(said, schema_org.is_some(), loadable);
    if let Some(text) = said.text(&said.entity, dct::DESCRIPTION) {
        let _ = write!(body, "<p{}>{}</p>", lang(text), escape(text.value()));
    }
    body.push_str(&table(said, &said.entity, 0));
    for (number, node) in said
        .facts
        .iris(&said.entity, dcat::HAS_DISTRIBUTION)
        .enumerate()
    {
        let name = said.called(node).map_or_else(
            || format!("Distribution {}", number + 1),
            |name| name.value().to_owned(),
        );
        let _ = write!(body, "<h2>{}</h2>", escape(&name));
        body.push_str(&table(said, node, 1));
    }
    if let Some(document) = schema_org {
        // No text of it can end the element.
        let json = document.to_string().replace('<', "\\u003c");
        let _ = write!(body, "<script type=\"application/ld+json\">{json}</script>");
    }
    let page = html::page(prefix, title, &body);
    match language {
        Some(language) => page.replacen("<h1>", &format!("<h1 lang=\"{}\">", escape(language)), 1),
        None => page,
    }
}

fn forms(said: &Said<'_>, is_dataset: bool, loadable: bool) -> String {
    let forms = FORMS.iter().filter(|(name, ..)| match *name {
        "schemaorg" => is_dataset,
        "croissant" => loadable,
        _ => true,
    });
    let links = forms.map(|(format, media_type, name)| {
        let address = escape(&format!("{}?format={format}", said.address));
        format!("<a rel=\"alternate\" type=\"{media_type}\" href=\"{address}\">{name}</a>")
    });
    let links: Vec<String> = links.collect();
    let entity = escape(&said.entity);
    let entity = match is_web(&said.entity) {
        true => format!("<a href=\"{entity}\">{entity}</a>"),
        false => entity,
    };
    let mut line = format!("<p>{entity} · also as {}", links.join(", "));
    if let Some(committed) = &said.committed {
        let _ = write!(
            line,
            " · changed here <time datetime=\"{committed}\">{committed}</time>"
        );
    }
    line.push_str("</p>");
    line
}

/// What is said of a node, as a table of properties.
fn table(said: &Said<'_>, node: &str, depth: usize) -> String {
    let mut rows = String::new();
    for statement in said.facts.all(node) {
        let (property, value) = (statement.property, &statement.value);
        // Distributions have their own part of the page.
        if depth == 0 && property == dcat::HAS_DISTRIBUTION.as_str() {
            continue;
        }
        let name = last_part(property);
        let _ = write!(
            rows,
            "<tr><th scope=\"row\" title=\"{}\">{}</th><td>{}</td></tr>",
            escape(property),
            escape(name),
            shown(said, value, depth)
        );
    }
    format!("<table>{rows}</table>")
}

fn shown(said: &Said<'_>, value: &facts::Value<'_>, depth: usize) -> String {
    match value {
        facts::Value::Literal(text) => {
            format!("<span{}>{}</span>", lang(text), escape(text.value()))
        }
        facts::Value::Iri(iri) => {
            let iri = *iri;
            let contained = iri != said.entity && said.facts.knows(iri);
            if contained && depth < DEPTH_MAX {
                return table(said, iri, depth + 1);
            }
            let name = said.called(iri);
            let text = name.map_or_else(|| escape(iri), |name| escape(name.value()));
            match is_web(iri) {
                true => format!("<a href=\"{}\">{text}</a>", escape(iri)),
                false => text,
            }
        }
    }
}

fn lang(text: &Text<'_>) -> String {
    text.language()
        .map_or_else(String::new, |tag| format!(" lang=\"{}\"", escape(tag)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use oxigraph::io::{RdfFormat, RdfParser};
    use oxigraph::model::Triple;

    const HELD: &str = r#"
        @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
        <http://e.example/1> a dcat:Dataset ; dct:title "</script><script>x"@zh-hant ; dct:description "<b>"@en ;
            dcat:landingPage <javascript:alert(1)> ; dcat:distribution <http://h.example/record/s/1#d> .
        <http://h.example/record/s/1#d> dcat:accessURL <http://e.example/1.csv> .
    "#;

    #[test]
    fn nothing_of_elsewhere_is_markup_or_runs() {
        let triples = RdfParser::from_format(RdfFormat::Turtle).for_slice(HELD);
        let triples: Vec<Triple> = triples.map(|quad| quad.unwrap().into()).collect();
        let said = Said {
            entity: "http://e.example/1".to_owned(),
            address: "http://h.example/record/s/1".to_owned(),
            facts: Facts::of_triples(&triples),
            ..Said::default()
        };
        let json = crate::serve::portrait::schema_org::document(&said);
        let page = document(&said, "", json.as_ref(), false);
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert_eq!(page.matches("</script").count(), 1);
        for expected in [
            "<h1 lang=\"zh-hant\">&lt;/script&gt;",
            "lang=\"en\">&lt;b&gt;",
            "<td>javascript:alert(1)</td>",
            "<a href=\"http://e.example/1.csv\">",
            "href=\"http://h.example/record/s/1?format=schemaorg\"",
        ] {
            assert!(page.contains(expected), "{expected} is not in\n{page}");
        }
        let embedded = page.split("ld+json\">").last().unwrap();
        let embedded = embedded.split("</script>").next().unwrap();
        let parsed: Value = serde_json::from_str(embedded).unwrap();
        assert_eq!(parsed["name"], "</script><script>x");
    }
}
