//! A dataset with hostile words, in both languages; records of other sources; activities.

use super::*;
use crate::facts::Facts;
use crate::links::told::Checked;
use harvestd_vocab::shacl;
use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::Triple;

const PREFIXES: &str = r#"
    @prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
    @prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix own: <https://w3id.org/harvestd/ns#> .
    @prefix geo: <http://www.opengis.net/ont/geosparql#> . @prefix r: <http://h.example/record/s/> .
"#;

const HELD: &str = r#"
    <http://e.example/1> a dcat:Dataset ; dct:title "</script><script>x"@zh-hant, "Rain"@en ; dct:description "<b>"@en ;
        dcat:landingPage <javascript:alert(1)> ; dcat:distribution <http://h.example/record/s/1#d> ;
        dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/DAILY> ;
        dct:spatial <http://h.example/record/s/1#place> ; dcat:keyword "雨量"@zh-hant ;
        dct:publisher <http://h.example/record/s/1#office> ; dct:provenance "of a gauge" .
    <http://h.example/record/s/1#office> a foaf:Agent ; foaf:name "Office"@en ; foaf:mbox <mailto:office@e.example> .
    <http://h.example/record/s/1#place> dcat:centroid "POINT(121.5 25.0)"^^geo:wktLiteral .
    <http://h.example/record/s/1#d> a dcat:Distribution ; dcat:downloadURL <http://e.example/1.csv> ;
        dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ;
        dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv> ; own:fields "day;rain(mm)" ;
        dct:license <https://data.gov.tw/license> .
    <http://h.example/record/s/1> a dcat:CatalogRecord ; foaf:primaryTopic <http://e.example/1> .
    <http://h.example/catalog/s> dcat:dataset <http://e.example/1> ; dcat:record <http://h.example/record/s/1> .
"#;

fn triples(turtle: &str) -> Vec<Triple> {
    let text = format!("{PREFIXES}{turtle}");
    let parsed = RdfParser::from_format(RdfFormat::Turtle).for_slice(&text);
    parsed.map(|quad| quad.unwrap().into()).collect()
}

/// One address that came to nothing, with a hostile name, and one that nobody checked.
fn checks() -> Checked {
    let place = |url: &str, verdict: serde_json::Value, leads: serde_json::Value| {
        serde_json::json!({
            "dataset": "http://e.example/1", "distribution": "http://h.example/record/s/1#d", "url": url,
            "role": "download", "badge": null, "declared": {}, "checked_ms": 1_700_000_000_000_i64,
            "leads": leads, "verdict": verdict,
        })
    };
    let gone = serde_json::json!({
        "trouble": "gone", "troubles": ["gone"], "linkable": false, "downloadable": false,
        "missing": [], "undescribed": [],
    });
    let checks = serde_json::json!({
        "dataset": "http://e.example/1", "source": "s", "publisher": "", "badge": "GOLD",
        "linkable": false,
        "places": [
            place("http://e.example/1.csv", gone, false.into()),
            place("javascript:alert(2)", serde_json::Value::Null, serde_json::Value::Null),
        ],
    });
    serde_json::from_value(checks).unwrap()
}

fn site() -> Site {
    Site {
        base: "http://h.example/".to_owned(),
        prefix: "/open".to_owned(),
        generation: 1,
        seq: 9,
    }
}

fn shown(language: &str, records: &[Held], activities: &[Activity]) -> String {
    let triples = triples(HELD);
    let said = Said {
        entity: "http://e.example/1".to_owned(),
        address: "http://h.example/record/s/1".to_owned(),
        facts: Facts::of_triples(&triples),
        ..Said::default()
    };
    let framed = Framed {
        language: language.to_owned(),
        feedback: Some(true),
        ..Framed::default()
    };
    let checks = checks();
    let shaped = shacl::Facts::of_triples(&triples);
    let quality = Detail::measured(&said.entity, &said.facts, &shaped, 20_000, Some(checks));
    let site = site();
    let beside = Beside {
        site: &site,
        framed: &framed,
        records,
        activities,
        quality: Some(&quality),
    };
    document(&said, &beside).unwrap()
}

#[track_caller]
fn has(page: &str, expected: &[&str]) {
    for expected in expected {
        assert!(page.contains(expected), "{expected} is not in\n{page}");
    }
}

#[test]
fn nothing_of_elsewhere_is_markup_or_runs() {
    let page = shown("zh-Hant", &[], &[]);
    // Those of the frame, and what crawlers read.
    assert_eq!(page.matches("<script").count(), 2, "{page}");
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("href=\"javascript"), "{page}");
    has(
        &page,
        &[
            "<h1 lang=\"zh-hant\">&#60;/script&#62;",
            "lang=\"en\">&#60;b&#62;",
            ">javascript:alert(1)</span>",
            "href=\"http://e.example/1.csv\"",
            "href=\"/open/record/s/1?format=schemaorg\"",
        ],
    );
    let embedded = page.split("ld+json\">").last().unwrap();
    let embedded = embedded.split("</script>").next().unwrap();
    let parsed: serde_json::Value = serde_json::from_str(embedded).unwrap();
    assert_eq!(parsed["name"], "</script><script>x");
}

