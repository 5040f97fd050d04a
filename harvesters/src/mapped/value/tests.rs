//! Right sides on small records, and what is none.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use serde_json::json;

fn texts(from: Value, record: Value) -> Vec<String> {
    From::read(&from).unwrap().texts(&record, &record)
}

#[test]
fn rules_of_one_value() {
    let record = json!({"tags": " a, b,,c ", "list": ["x", " ", 3], "no": "無", "fee": "免費",
        "url": "https://a.example/?a=1;2;https://b.example/ ;", "meta": "http://a.example/m?oid=7-8", "at": {"date": "2020-01-01"}});
    let cases = [
        (json!("list"), json!(["x", "3"])),
        (json!("at"), json!(["2020-01-01"])),
        (
            json!({"path": "tags", "split": ","}),
            json!(["a", "b", "c"]),
        ),
        (
            json!({"path": "url", "split": ";", "before_scheme": true}),
            json!(["https://a.example/?a=1;2", "https://b.example/"]),
        ),
        (json!({"path": "no", "skip": ["無"]}), json!([])),
        (
            json!({"paths": ["none", "no", "fee"], "skip": ["無"]}),
            json!(["免費"]),
        ),
        (json!({"value": "constant"}), json!(["constant"])),
        (
            json!({"template": "https://a.example/{fee}#{list[0]}"}),
            json!(["https://a.example/%E5%85%8D%E8%B2%BB#x"]),
        ),
        (json!({"template": "{none}!"}), json!([])),
        (json!({"path": "meta", "after": "oid="}), json!(["7-8"])),
        (json!({"path": "fee", "after": "oid="}), json!([])),
        (
            json!({"path": "fee", "words": {"免費": "http://x.example/PUBLIC"}}),
            json!(["http://x.example/PUBLIC"]),
        ),
        (json!({"path": "no", "words": {"免費": "y"}}), json!(["無"])),
        (
            json!({"path": "no", "words": {"免費": "y"}, "others": "drop"}),
            json!([]),
        ),
    ];
    for (from, expected) in cases {
        assert_eq!(
            json!(texts(from.clone(), record.clone())),
            expected,
            "{from}"
        );
    }
}

#[test]
fn dates_in_the_form_of_the_settings() {
    let dated = |form: Value, text: &str| {
        let from = From::read(&form).unwrap();
        from.dated(text).map(|l| l.to_string())
    };
    let form = json!({"path": "a", "date": "%Y/%m/%d %H:%M", "zone": "+08:00"});
    assert_eq!(
        dated(form.clone(), "2026/5/1 09:30").unwrap(),
        "\"2026-05-01T09:30:00+08:00\"^^<http://www.w3.org/2001/XMLSchema#dateTime>"
    );
    assert_eq!(dated(form, "1.5.2026"), None);
    let form = json!({"path": "a", "date": "%d.%m.%Y"});
    assert_eq!(
        dated(form, "1.5.2026").unwrap(),
        "\"2026-05-01\"^^<http://www.w3.org/2001/XMLSchema#date>"
    );
}

#[test]
fn what_is_no_right_side() {
    for (from, below, found) in [
        (json!(3), "", "3"),
        (json!({}), "", "0 of them"),
        (json!({"path": "a", "value": "b"}), "", "2 of them"),
        (json!({"path": "a..b"}), "path", "\"a..b\", character 3"),
        (
            json!({"path": "a", "before_scheme": true}),
            "before_scheme",
            "no split",
        ),
        (json!({"path": "a", "date": "%Q"}), "date", "\"%Q\""),
        (
            json!({"path": "a", "date": "%Y", "zone": "Taipei"}),
            "zone",
            "\"Taipei\"",
        ),
        (
            json!({"path": "a", "zone": "+08:00"}),
            "zone",
            "\"+08:00\" without date",
        ),
        (json!({"template": "{a"}), "template", "\"{a\""),
    ] {
        let e = From::read(&from).unwrap_err();
        assert_eq!((e.below, e.found.as_str()), (below, found), "{from}");
    }
    let e = From::read(&json!({"pth": "a"})).unwrap_err();
    assert!(e.found.contains("unknown field `pth`"), "{}", e.found);
}
