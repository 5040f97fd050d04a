//! `fq`, clause by clause, over a small catalogue of which everything is known: what is asked for is what comes, and nothing
//! that is not understood is passed over.

use super::{
    error, result,
    serving::{Bed, Serving},
    texts, titles,
};
use serde_json::json;

const PREFIXES: &str = "\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcatap: <http://data.europa.eu/r5r/> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix own: <https://w3id.org/harvestd/ns#> .
@prefix d: <https://city.example/dataset/> .
@prefix theme: <http://publications.europa.eu/resource/authority/data-theme/> .
@prefix frequency: <http://publications.europa.eu/resource/authority/frequency/> .
@prefix language: <http://publications.europa.eu/resource/authority/language/> .
@prefix file: <http://publications.europa.eu/resource/authority/file-type/> .
@prefix hvd: <http://data.europa.eu/bna/> .
<https://city.example/catalog> a dcat:Catalog ; dct:title \"City\"@en ; dct:publisher <https://city.example/office> .
<https://city.example/office> a foaf:Agent ; foaf:name \"Office\"@en .
<https://city.example/works> a foaf:Agent ; foaf:name \"Public works\"@en .
";

/// A dataset of the city's: its name, which is its title too, and what is said of it beside.
fn dataset(name: &str, office: &str, format: &str, more: &str) -> String {
    format!(
        "<https://city.example/catalog> dcat:dataset d:{name} .\n\
         d:{name} a dcat:Dataset ; dct:title \"{name}\"@en ; dct:publisher <https://city.example/{office}> ;\n\
         dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://city.example/{name}> ; dct:format file:{format} ] .\n\
         d:{name} {more} .\n"
    )
}

fn first() -> String {
    let rain = "dcat:keyword \"air quality\"@en, \"rain\"@en ; dcat:theme theme:ENVI ; dct:language language:ENG ;\n\
        dct:accrualPeriodicity frequency:DAILY ; dcatap:hvdCategory hvd:c_dd313021 ;\n\
        dct:license <https://creativecommons.org/licenses/by/4.0/> ; dct:rights [ a dct:RightsStatement ; dct:type own:OpenAccess ]";
    let roads = "dcat:keyword \"roads\"@en ; dcat:theme theme:TRAN ; dct:language language:ZHO, language:ENG ;\n\
        dct:accrualPeriodicity frequency:MONTHLY ; dct:rights [ a dct:RightsStatement ; dct:type own:OnApplication ]";
    let lamps = "dcat:keyword \"roads\"@en, \"lamps\"@en ; dcat:theme theme:TRAN, theme:ENER ;\n\
        dct:license <https://creativecommons.org/licenses/by/4.0/>";
    PREFIXES.to_owned()
        + &dataset("Rain", "office", "CSV", rain)
        + &dataset("Roads", "works", "JSON", roads)
        + &dataset("Lamps", "works", "CSV", lamps)
}

async fn city(bed: &Bed, text: &str) -> Serving {
    bed.origin.say("/c.ttl", "text/turtle", text.to_owned());
    bed.configure(
        "",
        &texts::source("c", "dcat", &bed.origin.at("/c.ttl"), ""),
    );
    let serving = bed.serve().await;
    asked_again(&serving).await;
    serving
}

async fn asked_again(serving: &Serving) {
    let report = serving.admin("POST", "/sources/c/run?wait=true").await;
    let report = super::serving::parsed(report).await;
    assert_eq!(report["outcome"], "complete", "{report}");
}

