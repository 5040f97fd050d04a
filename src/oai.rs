//! OAI-PMH 2.0 in XML: responses, headers, records in `oai_dc` and in `dcat`, resumption tokens.
//!
//! Pure: values in, text out. What is in which list is decided in `src/serve/oai.rs`. Start at [`response`].
//!
//! An item's identifier is the dataset's IRI, a set is a source. A dataset that a source does not list any more is deleted in
//! that source's set, and lives on in the others.

mod metadata;

use crate::{chronicle::Entry, facts::Told, log::date_time};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Write},
    io,
};

pub const MEDIA_TYPE: &str = "text/xml; charset=utf-8";
const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// The error conditions of section 3.6 that can come about here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    BadVerb,
    BadArgument,
    BadResumptionToken,
    CannotDisseminateFormat,
    IdDoesNotExist,
    NoRecordsMatch,
    NoSetHierarchy,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::BadVerb => "badVerb",
            Self::BadArgument => "badArgument",
            Self::BadResumptionToken => "badResumptionToken",
            Self::CannotDisseminateFormat => "cannotDisseminateFormat",
            Self::IdDoesNotExist => "idDoesNotExist",
            Self::NoRecordsMatch => "noRecordsMatch",
            Self::NoSetHierarchy => "noSetHierarchy",
        }
    }
}

/// A protocol error: answered with 200.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {said}", .code.name())]
pub struct Refused {
    pub code: Code,
    pub said: String,
}

impl Refused {
    pub fn new(code: Code, said: impl Into<String>) -> Self {
        Self {
            code,
            said: said.into(),
        }
    }
}

/// In which form metadata come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefix {
    OaiDc,
    Dcat,
}

impl Prefix {
    pub const ALL: [Self; 2] = [Self::OaiDc, Self::Dcat];

    pub fn name(self) -> &'static str {
        match self {
            Self::OaiDc => "oai_dc",
            Self::Dcat => "dcat",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|prefix| prefix.name() == name)
    }

    fn schema(self) -> (&'static str, &'static str) {
        match self {
            Self::OaiDc => (
                "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
                "http://www.openarchives.org/OAI/2.0/oai_dc/",
            ),
            Self::Dcat => (
                "http://www.openarchives.org/OAI/2.0/rdf.xsd",
                "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
            ),
        }
    }
}

/// Where a list goes on. Says everything itself: nothing is kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// With records, or headers alone.
    #[serde(rename = "r")]
    pub records: bool,
    #[serde(rename = "p")]
    pub prefix: Prefix,
    #[serde(rename = "s")]
    pub set: Option<String>,
    /// Microseconds since 1970, the first included, the second not.
    #[serde(rename = "f")]
    pub from_us: Option<i64>,
    #[serde(rename = "u")]
    pub until_us: Option<i64>,
    #[serde(rename = "g")]
    pub generation: u64,
    /// The list goes on after this activity: what changes meanwhile comes later in it, and is missed by nobody.
    #[serde(rename = "a")]
    pub after: u64,
    /// How many items came before.
    #[serde(rename = "c")]
    pub cursor: u64,
    /// When the list began, in milliseconds since 1970.
    #[serde(rename = "t")]
    pub began_ms: i64,
}

impl Token {
    pub fn written(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

/// A point in time as the protocol has it. `until` gives the first microsecond after the second or day that it names.
pub fn moment(text: &str, until: bool) -> Option<(i64, bool)> {
    let (from_us, step, by_day) = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if text.len() == 10 => {
            let midnight = day.and_hms_opt(0, 0, 0)?.and_utc();
            (midnight.timestamp_micros(), DAY_US, true)
        }
        _ => {
            let exact = text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
            let time = DateTime::parse_from_rfc3339(text).ok().filter(|_| exact)?;
            (time.timestamp_micros(), SECOND_US, false)
        }
    };
    Some((if until { from_us + step } else { from_us }, by_day))
}

/// A time in whole seconds.
pub fn datestamp(us: i64) -> String {
    date_time(us.div_euclid(SECOND_US) * SECOND_US)
}

/// The document around an answer. `arguments` are those of the request, none where they were wrong.
pub fn response(
    base: &str,
    now_us: i64,
    arguments: &[(String, String)],
    answer: Result<&str, &Refused>,
) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OAI-PMH xmlns=\"http://www.openarchives.org/OAI/2.0/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"http://www.openarchives.org/OAI/2.0/ \
         http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd\">\n",
    );
    let _ = write!(
        text,
        "<responseDate>{}</responseDate>\n<request",
        datestamp(now_us)
    );
    for (name, value) in arguments {
        let _ = write!(text, " {name}=\"{}\"", Escaped(value));
    }
    let _ = writeln!(text, ">{}oai</request>", Escaped(base));
    match answer {
        Ok(answer) => text.push_str(answer),
        Err(refused) => {
            let _ = writeln!(
                text,
                "<error code=\"{}\">{}</error>",
                refused.code.name(),
                Escaped(&refused.said)
            );
        }
    }
    text.push_str("</OAI-PMH>\n");
    text
}

/// What the repository says of itself.
pub struct Identity<'a> {
    pub base: &'a str,
    pub name: &'a str,
    pub admin_email: &'a str,
    pub earliest_us: i64,
    /// Is all that ever was deleted told? Not where the log is cut off.
    pub persistent: bool,
}

