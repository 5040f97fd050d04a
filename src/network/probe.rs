//! Asking an address that a catalogue names for its head or its first bytes: one try, guarded like every question.
//!
//! Sends no secrets, keeps nothing on disk, and never reads more than it was told, whatever the server sends. Start at
//! [`Network::probe`].

use super::{
    Network,
    clients::Variant,
    error::{NetworkError, NetworkErrorKind as Kind, from_client},
    exchange::{Exchange, later},
    guard::Reach,
    header, ms,
    pace::{Held, Place, Wish},
    redirect::Trail,
    spool::{Larger, beginning},
};
use crate::config::Source;
use harvestd_harvesters::Request;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, RANGE},
};
use std::{path::Path, sync::atomic::AtomicU64, time::Duration};
use tokio::time::{Instant, timeout_at};
use url::Url;

/// Who asks, as far as the pace of hosts is concerned.
const NAME: &str = "links";

/// An address, and how it may be asked.
pub struct Probe<'a> {
    pub url: &'a Url,
    /// How each hop may be asked: pace, limits, private ranges. Its secrets are never sent.
    pub asker: &'a (dyn Fn(&Url) -> Source + Sync),
    /// For a robots.txt on its way to be read.
    pub spool_dir: &'a Path,
    pub bytes_max: usize,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Head,
    /// The first bytes, by a range.
    Begin,
    /// The first bytes of the whole, for servers that know no ranges.
    Whole,
}

/// What came.
#[derive(Debug)]
pub struct Probed {
    pub status: u16,
    /// Where it came from in the end, and after how many redirects.
    pub url: Url,
    pub redirects: usize,
    pub media_type: Option<String>,
    pub charset: Option<String>,
    /// Bytes of the whole file, where the server says so of the file as it is.
    pub length: Option<u64>,
    /// Entity tag and time of the file.
    pub validators: super::Validators,
    pub retry_after: Option<Duration>,
    pub begin: Vec<u8>,
    pub ended: Ended,
}

/// How the first bytes ended.
#[derive(Debug)]
pub enum Ended {
    /// These are all.
    Whole,
    /// More would have come.
    Cut,
    Broke(NetworkError),
}

