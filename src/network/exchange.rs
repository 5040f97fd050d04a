//! One try: from the question over its redirects to the answer on disk.
//!
//! Never tries twice; that is [`super::retry`]'s. Start at [`Exchange::once`].

use super::{
    Asked, Network, Spooled, Validators,
    begun::Begun,
    clients::Variant,
    error::{Doing, ErrorPage, NetworkError, NetworkErrorKind as Kind, from_client},
    guard::Reach,
    header, ms,
    pace::{Held, Place, Wish},
    redirect::Trail,
    spool::{ACCEPT_ENCODING, Larger, begin_of, spool},
};
use crate::config::{NetworkLimits, Secret, Source};
use harvestd_harvesters::{
    Request,
    guard::{LOOKED_AT_BYTES, PageKind},
};
use reqwest::{
    Response, StatusCode,
    header::{
        ACCEPT, ACCEPT_ENCODING as ACCEPT_ENCODING_NAME, CONTENT_TYPE, HeaderMap, HeaderName,
        HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE,
    },
};
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// A question of one source, and all it needs to be asked.
pub struct Exchange<'a> {
    pub network: &'a Network,
    pub source: &'a Source,
    pub request: &'a Request,
    /// Only where the request may be answered with "not modified".
    pub validators: Option<&'a Validators>,
    /// What becomes of an answer that is larger than the source's limit.
    pub larger: Larger,
    pub spool_dir: &'a Path,
    /// HTTP requests sent so far.
    pub sent: &'a AtomicU64,
    pub secrets: &'a [String],
}

