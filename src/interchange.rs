//! Datasets as 政府資料開放跨平臺介接規範 v1 hands them over: which of them, under which identifiers, and with the fields of
//! 資料集詮釋資料標準規範 (2015).
//!
//! Pure: asks nobody and reads no clock. Which datasets is [`listed`], what is said of one is [`dataset`].
//!
//! **Identifiers.** A dataset goes by its own identifier. Where several have the same one, the dataset that came first keeps
//! it and the others go by their IRIs; so no dataset changes its identifier because another comes.

pub mod time;

use crate::{
    chronicle::{Chronicle, Entry},
    facts::{CHINESE_FIRST, Text, Told, last_part},
    log::date_time,
};
use harvestd_vocab::{
    agents,
    concepts::SERVICE_CATEGORIES,
    terms::{TAIWAN_LICENCE, cnt, dcat, dct, foaf, harvestd, rdfs, schema, vcard},
};
use oxigraph::model::NamedNodeRef;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use time::taiwan_time;

const TABLE_OF_CONTENTS: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");
const OGDL_NAME: &str = "政府資料開放授權條款-第1版";

/// The datasets that are handed over, each with its identifier, in the order in which they came. Those whose published
/// record is of a source that `is_portal` are the portal's own.
pub fn listed<'c>(
    chronicle: &'c Chronicle,
    is_portal: impl Fn(&str) -> bool + 'c,
) -> impl Iterator<Item = (&'c str, &'c Entry)> {
    let mut taken = HashSet::new();
    chronicle
        .in_order()
        .filter(move |entry| !entry.gone && !entry.winner.as_deref().is_some_and(&is_portal))
        .map(move |entry| {
            let own = entry.identifier.as_deref();
            let free = own.filter(|identifier| taken.insert(*identifier));
            (free.unwrap_or(&entry.iri), entry)
        })
}

/// Everything that the standard has a field for. `changed_us` is when it last changed here. Fields of which nothing is known
/// are empty, as they are on the platforms that there are.
pub fn dataset(told: &Told<'_>, identifier: &str, changed_us: i64) -> Value {
    let node = told.iri;
    let mut out = Map::new();
    let mut put = |name: &str, text: Option<&str>| {
        out.insert(name.to_owned(), text.unwrap_or_default().into());
    };
    put("identifier", Some(identifier));
    put("categoryCode", category(told));
    put("title", told.facts.text(node, dct::TITLE, CHINESE_FIRST));
    put(
        "description",
        told.facts.text(node, dct::DESCRIPTION, CHINESE_FIRST),
    );
    put(
        "fieldDescription",
        told.facts.text(node, TABLE_OF_CONTENTS, CHINESE_FIRST),
    );
    put("type", Some(kind(told)));
    put("accrualPeriodicity", Some(&frequency(told)));
    put(
        "spatial",
        told.facts.label(node, dct::SPATIAL, CHINESE_FIRST),
    );
    put(
        "language",
        told.facts.iris(node, dct::LANGUAGE).find_map(language),
    );
    put(
        "landingPage",
        told.facts.iris(node, dcat::LANDING_PAGE).next(),
    );
    put("notes", told.facts.text(node, rdfs::COMMENT, CHINESE_FIRST));
    let modified = taiwan_time(&date_time(changed_us));
    put("modified", Some(&modified));
    let issued = told.facts.texts(node, dct::ISSUED).next().map(written);
    put("issued", issued.as_deref());
    put("sourceModified", own_time(told).as_deref());
    licence(told, &mut put);
    cost(told, &mut put);
    coverage(told, &mut put);
    agencies(told, &mut put);
    let keywords: Vec<&str> = told
        .facts
        .texts(node, dcat::KEYWORD)
        .map(Text::value)
        .collect();
    out.insert("keyword".to_owned(), json!(keywords));
    out.insert("numberOfData".to_owned(), amount(told));
    let distributions = told.facts.iris(node, dcat::HAS_DISTRIBUTION).enumerate();
    let distributions: Vec<Value> = distributions
        .map(|(at, distribution)| {
            let id = (identifier, at + 1);
            resource(told, distribution, id, &modified)
        })
        .collect();
    out.insert("distribution".to_owned(), distributions.into());
    out.into()
}

