//! The formulas of the 405 points: one function for each indicator. MQA methodology of data.europa.eu.
//!
//! What DCAT-AP calls a controlled vocabulary is known by the beginning of its IRIs; which formats and licences count is in
//! `tables/mqa.tsv`.

use super::seen::{Node, Seen};
use super::{Found, Outcome, Reach, Value};
use crate::tables;
use crate::terms::{MEDIA_TYPES, authority, dcat, dct};
use oxrdf::NamedNodeRef;
use std::{collections::HashSet, sync::LazyLock};

pub(super) const LISTS: &str = include_str!("../../tables/mqa.tsv");

/// The lists of `mqa.tsv`.
struct Lists {
    machine_readable: HashSet<&'static str>,
    non_proprietary: HashSet<&'static str>,
    licences: Vec<&'static str>,
}

static KNOWN: LazyLock<Lists> = LazyLock::new(|| {
    let of = |list: &'static str| {
        let rows = LISTS.lines().filter(|line| !line.starts_with('#'));
        rows.filter_map(move |row| {
            let (name, rest) = row.split_once('\t')?;
            (name == list).then(|| rest.split('\t').next().unwrap_or_default())
        })
    };
    Lists {
        machine_readable: of("machine-readable").collect(),
        non_proprietary: of("non-proprietary").collect(),
        licences: of("licence").collect(),
    }
});

/// The node says something with this property.
pub fn said<'s>(node: &Node<'s>, property: NamedNodeRef<'static>) -> Outcome<'s> {
    Outcome::value(node.first(property).map(Value::word))
}

pub fn keyword<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    said(&seen.dataset, dcat::KEYWORD)
}

pub fn theme<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    said(&seen.dataset, dcat::THEME)
}

pub fn spatial<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    said(&seen.dataset, dct::SPATIAL)
}

pub fn temporal<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    said(&seen.dataset, dct::TEMPORAL)
}

/// Any of the addresses answered; none was checked; or those that were did not.
fn reachable<'s>(seen: &Seen<'s>, file: &Node<'s>, property: NamedNodeRef<'static>) -> Outcome<'s> {
    let (mut is_there, mut failed) = (false, None);
    for address in file.all(property) {
        is_there = true;
        match seen.reach(address.word()) {
            Some(Reach::Reachable) => return Outcome::yes(Found::Reachable(address.word())),
            Some(Reach::Unreachable) => failed = failed.or(Some(address.word())),
            None => {}
        }
    }
    match (is_there, failed) {
        (false, _) => Outcome::no(Found::Nothing),
        (true, Some(address)) => Outcome::no(Found::Unreachable(address)),
        (true, None) => Outcome::unchecked(),
    }
}

pub fn access_reachable<'s>(seen: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    reachable(seen, file, dcat::ACCESS_URL)
}

pub fn download<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    said(file, dcat::DOWNLOAD_URL)
}

pub fn download_reachable<'s>(seen: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    reachable(seen, file, dcat::DOWNLOAD_URL)
}

pub fn format<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    said(file, dct::FORMAT)
}

pub fn media_type<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    said(file, dcat::MEDIA_TYPE)
}

/// Both are from their vocabularies.
pub fn format_vocabulary<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    let (format, media) = (file.first(dct::FORMAT), file.first(dcat::MEDIA_TYPE));
    let known = file.under(dct::FORMAT, authority::FILE_TYPE).next();
    let known_media = file.under(dcat::MEDIA_TYPE, MEDIA_TYPES).next();
    match (format, media, known, known_media) {
        (_, _, Some(code), Some(_)) => Outcome::yes(Found::Value(code)),
        (None, ..) => Outcome::no(Found::Lacks("a format", "檔案格式")),
        (_, None, ..) => Outcome::no(Found::Lacks("a media type", "媒體類型")),
        (Some(format), _, None, _) => Outcome::no(Found::Other(format.word())),
        (_, Some(media), ..) => Outcome::no(Found::Other(media.word())),
    }
}

/// The codes of EU file types that a file says, be it by its media type.
pub fn file_types<'n, 's>(file: &'n Node<'s>) -> impl Iterator<Item = &'s str> + use<'n, 's> {
    let by_media_type = file
        .under(dcat::MEDIA_TYPE, MEDIA_TYPES)
        .filter_map(tables::file_type_of)
        .filter_map(|iri| iri.strip_prefix(authority::FILE_TYPE));
    file.under(dct::FORMAT, authority::FILE_TYPE)
        .chain(by_media_type)
}

fn listed<'s>(file: &Node<'s>, list: &HashSet<&'static str>) -> Outcome<'s> {
    if let Some(code) = file_types(file).find(|code| list.contains(code)) {
        return Outcome::yes(Found::Value(code));
    }
    let other = file.first(dct::FORMAT).or(file.first(dcat::MEDIA_TYPE));
    other.map_or(Outcome::UNSEEN, |other| {
        Outcome::no(Found::Other(other.word()))
    })
}

pub fn non_proprietary<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    listed(file, &KNOWN.non_proprietary)
}

pub fn machine_readable<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    listed(file, &KNOWN.machine_readable)
}

pub fn dcat_ap<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    match seen.conformance.map(|found| found.dcat_ap.violations) {
        None => Outcome::unchecked(),
        Some(0) => Outcome::yes(Found::Violations(0)),
        Some(many) => Outcome::no(Found::Violations(many)),
    }
}

pub fn licence<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    said(file, dct::LICENSE)
}

pub fn licence_vocabulary<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    let is_known = |iri: &str| KNOWN.licences.iter().any(|begin| iri.starts_with(begin));
    let mut all = file.all(dct::LICENSE);
    let known = all.find(|value| matches!(value, Value::Iri(iri) if is_known(iri)));
    match (known, file.first(dct::LICENSE)) {
        (Some(licence), _) => Outcome::yes(Found::Value(licence.word())),
        (None, Some(other)) => Outcome::no(Found::Other(other.word())),
        (None, None) => Outcome::UNSEEN,
    }
}

pub fn access_rights<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    said(&seen.dataset, dct::ACCESS_RIGHTS)
}

pub fn access_rights_vocabulary<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let dataset = &seen.dataset;
    let known = dataset
        .under(dct::ACCESS_RIGHTS, authority::ACCESS_RIGHT)
        .next();
    match (known, dataset.first(dct::ACCESS_RIGHTS)) {
        (Some(code), _) => Outcome::yes(Found::Value(code)),
        (None, Some(other)) => Outcome::no(Found::Other(other.word())),
        (None, None) => Outcome::UNSEEN,
    }
}

pub fn contact_point<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    said(&seen.dataset, dcat::CONTACT_POINT)
}

pub fn publisher<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    said(&seen.dataset, dct::PUBLISHER)
}

pub fn rights<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    said(file, dct::RIGHTS)
}

pub fn byte_size<'s>(_: &Seen<'s>, file: &Node<'s>) -> Outcome<'s> {
    said(file, dcat::BYTE_SIZE)
}

/// Of any file of the dataset.
pub fn any_machine_readable<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    let mut outcomes = seen.files.iter().map(|file| machine_readable(seen, file));
    outcomes
        .find(|outcome| outcome.met == super::Met::Yes)
        .unwrap_or_else(|| of_no_file(seen))
}

/// Nothing was found in the files, or there is none.
pub fn of_no_file<'s>(seen: &Seen<'s>) -> Outcome<'s> {
    match seen.files.is_empty() {
        true => Outcome::no(Found::NoFile),
        false => Outcome::no(Found::Nothing),
    }
}
