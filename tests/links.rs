//! Addresses checked: every kind of fault from a real server, the book's memory, the round's pace, the doors, the command.
//! Everything is on loopback. Start at [`faults`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/checked.rs"]
mod checked;
#[path = "support/crooked.rs"]
mod crooked;
#[path = "support/daemon.rs"]
mod daemon;
#[path = "support/faulty.rs"]
#[expect(dead_code, reason = "shared with the tests of the network")]
mod faulty;

#[path = "links/doors.rs"]
mod doors;
#[path = "links/faults.rs"]
mod faults;
#[path = "links/many.rs"]
mod many;
#[path = "links/rounds.rs"]
mod rounds;

use daemon::{serving, texts};
use harvestd::{
    config::Config,
    links::{Links, round::Means, told::Filter, trouble::Trouble},
    log::Log,
    network::{Lookup, Network},
    state::State,
    store::Head,
};
use std::{io, net::IpAddr, path::PathBuf, pin::Pin, sync::Arc};

/// A resolver that knows one address for every name but those that end in `.invalid`.
struct Here;

impl Lookup for Here {
    fn lookup(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(async move {
            if host.ends_with(".invalid") {
                return Err(io::Error::other("no such name"));
            }
            Ok(vec!["127.0.0.1".parse().unwrap()])
        })
    }
}

/// A book in a folder of its own, and what is needed to ask.
struct Bed {
    dir: tempfile::TempDir,
    config: Arc<Config>,
    state: State,
    means: Means,
}

/// Loopback may be asked, and quickly.
const OPEN: &str = "[links]\nallow_ranges = [\"127.0.0.0/8\"]\nrequests_per_second = 1000.0\nrobots = \"ignore\"\n";
/// A busy machine does not meet these by itself.
const PATIENT: &str =
    "[limits.links]\ntotal_ms = 60_000\nconnect_ms = 30_000\nlook_every_ms = 10\n";

impl Bed {
    fn new(links: &str, limits: &str, sources: &[String]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::in_folder(dir, links, limits, sources)
    }

    fn in_folder(dir: tempfile::TempDir, links: &str, limits: &str, sources: &[String]) -> Self {
        let more: Vec<String> = [links, limits]
            .into_iter()
            .map(str::to_owned)
            .chain(sources.iter().cloned())
            .collect();
        let config = Arc::new(texts::config(dir.path(), "", &more));
        let network = Network::with_lookup(&config.public_url, Arc::new(Here));
        let state = State::open(dir.path(), Head::default(), 1 << 24).unwrap().0;
        let links = Arc::new(Links::open(&state, config.clone()).unwrap());
        let spool_dir = dir.path().join("spool");
        std::fs::create_dir_all(&spool_dir).unwrap();
        let means = Means {
            links,
            network: Arc::new(network),
            spool_dir,
        };
        Self {
            dir,
            config,
            state,
            means,
        }
    }

    fn spool(&self) -> PathBuf {
        self.means.spool_dir.clone()
    }

    /// The catalogue holds these datasets from now on, and nothing else.
    fn hold(&self, seq: u64, datasets: &[(String, String)]) {
        let log = Log::at(self.dir.path().join("no-log"), texts::BASE);
        let to = Head {
            generation: seq,
            seq,
            published_us: 1,
        };
        let every = || datasets.iter().cloned().map(Ok);
        let never = || false;
        let links = &self.means.links;
        links.follow(&log, to, 0, &never, every).unwrap();
    }

    fn trouble(&self, url: &str) -> Option<Trouble> {
        self.means.links.address(url).unwrap()?.trouble
    }

    /// All addresses that are known, in no particular order.
    fn known(&self) -> Vec<String> {
        let all = self.means.links.list(&Filter::default(), None, 1_000_000);
        all.unwrap().0.into_iter().map(|row| row.url).collect()
    }
}

/// A dataset of source `a` with one file at this address, and further statements of its distribution.
fn dataset(iri: &str, url: &str, more: &str) -> (String, String) {
    const DCAT: &str = "http://www.w3.org/ns/dcat#";
    let body = format!(
        "<{iri}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{DCAT}Dataset> .\n\
         <{iri}> <{DCAT}distribution> <{iri}#d> .\n<{iri}#d> <{DCAT}downloadURL> <{url}> .\n\
         <{}record/a/1> <http://xmlns.com/foaf/0.1/primaryTopic> <{iri}> .\n{}",
        texts::BASE,
        more.replace("{d}", &format!("<{iri}#d>"))
    );
    (iri.to_owned(), body)
}

/// That the file is of this type of the EU's vocabulary.
fn format(name: &str) -> String {
    format!(
        "{{d}} <http://purl.org/dc/terms/format> <http://publications.europa.eu/resource/authority/file-type/{name}> .\n"
    )
}
