//! The formulas of FAIR and of readiness for machine learning: one function for each indicator.
//!
//! FAIR: Wilkinson et al. 2016, the principle's number in the table; of those that a catalogue answers for everything it
//! publishes (F4, A1.1, A2) nothing is counted. AI-ready: what has to be known before data are trained on without asking
//! anybody; Croissant 1.0.

use super::formulas::{any_machine_readable, file_types, of_no_file};
use super::seen::{Node, Seen};
use super::{Found, Met, Outcome, Timely, Value};
use crate::files;
use crate::links::is_http;
use crate::tables;
use crate::terms::{MEDIA_TYPES, adms, authority, cnt, dcat, dct, foaf, prov};
use oxrdf::NamedNodeRef;

/// Properties that lead to other data or documents.
const REFERENCES: [NamedNodeRef<'static>; 10] = [
    dcat::IN_SERIES,
    dct::SOURCE,
    dct::RELATION,
    dct::REFERENCES,
    dct::IS_REFERENCED_BY,
    dct::IS_PART_OF,
    dct::HAS_PART,
    dct::CONFORMS_TO,
    prov::WAS_DERIVED_FROM,
    foaf::PAGE,
];

/// File types of which every file has the same encoding: RFC 8259, RFC 7946, and forms that are no text.
const ONE_ENCODING: [&str; 4] = ["JSON", "GEOJSON", "JSON_LD", "PARQUET"];

fn first<'s>(
    nodes: impl Iterator<Item = Outcome<'s>>,
    otherwise: impl FnOnce() -> Outcome<'s>,
) -> Outcome<'s> {
    let mut met = nodes.filter(|outcome| outcome.met == Met::Yes);
    met.next().unwrap_or_else(otherwise)
}

/// The first value of any of the properties.
fn any<'s>(node: &Node<'s>, properties: &[NamedNodeRef<'static>]) -> Option<Value<'s>> {
    properties.iter().find_map(|property| node.first(*property))
}

pub fn identifier<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let found = any(&seen.dataset, &[dct::IDENTIFIER, adms::IDENTIFIER]);
    Outcome::value(found.map(Value::word))
}

pub fn rich_description<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let dataset = &seen.dataset;
    let Some(title) = dataset.first(dct::TITLE) else {
        return Outcome::no(Found::Lacks("a title", "標題"));
    };
    if !dataset.has(dct::DESCRIPTION) {
        return Outcome::no(Found::Lacks("a description", "說明"));
    }
    if any(dataset, &[dcat::KEYWORD, dcat::THEME]).is_none() {
        return Outcome::no(Found::Lacks("keywords or a theme", "關鍵字或主題"));
    }
    Outcome::yes(Found::Value(title.word()))
}

/// Addresses of files, services behind them, and pages to download from.
fn addresses<'a, 's>(seen: &'a Seen<'s>) -> impl Iterator<Item = &'s str> + use<'a, 's> {
    let of = [dcat::DOWNLOAD_URL, dcat::ACCESS_URL, dcat::ACCESS_SERVICE];
    let files = seen.files.iter();
    files.flat_map(move |file| {
        of.into_iter()
            .flat_map(|property| file.all(property))
            .map(Value::word)
    })
}

pub fn names_data<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let found = addresses(seen).next();
    found.map_or_else(
        || of_no_file(seen),
        |found| Outcome::yes(Found::Value(found)),
    )
}

pub fn open_protocol<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let is_open = |address: &&str| {
        let schemes = ["https://", "http://", "ftp://", "ftps://", "sftp://"];
        schemes.iter().any(|scheme| address.starts_with(scheme))
    };
    match (addresses(seen).find(is_open), addresses(seen).next()) {
        (Some(found), _) => Outcome::yes(Found::Value(found)),
        (None, Some(other)) => Outcome::no(Found::Other(other)),
        (None, None) => of_no_file(seen),
    }
}

pub fn readable_data<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    any_machine_readable(seen)
}

pub fn shared_words<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let theme = seen
        .dataset
        .under(dcat::THEME, authority::DATA_THEME)
        .next();
    let mut files = seen.files.iter();
    let format = files.find_map(|file| file.under(dct::FORMAT, authority::FILE_TYPE).next());
    match (theme, format) {
        (Some(theme), Some(_)) => Outcome::yes(Found::Value(theme)),
        (None, _) => Outcome::no(Found::Lacks("a theme of the EU's", "歐盟主題分類")),
        (_, None) => Outcome::no(Found::Lacks("a file type of the EU's", "歐盟檔案類型")),
    }
}

pub fn references<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    Outcome::value(any(&seen.dataset, &REFERENCES).map(Value::word))
}

pub fn usage_licence<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let mut nodes = seen.nodes();
    let licence = nodes.find_map(|node| node.first(dct::LICENSE));
    Outcome::value(licence.map(Value::word))
}

pub fn provenance<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let dataset = &seen.dataset;
    if let Some(told) = dataset.first(dct::PROVENANCE) {
        return Outcome::yes(Found::Value(told.word()));
    }
    let Some(who) = any(dataset, &[dct::PUBLISHER, dct::CREATOR]) else {
        return Outcome::no(Found::Lacks("a publisher or creator", "發布者或建立者"));
    };
    match any(dataset, &[dct::ISSUED, dct::MODIFIED]) {
        Some(_) => Outcome::yes(Found::Value(who.word())),
        None => Outcome::no(Found::Lacks("a date", "日期")),
    }
}

