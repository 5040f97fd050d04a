//! A dataset as an entry of data.json (DCAT-US Schema 1.1, formerly Project Open Data).
//!
//! The schema demands of each dataset a title, a description, keywords, a date of change, which is our commit time as everywhere here, a publisher's name, a contact
//! with an address for mail, and a level of access. A dataset that does not say one of these is left out, and what it lacks
//! is counted: nothing is invented. Two demands make sense in one government only: `bureauCode` and `programCode` are those
//! of no bureau and no program (`000:00`, `000:000`). Start at [`dataset`].
//!
//! Where the schema's word is not there, the next of kin speaks: labels of themes for keywords, a licence for "public" where nobody says who may have the data.

use super::entry::Entry;
use crate::{
    facts::{ENGLISH_FIRST, Text},
    log::date_time,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use harvestd_vocab::{
    concepts,
    terms::{MEDIA_TYPES, authority, dcat, dct, foaf, harvestd, vcard, xsd},
};
use oxrdf::NamedNodeRef;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What the document says of itself.
pub const CONFORMS_TO: &str = "https://project-open-data.cio.gov/v1.1/schema";
pub const CONTEXT: &str = "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld";
pub const DESCRIBED_BY: &str = "https://project-open-data.cio.gov/v1.1/schema/catalog.json";
/// Characters of `rights` at most.
const RIGHTS_CHARS_MAX: usize = 255;
const TIERS: [(NamedNodeRef<'_>, &str); 4] = [
    (harvestd::OPEN_ACCESS, "public"),
    (harvestd::ON_APPLICATION, "restricted public"),
    (harvestd::PAID, "restricted public"),
    (harvestd::NOT_OPEN, "non-public"),
];

/// Name and mail address of who runs this catalogue.
pub type Desk<'d> = (&'d str, &'d str);

/// The dataset's entry, or which of the members that the schema demands it has nothing for. `desk` is asked about datasets
/// that name nobody.
pub fn dataset(entry: &Entry<'_>, desk: Option<Desk<'_>>) -> Result<Value, Vec<&'static str>> {
    let mut out = Map::new();
    let mut missing = Vec::new();
    let mut demanded = |name: &'static str, value: Option<Value>| match value {
        Some(value) => {
            out.insert(name.to_owned(), value);
        }
        None => missing.push(name),
    };
    let text = |predicate| {
        entry
            .facts
            .text(entry.iri, predicate, ENGLISH_FIRST)
            .map(Value::from)
    };
    demanded("title", text(dct::TITLE));
    demanded("description", text(dct::DESCRIPTION));
    demanded("keyword", keywords(entry));
    let modified = entry.changed_us.map(date_time);
    demanded("modified", modified.map(Value::from));
    demanded("publisher", publisher(entry));
    let ours = || desk.map(|(name, mail)| reached(name, &format!("mailto:{mail}")));
    demanded("contactPoint", contact(entry).or_else(ours));
    demanded("accessLevel", access_level(entry).map(Value::from));
    if !missing.is_empty() {
        return Err(missing);
    }
    out.insert("@type".to_owned(), "dcat:Dataset".into());
    out.insert("identifier".to_owned(), entry.iri.into());
    out.insert("bureauCode".to_owned(), json!(["000:00"]));
    out.insert("programCode".to_owned(), json!(["000:000"]));
    optional(entry, &mut out);
    Ok(Value::Object(out))
}

/// What the schema lets be there.
fn optional(entry: &Entry<'_>, out: &mut Map<String, Value>) {
    let first = |predicate| {
        entry
            .facts
            .iris(entry.iri, predicate)
            .find_map(uri)
            .map(Value::from)
    };
    let all = |predicate| {
        let uris: BTreeSet<String> = entry
            .facts
            .iris(entry.iri, predicate)
            .filter_map(uri)
            .collect();
        (!uris.is_empty()).then(|| json!(uris))
    };
    let files: Vec<Value> = entry
        .distributions()
        .filter_map(|file| distribution(entry, file))
        .collect();
    let members = [
        ("license", licence(entry).map(Value::from)),
        ("rights", rights(entry).map(Value::from)),
        (
            "issued",
            entry
                .facts
                .texts(entry.iri, dct::ISSUED)
                .find_map(date)
                .map(Value::from),
        ),
        ("accrualPeriodicity", periodicity(entry).map(Value::from)),
        ("landingPage", first(dcat::LANDING_PAGE)),
        ("conformsTo", first(dct::CONFORMS_TO)),
        ("references", all(foaf::PAGE)),
        ("temporal", temporal(entry).map(Value::from)),
        (
            "spatial",
            entry
                .facts
                .iris(entry.iri, dct::SPATIAL)
                .find_map(|place| entry.facts.name(place, ENGLISH_FIRST))
                .map(Value::from),
        ),
        ("theme", labels(entry).map(|labels| json!(labels))),
        ("distribution", (!files.is_empty()).then(|| json!(files))),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    }
}

