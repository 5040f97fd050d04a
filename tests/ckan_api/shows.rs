//! What single things and short lists have: the members that CKAN 2.12 gives, and the values that are known.

use super::{
    result,
    serving::{Bed, Serving},
    texts,
};
use serde_json::{Value, json};

/// Members of CKAN's own answers.
const GROUP: [&str; 16] = [
    "approval_status",
    "description",
    "display_name",
    "extras",
    "groups",
    "id",
    "image_display_url",
    "image_url",
    "is_organization",
    "name",
    "num_followers",
    "package_count",
    "state",
    "tags",
    "title",
    "type",
];
const LICENCE: [&str; 12] = [
    "domain_content",
    "domain_data",
    "domain_software",
    "family",
    "id",
    "is_generic",
    "maintainer",
    "od_conformance",
    "osd_conformance",
    "status",
    "title",
    "url",
];
const RESOURCE: [&str; 20] = [
    "cache_last_updated",
    "cache_url",
    "created",
    "description",
    "format",
    "hash",
    "id",
    "last_modified",
    "metadata_modified",
    "mimetype",
    "mimetype_inner",
    "name",
    "package_id",
    "position",
    "resource_type",
    "size",
    "state",
    "url",
    "url_type",
    "uri",
];
const TAG: [&str; 4] = ["display_name", "id", "name", "vocabulary_id"];

const RAIN: &str = "d:rain dcat:keyword \"air quality\"@en, \"rain\"@en, \"x\"@en ; \
    dct:license <https://creativecommons.org/licenses/by/4.0/> ; \
    dcat:theme <http://publications.europa.eu/resource/authority/data-theme/ENVI> .\n";
const WIND: &str = "d:wind dcat:keyword \"wind\"@en, \"air quality\"@en ; \
    dcat:theme <http://publications.europa.eu/resource/authority/data-theme/ENVI> .\n";

async fn city() -> (Bed, Serving) {
    let bed = Bed::new("[]".to_owned()).await;
    let turtle = texts::turtle(&[("rain", "Rainfall", RAIN), ("wind", "Wind speed", WIND)]);
    bed.origin.say("/c.ttl", "text/turtle", turtle);
    let source = texts::source("c", "dcat", &bed.origin.at("/c.ttl"), "");
    bed.configure("", &source);
    let serving = bed.serve().await;
    let report = serving.admin("POST", "/sources/c/run?wait=true").await;
    let report = super::serving::parsed(report).await;
    assert_eq!(report["outcome"], "complete", "{report}");
    (bed, serving)
}

fn has(value: &Value, members: &[&str]) {
    for member in members {
        assert!(value.get(member).is_some(), "no {member}: {value:#}");
    }
}

