//! HTML in descriptions -> plain text: tags away, paragraphs as lines, addresses kept, entities as characters.
//!
//! No parser of documents: what is not a tag of [`TAGS`] stays as it is written, so that `a < b` and `<資料>` survive.
//! Applied until nothing changes, at most [`PASSES_MAX`] times: what was escaped twice comes out in one go, and a text
//! that went through stays itself.

use crate::text::meant;
use std::borrow::Cow;

/// Each pass takes off one level of escaping. A source, its portal and a harvester before us add at most one each: three,
/// and one for the tags that come out. A bound, so that a text made to unfold for ever costs no more than four readings.
const PASSES_MAX: usize = 4;
/// A tag longer than this, in bytes, is no tag.
const TAG_BYTES_MAX: usize = 4096;

/// What a tag leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    Nothing,
    Line,
    Paragraph,
    /// Goes with all that stands before its end tag.
    NothingOfIt,
    Link,
}

const TAGS: [(&str, Leaves); 44] = [
    ("a", Leaves::Link),
    ("abbr", Leaves::Nothing),
    ("b", Leaves::Nothing),
    ("big", Leaves::Nothing),
    ("blockquote", Leaves::Paragraph),
    ("br", Leaves::Line),
    ("center", Leaves::Line),
    ("code", Leaves::Nothing),
    ("dd", Leaves::Line),
    ("div", Leaves::Line),
    ("dl", Leaves::Line),
    ("dt", Leaves::Line),
    ("em", Leaves::Nothing),
    ("font", Leaves::Nothing),
    ("h1", Leaves::Paragraph),
    ("h2", Leaves::Paragraph),
    ("h3", Leaves::Paragraph),
    ("h4", Leaves::Paragraph),
    ("h5", Leaves::Paragraph),
    ("h6", Leaves::Paragraph),
    ("hr", Leaves::Line),
    ("i", Leaves::Nothing),
    ("iframe", Leaves::NothingOfIt),
    ("img", Leaves::Nothing),
    ("li", Leaves::Line),
    ("o:p", Leaves::Nothing),
    ("ol", Leaves::Line),
    ("p", Leaves::Paragraph),
    ("pre", Leaves::Line),
    ("s", Leaves::Nothing),
    ("script", Leaves::NothingOfIt),
    ("small", Leaves::Nothing),
    ("span", Leaves::Nothing),
    ("strong", Leaves::Nothing),
    ("style", Leaves::NothingOfIt),
    ("sub", Leaves::Nothing),
    ("sup", Leaves::Nothing),
    ("table", Leaves::Line),
    ("tbody", Leaves::Nothing),
    ("td", Leaves::Nothing),
    ("th", Leaves::Nothing),
    ("tr", Leaves::Line),
    ("u", Leaves::Nothing),
    ("ul", Leaves::Line),
];

/// The text that HTML shows. None where there is no HTML in it.
pub(crate) fn to_text(text: &str) -> Option<String> {
    let mut now = Cow::Borrowed(text);
    for _ in 0..PASSES_MAX {
        if !has_markup(&now) {
            break;
        }
        now = Cow::Owned(tidy(&once(&now)));
    }
    match now {
        Cow::Borrowed(_) => None,
        Cow::Owned(said) => Some(said),
    }
}

fn has_markup(text: &str) -> bool {
    let tags = text
        .match_indices('<')
        .any(|(at, _)| tag(text, at).is_some());
    tags || text
        .match_indices('&')
        .any(|(at, _)| entity(&text[at..]).is_some())
}

fn once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The address of the link that is open, and where its text begins.
    let mut link: Option<(&str, usize)> = None;
    let mut at = 0;
    while let Some(next) = text[at..].find(['<', '&']) {
        out.push_str(&text[at..at + next]);
        at += next;
        if let Some((c, length)) = entity(&text[at..]) {
            out.push(c);
            at += length;
        } else if let Some(found) = tag(text, at) {
            at = found.end;
            match found.leaves {
                Leaves::Nothing => {}
                Leaves::Line => push_lines(&mut out, 1),
                Leaves::Paragraph => push_lines(&mut out, 2),
                Leaves::NothingOfIt => at = after_end_tag(text, &found),
                Leaves::Link => {
                    close(&mut link, &mut out);
                    link = found.address.map(|address| (address, out.len()));
                }
            }
        } else {
            let c = if text[at..].starts_with('<') {
                '<'
            } else {
                '&'
            };
            out.push(c);
            at += 1;
        }
    }
    out.push_str(&text[at..]);
    close(&mut link, &mut out);
    out
}

/// Puts the address of a link behind its text, unless the text says it.
fn close(link: &mut Option<(&str, usize)>, out: &mut String) {
    let Some((address, start)) = link.take() else {
        return;
    };
    let shown = out[start..].trim();
    if shown == address {
        return;
    }
    if shown.is_empty() {
        out.push_str(address);
    } else {
        out.push_str(" (");
        out.push_str(address);
        out.push(')');
    }
}

fn push_lines(out: &mut String, lines: usize) {
    let there = out.bytes().rev().take_while(|b| *b == b'\n').count();
    for _ in there..lines {
        out.push('\n');
    }
}

struct Tag<'a> {
    name: &'static str,
    leaves: Leaves,
    /// `href` of an `a`, where it leads somewhere.
    address: Option<&'a str>,
    closing: bool,
    end: usize,
}

