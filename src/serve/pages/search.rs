//! `/search`: what was found in the search index of the newest snapshot, as a page.
//!
//! Asks the index on a blocking thread, as CKAN's door does. Start at [`search`].

use super::{
    asked::{AGES, Asked, CHANGED, ORDERS, SHOWN},
    labels::label,
    listed::{Listed, Shelf},
    searching,
};
use crate::{
    search::{By, Found, Labels, Question, SearchError, Sort, View, Wanted},
    serve::{House, pages, problem::Problem},
};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use chrono::{DateTime, Utc};
use harvestd_web::{
    Frame, Words,
    said::Said,
    search::{self as web, Chosen, Facet, Order, Value},
    values::Pages,
};
use std::sync::Arc;

/// Datasets on a page.
const ROWS: usize = 20;
/// Values of a facet that are shown, and all that are where all are asked for.
const VALUES: usize = 8;
const VALUES_ALL: usize = 500;
/// No page is beyond this one: who wants more takes the catalogue whole.
const PAGES_MAX: usize = 500;
/// Facets that are unfolded from the beginning.
const OPEN: [&str; 4] = ["organization", "groups", "res_format", CHANGED];

pub async fn search(
    State(house): State<House>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::of(uri.query().unwrap_or_default());
    let limit = house.config.limits.search.query_bytes_max;
    if asked.q.len() > limit {
        let detail = format!("q has {} bytes; at most {limit} are taken", asked.q.len());
        return Err(Problem::bad_request("query", detail));
    }
    let view = pages::view(&house)?;
    let frame = pages::frame(&house, &uri, &headers, |words| match asked.q.as_str() {
        "" => words.say("search-heading").to_owned(),
        q => format!("{q} · {}", words.say("search-heading")),
    });
    let (at, part) = (Utc::now(), asked.part);
    let shown = tokio::task::spawn_blocking(move || shown(&house, &view, frame, &asked, at));
    let page = shown.await.map_err(|_| Problem::internal())??;
    match part {
        true => pages::answer(&page.found, &uri, &headers),
        false => pages::answer(&page, &uri, &headers),
    }
}

fn shown(
    house: &House,
    view: &View,
    frame: Frame,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<web::Search, Problem> {
    let search = Asking {
        house,
        view,
        asked,
        now,
    };
    let (found, q, trouble) = match search.found() {
        Ok((found, q)) => (Some(found), q, None),
        Err(SearchError::Query { why, .. }) => (None, String::new(), Some(why)),
        Err(other) => return Err(searching(other)),
    };
    let labels = view.labels().map_err(searching)?;
    let words = frame.words;
    let found = match found {
        Some(found) => search.told(&frame, &labels, &found, &q)?,
        None => web::Found {
            words,
            count: words.say("search-found-none").to_owned(),
            trouble: Some(words.say("search-refused").to_owned()),
            why: trouble,
            ..web::Found::default()
        },
    };
    Ok(web::Search {
        q: asked.q.clone(),
        carried: asked.carried(),
        found,
        frame,
    })
}

/// One search.
struct Asking<'a> {
    house: &'a House,
    view: &'a View,
    asked: &'a Asked,
    now: DateTime<Utc>,
}

