//! What is told of addresses.

use super::{AT, address, list, number, object, perhaps, text, truth};
use serde_json::{Value, json};

pub(super) fn links() -> Value {
    let counts = list(object(&[
        ("name", text()),
        ("addresses", number()),
        ("faulty", number()),
        ("broken", number()),
    ]));
    let words = list(object(&[
        ("trouble", text()),
        ("en", text()),
        ("zh-Hant", text()),
        ("advice", text()),
        ("advice-zh-Hant", text()),
    ]));
    let members = [
        ("url", text()),
        ("host", text()),
        (
            "of",
            list(object(&[("source", text()), ("publisher", text())])),
        ),
        ("trouble", perhaps("string")),
        ("broken", truth()),
        ("failures", number()),
        ("checked_ms", perhaps("integer")),
        ("due_ms", number()),
        ("status", perhaps("integer")),
    ];
    let row = object(&members);
    let fares = object(&[
        ("dataset", address()),
        ("distribution", address()),
        ("url", text()),
        ("role", json!({ "enum": ["download", "access", "landing"] })),
        ("badge", perhaps("string")),
        ("declared", json!({ "type": "object" })),
        ("checked_ms", perhaps("integer")),
        ("leads", perhaps("boolean")),
        ("verdict", perhaps("object")),
    ]);
    let whole = object(&[
        ("words", perhaps("object")),
        ("came", perhaps("object")),
        ("history", list(json!({ "type": "object" }))),
        ("places", list(fares.clone())),
    ]);
    let checked = object(&[
        ("dataset", address()),
        ("source", text()),
        ("publisher", text()),
        ("badge", perhaps("string")),
        ("linkable", perhaps("boolean")),
        ("downloadable", perhaps("boolean")),
        ("structure", perhaps("boolean")),
        ("encoding_match", perhaps("boolean")),
        ("desc_match", perhaps("boolean")),
        ("places", list(fares)),
    ]);
    json!({
        "LinkSums": object(&[
            ("counted_ms", number()),
            ("known", number()),
            ("checked", number()),
            ("broken", number()),
            ("troubles", counts.clone()),
            ("hosts", counts.clone()),
            ("sources", counts.clone()),
            ("publishers", counts),
            ("words", words),
            ("addresses", address()),
        ]),
        "LinkRow": row,
        "LinkAddresses": object(&[
            ("addresses", list(json!({ "$ref": format!("{AT}LinkRow") }))),
            ("next", perhaps("string")),
        ]),
        "LinkAddress": { "allOf": [{ "$ref": format!("{AT}LinkRow") }, whole] },
        "LinkChecks": checked,
        "LinkDatasets": object(&[
            ("datasets", list(json!({ "$ref": format!("{AT}LinkChecks") }))),
            ("next", perhaps("string")),
        ]),
    })
}
