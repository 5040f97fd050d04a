//! Tests of the XML guard.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::guard::scan_xml;

fn refused(xml: &str) -> String {
    scan_xml(xml.as_bytes(), XmlLimits::default())
        .unwrap_err()
        .to_string()
}

const WHOLE: &str = "<?xml version=\"1.0\" encoding=\"Big5\"?>\n<!DOCTYPE rdf:RDF [\n <!ENTITY dct \"http://purl.org/dc/terms/\">\n]>\n\
    <!-- 目錄 --><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><a b=\"&dct;x > y\" c='d'/>&dct;title &amp; &#x81FA;<![CDATA[<b>]]></rdf:RDF >\n<!-- end -->\n";

#[test]
fn passes_everything_but_the_declaration() {
    let mut out = String::new();
    let mut guard = XmlGuard::new(WHOLE.as_bytes(), XmlLimits::default());
    guard.read_to_string(&mut out).unwrap();
    guard.finish().unwrap();
    assert_eq!(out, WHOLE.split_once("?>").unwrap().1);
}

#[test]
fn sees_every_cut_before_the_root_is_closed() {
    let end = WHOLE.find("</rdf:RDF >").unwrap() + "</rdf:RDF >".len();
    for (cut, _) in WHOLE[..end].char_indices() {
        let why = scan_xml(&WHOLE.as_bytes()[..cut], XmlLimits::default()).unwrap_err();
        assert!(
            matches!(
                why.kind,
                ReadErrorKind::Truncated | ReadErrorKind::Malformed
            ),
            "cut at {cut}: {why}"
        );
    }
    scan_xml(&WHOLE.as_bytes()[..end], XmlLimits::default()).unwrap();
}

#[test]
fn entities_must_be_iris() {
    let with = |subset: &str| format!("<!DOCTYPE r [{subset}]><r>&a;</r>");
    scan_xml(
        with("<!ENTITY a \"http://example.org/%E8\">").as_bytes(),
        XmlLimits::default(),
    )
    .unwrap();
    for subset in [
        "<!ENTITY a \"1234567890\"><!ENTITY b \"&a;&a;\">",
        "<!ENTITY a \"http://example.org/\"><!ENTITY b \"&a;&a;\">",
        "<!ENTITY a SYSTEM \"file:///etc/passwd\">",
        "<!ENTITY % a \"http://example.org/\">",
        "<!ELEMENT r ANY>",
        "<!ATTLIST r a CDATA #FIXED \"x\">",
        "<!-- <!ENTITY a \"http://example.org/\"> -->",
        "%a;",
    ] {
        assert!(
            refused(&with(subset)).contains("in the document type"),
            "{subset}"
        );
    }
    assert!(
        refused("<!DOCTYPE r SYSTEM \"http://example.org/r.dtd\"><r/>")
            .contains("in the document type")
    );
    assert!(
        refused("<!DOCTYPE r [<!ENTITY a \"urn:a\">]><!DOCTYPE r [<!ENTITY b \"urn:b\">]><r/>")
            .contains("in the document type")
    );
}

#[test]
fn expansion_is_bounded() {
    let iri = format!("http://example.org/{}", "x".repeat(400));
    let head = format!("<!DOCTYPE r [<!ENTITY a \"{iri}\">]><r");
    let references = "&a;".repeat(60_000);
    assert!(
        refused(&format!("{head}>{references}</r>")).contains("text of more bytes than 16777216")
    );
    assert!(
        refused(&format!("{head} x=\"{}\"/>", &references[..3_000]))
            .contains("a tag of more bytes than 65536")
    );
    let long = format!("<!DOCTYPE r [<!ENTITY a \"urn:{}\">]><r/>", "x".repeat(600));
    assert!(refused(&long).contains("an entity of more bytes than 512"));
    let spread = format!(
        "{head}>{}</r>",
        format!("<b>{}</b>", &references[..30_000]).repeat(20)
    );
    assert!(refused(&spread).contains("entities that expand to more bytes than 67108864"));
}

#[test]
fn other_limits() {
    let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    scan_xml(deep(100).as_bytes(), XmlLimits::default()).unwrap();
    assert!(refused(&deep(101)).contains("nesting of more levels than 100"));
    let attributes: String = (0..300).map(|n| format!(" a{n}='='")).collect();
    assert!(refused(&format!("<a{attributes}/>")).contains("a tag of more attributes than 256"));
    assert!(
        refused(&format!("<a b='{}'/>", "x".repeat(70_000)))
            .contains("a tag of more bytes than 65536")
    );
    let namespaces: String = (0..200).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
    assert!(
        refused(&format!("<a{namespaces}>").repeat(3))
            .contains("more namespaces in force than 512")
    );
    let small = XmlLimits {
        total_bytes_max: 1_000,
        text_bytes_max: 500,
        tag_bytes_max: 100,
        ..XmlLimits::default()
    };
    let of = |xml: String| scan_xml(xml.as_bytes(), small).unwrap_err().to_string();
    assert!(
        of(format!("<a>{}</a>", "<b/>".repeat(400))).contains("a document of more bytes than 1000")
    );
    assert!(
        of(format!("<a><!-- {} --></a>", "x".repeat(60_000)))
            .contains("text, a tag or a comment of more bytes than 500")
    );
}

#[test]
fn one_root() {
    assert!(refused("<a/><b/>").contains("a second root element"));
    assert!(refused("<a/>text").contains("text outside of the root element"));
    assert!(refused("<a></b>").starts_with("malformed answer"));
    assert!(refused("").contains("found no element"));
    assert!(refused("<a>\u{0}</a").starts_with("truncated answer"));
}
