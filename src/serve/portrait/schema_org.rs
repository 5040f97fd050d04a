//! A dataset in the words of schema.org, as crawlers of datasets read it. Every address is absolute.
//!
//! | schema.org | from |
//! |---|---|
//! | name, alternateName, description | dct:title in our first language and in the others, dct:description |
//! | url, sameAs | the address here; the dataset's IRI and pages elsewhere |
//! | datePublished | dct:issued |
//! | dateModified, sdDatePublished | our commit time |
//! | creator, publisher | dct:creator, dct:publisher |
//! | license, isAccessibleForFree, conditionsOfAccess | the same, of the dataset or of its distributions |
//! | temporalCoverage, spatialCoverage | dct:temporal, dct:spatial |
//! | variableMeasured | fields that the source lists (dct:tableOfContents) |
//! | distribution, includedInDataCatalog | dcat:distribution, the catalogues that list it |
//!
//! What is not known is left out. Start at [`document`].

use super::{Said, places};
use crate::facts::last_part;
use harvestd_vocab::{
    files::fields,
    links::is_http,
    tables::media_type_of,
    terms::{MEDIA_TYPES, dcat, dct, foaf, schema, spdx},
};
use oxigraph::model::NamedNodeRef;
use serde_json::{Map, Value, json};

/// The dataset. None where the entity is none.
pub fn document(said: &Said<'_>) -> Option<Value> {
    if !said.is_dataset() {
        return None;
    }
    let entity = said.entity.as_str();
    let mut out = Members::default();
    out.put("@context", "https://schema.org/");
    out.put("@type", "Dataset");
    out.put("@id", entity);
    out.put("url", said.address.as_str());
    let title = said.text(entity, dct::TITLE);
    out.put_some("name", title.map(|title| title.value()));
    let others = said.facts.texts(entity, dct::TITLE);
    let others = others.filter(|other| Some(*other) != title);
    out.several("alternateName", others.map(|other| other.value().into()));
    out.put_some("description", text(said, entity, dct::DESCRIPTION));
    out.several("sameAs", elsewhere(said).into_iter().map(Value::from));
    let identifiers = said.facts.texts(entity, dct::IDENTIFIER);
    out.several("identifier", identifiers.map(|id| id.value().into()));
    let keywords = said.facts.texts(entity, dcat::KEYWORD);
    out.several("keywords", keywords.map(|word| word.value().into()));
    out.several("about", themes(said));
    let parties = |property| {
        said.facts
            .iris(entity, property)
            .map(move |node| party(said, node))
    };
    out.several("creator", parties(dct::CREATOR));
    out.several("publisher", parties(dct::PUBLISHER));
    out.several("license", licences(said).into_iter().map(Value::from));
    let free = text(said, entity, schema::IS_ACCESSIBLE_FOR_FREE);
    out.put_some("isAccessibleForFree", free.map(|free| free == "true"));
    let conditions = text(said, entity, schema::CONDITIONS_OF_ACCESS);
    out.put_some("conditionsOfAccess", conditions);
    out.put_some("datePublished", text(said, entity, dct::ISSUED));
    out.put_some("dateModified", said.committed.as_deref());
    out.put_some("sdDatePublished", said.committed.as_deref());
    out.put_some("version", text(said, entity, dcat::VERSION));
    out.several("temporalCoverage", periods(said).map(Value::from));
    out.several("spatialCoverage", places::places(said).into_iter());
    let listed = text(said, entity, dct::TABLE_OF_CONTENTS).unwrap_or_default();
    out.several("variableMeasured", fields(listed).into_iter().map(variable));
    let files = said.facts.iris(entity, dcat::HAS_DISTRIBUTION);
    out.several("distribution", files.map(|node| download(said, node)));
    out.several("includedInDataCatalog", catalogues(said));
    Some(Value::Object(out.0))
}

/// Members of a JSON object. One value stands alone, several in a list, none leaves the member out.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn several(&mut self, name: &str, values: impl Iterator<Item = Value>) {
        let mut values: Vec<Value> = values.collect();
        match values.len() {
            0 => {}
            1 => self.put(name, values.swap_remove(0)),
            _ => self.put(name, values),
        }
    }
}

pub(super) fn text<'s>(
    said: &'s Said<'_>,
    node: &str,
    property: NamedNodeRef<'_>,
) -> Option<&'s str> {
    said.text(node, property).map(|text| text.value())
}

/// The dataset's own IRI where that is not the address here, and its pages.
fn elsewhere<'s>(said: &'s Said<'_>) -> Vec<&'s str> {
    let entity = said.entity.as_str();
    let pages = [dcat::LANDING_PAGE, foaf::PAGE];
    let pages = pages.iter().flat_map(|page| said.facts.iris(entity, *page));
    let mut all: Vec<&str> = std::iter::once(entity).chain(pages).collect();
    all.retain(|iri| is_http(iri) && *iri != said.address);
    all.sort_unstable();
    all.dedup();
    all
}

