//! A dataset in Croissant 1.0 (MLCommons), for those who train and test on it.
//!
//! Only datasets that can be loaded without asking anybody have this form: with a title, a description, a licence, and at
//! least one file with an address of its own in one of [`LOADABLE`]. Where the source lists its fields
//! (dct:tableOfContents), tables have them as columns, in the source's words; what type they are nobody says, so they are
//! texts. The encoding is told in words, for Croissant 1.0 has none. Start at [`document`].

use super::{
    Said,
    schema_org::{format, licences, party, sha256, text},
};
use harvestd_vocab::files::{LOADABLE, TABLES, fields};
use harvestd_vocab::links::is_http;
use harvestd_vocab::terms::{cnt, dcat, dct};
use serde_json::{Value, json};

/// The dataset, or what it lacks.
pub fn document(said: &Said<'_>) -> Result<Value, &'static str> {
    let entity = said.entity.as_str();
    if !said.is_dataset() {
        return Err("it is no dataset");
    }
    let title = text(said, entity, dct::TITLE).ok_or("it has no title")?;
    let description = text(said, entity, dct::DESCRIPTION).ok_or("it has no description")?;
    let licences = licences(said);
    if licences.is_empty() {
        return Err("it has no licence");
    }
    let files = files(said);
    if files.is_empty() {
        return Err("it has no file with an address of its own in CSV, TSV, JSON or Parquet");
    }
    let objects: Vec<Value> = files.iter().map(|file| object(said, file)).collect();
    let mut out = json!({
        "@context": context(said),
        "@type": "sc:Dataset",
        "@id": entity,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": title,
        "description": description,
        "url": said.address,
        "license": licences,
        // Without a checksum of every file the publisher may change one at any time.
        "isLiveDataset": objects.iter().any(|object| object.get("sha256").is_none()),
        "distribution": objects,
        "recordSet": files.iter().filter_map(|file| records(said, file)).collect::<Vec<_>>(),
    });
    let mut parties = [dct::CREATOR, dct::PUBLISHER].into_iter();
    let creators = parties.find_map(|property| {
        let parties = said
            .facts
            .iris(entity, property)
            .map(|node| party(said, node));
        let parties: Vec<Value> = parties.collect();
        (!parties.is_empty()).then_some(parties)
    });
    let keywords: Vec<&str> = said
        .facts
        .texts(entity, dcat::KEYWORD)
        .map(|word| word.value())
        .collect();
    let mut more = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out[name] = value;
        }
    };
    more("creator", creators.map(Value::from));
    more("keywords", (!keywords.is_empty()).then(|| keywords.into()));
    let issued = text(said, entity, dct::ISSUED);
    more("datePublished", issued.map(Value::from));
    for name in ["dateModified", "sdDatePublished"] {
        more(name, said.committed.clone().map(Value::from));
    }
    Ok(out)
}

struct File<'a> {
    node: &'a str,
    address: &'a str,
    media_type: String,
}

/// The files that can be loaded.
fn files<'s>(said: &'s Said<'_>) -> Vec<File<'s>> {
    let nodes = said.facts.iris(&said.entity, dcat::HAS_DISTRIBUTION);
    nodes
        .filter_map(|node| {
            let mut addresses = said.facts.iris(node, dcat::DOWNLOAD_URL);
            Some(File {
                node,
                address: addresses.find(|iri| is_http(iri))?,
                media_type: format(said, node).filter(|kind| LOADABLE.contains(&kind.as_str()))?,
            })
        })
        .collect()
}

fn object(said: &Said<'_>, file: &File<'_>) -> Value {
    let node = file.node;
    let last = || file.address.rsplit('/').next().unwrap_or(file.address);
    let mut object = json!({
        "@type": "cr:FileObject",
        "@id": node,
        "name": text(said, node, dct::TITLE).unwrap_or_else(last),
        "contentUrl": file.address,
        "encodingFormat": file.media_type,
    });
    let encoding = text(said, node, cnt::CHARACTER_ENCODING);
    let encoding = encoding.map(|encoding| format!("Character encoding: {encoding}."));
    let description = text(said, node, dct::DESCRIPTION).map(str::to_owned);
    let words: Vec<String> = description.into_iter().chain(encoding).collect();
    if !words.is_empty() {
        object["description"] = words.join(" ").into();
    }
    if let Some(size) = text(said, node, dcat::BYTE_SIZE) {
        object["contentSize"] = format!("{size} B").into();
    }
    if let Some(sha256) = sha256(said, node) {
        object["sha256"] = sha256.into();
    }
    object
}

