//! The interchange standard as a server: what the central portal is given, and our own connector asking another harvestd.

use super::*;

const LIST: &str = "/api/v1/rest/dataset";

async fn identifiers(daemon: &Serving, query: &str) -> Vec<String> {
    let said = daemon.json(&format!("{LIST}{query}")).await;
    assert_eq!(said["success"], true, "{said}");
    let result = said["result"].as_array().unwrap();
    result
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_is_given_what_it_has_not() {
    let (bed, daemon) = hub().await;
    let all = identifiers(&daemon, "").await;
    let [one, two] = ["1", "2"].map(|n| format!("https://city.example/dataset/{n}"));
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[2], "Z11010000A-000001");
    assert!(all.contains(&one) && all.contains(&two), "{all:?}");
    let everything = count(&daemon, "?dataset a dcat:Dataset").await;
    let of_the_portal = "<https://hub.example/catalog/a> dcat:dataset ?dataset";
    let of_the_portal = count(&daemon, of_the_portal).await;
    assert_eq!((everything, of_the_portal), (6, 3));

    assert_eq!(identifiers(&daemon, "?limit=1&offset=1").await, all[1..2]);
    assert!(identifiers(&daemon, "?offset=3").await.is_empty());
    assert!(
        identifiers(&daemon, "?modified=2999-01-01")
            .await
            .is_empty()
    );
    assert_eq!(
        identifiers(&daemon, "?modified=2020-01-01T00:00:00Z").await,
        all
    );

    // `modified` is when it changed here, whatever the source says of itself.
    let seen = daemon.json(&format!("{LIST}/Z11010000A-000001")).await;
    let changed = seen["result"]["modified"].as_str().unwrap().to_owned();
    assert!(changed.as_str() > "2026-07-02", "{changed}");
    assert_eq!(seen["result"]["sourceModified"], "2026-07-01 10:20:30");
    let file = &seen["result"]["distribution"][0];
    assert_eq!(file["resourceModified"], changed);
    assert_eq!(file["resourceSourceModified"], "2026-07-01 08:00:00");
    city(&bed, &[("1", "Trees"), ("2", "Street lamps")]);
    run(&daemon, "c").await;
    let changed = committed(&daemon, &two).await;
    let query = format!("?modified={changed}");
    assert_eq!(identifiers(&daemon, &query).await, [two]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_comes_out_as_it_went_in() {
    let (_bed, daemon) = hub().await;
    let said = daemon.json(&format!("{LIST}/Z11010000A-000001")).await;
    let expected = ministry("Z11010000A-000001", "公車站牌位置");
    let mut found = said["result"].clone();
    // When the file changed here; what its source says stands beside it.
    let file = found["distribution"][0].as_object_mut().unwrap();
    let own = file.remove("resourceSourceModified").unwrap();
    file.insert("resourceModified".to_owned(), own);
    for (field, value) in expected.as_object().unwrap() {
        if field != "modified" {
            assert_eq!(&found[field], value, "{field}\n{said:#}");
        }
    }
    // Both are there where nothing is known.
    let city = daemon
        .json(&format!("{LIST}/https:%2F%2Fcity.example%2Fdataset%2F1"))
        .await;
    assert_eq!(city["result"]["publisherOID"], "", "{city}");
    assert_eq!(city["result"]["publisherOrgCode"], "");
    assert_eq!(city["result"]["publisher"], "Office");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_in_the_words_of_the_standard() {
    let (_bed, daemon) = hub().await;
    for (path, error_type) in [
        ("/nobody", "資料集不存在"),
        ("/%E4%B8%80%2F%3F", "資料集不存在"),
        ("?limit=-1", "參數錯誤"),
        ("?modified=yesterday", "參數錯誤"),
        ("?since=2026-01-01", "參數錯誤"),
    ] {
        let said = daemon.json(&format!("{LIST}{path}")).await;
        assert_eq!(said["success"], false, "{said}");
        assert_eq!(said["error"]["error_type"], error_type, "{said}");
        assert!(
            said["error"]["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    assert_eq!(daemon.post(LIST).send().await.unwrap().status(), 405);
    let first = daemon.get(LIST).send().await.unwrap();
    let tag = first.headers()["etag"].clone();
    let again = daemon.get(LIST).header("if-none-match", tag).send().await;
    assert_eq!(again.unwrap().status(), 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_publication_it_refuses_as_the_standard_has_it() {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    let portal = "portal = false\n";
    let source = source("m", "tw_interchange", &bed.origin.at("/platform"), portal);
    bed.configure("", &source);
    platform_says(&bed, &[("Z11010000A-000001", "公車站牌位置")]);
    let daemon = bed.serve().await;
    for path in ["", "/Z11010000A-000001"] {
        let response = daemon.get(&format!("{LIST}{path}")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], JSON);
        assert!(response.headers().contains_key("retry-after"));
        let said = parsed(response).await;
        assert_eq!(said["success"], false, "{said}");
        assert_eq!(said["error"]["error_type"], "服務尚未就緒", "{said}");
        assert_eq!(
            said.get("result"),
            None,
            "nobody takes it for an empty list"
        );
    }
    run(&daemon, "m").await;
    assert_eq!(identifiers(&daemon, "").await, ["Z11010000A-000001"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_harvestd_harvests_it() {
    let (bed, first) = hub().await;
    let other = Bed::new(String::new()).await;
    let address = format!("http://{}/api/v1", first.listen);
    let options = "[source.options]\nmodified = \"date_time\"\noverlap_minutes = 0\n";
    let hub = source("hub", "tw_interchange", &address, "") + options;
    let text = texts::configuration(&other.data_dir(), "", &[hub]);
    let text = text.replace(texts::BASE, "https://second.example/");
    std::fs::write(other.dir.path().join("harvestd.toml"), text).unwrap();
    let second = other.serve().await;
    let report = run(&second, "hub").await;
    assert_eq!(report["counts"]["new"], 3, "{report}");
    assert_eq!(count(&second, "?dataset a dcat:Dataset").await, 3);

    city(&bed, &[("2", "Street lamps")]);
    run(&first, "c").await;
    let report = run(&second, "hub").await;
    let counts = &report["counts"];
    assert_eq!(
        (&counts["changed"], &counts["absent"]),
        (&1.into(), &1.into()),
        "{report}"
    );
    let lamps =
        "?dataset <http://purl.org/dc/terms/title> ?title FILTER(STR(?title) = \"Street lamps\")";
    assert_eq!(count(&second, lamps).await, 1);
}