fn category<'a>(told: &Told<'a>) -> Option<&'a str> {
    let mut themes = told.facts.iris(told.iri, dcat::THEME);
    themes.find_map(|theme| theme.strip_prefix(SERVICE_CATEGORIES))
}

/// rawData, TOOLS or SERVICES: what the source said, or else what its distributions are.
fn kind<'t>(told: &'t Told<'_>) -> &'t str {
    let said = told.facts.label(told.iri, dct::TYPE, CHINESE_FIRST);
    if let Some(said) = said.filter(|said| ["rawData", "TOOLS", "SERVICES"].contains(said)) {
        return said;
    }
    let mut distributions = told.facts.iris(told.iri, dcat::HAS_DISTRIBUTION).peekable();
    let services = distributions.peek().is_some()
        && distributions.all(|node| told.facts.iris(node, dcat::DOWNLOAD_URL).next().is_none());
    if services { "SERVICES" } else { "rawData" }
}

/// In the source's own words where they are kept, else by the interval, else the code.
fn frequency(told: &Told<'_>) -> String {
    let node = told.iri;
    if let Some(said) = told.facts.texts(node, harvestd::STATED_FREQUENCY).next() {
        return said.value().to_owned();
    }
    let interval = told.facts.texts(node, harvestd::UPDATE_INTERVAL).next();
    if let Some(said) = interval.and_then(|interval| every(interval.value())) {
        return said;
    }
    let code = told.facts.iris(node, dct::ACCRUAL_PERIODICITY).next();
    match code.map(last_part) {
        Some("IRREG") => "不定期更新".to_owned(),
        Some(code) => code.to_owned(),
        None => String::new(),
    }
}

/// `每3月` for P3M: durations of one unit.
fn every(duration: &str) -> Option<String> {
    let rest = duration.strip_prefix('P')?;
    let (rest, of_a_day) = match rest.strip_prefix('T') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let number = rest.get(..rest.len().checked_sub(1)?)?;
    let number: u32 = number.parse().ok()?;
    let unit = match (rest.chars().last()?, of_a_day) {
        ('Y', false) => "年",
        ('M', false) => "月",
        ('W', false) => "週",
        ('D', false) => "日",
        ('H', true) => "時",
        ('M', true) => "分",
        _ => return None,
    };
    Some(format!("每{number}{unit}"))
}

/// ISO 639-1, as far as the authority's three letters tell it.
fn language(iri: &str) -> Option<&'static str> {
    const TWO_LETTERS: [&str; 12] = [
        "zh", "en", "ja", "ko", "de", "fr", "es", "vi", "th", "id", "ms", "pt",
    ];
    TWO_LETTERS.into_iter().find(|two| {
        harvestd_vocab::tables::language(two).is_some_and(|known| known.as_str() == iri)
    })
}

fn written(text: &Text<'_>) -> String {
    taiwan_time(text.value())
}

/// The source's own time: of its record, or of the dataset.
fn own_time(told: &Told<'_>) -> Option<String> {
    let records = told.facts.subjects(foaf::PRIMARY_TOPIC, told.iri);
    let nodes = records.into_iter().chain([told.iri]);
    let mut times = nodes.filter_map(|node| {
        let time = told.facts.texts(node, dct::MODIFIED).next();
        time.map(written)
    });
    times.next()
}

fn licence(told: &Told<'_>, put: &mut impl FnMut(&str, Option<&str>)) {
    let node = told.iri;
    let address = told
        .facts
        .iris(node, dct::LICENSE)
        .find(|iri| !told.facts.knows(iri));
    let said = told.facts.label(node, dct::LICENSE, CHINESE_FIRST);
    let name = match address {
        Some(TAIWAN_LICENCE) => Some(OGDL_NAME),
        _ => said.or(address),
    };
    put("license", name);
    put("licenseURL", address);
}