#[test]
fn a_dataset_is_told_in_both_languages_and_nothing_is_hidden() {
    for (language, expected) in [
        (
            "zh-Hant",
            &[
                "<html lang=\"zh-Hant\"",
                "取得資料",
                "每日",
                ">下載<",
                "2 個欄位",
            ][..],
        ),
        (
            "en",
            &[
                "<h1 lang=\"en\">Rain</h1>",
                "Get the data",
                "daily",
                ">Download<",
                "2 fields",
            ],
        ),
    ] {
        let page = shown(language, &[], &[]);
        has(&page, expected);
        has(
            &page,
            &[
                "class=\"badge\">CSV<",
                // The media type says nothing that the format does not.
                "<svg class=\"map\"",
                "<circle class=\"extent\"",
                "href=\"/open/search?tags=%E9%9B%A8%E9%87%8F\"",
                "href=\"/open/publishers/s-",
                "of a gauge",
                // What is said of the publisher besides its name.
                "office@e.example",
                // A place without a name is told by where it is.
                "POINT(121.5 25.0)",
                "href=\"/open/search?frequency=DAILY\"",
                ">mm<",
                "href=\"/open/api/3/action/package_show?id=http%3A%2F%2Fe.example%2F1\"",
                "method=\"post\" action=\"/open/feedback\"",
                "name=\"dataset\" value=\"http://e.example/1\"",
            ],
        );
        assert!(!page.contains(">text/csv<"), "{page}");
        // The licence of all files stands among the conditions, once.
        let licence = page.matches("href=\"https://data.gov.tw/license\"").count();
        assert_eq!(licence, 1, "{page}");
        assert_eq!(page.matches("<h1").count(), 1);
        assert!(!page.contains(" style="), "{page}");
    }
}

#[test]
fn the_page_says_which_source_says_what_and_what_changed_when() {
    let held = |source: &str, speaks, own: Option<&str>| Held {
        record: format!("http://h.example/record/{source}/1"),
        source: source.to_owned(),
        speaks,
        entity: "http://e.example/1".to_owned(),
        own: own.map(triples),
    };
    let alone = shown("en", &[held("s", true, None)], &[]);
    assert!(!alone.contains("What the sources say"), "{alone}");
    let portal = "<http://e.example/1> dct:title \"Rainfall\"@en, \"</script><script>x\"@zh-hant ; dct:description \"<b>\"@en .";
    let records = [held("s", true, None), held("portal", false, Some(portal))];
    let activities = [Activity {
        seq: 7,
        class: "https://www.w3.org/ns/activitystreams#Update".to_owned(),
        published_us: 1_767_225_600_000_000,
    }];
    let page = shown("en", &records, &activities);
    has(
        &page,
        &[
            "What the sources say",
            ">portal<",
            ">Rainfall<",
            "graph-store?graph=http%3A%2F%2Fh.example%2Frecord%2Fportal%2F1",
            "<time datetime=\"2026-01-01T00:00:00Z\">2026-01-01 08:00</time> changed",
            "href=\"/open/activity/1/7\">1-7<",
        ],
    );
    // What both say is no difference.
    assert_eq!(
        page.matches("<th scope=\"row\">Description</th>").count(),
        0
    );
    let corrected = shown("en", &[held("s", true, Some(portal))], &[]);
    has(&corrected, &["Corrected by hand", ">Rainfall<"]);
}

#[test]
fn quality_is_told_with_its_reasons_and_the_national_checks() {
    let english = shown("en", &[], &[]);
    has(
        &english,
        &[
            "<h2 id=\"quality\">",
            "/ 405",
            "What costs points",
            // Not said at all, and what came of an address.
            "Its addresses, checked",
            "It did not answer: http://e.example/1.csv",
            "Linkable",
            "nothing is there any more<br><span class=\"small\">For its publisher: name the new address, or take the distribution out<",
            "not checked yet",
            "dct:",
            "/quality/dataset?iri=http%3A%2F%2Fe.example%2F1&#38;format=json",
        ],
    );
    let chinese = shown("zh-Hant", &[], &[]);
    has(
        &chinese,
        &[
            "失分原因",
            "連結有效",
            "欄位說明相符",
            "尚未檢查",
            "違反",
            "資料已不存在<br><span class=\"small\">給發布者：請更新為新網址，或將這項資料資源下架<",
        ],
    );
    assert!(!chinese.contains("name the new address"), "{chinese}");
    for page in [english, chinese] {
        assert!(!page.contains("href=\"javascript:"), "{page}");
    }
}
