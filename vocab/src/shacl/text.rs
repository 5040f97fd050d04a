//! A line of N-Triples as a statement that borrows from it.

use super::facts::{Literal, Node, Statement, datatype_of};
use std::borrow::Cow;

/// None: the line is no statement.
pub(super) fn statement(line: &str) -> Option<Statement<'_>> {
    let line = line.strip_suffix('.')?.trim_ascii_end();
    let (subject, rest) = resource(line)?;
    let (predicate, rest) = rest.strip_prefix(" <")?.split_once('>')?;
    let object = rest.strip_prefix(' ')?;
    let object = match resource(object) {
        Some((node, "")) => node,
        Some(_) => return None,
        None => Node::Literal(literal(object)?),
    };
    Some(Statement {
        subject,
        predicate,
        object,
    })
}

/// An IRI or a blank node at the beginning, and what comes after it.
fn resource(text: &str) -> Option<(Node<'_>, &str)> {
    if let Some(text) = text.strip_prefix('<') {
        let (iri, rest) = text.split_once('>')?;
        return Some((Node::Iri(iri.into()), rest));
    }
    let text = text.strip_prefix("_:")?;
    let (label, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
    Some((Node::Blank(label.into()), rest))
}

/// No tag and no IRI has a quotation mark: the last one ends the text.
fn literal(token: &str) -> Option<Literal<'_>> {
    let (written, after) = token.strip_prefix('"')?.rsplit_once('"')?;
    let language = after.strip_prefix('@').unwrap_or_default();
    let datatype = match after.strip_prefix("^^<") {
        Some(datatype) => datatype.strip_suffix('>')?,
        None => datatype_of(language),
    };
    Some(Literal {
        value: unescaped(written)?,
        language: language.into(),
        datatype: datatype.into(),
    })
}

fn unescaped(written: &str) -> Option<Cow<'_, str>> {
    if !written.contains('\\') {
        return Some(written.into());
    }
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let (character, length) = match escape.as_bytes().first()? {
            b't' => ('\t', 1),
            b'b' => ('\u{8}', 1),
            b'n' => ('\n', 1),
            b'r' => ('\r', 1),
            b'f' => ('\u{C}', 1),
            b'u' => (codepoint(escape.get(1..5)?)?, 5),
            b'U' => (codepoint(escape.get(1..9)?)?, 9),
            other @ (b'"' | b'\'' | b'\\') => (char::from(*other), 1),
            _ => return None,
        };
        out.push(character);
        rest = escape.get(length..)?;
    }
    out.push_str(rest);
    Some(out.into())
}

fn codepoint(digits: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use oxrdf::vocab::xsd;
    use oxrdf::{Literal as Owned, NamedNode, Triple};
    use proptest::prelude::*;

    #[test]
    fn what_is_no_statement_is_none() {
        for line in [
            "",
            "# a note .",
            "<a> <p> <b>",
            "<a> <p> <b> <g> .",
            "<a> <p> \"x .",
            "<a> <p> \"\\q\" .",
        ] {
            assert_eq!(statement(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_line_is_read_as_it_was_written(value in "[\\x00-\\x7f資é\u{10FFFF}]{0,30}", kind in 0..4) {
            let iri = NamedNode::new_unchecked("http://e.example/a");
            let object = match kind {
                0 => Owned::new_simple_literal(value).into(),
                1 => Owned::new_language_tagged_literal_unchecked(value, "zh-hant").into(),
                2 => Owned::new_typed_literal(value, xsd::DATE).into(),
                _ => oxrdf::Term::from(iri.clone()),
            };
            let triple = Triple::new(iri.clone(), iri, object);
            let line = format!("{triple} .");
            prop_assert_eq!(statement(&line).unwrap(), Statement::from(&triple));
        }
    }
}
