//! `/openapi.json`: every public door in OpenAPI 3.1; `/openapi`: the same as a page. The operator's listener has a document of
//! its own, of its own doors.
//!
//! Nothing is described that the router has not: a route is made of its description ([`Routes::route`]), and the document
//! is what the routes were made of. Start at [`document`].

pub mod door;
mod page;
mod schemas;
pub mod table;

use super::{
    House, fresh,
    negotiate::{self, Offer},
    pages,
    problem::Problem,
    sparql::accept,
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::Response,
    routing::{MethodRouter, get},
};
use door::{Answer, Door, Operation, Parameter, Token};
use harvestd_web::doors::Doors;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::LazyLock};

/// Routes, each made of its description.
pub struct Routes<S = House> {
    pub router: Router<S>,
    pub doors: Vec<Door>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self {
            router: Router::new(),
            doors: Vec::new(),
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub fn new() -> Self {
        Self::default()
    }

    /// A route as it is described.
    #[must_use]
    pub fn route(mut self, door: Door, handlers: MethodRouter<S>) -> Self {
        self.router = self.router.route(&door.path, handlers);
        self.doors.push(door);
        self
    }

    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        self.doors.extend(others.doors);
        self
    }
}

/// Every public door, once.
pub fn doors() -> &'static [Door] {
    static DOORS: LazyLock<Vec<Door>> = LazyLock::new(|| {
        let mut doors: Vec<Door> = Vec::new();
        let all = [
            super::routes(0).doors,
            super::feedback::taking_routes().doors,
            super::push::described().doors,
            super::validate::described().doors,
        ];
        for door in all.into_iter().flatten() {
            match doors.iter_mut().find(|known| known.path == door.path) {
                Some(known) => known.operations.extend(door.operations),
                None => doors.push(door),
            }
        }
        doors
    });
    &DOORS
}

pub fn routes() -> Routes {
    Routes::new()
        .route(table::openapi_json(), get(as_json))
        .route(table::openapi(), get(by_accept))
}

async fn as_json(State(house): State<House>, headers: HeaderMap) -> Result<Response, Problem> {
    let document = document(doors(), house.base()).to_string();
    fresh::given(document.into_bytes(), "application/json", &headers)
}

/// The page, unless the client likes JSON better.
async fn by_accept(
    State(house): State<House>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    const OFFERS: &[Offer<bool>] = &[
        Offer {
            media_type: "text/html",
            format: true,
        },
        Offer {
            media_type: "application/json",
            format: false,
        },
    ];
    let offer = negotiate::best(&accept(&headers), OFFERS)?;
    if offer.format {
        let page = Doors {
            frame: pages::frame(&house, &uri, &headers, |words| {
                words.say("doors-title").to_owned()
            }),
            groups: page::groups(doors()),
        };
        return pages::answer(&page, &uri, &headers);
    }
    let mut response = as_json(State(house), headers).await?;
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, vary);
    Ok(response)
}

/// The public doors. `base` ends with a slash.
pub fn document(doors: &[Door], base: &str) -> Value {
    let about = "One catalogue of open data, harvested from many. Whatever answers GET answers HEAD as well. \
        Answers with an entity tag answer If-None-Match. Errors are problem documents (RFC 9457), except where an \
        interface has a form of its own for them; who likes text/html better is told them in a page.";
    let token = "A token of a source, as `harvestd token new` makes them.";
    written(doors, about, base.trim_end_matches('/'), token)
}

/// The operator's doors, on whatever address its listener has.
pub fn operators_document(doors: &[Door]) -> Value {
    let about = "What the operator of a harvestd may do. Errors are problem documents (RFC 9457).";
    let token = "`admin_token` in the configuration, or what the file `admin-token` in the data directory holds.";
    written(doors, about, "/", token)
}

fn written(doors: &[Door], about: &str, server: &str, token: &str) -> Value {
    let mut paths = Map::new();
    for door in doors {
        let mut methods = Map::new();
        for operation in &door.operations {
            methods.insert(operation.verb.word().to_owned(), told(door, operation));
        }
        paths.insert(door.template(), Value::Object(methods));
    }
    let paths = Value::Object(paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "harvestd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": about,
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": server }],
        "components": {
            "schemas": schemas::named_in(&paths),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": token } },
        },
        "paths": paths,
    })
}

