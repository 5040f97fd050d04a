//! `/`: for people the status page, for programs the list of the doors.
//!
//! Asks nobody. Start at [`root`].

use super::{
    House, fresh,
    negotiate::{self, Offer},
    openapi,
    problem::Problem,
    sparql::accept,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

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
        let doors = openapi::doors()
            .iter()
            .filter_map(|door| Some((door.name?, door.path.trim_start_matches('/'))))
            .filter(|(name, _)| kept || !name.starts_with("feedback"));
        let doors = doors.map(|(name, path)| (name.to_owned(), format!("{base}{path}").into()));
        fresh::json(&doors.collect::<serde_json::Map<_, _>>(), &headers)?
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
