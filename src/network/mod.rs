//! The only reqwest: pace, retries, limits, redirects, address guard, validators.
//!
//! Knows no catalogue and reads no body. A question goes through these files in their order below: it waits for its
//! turn, passes the guard, is sent, redirected and spooled to disk, and is asked again where that may help.
//! Start at [`Network::ask`].

mod begun;
mod clients;
mod deliver;
mod error;
mod exchange;
mod guard;
mod header;
pub mod local;
pub mod meters;
mod obey;
mod pace;
pub mod peer;
mod probe;
mod redact;
mod redirect;
mod retry;
mod robots;
mod site;
mod spool;
mod vitals;
mod wire;

pub use deliver::{Delivered, Delivery};
pub use error::{ErrorPage, NetworkError, NetworkErrorKind, TlsFault, Trace};
pub use guard::{Lookup, SystemLookup};
pub use probe::{Ended, Part, Probe, Probed};
pub use redact::{redact, scrub, secrets};
pub use site::site;
pub use vitals::Vitals;

use crate::config::Source;
use harvestd_harvesters::Request;
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use url::Url;

/// One for all sources: the pace of every host lives here.
pub struct Network {
    clients: clients::Clients,
    hosts: pace::Hosts,
    /// How addresses are asked that no source was configured with, beside the pace that all share.
    visits: pace::Hosts,
    vitals: vitals::All,
    robots: robots::Cache,
}

/// What makes a conditional request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// What asking gave.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one a question, moved a few times"
)]
pub enum Asked {
    NotModified,
    Answer(Spooled),
}

/// An answer on disk: decompressed, size-checked, whole (as far as HTTP can tell).
#[derive(Debug)]
pub struct Spooled {
    pub file: tempfile::NamedTempFile,
    pub status: u16,
    /// Where the answer came from in the end, after redirects.
    pub url: Url,
    /// Lower case, without parameters, as declared.
    pub media_type: Option<String>,
    pub charset: Option<String>,
    /// `Link: <…>; rel="next"`, resolved.
    pub link_next: Option<Url>,
    pub validators: Validators,
    /// Decoded bytes.
    pub bytes: u64,
    /// So many of them had come to an earlier question, and were not sent again.
    pub had_bytes: u64,
    /// BLAKE3 of the decoded bytes.
    pub hash: [u8; 32],
    /// True where HTTP framing proves that the body is whole (Content-Length, chunked, HTTP/2); a body ended by closing the
    /// connection proves nothing.
    pub framed: bool,
}

impl Network {
    /// `public_url` is what the User-Agent names, so that an operator elsewhere finds out who asks.
    pub fn new(public_url: &Url) -> Self {
        Self::with_lookup(public_url, Arc::new(SystemLookup))
    }

    /// A network with a resolver of its own. What it answers is vetted like any other answer.
    pub fn with_lookup(public_url: &Url, lookup: Arc<dyn Lookup>) -> Self {
        Self {
            clients: clients::Clients::new(public_url, lookup),
            hosts: pace::Hosts::default(),
            visits: pace::Hosts::default(),
            vitals: vitals::All::default(),
            robots: robots::Cache::default(),
        }
    }

    /// Empties the folder of spooled answers at the start, but for large ones that were begun less than `within` ago.
    ///
    /// # Errors
    /// Where the folder cannot be made or emptied.
    pub fn sweep(spool_dir: &Path, within: Duration) -> std::io::Result<()> {
        begun::sweep(spool_dir, within)
    }

    /// Asks one question of a source, politely, with retries; spools the answer into a new file in `spool_dir`.
    ///
    /// `validators` are sent where `request.conditional` allows it. Any status that is not of the 200 class is an error
    /// unless `request.any_status`; even then, one that may pass (429, 5xx) is an answer only after the last try, and a
    /// Retry-After beyond `retry_after_max_ms` never is.
    ///
    /// # Errors
    /// [`NetworkErrorKind`] says what may be done; [`NetworkErrorKind::RetryLater`] carries how long to leave the host alone.
    pub async fn ask(
        &self,
        source: &Source,
        request: &Request,
        validators: Option<&Validators>,
        spool_dir: &Path,
    ) -> Result<Asked, NetworkError> {
        let sent = AtomicU64::new(0);
        self.ask_counted(source, request, validators, spool_dir, &sent)
            .await
    }

    /// The same; `sent` rises with each HTTP request, retries and redirects included.
    ///
    /// # Errors
    /// As [`Network::ask`].
    pub async fn ask_counted(
        &self,
        source: &Source,
        request: &Request,
        validators: Option<&Validators>,
        spool_dir: &Path,
        sent: &AtomicU64,
    ) -> Result<Asked, NetworkError> {
        let exchange = exchange::Exchange {
            network: self,
            source,
            request,
            validators: validators.filter(|_| request.conditional),
            larger: spool::Larger::IsRefused,
            spool_dir,
            sent,
            secrets: &redact::secrets(source),
        };
        let asked = retry::persist(&exchange).await;
        meters::asked(match &asked {
            Ok(Asked::Answer(_)) => "answer",
            Ok(Asked::NotModified) => "not-modified",
            Err(error) => error.kind.name(),
        });
        asked
    }

    /// What the answers to a source's questions showed beside what was asked, since this was last taken.
    pub fn take_vitals(&self, source: &str) -> Vitals {
        self.vitals.take(source)
    }

    /// The beginning of an answer of the source, fit to be shown.
    pub fn begin_of(source: &Source, begin: &[u8]) -> ErrorPage {
        ErrorPage::of(begin, &redact::secrets(source))
    }

    /// To be told after a change of the configuration: forgets how removed sources wished hosts to be treated and which
    /// hosts asked to be left alone, and reads files of certificates again.
    pub fn reconfigured(&self, sources: &[Source]) {
        self.hosts
            .retain(|id| sources.iter().any(|source| source.id == id));
        self.clients.clear();
        self.robots.clear();
    }

    /// Nobody asks the source's host for so long, as it once wanted.
    pub fn hold(&self, source: &Source, wait: Duration) {
        if let Some(host) = source.url.host_str() {
            self.hosts.hold(host, wait);
        }
    }

    /// A person wants the source asked, whatever its host wanted.
    pub fn release(&self, source: &Source) {
        if let Some(host) = source.url.host_str() {
            self.hosts.release(host);
        }
    }
}

/// Is the address on a server of the source's: its own, or one that its configuration allows?
pub fn is_at(source: &Source, url: &Url) -> bool {
    guard::Reach::of(source).relation(url) != guard::Relation::Foreign
}

/// A limit of the configuration as a duration, short enough that no clock overflows on it.
fn ms(milliseconds: u64) -> Duration {
    const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;
    Duration::from_millis(milliseconds.min(YEAR_MS))
}
