//! What goes out: the doors of the house. Public: SPARQL, the catalogue, our own IRIs, and how things stand. Loopback: the
//! operator's.
//!
//! The doors show published snapshots only, and never write. They ask the daemon through [`desk::Desk`], and the store
//! through worker processes ([`pool`], [`worker`]). Start at [`public_router`].

pub mod accounts;
pub mod admin;
mod answer;
mod asof;
mod atom;
mod by_hand;
mod catalog;
pub mod changes;
mod child;
mod ckan;
mod client;
mod crowd;
mod damaged;
mod dereference;
pub mod desk;
pub mod dumps;
mod feed;
pub mod feedback;
mod fresh;
pub mod geo;
mod graph_store;
pub mod guard;
mod interchange;
pub mod layers;
mod lease;
pub mod links;
pub mod listen;
mod listings;
mod lists;
mod lookup;
pub mod negotiate;
mod oai;
pub mod openapi;
pub mod operator;
mod pages;
mod places;
pub mod pool;
pub mod portrait;
pub mod problem;
pub mod push;
pub mod quality;
mod reports;
mod respond;
mod root;
mod running;
pub mod service_description;
mod sitemap;
mod snapshots;
mod sparql;
mod state;
mod status;
mod syntax;
mod validate;
mod void;
mod warm;
mod webhooks;
pub mod wire;
pub mod worker;

use crate::{config::Config, feed_cache::FeedCache, snapshot::Published, store::Head};
use axum::{Router, middleware, routing::get};
use desk::Desk;
use dumps::Dumps;
use metrics_exporter_prometheus::PrometheusHandle;
use openapi::{Routes, table};
use pool::{Pool, PoolOptions};
use problem::Problem;
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use admin::admin_router;
pub use listen::{Leftover, ListenLimits, serve};

/// Which snapshot was counted, and what is in it. Does not keep the snapshot.
type Counted = (Head, wire::Holdings);

/// The same of the figures.
type Figured = (Head, Arc<wire::Figures>);

/// What the doors need of the house. Every request takes one, so a clone is cheap.
#[derive(Clone)]
pub struct House(Arc<Rooms>);

impl std::ops::Deref for House {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.0
    }
}

/// What is in the house.
pub struct Rooms {
    pub config: Arc<Config>,
    pub published: watch::Receiver<Option<Arc<Published>>>,
    pub desk: Arc<dyn Desk>,
    /// Answers the queries of strangers.
    pub workers: Arc<Pool>,
    /// Answers our own questions (descriptions, dumps, counts), so that no stranger's query holds them up.
    pub readers: Arc<Pool>,
    /// Answers those queries of strangers that are small by construction.
    lookups: Arc<lookup::Lookups>,
    /// What each client has used of them.
    accounts: Arc<accounts::Accounts>,
    /// Answers questions about the past.
    pub past: Arc<Pool>,
    pub metrics: PrometheusHandle,
    /// The documents of the feed.
    pub feed: Arc<FeedCache>,
    /// Whole dumps.
    dumps: Arc<Dumps>,
    /// Entity tags of pages and lists.
    tags: Arc<catalog::validators::Remembered>,
    /// Counted once for each snapshot, when somebody asks.
    counted: Mutex<Option<Counted>>,
    /// The log as far as lists need it, once somebody has asked for one.
    remembered: listings::Remembered,
    /// Likewise.
    figured: Mutex<Option<Figured>>,
    /// Places for those who follow the changes.
    streams: Arc<Semaphore>,
    /// To be cancelled when the doors close: answers without an end come to theirs.
    pub ending: CancellationToken,
}

impl House {
    /// Must be called within a runtime, which then keeps the newest snapshot open for lookups.
    pub fn new(
        config: Arc<Config>,
        published: watch::Receiver<Option<Arc<Published>>>,
        desk: Arc<dyn Desk>,
        workers: Arc<Pool>,
        readers: Arc<Pool>,
        metrics: PrometheusHandle,
    ) -> Self {
        let lookups = lookup::Lookups::start(&config.limits.query, published.clone());
        let past =
            PoolOptions::for_the_past(workers.options().program.clone(), &config.limits.query);
        Self(Arc::new(Rooms {
            past: Pool::start(past, published.clone()),
            accounts: accounts::Accounts::new(&config.limits.query),
            feed: Arc::new(FeedCache::of(&config)),
            dumps: Arc::new(Dumps::of(&config.data_dir)),
            tags: Arc::default(),
            streams: Arc::new(Semaphore::new(config.limits.changes.streams_max)),
            ending: CancellationToken::new(),
            config,
            published,
            desk,
            workers,
            readers,
            lookups,
            metrics,
            counted: Mutex::default(),
            remembered: Arc::default(),
            figured: Mutex::default(),
        }))
    }

    /// The base of our own IRIs, with a slash at its end.
    pub(crate) fn base(&self) -> &str {
        self.config.public_url.as_str()
    }

