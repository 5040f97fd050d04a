//! Addresses and identifiers in one spelling, so that equal ones are found by equality.
//!
//! Start at [`canonical`].

use std::fmt::Write as _;

/// An address without what servers do not distinguish: scheme, `www.`, default port, last slash, fragment, the way bytes
/// are percent-encoded. None for what is no web address, and for a host's front page, which identifies nothing.
pub fn canonical(iri: &str) -> Option<String> {
    let (scheme, rest) = iri.split_once("://")?;
    if !["http", "https", "ftp"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit('@').next()?.to_ascii_lowercase();
    let host = host.trim_end_matches(":80").trim_end_matches(":443");
    let host = host.strip_prefix("www.").unwrap_or(host);
    // One-page applications put the page's path behind the mark.
    let path = match path.split_once('#') {
        Some((_, fragment)) if fragment.starts_with(['/', '!']) => path,
        Some((before, _)) => before,
        None => path,
    };
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let path = path.trim_end_matches('/');
    if host.is_empty() || path.trim_matches(['/', '?', '#', '!']).is_empty() {
        return None;
    }
    // The national portal's addresses until 2018.
    let path = match path.strip_prefix("/node/") {
        Some(id) if host == "data.gov.tw" => format!("/dataset/{id}"),
        _ => path.to_owned(),
    };
    let mut out = String::with_capacity(host.len() + path.len());
    let _ = write!(out, "{host}{path}");
    Some(out)
}

/// The host of a canonical address.
pub fn host(canonical: &str) -> &str {
    canonical.split(['/', '?', '#']).next().unwrap_or_default()
}

/// An identifier that means the same everywhere: a UUID, a DOI, an OID, an agency's code with a number
/// (`A41000000G-000004`). A source's own numbers do not.
pub fn worldwide(identifier: &str) -> Option<String> {
    let text = identifier.trim();
    let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    let doi = lower
        .find("10.")
        .map(|at| &lower[at..])
        .filter(|doi| lower.contains("doi") && doi.contains('/'));
    if let Some(doi) = doi {
        return Some(format!("doi:{doi}"));
    }
    (is_uuid(&lower) || is_agency_number(text) || is_oid(text)).then_some(lower)
}

/// The UUIDs that stand by themselves in an address, each once.
pub fn uuids(address: &str) -> Vec<String> {
    let words = address.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let mut uuids: Vec<String> = words
        .filter(|word| is_uuid(word))
        .map(str::to_ascii_lowercase)
        .collect();
    uuids.sort_unstable();
    uuids.dedup();
    uuids
}

/// Eight, four, four, four and twelve hexadecimal digits.
pub fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// `^[a-zA-Z_0-9]{9,10}-[a-zA-Z_0-9]{6}$` in the metadata standard of 2015. Mostly digits, as agencies' codes are: a
/// name like `population-census` has the form, too.
fn is_agency_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    text.split_once('-').is_some_and(|(agency, number)| {
        matches!(agency.len(), 9 | 10)
            && number.len() == 6
            && word(agency)
            && word(number)
            && digits(agency) >= 5
            && digits(number) >= 3
    })
}

/// Five arcs and more.
fn is_oid(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    arcs.len() >= 5
        && arcs
            .iter()
            .all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        for (a, b) in [
            ("https://www.a.tw/x/", "http://a.tw/x"),
            ("https://A.tw:443/%E8%B3%87?q=1#top", "http://a.tw/資?q=1"),
            (
                "http://data.gov.tw/node/6564",
                "https://data.gov.tw/dataset/6564",
            ),
        ] {
            assert_eq!(canonical(a).unwrap(), canonical(b).unwrap());
        }
        assert_ne!(
            canonical("http://a.tw/x?id=1"),
            canonical("http://a.tw/x?id=2")
        );
        assert_ne!(
            canonical("http://a.tw/#/x/1"),
            canonical("http://a.tw/#/x/2")
        );
        for nothing in [
            "http://a.tw/",
            "https://a.tw",
            "urn:x:y",
            "mailto:a@b.tw",
            "",
        ] {
            assert_eq!(canonical(nothing), None, "{nothing}");
        }
        assert_eq!(host("a.tw/x"), "a.tw");
    }

    #[test]
    fn own_numbers_are_not_worldwide() {
        for identifier in [
            "A41000000G-000004",
            "355000000-000004",
            "8f0b6a0e-0b8b-4b7e-9d1a-0123456789ab",
            "urn:uuid:8F0B6A0E-0B8B-4B7E-9D1A-0123456789AB",
            "https://doi.org/10.5281/zenodo.1",
            "2.16.886.101.20003.20082",
        ] {
            assert!(worldwide(identifier).is_some(), "{identifier}");
        }
        for identifier in [
            "6564",
            "population",
            "population-census",
            "statistics-per_go",
            "1.2.3",
            "2024-01-01",
            "",
        ] {
            assert_eq!(worldwide(identifier), None, "{identifier}");
        }
    }
}
