//! What a query finds in an index of three documents, and what is refused.

use super::*;
use crate::search::grammar;
use tantivy::{Index, TantivyDocument, collector::DocSetCollector, schema::Value as _};

/// 2026-11-21T12:00:00Z.
const NOW_S: i64 = 1_795_262_400;
const DAY_US: i64 = 86_400_000_000;

/// Name, title, tags, format, days ago.
const DOCUMENTS: [(&str, &str, &[&str], &str, i64); 3] = [
    (
        "rain",
        "空氣品質即時監測",
        &["air quality", "rain"],
        "CSV",
        0,
    ),
    ("roads", "Road works", &["roads"], "JSON", 10),
    (
        "lamps",
        "Street lamps, 2.5 W",
        &["roads", "lamps"],
        "CSV",
        400,
    ),
];

fn index() -> (Index, Fields) {
    let (schema, fields) = Fields::schema();
    let index = Index::create_in_ram(schema);
    Fields::prepare(&index);
    let mut writer = index.writer_with_num_threads(1, 20_000_000).unwrap();
    for (name, title, tags, format, days) in DOCUMENTS {
        let mut document = TantivyDocument::default();
        document.add_text(fields.name, name);
        document.add_text(fields.title, title);
        for tag in tags {
            document.add_text(fields.keyword("tags").unwrap(), tag);
            document.add_text(fields.tag_words, tag);
        }
        document.add_text(fields.keyword("res_format").unwrap(), format);
        let us = NOW_S * 1_000_000 - days * DAY_US;
        document.add_i64(fields.modified, us);
        document.add_i64(fields.created, us);
        document.add_bytes(fields.package, name.as_bytes());
        writer.add_document(document).unwrap();
    }
    writer.commit().unwrap();
    (index, fields)
}

fn terms(fields: &Fields) -> Terms<'_> {
    Terms {
        fields,
        now: DateTime::from_timestamp(NOW_S, 0).unwrap(),
        clauses_max: 8,
    }
}

/// The names of what a tree finds, sorted.
fn found(index: &Index, fields: &Fields, tree: &Tree) -> Result<String, String> {
    let query = terms(fields).query(tree)?;
    let searcher = index.reader().unwrap().searcher();
    let documents = searcher.search(&query, &DocSetCollector).unwrap();
    let name = |at| {
        let document: TantivyDocument = searcher.doc(at).unwrap();
        let name = document.get_first(fields.package).unwrap();
        String::from_utf8(name.as_bytes().unwrap().to_vec()).unwrap()
    };
    let mut names: Vec<String> = documents.into_iter().map(name).collect();
    names.sort();
    Ok(names.join(" "))
}

#[test]
fn a_query_finds_what_it_says() {
    let (index, fields) = index();
    for (text, expected) in [
        ("", "lamps rain roads"),
        ("*", "lamps rain roads"),
        ("*:*", "lamps rain roads"),
        ("rain", "rain"),
        ("name:roads", "roads"),
        ("tags:roads", "lamps roads"),
        ("tags:road", ""),
        ("tags:(roads AND lamps)", "lamps"),
        ("tags:[lamps TO rain}", "lamps"),
        ("tags:[* TO *]", "lamps rain roads"),
        ("-tags:roads", "rain"),
        ("-tags:roads -tags:rain", ""),
        ("res_format:CSV AND NOT tags:rain", "lamps"),
        ("(tags:rain OR tags:lamps) res_format:CSV", "lamps rain"),
        // Words of texts are as in English, whole values are not.
        ("title:road", "roads"),
        ("title:\"street lamp\"", "lamps"),
        ("title:\"lamps street\"", ""),
        ("title:2.5", "lamps"),
        ("title:空氣品質監測", "rain"),
        ("title:\"空氣品質監測\"", ""),
        ("text:quality", "rain"),
        ("notes:quality", ""),
        ("metadata_modified:[NOW-1DAY TO NOW]", "rain"),
        ("metadata_modified:[NOW-1MONTH TO *]", "rain roads"),
        ("metadata_modified:[* TO NOW/YEAR-1DAY]", "lamps"),
        ("metadata_modified:{NOW TO *]", ""),
        ("metadata_modified:2026-11-11", ""),
        ("metadata_modified:\"2026-11-11T12:00:00Z\"", "roads"),
        ("metadata_created:[2026-11-01 TO 2026-11-20]", "roads"),
        ("state:active", "lamps rain roads"),
        ("state:draft", ""),
        ("private:true", ""),
        ("type:*", "lamps rain roads"),
    ] {
        let tree = grammar::parse(text).unwrap();
        assert_eq!(found(&index, &fields, &tree).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_people_type_finds_all_its_words() {
    let (index, fields) = index();
    for (text, expected) in [
        ("road works", "roads"),
        ("roads -works", "lamps"),
        ("空氣監測", "rain"),
        // 空氣品質 in a title, 道路 in the words of another.
        ("Air Quality", "rain"),
        ("道路", "lamps roads"),
        ("\"道路\"", ""),
        ("\"air quality\"", "rain"),
        ("lamps & roads", "lamps"),
    ] {
        let tree = grammar::words(text).unwrap();
        assert_eq!(found(&index, &fields, &tree).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    let (index, fields) = index();
    for (text, why) in [
        ("title:\"!!!\"", "no word in \"!!!\""),
        ("notes:…", "no word"),
        ("\"--\"", "no word"),
        ("rain OR text:\"?!\"", "no word"),
        ("NOT title:,", "no word"),
        ("title:*", "leave it out"),
        ("metadata_modified:yesterday", "is no date"),
        ("metadata_modified:[NOW-7FORTNIGHTS TO *]", "is no date"),
        ("metadata_modified:[NOW*2 TO *]", "is no date"),
        ("metadata_created:[2026-13-01 TO *]", "is no date"),
        (
            "a b c d e f g h i",
            "9 words, phrases and ranges; at most 8",
        ),
    ] {
        let tree = grammar::parse(text).unwrap();
        let refused = found(&index, &fields, &tree).unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
    }
}
