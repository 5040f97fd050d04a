//! The past: which snapshot answers a request that asks as of a moment, by `as-of` or by `Accept-Datetime` (RFC 7089).
//!
//! Never gives another moment's state for the one that was asked for: where a commit lies between, the answer is 410
//! with the neighbours. Every resource is its own TimeGate and answers itself (RFC 7089, section 4.1.2); its mementos have
//! the same address with `as-of`. Start at [`Asked::find`].

use super::{House, pool::Pool, problem::Problem};
use crate::{
    log::{date_time, parse_date_time},
    snapshot::{
        Published,
        shelf::{Between, Kept, Moment},
    },
    store::Head,
};
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use std::sync::Arc;

const ACCEPT_DATETIME: &str = "accept-datetime";
pub const MEMENTO_DATETIME: HeaderName = HeaderName::from_static("memento-datetime");
/// A query in its address may be long, and proxies take few bytes of headers: a longer address is not repeated in Link.
const LINK_BYTES_MAX: usize = 1_500;
const SECOND_US: i64 = 1_000_000;

/// What a request says about the moment it means.
#[derive(Debug, Clone)]
pub struct Asked {
    as_of: Option<String>,
    datetime: Option<String>,
    /// The address without `as-of`: the resource whose past is asked for.
    original: String,
    /// The address says everything, so that with `as-of` it names a memento.
    in_address: bool,
}

/// The snapshot that answers.
#[derive(Debug, Clone)]
pub struct View {
    pub snapshot: Arc<Published>,
    /// It is the one that is published now.
    pub newest: bool,
    kind: Kind,
    original: String,
    in_address: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nobody asked for the past.
    Now,
    /// The address names it.
    Memento,
    /// Accept-Datetime chose it.
    Negotiated,
}

impl Asked {
    /// `path` is the resource's, without a slash at its beginning; `query` is what follows the `?`, as it came.
    pub fn of(
        house: &House,
        path: &str,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let (mut rest, mut said) = (Vec::new(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.strip_prefix("as-of=") {
                Some(value) => said.push(value),
                None => rest.push(pair),
            }
        }
        let query = match rest.join("&") {
            none if none.is_empty() => none,
            some => format!("?{some}"),
        };
        let asked = Self {
            as_of: None,
            datetime: headers
                .get(ACCEPT_DATETIME)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
            original: printable(&format!("{}{path}{query}", house.base())),
            in_address: true,
        };
        said.into_iter().try_fold(asked, |asked, value| {
            let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            asked.and(Some(&value))
        })
    }

    /// With what a form says.
    pub fn and(mut self, as_of: Option<&str>) -> Result<Self, Problem> {
        match (as_of, &self.as_of) {
            (Some(_), Some(_)) => Err(Problem::bad_request(
                "as-of",
                "There are several parameters `as-of`; one is expected.",
            )),
            (Some(as_of), None) => {
                self.as_of = Some(as_of.to_owned());
                Ok(self)
            }
            (None, _) => Ok(self),
        }
    }

    /// The request came with a body: its address alone does not name what it asks.
    #[must_use]
    pub fn with_body(mut self) -> Self {
        self.in_address = false;
        self
    }

    /// The snapshot that shows the state then.
    pub fn find(&self, house: &House) -> Result<View, Problem> {
        let newest = house.snapshot()?;
        let view = |snapshot: Arc<Published>, kind| View {
            newest: snapshot == newest,
            snapshot,
            kind,
            original: self.original.clone(),
            in_address: self.in_address,
        };
        let shelf = house.desk.shelf();
        let (moment, kind) = match (&self.as_of, &self.datetime) {
            (Some(as_of), _) => {
                let moment = moment(as_of)?;
                not_ahead(moment, Head::from(&*newest), shelf.committed())?;
                (moment, Kind::Memento)
            }
            (None, Some(datetime)) => (accept_datetime(datetime)?, Kind::Negotiated),
            (None, None) => return Ok(view(newest.clone(), Kind::Now)),
        };
        match shelf.find(at_most_now(moment)) {
            Ok(kept) => Ok(view(kept.published, kind)),
            Err(between) => Err(self.gone(house, &between)),
        }
    }

    fn gone(&self, house: &House, between: &Between) -> Problem {
        let told = |kept: &Option<Kept>| {
            kept.as_ref()
                .map_or(Value::Null, |kept| describe(kept, &self.original))
        };
        Problem::new(
            StatusCode::GONE,
            "no-snapshot",
            "No snapshot shows the catalogue as it was at that moment; `earlier` and `later` are its neighbours.",
        )
        .with_member("earlier", told(&between.earlier))
        .with_member("later", told(&between.later))
        .with_header(header::LINK, link(&timemap_link(house, &self.original)))
    }
}

impl View {
    /// Who answers: the usual workers have the newest snapshot open, and older ones never come near them.
    pub fn pool<'a>(&self, house: &'a House, usual: &'a Arc<Pool>) -> &'a Arc<Pool> {
        if self.newest { usual } else { &house.past }
    }