    /// The path that goes before ours in links: empty, or `/prefix` without a slash at its end.
    pub(crate) fn prefix(&self) -> &str {
        self.config.public_url.path().trim_end_matches('/')
    }

    /// What the catalogue is called, in English where that is known.
    pub(crate) fn title(&self) -> &str {
        let title = &self.config.title;
        let name = title.get("en").or_else(|| title.values().next());
        name.map_or("harvestd", String::as_str)
    }

    /// What the catalogue is called in the language of a tag, else in any.
    pub(crate) fn title_in(&self, tag: &str) -> &str {
        let first = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
        let named = self.config.title.iter();
        let mut named = named.filter(|(known, _)| first(known) == first(tag));
        named.next().map_or_else(|| self.title(), |(_, name)| name)
    }

    /// The newest published snapshot.
    pub(crate) fn snapshot(&self) -> Result<Arc<Published>, Problem> {
        self.published.borrow().clone().ok_or_else(|| {
            Problem::unavailable(
                "nothing-published",
                "Nothing has been harvested and published yet.",
                10,
            )
        })
    }

    /// What the newest snapshot holds, in figures. Questions that come while it is being counted wait for the same count.
    pub(crate) async fn figures(
        &self,
        snapshot: &Arc<Published>,
    ) -> Result<Arc<wire::Figures>, Problem> {
        let mut figured = self.figured.lock().await;
        if let Some((of, figures)) = figured.as_ref()
            && *of == Head::from(snapshot.as_ref())
        {
            return Ok(Arc::clone(figures));
        }
        let path = snapshot.path.clone();
        let question = wire::Question::Figures { snapshot: path };
        let answer = self.readers.ask(question, snapshot).await?;
        let figures = answer.json().map(Arc::new);
        let figures = figures.ok_or_else(Problem::internal)?;
        *figured = Some((Head::from(snapshot.as_ref()), Arc::clone(&figures)));
        Ok(figures)
    }

    /// How much the newest snapshot holds. Questions that come while it is being counted wait for the same count.
    pub(crate) async fn holdings(
        &self,
        snapshot: &Arc<Published>,
    ) -> Result<wire::Holdings, Problem> {
        let mut counted = self.counted.lock().await;
        if let Some((of, holdings)) = counted.as_ref()
            && *of == Head::from(snapshot.as_ref())
        {
            return Ok(*holdings);
        }
        let question = wire::Question::Count {
            snapshot: snapshot.path.clone(),
        };
        let answer = self
            .readers
            .ask(question, snapshot)
            .await
            .map_err(Problem::from)?;
        let holdings = answer.json().ok_or_else(Problem::internal)?;
        *counted = Some((Head::from(snapshot.as_ref()), holdings));
        Ok(holdings)
    }
}

/// Everything that is not the operator's: what the world may see, where centres push, and where something can be said.
pub fn doors(house: House, inbox: std::sync::Arc<crate::push::Inbox>) -> Router {
    let prefix = house.prefix().to_owned();
    // What is nowhere is the world's: of two routers, the other's answer for it stays.
    layers::pushing(push::routes(inbox.clone(), &prefix))
        .merge(layers::pushing(validate::routes(inbox, &prefix)))
        .merge(layers::open(feedback::taking(house.clone())))
        .merge(public_router(house))
}

/// Everything the world may see. Its routes are relative to the path of `public_url`, and answer without that path too,
/// for proxies that cut it off and for probes on the machine itself.
pub fn public_router(house: House) -> Router {
    let prefix = house.prefix().to_owned();
    let routes = routes(house.config.limits.query.query_bytes_max);
    let routes = routes.router.with_state(house.clone());
    let router = if prefix.is_empty() {
        routes
    } else {
        let root = get(root::root).with_state(house.clone());
        Router::new()
            .nest(&prefix, routes.clone())
            .route(&format!("{prefix}/"), root)
            .merge(routes)
    };
    // Errors are pages for who reads pages: also those that the router itself answers, which get their documents first.
    let router = router
        .layer(middleware::map_response(problem::dress))
        .layer(middleware::from_fn_with_state(
            house.clone(),
            pages::trouble::around,
        ));
    layers::public(router, &house.config.limits.http)
}

/// Everything the world may see, each route with its description.
fn routes(query_bytes_max: usize) -> Routes {
    Routes::new()
        .merge(sparql::routes(query_bytes_max))
        .merge(catalog::routes())
        .merge(lists::routes())
        .merge(changes::routes())
        .merge(ckan::routes())
        .merge(feed::routes())
        .merge(feedback::routes())
        .merge(links::routes())
        .merge(dereference::routes())
        .merge(interchange::routes())
        .merge(oai::routes())
        .merge(atom::routes())
        .merge(graph_store::routes())
        .merge(sitemap::routes())
        .merge(void::routes())
        .merge(snapshots::routes())
        .merge(status::routes())
        .merge(reports::routes())
        .merge(quality::routes())
        .merge(state::routes())
        .merge(dumps::routes())
        .merge(openapi::routes())
        .route(table::root(), get(root::root))
        .merge(pages::routes())
}