fn cost(told: &Told<'_>, put: &mut impl FnMut(&str, Option<&str>)) {
    let node = told.iri;
    let word = told
        .facts
        .texts(node, schema::IS_ACCESSIBLE_FOR_FREE)
        .next();
    let word = word.and_then(|free| match free.value() {
        "true" | "1" => Some("免費"),
        "false" | "0" => Some("付費"),
        _ => None,
    });
    put(
        "cost",
        word.or(told
            .facts
            .text(node, schema::CONDITIONS_OF_ACCESS, CHINESE_FIRST)),
    );
    let statements: Vec<&str> = told.facts.iris(node, dct::RIGHTS).collect();
    let page = statements.iter().find(|iri| !told.facts.knows(iri));
    put("costURL", page.copied());
    let law = statements
        .iter()
        .find_map(|node| told.facts.name(node, CHINESE_FIRST));
    put("costLaw", law);
}

fn coverage(told: &Told<'_>, put: &mut impl FnMut(&str, Option<&str>)) {
    let period = told.facts.iris(told.iri, dct::TEMPORAL).next();
    let end = |property| {
        let time = period.and_then(|period| told.facts.texts(period, property).next());
        time.map(written)
    };
    put("temporalCoverageFrom", end(dcat::START_DATE).as_deref());
    put("temporalCoverageTo", end(dcat::END_DATE).as_deref());
}

fn agencies(told: &Told<'_>, put: &mut impl FnMut(&str, Option<&str>)) {
    let node = told.iri;
    let publisher = told.facts.label(node, dct::PUBLISHER, CHINESE_FIRST);
    let organization = told
        .facts
        .label(node, dct::CREATOR, CHINESE_FIRST)
        .or(publisher);
    put("publisher", publisher);
    put("organization", organization);
    let (oid, code) = registered(told);
    put("publisherOID", oid.as_deref());
    put("publisherOrgCode", code.as_deref());
    let of = |name: Option<&str>| {
        let mut contacts = told.facts.iris(node, dcat::CONTACT_POINT);
        contacts.find(|contact| {
            let belongs = told
                .facts
                .text(contact, vcard::ORGANIZATION_NAME, CHINESE_FIRST);
            belongs.is_none() || belongs == name
        })
    };
    for (prefix, contact) in [
        ("publisher", of(publisher)),
        ("organization", of(organization)),
    ] {
        contact_fields(told, prefix, contact, put);
    }
}

fn contact_fields(
    told: &Told<'_>,
    prefix: &str,
    contact: Option<&str>,
    put: &mut impl FnMut(&str, Option<&str>),
) {
    for (field, property, scheme) in [
        ("Name", vcard::FN, ""),
        ("Phone", vcard::HAS_TELEPHONE, "tel:"),
        ("Email", vcard::HAS_EMAIL, "mailto:"),
    ] {
        let text = contact.and_then(|contact| {
            let text = told.facts.text(contact, property, CHINESE_FIRST);
            text.or_else(|| told.facts.iris(contact, property).next())
        });
        let text = text.map(|text| text.strip_prefix(scheme).unwrap_or(text));
        put(&format!("{prefix}Contact{field}"), text);
    }
}

