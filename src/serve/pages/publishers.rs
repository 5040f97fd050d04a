//! `/publishers` and `/publishers/{name}`: whoever publishes, by CKAN's name of the organization. Start at [`list`] and
//! [`one`].

use super::{
    asked::narrowed,
    labels::{label, named},
    listed::{Listed, Shelf},
    quality::{indicator, lines, rated, ratings},
    searching,
};
use crate::{
    search::{By, Label, Labels, Question, Sort, View},
    serve::{
        House, pages,
        problem::Problem,
        quality::{self, Scoped},
    },
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, Uri},
    response::Response,
};
use chrono::Utc;
use harvestd_web::{
    Frame,
    frame::encoded,
    publishers as web,
    said::Said,
    values::{Bar, Brief, Choice, Link},
};
use url::form_urlencoded;

const FACET: &str = "organization";
const NEWEST: usize = 10;
/// What is told of a publisher's datasets, and so many values of each.
const PARTS: [&str; 5] = ["res_format", "license_id", "access", "frequency", "groups"];
const VALUES: usize = 8;
/// What is to be mended first: so many indicators are named.
const WORST: usize = 5;

pub async fn list(
    State(house): State<House>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = pages::view(&house)?;
    let frame = titled(&house, &uri, &headers);
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let q = pairs.find_map(|(name, value)| (name == "q").then(|| value.trim().to_owned()));
    let q = q.unwrap_or_default();
    let page = tokio::task::spawn_blocking(move || listed(&house, &view, frame, q)).await;
    let page = page.map_err(|_| Problem::internal())??;
    pages::answer(&page, &uri, &headers)
}

fn titled(house: &House, uri: &Uri, headers: &HeaderMap) -> Frame {
    pages::frame(house, uri, headers, |words| {
        words.say("publishers-heading").to_owned()
    })
}

fn listed(house: &House, view: &View, frame: Frame, q: String) -> Result<web::Publishers, Problem> {
    let question = Question {
        facets: vec![FACET],
        clauses_max: house.config.limits.search.clauses_max,
        ..Question::default()
    };
    let found = view.search(&question, Utc::now()).map_err(searching)?;
    let labels = view.labels().map_err(searching)?;
    let wanted = crate::search::text::fold(&q);
    let counted = found.facets.first().map(|counted| counted.top(1, None));
    let all = counted.into_iter().flatten().filter_map(|(name, count)| {
        let said = label(FACET, name, &labels, &frame.words);
        let title = labels.get(&(FACET, name.to_owned()))?.title.as_str();
        let folded = [said.text.as_str(), title].map(crate::search::text::fold);
        folded
            .iter()
            .any(|text| text.contains(&wanted))
            .then(|| Choice {
                said,
                count: u64::from(count),
                href: frame.to(&format!("/publishers/{}", encoded(name))),
            })
    });
    let all: Vec<Choice> = all.collect();
    let number = frame.words.number(all.len() as u64);
    Ok(web::Publishers {
        count: frame.words.fill("publishers-count", &[&number]),
        q,
        all,
        frame,
    })
}

pub async fn one(
    State(house): State<House>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = pages::view(&house)?;
    let frame = titled(&house, &uri, &headers);
    // A page without figures is better than none: those are measured with what is published.
    let scoped = quality::of_publisher(&house, &name).await.ok();
    let page = tokio::task::spawn_blocking(move || {
        let labels = view.labels().map_err(searching)?;
        let organization = labels
            .get(&(FACET, name.clone()))
            .ok_or_else(|| Problem::not_found(format!("No publisher is called {name:?} here.")))?;
        let mut page = told(&house, &view, frame, &labels, organization)?;
        page.quality = scoped.map(|scoped| measured(&page.frame, &scoped));
        Ok::<_, Problem>(page)
    });
    let page = page.await.map_err(|_| Problem::internal())??;
    pages::answer(&page, &uri, &headers)
}

