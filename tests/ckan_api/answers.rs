//! The form of the answers: as CKAN's clients expect them.

use super::{asked, error, result, row, serving::Bed, texts};
use serde_json::{Value, json};

async fn bed() -> Bed {
    let rows = [
        row("1", "水庫水情", "每日水情", "經濟部水利署"),
        row("2", "公車站位", "站牌的位置", "交通部"),
        row("3", "空氣品質監測", "每小時", "環境部"),
    ];
    Bed::new(texts::export(&rows)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_is_shown_by_each_of_its_names() {
    let bed = bed().await;
    let serving = bed.serve().await;
    let (status, early) = asked(&serving, "package_list", &[]).await;
    assert_eq!(
        (status.as_u16(), &early["success"]),
        (503, &json!(false)),
        "{early}"
    );
    serving.run().await;

    let names = result(&serving, "package_list", &[]).await;
    let names: Vec<&str> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 3);
    assert!(names.is_sorted(), "{names:?}");
    let one = result(&serving, "package_list", &[("limit", "1"), ("offset", "1")]).await;
    assert_eq!(one, json!([names[1]]));

    let package = result(
        &serving,
        "package_show",
        &[("id", "https://data.gov.tw/dataset/1")],
    )
    .await;
    for name in ["id", "name"] {
        let again = result(
            &serving,
            "package_show",
            &[("id", package[name].as_str().unwrap())],
        )
        .await;
        assert_eq!(again, package, "{name}");
    }
    assert_eq!(package["title"], "水庫水情");
    for date in ["metadata_created", "metadata_modified"] {
        let text = package[date].as_str().unwrap();
        assert_eq!(text.len(), "2026-11-21T10:00:00.123456".len(), "{text}");
    }
    assert!(
        package["extras"]
            .as_array()
            .unwrap()
            .iter()
            .all(|e| e["key"].is_string() && e["value"].is_string())
    );
    let resource = &package["resources"][0];
    let shown = result(
        &serving,
        "resource_show",
        &[("id", resource["id"].as_str().unwrap())],
    )
    .await;
    assert_eq!(&shown, resource);
    assert_eq!(
        (&shown["format"], &shown["url"]),
        (&json!("CSV"), &json!("https://ministry.example/1.csv"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_come_as_json_as_a_form_and_in_the_address() {
    let bed = bed().await;
    let serving = bed.serve().await;
    serving.run().await;
    let search = "/api/3/action/package_search";
    let ways = [
        serving.get("/api/action/package_search?q=%E6%B0%B4%E5%BA%AB"),
        serving
            .post(search)
            .body(r#"{"q": "水庫"}"#)
            .header("content-type", "application/json"),
        serving
            .post(search)
            .body("q=%E6%B0%B4%E5%BA%AB")
            .header("content-type", "application/x-www-form-urlencoded"),
        serving
            .post(search)
            .body(r#"{"q": "水庫"}"#)
            .header("content-type", "application/x-www-form-urlencoded"),
    ];
    for (at, way) in ways.into_iter().enumerate() {
        let response = way.send().await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "application/json;charset=utf-8"
        );
        let answer: Value = super::serving::parsed(response).await;
        assert_eq!(answer["result"]["count"], 1, "{at}: {answer}");
        assert_eq!(
            answer["help"],
            "https://hub.example/api/3/action/help_show?name=package_search"
        );
    }
    let broken = serving
        .post(search)
        .body("{")
        .header("content-type", "application/json")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status(), 400);
    assert!(
        broken
            .text()
            .await
            .unwrap()
            .starts_with("\"Bad request: JSON Error")
    );
    let put = serving.get(search).build().unwrap();
    let put = reqwest::Client::new()
        .put(put.url().clone())
        .send()
        .await
        .unwrap();
    assert_eq!(put.status(), 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_as_ckan_says_it() {
    let bed = bed().await;
    let serving = bed.serve().await;
    serving.run().await;
    let response = serving
        .get("/api/3/action/package_destroy?id=1")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.text().await.unwrap(),
        "\"Bad request: Action name not known: package_destroy\""
    );
    for action in [
        "package_show",
        "resource_show",
        "organization_show",
        "group_show",
        "tag_show",
    ] {
        let (status, wrong) = error(&serving, action, &[("id", "nothing-of-that-name")]).await;
        assert_eq!(
            (status, &wrong["__type"]),
            (404, &json!("Not Found Error")),
            "{action}"
        );
        let (status, wrong) = error(&serving, action, &[]).await;
        assert_eq!(
            (status, &wrong["__type"]),
            (409, &json!("Validation Error")),
            "{action}"
        );
        assert_eq!(wrong["id"], json!(["Missing value"]));
    }
    for (parameter, value, says) in [
        (
            "fq",
            "titel:x",
            "character 1: there is no field \\\"titel\\\"",
        ),
        ("fq", "title:w*", "* and ? within words"),
        ("fq", "metadata_modified:[yesterday TO *]", "is no date"),
        ("q", "title:x^2", "^ (weights)"),
        ("sort", "size asc", "is no order"),
        ("facet.field", "[\"colour\"]", "there is no facet"),
        ("defType", "edismax", "Invalid search parameters: defType"),
    ] {
        let (status, wrong) = error(&serving, "package_search", &[(parameter, value)]).await;
        assert_eq!(
            (status, &wrong["__type"]),
            (400, &json!("Search Query Error")),
            "{value}"
        );
        assert!(wrong.to_string().contains(says), "{value}: {wrong}");
    }
    for (parameter, value) in [("rows", "many"), ("start", "-1"), ("facet.limit", "x")] {
        let (status, wrong) = error(&serving, "package_search", &[(parameter, value)]).await;
        assert_eq!(
            (status, &wrong["__type"]),
            (409, &json!("Validation Error")),
            "{value}"
        );
        assert!(wrong[parameter].is_array(), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_tags_licences_and_the_site_are_listed() {
    let bed = bed().await;
    let serving = bed.serve().await;
    serving.run().await;
    let organizations = result(&serving, "organization_list", &[("all_fields", "true")]).await;
    let organizations = organizations.as_array().unwrap();
    assert_eq!(organizations.len(), 3);
    let titles: Vec<&str> = organizations
        .iter()
        .map(|o| o["title"].as_str().unwrap())
        .collect();
    assert!(
        titles.is_sorted() && titles.contains(&"環境部"),
        "{titles:?}"
    );
    for organization in organizations {
        assert_eq!(organization["package_count"], 1);
        let id = organization["id"].as_str().unwrap();
        let shown = result(
            &serving,
            "organization_show",
            &[("id", id), ("include_datasets", "true")],
        )
        .await;
        assert_eq!(shown["name"], organization["name"]);
        assert_eq!(shown["packages"][0]["owner_org"], *id);
    }
    let names = result(&serving, "organization_list", &[("sort", "name desc")]).await;
    assert_eq!(names.as_array().unwrap().len(), 3);

    let groups = result(&serving, "group_list", &[]).await;
    let group = groups[0].as_str().unwrap();
    let shown = result(&serving, "group_show", &[("id", group)]).await;
    assert_eq!(
        (&shown["package_count"], &shown["is_organization"]),
        (&json!(3), &json!(false))
    );

    let licences = result(&serving, "license_list", &[]).await;
    assert_eq!(licences[0]["title"], "政府資料開放授權條款-第1版");
    let package = result(
        &serving,
        "package_show",
        &[("id", "https://data.gov.tw/dataset/1")],
    )
    .await;
    assert_eq!(licences[0]["id"], package["license_id"]);

    assert_eq!(result(&serving, "tag_list", &[]).await, json!([]));
    assert_eq!(result(&serving, "site_read", &[]).await, json!(true));
    assert_eq!(result(&serving, "status_show", &[]).await["datasets"], 3);
    let help = result(&serving, "help_show", &[("name", "package_search")]).await;
    assert!(help.as_str().unwrap().contains("facet.field"));
    let current = result(
        &serving,
        "current_package_list_with_resources",
        &[("limit", "2")],
    )
    .await;
    assert_eq!(current.as_array().unwrap().len(), 2);
    assert_eq!(serving.json("/api/3").await, json!({"version": 3}));
}