/// A licence by an IRI that is not a node of the description's own.
pub fn open_terms<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let mut licences = seen.nodes().flat_map(|node| node.all(dct::LICENSE));
    let other = licences.next();
    let mut licences = other.into_iter().chain(licences);
    let known = licences.find(|licence| {
        matches!(licence, Value::Iri(iri) if tables::word_of(iri).is_some() || iri.starts_with(authority::LICENCE))
    });
    match (known, other) {
        (Some(licence), _) => Outcome::yes(Found::Value(licence.word())),
        (None, Some(other)) => Outcome::no(Found::Other(other.word())),
        (None, None) => Outcome::UNSEEN,
    }
}

/// The media type of a file that common loaders read.
fn loadable_type<'s>(file: &Node<'s>) -> Option<&'s str> {
    if let Some(stated) = file.under(dcat::MEDIA_TYPE, MEDIA_TYPES).next() {
        return files::LOADABLE.contains(&stated).then_some(stated);
    }
    let format = file.first(dct::FORMAT)?;
    let media_type = tables::media_type_of(format.word())?;
    files::LOADABLE.contains(&media_type).then_some(media_type)
}

pub fn loadable<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let mut files = seen.files.iter();
    let found = files.find_map(loadable_type);
    found.map_or_else(
        || of_no_file(seen),
        |found| Outcome::yes(Found::Value(found)),
    )
}

fn own_address<'s>(file: &Node<'s>) -> Option<&'s str> {
    file.all(dcat::DOWNLOAD_URL)
        .map(Value::word)
        .find(|address| is_http(address))
}

pub fn direct_download<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let mut files = seen.files.iter();
    let found = files.find_map(|file| loadable_type(file).and_then(|_| own_address(file)));
    found.map_or_else(
        || of_no_file(seen),
        |found| Outcome::yes(Found::Value(found)),
    )
}

/// What a node lists as fields.
fn listed<'s>(node: &Node<'s>) -> Option<&'s str> {
    let mut listed = node.all(dct::TABLE_OF_CONTENTS).map(Value::word);
    listed.find(|text| !files::fields(text).is_empty())
}

pub fn fields<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    match seen.nodes().find_map(listed) {
        Some(found) => Outcome::yes(Found::Value(found)),
        None => {
            let mut texts = seen
                .nodes()
                .flat_map(|node| node.all(dct::TABLE_OF_CONTENTS));
            let other = texts.next();
            other.map_or(Outcome::UNSEEN, |text| {
                Outcome::no(Found::Other(text.word()))
            })
        }
    }
}

pub fn encoding<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let of = |file: &Node<'s>| {
        let mut stated = file.all(cnt::CHARACTER_ENCODING).map(Value::word);
        let known = |name: &&str| {
            tables::encodings()
                .cell(name)
                .is_some_and(|known| !known.is_empty())
        };
        let by_form = || file_types(file).find(|code| ONE_ENCODING.contains(code));
        Outcome::value(stated.find(known).or_else(by_form))
    };
    first(seen.files.iter().map(of), || of_no_file(seen))
}

pub fn schema<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let mut nodes = seen.nodes();
    let found = nodes.find_map(|node| node.first(dct::CONFORMS_TO));
    Outcome::value(found.map(Value::word))
}

pub fn updates_kept<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let found = &seen.timeliness;
    let age = || {
        let promised = found.promised_days.unwrap_or_default();
        let allowed = found.changed.zip(found.late_from);
        allowed.map_or(Found::Nothing, |(changed, _)| {
            Found::Age(seen.today - changed, promised)
        })
    };
    match found.state {
        Timely::OnTime => Outcome::yes(age()),
        Timely::Late => Outcome::no(age()),
        Timely::NoRhythm => Outcome::yes(Found::NoRhythm),
        Timely::UnknownFrequency => {
            Outcome::no(Found::Lacks("how often it is updated", "更新頻率"))
        }
        Timely::UnknownChange => Outcome::no(Found::Lacks("a date of change", "更新日期")),
    }
}

/// What `/…?format=croissant` needs, and the records as well.
pub fn croissant<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let dataset = &seen.dataset;
    for (is_there, en, zh) in [
        (dataset.has(dct::TITLE), "a title", "標題"),
        (dataset.has(dct::DESCRIPTION), "a description", "說明"),
        (
            seen.nodes().any(|node| node.has(dct::LICENSE)),
            "a licence",
            "授權條款",
        ),
    ] {
        if !is_there {
            return Outcome::no(Found::Lacks(en, zh));
        }
    }
    let is_table = |file: &&Node<'s>| {
        loadable_type(file).is_some_and(|kind| files::TABLES.contains(&kind))
            && own_address(file).is_some()
    };
    let tables: Vec<&Node<'s>> = seen.files.iter().filter(is_table).collect();
    if tables.is_empty() {
        return Outcome::no(Found::Lacks(
            "a table (CSV, TSV) with a download address",
            "可下載的表格檔案（CSV、TSV）",
        ));
    }
    let described = |file: &&&Node<'s>| listed(file).or_else(|| listed(dataset)).is_some();
    match tables.iter().find(described) {
        Some(file) => Outcome::yes(Found::Value(file.iri)),
        None => Outcome::no(Found::Lacks("its fields", "欄位說明")),
    }
}
