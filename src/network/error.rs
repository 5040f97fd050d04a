//! Why there is no answer, in words and in a kind that the caller can act on.
//!
//! Never shows a secret: addresses pass through [`redact`], everything a server or library said through [`scrub`].
//! Start at [`NetworkError`]; [`from_client`] reads the errors of the HTTP client.

use super::{
    guard::{RefusedAddress, refused_address},
    redact::{redact, scrub},
};
use harvestd_harvesters::guard::{PageKind, page_kind};
use harvestd_vocab::description::printable;
use std::{error::Error, fmt, io, time::Duration};
use url::Url;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError {
    pub kind: NetworkErrorKind,
    /// What was done: the method and the address, without its secrets.
    pub doing: String,
    pub found: String,
    pub expected: Box<str>,
    /// What the operator can do about it, where there is something.
    pub advice: Option<String>,
    /// How long the source asks to be left alone, where it said so.
    pub retry_after: Option<Duration>,
    pub trace: Box<Trace>,
}

/// What else was seen, for whoever wants to know what is wrong with the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The address that was asked, without its secrets.
    pub url: String,
    /// A redirect led there.
    pub redirected: bool,
    /// What is wrong with the certificate, where that is it.
    pub tls: Option<TlsFault>,
    /// What came with a status that is no answer.
    pub page: Option<ErrorPage>,
}

/// How a server failed to prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFault {
    Expired,
    NotValidYet,
    OtherName,
    /// Its issuer is not known, or an intermediate certificate was left out.
    UnknownIssuer,
    Other,
}

/// The beginning of what a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPage {
    /// None: it is no web page.
    pub kind: Option<PageKind>,
    /// The title of a web page, else the first line that says something; cut and without secrets.
    pub first_line: String,
}

impl ErrorPage {
    /// `begin` are the first bytes of an answer.
    pub fn of(begin: &[u8], secrets: &[String]) -> Self {
        let text = String::from_utf8_lossy(begin);
        let lower = text.to_ascii_lowercase();
        let title = lower.find("<title").and_then(|open| {
            let begin = open + lower[open..].find('>')? + 1;
            let end = begin + lower[begin..].find("</title")?;
            Some(text[begin..end].trim())
        });
        let kind = page_kind(begin);
        let line = title
            .filter(|title| kind.is_some() && !title.is_empty())
            .or_else(|| text.lines().map(str::trim).find(|line| !line.is_empty()))
            .unwrap_or_default();
        let line: String = scrub(line, secrets)
            .chars()
            .take(FIRST_LINE_CHARS)
            .collect();
        Self {
            kind,
            first_line: printable(&line),
        }
    }
}

/// Of what a server said, so much is shown.
const FIRST_LINE_CHARS: usize = 160;

/// What happened, as far as it changes what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkErrorKind {
    /// The address guard, or a rule of ours, forbids asking.
    Refused,
    /// The server's robots.txt forbids asking.
    Robots,
    /// The host's name led to no address.
    Dns,
    /// No connection within `connect_ms`, or it was refused.
    Connect,
    /// The server could not prove who it is.
    Tls,
    /// Silence for `read_ms`.
    Timeout,
    /// The answer was not whole within `total_ms`.
    Deadline,
    /// The body came more slowly than `bytes_per_second_min`.
    Drip,
    /// The decoded body is over `body_bytes_max`, or grew out of all proportion when decompressed.
    TooLarge,
    /// The body ended before its end.
    Truncated,
    /// A status that is no answer to the question.
    Status(u16),
    /// A chain of redirects that is too long, goes in a circle or gives up TLS.
    Redirect,
    /// The source asks to be left alone for longer than a run waits: `retry_after` says how long.
    RetryLater,
    /// What came is not HTTP as we asked for it.
    Protocol,
    /// The answer could not be written to disk.
    Disk,
}

impl NetworkErrorKind {
    /// May the same question do better when asked again within the same run?
    pub fn retry(self) -> bool {
        match self {
            Self::Dns | Self::Connect | Self::Timeout | Self::Truncated => true,
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            Self::Refused
            | Self::Robots
            | Self::Tls
            | Self::Deadline
            | Self::Drip
            | Self::TooLarge => false,
            Self::Redirect | Self::RetryLater | Self::Protocol | Self::Disk => false,
        }
    }

    /// May a run that ended in it do better soon? Where the source says when, that counts.
    pub fn may_pass(self) -> bool {
        self.retry() || matches!(self, Self::Deadline | Self::Drip)
    }

    /// One word for reports and metrics; the same for every status.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Robots => "robots",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Deadline => "deadline",
            Self::Drip => "drip",
            Self::TooLarge => "too-large",
            Self::Truncated => "truncated",
            Self::Status(_) => "status",
            Self::Redirect => "redirect",
            Self::RetryLater => "retry-later",
            Self::Protocol => "protocol",
            Self::Disk => "disk",
        }
    }
}