fn themes(said: &Said<'_>) -> impl Iterator<Item = Value> {
    let themes = said.facts.iris(&said.entity, dcat::THEME);
    themes.map(move |iri| {
        let mut term = json!({ "@type": "DefinedTerm", "@id": iri, "url": iri });
        if let Some(name) = said.called(iri) {
            term["name"] = name.value().into();
        }
        term
    })
}

pub(super) fn party(said: &Said<'_>, node: &str) -> Value {
    let mut party = json!({ "@type": "Organization", "@id": node });
    if said.facts.is_a(node, foaf::PERSON) {
        party["@type"] = "Person".into();
    }
    if let Some(name) = said.called(node) {
        party["name"] = name.value().into();
    }
    if let Some(home) = said
        .facts
        .iris(node, foaf::HOMEPAGE)
        .find(|iri| is_http(iri))
    {
        party["url"] = home.into();
    }
    party
}

/// Of the dataset, else of its distributions: addresses, or the words of a licence that has none.
pub(super) fn licences<'s>(said: &'s Said<'_>) -> Vec<&'s str> {
    let entity = said.entity.as_str();
    let of = |node: &str| said.facts.iris(node, dct::LICENSE).collect::<Vec<_>>();
    let mut found = of(entity);
    if found.is_empty() {
        let files = said.facts.iris(entity, dcat::HAS_DISTRIBUTION);
        found = files.flat_map(of).collect();
    }
    let mut licences: Vec<&str> = found
        .into_iter()
        .filter_map(|node| match said.facts.knows(node) {
            false => is_http(node).then_some(node),
            true => said.called(node).map(|name| name.value()),
        })
        .collect();
    licences.sort_unstable();
    licences.dedup();
    licences
}

/// Periods in ISO 8601, `..` where an end is open.
fn periods(said: &Said<'_>) -> impl Iterator<Item = String> {
    let periods = said.facts.iris(&said.entity, dct::TEMPORAL);
    periods.filter_map(move |node| {
        let end = |own, old| text(said, node, own).or_else(|| text(said, node, old));
        let from = end(dcat::START_DATE, schema::START_DATE);
        let to = end(dcat::END_DATE, schema::END_DATE);
        let open = from.is_none() && to.is_none();
        (!open).then(|| format!("{}/{}", from.unwrap_or(".."), to.unwrap_or("..")))
    })
}

fn variable((name, description): (&str, Option<&str>)) -> Value {
    let mut variable = json!({ "@type": "PropertyValue", "name": name });
    if let Some(description) = description {
        variable["description"] = description.into();
    }
    variable
}

fn download(said: &Said<'_>, node: &str) -> Value {
    let mut out = Members::default();
    out.put("@type", "DataDownload");
    out.put("@id", node);
    out.put_some("name", text(said, node, dct::TITLE));
    out.put_some("description", text(said, node, dct::DESCRIPTION));
    let address = |property| said.facts.iris(node, property).find(|iri| is_http(iri));
    out.put_some("contentUrl", address(dcat::DOWNLOAD_URL));
    out.put_some("url", address(dcat::ACCESS_URL));
    out.put_some("encodingFormat", format(said, node));
    let size = text(said, node, dcat::BYTE_SIZE);
    out.put_some("contentSize", size.map(|size| format!("{size} B")));
    out.put_some("dateModified", said.committed.as_deref());
    let licence = said.facts.iris(node, dct::LICENSE).find(|iri| is_http(iri));
    out.put_some("license", licence.filter(|iri| !said.facts.knows(iri)));
    out.put_some("sha256", sha256(said, node));
    Value::Object(out.0)
}

/// The media type, else the name or the code of the format.
pub(super) fn format(said: &Said<'_>, node: &str) -> Option<String> {
    let media_type = said
        .facts
        .iris(node, dcat::MEDIA_TYPE)
        .find_map(|iri| iri.strip_prefix(MEDIA_TYPES));
    if let Some(media_type) = media_type {
        return Some(media_type.to_owned());
    }
    let format = said.facts.iris(node, dct::FORMAT).next()?;
    if let Some(media_type) = media_type_of(format) {
        return Some(media_type.to_owned());
    }
    let named = said.called(format).map(|name| name.value().to_owned());
    named.or_else(|| Some(last_part(format).to_owned()))
}

