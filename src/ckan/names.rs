//! The ids and names by which CKAN knows things: made from IRIs alone, so that they never change while the IRI stays, and come
//! out the same whenever the index is built anew.
//!
//! An id is the UUIDv5 of the IRI. A name has what a person recognises of the IRI, and twelve digits of its hash, so that no
//! two are alike: `[a-z0-9-_]{2,100}`. Start at [`name_of`].

use harvestd_vocab::{concepts, terms::authority};
use uuid::Uuid;

/// Longest readable part of a name; CKAN takes names of at most 100 characters.
const WORDS_MAX: usize = 80;
/// Parts of an address that say nothing of what it names.
const SILENT: [&str; 7] = [
    "www", "dataset", "datasets", "resource", "id", "catalog", "record",
];

/// CKAN's id of what has this IRI.
pub fn id_of(iri: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, iri.as_bytes())
        .hyphenated()
        .to_string()
}

/// The same as a number: ids sort as their numbers do.
pub fn id_number(id: &str) -> Option<u128> {
    Uuid::try_parse(id).ok().map(|uuid| uuid.as_u128())
}

/// CKAN's name of what has this IRI: `data-gov-tw-23009-1f0c4be2a977`.
pub fn name_of(iri: &str) -> String {
    let hash = hash_of(iri);
    let words = words_of(iri);
    if words.is_empty() {
        format!("iri-{hash}")
    } else {
        format!("{words}-{hash}")
    }
}

/// Twelve digits that no other IRI has.
pub fn hash_of(iri: &str) -> String {
    blake3::hash(iri.as_bytes()).to_hex()[..12].to_owned()
}

/// CKAN's name of a theme: short where the scheme is one that we know.
pub fn theme_name(iri: &str) -> String {
    let short = |prefix: &str, rest: &str| slug(&format!("{prefix}-{rest}"), WORDS_MAX);
    if let Some(theme) = iri.strip_prefix(authority::DATA_THEME) {
        short("eu", theme)
    } else if let Some(theme) = iri.strip_prefix(concepts::BASE) {
        short("tw", theme)
    } else {
        name_of(iri)
    }
}

/// The readable part of an address: its host and path, without what all addresses have.
fn words_of(iri: &str) -> String {
    let bare = iri.split_once("://").map_or(iri, |(_, rest)| rest);
    let parts: Vec<&str> = bare
        .split(['/', '?', '#', '&', '='])
        .flat_map(|part| part.split('.'))
        .filter(|part| !part.is_empty() && !SILENT.contains(part))
        .collect();
    slug(&parts.join("-"), WORDS_MAX)
}

/// Lower-case letters of ASCII, digits and single hyphens, none at the edges; of what is too long, the end.
pub fn slug(text: &str, chars_max: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            'a'..='z' | '0'..='9' | '_' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            // The two digits after a per cent sign are no words.
            '%' => {
                chars.nth(1);
            }
            _ if !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    let from = out.len().saturating_sub(chars_max);
    out[from..].trim_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_readable_and_of_their_own() {
        let name = name_of("https://data.gov.tw/dataset/23009");
        assert!(name.starts_with("data-gov-tw-23009-"), "{name}");
        let iris = [
            "https://data.gov.tw/dataset/23009",
            "https://data.gov.tw/dataset/23009/",
            "https://DATA.gov.tw/dataset/23009",
            "https://e.example/%E6%B0%B4",
            "https://e.example/水情",
            "urn:x",
            "https://水.example/水",
        ];
        let mut names: Vec<String> = iris.iter().map(|iri| name_of(iri)).collect();
        names.push(name_of(&format!(
            "https://e.example/{}",
            "long/".repeat(200)
        )));
        for name in &names {
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            assert!(name.chars().all(legal), "{name}");
            assert!((2..=100).contains(&name.len()), "{name}");
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn ids_are_uuids_of_the_iri() {
        // As Python has it: uuid.uuid5(uuid.NAMESPACE_URL, …)
        let id = id_of("https://data.gov.tw/dataset/23009");
        assert_eq!(id, "abee42e4-0ccf-56ee-b3fa-6181d8544e21");
        assert!(id_number(&id).is_some() && id_number("x").is_none());
    }

    #[test]
    fn themes_that_we_know_have_short_names() {
        assert_eq!(
            theme_name("http://publications.europa.eu/resource/authority/data-theme/GOVE"),
            "eu-gove"
        );
        assert_eq!(
            theme_name("https://w3id.org/harvestd/tw/service-category/I00"),
            "tw-service-category-i00"
        );
    }
}
