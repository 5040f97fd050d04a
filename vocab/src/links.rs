//! Links, mail addresses and telephone numbers as sources write them -> IRIs.
//!
//! Mended only where the meaning is certain (spaces, illegal characters); what is relative, broken or dangerous never
//! becomes an IRI.

use crate::iris::push_percent_encoded;
use oxrdf::NamedNode;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Why a text is no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotALink {
    /// `javascript:`, `data:` and the like.
    Dangerous,
    /// Relative, or of a scheme that no catalogue needs.
    NotAbsolute,
    /// Not an IRI, and not to be mended with certainty.
    Malformed,
}

/// Schemes that a literal may have to become a link.
const SCHEMES: [&str; 12] = [
    "http", "https", "ftp", "ftps", "sftp", "mailto", "tel", "urn", "doi", "info", "geo", "s3",
];
/// Schemes that act where they are opened, instead of leading somewhere.
const DANGEROUS: [&str; 8] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "view-source",
    "livescript",
];

/// The IRI of a text that should be a link.
pub fn link(text: &str) -> Result<NamedNode, NotALink> {
    let text = text.trim_matches(is_edge);
    if is_dangerous(text) {
        return Err(NotALink::Dangerous);
    }
    let (scheme, rest) = text.split_once(':').ok_or(NotALink::NotAbsolute)?;
    if !SCHEMES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
    {
        return Err(NotALink::NotAbsolute);
    }
    if is_web(scheme) && !has_host(rest) {
        return Err(NotALink::Malformed);
    }
    valid_or_mended(text)
}

/// An IRI that the source gave as an IRI: of any scheme that is not dangerous, mended where it is not well-formed.
pub fn iri(given: NamedNode) -> Result<NamedNode, NotALink> {
    if is_dangerous(given.as_str()) {
        return Err(NotALink::Dangerous);
    }
    if oxiri::Iri::parse(given.as_str()).is_ok() {
        return Ok(given);
    }
    if !given.as_str().contains(':') {
        return Err(NotALink::NotAbsolute);
    }
    valid_or_mended(given.as_str().trim_matches(is_edge))
}

/// Is this an http or https IRI with a host?
pub fn is_http(iri: &str) -> bool {
    iri.split_once(':')
        .is_some_and(|(scheme, rest)| is_web(scheme) && has_host(rest))
}

/// `a@b.example`, with or without `mailto:` -> `mailto:a@b.example`.
pub fn email(text: &str) -> Option<NamedNode> {
    let text: Cow<'_, str> = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkc().collect())
    };
    let text = text.trim_matches(is_edge);
    let address = strip_scheme(text, "mailto").trim();
    let (local, domain) = address.split_once('@')?;
    let legal = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c);
    let whole = !local.is_empty() && domain.contains('.') && !domain.starts_with('.');
    if !whole || !address.chars().filter(|c| *c != '@').all(legal) || domain.contains('@') {
        return None;
    }
    valid_or_mended(&format!("mailto:{address}")).ok()
}

/// `02-1234-5678 #9` -> `tel:02-1234-5678;ext=9` (RFC 3966). None where letters or a second number stand in it.
pub fn telephone(text: &str) -> Option<NamedNode> {
    let text: String = strip_scheme(text.trim_matches(is_edge), "tel")
        .trim()
        .nfkc()
        .collect();
    let (number, extension) = split_extension(&text);
    let number = number.trim();
    let mut out = String::from("tel:");
    for c in number.chars() {
        match c {
            '0'..='9' | '+' | '-' | '.' | '(' | ')' => out.push(c),
            ' ' if !out.ends_with('-') => out.push('-'),
            ' ' => {}
            _ => return None,
        }
    }
    if number.bytes().filter(u8::is_ascii_digit).count() < 3 {
        return None;
    }
    if let Some(extension) = extension {
        let extension = extension.trim();
        if extension.is_empty() || !extension.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        out.push_str(";ext=");
        out.push_str(extension);
    }
    NamedNode::new(out).ok()
}

fn split_extension(text: &str) -> (&str, Option<&str>) {
    for mark in [
        ";ext=", "分機:", "分機", "轉", "ext.", "ext", "EXT", "#", "*",
    ] {
        if let Some((number, extension)) = text.split_once(mark) {
            return (number, Some(extension));
        }
    }
    (text, None)
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> &'a str {
    match text.split_once(':') {
        Some((before, after)) if before.trim().eq_ignore_ascii_case(scheme) => after,
        _ => text,
    }
}

/// White space and the invisible marks that copying leaves at the edges.
pub(crate) fn is_edge(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}' | '\u{2060}'
        )
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn has_host(rest: &str) -> bool {
    rest.strip_prefix("//")
        .is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '?', '#', ':']))
}

