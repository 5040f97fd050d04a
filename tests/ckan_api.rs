//! CKAN's Action API over the real daemon: what it answers, what it finds, and that it follows what is published.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/daemon.rs"]
mod daemon;

#[path = "ckan_api/answers.rs"]
mod answers;
#[path = "ckan_api/copies.rs"]
mod copies;
#[path = "ckan_api/filters.rs"]
mod filters;
#[path = "ckan_api/following.rs"]
mod following;
#[path = "ckan_api/mended.rs"]
mod mended;
#[path = "ckan_api/searches.rs"]
mod searches;
#[path = "ckan_api/shows.rs"]
mod shows;

use daemon::{serving, texts};
use reqwest::StatusCode;
use serde_json::{Value, json};
use serving::Serving;
use url::form_urlencoded;

/// The result of an action that succeeds.
async fn result(serving: &Serving, action: &str, parameters: &[(&str, &str)]) -> Value {
    let (status, answer) = asked(serving, action, parameters).await;
    assert_eq!(status, StatusCode::OK, "{action} {parameters:?}: {answer}");
    assert_eq!(answer["success"], json!(true), "{answer}");
    answer["result"].clone()
}

/// The error of an action that does not, after its status.
async fn error(serving: &Serving, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
    let (status, answer) = asked(serving, action, parameters).await;
    assert_eq!(answer["success"], json!(false), "{action}: {answer}");
    (status.as_u16(), answer["error"].clone())
}

async fn asked(
    serving: &Serving,
    action: &str,
    parameters: &[(&str, &str)],
) -> (StatusCode, Value) {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let path = format!("/api/3/action/{action}?{query}");
    let response = serving.get(&path).send().await.unwrap();
    let status = response.status();
    (status, serving::parsed(response).await)
}

/// Titles of what a search finds, in order.
async fn titles(serving: &Serving, parameters: &[(&str, &str)]) -> Vec<String> {
    let found = result(serving, "package_search", parameters).await;
    let packages = found["results"].as_array().unwrap();
    packages
        .iter()
        .map(|package| package["title"].as_str().unwrap().to_owned())
        .collect()
}

/// A row of the export with other words than [`texts::row`] has.
fn row(id: &str, title: &str, description: &str, agency: &str) -> String {
    let mut row: Value = serde_json::from_str(&texts::row(id, title)).unwrap();
    row["資料集描述"] = json!(description);
    row["提供機關"] = json!(agency);
    row.to_string()
}