pub(super) fn sha256<'s>(said: &'s Said<'_>, node: &str) -> Option<&'s str> {
    let sums = said.facts.iris(node, spdx::CHECKSUM);
    sums.filter(|sum| {
        let mut algorithms = said.facts.iris(sum, spdx::ALGORITHM);
        algorithms.any(|algorithm| algorithm.ends_with("sha256"))
    })
    .find_map(|sum| text(said, sum, spdx::CHECKSUM_VALUE))
}

/// The catalogues that list it: links from a collection are part of the member's description.
fn catalogues(said: &Said<'_>) -> impl Iterator<Item = Value> {
    said.catalogues().into_iter().map(move |catalogue| {
        let mut out = json!({ "@type": "DataCatalog", "@id": catalogue, "url": catalogue });
        if let Some(name) = said.called(catalogue) {
            out["name"] = name.value().into();
        }
        out
    })
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
        @prefix geo: <http://www.opengis.net/ont/geosparql#> . @prefix r: <http://h.example/record/s/1#> .
        @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix spdx: <http://spdx.org/rdf/terms#> .
        <http://e.example/1> a dcat:Dataset ; dct:title "人口"@zh-hant, "Population"@en ; dct:modified "2019-01-01"^^xsd:date ; dct:description "說明"@zh-hant ;
            dct:license <https://data.gov.tw/license> ; dct:publisher <http://h.example/agent/tw/1> ;
            dcat:theme <http://t.example/SOCI> ; dct:tableOfContents "zone(使用分區);area" ; dct:temporal r:t ; dct:spatial r:p ;
            dcat:landingPage <http://e.example/page> ; dcat:distribution r:d .
        r:t dcat:startDate "2020-01-01"^^xsd:date . r:p dcat:bbox "POLYGON((120 22,121 22,121 24,120 24,120 22))"^^geo:wktLiteral .
        r:d dcat:downloadURL <http://e.example/1.csv> ; dcat:accessURL <http://e.example/1> ; dcat:byteSize "12"^^xsd:integer ;
            dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ; spdx:checksum r:c .
        r:c spdx:algorithm spdx:checksumAlgorithm_sha256 ; spdx:checksumValue "ab" .
        <http://h.example/catalog/s> dcat:dataset <http://e.example/1> .
    "#;

    const NAMES: &str =
        "<http://h.example/agent/tw/1> <http://xmlns.com/foaf/0.1/name> \"內政部\" .";

    fn held() -> Vec<Triple> {
        let triples = RdfParser::from_format(RdfFormat::Turtle).for_slice(HELD);
        triples.map(|quad| quad.unwrap().into()).collect()
    }

    fn said(triples: &[Triple]) -> Said<'_> {
        Said {
            entity: "http://e.example/1".to_owned(),
            address: "http://h.example/record/s/1".to_owned(),
            committed: Some("2026-01-01T00:00:00Z".to_owned()),
            facts: Facts::of_triples(triples),
            names: Facts::of(NAMES),
        }
    }

    #[test]
    fn a_dataset_in_the_words_of_schema_org() {
        let expected = json!({
            "@context": "https://schema.org/", "@type": "Dataset", "@id": "http://e.example/1",
            "url": "http://h.example/record/s/1", "sameAs": ["http://e.example/1", "http://e.example/page"],
            "name": "人口", "alternateName": "Population", "description": "說明",
            "license": "https://data.gov.tw/license",
            "publisher": { "@type": "Organization", "@id": "http://h.example/agent/tw/1", "name": "內政部" },
            "about": { "@type": "DefinedTerm", "@id": "http://t.example/SOCI", "url": "http://t.example/SOCI" },
            "variableMeasured": [
                { "@type": "PropertyValue", "name": "zone", "description": "使用分區" },
                { "@type": "PropertyValue", "name": "area" },
            ],
            "temporalCoverage": "2020-01-01/..",
            "spatialCoverage": { "@type": "Place", "geo": { "@type": "GeoShape", "box": "22 120 24 121" } },
            "dateModified": "2026-01-01T00:00:00Z", "sdDatePublished": "2026-01-01T00:00:00Z",
            "distribution": {
                "@type": "DataDownload", "@id": "http://h.example/record/s/1#d", "contentUrl": "http://e.example/1.csv",
                "url": "http://e.example/1", "encodingFormat": "text/csv", "contentSize": "12 B", "dateModified": "2026-01-01T00:00:00Z", "sha256": "ab",
            },
            "includedInDataCatalog": {
                "@type": "DataCatalog", "@id": "http://h.example/catalog/s", "url": "http://h.example/catalog/s",
            },
        });
        assert_eq!(document(&said(&held())).unwrap(), expected);
    }

    #[test]
    fn what_is_no_dataset_has_no_such_form() {
        let held = held();
        let mut said = said(&held);
        said.entity = "http://h.example/catalog/s".to_owned();
        assert_eq!(document(&said), None);
    }
}
