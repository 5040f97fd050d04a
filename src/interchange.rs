//! Datasets as 政府資料開放跨平臺介接規範 v1 hands them over: which of them, under which identifiers, and with the fields of
//! 資料集詮釋資料標準規範 (2015).
//!
//! Pure: asks nobody and reads no clock. Which datasets is [`listed`], what is said of one is [`dataset`].
//!
//! **Identifiers.** A dataset goes by its own identifier. Where several have the same one, the dataset that came first keeps
//! it and the others go by their IRIs; so no dataset changes its identifier because another comes.

use crate::{
    chronicle::{Chronicle, Entry},
    log::date_time,
    reading::{Reading, last_part, taiwan_time},
};
use harvestd_vocab::{
    agents,
    terms::{cnt, dcat, dct, foaf, harvestd, rdfs, schema, vcard},
};
use oxigraph::model::NamedNodeRef;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

const ZH: &str = "zh";
const TABLE_OF_CONTENTS: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");
const CATEGORY: &str = "https://w3id.org/harvestd/tw/service-category/";
const OGDL: &str = "https://data.gov.tw/license";
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
pub fn dataset(reading: &Reading, identifier: &str, changed_us: i64) -> Value {
    let node = reading.iri.as_str();
    let mut out = Map::new();
    let mut put = |name: &str, text: Option<&str>| {
        out.insert(name.to_owned(), text.unwrap_or_default().into());
    };
    put("identifier", Some(identifier));
    put("categoryCode", category(reading));
    put("title", reading.text(node, dct::TITLE, ZH));
    put("description", reading.text(node, dct::DESCRIPTION, ZH));
    put(
        "fieldDescription",
        reading.text(node, TABLE_OF_CONTENTS, ZH),
    );
    put("type", Some(kind(reading)));
    put("accrualPeriodicity", Some(&frequency(reading)));
    put("spatial", reading.label(node, dct::SPATIAL, ZH));
    put(
        "language",
        reading.iris(node, dct::LANGUAGE).find_map(language),
    );
    put("landingPage", reading.iris(node, dcat::LANDING_PAGE).next());
    put("notes", reading.text(node, rdfs::COMMENT, ZH));
    let modified = taiwan_time(&date_time(changed_us));
    put("modified", Some(&modified));
    let issued = reading.texts(node, dct::ISSUED).next().map(taiwan_time);
    put("issued", issued.as_deref());
    put("sourceModified", own_time(reading).as_deref());
    licence(reading, &mut put);
    cost(reading, &mut put);
    coverage(reading, &mut put);
    agencies(reading, &mut put);
    let keywords: Vec<&str> = reading.texts(node, dcat::KEYWORD).collect();
    out.insert("keyword".to_owned(), json!(keywords));
    out.insert("numberOfData".to_owned(), amount(reading));
    let distributions = reading.iris(node, dcat::HAS_DISTRIBUTION).enumerate();
    let distributions: Vec<Value> = distributions
        .map(|(at, distribution)| resource(reading, distribution, identifier, at + 1))
        .collect();
    out.insert("distribution".to_owned(), distributions.into());
    out.into()
}

fn category(reading: &Reading) -> Option<&str> {
    let mut themes = reading.iris(&reading.iri, dcat::THEME);
    themes.find_map(|theme| theme.strip_prefix(CATEGORY))
}

/// rawData, TOOLS or SERVICES: what the source said, or else what its distributions are.
fn kind(reading: &Reading) -> &str {
    let said = reading.label(&reading.iri, dct::TYPE, ZH);
    if let Some(said) = said.filter(|said| ["rawData", "TOOLS", "SERVICES"].contains(said)) {
        return said;
    }
    let mut distributions = reading
        .iris(&reading.iri, dcat::HAS_DISTRIBUTION)
        .peekable();
    let services = distributions.peek().is_some()
        && distributions.all(|node| reading.iris(node, dcat::DOWNLOAD_URL).next().is_none());
    if services { "SERVICES" } else { "rawData" }
}

