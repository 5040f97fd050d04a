//! One address asked: its head, and then its first bytes where the head does not say all.
//!
//! Never an error: what went wrong is what came. Remembers nothing. Start at [`Checker::check`].

use super::{judge::Came, sniff, trouble::Trouble};
use crate::config::{CatchUp, Config, Follow, NetworkLimits, Source, SourceNetwork};
use crate::network::{
    Ended, Network, NetworkError, NetworkErrorKind as Kind, Part, Probe, Probed, TlsFault,
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use url::Url;

/// Asks addresses, as configured.
pub struct Checker {
    config: Arc<Config>,
    spool_dir: PathBuf,
}

impl Checker {
    /// `spool_dir` is for what has to lie on disk on its way: a robots.txt.
    pub fn new(config: Arc<Config>, spool_dir: PathBuf) -> Self {
        Self { config, spool_dir }
    }

    /// What comes from an address. `before` is what came from it the last time: where the head shows that nothing has
    /// changed since, it is not asked for more.
    pub async fn check(&self, network: &Network, address: &str, before: Option<&Came>) -> Came {
        let began = Instant::now();
        let mut came = match Url::parse(address) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                self.asked(network, &url, before).await
            }
            _ => of_fault(Trouble::OtherScheme, None),
        };
        came.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        came
    }

    async fn asked(&self, network: &Network, url: &Url, before: Option<&Came>) -> Came {
        let mut url = url.clone();
        url.set_fragment(None);
        let asker = |hop: &Url| self.source(hop);
        let probe = Probe {
            url: &url,
            asker: &asker,
            spool_dir: &self.spool_dir,
            bytes_max: self.config.limits.links.bytes_max,
        };
        match network.probe(&probe, Part::Head).await {
            Ok(head) if is_unchanged(&head, before) => return before.cloned().unwrap_or_default(),
            Ok(head) if head.status < 400 => {}
            // Some servers do not know HEAD, and some say so in strange ways.
            Ok(head) => {
                if let Some(came) = left_alone(&head) {
                    return came;
                }
            }
            Err(error) if is_final(&error) => return of_error(&error),
            Err(_) => {}
        }
        let begin = network.probe(&probe, Part::Begin).await;
        let refused = |probed: &Probed| {
            probed.status == 501 || probed.status == 416 && probed.length != Some(0)
        };
        let begin = match begin {
            Ok(probed) if refused(&probed) => network.probe(&probe, Part::Whole).await,
            begin => begin,
        };
        match begin {
            Ok(probed) => left_alone(&probed).unwrap_or_else(|| of_answer(probed)),
            Err(error) => of_error(&error),
        }
    }

    /// How an address may be asked: at the pace of link checks, and where it is a source's own server, no faster than the
    /// source's, and in the private ranges that it may be in.
    fn source(&self, url: &Url) -> Source {
        let (links, limits) = (&self.config.links, &self.config.limits);
        let own = &limits.links;
        let mut network = SourceNetwork {
            headers: Vec::new(),
            basic_auth: None,
            extra_ca: None,
            allow_ranges: links.allow_ranges.clone(),
            allow_hosts: Vec::new(),
            requests_per_second: links.requests_per_second,
            concurrency: 1,
            obeys_robots: links.obeys_robots,
            limits: NetworkLimits {
                connect_ms: own.connect_ms,
                read_ms: own.total_ms,
                total_ms: own.total_ms,
                rate_window_ms: own.total_ms,
                retry_after_max_ms: 0,
                tries_max: 1,
                ..limits.network.clone()
            },
        };
        for source in &self.config.sources {
            if crate::network::is_at(source, url) {
                network.extra_ca.clone_from(&source.network.extra_ca);
                network.allow_ranges.extend(&source.network.allow_ranges);
                let pace = source.network.requests_per_second;
                network.requests_per_second = network.requests_per_second.min(pace);
            }
        }
        Source {
            id: "links".to_owned(),
            kind: String::new(),
            url: url.clone(),
            title: BTreeMap::new(),
            description: BTreeMap::new(),
            publisher: BTreeMap::new(),
            homepage: None,
            enabled: true,
            schedule: None,
            catch_up: CatchUp::Once,
            quiet: None,
            full_every_ms: 0,
            priority: 0,
            owns: Vec::new(),
            portal: false,
            language: None,
            offset_minutes: None,
            network,
            details: crate::config::Details::default(),
            follow: Follow::default(),
            require_version: false,
            options: serde_json::Value::Null,
            at: String::new(),
        }
    }
}