fn told(door: &Door, operation: &Operation) -> Value {
    let mut told = Map::new();
    told.insert("operationId".to_owned(), id(door, operation).into());
    told.insert("tags".to_owned(), json!([door.group]));
    told.insert("summary".to_owned(), operation.summary.into());
    let parameters: Vec<Value> = operation.parameters.iter().map(parameter).collect();
    if !parameters.is_empty() {
        told.insert("parameters".to_owned(), parameters.into());
    }
    if !operation.bodies.is_empty() {
        let mut content = content(&operation.bodies, None);
        for (media_type, media) in &mut content {
            let structured = media_type.ends_with("json") || media_type.ends_with("urlencoded");
            if let Some(holds) = operation.holds.as_ref().filter(|_| structured) {
                media["schema"] = holds.clone();
            }
        }
        told.insert(
            "requestBody".to_owned(),
            json!({ "required": true, "content": content }),
        );
    }
    match operation.token {
        Some(Token::Needed) => told.insert("security".to_owned(), json!([{ "token": [] }])),
        Some(Token::Possible) => told.insert("security".to_owned(), json!([{ "token": [] }, {}])),
        None => None,
    };
    // A status may have several forms, each with its schema.
    let mut answers: BTreeMap<u16, Vec<&Answer>> = BTreeMap::new();
    for answer in &operation.answers {
        answers.entry(answer.status).or_default().push(answer);
    }
    let answers: Map<String, Value> = answers
        .into_iter()
        .map(|(status, answers)| (status.to_string(), response(status, &answers)))
        .collect();
    told.insert("responses".to_owned(), answers.into());
    Value::Object(told)
}

/// Made of method and address, so that it is nobody else's.
fn id(door: &Door, operation: &Operation) -> String {
    let mut id = operation.verb.word().to_owned();
    for character in door.path.chars() {
        id.push(if character.is_ascii_alphanumeric() {
            character
        } else {
            '_'
        });
    }
    id
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.about,
        "schema": parameter.schema,
    })
}

fn response(status: u16, answers: &[&Answer]) -> Value {
    let mut told = json!({ "description": meaning(status) });
    let mut all = Map::new();
    for answer in answers {
        all.extend(content(&answer.media_types, answer.schema));
    }
    if !all.is_empty() {
        told["content"] = all.into();
    }
    told
}

fn content(media_types: &[&'static str], schema: Option<&str>) -> Map<String, Value> {
    let media = |media_type: &str| match schema.filter(|_| media_type.ends_with("json")) {
        Some(schema) => json!({ "schema": { "$ref": format!("#/components/schemas/{schema}") } }),
        None => json!({}),
    };
    let media_types = media_types.iter();
    media_types
        .map(|media_type| ((*media_type).to_owned(), media(media_type)))
        .collect()
}

/// What a status means here.
fn meaning(status: u16) -> &'static str {
    match status {
        200 => "What was asked for.",
        201 => "It is kept, and durable.",
        202 => "It will be done.",
        204 => "It is done, and there is nothing to say.",
        206 => "The part that was asked for.",
        303 => "It is told at the address in Location.",
        304 => "The client's copy still holds.",
        307 => "What is newest now is at the address in Location.",
        308 => "It is described at the address in Location from now on.",
        400 => "Something in the request is not as it is expected; the answer says what.",
        401 => "A token is needed.",
        403 => "It may not be done, or not with this token.",
        404 => "There is no such thing here.",
        406 => "None of the accepted forms is available.",
        408 => "The request's body came too slowly.",
        409 => "It contradicts what is held, or a parameter is not as it is expected.",
        410 => "It is not kept any more; the answer says where to go on.",
        413 => "The request's body is too large.",
        415 => "The request's body is in a form that is not taken.",
        416 => "The file has no such part.",
        422 => "The request was read, and cannot be taken; the answer says why.",
        428 => "A version is needed.",
        429 => "Too much, or too often; Retry-After says when again.",
        500 => "The server's fault; its log says more.",
        502 => "Another server did not take it.",
        503 => "Not at the moment; Retry-After says when to ask again.",
        504 => "It was not answered in time, and was ended.",
        _ => "See RFC 9110.",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::serve::admin::doors as operators;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_in_an_address_is_described_and_the_other_way_round() {
        for door in doors().iter().chain(operators()) {
            let named: BTreeSet<&str> = door.path_names().into_iter().collect();
            for operation in &door.operations {
                let parameters = operation.parameters.iter();
                let told: BTreeSet<&str> = parameters
                    .filter(|parameter| parameter.place == "path")
                    .map(|parameter| parameter.name)
                    .collect();
                assert_eq!(told, named, "{:?} {}", operation.verb, door.path);
            }
        }
    }

    #[test]
    fn no_two_operations_are_one() {
        let mut seen = BTreeSet::new();
        for door in doors() {
            for operation in &door.operations {
                assert!(seen.insert(id(door, operation)), "{}", door.path);
            }
        }
        assert!(seen.len() > 60, "{}", seen.len());
    }

    #[test]
    fn every_schema_that_is_named_is_there_and_every_one_is_used() {
        let public = document(doors(), "http://hub.example/x/");
        assert_eq!(public["servers"][0]["url"], "http://hub.example/x");
        let mut used = BTreeSet::new();
        for document in [public, operators_document(operators())] {
            let there = document["components"]["schemas"].as_object().unwrap();
            let there: BTreeSet<String> = there.keys().cloned().collect();
            assert_eq!(schemas::names(&document), there);
            used.extend(there);
        }
        let all = schemas::schemas();
        let all: BTreeSet<String> = all.as_object().unwrap().keys().cloned().collect();
        assert_eq!(used, all);
    }
}
