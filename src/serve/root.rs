//! `/`: for people the status page, for programs the list of the doors.
//!
//! Asks nobody. Start at [`root`].

use super::{
    House,
    negotiate::{self, Offer},
    problem::Problem,
    sparql::accept,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// What can be asked for, by its name in the list and its address below `public_url`.
const DOORS: &[(&str, &str)] = &[
    ("status", "status"),
    ("sitemap", "sitemap.xml"),
    ("sparql", "sparql"),
    ("catalog", "catalog"),
    ("ckan", "api/3"),
    ("graph_store", "graph-store"),
    ("void", ".well-known/void"),
    ("data_json", "data.json"),
    ("csv", "catalog.csv"),
    ("feed", "feed"),
    ("atom", "atom.xml"),
    ("oai", "oai"),
    ("interchange", "api/v1/rest/dataset"),
    ("snapshots", "snapshots"),
    ("changes", "changes"),
    ("feedback", "feedback"),
    ("feedback_feed", "feedback/feed"),
    ("metrics", "metrics"),
];

/// JSON unless the client likes HTML better: then `/status` is the page to see.
pub async fn root(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    const OFFERS: &[Offer<bool>] = &[
        Offer {
            media_type: "application/json",
            format: false,
        },
        Offer {
            media_type: "text/html",
            format: true,
        },
    ];
    let offer = negotiate::choose(&accept(&headers), OFFERS)
        .ok_or_else(|| Problem::not_acceptable(&negotiate::on_offer(OFFERS)))?;
    let mut response = if offer.format {
        let page = format!("{}/status", house.prefix());
        (StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response()
    } else {
        let base = house.base();
        let kept = house.desk.feedback().is_some();
        let doors = DOORS
            .iter()
            .filter(|(name, _)| kept || !name.starts_with("feedback"));
        let doors = doors.map(|(name, path)| ((*name).to_owned(), format!("{base}{path}").into()));
        Json(doors.collect::<serde_json::Map<_, _>>()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