impl Asking<'_> {
    /// What was found, and the query by which. What people type with a colon in it is a query of the grammar, an IRI, or
    /// words with a colon between: the first of these that it can be.
    fn found(&self) -> Result<(Found, String), SearchError> {
        let q = &self.asked.q;
        let asked = |q: String| Ok::<_, SearchError>((self.ask(&q)?, q));
        match asked(q.clone()) {
            Err(SearchError::Query { .. }) if q.contains("://") => {
                asked(format!("\"{}\"", q.replace(['"', '\\'], "")))
            }
            Err(SearchError::Query { .. }) if q.contains(':') => asked(q.replace(':', " ")),
            done => done,
        }
    }

    fn ask(&self, q: &str) -> Result<Found, SearchError> {
        let mut question = self.question(q, None);
        question.sorts = self.asked.sorts();
        question.start = (self.asked.page.min(PAGES_MAX) - 1) * ROWS;
        question.rows = ROWS;
        let narrowed = |facet: &&'static str| self.is_narrowed(facet);
        question.facets = SHOWN.into_iter().filter(|facet| !narrowed(facet)).collect();
        self.view.search(&question, self.now)
    }

    fn is_narrowed(&self, facet: &str) -> bool {
        self.asked.narrowed.iter().any(|(name, _)| *name == facet)
    }

    /// Without any datasets, and not sorted by how well they fit: that would be reckoned for each.
    fn question(&self, q: &str, without: Option<&str>) -> Question {
        Question {
            q: q.to_owned(),
            filters: self.asked.filters(without),
            sorts: vec![Sort {
                by: By::Modified,
                descending: true,
            }],
            clauses_max: self.house.config.limits.search.clauses_max,
            ..Question::default()
        }
    }

    fn told(
        &self,
        frame: &Frame,
        labels: &Arc<Labels>,
        found: &Found,
        q: &str,
    ) -> Result<web::Found, Problem> {
        let words = frame.words;
        let shelf = Shelf {
            house: self.house,
            frame,
            labels,
        };
        let wanted = Wanted::of(q);
        let mut hits = Vec::new();
        for package in &found.page {
            hits.push(Listed::read(self.view, *package)?.hit(&shelf, &wanted));
        }
        let narrowed = self.asked.narrowed.iter();
        let chosen = narrowed.map(|&(facet, ref value)| Chosen {
            facet: words.say(&format!("facet-{facet}")).to_owned(),
            said: label(facet, value, labels, &words),
            without: frame.to(&self.asked.turned(facet, value).address()),
        });
        let chosen: Vec<Chosen> = chosen.collect();
        Ok(web::Found {
            words,
            count: counted(found.count, &words),
            besides: besides(&wanted),
            trouble: self.trouble(found, &words),
            why: None,
            without: (chosen.len() > 1).then(|| frame.to(&self.asked.everything().address())),
            chosen,
            orders: self.orders(frame),
            hits,
            facets: self.facets(frame, labels, found, q).map_err(searching)?,
            pages: self.pages(frame, found.count),
        })
    }

    fn trouble(&self, found: &Found, words: &Words) -> Option<String> {
        let key = match (found.count, found.page.is_empty()) {
            (0, _) => "search-none-advice",
            (_, true) => "search-too-far",
            _ => return None,
        };
        Some(words.say(key).to_owned())
    }

    fn orders(&self, frame: &Frame) -> Vec<Order> {
        let here = self.asked.ordered();
        let offered = ORDERS.iter().filter(|(name, _)| {
            // Of everything nothing fits better than another.
            *name != "best" || !self.asked.q.is_empty()
        });
        let orders = offered.map(|(name, _)| Order {
            words: frame.words.say(&format!("order-{name}")).to_owned(),
            href: frame.to(&self.asked.with_order(name).address()),
            here: *name == here,
        });
        orders.collect()
    }

    fn pages(&self, frame: &Frame, count: u64) -> Pages {
        let all = usize::try_from(count).unwrap_or(usize::MAX).div_ceil(ROWS);
        let (here, all) = (self.asked.page, all.min(PAGES_MAX));
        let to = |page: usize| frame.to(&self.asked.at(page).address());
        Pages {
            here: here as u64,
            all: all as u64,
            previous: (here > 1 && here <= all).then(|| to(here - 1)),
            next: (here < all).then(|| to(here + 1)),
        }
    }

    /// Beside each value stands how many there would be with it: of a facet that is narrowed by, without that.
    fn facets(
        &self,
        frame: &Frame,
        labels: &Arc<Labels>,
        found: &Found,
        q: &str,
    ) -> Result<Vec<Facet>, SearchError> {
        let mut facets = Vec::new();
        let mut counted = found.facets.iter();
        for name in SHOWN {
            let all = self.asked.more == Some(name);
            let most = if all { VALUES_ALL } else { VALUES };
            let apart;
            let counts = if self.is_narrowed(name) {
                let mut question = self.question(q, Some(name));
                question.facets = vec![name];
                apart = self.view.search(&question, self.now)?;
                apart.facets.first()
            } else {
                counted.next()
            };
            let Some(counts) = counts else { continue };
            let mut top = counts.top(1, Some(most + 1));
            let more = top.len() > most;
            top.truncate(most);
            self.with_chosen(name, &mut top);
            let values = top
                .into_iter()
                .map(|(value, count)| self.value(frame, labels, name, value, u64::from(count)));
            let more = more.then_some(("more", Some(name)));
            let more = more.or(all.then_some(("fewer", None)));
            facets.push(Facet {
                name,
                words: frame.words.say(&format!("facet-{name}")).to_owned(),
                values: values.collect(),
                more: more.map(|(key, more)| {
                    let href = frame.to(&self.asked.with_more(more).address());
                    (frame.words.say(key).to_owned(), href)
                }),
                open: OPEN.contains(&name) || all || self.is_narrowed(name),
            });
        }
        facets.push(self.ages(frame, labels, found, q)?);
        facets.retain(|facet| !facet.values.is_empty());
        Ok(facets)
    }

    /// What is chosen is seen, also where it is not among the most frequent.
    fn with_chosen<'v>(&'v self, facet: &str, top: &mut Vec<(&'v str, u32)>) {
        for (_, value) in self
            .asked
            .narrowed
            .iter()
            .filter(|(name, _)| *name == facet)
        {
            if !top.iter().any(|(seen, _)| seen == value) {
                top.push((value, 0));
            }
        }
    }

    /// What changed since a moment holds what changed since a later one, and what is older is the rest.
    fn ages(
        &self,
        frame: &Frame,
        labels: &Labels,
        found: &Found,
        q: &str,
    ) -> Result<Facet, SearchError> {
        let count = |filter: Option<&str>| {
            let mut question = self.question(q, Some(CHANGED));
            question.filters.extend(filter.map(str::to_owned));
            Ok::<_, SearchError>(self.view.search(&question, self.now)?.count)
        };
        let all = match self.is_narrowed(CHANGED) {
            true => count(None)?,
            false => found.count,
        };
        let mut values = Vec::new();
        let mut since = 0;
        for (age, filter) in AGES {
            let counted = match age {
                "older" => all.saturating_sub(since),
                _ if since == all => all,
                _ => count(Some(filter))?,
            };
            since = counted;
            if counted > 0 || self.asked.has(CHANGED, age) {
                values.push(self.value(frame, labels, CHANGED, age, counted));
            }
        }
        Ok(Facet {
            name: CHANGED,
            words: frame.words.say("facet-changed").to_owned(),
            values,
            more: None,
            open: true,
        })
    }

    fn value(
        &self,
        frame: &Frame,
        labels: &Labels,
        facet: &'static str,
        value: &str,
        count: u64,
    ) -> Value {
        Value {
            said: label(facet, value, labels, &frame.words),
            count: match count {
                0 => String::new(),
                count => frame.words.number(count),
            },
            href: frame.to(&self.asked.turned(facet, value).address()),
            chosen: self.asked.has(facet, value),
        }
    }
}

/// Phrases in the other language: of Chinese or English, whichever they are written in.
fn besides(wanted: &Wanted) -> Vec<Said> {
    let tag = |phrase: &str| if phrase.is_ascii() { "en" } else { "zh-Hant" };
    let phrases = wanted.besides().iter();
    phrases
        .map(|phrase| Said::new(*phrase, tag(phrase)))
        .collect()
}

/// How many were found, in words.
fn counted(count: u64, words: &Words) -> String {
    match count {
        0 => words.say("search-found-none").to_owned(),
        many => words.fill("search-found", &[&words.number(many)]),
    }
}