/// The tag or comment that begins at `at`.
fn tag(text: &str, at: usize) -> Option<Tag<'_>> {
    let rest = &text[at + 1..];
    if let Some(comment) = rest.strip_prefix("!--") {
        let end = text.len() - comment.len() + comment.find("-->")? + 3;
        let (name, leaves) = ("b", Leaves::Nothing);
        return Some(Tag {
            name,
            leaves,
            address: None,
            closing: true,
            end,
        });
    }
    let closing = rest.starts_with('/');
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let legal = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let length = rest.find(|c| !legal(c))?;
    let (name, leaves) = TAGS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&rest[..length]))?;
    let attributes = &rest[length..];
    let within = attributes.bytes().take(TAG_BYTES_MAX);
    let close = within.enumerate().find(|(_, b)| matches!(b, b'>' | b'<'))?;
    let spaced = attributes.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/');
    if close.1 != b'>' || !spaced {
        return None;
    }
    let address = match leaves {
        Leaves::Link if !closing => href(&attributes[..close.0]),
        _ => None,
    };
    Some(Tag {
        name,
        leaves: *leaves,
        address,
        closing,
        end: text.len() - attributes.len() + close.0 + 1,
    })
}

/// The web address in the attributes of a link.
fn href(attributes: &str) -> Option<&str> {
    let lower = attributes.to_ascii_lowercase();
    let after = attributes[lower.find("href")? + 4..].trim_start();
    let value = after.strip_prefix('=')?.trim_start();
    let address = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    let address = address.trim();
    let leads = ["http://", "https://", "ftp://", "mailto:"];
    let begins = |scheme: &&str| {
        address
            .get(..scheme.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
    };
    leads.iter().any(begins).then_some(address)
}

/// Behind the end tag of an element that goes with its content; the end of the text where it never ends.
fn after_end_tag(text: &str, opened: &Tag<'_>) -> usize {
    if opened.closing {
        return opened.end;
    }
    let ends = text[opened.end..].match_indices("</");
    ends.filter_map(|(at, _)| tag(text, opened.end + at))
        .find(|found| found.name == opened.name)
        .map_or(text.len(), |found| found.end)
}

/// The character of the entity that a text begins with, and the entity's length in bytes.
fn entity(text: &str) -> Option<(char, usize)> {
    const NAMED: [(&str, char); 14] = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("ensp", ' '),
        ("emsp", ' '),
        ("middot", '·'),
        ("bull", '•'),
        ("hellip", '…'),
        ("ndash", '–'),
        ("mdash", '—'),
        ("deg", '°'),
    ];
    const LENGTH_MAX: usize = 9;
    let body = text.strip_prefix('&')?;
    let length = body.bytes().take(LENGTH_MAX).position(|b| b == b';')?;
    let name = &body[..length];
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
                .map(meant)
                .filter(|c| !c.is_control() || *c == '\n')?
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    let character = if character == '\u{a0}' {
        ' '
    } else {
        character
    };
    Some((character, length + 2))
}

/// Lines without white space at their ends, and never more than one empty line between two.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 1 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_becomes_what_it_shows() {
        for (html, expected) in [
            ("一<br>二<BR/>三<br />四", "一\n二\n三\n四"),
            ("<p>一</p><p>二</p>", "\n\n一\n\n二"),
            (
                "見<a href=\"https://a.tw/x?a=1&amp;b=2\" target=_blank>這裡</a>。",
                "見這裡 (https://a.tw/x?a=1&b=2)。",
            ),
            ("<a href='https://a.tw'>https://a.tw</a>", "https://a.tw"),
            ("<a href=https://a.tw></a>", "https://a.tw"),
            ("<a href=\"javascript:x()\">點</a>", "點"),
            (
                "<a href=\"https://a.tw\">開了沒關",
                "開了沒關 (https://a.tw)",
            ),
            ("A&amp;B&nbsp;C&#39;D&#x4E00;", "A&B C'D一"),
            ("A&amp;B&nbsp;C&#39;D&#x4E00;", "A&B C'D一"),
            ("1990&#150;2000", "1990–2000"),
            ("<script>alert(1)</script>文<style>p{}", "文"),
            ("&lt;b&gt;粗&lt;/b&gt;", "粗"),
            ("<ul><li>一</li><li>二</li></ul>", "\n一\n二"),
            ("<!-- x -->文", "文"),
            ("<span style=\"color:red\">紅</span>", "紅"),
        ] {
            let found = to_text(html);
            assert_eq!(
                found.as_deref().map(str::trim),
                Some(expected.trim()),
                "{html}"
            );
        }
    }

    #[test]
    fn what_is_no_html_stays() {
        for text in [
            "a < b 且 c > d",
            "<資料集>",
            "<http://a.tw/>",
            "A & B; C",
            "R&D;",
            "x<y",
            "<bold>",
            "<p",
            "&unknown;",
            "",
        ] {
            assert_eq!(to_text(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_that_went_through_stays(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("<p>"), Just("</p>"), Just("<br>"), Just("<a href='https://a.tw'>"), Just("</a>"),
                    Just("&amp;"), Just("&nbsp;"), Just("\n"), Just(" "), Just("字"), Just("<"), Just("</script>"),
                    Just("<td>"), Just(">"),
                ],
                0..20,
            )
        ) {
            let text = parts.concat();
            if let Some(once) = to_text(&text) {
                prop_assert_eq!(to_text(&once), None);
            }
        }
    }
}