    /// The headers of RFC 7089, section 2.1. A question in an address says twice as much as its answer, so links are given
    /// back only to who asks it of the past.
    pub fn dress(&self, house: &House, response: &mut Response) {
        let headers = response.headers_mut();
        if self.kind == Kind::Now && self.original.contains('?') {
            headers.append(header::VARY, HeaderValue::from_static("Accept-Datetime"));
            return;
        }
        let short = self.original.len() <= LINK_BYTES_MAX;
        let mut links = timemap_link(house, &self.original);
        if short {
            links = format!("<{}>; rel=\"original timegate\", {links}", self.original);
        }
        if self.kind != Kind::Memento {
            headers.append(header::VARY, HeaderValue::from_static("Accept-Datetime"));
        }
        if self.kind != Kind::Now {
            let datetime = http_date(self.snapshot.published_us);
            if let Ok(value) = HeaderValue::from_str(&datetime) {
                headers.insert(MEMENTO_DATETIME, value);
            }
            if short && self.in_address {
                let memento = memento(&self.original, &self.snapshot);
                links.push_str(&format!(
                    ", <{memento}>; rel=\"memento\"; datetime=\"{datetime}\""
                ));
                if self.kind == Kind::Negotiated {
                    headers.insert(header::CONTENT_LOCATION, link(&memento));
                }
            }
        }
        headers.append(header::LINK, link(&links));
    }
}

/// `as-of`: a sequence number (`42`, or with its generation `1-42`) or a time (RFC 3339).
fn moment(text: &str) -> Result<Moment, Problem> {
    let number = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    if let Some(seq) = number(text) {
        return Ok(Moment::Seq {
            generation: None,
            seq,
        });
    }
    if let Some((generation, seq)) = text.split_once('-')
        && let (Some(generation), Some(seq)) = (number(generation), number(seq))
    {
        return Ok(Moment::Seq {
            generation: Some(generation),
            seq,
        });
    }
    match parse_date_time(text) {
        // Memento-Datetime tells whole seconds, so a time without a fraction means that second to its end.
        Some(us) if !text.contains('.') => Ok(Moment::Time(us + SECOND_US - 1)),
        Some(us) => Ok(Moment::Time(us)),
        None => Err(Problem::bad_request(
            "as-of",
            format!(
                "`as-of` is {text:?}; expected a sequence number (42, or with its generation 1-42) or a time (2026-11-20T08:00:00Z)."
            ),
        )),
    }
}

/// RFC 7089, section 2.1.1: a date of RFC 1123, in GMT. What is none is answered 400.
fn accept_datetime(text: &str) -> Result<Moment, Problem> {
    NaiveDateTime::parse_from_str(text.trim(), "%a, %d %b %Y %H:%M:%S GMT")
        .map(|time| Moment::Time(time.and_utc().timestamp_micros() + SECOND_US - 1))
        .map_err(|_| {
            Problem::bad_request(
                "accept-datetime",
                format!(
                    "Accept-Datetime is {text:?}; expected a date as `Fri, 20 Nov 2026 08:00:00 GMT`."
                ),
            )
        })
}

/// Later than now is now: of a second that has begun, what there was of it; of Accept-Datetime, the last memento.
fn at_most_now(moment: Moment) -> Moment {
    match moment {
        Moment::Time(us) => Moment::Time(us.min(Utc::now().timestamp_micros())),
        seq @ Moment::Seq { .. } => seq,
    }
}

/// An activity that is committed and not published yet is not ahead: whoever pushed it knows its number.
fn not_ahead(moment: Moment, newest: Head, committed: Head) -> Result<(), Problem> {
    let ahead = match moment {
        Moment::Time(us) => us >= Utc::now().timestamp_micros() + SECOND_US,
        Moment::Seq { generation, seq } => {
            let last = (committed.generation, committed.seq).max((newest.generation, newest.seq));
            (generation.unwrap_or(newest.generation), seq) > last
        }
    };
    if !ahead {
        return Ok(());
    }
    Err(
        Problem::bad_request("as-of-ahead", "`as-of` is a moment that is still to come.")
            .with_member("generation", newest.generation)
            .with_member("seq", newest.seq),
    )
}

/// A snapshot in JSON.
pub fn describe(kept: &Kept, original: &str) -> Value {
    let Kept {
        published,
        until_us,
    } = kept;
    json!({
        "generation": published.generation,
        "seq": published.seq,
        "published": date_time(published.published_us),
        "until": until_us.map(date_time),
        "made": date_time(published.made_us),
        "memento": memento(original, published),
    })
}

/// The address of a resource as one snapshot shows it.
pub fn memento(original: &str, snapshot: &Published) -> String {
    let mark = if original.contains('?') { '&' } else { '?' };
    format!(
        "{original}{mark}as-of={}-{}",
        snapshot.generation, snapshot.seq
    )
}

/// The address of a resource's TimeMap.
pub fn timemap(house: &House, original: &str) -> String {
    let of = original.strip_prefix(house.base()).unwrap_or_default();
    let of = percent_encoding::utf8_percent_encode(of, percent_encoding::NON_ALPHANUMERIC);
    format!("{}snapshots?of={of}", house.base())
}

fn timemap_link(house: &House, original: &str) -> String {
    let timemap = if original.len() <= LINK_BYTES_MAX {
        timemap(house, original)
    } else {
        format!("{}snapshots", house.base())
    };
    format!("<{timemap}>; rel=\"timemap\"; type=\"application/link-format\"")
}

/// An address that may stand between `<` and `>`.
pub fn printable(address: &str) -> String {
    let mut printable = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            b'<' | b'>' | b'"' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0..=0x20 | 0x7f.. => {
                printable.push_str(&format!("%{byte:02X}"));
            }
            _ => printable.push(char::from(byte)),
        }
    }
    printable
}