/// Browsers leave control characters and white space out of account when they look for a scheme; so do we.
fn is_dangerous(text: &str) -> bool {
    if text.starts_with("http") {
        return false;
    }
    DANGEROUS.iter().any(|scheme| {
        let mut rest = text
            .chars()
            .filter(|c| !c.is_control() && !c.is_whitespace());
        scheme
            .chars()
            .all(|s| rest.next().is_some_and(|c| c.eq_ignore_ascii_case(&s)))
            && rest.next() == Some(':')
    })
}

fn valid_or_mended(text: &str) -> Result<NamedNode, NotALink> {
    if oxiri::Iri::parse(text).is_ok() {
        return Ok(NamedNode::new_unchecked(text));
    }
    NamedNode::new(mended(text, false))
        .or_else(|_| NamedNode::new(mended(text, true)))
        .map_err(|_| NotALink::Malformed)
}

/// Percent-encodes what may not stand in an IRI after its host: spaces, quotes, brackets, stray `%` and `#`; with
/// `ascii_only`, whatever is not ASCII too.
fn mended(text: &str, ascii_only: bool) -> String {
    let scheme_end = text.find(':').map_or(0, |at| at + 1);
    let after = &text[scheme_end..];
    let path_start = match after.strip_prefix("//") {
        Some(host) => scheme_end + 2 + host.find(['/', '?', '#']).unwrap_or(host.len()),
        None => scheme_end,
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..path_start]);
    let mut fragment = false;
    for (at, c) in text[path_start..].char_indices() {
        let keep = match c {
            '%' => is_percent_encoded(&text.as_bytes()[path_start + at..]),
            '#' => !std::mem::replace(&mut fragment, true),
            ' ' | '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`' | '[' | ']' => false,
            c if c.is_control() => false,
            c if c.is_ascii() => true,
            c => !ascii_only && !matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{FFF0}'..='\u{FFFF}'),
        };
        if keep {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                push_percent_encoded(byte, &mut out);
            }
        }
    }
    out
}

fn is_percent_encoded(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_are_mended_where_certain() {
        for (text, expected) in [
            ("https://a.tw/x", "https://a.tw/x"),
            ("　https://a.tw/資料 1.csv ", "https://a.tw/資料%201.csv"),
            (
                "http://a.tw/x?q={1}|[2]",
                "http://a.tw/x?q=%7B1%7D%7C%5B2%5D",
            ),
            ("http://a.tw/100%", "http://a.tw/100%25"),
            ("http://a.tw/%u8CC7", "http://a.tw/%25u8CC7"),
            ("http://a.tw/#a#b", "http://a.tw/#a%23b"),
            ("HTTP://a.tw/x", "HTTP://a.tw/x"),
            ("ftp://a.tw/a\nb", "ftp://a.tw/a%0Ab"),
            ("urn:uuid:1", "urn:uuid:1"),
        ] {
            assert_eq!(link(text).unwrap().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_link_is_none() {
        for (text, why) in [
            ("javascript:alert(1)", NotALink::Dangerous),
            (" JaVa\tScript:alert(1)", NotALink::Dangerous),
            ("data:text/html,x", NotALink::Dangerous),
            ("file:///etc/passwd", NotALink::Dangerous),
            ("www.a.tw", NotALink::NotAbsolute),
            ("/x/y", NotALink::NotAbsolute),
            ("C:\\x", NotALink::NotAbsolute),
            ("無", NotALink::NotAbsolute),
            ("http://", NotALink::Malformed),
            ("http:///x", NotALink::Malformed),
            ("http:\\\\a.tw", NotALink::Malformed),
            ("http://a b.tw/", NotALink::Malformed),
        ] {
            assert_eq!(link(text), Err(why), "{text}");
        }
        let given = NamedNode::new_unchecked("javascript:alert(1)");
        assert_eq!(iri(given), Err(NotALink::Dangerous));
    }

    #[test]
    fn addresses_and_numbers() {
        assert_eq!(
            email(" mailto:a.b@c.gov.tw ").unwrap().as_str(),
            "mailto:a.b@c.gov.tw"
        );
        assert_eq!(email("ab＠c.tw").unwrap().as_str(), "mailto:ab@c.tw");
        for text in ["", "a", "a@b", "a@b.c;d@e.f", "a b@c.d", "@c.d"] {
            assert_eq!(email(text), None, "{text}");
        }
        for (text, expected) in [
            ("02-1234-5678", "tel:02-1234-5678"),
            ("(02) 1234 5678 #90", "tel:(02)-1234-5678;ext=90"),
            ("tel:+886-2-1234", "tel:+886-2-1234"),
            ("０２－１２３４分機5", "tel:02-1234;ext=5"),
        ] {
            assert_eq!(telephone(text).unwrap().as_str(), expected, "{text}");
        }
        for text in ["", "無", "02-1234轉王先生", "02-1234/02-5678", "1"] {
            assert_eq!(telephone(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_link_is_always_a_valid_iri(text in "(https?|ftp|urn|mailto):(//)?\\PC{0,40}") {
            if let Ok(node) = link(&text) {
                prop_assert!(NamedNode::new(node.as_str()).is_ok());
            }
        }
    }
}
