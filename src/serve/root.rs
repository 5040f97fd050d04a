//! `/`: for people the first page, for programs the list of the doors.
//! Start at [`root`].

use super::{
    House, fresh,
    negotiate::{self, Offer},
    openapi, pages,
    problem::Problem,
    sparql::accept,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::Response,
};

/// JSON unless the client likes HTML better.
pub async fn root(
    State(house): State<House>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
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
    let offer = negotiate::best(&accept(&headers), OFFERS)?;
    if offer.format {
        return pages::home(&house, &uri, &headers).await;
    }
    let base = house.base();
    let (feedback, links) = (
        house.desk.feedback().is_some(),
        house.desk.links().is_some(),
    );
    let open = |name: &str| {
        (feedback || !name.starts_with("feedback")) && (links || !name.starts_with("links"))
    };
    let doors = openapi::doors()
        .iter()
        .filter_map(|door| Some((door.name?, door.path.trim_start_matches('/'))))
        .filter(|(name, _)| open(name));
    let doors = doors.map(|(name, path)| (name.to_owned(), format!("{base}{path}").into()));
    let mut response = fresh::json(&doors.collect::<serde_json::Map<_, _>>(), &headers)?;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