fn keywords(entry: &Entry<'_>) -> Option<Value> {
    let words = entry
        .facts
        .texts(entry.iri, dcat::KEYWORD)
        .map(|word| word.value().trim());
    let words: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
    if !words.is_empty() {
        return Some(json!(words));
    }
    labels(entry).map(|labels| json!(labels))
}

/// What the themes are called.
fn labels(entry: &Entry<'_>) -> Option<BTreeSet<String>> {
    let called = |theme| {
        let own = entry.facts.name(theme, ENGLISH_FIRST);
        let ours = || concepts::of_iri(theme).map(|concept| concept.label("en"));
        own.or_else(ours)
            .or_else(|| entry.code(theme))
            .map(str::to_owned)
    };
    let labels: BTreeSet<String> = entry
        .facts
        .iris(entry.iri, dcat::THEME)
        .filter_map(called)
        .collect();
    (!labels.is_empty()).then_some(labels)
}

fn publisher(entry: &Entry<'_>) -> Option<Value> {
    let name = entry.publisher(ENGLISH_FIRST)?;
    Some(json!({ "@type": "org:Organization", "name": name }))
}

fn contact(entry: &Entry<'_>) -> Option<Value> {
    let called = |person| {
        let names = [
            vcard::FN,
            vcard::ORGANIZATION_NAME,
            vcard::HAS_ORGANIZATION_NAME,
        ];
        let own = names
            .into_iter()
            .find_map(|name| entry.facts.text(person, name, ENGLISH_FIRST));
        own.or_else(|| entry.publisher(ENGLISH_FIRST))
    };
    entry
        .facts
        .iris(entry.iri, dcat::CONTACT_POINT)
        .find_map(|person| {
            let addresses = entry.facts.iris(person, vcard::HAS_EMAIL);
            let texts = entry.facts.texts(person, vcard::HAS_EMAIL).map(Text::value);
            let email = addresses.chain(texts).find_map(mailto)?;
            Some(reached(called(person)?, &email))
        })
}

fn reached(name: &str, email: &str) -> Value {
    json!({ "@type": "vcard:Contact", "fn": name, "hasEmail": email })
}

/// An address with its `mailto:`, as the schema's pattern wants it.
pub fn mailto(address: &str) -> Option<String> {
    let address = address.strip_prefix("mailto:").unwrap_or(address).trim();
    let (local, domain) = address.split_once('@')?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = !local.is_empty()
        && local
            .chars()
            .all(|c| word(c) || "~!$&'()*+,;=:.-".contains(c));
    let dotted = domain
        .split_once('.')
        .is_some_and(|(first, rest)| !first.is_empty() && !rest.is_empty());
    let named = domain.chars().all(|c| word(c) || matches!(c, '.' | '-'));
    (fits && dotted && named).then(|| format!("mailto:{address}"))
}