pub fn identify(identity: &Identity<'_>) -> String {
    format!(
        "<Identify>\n<repositoryName>{}</repositoryName>\n<baseURL>{}oai</baseURL>\n<protocolVersion>2.0</protocolVersion>\n\
         <adminEmail>{}</adminEmail>\n<earliestDatestamp>{}</earliestDatestamp>\n<deletedRecord>{}</deletedRecord>\n\
         <granularity>YYYY-MM-DDThh:mm:ssZ</granularity>\n</Identify>\n",
        Escaped(identity.name),
        Escaped(identity.base),
        Escaped(identity.admin_email),
        datestamp(identity.earliest_us),
        if identity.persistent {
            "persistent"
        } else {
            "transient"
        },
    )
}

pub fn formats() -> String {
    let mut text = String::from("<ListMetadataFormats>\n");
    for prefix in Prefix::ALL {
        let (schema, namespace) = prefix.schema();
        let _ = writeln!(
            text,
            "<metadataFormat><metadataPrefix>{}</metadataPrefix><schema>{schema}</schema>\
             <metadataNamespace>{namespace}</metadataNamespace></metadataFormat>",
            prefix.name()
        );
    }
    text.push_str("</ListMetadataFormats>\n");
    text
}

/// Sets by their names: a source and its title.
pub fn sets<'a>(sets: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("<ListSets>\n");
    for (spec, name) in sets {
        let _ = writeln!(
            text,
            "<set><setSpec>{}</setSpec><setName>{}</setName></set>",
            Escaped(spec),
            Escaped(name)
        );
    }
    text.push_str("</ListSets>\n");
    text
}

/// Is it deleted, in this set or everywhere?
pub fn is_deleted(entry: &Entry, set: Option<&str>) -> bool {
    entry.gone || set.is_some_and(|set| !entry.sources.contains(set))
}

/// An item's header. One that is gone is said to be in the sets that it was in.
pub fn header(entry: &Entry, set: Option<&str>, text: &mut String) {
    let deleted = is_deleted(entry, set);
    let status = if deleted { " status=\"deleted\"" } else { "" };
    let _ = write!(
        text,
        "<header{status}><identifier>{}</identifier><datestamp>{}</datestamp>",
        Escaped(&entry.iri),
        datestamp(entry.changed_us)
    );
    let within: Vec<&str> = match set {
        Some(set) if deleted && !entry.gone => vec![set],
        _ if entry.gone => entry.left.iter().map(|source| &**source).collect(),
        _ => entry.sources.iter().map(|source| &**source).collect(),
    };
    for spec in within {
        let _ = write!(text, "<setSpec>{}</setSpec>", Escaped(spec));
    }
    text.push_str("</header>\n");
}

/// An item with its metadata; without, where it is deleted.
///
/// # Errors
/// Where a description cannot be written as RDF/XML.
pub fn record(
    entry: &Entry,
    set: Option<&str>,
    metadata: Option<(Prefix, &Told<'_>)>,
    text: &mut String,
) -> io::Result<()> {
    text.push_str("<record>\n");
    header(entry, set, text);
    if let Some((prefix, told)) = metadata {
        text.push_str("<metadata>\n");
        match prefix {
            Prefix::OaiDc => metadata::dublin_core(told, text),
            Prefix::Dcat => text.push_str(&metadata::rdf_xml(told)?),
        }
        text.push_str("</metadata>\n");
    }
    text.push_str("</record>\n");
    Ok(())
}

/// The end of a list that came in parts: where it goes on, or that it has ended.
pub fn resumption(next: Option<(&Token, i64)>, cursor: u64, total: usize) -> String {
    let token = next.map(|(token, _)| token.written()).unwrap_or_default();
    let expires = next.map_or(String::new(), |(_, expires_us)| {
        format!(" expirationDate=\"{}\"", datestamp(expires_us))
    });
    format!(
        "<resumptionToken{expires} completeListSize=\"{total}\" cursor=\"{cursor}\">{token}</resumptionToken>\n"
    )
}

/// XML 1.0, section 2.2.
fn in_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Text as it may stand in XML 1.0, in content and in attributes.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\r' => out.write_str("&#13;")?,
                c if in_xml(c) => out.write_char(c)?,
                _ => out.write_char('\u{fffd}')?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_of_both_granularities() {
        let noon = 1_763_726_400_000_000;
        assert_eq!(moment("2025-11-21T12:00:00Z", false), Some((noon, false)));
        assert_eq!(
            moment("2025-11-21T12:00:00Z", true),
            Some((noon + SECOND_US, false))
        );
        assert_eq!(moment("2025-11-21", true), Some((noon + DAY_US / 2, true)));
        for text in [
            "2025-11-21T12:00:00+08:00",
            "2025-11-21T12:00:00.5Z",
            "2025-11-21t12:00:00Z",
            "2025-1-21",
            "",
        ] {
            assert_eq!(moment(text, false), None, "{text}");
        }
    }

    #[test]
    fn a_token_says_everything_itself() {
        let token = Token {
            records: true,
            prefix: Prefix::Dcat,
            set: Some("city".to_owned()),
            from_us: Some(5),
            until_us: None,
            generation: 2,
            after: 700,
            cursor: 100,
            began_ms: 9,
        };
        assert_eq!(Token::read(&token.written()), Some(token));
        assert_eq!(Token::read("abc"), None);
        assert_eq!(Token::read("*"), None);
    }

    #[test]
    fn what_xml_has_no_room_for_is_replaced() {
        assert_eq!(
            Escaped("a<b>&\"\u{1}").to_string(),
            "a&lt;b&gt;&amp;&quot;\u{fffd}"
        );
    }
}