/// In the source's own words where they are kept, else by the interval, else the code.
fn frequency(reading: &Reading) -> String {
    let node = reading.iri.as_str();
    if let Some(said) = reading.texts(node, harvestd::STATED_FREQUENCY).next() {
        return said.to_owned();
    }
    let interval = reading.texts(node, harvestd::UPDATE_INTERVAL).next();
    if let Some(said) = interval.and_then(every) {
        return said;
    }
    let code = reading.iris(node, dct::ACCRUAL_PERIODICITY).next();
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

/// The source's own time: of its record, or of the dataset.
fn own_time(reading: &Reading) -> Option<String> {
    let records = reading.triples().iter().filter_map(|triple| {
        let about = triple.predicate == foaf::PRIMARY_TOPIC;
        let record = triple.subject.to_string();
        about.then(|| record.trim_matches(['<', '>']).to_owned())
    });
    let nodes = records.chain([reading.iri.clone()]);
    let mut times = nodes.filter_map(|node| {
        let time = reading.texts(&node, dct::MODIFIED).next();
        time.map(taiwan_time)
    });
    times.next()
}

fn licence(reading: &Reading, put: &mut impl FnMut(&str, Option<&str>)) {
    let node = reading.iri.as_str();
    let address = reading
        .iris(node, dct::LICENSE)
        .find(|iri| !reading.tells_of(iri));
    let said = reading.label(node, dct::LICENSE, ZH);
    let name = match address {
        Some(OGDL) => Some(OGDL_NAME),
        _ => said.or(address),
    };
    put("license", name);
    put("licenseURL", address);
}

fn cost(reading: &Reading, put: &mut impl FnMut(&str, Option<&str>)) {
    let node = reading.iri.as_str();
    let word = reading.texts(node, schema::IS_ACCESSIBLE_FOR_FREE).next();
    let word = word.and_then(|free| match free {
        "true" | "1" => Some("免費"),
        "false" | "0" => Some("付費"),
        _ => None,
    });
    put(
        "cost",
        word.or(reading.text(node, schema::CONDITIONS_OF_ACCESS, ZH)),
    );
    let statements: Vec<&str> = reading.iris(node, dct::RIGHTS).collect();
    let page = statements.iter().find(|iri| !reading.tells_of(iri));
    put("costURL", page.copied());
    let law = statements.iter().find_map(|node| reading.name(node, ZH));
    put("costLaw", law);
}

fn coverage(reading: &Reading, put: &mut impl FnMut(&str, Option<&str>)) {
    let period = reading.iris(&reading.iri, dct::TEMPORAL).next();
    let end = |property| {
        let time = period.and_then(|period| reading.texts(period, property).next());
        time.map(taiwan_time)
    };
    put("temporalCoverageFrom", end(dcat::START_DATE).as_deref());
    put("temporalCoverageTo", end(dcat::END_DATE).as_deref());
}

fn agencies(reading: &Reading, put: &mut impl FnMut(&str, Option<&str>)) {
    let node = reading.iri.as_str();
    let publisher = reading.label(node, dct::PUBLISHER, ZH);
    let organization = reading.label(node, dct::CREATOR, ZH).or(publisher);
    put("publisher", publisher);
    put("organization", organization);
    let (oid, code) = registered(reading);
    put("publisherOID", oid.as_deref());
    put("publisherOrgCode", code.as_deref());
    let of = |name: Option<&str>| {
        let mut contacts = reading.iris(node, dcat::CONTACT_POINT);
        contacts.find(|contact| {
            let belongs = reading.text(contact, vcard::ORGANIZATION_NAME, ZH);
            belongs.is_none() || belongs == name
        })
    };
    for (prefix, contact) in [
        ("publisher", of(publisher)),
        ("organization", of(organization)),
    ] {
        contact_fields(reading, prefix, contact, put);
    }
}

fn contact_fields(
    reading: &Reading,
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
            let text = reading.text(contact, property, ZH);
            text.or_else(|| reading.iris(contact, property).next())
        });
        let text = text.map(|text| text.strip_prefix(scheme).unwrap_or(text));
        put(&format!("{prefix}Contact{field}"), text);
    }
}

/// OID and organisation code of the publisher: what it is called by, completed from the table of agencies.
fn registered(reading: &Reading) -> (Option<String>, Option<String>) {
    let is_oid = |text: &str| {
        text.split('.').count() >= 3
            && text
                .split('.')
                .all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (mut oid, mut code) = (None, None);
    let publishers = reading.iris(&reading.iri, dct::PUBLISHER);
    for publisher in publishers {
        let said = reading.texts(publisher, dct::IDENTIFIER);
        for identifier in said.chain([last_part(publisher)]) {
            let known = agents::known(identifier);
            let (known_oid, known_code) = known.map_or(("", ""), |known| (known.oid, known.code));
            let whole = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            if is_oid(identifier) {
                oid = oid.or_else(|| whole(identifier));
            } else if known.is_some() || said_as_code(reading, publisher, identifier) {
                code = code.or_else(|| whole(identifier));
            }
            oid = oid.or_else(|| whole(known_oid));
            code = code.or_else(|| whole(known_code));
        }
    }
    (oid, code)
}

/// Ten characters by the standard, nine in its own examples; what the agency's record has, not what its IRI ends with.
fn said_as_code(reading: &Reading, publisher: &str, identifier: &str) -> bool {
    (9..=10).contains(&identifier.len())
        && identifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && reading
            .texts(publisher, dct::IDENTIFIER)
            .any(|said| said == identifier)
}

/// A number where it is one.
fn amount(reading: &Reading) -> Value {
    let said = reading
        .label(&reading.iri, dct::EXTENT, ZH)
        .unwrap_or_default();
    match said.parse::<u64>() {
        Ok(number) => number.into(),
        Err(_) => said.into(),
    }
}

fn resource(reading: &Reading, node: &str, identifier: &str, number: usize) -> Value {
    let text = |property| reading.text(node, property, ZH).unwrap_or_default();
    let iri = |property| reading.iris(node, property).next().unwrap_or_default();
    let own = text(dct::IDENTIFIER);
    let id = match own.is_empty() {
        true => format!("{identifier}-{number:03}"),
        false => own.to_owned(),
    };
    let description = match text(dct::DESCRIPTION) {
        "" => text(dct::TITLE),
        description => description,
    };
    let modified = taiwan_time(text(dct::MODIFIED));
    let mut out = json!({
        "resourceID": id,
        "resourceDescription": description,
        "format": format(reading, node),
        "resourceModified": modified,
        "metadataSourceOfData": iri(dct::CONFORMS_TO),
        "characterSetCode": text(cnt::CHARACTER_ENCODING),
    });
    let (name, address) = match iri(dcat::DOWNLOAD_URL) {
        "" => ("accessURL", iri(dcat::ACCESS_URL)),
        download => ("downloadURL", download),
    };
    out[name] = address.into();
    out
}

fn format(reading: &Reading, node: &str) -> String {
    if let Some(label) = reading.label(node, dct::FORMAT, ZH) {
        return label.to_owned();
    }
    let file_type = reading.iris(node, dct::FORMAT).next().map(last_part);
    let media_type = || reading.iris(node, dcat::MEDIA_TYPE).next().map(last_part);
    match file_type.or_else(media_type) {
        Some(word) => word.to_owned(),
        None if reading.iris(node, dcat::DOWNLOAD_URL).next().is_none() => "services".to_owned(),
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
