//! A body: sorted, unique N-Triples lines without blank nodes. How it is written, and what differs between two.

use oxrdf::{LiteralRef, NamedNodeRef};
use std::fmt::Write;
use std::iter::Peekable;
use std::str::Lines;

/// The lines of `old` that `new` has not.
pub fn removed<'a>(old: &'a str, new: &'a str) -> impl Iterator<Item = &'a str> {
    Minus {
        these: old.lines().peekable(),
        without: new.lines().peekable(),
    }
}

/// The lines of `new` that `old` has not.
pub fn added<'a>(old: &'a str, new: &'a str) -> impl Iterator<Item = &'a str> {
    removed(new, old)
}

struct Minus<'a> {
    these: Peekable<Lines<'a>>,
    without: Peekable<Lines<'a>>,
}

impl<'a> Iterator for Minus<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let line = self.these.next()?;
            while self.without.next_if(|other| *other < line).is_some() {}
            if self.without.peek() != Some(&line) {
                return Some(line);
            }
        }
    }
}

/// Collects lines in any order.
#[derive(Default)]
pub(crate) struct BodyWriter {
    text: String,
    ends: Vec<usize>,
}

impl BodyWriter {
    pub(crate) fn with_capacity(bytes: usize, lines: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(lines),
        }
    }

    /// Adds a line; `write` writes subject, predicate and object with single spaces between.
    pub(crate) fn line(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.text.push_str(" .");
        self.ends.push(self.text.len());
    }

    pub(crate) fn finish(self) -> String {
        let mut start = 0;
        let mut lines: Vec<&str> = Vec::with_capacity(self.ends.len());
        for end in self.ends {
            lines.push(&self.text[start..end]);
            start = end;
        }
        lines.sort_unstable();
        lines.dedup();
        let mut body = String::with_capacity(self.text.len() + lines.len());
        for line in lines {
            body.push_str(line);
            body.push('\n');
        }
        body
    }
}

pub(crate) fn push_iri(node: NamedNodeRef<'_>, out: &mut String) {
    out.push('<');
    out.push_str(node.as_str());
    out.push('>');
}

/// Escapes exactly as oxrdf's `Display` does, a run of plain bytes at a time.
pub(crate) fn push_literal(literal: LiteralRef<'_>, out: &mut String) {
    out.push('"');
    push_escaped(literal.value(), out);
    out.push('"');
    if let Some(language) = literal.language() {
        out.push('@');
        out.push_str(language);
    } else if literal.datatype() != oxrdf::vocab::xsd::STRING {
        out.push_str("^^");
        push_iri(literal.datatype(), out);
    }
}

fn push_escaped(value: &str, out: &mut String) {
    let bytes = value.as_bytes();
    let mut plain_from = 0;
    let mut at = 0;
    while at < bytes.len() {
        let (width, escape) = match bytes[at] {
            0x08 => (1, "\\b"),
            b'\t' => (1, "\\t"),
            b'\n' => (1, "\\n"),
            0x0C => (1, "\\f"),
            b'\r' => (1, "\\r"),
            b'"' => (1, "\\\""),
            b'\\' => (1, "\\\\"),
            0..=0x1F | 0x7F => (1, ""),
            0xEF if bytes[at + 1..].starts_with(&[0xBF, 0xBE]) => (3, "\\uFFFE"),
            0xEF if bytes[at + 1..].starts_with(&[0xBF, 0xBF]) => (3, "\\uFFFF"),
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&value[plain_from..at]);
        if escape.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04X}", bytes[at]);
        } else {
            out.push_str(escape);
        }
        at += width;
        plain_from = at;
    }
    out.push_str(&value[plain_from..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxrdf::Literal;
    use proptest::prelude::*;

    #[test]
    fn differences_by_merging() {
        let (old, new) = ("a\nb\nd\n", "b\nc\nd\ne\n");
        assert_eq!(removed(old, new).collect::<Vec<_>>(), ["a"]);
        assert_eq!(added(old, new).collect::<Vec<_>>(), ["c", "e"]);
        assert_eq!(removed(old, "").count(), 3);
        assert_eq!(added(old, old).count(), 0);
    }

    #[test]
    fn lines_are_sorted_and_unique() {
        let mut body = BodyWriter::default();
        for line in ["b", "a", "b"] {
            body.line(|out| out.push_str(line));
        }
        assert_eq!(body.finish(), "a .\nb .\n");
    }

    proptest! {
        #[test]
        fn escaping_is_that_of_oxrdf(value in "[\\x00-\\x7f\u{fffd}-\u{ffff}資é\u{10FFFF}]{0,30}") {
            for literal in [
                Literal::new_simple_literal(value.clone()),
                Literal::new_language_tagged_literal_unchecked(value.clone(), "zh-hant"),
                Literal::new_typed_literal(value.clone(), oxrdf::vocab::xsd::DATE),
            ] {
                let mut out = String::new();
                push_literal(literal.as_ref(), &mut out);
                prop_assert_eq!(out, literal.to_string());
            }
        }

        #[test]
        fn a_difference_applied_gives_the_new_body(
            old in proptest::collection::btree_set("[a-e]{1,3}", 0..20),
            new in proptest::collection::btree_set("[a-e]{1,3}", 0..20),
        ) {
            let text = |set: &std::collections::BTreeSet<String>| set.iter().fold(String::new(), |all, l| all + l + "\n");
            let (a, b) = (text(&old), text(&new));
            let mut result = old.clone();
            for line in removed(&a, &b) {
                prop_assert!(result.remove(line));
            }
            for line in added(&a, &b) {
                prop_assert!(result.insert(line.to_owned()));
            }
            prop_assert_eq!(result, new);
        }
    }
}
