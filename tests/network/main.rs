//! How the network behaves towards servers that do not behave: one test a fault. Loopback only.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/faulty.rs"]
mod faulty;
#[path = "../support/port.rs"]
mod port;

mod answers;
mod cut;
mod figures;
mod guard;
mod large;
mod passing;
mod politeness;
mod redirects;
mod secrets;
mod tls;

use faulty::{Faulty, Heard, Step, answer, head, redirect};
use harvestd::{
    config::{NetworkLimits, Secret, Source, SourceNetwork},
    network::{
        Asked, Lookup, Network, NetworkError, NetworkErrorKind as Kind, Spooled, Validators,
    },
};
use harvestd_harvesters::{Post, Request};
use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use url::Url;

/// A source, a network of its own and a directory to spool into.
struct Bed {
    network: Network,
    source: Source,
    dir: TempDir,
}

impl Bed {
    /// A source at this address, which may be on loopback, with limits that a busy machine does not meet by itself.
    fn at(url: &Url) -> Self {
        Self::with(
            Network::new(&"https://catalogue.example/".parse().unwrap()),
            url,
        )
    }

    fn with_lookup(lookup: impl Lookup + 'static, url: &Url) -> Self {
        Self::with(
            Network::with_lookup(
                &"https://catalogue.example/".parse().unwrap(),
                Arc::new(lookup),
            ),
            url,
        )
    }

    fn with(network: Network, url: &Url) -> Self {
        Self {
            network,
            source: source(url),
            dir: TempDir::new().unwrap(),
        }
    }

    fn limits(mut self, set: impl FnOnce(&mut NetworkLimits)) -> Self {
        set(&mut self.source.network.limits);
        self
    }

    fn source(mut self, set: impl FnOnce(&mut SourceNetwork)) -> Self {
        set(&mut self.source.network);
        self
    }

    async fn ask(&self, request: &Request) -> Result<Asked, NetworkError> {
        self.network
            .ask(&self.source, request, None, self.dir.path())
            .await
    }

    async fn get(&self, url: &Url) -> Result<Spooled, NetworkError> {
        self.ask(&Request::get(url.clone(), "*/*"))
            .await
            .map(|asked| match asked {
                Asked::Answer(spooled) => spooled,
                Asked::NotModified => panic!("not modified, though nothing conditional was asked"),
            })
    }

    async fn error(&self, url: &Url) -> NetworkError {
        match self.get(url).await {
            Ok(spooled) => panic!(
                "an answer of {} bytes with status {}",
                spooled.bytes, spooled.status
            ),
            Err(error) => error,
        }
    }

    /// Files left in the spool directory.
    fn left(&self) -> usize {
        self.dir.path().read_dir().unwrap().count()
    }
}

fn source(url: &Url) -> Source {
    Source {
        id: "test".into(),
        kind: "dcat".into(),
        url: url.clone(),
        title: BTreeMap::new(),
        description: std::collections::BTreeMap::new(),
        publisher: std::collections::BTreeMap::new(),
        homepage: None,
        enabled: true,
        schedule: None,
        priority: 0,
        catch_up: harvestd::config::CatchUp::Once,
        quiet: None,
        full_every_ms: 0,
        details: Default::default(),
        follow: Default::default(),
        require_version: false,
        owns: Vec::new(),
        portal: false,
        language: None,
        offset_minutes: None,
        network: SourceNetwork {
            headers: Vec::new(),
            basic_auth: None,
            extra_ca: None,
            allow_ranges: vec!["127.0.0.0/8".parse().unwrap()],
            allow_hosts: Vec::new(),
            requests_per_second: 1e6,
            concurrency: 4,
            obeys_robots: false,
            limits: NetworkLimits {
                connect_ms: 60_000,
                read_ms: 60_000,
                total_ms: 120_000,
                rate_window_ms: 60_000,
                tries_max: 1,
                backoff_first_ms: 1,
                backoff_max_ms: 5,
                ..NetworkLimits::default()
            },
        },
        options: serde_json::Value::Null,
        at: "test".into(),
    }
}

fn text(spooled: &Spooled) -> String {
    std::fs::read_to_string(spooled.file.path()).unwrap()
}

fn ok(body: &str) -> faulty::Script {
    answer("200 OK", &[], body)
}

/// A resolver that knows one address for every name.
struct Fixed(&'static str);

impl Lookup for Fixed {
    fn lookup(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let address = self.0.parse().unwrap();
        Box::pin(async move { Ok(vec![address]) })
    }
}
