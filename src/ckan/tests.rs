//! A row of the national export as a package, and where it comes from.

use super::*;
use serde_json::json;

const BODY: &str = include_str!("../../vocab/tests/normalise/export-row.nt");
const ENTITY: &str = "https://data.gov.tw/dataset/23009";

fn package_of(body: &str, entity: &str) -> Option<Package> {
    let agents = |iri: &str| {
        let agent = Agent {
            title: "經濟部水利署".to_owned(),
            english: Some("Water Resources Agency".to_owned()),
        };
        (iri == "https://example.org/agent/tw/313200000G").then_some(agent)
    };
    Package::of(&Source {
        base: "https://example.org/",
        entity,
        facts: &Facts::of(body),
        created_us: 1_700_000_000_000_000,
        modified_us: 1_700_000_000_000_001,
        agents: &agents,
    })
    .unwrap()
}

fn shown(package: &Package) -> Value {
    serde_json::from_slice(&package.json).unwrap()
}

fn extra(package: &Package, key: &str) -> Option<String> {
    let shown = shown(package);
    let extras = shown["extras"].as_array().unwrap();
    let mut found = extras.iter().filter(|extra| extra["key"] == key);
    let value = found.next()?["value"].as_str();
    assert!(found.next().is_none(), "{key} stands twice");
    value.map(str::to_owned)
}

#[test]
fn a_row_of_the_national_export_is_a_package() {
    let package = package_of(BODY, ENTITY).unwrap();
    let json = shown(&package);
    assert_eq!(
        package.json,
        serde_json::to_vec(&json).unwrap(),
        "its fields are sorted"
    );
    assert_eq!(json["title"], "水庫水情（按日）");
    assert_eq!(json["notes"], "每日水情。\n提供機關：水利署。");
    assert_eq!(json["id"], "abee42e4-0ccf-56ee-b3fa-6181d8544e21");
    assert_eq!(json["metadata_created"], "2023-11-14T22:13:20.000000");
    assert_eq!(json["metadata_modified"], "2023-11-14T22:13:20.000001");
    assert_eq!(json["organization"]["title"], "經濟部水利署");
    assert_eq!(json["owner_org"], json["organization"]["id"]);
    assert_eq!(json["license_title"], "政府資料開放授權條款-第1版");
    assert_eq!(json["isopen"], true);
    assert_eq!(json["maintainer"], "王小姐");
    assert_eq!(json["maintainer_email"], "w@a.gov.tw");
    let tags: Vec<&str> = package.tags.iter().map(String::as_str).collect();
    assert_eq!(tags, ["water", "水情"]);
    let groups: Vec<&str> = package.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(groups, ["eu-gove", "tw-service-category-i00"]);
    assert_eq!(package.sources, ["demo"]);
    assert_eq!(package.frequency.as_deref(), Some("DAILY"));
    assert_eq!(json["num_resources"], 3);
    let formats: Vec<&str> = package.formats.iter().map(String::as_str).collect();
    assert_eq!(formats, ["CSV", "WEB SERVICE", "其他"]);
    let first = &json["resources"][0];
    // When it changed here, whatever the source says of the file.
    assert_eq!(first["last_modified"], json["metadata_modified"]);
    let dated = format!(
        "{BODY}<{}> <http://purl.org/dc/terms/modified> \"2026-05-01\"^^<http://www.w3.org/2001/XMLSchema#date> .\n",
        first["uri"].as_str().unwrap()
    );
    let dated = shown(&package_of(&dated, ENTITY).unwrap());
    let dated = &dated["resources"][0];
    assert_eq!(
        (&dated["last_modified"], &dated["source_modified"]),
        (
            &json["metadata_modified"],
            &json!("2026-05-01T00:00:00.000000")
        )
    );
    assert_eq!(
        (&first["url"], &first["mimetype"], &first["size"]),
        (
            &json!("https://a.gov.tw/1.csv"),
            &json!("text/csv"),
            &json!(1024)
        )
    );
}

#[test]
fn where_it_comes_from_is_in_the_extras() {
    let package = package_of(BODY, ENTITY).unwrap();
    assert_eq!(extra(&package, "uri").as_deref(), Some(ENTITY));
    assert_eq!(extra(&package, "identifier").as_deref(), Some("23009"));
    assert_eq!(
        extra(&package, "record").as_deref(),
        Some("https://example.org/record/demo/23009")
    );
    assert_eq!(
        extra(&package, "harvest_chain").as_deref(),
        Some(r#"["https://example.org/record/demo/23009"]"#)
    );
    assert_eq!(extra(&package, "source").as_deref(), Some("demo"));
    assert_eq!(extra(&package, "modified").as_deref(), Some("2026-05-07"));
    assert_eq!(
        extra(&package, "publisher_uri").as_deref(),
        package.publisher.as_deref()
    );
    let through = format!(
        "{BODY}<https://example.org/record/demo/23009> <http://purl.org/dc/terms/source> <https://b.example/record/x/1> .\n"
    );
    let chain = package_of(&through, ENTITY).unwrap();
    assert_eq!(
        extra(&chain, "harvest_chain").as_deref(),
        Some(r#"["https://example.org/record/demo/23009","https://b.example/record/x/1"]"#)
    );
}

#[test]
fn what_is_no_dataset_is_no_package() {
    let series = BODY.replace("ns/dcat#Dataset>", "ns/dcat#DatasetSeries>");
    assert_eq!(package_of(&series, ENTITY), None);
    assert_eq!(
        package_of(BODY, "https://example.org/record/demo/23009"),
        None
    );
}

#[test]
fn a_publisher_known_by_name_alone_is_one_for_each_source() {
    let publisher = "<https://example.org/record/demo/23009#publisher-1>";
    let named = |catalog: &str| {
        let body = BODY.replace("<https://example.org/agent/tw/313200000G>", publisher);
        let body = body.replace(
            "<https://example.org/catalog/demo>",
            &format!("<https://example.org/catalog/{catalog}>"),
        );
        let name = format!("{publisher} <http://xmlns.com/foaf/0.1/name> \"民政處\"@zh-hant .\n");
        package_of(&(body + &name), ENTITY).unwrap()
    };
    let (a, b) = (named("a"), named("b"));
    let owner = a.organization.clone().unwrap();
    assert_eq!(owner.title, "民政處");
    assert!(owner.name.starts_with("a-"), "{}", owner.name);
    assert_eq!(a.publisher, None);
    assert_ne!(owner.id, b.organization.unwrap().id);
}