/// Was this very state of the file looked at before?
fn is_unchanged(head: &Probed, before: Option<&Came>) -> bool {
    let known = before.and_then(|before| before.mark.as_ref());
    (200..300).contains(&head.status) && known.is_some() && known == mark(head).as_ref()
}

/// Names a state of the file: by where it is, how long, and what the server says to tell states apart.
fn mark(probed: &Probed) -> Option<String> {
    let validators = &probed.validators;
    if validators.etag.is_none() && validators.last_modified.is_none() {
        return None;
    }
    let said = format!(
        "{} {:?} {:?} {:?} {:?}",
        probed.url, probed.length, probed.media_type, validators.etag, validators.last_modified
    );
    Some(blake3::hash(said.as_bytes()).to_hex()[..16].to_owned())
}

fn left_alone(probed: &Probed) -> Option<Came> {
    let wait = probed.retry_after?;
    Some(Came {
        status: Some(probed.status),
        retry_after_ms: Some(millis(wait)),
        ..of_fault(Trouble::Busy, None)
    })
}

fn of_answer(probed: Probed) -> Came {
    let (fault, said, whole) = match &probed.ended {
        Ended::Whole => (None, None, true),
        Ended::Cut => (None, None, false),
        Ended::Broke(error) => (Some(trouble(error)), Some(error.found.clone()), false),
    };
    // A status says more than how its page ended.
    let fault = fault.filter(|_| probed.status < 300);
    let mut look = sniff::look(&probed.begin, whole);
    // A range of nothing cannot be given.
    let empty = probed.status == 204 || probed.status == 416 && probed.length == Some(0);
    let status = if empty { 200 } else { probed.status };
    if empty {
        look.kind = Some(sniff::Type::Empty);
    }
    let mark = mark(&probed).filter(|_| probed.status < 300 && fault.is_none());
    let landed = probed.redirects > 0;
    let length = probed.length.or(whole.then_some(probed.begin.len() as u64));
    Came {
        fault,
        said,
        status: Some(status),
        redirects: probed.redirects,
        landed: landed.then(|| crate::network::redact(&probed.url)),
        media_type: probed.media_type,
        charset: probed.charset,
        bytes: length.filter(|_| probed.status < 300),
        seen: probed.begin.len(),
        whole,
        look,
        mark,
        retry_after_ms: None,
        took_ms: 0,
    }
}

fn of_fault(fault: Trouble, said: Option<String>) -> Came {
    Came {
        fault: Some(fault),
        said,
        ..Came::default()
    }
}

fn of_error(error: &NetworkError) -> Came {
    Came {
        retry_after_ms: error.retry_after.map(millis),
        redirects: usize::from(error.trace.redirected),
        ..of_fault(trouble(error), Some(error.found.clone()))
    }
}

/// Would asking in another way give nothing else?
fn is_final(error: &NetworkError) -> bool {
    !matches!(
        error.kind,
        Kind::Timeout
            | Kind::Deadline
            | Kind::Drip
            | Kind::Truncated
            | Kind::Protocol
            | Kind::TooLarge
            | Kind::Redirect
    )
}

fn trouble(error: &NetworkError) -> Trouble {
    match error.kind {
        Kind::Refused => Trouble::NotAllowed,
        // What cannot be reached forbids everything (RFC 9309, section 2.3.1.4), and that is the server's trouble.
        Kind::Status(500..) => Trouble::ServerError,
        Kind::Robots | Kind::Status(_) => Trouble::Robots,
        Kind::Dns => Trouble::NoName,
        Kind::Connect => Trouble::NoConnection,
        Kind::Tls => match error.trace.tls {
            Some(TlsFault::Expired | TlsFault::NotValidYet) => Trouble::CertificateExpired,
            Some(TlsFault::OtherName) => Trouble::CertificateOtherName,
            Some(TlsFault::UnknownIssuer) => Trouble::CertificateUntrusted,
            Some(TlsFault::Other) | None => Trouble::Tls,
        },
        Kind::Timeout => Trouble::Silence,
        Kind::Deadline | Kind::Drip => Trouble::Slow,
        Kind::Truncated => Trouble::CutOff,
        Kind::Redirect => Trouble::Redirects,
        Kind::RetryLater => Trouble::Busy,
        Kind::Protocol | Kind::TooLarge => Trouble::NotHttp,
        // Ours, and no fault of theirs.
        Kind::Disk => Trouble::Busy,
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