impl Exchange<'_> {
    /// Asks once. `last` says that an answer of any status is taken where the request takes it, for there is no further try.
    pub async fn once(&self, last: bool) -> Result<Asked, NetworkError> {
        let mut trail = Trail::begin(self.source, self.request, self.secrets)?;
        let mut deadline = None;
        loop {
            let variant = self.variant(&trail)?;
            let delay = self.obey(&trail).await?;
            let mut place = Some(self.enter(&trail, delay).await?);
            if self.request.waits {
                place = None;
            }
            // The wait for a place is ours and does not count.
            let total = ms(self.limits().total_ms);
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + total);
            let begun = self.begun(&trail);
            let response = self.send(variant, &trail, begun.as_ref(), deadline).await?;
            let (from, vitals) = (trail.url.clone(), &self.network.vitals);
            if trail.trusted {
                vitals.note(&self.source.id, response.headers(), chrono::Utc::now());
            }
            if !trail.follow(response.status(), response.headers())? {
                return self
                    .take(response, &trail, begun, deadline, last, place)
                    .await;
            }
            vitals.redirected(&self.source.id, response.status(), &from, &trail.url);
        }
    }

    /// What an earlier question for this address has left, to be gone on with.
    fn begun(&self, trail: &Trail<'_>) -> Option<Begun> {
        let may = !trail.post && self.larger == Larger::IsRefused;
        may.then(|| Begun::find(self.spool_dir, &self.source.id, &trail.url))?
    }

    /// Through the address guard: how to connect for this hop.
    fn variant(&self, trail: &Trail<'_>) -> Result<Variant, NetworkError> {
        let ranges = Reach::of(self.source)
            .check(&trail.url, &trail.doing())?
            .to_vec();
        Ok(Variant {
            extra_ca: self.source.network.extra_ca.clone(),
            ranges,
            connect_ms: self.limits().connect_ms,
        })
    }

    /// `delay`: the least time between two requests that the server wants, beside the source's own pace.
    async fn enter(
        &self,
        trail: &Trail<'_>,
        delay: Option<Duration>,
    ) -> Result<Place, NetworkError> {
        let network = &self.source.network;
        let most = delay.map_or(f64::INFINITY, |delay| 1.0 / delay.as_secs_f64());
        let wish = Wish {
            requests_per_second: network.requests_per_second.min(most),
            concurrency: network.concurrency,
        };
        let entered = self.network.hosts.enter(
            trail.host(),
            &self.source.id,
            wish,
            ms(self.limits().retry_after_max_ms),
        );
        entered
            .await
            .map_err(|Held(wait)| later(wait, self.limits(), &trail.doing()))
    }

    async fn send(
        &self,
        variant: Variant,
        trail: &Trail<'_>,
        begun: Option<&Begun>,
        deadline: Instant,
    ) -> Result<Response, NetworkError> {
        let (doing, limits) = (trail.doing(), self.limits());
        let client = self.network.clients.get(variant, &doing).await?;
        let mut request = match self.request.post.as_ref().filter(|_| trail.post) {
            Some(post) => client.post(trail.url.clone()).body(post.body.clone()),
            None => client.get(trail.url.clone()),
        };
        request = request.headers(self.headers(trail, begun, &doing)?);
        if let Some((user, Secret(password))) = self
            .source
            .network
            .basic_auth
            .as_ref()
            .filter(|_| trail.trusted)
        {
            request = request.basic_auth(user, Some(password));
        }
        self.sent.fetch_add(1, Relaxed);
        let patience = limits.connect_ms.saturating_add(limits.read_ms);
        match timeout_at(deadline.min(Instant::now() + ms(patience)), request.send()).await {
            Ok(sent) => sent.map_err(|error| from_client(&error, &doing, limits.connect_ms)),
            Err(_) if Instant::now() >= deadline => Err(NetworkError::new(
                Kind::Deadline,
                &doing,
                format!("no answer after {} ms", limits.total_ms),
                "a whole answer by then",
            )),
            Err(_) => Err(NetworkError::new(
                Kind::Timeout,
                &doing,
                format!("no answer for {patience} ms"),
                "an answer",
            )),
        }
    }

    fn headers(
        &self,
        trail: &Trail<'_>,
        begun: Option<&Begun>,
        doing: &Doing<'_>,
    ) -> Result<HeaderMap, NetworkError> {
        let mut headers = HeaderMap::new();
        let mut set = |name: &str, value: &str, sensitive: bool| {
            let parsed = HeaderName::from_bytes(name.as_bytes())
                .ok()
                .zip(HeaderValue::from_str(value).ok());
            let Some((name, mut value)) = parsed else {
                let found = format!("a header {name:?} that cannot be sent");
                return Err(NetworkError::new(
                    Kind::Refused,
                    doing,
                    found,
                    "a header's name and a value without control characters",
                ));
            };
            value.set_sensitive(sensitive);
            headers.insert(name, value);
            Ok(())
        };
        set(ACCEPT.as_str(), &self.request.accept, false)?;
        match begun {
            None => set(ACCEPT_ENCODING_NAME.as_str(), ACCEPT_ENCODING, false)?,
            Some(begun) => {
                set(ACCEPT_ENCODING_NAME.as_str(), "identity", false)?;
                set(RANGE.as_str(), &format!("bytes={}-", begun.bytes), false)?;
                set(IF_RANGE.as_str(), &begun.validator, false)?;
            }
        }
        if let Some(post) = self.request.post.as_ref().filter(|_| trail.post) {
            set(CONTENT_TYPE.as_str(), &post.media_type, false)?;
        }
        for (name, Secret(value)) in self.source.network.headers.iter().filter(|_| trail.trusted) {
            set(name, value, true)?;
        }
        if let Some(validators) = self.validators {
            validators
                .etag
                .iter()
                .try_for_each(|etag| set(IF_NONE_MATCH.as_str(), etag, false))?;
            validators
                .last_modified
                .iter()
                .try_for_each(|date| set(IF_MODIFIED_SINCE.as_str(), date, false))?;
        }
        Ok(headers)
    }

    /// The end of the trail: an answer, "not modified", or a status that is neither.
    async fn take(
        &self,
        response: Response,
        trail: &Trail<'_>,
        begun: Option<Begun>,
        deadline: Instant,
        last: bool,
        _place: Option<Place>,
    ) -> Result<Asked, NetworkError> {
        let (doing, status) = (trail.doing(), response.status());
        if status == StatusCode::NOT_MODIFIED && self.validators.is_some() {
            // What was begun is of another one than is held.
            begun.iter().for_each(|begun| begun.place.forget());
            return Ok(Asked::NotModified);
        }
        let is_part = status == StatusCode::PARTIAL_CONTENT;
        let begun = begun.and_then(|begun| {
            if is_part && begun.is_continued_by(response.headers()) {
                return Some(begun);
            }
            // It is another one by now, or cannot be gone on with. Trouble says nothing of it.
            if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
                begun.place.forget();
            }
            None
        });
        let had_bytes = begun.as_ref().map_or(0, |begun| begun.bytes);
        // A part that nobody asked for, and that parses, would pass for the whole.
        let whole = status.is_success() && (!is_part || begun.is_some());
        if !whole {
            let mut error = self.refused(&response, trail, &doing);
            let try_again = error.retry() && !last;
            if try_again || error.kind == Kind::RetryLater || !self.request.any_status {
                if !try_again {
                    let challenge = response.headers().contains_key(CHALLENGE_HEADER);
                    let begin = begin_of(response, self.limits(), &doing, LOOKED_AT_BYTES).await;
                    let page = error.trace.page.insert(ErrorPage::of(&begin, self.secrets));
                    if challenge {
                        page.kind = Some(PageKind::Challenge);
                    }
                }
                return Err(error);
            }
        }
        let (media_type, charset) = header::content_type(response.headers());
        let link_next = header::link_next(response.headers(), &trail.url);
        let validators = header::validators(response.headers());
        let (limits, dir) = (self.limits(), self.spool_dir);
        let begun = begun.or_else(|| {
            let may = status == StatusCode::OK && !trail.post && self.larger == Larger::IsRefused;
            let is_plain = header::codings(response.headers()).is_empty();
            let source = &self.source.id;
            (may && is_plain).then(|| Begun::begin(dir, source, &trail.url, response.headers()))?
        });
        let larger = self.larger;
        let body = spool(response, limits, larger, deadline, dir, begun, &doing).await?;
        Ok(Asked::Answer(Spooled {
            file: body.file,
            status: match is_part && had_bytes > 0 {
                true => StatusCode::OK.as_u16(),
                false => status.as_u16(),
            },
            url: trail.url.clone(),
            media_type,
            charset,
            link_next,
            validators,
            bytes: body.bytes,
            had_bytes,
            hash: body.hash,
            framed: body.framed,
        }))
    }

    /// The error for a status. A Retry-After holds back every source on the host.
    fn refused(&self, response: &Response, trail: &Trail<'_>, doing: &Doing<'_>) -> NetworkError {
        let status = response.status();
        let mut error = NetworkError::new(
            Kind::Status(status.as_u16()),
            doing,
            status.to_string(),
            "an answer of the 200 class",
        );
        error.advice = advice(status, trail).map(str::to_owned);
        if response.headers().contains_key(CHALLENGE_HEADER) {
            error.advice = Some(CHALLENGED.to_owned());
        }
        if !error.retry() {
            return error;
        }
        error.retry_after = header::retry_after(response.headers(), chrono::Utc::now());
        let Some(wait) = error.retry_after else {
            return error;
        };
        self.network.hosts.hold(trail.host(), wait);
        if wait > ms(self.limits().retry_after_max_ms) {
            later(wait, self.limits(), doing)
        } else {
            error
        }
    }

    fn limits(&self) -> &NetworkLimits {
        &self.source.network.limits
    }
}