impl NetworkError {
    /// `found` may hold what a server said: it is cut, stripped of control characters and of the source's secrets.
    pub fn new(
        kind: NetworkErrorKind,
        doing: &Doing<'_>,
        found: impl AsRef<str>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            doing: doing.to_string(),
            found: printable(&scrub(found.as_ref(), doing.secrets)),
            expected: expected.into().into_boxed_str(),
            advice: None,
            retry_after: None,
            trace: Box::new(Trace {
                url: scrub(&redact(doing.url), doing.secrets),
                redirected: !doing.via.is_empty(),
                tls: None,
                page: None,
            }),
        }
    }

    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// May the same question do better when asked again within the same run?
    pub fn retry(&self) -> bool {
        self.kind.retry()
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: found {}, expected {}",
            self.doing, self.found, self.expected
        )?;
        self.advice
            .iter()
            .try_for_each(|advice| write!(f, "; {advice}"))
    }
}

impl Error for NetworkError {}

/// What is being done, for the errors it may end in.
#[derive(Clone, Copy)]
pub struct Doing<'a> {
    pub method: &'a str,
    pub url: &'a Url,
    /// The addresses that redirected here, first to last.
    pub via: &'a [Url],
    /// The source's secrets, to be kept out of every message.
    pub secrets: &'a [String],
}

impl fmt::Display for Doing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |url: &Url| scrub(&redact(url), self.secrets);
        write!(f, "{} {}", self.method, shown(self.url))?;
        if !self.via.is_empty() {
            let via: Vec<_> = self.via.iter().map(shown).collect();
            write!(f, " (redirected from {})", via.join(" -> "))?;
        }
        Ok(())
    }
}

/// The client's error in our words. `doing` names the hop; `connect_ms` is the limit in force.
pub fn from_client(error: &reqwest::Error, doing: &Doing<'_>, connect_ms: u64) -> NetworkError {
    use NetworkErrorKind::{Connect, Dns, Protocol, Truncated};
    if let Some(refused) = find::<RefusedAddress>(error) {
        return refused_address(doing, refused.ip, refused.why);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return from_tls(tls, doing);
    }
    if error.is_dns() {
        return NetworkError::new(
            Dns,
            doing,
            format!("no address for the host ({})", innermost(error)),
            "a name that resolves",
        );
    }
    if error.is_connect() && error.is_timeout() {
        return NetworkError::new(
            Connect,
            doing,
            format!("no connection after {connect_ms} ms"),
            "a server that accepts it",
        );
    }
    if error.is_connect() {
        return NetworkError::new(
            Connect,
            doing,
            format!("no connection ({})", innermost(error)),
            "a server that accepts it",
        );
    }
    if error.is_builder() || find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        let found = format!("something else than HTTP ({})", innermost(error));
        return NetworkError::new(Protocol, doing, found, "an HTTP answer");
    }
    let found = format!("a connection that broke off ({})", innermost(error));
    NetworkError::new(Truncated, doing, found, "a whole answer")
}

fn from_tls(error: &rustls::Error, doing: &Doing<'_>) -> NetworkError {
    use rustls::{CertificateError as Certificate, Error as Tls};
    let (fault, found, advice) = match error {
        Tls::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => (
            TlsFault::Expired,
            "a certificate that has expired",
            "the source must renew it; this is never switched off",
        ),
        Tls::InvalidCertificate(
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. },
        ) => (
            TlsFault::NotValidYet,
            "a certificate that is not valid yet",
            "compare the clocks of this machine and of the source",
        ),
        Tls::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => (
            TlsFault::OtherName,
            "a certificate for another host",
            "use a host name that the certificate lists",
        ),
        Tls::InvalidCertificate(Certificate::UnknownIssuer) => (
            TlsFault::UnknownIssuer,
            "a certificate from an unknown issuer",
            "where you trust it, put the issuer's certificate (PEM) into a file and name it as the source's extra_ca",
        ),
        Tls::InvalidCertificate(_) => (
            TlsFault::Other,
            "a certificate that is not acceptable",
            "the source must mend it; extra_ca can add a missing issuer",
        ),
        Tls::InvalidMessage(_) => (
            TlsFault::Other,
            "something else than TLS",
            "see whether the source speaks http at this port",
        ),
        _ => (
            TlsFault::Other,
            "a failed TLS handshake",
            "see which TLS versions the source offers; 1.2 and 1.3 are spoken here",
        ),
    };
    let found = format!("{found} ({error})");
    let expected = "a valid certificate for the host";
    let mut error = NetworkError::new(NetworkErrorKind::Tls, doing, found, expected).advise(advice);
    error.trace.tls = Some(fault);
    error
}

/// The first error of type `E` in the chain.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|e| e.downcast_ref())
}

/// The words of the deepest cause: the layers above only say that something below them failed.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}

/// An error and what caused it, down to the bottom.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // The source of an I/O error is the source of the error that it wraps: the wrapped one itself must be fetched.
    let below = |error: &&'a (dyn Error + 'static)| match error.downcast_ref::<io::Error>() {
        Some(wrapper) => wrapper
            .get_ref()
            .map(|wrapped| wrapped as &(dyn Error + 'static)),
        None => (*error).source(),
    };
    std::iter::successors(Some(error), below)
}