/// OID and organisation code of the publisher: what it is called by, completed from the table of agencies.
fn registered(told: &Told<'_>) -> (Option<String>, Option<String>) {
    let is_oid = |text: &str| {
        text.split('.').count() >= 3
            && text
                .split('.')
                .all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (mut oid, mut code) = (None, None);
    let publishers = told.facts.iris(told.iri, dct::PUBLISHER);
    for publisher in publishers {
        let said = told.facts.texts(publisher, dct::IDENTIFIER);
        for identifier in said.map(Text::value).chain([last_part(publisher)]) {
            let known = agents::known(identifier);
            let (known_oid, known_code) = known.map_or(("", ""), |known| (known.oid, known.code));
            let whole = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            if is_oid(identifier) {
                oid = oid.or_else(|| whole(identifier));
            } else if known.is_some() || said_as_code(told, publisher, identifier) {
                code = code.or_else(|| whole(identifier));
            }
            oid = oid.or_else(|| whole(known_oid));
            code = code.or_else(|| whole(known_code));
        }
    }
    (oid, code)
}

/// Ten characters by the standard, nine in its own examples; what the agency's record has, not what its IRI ends with.
fn said_as_code(told: &Told<'_>, publisher: &str, identifier: &str) -> bool {
    (9..=10).contains(&identifier.len())
        && identifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && told
            .facts
            .texts(publisher, dct::IDENTIFIER)
            .any(|said| said.value() == identifier)
}

/// A number where it is one.
fn amount(told: &Told<'_>) -> Value {
    let said = told
        .facts
        .label(told.iri, dct::EXTENT, CHINESE_FIRST)
        .unwrap_or_default();
    match said.parse::<u64>() {
        Ok(number) => number.into(),
        Err(_) => said.into(),
    }
}

/// A distribution changes with its dataset: `modified` is the dataset's.
fn resource(
    told: &Told<'_>,
    node: &str,
    (identifier, number): (&str, usize),
    modified: &str,
) -> Value {
    let text = |property| {
        told.facts
            .text(node, property, CHINESE_FIRST)
            .unwrap_or_default()
    };
    let iri = |property| told.facts.iris(node, property).next().unwrap_or_default();
    let own = text(dct::IDENTIFIER);
    let id = match own.is_empty() {
        true => format!("{identifier}-{number:03}"),
        false => own.to_owned(),
    };
    let description = match text(dct::DESCRIPTION) {
        "" => text(dct::TITLE),
        description => description,
    };
    let mut out = json!({
        "resourceID": id,
        "resourceDescription": description,
        "format": format(told, node),
        "resourceModified": modified,
        "metadataSourceOfData": iri(dct::CONFORMS_TO),
        "characterSetCode": text(cnt::CHARACTER_ENCODING),
        "resourceSourceModified": taiwan_time(text(dct::MODIFIED)),
    });
    let (name, address) = match iri(dcat::DOWNLOAD_URL) {
        "" => ("accessURL", iri(dcat::ACCESS_URL)),
        download => ("downloadURL", download),
    };
    out[name] = address.into();
    out
}

fn format(told: &Told<'_>, node: &str) -> String {
    if let Some(label) = told.facts.label(node, dct::FORMAT, CHINESE_FIRST) {
        return label.to_owned();
    }
    let file_type = told.facts.iris(node, dct::FORMAT).next().map(last_part);
    let media_type = || {
        told.facts
            .iris(node, dcat::MEDIA_TYPE)
            .next()
            .map(last_part)
    };
    match file_type.or_else(media_type) {
        Some(word) => word.to_owned(),
        None if told.facts.iris(node, dcat::DOWNLOAD_URL).next().is_none() => "services".to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_in_the_words_of_the_standard() {
        for (duration, expected) in [
            ("P1D", Some("每1日")),
            ("P3M", Some("每3月")),
            ("PT10M", Some("每10分")),
            ("P1Y2M", None),
            ("P", None),
            ("", None),
        ] {
            assert_eq!(every(duration).as_deref(), expected, "{duration}");
        }
    }

    #[test]
    fn languages_by_two_letters() {
        let iri =
            |code| format!("http://publications.europa.eu/resource/authority/language/{code}");
        assert_eq!(language(&iri("ZHO")), Some("zh"));
        assert_eq!(language(&iri("ENG")), Some("en"));
        assert_eq!(language(&iri("XXX")), None);
    }
}