impl Network {
    /// Asks once. Any status is an answer.
    ///
    /// # Errors
    /// Where there was none: see [`NetworkErrorKind`](Kind).
    pub async fn probe(&self, probe: &Probe<'_>, part: Part) -> Result<Probed, NetworkError> {
        let request = Request::get(probe.url.clone(), "*/*");
        let first = (probe.asker)(probe.url);
        let mut trail = Trail::begin(&first, &request, &[])?;
        let (mut deadline, mut redirects, sent) = (None, 0, AtomicU64::new(0));
        loop {
            let here = (probe.asker)(&trail.url);
            let ranges = Reach::of(&here).check(&trail.url, &trail.doing())?.to_vec();
            let unpaced = unpaced(&here);
            let exchange = Exchange {
                network: self,
                source: &unpaced,
                request: &request,
                validators: None,
                larger: Larger::IsRefused,
                spool_dir: probe.spool_dir,
                sent: &sent,
                secrets: &[],
            };
            let delay = exchange.obey(&trail).await?;
            let _places = self.visit(&trail, &here, delay).await?;
            let total = ms(here.network.limits.total_ms);
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + total);
            let variant = Variant {
                extra_ca: here.network.extra_ca.clone(),
                ranges,
                connect_ms: here.network.limits.connect_ms,
            };
            let response = self.send(probe, part, variant, &trail, deadline).await?;
            if trail.follow(response.status(), response.headers())? {
                redirects += 1;
                continue;
            }
            let doing = trail.doing();
            let mut probed = answered(&response, &trail.url, redirects);
            if let Some(wait) = probed.retry_after {
                self.hosts.hold(trail.host(), wait);
            }
            if part != Part::Head {
                let limits = &here.network.limits;
                let read = beginning(response, limits, deadline, &doing, probe.bytes_max).await;
                take(&mut probed, read);
            }
            return Ok(probed);
        }
    }

    /// Waits for this host's next turn: the visitors' own, and the one that all share, whose pace visitors never slow down.
    async fn visit(
        &self,
        trail: &Trail<'_>,
        here: &Source,
        delay: Option<Duration>,
    ) -> Result<[Place; 2], NetworkError> {
        let network = &here.network;
        let most = delay.map_or(f64::INFINITY, |delay| 1.0 / delay.as_secs_f64());
        let own = Wish {
            requests_per_second: network.requests_per_second.min(most),
            concurrency: network.concurrency,
        };
        let any = Wish {
            requests_per_second: f64::INFINITY,
            concurrency: usize::MAX,
        };
        let held_max = ms(network.limits.retry_after_max_ms);
        let held = |Held(wait)| later(wait, &network.limits, &trail.doing());
        let own = self.visits.enter(trail.host(), NAME, own, held_max);
        let own = own.await.map_err(held)?;
        let shared = self.hosts.enter(trail.host(), NAME, any, held_max);
        Ok([own, shared.await.map_err(held)?])
    }

    async fn send(
        &self,
        probe: &Probe<'_>,
        part: Part,
        variant: Variant,
        trail: &Trail<'_>,
        deadline: Instant,
    ) -> Result<Response, NetworkError> {
        let (doing, connect_ms) = (trail.doing(), variant.connect_ms);
        let client = self.clients.get(variant, &doing).await?;
        let method = match part {
            Part::Head => Method::HEAD,
            Part::Begin | Part::Whole => Method::GET,
        };
        let mut request = client
            .request(method, trail.url.clone())
            .header(ACCEPT, "*/*")
            // As it is: compressed, neither its length nor a range of it would say anything of the file.
            .header(ACCEPT_ENCODING, "identity");
        if part == Part::Begin {
            let last = probe.bytes_max.saturating_sub(1);
            request = request.header(RANGE, format!("bytes=0-{last}"));
        }
        match timeout_at(deadline, request.send()).await {
            Ok(sent) => sent.map_err(|error| from_client(&error, &doing, connect_ms)),
            Err(_) => Err(NetworkError::new(
                Kind::Timeout,
                &doing,
                "no answer in time",
                "an answer",
            )),
        }
    }

    /// Forgets hosts that only visitors asked, and what their robots.txt said long ago.
    pub fn forget_visits(&self, robots_age_max: Duration) {
        self.visits.forget_idle(|_| true);
        self.hosts.forget_idle(|source| source == NAME);
        self.robots.forget(robots_age_max);
    }
}

/// For a robots.txt, which is asked for once in a while: it must not set the pace of whoever shares the host.
fn unpaced(source: &Source) -> Source {
    let mut source = source.clone();
    source.id = NAME.to_owned();
    source.network.requests_per_second = f64::INFINITY;
    source.network.concurrency = usize::MAX;
    source
}

fn answered(response: &Response, url: &Url, redirects: usize) -> Probed {
    let headers = response.headers();
    let (media_type, charset) = header::content_type(headers);
    let waits = matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    let retry_after = waits.then(|| header::retry_after(headers, chrono::Utc::now()));
    Probed {
        status: response.status().as_u16(),
        url: url.clone(),
        redirects,
        media_type,
        charset,
        length: length(response.status(), headers),
        validators: header::validators(headers),
        retry_after: retry_after.flatten(),
        begin: Vec::new(),
        ended: Ended::Cut,
    }
}

/// Of the whole file, in bytes as they are stored (RFC 9110, sections 8.6 and 14.4). What is compressed on its way has
/// another length.
fn length(status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    if !header::codings(headers).is_empty() {
        return None;
    }
    let text = |name| headers.get(name)?.to_str().ok();
    match status {
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            text(CONTENT_RANGE)?.rsplit_once('/')?.1.trim().parse().ok()
        }
        _ => text(CONTENT_LENGTH)?.trim().parse().ok(),
    }
}

fn take(probed: &mut Probed, (begin, read): (Vec<u8>, Result<bool, NetworkError>)) {
    let all = probed
        .length
        .is_some_and(|length| begin.len() as u64 >= length);
    let partial = probed.status == StatusCode::PARTIAL_CONTENT.as_u16();
    probed.ended = match read {
        Ok(true) if !partial || all => Ended::Whole,
        Ok(_) => Ended::Cut,
        // A part of something compressed ends in its middle.
        Err(_) if partial && !begin.is_empty() => Ended::Cut,
        Err(error) => Ended::Broke(error),
    };
    probed.begin = begin;
}
