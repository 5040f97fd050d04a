//! What the answers of `/quality` look like. Start at [`quality`].

use super::{AT, list, number, object, perhaps, text};
use serde_json::{Value, json};

pub fn quality() -> Value {
    let float = || json!({ "type": "number", "minimum": 0 });
    let named = |name: &str| json!({ "$ref": format!("{AT}{name}") });
    let both = |a: Value, b: Value| json!({ "allOf": [a, b] });
    let words = object(&[("en", text()), ("zh-Hant", text())]);
    let asks = object(&[
        ("id", text()),
        ("scheme", json!({ "enum": ["mqa", "fair", "ai-ready"] })),
        ("dimension", text()),
        ("points", number()),
        ("name", words.clone()),
        ("explanation", words.clone()),
        ("source", text()),
    ]);
    let rating = json!({ "enum": ["excellent", "good", "sufficient", "bad"] });
    let figures = object(&[
        ("datasets", number()),
        ("mqa", float()),
        ("rating", rating.clone()),
        (
            "ratings",
            object(&[
                ("excellent", number()),
                ("good", number()),
                ("sufficient", number()),
                ("bad", number()),
            ]),
        ),
        ("fair", float()),
        ("ai_ready", float()),
        ("conformance", perhaps("object")),
        (
            "timeliness",
            object(&[("on_time", number()), ("late", number())]),
        ),
    ]);
    let name = object(&[("id", text()), ("title", perhaps("string"))]);
    let dimension = object(&[
        ("scheme", text()),
        ("dimension", text()),
        ("points", float()),
        ("of", number()),
    ]);
    let share = object(&[
        ("met", number()),
        ("unchecked", number()),
        ("share", float()),
    ]);
    let trend = object(&[
        ("day", json!({ "type": "string", "format": "date" })),
        ("datasets", number()),
        ("mqa", float()),
        ("fair", float()),
        ("ai_ready", float()),
    ]);
    let standing = object(&[
        ("dimensions", list(dimension)),
        ("indicators", list(both(named("Indicator"), share))),
        ("worst", list(text())),
        ("trend", list(trend)),
    ]);
    let rows = || list(both(name.clone(), named("QualityFigures")));
    let judged = object(&[
        ("met", json!({ "enum": ["yes", "no", "unchecked"] })),
        ("gets", number()),
        ("found", words),
    ]);
    let whole = object(&[
        ("generation", number()),
        ("sequence", number()),
        ("day", json!({ "type": "string", "format": "date" })),
        ("formulas", text()),
        ("sources", rows()),
        ("publishers", rows()),
    ]);
    json!({
        "Indicator": asks,
        "QualityFigures": figures,
        "Quality": { "allOf": [named("QualityFigures"), standing, whole] },
        "QualityOfSome": { "allOf": [name, named("QualityFigures"), standing] },
        "QualityOfDataset": object(&[
            ("dataset", text()),
            ("title", perhaps("string")),
            ("mqa", json!({ "type": "integer", "minimum": 0, "maximum": 405 })),
            ("rating", rating),
            ("fair", number()),
            ("ai_ready", number()),
            ("timeliness", object(&[("state", text())])),
            ("conformance", perhaps("object")),
            ("file", perhaps("string")),
            ("indicators", list(both(named("Indicator"), judged))),
            ("checks", json!({ "anyOf": [named("LinkChecks"), { "type": "null" }] })),
        ]),
    })
}
