//! What is said, in lists: pages by number in JSON and RDF, one item at its own address, and a feed of the newest in
//! Atom. Start at [`list`].

use super::{House, Problem, held, kept, page, tagged};
use crate::{
    feedback::{Feedback, Filter, Held, Item, Shown, Status, atom as news, rdf},
    serve::{
        answer::write::serializer,
        negotiate::{self, GraphFormat, Offer},
        sparql::accept,
    },
};
use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use oxigraph::model::Triple;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Graph(GraphFormat),
    /// For people.
    Page,
}

const fn offer(media_type: &'static str, format: Form) -> Offer<Form> {
    Offer { media_type, format }
}

const OFFERS: &[Offer<Form>] = &[
    offer("application/json", Form::Json),
    offer("application/ld+json", Form::Graph(GraphFormat::JsonLd)),
    offer(
        "text/turtle; charset=utf-8",
        Form::Graph(GraphFormat::Turtle),
    ),
    offer("application/n-triples", Form::Graph(GraphFormat::NTriples)),
    offer("application/rdf+xml", Form::Graph(GraphFormat::RdfXml)),
    offer("application/trig", Form::Graph(GraphFormat::TriG)),
    offer("application/n-quads", Form::Graph(GraphFormat::NQuads)),
    offer("text/html", Form::Page),
];

/// What the query of a list says.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub filter: Filter,
    pub after: u64,
    before: Option<u64>,
    limit: Option<usize>,
    /// The query without the place in the list.
    rest: String,
}

impl Asked {
    pub fn of(query: Option<&str>) -> Result<Self, Problem> {
        const KNOWN: &str = "dataset, publisher, source, sender, status (open, accepted or declined), kind (correction or remark), after or before, and limit";
        let mut asked = Self::default();
        let mut rest = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let wrong = || {
                let text = format!("?{name}={value} is not known here: {KNOWN}.");
                Problem::bad_request("query", text)
            };
            let number = || value.parse::<u64>().map_err(|_| wrong());
            let text = Some(value.clone().into_owned()).filter(|text| !text.is_empty());
            let filter = &mut asked.filter;
            match &*name {
                "dataset" => filter.dataset = text,
                "publisher" => filter.publisher = text,
                "source" => filter.source = text,
                "sender" => filter.sender = text,
                "status" => filter.status = Some(Status::of(&value).ok_or_else(wrong)?),
                "kind" => {
                    let kind = serde_json::from_value((*value).into());
                    filter.kind = Some(kind.map_err(|_| wrong())?);
                }
                // Of the page.
                "lang" => continue,
                "after" => asked.after = number()?,
                "before" => asked.before = Some(number()?),
                "limit" => {
                    let limit = usize::try_from(number()?).map_err(|_| wrong())?;
                    asked.limit = Some(limit).filter(|limit| *limit > 0);
                }
                _ => return Err(wrong()),
            }
            if !matches!(&*name, "after" | "before") {
                rest.append_pair(&name, &value);
            }
        }
        asked.rest = rest.finish();
        Ok(asked)
    }

    fn limit(&self, feedback: &Feedback) -> usize {
        let most = feedback.limits().page_max;
        self.limit.unwrap_or(most).min(most)
    }

    fn address(&self, base: &str, path: &str, place: Option<(&str, u64)>) -> String {
        let place = place.map(|(name, id)| format!("{name}={id}"));
        let parts = [
            Some(self.rest.clone()).filter(|rest| !rest.is_empty()),
            place,
        ];
        let query: Vec<String> = parts.into_iter().flatten().collect();
        match query.is_empty() {
            true => format!("{base}{path}"),
            false => format!("{base}{path}?{}", query.join("&")),
        }
    }
}

/// Whose the datasets are by now, where the filter asks for it.
pub(super) async fn known(
    house: &House,
    feedback: &Feedback,
    filter: &Filter,
) -> Result<BTreeMap<String, Held>, Problem> {
    if !filter.needs_holdings() {
        return Ok(BTreeMap::new());
    }
    let mut datasets: BTreeSet<String> = feedback.datasets();
    if let Some(dataset) = &filter.dataset {
        datasets.retain(|known| known == dataset);
    }
    let datasets: Vec<String> = datasets.into_iter().collect();
    if datasets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let held = held(house, datasets.clone()).await?;
    Ok(datasets.into_iter().zip(held).collect())
}

