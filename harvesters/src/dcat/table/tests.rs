//! Tests of the triple table.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use oxrdf::{GraphName, NamedNode};

fn quad(subject: &str, predicate: &str, object: impl Into<Term>) -> Quad {
    let (s, p) = (
        NamedNode::new_unchecked(subject),
        NamedNode::new_unchecked(predicate),
    );
    Quad::new(s, p, object, GraphName::DefaultGraph)
}

#[test]
fn terms_are_kept_once_and_values_come_back() {
    let mut table = Table::new(1 << 20);
    let text = "臺北 \"x\"\n\\ \u{7f}\u{1}";
    for _ in 0..2 {
        table
            .add(&quad(
                "http://x/a",
                "http://x/p",
                Literal::new_simple_literal(text),
            ))
            .unwrap();
        table
            .add(&quad(
                "http://x/b",
                "http://x/p",
                NamedNode::new("http://x/a").unwrap(),
            ))
            .unwrap();
    }
    let p = table.find_iri("http://x/p").unwrap();
    table.finish(&[p]);
    assert_eq!(table.rows().len(), 2);
    assert_eq!(table.begins.len(), 5, "a, p, the text, its datatype, b");
    let a = table.find_iri("http://x/a").unwrap();
    let value = table.objects(a, Some(p)).next().unwrap();
    assert_eq!(table.value(value).unwrap(), text);
    assert_eq!(
        table.to(a).collect::<Vec<_>>(),
        [(p, table.find_iri("http://x/b").unwrap())]
    );
}

#[test]
fn what_is_no_iri_is_marked() {
    let mut table = Table::new(1 << 20);
    table
        .add(&quad(
            "http://x/a b",
            "http://x/p",
            NamedNode::new_unchecked("not an iri"),
        ))
        .unwrap();
    table
        .add(&quad("http://x/a", "no predicate", Literal::from(1)))
        .unwrap();
    table.finish(&[]);
    let &[s, _, o] = table.rows().first().unwrap();
    assert_eq!(
        (table.sort(s), table.form(s)),
        (Sort::NoIri, "!http://x/a b")
    );
    assert_eq!(
        (table.sort(o), table.iri_text(o)),
        (Sort::NoIri, Some("not an iri"))
    );
    assert_eq!(
        table.oddities,
        Oddities {
            predicates: 1,
            literals: 0
        }
    );
}

#[test]
fn language_tags_are_mended() {
    let mut table = Table::new(1 << 20);
    for tag in ["zh_TW", "zh-tw", "not a tag"] {
        table
            .add(&quad(
                "http://x/a",
                "http://x/p",
                Literal::new_language_tagged_literal_unchecked("臺", tag),
            ))
            .unwrap();
    }
    table.finish(&[]);
    let forms: Vec<_> = table.rows().iter().map(|row| table.form(row[2])).collect();
    assert_eq!(forms, ["\"臺\"@zh-tw", "\"臺\""]);
    assert_eq!(table.oddities.literals, 2);
}

#[test]
fn memory_is_bounded() {
    let mut table = Table::new(1_000);
    let full = (0..100)
        .find_map(|n| {
            table
                .add(&quad("http://x/a", "http://x/p", Literal::from(n)))
                .err()
        })
        .unwrap();
    assert_eq!(full.kind, ReadErrorKind::Limit);
}