/// Of an answer that is a challenge, whatever its page says.
const CHALLENGE_HEADER: &str = "cf-mitigated";

/// What stands before the source wants a browser that runs its scripts: harvestd will never be one.
const CHALLENGED: &str = "a challenge page against robots: ask the source to let harvestd in, by its User-Agent or its address";

fn advice(status: StatusCode, trail: &Trail<'_>) -> Option<&'static str> {
    Some(match status.as_u16() {
        401 | 403 if !trail.trusted => {
            "credentials are sent to the source's own origin only: configure the address it redirects to"
        }
        401 | 403 => "see whether the source needs basic_auth or a header with a key",
        404 | 410 => "see whether the source has moved",
        206 => "the source sends parts that nobody asked for",
        429 => "lower the source's requests_per_second",
        500..=599 => "this is the source's own trouble; the next run asks again",
        _ => return None,
    })
}

/// The host asks to be left alone for longer than a run waits.
pub(super) fn later(wait: Duration, limits: &NetworkLimits, doing: &Doing<'_>) -> NetworkError {
    let found = format!(
        "a host that wants to be asked again only after {} s",
        wait.as_secs()
    );
    let expected = format!(
        "at most {} s of waiting within a run",
        limits.retry_after_max_ms / 1000
    );
    let mut error = NetworkError::new(Kind::RetryLater, doing, found, expected);
    error.retry_after = Some(wait);
    error
}