pub(super) async fn list(
    State(house): State<House>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = form(&headers)?;
    let (asked, feedback) = (Asked::of(uri.query())?, kept(&house)?);
    let known = known(&house, &feedback, &asked.filter).await?;
    let most = asked.limit(&feedback);
    let fits = |item: &Item| asked.filter.fits(item, known.get(&item.said.dataset));
    let mut items = feedback.all(fits, asked.after, most + 1);
    let more = items.len() > most;
    items.truncate(most);
    let last = items.last().filter(|_| more).map(|item| item.id);
    let next = |base: &str| last.map(|id| asked.address(base, "feedback", Some(("after", id))));
    let body = match form.format {
        Form::Page => {
            let next = next(&format!("{}/", house.prefix()));
            return page::list(&house, &uri, &headers, &items, next);
        }
        Form::Json => {
            let shown: Vec<Shown> = items.iter().map(|r| Shown::of(r, house.base())).collect();
            serde_json::json!({ "items": shown, "next": next(house.base()) })
                .to_string()
                .into_bytes()
        }
        Form::Graph(format) => {
            let triples = items.iter().flat_map(|r| rdf::triples(house.base(), r));
            graph(triples, format)?
        }
    };
    let mut response = answered(form, body.clone());
    linked(&mut response, next(house.base()).as_deref());
    tagged(&headers, &body, response)
}

pub(super) async fn one(
    State(house): State<House>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = form(&headers)?;
    let found = match id.parse() {
        Ok(id) => kept(&house)?.get(id),
        Err(_) => None,
    };
    let none = || Problem::not_found(format!("No feedback has the number {id:?}."));
    let item = found.ok_or_else(none)?;
    let body = match form.format {
        Form::Page => return page::list(&house, &uri, &headers, &[item], None),
        Form::Json => {
            serde_json::to_vec(&Shown::of(&item, house.base())).map_err(|_| Problem::internal())?
        }
        Form::Graph(format) => graph(rdf::triples(house.base(), &item), format)?,
    };
    let response = answered(form, body.clone());
    tagged(&headers, &body, response)
}

/// Atom, whatever is accepted: there is nothing else at this address.
pub(super) async fn atom(
    State(house): State<House>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (asked, feedback) = (Asked::of(query.as_deref())?, kept(&house)?);
    let known = known(&house, &feedback, &asked.filter).await?;
    let most = asked.limit(&feedback);
    let fits = |item: &Item| asked.filter.fits(item, known.get(&item.said.dataset));
    let mut items: Vec<Arc<Item>> =
        feedback.newest(fits, asked.before.unwrap_or(u64::MAX), most + 1);
    let more = items.len() > most;
    items.truncate(most);
    let last = items.last().filter(|_| more).map(|item| item.id);
    let links = news::Links {
        own: asked.address(house.base(), "feedback/feed", None),
        next: last.map(|id| asked.address(house.base(), "feedback/feed", Some(("before", id)))),
    };
    let text = news::feed(house.base(), &links, &items);
    let kind = [(header::CONTENT_TYPE, news::MEDIA_TYPE)];
    let response = (kind, text.clone()).into_response();
    tagged(&headers, text.as_bytes(), response)
}

fn form(headers: &HeaderMap) -> Result<Offer<Form>, Problem> {
    negotiate::best(&accept(headers), OFFERS).copied()
}

fn answered(form: Offer<Form>, body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, form.media_type)], body).into_response()
}

fn linked(response: &mut Response, next: Option<&str>) {
    let link = next.map(|next| HeaderValue::try_from(format!("<{next}>; rel=\"next\"")));
    if let Some(Ok(link)) = link {
        response.headers_mut().insert(header::LINK, link);
    }
}

/// What a syntax has no way to write is refused: RDF/XML and some predicates.
fn graph(
    triples: impl IntoIterator<Item = Triple>,
    format: GraphFormat,
) -> Result<Vec<u8>, Problem> {
    let mut serializer = serializer(format);
    for (name, iri) in [
        ("oa", "http://www.w3.org/ns/oa#"),
        ("dqv", "http://www.w3.org/ns/dqv#"),
        ("prov", "http://www.w3.org/ns/prov#"),
    ] {
        serializer = serializer
            .clone()
            .with_prefix(name, iri)
            .unwrap_or(serializer);
    }
    let mut writer = serializer.for_writer(Vec::new());
    let refused = |error: std::io::Error| {
        let text = format!("This cannot be written in the format that is asked for: {error}.");
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not-expressible", text)
    };
    for triple in triples {
        writer.serialize_triple(&triple).map_err(refused)?;
    }
    writer.finish().map_err(refused)
}