fn link(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// A date of RFC 1123.
pub fn http_date(us: i64) -> String {
    DateTime::from_timestamp_micros(us)
        .unwrap_or_default()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_moment_is_a_number_or_a_time() {
        for (text, generation, seq) in [("42", None, 42), ("0", None, 0), ("3-7", Some(3), 7)] {
            assert_eq!(moment(text).unwrap(), Moment::Seq { generation, seq });
        }
        let time = |text| match moment(text).unwrap() {
            Moment::Time(us) => us,
            Moment::Seq { .. } => panic!("{text}"),
        };
        assert_eq!(time("2026-11-20T08:00:00Z"), 1_795_161_600_999_999);
        assert_eq!(time("2026-11-20T16:00:00+08:00"), 1_795_161_600_999_999);
        assert_eq!(time("2026-11-20T08:00:00.25Z"), 1_795_161_600_250_000);
        for wrong in [
            "",
            "-1",
            "1-",
            "yesterday",
            "2026-11-20",
            "99999999999999999999",
        ] {
            assert_eq!(moment(wrong).unwrap_err().code, "as-of", "{wrong}");
        }
    }

    #[test]
    fn accept_datetime_is_a_date_of_rfc_1123() {
        assert_eq!(
            accept_datetime("Fri, 20 Nov 2026 08:00:00 GMT").unwrap(),
            Moment::Time(1_795_161_600_999_999)
        );
        for wrong in ["2026-11-20T08:00:00Z", "Fri, 20 Nov 2026 08:00:00", ""] {
            assert_eq!(accept_datetime(wrong).unwrap_err().code, "accept-datetime");
        }
    }

    #[test]
    fn an_address_in_a_header_stays_one_address() {
        assert_eq!(
            printable("http://h/sparql?query=a>\"b\r\nX"),
            "http://h/sparql?query=a%3E%22b%0D%0AX"
        );
    }
}