/// The columns of a table: those that are listed of the file, else of the dataset.
fn records(said: &Said<'_>, file: &File<'_>) -> Option<Value> {
    if !TABLES.contains(&file.media_type.as_str()) {
        return None;
    }
    let listed = [file.node, &said.entity]
        .into_iter()
        .find_map(|node| text(said, node, dct::TABLE_OF_CONTENTS))?;
    let set = format!("{}/records", file.node);
    let columns = fields(listed).into_iter().map(|(name, description)| {
        let mut column = json!({
            "@type": "cr:Field",
            "@id": format!("{set}/{name}"),
            "name": name,
            "dataType": "sc:Text",
            "source": { "fileObject": { "@id": file.node }, "extract": { "column": name } },
        });
        if let Some(description) = description {
            column["description"] = description.into();
        }
        column
    });
    let columns: Vec<Value> = columns.collect();
    (!columns.is_empty()).then(
        || json!({ "@type": "cr:RecordSet", "@id": set, "name": "records", "field": columns }),
    )
}

/// The context of Croissant 1.0, appendix 1. The texts are in the language of the title.
fn context(said: &Said<'_>) -> Value {
    let title = said.text(&said.entity, dct::TITLE);
    let language = title.and_then(|title| title.language()).unwrap_or("und");
    let mut context = json!({
        "@language": language,
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "sc": "https://schema.org/",
        "conformsTo": "dct:conformsTo",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "examples": { "@id": "cr:examples", "@type": "@json" },
    });
    for name in [
        "citeAs",
        "column",
        "equivalentProperty",
        "extract",
        "field",
        "fileProperty",
        "fileObject",
        "fileSet",
        "format",
        "includes",
        "isLiveDataset",
        "jsonPath",
        "key",
        "md5",
        "parentField",
        "path",
        "recordSet",
        "references",
        "regex",
        "repeated",
        "replace",
        "samplingRate",
        "separator",
        "source",
        "subField",
        "transform",
    ] {
        context[name] = format!("cr:{name}").into();
    }
    context
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use oxigraph::io::{RdfFormat, RdfParser};

    const HELD: &str = r#"
        @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
        @prefix r: <http://h.example/record/s/1#> . @prefix cnt: <http://www.w3.org/2011/content#> .
        <http://e.example/1> a dcat:Dataset ; dct:title "Zones"@en ; dct:description "All zones." ; dct:license <http://l.example/> ;
            dct:tableOfContents "zone(使用分區);area" ; dcat:distribution r:csv, r:pdf .
        r:csv dcat:downloadURL <http://e.example/1.csv> ; cnt:characterEncoding "Big5" ;
            dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> .
        r:pdf dcat:downloadURL <http://e.example/1.pdf> ;
            dcat:mediaType <https://www.iana.org/assignments/media-types/application/pdf> .
    "#;

    /// The document of what is held, without some of it.
    fn made(without: &str) -> Result<Value, &'static str> {
        let triples = RdfParser::from_format(RdfFormat::Turtle).for_slice(HELD);
        let triples = triples.map(|quad| quad.unwrap().into());
        let triples = triples.filter(|triple: &oxigraph::model::Triple| {
            without.is_empty() || !triple.to_string().contains(without)
        });
        let triples: Vec<_> = triples.collect();
        document(&Said {
            entity: "http://e.example/1".to_owned(),
            facts: Facts::of_triples(&triples),
            ..Said::default()
        })
    }

    #[test]
    fn tables_have_the_columns_that_the_source_lists() {
        let document = made("").unwrap();
        let csv = "http://h.example/record/s/1#csv";
        let file = json!([{
            "@type": "cr:FileObject", "@id": csv, "name": "1.csv", "contentUrl": "http://e.example/1.csv",
            "encodingFormat": "text/csv", "description": "Character encoding: Big5.",
        }]);
        assert_eq!(document["distribution"], file);
        let zone = json!({
            "@type": "cr:Field", "@id": format!("{csv}/records/zone"), "name": "zone", "description": "使用分區",
            "dataType": "sc:Text", "source": { "fileObject": { "@id": csv }, "extract": { "column": "zone" } },
        });
        assert_eq!(document["recordSet"][0]["field"][0], zone);
        assert_eq!(document["recordSet"][0]["field"][1]["name"], "area");
        assert_eq!(document["isLiveDataset"], true);
    }

    #[test]
    fn what_cannot_be_loaded_has_no_such_form() {
        for (without, lacks) in [
            ("terms/title", "title"),
            ("terms/description", "description"),
            ("terms/license", "licence"),
            ("1.csv", "file"),
            ("22-rdf-syntax-ns#type", "no dataset"),
        ] {
            let why = made(without).unwrap_err();
            assert!(why.contains(lacks), "{without}: {why}");
        }
    }
}
