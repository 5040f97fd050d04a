//! Is it a web page? Login forms, challenges and error pages come with status 200 where data should be.
//! Start at [`looks_like_html`].

use std::borrow::Cow;

/// How far [`explain_html`] looks, in bytes.
pub const LOOKED_AT_BYTES: usize = 16 * 1024;

/// Does the document begin like a web page? Comments, processing instructions and white space before it are passed over.
pub fn looks_like_html(document: &[u8]) -> bool {
    let mut rest = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'?', ..] => b"?>",
            _ => break,
        };
        match find(rest, end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return false,
        }
    }
    if begins(rest, b"<!doctype") {
        let name = rest[b"<!doctype".len()..].trim_ascii_start();
        return begins(name, b"html") && !name.get(4).is_some_and(u8::is_ascii_alphanumeric);
    }
    [
        b"<html".as_slice(),
        b"<head",
        b"<body",
        b"<script",
        b"<title",
        b"<meta",
        b"<center",
        b"<h1",
    ]
    .iter()
    .any(|tag| {
        begins(rest, tag)
            && matches!(
                rest.get(tag.len()),
                None | Some(b' ' | b'>' | b'\t' | b'\n' | b'\r' | b'/')
            )
    })
}

/// What a web page in the place of data seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// It wants a browser that runs its scripts, or a person.
    Challenge,
    Login,
    Firewall,
    Maintenance,
    Other,
}

impl PageKind {
    fn words(self) -> &'static str {
        match self {
            Self::Challenge => "a challenge page against robots",
            Self::Login => "a login page",
            Self::Firewall => "a page of a firewall",
            Self::Maintenance => "a maintenance page",
            Self::Other => "a web page",
        }
    }
}

/// What kind of page it seems to be, by its first bytes. None: it is no web page.
pub fn page_kind(document: &[u8]) -> Option<PageKind> {
    looks_like_html(document).then(|| kind_of(&beginning(document).to_lowercase()))
}

/// What kind of page it seems to be, with its title: `a login page titled "Sign in"`.
pub fn explain_html(document: &[u8]) -> String {
    let text = beginning(document);
    let what = kind_of(&text.to_lowercase()).words();
    match title(&text) {
        Some(title) => format!("{what} titled \"{title}\""),
        None => what.to_owned(),
    }
}

fn beginning(document: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&document[..document.len().min(LOOKED_AT_BYTES)])
}

fn kind_of(lower: &str) -> PageKind {
    let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if any(&[
        "cf-challenge",
        "__cf_chl",
        "challenge-platform",
        "captcha",
        "just a moment...",
        "are you a robot",
    ]) {
        PageKind::Challenge
    } else if any(&["type=\"password\"", "type='password'", "type=password"]) {
        PageKind::Login
    } else if any(&[
        "web application firewall",
        "access denied",
        "request rejected",
        "forbidden",
    ]) {
        PageKind::Firewall
    } else if any(&["maintenance", "維護中", "系統維護"]) {
        PageKind::Maintenance
    } else {
        PageKind::Other
    }
}

fn title(text: &str) -> Option<String> {
    // ASCII lower case keeps every offset.
    let lower = text.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let begin = open + lower[open..].find('>')? + 1;
    let end = begin + lower[begin..].find("</title")?;
    let title = text[begin..end]
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    (!title.is_empty()).then(|| title.chars().take(80).collect())
}

fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(with))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_pages() {
        for page in [
            "<!DOCTYPE html><html>",
            "\u{feff}  <!-- x --><HTML lang=zh>",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0\">",
            "<html",
            "<h1>502 Bad Gateway</h1>",
        ] {
            assert!(looks_like_html(page.as_bytes()), "{page}");
        }
    }

    #[test]
    fn knows_data() {
        for data in [
            "<rdf:RDF",
            "<!DOCTYPE rdf:RDF [",
            "<http://example.org/html> a",
            "{\"html\":1}",
            "",
            "<!-- never closed",
            "<header xmlns='x'/>",
        ] {
            assert!(!looks_like_html(data.as_bytes()), "{data}");
        }
    }

    #[test]
    fn explains() {
        assert_eq!(
            explain_html("<title>\n請登入 </title><input type=\"password\">".as_bytes()),
            "a login page titled \"請登入\""
        );
        assert_eq!(
            explain_html(b"<html><script src=/cdn-cgi/challenge-platform/x>"),
            "a challenge page against robots"
        );
        assert_eq!(explain_html(b"<html>"), "a web page");
    }
}
