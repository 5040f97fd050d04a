//! What is told of deletions that are held, of runs taken back, and of records restored.

use super::{AT, address, list, number, object, perhaps, text};
use serde_json::{Value, json};

pub(super) fn by_hand() -> Value {
    let of = |name: &str| list(json!({ "$ref": format!("{AT}{name}") }));
    let told = object(&[
        ("source", text()),
        ("held", perhaps("object")),
        ("kept", number()),
    ]);
    let record = object(&[
        ("id", json!({ "type": "object" })),
        ("record", address()),
        ("about", perhaps("string")),
        ("title", perhaps("string")),
    ]);
    let lists = object(&[
        ("records", of("HeldRecord")),
        ("kept_records", of("HeldRecord")),
    ]);
    let undone = object(&[
        ("runs", list(text())),
        ("restored", number()),
        ("removed", number()),
    ]);
    let or_none = |schema: Value| json!({ "anyOf": [schema, { "type": "null" }] });
    json!({
        "HeldOf": told,
        "HeldInAll": of("HeldOf"),
        "HeldRecord": record,
        "Held": { "allOf": [{ "$ref": format!("{AT}HeldOf") }, lists] },
        "KeptRuns": list(object(&[
            ("run", text()),
            ("at_ms", json!({ "type": "integer" })),
            ("records", number()),
        ])),
        "StagedBackup": object(&[
            ("dir", text()),
            ("base", address()),
            ("generation", number()),
            ("seq", number()),
            ("made_us", number()),
            ("files", list(list(json!({})))),
        ]),
        "Changed": object(&[
            ("report", or_none(json!({ "$ref": format!("{AT}Report") }))),
            ("held", perhaps("object")),
            ("released", number()),
            ("undone", or_none(undone)),
        ]),
    })
}