fn titles(packages: &Value) -> Vec<&str> {
    let packages = packages.as_array().unwrap();
    let mut titles: Vec<&str> = packages
        .iter()
        .map(|package| package["title"].as_str().unwrap())
        .collect();
    titles.sort_unstable();
    titles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_are_listed_and_shown() {
    let (_bed, serving) = city().await;
    // CKAN takes no tag of one character.
    let all = ["air quality", "rain", "wind"];
    assert_eq!(result(&serving, "tag_list", &[]).await, json!(all));
    for (parameters, expected) in [
        (&[("query", "AI")][..], json!(["air quality", "rain"])),
        (&[("q", "wind")], json!(["wind"])),
        (&[("query", "sea")], json!([])),
        (&[("limit", "1"), ("offset", "1")], json!(["rain"])),
    ] {
        let listed = result(&serving, "tag_list", parameters).await;
        assert_eq!(listed, expected, "{parameters:?}");
    }
    let full = result(&serving, "tag_list", &[("all_fields", "true")]).await;
    for (tag, name) in full.as_array().unwrap().iter().zip(all) {
        has(tag, &TAG);
        assert_eq!(
            (&tag["name"], &tag["display_name"], &tag["vocabulary_id"]),
            (&json!(name), &json!(name), &Value::Null)
        );
    }
    let shown = result(&serving, "tag_show", &[("id", "air quality")]).await;
    assert_eq!(shown, full[0]);
    let id = full[0]["id"].as_str().unwrap();
    let with = [("id", id), ("include_datasets", "true")];
    let shown = result(&serving, "tag_show", &with).await;
    assert_eq!(titles(&shown["packages"]), ["Rainfall", "Wind speed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishers_and_themes_are_shown_with_their_datasets() {
    let (_bed, serving) = city().await;
    for (noun, title, iri) in [
        ("organization", "Office", "https://city.example/office"),
        (
            "group",
            "Environment",
            "http://publications.europa.eu/resource/authority/data-theme/ENVI",
        ),
    ] {
        let list = result(
            &serving,
            &format!("{noun}_list"),
            &[("all_fields", "true"), ("include_extras", "true")],
        )
        .await;
        assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
        has(&list[0], &GROUP);
        let show = format!("{noun}_show");
        let shown = result(&serving, &show, &[("id", iri)]).await;
        assert_eq!(shown, list[0], "{noun}");
        has(&shown, &["users"]);
        assert_eq!(shown["package_count"], 2);
        assert_eq!(shown["type"], noun);
        assert_eq!(shown["is_organization"], noun == "organization");
        assert_eq!(
            (&shown["display_name"], &shown["state"]),
            (&shown["title"], &json!("active"))
        );
        if noun == "organization" {
            assert_eq!(shown["title"], title);
        }
        let uri = json!([{"key": "uri", "value": iri, "state": "active"}]);
        assert_eq!(shown["extras"], uri, "{noun}");
        for by in ["id", "name"] {
            let by = shown[by].as_str().unwrap();
            assert_eq!(result(&serving, &show, &[("id", by)]).await, shown);
        }
        let with = [("id", iri), ("include_datasets", "true")];
        let shown = result(&serving, &show, &with).await;
        assert_eq!(titles(&shown["packages"]), ["Rainfall", "Wind speed"]);
        let without = [
            ("id", iri),
            ("include_dataset_count", "false"),
            ("include_extras", "false"),
        ];
        let shown = result(&serving, &show, &without).await;
        assert_eq!(
            (shown.get("package_count"), &shown["extras"]),
            (None, &json!([]))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn licences_resources_and_names_that_are_begun() {
    let (_bed, serving) = city().await;
    let licences = result(&serving, "license_list", &[]).await;
    assert_eq!(licences.as_array().unwrap().len(), 1, "{licences:#}");
    has(&licences[0], &LICENCE);
    let id = ("id", "https://city.example/dataset/rain");
    let rain = result(&serving, "package_show", &[id]).await;
    assert_eq!(rain["license_id"], licences[0]["id"]);
    assert_eq!(rain["license_title"], licences[0]["title"]);
    assert_eq!(
        (&licences[0]["status"], &licences[0]["od_conformance"]),
        (&json!("active"), &json!("approved"))
    );

    let resource = rain["resources"][0]["id"].as_str().unwrap();
    let shown = result(&serving, "resource_show", &[("id", resource)]).await;
    assert_eq!(shown, rain["resources"][0]);
    has(&shown, &RESOURCE);
    assert_eq!(shown["package_id"], rain["id"]);
    assert_eq!(shown["url"], "https://city.example/rain.csv");
    assert_eq!(shown["last_modified"], rain["metadata_modified"]);

    // Nothing begins with no word.
    let wordless = result(&serving, "package_autocomplete", &[("q", ":")]).await;
    assert_eq!(wordless, serde_json::json!([]));
    let begun = result(&serving, "package_autocomplete", &[("q", "wind")]).await;
    let wind = ("id", "https://city.example/dataset/wind");
    let wind = result(&serving, "package_show", &[wind]).await;
    let expected = json!([{
        "name": wind["name"], "title": "Wind speed", "match_field": "title", "match_displayed": "Wind speed",
    }]);
    assert_eq!(begun, expected);
    let both = [("q", "air"), ("limit", "1")];
    let both = result(&serving, "package_autocomplete", &both).await;
    assert_eq!(both.as_array().unwrap().len(), 1, "{both}");
}