fn told(
    house: &House,
    view: &View,
    mut frame: Frame,
    labels: &Labels,
    organization: &Label,
) -> Result<web::Publisher, Problem> {
    let asked = narrowed(FACET, &organization.name);
    let question = Question {
        filters: asked.filters(None),
        sorts: vec![Sort {
            by: By::Modified,
            descending: true,
        }],
        rows: NEWEST,
        facets: PARTS.to_vec(),
        clauses_max: house.config.limits.search.clauses_max,
        ..Question::default()
    };
    let found = view.search(&question, Utc::now()).map_err(searching)?;
    let words = frame.words;
    let title = named(&organization.title, &organization.iri, &words);
    frame.title.clone_from(&title.text);
    let shelf = Shelf {
        house,
        frame: &frame,
        labels,
    };
    let newest = found.page.iter();
    let newest =
        newest.map(|package| Ok::<_, Problem>(Listed::read(view, *package)?.brief(&shelf)));
    let mut newest = newest.collect::<Result<Vec<Brief>, Problem>>()?;
    for brief in &mut newest {
        // It is the page's own.
        brief.publisher = None;
    }
    let parts = PARTS.into_iter().zip(&found.facets);
    let parts = parts.map(|(facet, counted)| {
        let top = counted.top(1, Some(VALUES)).into_iter();
        let choices = top.map(|(value, count)| Choice {
            said: label(facet, value, labels, &words),
            count: u64::from(count),
            href: frame.to(&asked.turned(facet, value).address()),
        });
        let heading = words.say(&format!("facet-{facet}")).to_owned();
        (heading, Bar::all(choices.collect()))
    });
    let parts = parts.filter(|(_, bars): &(String, Vec<Bar>)| !bars.is_empty());
    Ok(web::Publisher {
        count: words.fill("publisher-datasets", &[&words.number(found.count)]),
        datasets: frame.to(&asked.address()),
        newest,
        parts: parts.collect(),
        quality: None,
        links: links(&frame, organization),
        title,
        frame,
    })
}

/// How good its datasets are, by band and over time, and by what most points are lost.
fn measured(frame: &Frame, scoped: &Scoped) -> web::Quality {
    let (words, standing) = (frame.words, &scoped.standing);
    let name = &scoped.name.id;
    let worst = standing.worst.iter().filter_map(|id| {
        let mut all = standing.indicators.iter();
        all.find(|share| share.indicator.id == *id)
    });
    let worst = worst.map(|share| {
        let lost = share.lost(standing.figures.datasets);
        (indicator(words, share), lost)
    });
    let worst = worst.take(WORST);
    web::Quality {
        datasets: standing.figures.datasets,
        mqa: standing.figures.mqa,
        rating: rated(words, standing.figures.rating),
        ratings: ratings(frame, &standing.figures, &narrowed(FACET, name)),
        trend: lines(words, &scoped.trend),
        worst: worst.collect(),
        all: frame.to(&format!("/quality/publisher/{}", encoded(name))),
    }
}

/// Where the same is for machines. A publisher that is known by its name alone has no address of its own.
fn links(frame: &Frame, organization: &Label) -> Vec<Link> {
    let own = |key: &str, path: String| {
        let said = Said::ours(frame.words.say(key), frame.language());
        Link::own(said, frame.to(&path))
    };
    let id = encoded(&organization.name);
    let mut links = vec![own(
        "link-ckan-organization",
        format!("/api/3/action/organization_show?id={id}"),
    )];
    if !organization.iri.is_empty() {
        let iri = encoded(&organization.iri);
        let said = Said::ours(frame.words.say("link-agent"), frame.language());
        links.insert(0, Link::out(said, &organization.iri));
        links.push(own("link-atom", format!("/atom.xml?publisher={iri}")));
        links.push(own("link-turtle", format!("/catalog.ttl?publisher={iri}")));
    }
    links
}