/// The titles that a query finds, sorted.
async fn found(serving: &Serving, fq: &str) -> Vec<String> {
    let mut found = titles(serving, &[("fq", fq)]).await;
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_and_every_way_to_join_them_finds_what_it_says() {
    let bed = Bed::new("[]".to_owned()).await;
    let serving = city(&bed, &first()).await;
    let shown = async |name: &str| {
        let id = format!("https://city.example/dataset/{name}");
        result(&serving, "package_show", &[("id", &id)]).await
    };
    let (rain, roads) = (shown("Rain").await, shown("Roads").await);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let works = text(&roads["organization"]["name"]);
    let owner = text(&roads["owner_org"]);
    let licence = text(&rain["license_id"]);
    let group = text(&rain["groups"][0]["name"]);
    for (fq, expected) in [
        // Each field by itself.
        ("tags:roads", "Lamps Roads"),
        ("tags:\"air quality\"", "Rain"),
        ("tags:\"!!!\"", ""),
        (&*format!("groups:{group}"), "Rain"),
        (&format!("groups:\"{group}\""), "Rain"),
        (&format!("organization:{works}"), "Lamps Roads"),
        (&format!("owner_org:{owner}"), "Lamps Roads"),
        (&format!("license_id:\"{licence}\""), "Lamps Rain"),
        ("res_format:CSV", "Lamps Rain"),
        ("res_format:csv", ""),
        ("access:on-application", "Roads"),
        ("access:open", "Rain"),
        ("frequency:DAILY", "Rain"),
        ("language:ENG", "Rain Roads"),
        ("language:ZHO", "Roads"),
        ("high_value:c_dd313021", "Rain"),
        ("source:c", "Lamps Rain Roads"),
        ("source:nobody", ""),
        ("title:rain", "Rain"),
        ("text:lamps", "Lamps"),
        ("uri:\"https://city.example/dataset/Rain\"", "Rain"),
        ("state:active", "Lamps Rain Roads"),
        ("state:deleted", ""),
        ("private:false", "Lamps Rain Roads"),
        // Whether there is any.
        ("license_id:*", "Lamps Rain"),
        ("-license_id:*", "Roads"),
        ("access:*", "Rain Roads"),
        ("language:*", "Rain Roads"),
        ("high_value:*", "Rain"),
        ("frequency:*", "Rain Roads"),
        ("owner_org:*", "Lamps Rain Roads"),
        ("uri:*", "Lamps Rain Roads"),
        ("*:*", "Lamps Rain Roads"),
        ("*", "Lamps Rain Roads"),
        // Ranges of words.
        ("tags:[lamps TO rain]", "Lamps Rain"),
        ("tags:{lamps TO rain}", ""),
        ("tags:{rain TO *]", "Lamps Roads"),
        ("frequency:[* TO DAILY]", "Rain"),
        ("res_format:[CSV TO JSON}", "Lamps Rain"),
        ("license_id:[* TO *]", "Lamps Rain"),
        // Joined.
        ("tags:roads res_format:CSV", "Lamps"),
        ("tags:roads AND res_format:CSV", "Lamps"),
        ("tags:roads OR res_format:CSV", "Lamps Rain Roads"),
        ("tags:rain OR tags:lamps AND res_format:JSON", "Rain"),
        ("(tags:rain OR tags:roads) AND res_format:JSON", "Roads"),
        ("tags:(rain OR lamps)", "Lamps Rain"),
        ("tags:(roads AND lamps)", "Lamps"),
        ("tags:(roads NOT lamps)", "Roads"),
        ("NOT tags:roads", "Rain"),
        ("!tags:roads", "Rain"),
        ("-tags:roads +res_format:CSV", "Rain"),
        ("NOT (tags:rain OR tags:lamps)", "Roads"),
        ("tags:roads AND NOT (access:* OR license_id:none)", "Lamps"),
        ("-tags:rain -tags:lamps", "Roads"),
    ] {
        assert_eq!(found(&serving, fq).await.join(" "), expected, "{fq}");
    }
    let list = json!(["tags:roads", "-tags:lamps"]).to_string();
    assert_eq!(titles(&serving, &[("fq_list", &list)]).await, ["Roads"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dates_are_those_of_our_commits() {
    let bed = Bed::new("[]".to_owned()).await;
    let serving = city(&bed, &first()).await;
    let shown = async |name: &str, date: &str| {
        let id = format!("https://city.example/dataset/{name}");
        let package = result(&serving, "package_show", &[("id", &id)]).await;
        package[date].as_str().unwrap().to_owned()
    };
    // Each activity has a time of its own.
    let mut came = Vec::new();
    for name in ["Rain", "Roads", "Lamps"] {
        came.push(shown(name, "metadata_modified").await);
    }
    let second = first().replace(
        "\"Roads\"@en ;",
        "\"Roads\"@en ; dct:description \"All\"@en ;",
    );
    let second = second + &dataset("Trees", "office", "CSV", "dcat:keyword \"trees\"@en");
    bed.origin.say("/c.ttl", "text/turtle", second);
    asked_again(&serving).await;
    let changed = shown("Roads", "metadata_modified").await;
    assert_eq!(shown("Roads", "metadata_created").await, came[1]);
    assert_eq!(shown("Rain", "metadata_modified").await, came[0]);
    let trees = shown("Trees", "metadata_created").await;
    let last = came.iter().max().unwrap().clone();
    let (from, to) = (
        changed.clone().min(trees.clone()),
        changed.clone().max(trees.clone()),
    );
    assert!(last < from, "{last} before {from}");
    for (fq, expected) in [
        (format!("metadata_modified:[* TO {last}Z]"), "Lamps Rain"),
        (format!("metadata_modified:{{{last}Z TO *]"), "Roads Trees"),
        (
            format!("metadata_modified:[{from}Z TO {to}Z]"),
            "Roads Trees",
        ),
        (
            format!("metadata_modified:[{changed}Z TO {changed}Z]"),
            "Roads",
        ),
        (format!("metadata_modified:[{changed}Z TO {changed}Z}}"), ""),
        (format!("metadata_modified:\"{changed}Z\""), "Roads"),
        (
            format!("metadata_modified:[2020-01-01 TO {from}Z}}"),
            "Lamps Rain",
        ),
        (format!("metadata_created:{{{last} TO *]"), "Trees"),
        (
            format!("-metadata_created:{{{last}Z TO *]"),
            "Lamps Rain Roads",
        ),
        (
            "metadata_modified:[NOW-1DAY TO NOW]".to_owned(),
            "Lamps Rain Roads Trees",
        ),
        ("metadata_modified:[* TO NOW-1DAY]".to_owned(), ""),
        ("metadata_modified:[NOW/DAY+2DAYS TO *]".to_owned(), ""),
        ("metadata_modified:*".to_owned(), "Lamps Rain Roads Trees"),
    ] {
        assert_eq!(found(&serving, &fq).await.join(" "), expected, "{fq}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_without_any_word_is_refused_and_not_passed_over() {
    let bed = Bed::new("[]".to_owned()).await;
    let serving = city(&bed, &first()).await;
    for (parameter, text) in [
        ("fq", "title:\"!!!\""),
        ("fq", "notes:…"),
        ("fq", "\"--\""),
        ("fq", "text:(rain OR \"?!\")"),
        ("fq", "tags:roads AND ,,,"),
        ("fq", "***"),
        ("q", "title:\"!!!\""),
        ("q", "!!!"),
        ("q", "\"…\" -"),
    ] {
        let (status, wrong) = error(&serving, "package_search", &[(parameter, text)]).await;
        assert_eq!(
            (status, &wrong["__type"]),
            (400, &json!("Search Query Error")),
            "{parameter}={text}: {wrong}"
        );
        let says = if text == "***" {
            "within words"
        } else {
            "no word"
        };
        assert!(wrong["message"].as_str().unwrap().contains(says), "{wrong}");
    }
    // Signs between words are what people type.
    assert_eq!(titles(&serving, &[("q", "rain & - …")]).await, ["Rain"]);
}
