//! CKAN's Action API, version 3, for reading: `/api/3/action/{name}` and `/api/action/{name}`, by GET and POST.
//!
//! As CKAN answers: `{help, success, result}`, errors with `error.__type`, what is not there 404, what is wrong 400 or 409. The
//! answers come from the search index of the newest snapshot; nothing is asked of the store. Start at [`action`]; what an
//! action does is in the file of its noun.

mod answer;
mod asked;
mod groups;
mod help;
mod packages;
mod search;
mod site;
mod tags;

use super::{
    House, catalog, fresh,
    openapi::{Routes, table},
};
use crate::{
    config::Config,
    search::{SearchLimits, View},
    snapshot::Published,
};
use answer::{Failed, Given};
use asked::Asked;
use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;

/// What an action may look at.
pub struct Scene {
    pub view: Arc<View>,
    pub config: Arc<Config>,
}

impl Scene {
    fn limits(&self) -> &SearchLimits {
        &self.config.limits.search
    }
}

type Action = fn(&Scene, &Asked) -> Result<Given, Failed>;

/// Every action, by CKAN's name for it.
const ACTIONS: [(&str, Action); 16] = [
    ("package_show", packages::show),
    ("package_search", search::search),
    ("package_list", packages::list),
    ("current_package_list_with_resources", packages::current),
    ("resource_show", packages::resource),
    ("organization_list", groups::organizations),
    ("organization_show", groups::organization),
    ("group_list", groups::groups),
    ("group_show", groups::group),
    ("tag_list", tags::list),
    ("tag_show", tags::show),
    ("license_list", site::licences),
    ("status_show", site::status),
    ("site_read", site::read),
    ("help_show", help::show),
    ("package_autocomplete", search::autocomplete),
];

pub fn routes() -> Routes {
    let version = || async { axum::Json(serde_json::json!({"version": 3})) };
    let actions = table::ckan_action(&ACTIONS.map(|(name, _)| name));
    Routes::new()
        .route(
            actions.also_at("/api/action/{name}"),
            get(action).post(action),
        )
        .route(actions, get(action).post(action))
        .route(table::ckan_version().also_at("/api/3/"), get(version))
        .route(table::ckan_version(), get(version))
}

async fn action(
    State(house): State<House>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((name, action)) = ACTIONS.iter().find(|(known, _)| *known == name) else {
        return answer::bad_request(&format!("Action name not known: {name}"));
    };
    let help = answer::help(house.base(), name);
    let asked = match Asked::of(&method, query.as_deref(), &headers, &body) {
        Ok(asked) => asked,
        Err(why) => return answer::bad_request(&format!("JSON Error: {why}")),
    };
    let (snapshot, view) = match newest(&house) {
        Ok(found) => found,
        Err(failed) => return failed.answered(&help),
    };
    let scene = Scene {
        view,
        config: house.config.clone(),
    };
    let (action, may_hold) = (*action, method != Method::POST);
    let told = help.clone();
    let act = move || {
        let given = action(&scene, &asked)?;
        let tag = may_hold.then(|| given.tag(&told)).transpose()?;
        Ok((given, tag))
    };
    let done = if *name == "package_show" {
        // A few reads of an index: it takes less time than handing it on.
        act()
    } else {
        let done = tokio::task::spawn_blocking(act).await;
        done.unwrap_or_else(|panic| Err(Failed::Inside(panic.to_string())))
    };
    let (given, tag) = match done {
        Ok(done) => done,
        Err(failed) => return failed.answered(&help),
    };
    let mut response = match &tag {
        Some(tag) if fresh::held(tag, &headers) => StatusCode::NOT_MODIFIED.into_response(),
        _ => given.answered(&help),
    };
    if let Some(Ok(tag)) = tag.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(catalog::GENERATION, HeaderValue::from(snapshot.generation));
    headers.insert(catalog::SEQUENCE, HeaderValue::from(snapshot.seq));
    response
}

/// The newest snapshot and the index as it belongs to it.
fn newest(house: &House) -> Result<(Arc<Published>, Arc<View>), Failed> {
    let snapshot = house.published.borrow().clone();
    let snapshot = snapshot.ok_or(Failed::NotYet(
        "Nothing has been harvested and published yet.",
    ))?;
    let view = snapshot.search();
    let view = view.ok_or(Failed::NotYet(
        "The search index is not available; the server's log says why.",
    ))?;
    Ok((snapshot, view))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_a_search_is_described() {
        let door = table::ckan_action(&["package_search"]);
        let [get, post] = door.operations.as_slice() else {
            panic!("GET and POST");
        };
        let bodies = post.holds.as_ref().map(|holds| &holds["properties"]);
        for name in search::KNOWN {
            let told = get.parameters.iter().any(|told| told.name == name);
            assert!(told, "{name} is not described");
            let told = bodies.is_some_and(|told| told[name]["description"].is_string());
            assert!(told, "{name} is not described of bodies");
        }
    }
}
