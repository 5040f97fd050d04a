//! Tests of the JSON guard.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::guard::scan_json;

fn refused(json: &str, limits: JsonLimits) -> String {
    scan_json(json.as_bytes(), limits).unwrap_err().to_string()
}

#[test]
fn passes_what_is_whole() {
    for json in [
        "{}",
        " [ ] \n",
        r#"{"a":"}]\"{{[[","b":[1,2,{"c":"\\"}]}"#,
        r#"{"@context":{"a":"b"},"x":{"@context":"y"}}"#,
    ] {
        scan_json(json.as_bytes(), JsonLimits::default()).unwrap();
        let mut out = String::new();
        let mut guard = JsonGuard::new(json.as_bytes(), JsonLimits::default());
        guard.read_to_string(&mut out).unwrap();
        assert_eq!(out, json);
        assert!(guard.refusal().is_none());
        guard.finish().unwrap();
    }
}

#[test]
fn sees_every_cut() {
    let json =
        r#"{"@context":{"t":"http://purl.org/dc/terms/title"},"@graph":[{"t":"臺\"北 }] "},[]]}"#;
    for (cut, _) in json.char_indices() {
        let why = scan_json(&json.as_bytes()[..cut], JsonLimits::default()).unwrap_err();
        assert_eq!(why.kind, ReadErrorKind::Truncated, "cut at {cut}: {why}");
    }
}

#[test]
fn depth_counts_outside_of_strings() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    scan_json(deep(64).as_bytes(), JsonLimits::default()).unwrap();
    assert_eq!(
        refused(&deep(65), JsonLimits::default()),
        "limit reached: guarding JSON, byte 64: found nesting of more levels than 64, expected at most 64 (limits.json.depth_max)"
    );
    scan_json(
        format!("[\"{}\"]", "[".repeat(500)).as_bytes(),
        JsonLimits::default(),
    )
    .unwrap();
}

#[test]
fn other_limits() {
    let small = JsonLimits {
        total_bytes_max: 1_000,
        string_bytes_max: 100,
        context_bytes_max: 50,
        ..JsonLimits::default()
    };
    assert!(
        refused(&format!("[\"{}\"]", "x".repeat(200)), small)
            .contains("a string of more bytes than 100")
    );
    assert!(
        refused(&format!("[{}1]", "1,".repeat(600)), small)
            .contains("a document of more bytes than 1000")
    );
    let context = format!(r#"{{"\u0040context":[{}1]}}"#, "1,".repeat(40));
    assert!(
        refused(&context, small).contains("a context of more bytes than 50"),
        "{}",
        refused(&context, small)
    );
}

#[test]
fn copies_of_contexts_are_counted() {
    let limits = JsonLimits {
        context_work_bytes_max: 10_000,
        ..JsonLimits::default()
    };
    let outer = format!("{{\"a\":\"{}\"}}", "x".repeat(1_000));
    let inner = |n: usize| vec!["{\"@context\":{}}"; n].join(",");
    let document = |n: usize| format!("{{\"@context\":{outer},\"@graph\":[{}]}}", inner(n));
    scan_json(document(9).as_bytes(), limits).unwrap();
    assert!(refused(&document(12), limits).contains("contexts to be copied"));
    // Side by side, no context is in force of another.
    let beside = format!(
        "[{}]",
        vec![format!("{{\"@context\":{outer}}}"); 50].join(",")
    );
    scan_json(beside.as_bytes(), limits).unwrap();
    // A context with contexts inside costs at every object.
    let scoped = format!(
        "{{\"@context\":{{\"T\":{{\"@context\":{{}}}},\"a\":\"{}\"}},\"@graph\":[{}]}}",
        "x".repeat(1_000),
        vec!["{}"; 20].join(",")
    );
    assert!(refused(&scoped, limits).contains("contexts to be copied"));
}

#[test]
fn one_document_only() {
    assert!(refused("{} {}", JsonLimits::default()).starts_with("malformed answer"));
    assert!(refused("]", JsonLimits::default()).contains("a closing bracket"));
    assert!(refused("Internal error", JsonLimits::default()).contains("'I'"));
    assert!(refused("  ", JsonLimits::default()).contains("found nothing"));
}