fn access_level(entry: &Entry<'_>) -> Option<&'static str> {
    let statements = || entry.facts.iris(entry.iri, dct::RIGHTS);
    let types: Vec<&str> = statements()
        .flat_map(|statement| entry.facts.iris(statement, dct::TYPE))
        .collect();
    if let Some((_, level)) = TIERS
        .iter()
        .find(|(tier, _)| types.contains(&tier.as_str()))
    {
        return Some(level);
    }
    for right in entry.facts.iris(entry.iri, dct::ACCESS_RIGHTS) {
        match right.strip_prefix(authority::ACCESS_RIGHT) {
            Some("PUBLIC") => return Some("public"),
            Some("RESTRICTED") => return Some("restricted public"),
            Some("NON_PUBLIC" | "CONFIDENTIAL" | "SENSITIVE") => return Some("non-public"),
            _ => {}
        }
    }
    licence(entry).map(|_| "public")
}

fn licence(entry: &Entry<'_>) -> Option<String> {
    let files = entry
        .distributions()
        .flat_map(|file| entry.facts.iris(file, dct::LICENSE));
    let mut licences = entry.facts.iris(entry.iri, dct::LICENSE).chain(files);
    licences.find_map(uri)
}

fn rights(entry: &Entry<'_>) -> Option<String> {
    let text = entry
        .facts
        .iris(entry.iri, dct::RIGHTS)
        .find_map(|statement| {
            let described = entry.facts.text(statement, dct::DESCRIPTION, ENGLISH_FIRST);
            described.or_else(|| entry.facts.name(statement, ENGLISH_FIRST))
        })?;
    Some(text.chars().take(RIGHTS_CHARS_MAX).collect())
}

fn periodicity(entry: &Entry<'_>) -> Option<String> {
    let interval = entry
        .facts
        .texts(entry.iri, harvestd::UPDATE_INTERVAL)
        .next();
    if let Some(interval) = interval {
        return Some(format!("R/{}", interval.value()));
    }
    let mut said = entry.facts.iris(entry.iri, dct::ACCRUAL_PERIODICITY);
    said.any(|frequency| frequency.strip_prefix(authority::FREQUENCY) == Some("IRREG"))
        .then(|| "irregular".to_owned())
}

fn temporal(entry: &Entry<'_>) -> Option<String> {
    entry
        .facts
        .iris(entry.iri, dct::TEMPORAL)
        .find_map(|period| {
            let end = |predicate| entry.facts.texts(period, predicate).find_map(date);
            Some(format!(
                "{}/{}",
                end(dcat::START_DATE)?,
                end(dcat::END_DATE)?
            ))
        })
}

fn distribution(entry: &Entry<'_>, file: &str) -> Option<Value> {
    let url = |predicate| entry.facts.iris(file, predicate).find_map(uri);
    let media_type = entry
        .facts
        .iris(file, dcat::MEDIA_TYPE)
        .find_map(|media| media.strip_prefix(MEDIA_TYPES))
        .filter(|media| plain_media_type(media));
    let mut out = Map::from_iter([("@type".to_owned(), "dcat:Distribution".into())]);
    let (download, access) = (url(dcat::DOWNLOAD_URL), url(dcat::ACCESS_URL));
    // The schema takes an address to download from with its media type only.
    match (download, media_type) {
        (Some(download), Some(media_type)) => {
            out.insert("downloadURL".to_owned(), download.into());
            out.insert("mediaType".to_owned(), media_type.into());
        }
        (download, _) => {
            out.insert("accessURL".to_owned(), access.or(download)?.into());
        }
    }
    let texts = [
        ("title", entry.facts.text(file, dct::TITLE, ENGLISH_FIRST)),
        (
            "description",
            entry.facts.text(file, dct::DESCRIPTION, ENGLISH_FIRST),
        ),
        ("format", entry.format(file, ENGLISH_FIRST)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            out.insert(name.to_owned(), text.into());
        }
    }
    Some(Value::Object(out))
}

/// The schema's pattern has neither parameters nor a plus sign or dot but before the last part.
fn plain_media_type(media_type: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let Some((kind, rest)) = media_type.split_once('/') else {
        return false;
    };
    let (tree, suffix) = match rest.split_once('+') {
        Some((tree, suffix)) => (tree, Some(suffix)),
        None => (rest, None),
    };
    word(kind) && tree.split('.').all(word) && suffix.is_none_or(word)
}

/// An address that is a URI: what is beyond ASCII is percent-encoded. Only http and https.
fn uri(iri: &str) -> Option<String> {
    let parsed = url::Url::parse(iri).ok()?;
    matches!(parsed.scheme(), "http" | "https").then(|| parsed.into())
}

/// A date as ISO 8601 has it and the schema's pattern takes it: an xsd:date without a zone.
fn date(literal: &Text<'_>) -> Option<String> {
    let text = literal.value();
    if literal.is_typed(xsd::DATE_TIME) {
        let zoned = DateTime::parse_from_rfc3339(text).is_ok();
        let local = text.parse::<NaiveDateTime>().is_ok();
        return (zoned || local).then(|| text.to_owned());
    }
    if literal.is_typed(xsd::DATE) {
        let day = text.get(..10)?;
        return day.parse::<NaiveDate>().is_ok().then(|| day.to_owned());
    }
    let year = text.get(..4)?.bytes().all(|b| b.is_ascii_digit());
    let fits = (literal.is_typed(xsd::G_YEAR) && text.len() == 4)
        || (literal.is_typed(xsd::G_YEAR_MONTH) && text.len() == 7);
    (year && fits).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;

    #[test]
    fn a_contact_is_an_address_with_its_scheme() {
        for (address, expected) in [
            ("mailto:a.b@c.example", Some("mailto:a.b@c.example")),
            ("a@c.example", Some("mailto:a@c.example")),
            ("a@localhost", None),
            ("call us", None),
            ("王@c.example", None),
            ("mailto:a@b@c.example", None),
        ] {
            assert_eq!(mailto(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn addresses_and_dates_fit_the_schema() {
        assert_eq!(
            uri("https://a.example/水情").as_deref(),
            Some("https://a.example/%E6%B0%B4%E6%83%85")
        );
        assert_eq!(uri("urn:x:y"), None);
        assert_eq!(uri("nowhere"), None);
        let said = |text: &str, kind: &str| {
            let line = format!("<e:x> <e:p> \"{text}\"{kind} .");
            let facts = Facts::of(&line);
            let literal = facts
                .texts("e:x", NamedNodeRef::new_unchecked("e:p"))
                .next();
            literal.and_then(date)
        };
        let typed = |text: &str, kind: NamedNodeRef<'_>| said(text, &format!("^^{kind}"));
        assert_eq!(
            typed("2026-05-07+08:00", xsd::DATE).as_deref(),
            Some("2026-05-07")
        );
        assert_eq!(
            typed("2026-05-07T10:00:19+08:00", xsd::DATE_TIME).as_deref(),
            Some("2026-05-07T10:00:19+08:00")
        );
        assert_eq!(typed("2026", xsd::G_YEAR).as_deref(), Some("2026"));
        assert_eq!(said("last week", ""), None);
        assert!(
            plain_media_type("text/csv")
                && plain_media_type("application/vnd.google-earth.kml+xml")
        );
        assert!(!plain_media_type("csv") && !plain_media_type("text/csv; charset=utf-8"));
    }
}
