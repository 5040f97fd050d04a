//! What the JSON of our answers looks like, in JSON Schema (2020-12, as OpenAPI 3.1 has it).
//!
//! Members that are not named may be there as well. Start at [`schemas`].

mod by_hand;
mod quality;

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const AT: &str = "#/components/schemas/";

/// Those that these paths name, and those that they name in turn.
pub fn named_in(paths: &Value) -> Value {
    let all = schemas();
    let (mut found, mut left) = (Map::new(), names(paths));
    while let Some(name) = left.pop_first() {
        if let Some(schema) = all.get(&name).filter(|_| !found.contains_key(&name)) {
            left.extend(names(schema));
            found.insert(name, schema.clone());
        }
    }
    Value::Object(found)
}

/// The schemas that are referred to.
pub fn names(within: &Value) -> BTreeSet<String> {
    match within {
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(members) => {
            let inner = members.values().flat_map(names);
            let own = members.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|reference| reference.strip_prefix(AT));
            inner.chain(own.map(str::to_owned)).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// A part of one big macro call is more than the compiler takes in one go: they are grouped as the doors are.
pub fn schemas() -> Value {
    let groups = [
        house(),
        catalogue(),
        forms(),
        changes(),
        taken_in(),
        operators(),
        by_hand::by_hand(),
        quality::quality(),
    ];
    let all: Map<String, Value> = groups
        .into_iter()
        .flat_map(|group| match group {
            Value::Object(group) => group,
            _ => Map::new(),
        })
        .collect();
    Value::Object(all)
}

/// An object with these members, all of them there.
fn object(members: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let members = members.iter();
    let properties: Map<String, Value> = members
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn truth() -> Value {
    json!({ "type": "boolean" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn address() -> Value {
    json!({ "type": "string", "format": "uri" })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn perhaps(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn sum() -> Value {
    json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
}

/// The numbers of the first and the last activity.
fn activities() -> Value {
    json!({ "type": ["array", "null"], "items": { "type": "integer" }, "minItems": 2, "maxItems": 2 })
}

fn house() -> Value {
    let problem = object(&[
        (
            "type",
            json!({ "type": "string", "pattern": "^urn:harvestd:problem:" }),
        ),
        ("title", text()),
        (
            "status",
            json!({ "type": "integer", "minimum": 400, "maximum": 599 }),
        ),
        ("detail", text()),
    ]);
    let source = object(&[
        ("id", text()),
        ("kind", text()),
        (
            "title",
            json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        ),
        ("url", text()),
        ("portal", truth()),
        ("enabled", truth()),
        ("paused", truth()),
        ("running", perhaps("object")),
        (
            "last",
            json!({ "anyOf": [{ "$ref": "#/components/schemas/Report" }, { "type": "null" }] }),
        ),
        ("holds", number()),
        ("failures_in_row", number()),
        ("health", object(&[("state", text())])),
    ]);
    let summary = object(&[
        ("next_due", perhaps("string")),
        ("report", perhaps("string")),
    ]);
    let summary = json!({ "allOf": [{ "$ref": "#/components/schemas/Source" }, summary] });
    let account = object(&[("written", number()), ("not_written", number())]);
    let fates = crate::report::Fate::ALL.map(crate::report::Fate::word);
    let row = object(&[("fate", json!({ "enum": fates })), ("code", text())]);
    json!({
        "Problem": problem,
        "Source": source,
        "SourceInShort": summary,
        "SourceList": list(json!({ "$ref": "#/components/schemas/SourceInShort" })),
        "Doors": { "type": "object", "additionalProperties": address() },
        "OpenApi": object(&[("openapi", text()), ("info", json!({ "type": "object" })), ("paths", json!({ "type": "object" }))]),
        "Status": object(&[
            ("ready", object(&[("ready", truth()), ("why", text())])),
            ("published", perhaps("object")),
            ("overrides", json!({ "type": "object", "additionalProperties": number() })),
            ("sources", json!({ "$ref": "#/components/schemas/SourceList" })),
            ("webhooks", list(json!({ "type": "object", "required": ["id"] }))),
        ]),
        "Report": object(&[
            ("run", text()),
            ("source", text()),
            ("kind", text()),
            ("trigger", text()),
            ("started_ms", json!({ "type": "integer" })),
            ("ended_ms", json!({ "type": "integer" })),
            ("outcome", text()),
            ("why", perhaps("string")),
            ("counts", json!({ "type": "object" })),
            ("requests", number()),
            ("bytes", number()),
            ("held", perhaps("object")),
            ("activities", activities()),
            ("refused", list(json!({ "type": "object" }))),
            ("findings_by_code", json!({ "type": "object", "additionalProperties": number() })),
            ("findings", list(json!({ "type": "object" }))),
            ("account", account.clone()),
        ]),
        "Account": { "allOf": [{ "$ref": "#/components/schemas/Report" }, object(&[("rows", list(row))])] },
        "Reports": object(&[
            ("source", text()),
            ("reports", list(object(&[
                ("run", text()),
                ("trigger", text()),
                ("outcome", text()),
                ("counts", json!({ "type": "object" })),
                ("account", account),
                ("report", address()),
            ]))),
            ("next", perhaps("string")),
        ]),
    })
}

fn catalogue() -> Value {
    let file = object(&[
        ("url", address()),
        ("name", text()),
        ("mediaType", json!({ "const": "application/zstd" })),
        ("format", text()),
        ("bytes", number()),
        ("sha256", sum()),
        ("plainBytes", number()),
        ("statements", number()),
    ]);
    let dump = object(&[
        ("id", address()),
        ("generation", number()),
        ("sequence", number()),
        ("published", time()),
        ("made", time()),
        ("triples", number()),
        ("datasets", number()),
        ("distributions", number()),
        ("dataServices", number()),
        ("catalogs", number()),
        ("agents", number()),
        ("files", list(file)),
    ]);
    let snapshot = object(&[
        ("generation", number()),
        ("seq", number()),
        ("published", time()),
        ("until", perhaps("string")),
        ("made", time()),
        ("memento", address()),
    ]);
    let earlier = object(&[("earlier", list(address()))]);
    json!({
        "Dump": dump,
        "Dumps": { "allOf": [{ "$ref": "#/components/schemas/Dump" }, earlier] },
        "Snapshots": object(&[("original", address()), ("snapshots", list(snapshot))]),
        "DataJson": object(&[
            ("@type", json!({ "const": "dcat:Catalog" })),
            ("conformsTo", json!({ "const": "https://project-open-data.cio.gov/v1.1/schema" })),
            ("describedBy", address()),
            ("dataset", list(object(&[
                ("@type", json!({ "const": "dcat:Dataset" })),
                ("title", text()),
                ("description", text()),
                ("keyword", list(text())),
                ("modified", text()),
                ("publisher", json!({ "type": "object", "required": ["name"] })),
                ("contactPoint", json!({ "type": "object", "required": ["fn", "hasEmail"] })),
                ("identifier", text()),
                ("accessLevel", json!({ "enum": ["public", "restricted public", "non-public"] })),
            ]))),
        ]),
    })
}

fn forms() -> Value {
    let ckan = |success: bool, rest: (&str, Value)| {
        object(&[
            ("help", text()),
            ("success", json!({ "const": success })),
            rest,
        ])
    };
    let refusal = object(&[
        ("success", json!({ "const": false })),
        (
            "error",
            object(&[("error_type", text()), ("message", text())]),
        ),
    ]);
    let given = |result: Value| json!({ "oneOf": [object(&[("success", json!({ "const": true })), ("result", result)]), refusal.clone()] });
    let dataset = object(&[
        ("identifier", text()),
        ("title", text()),
        ("publisherOID", text()),
        ("publisherOrgCode", text()),
        ("distribution", list(json!({ "type": "object" }))),
    ]);
    json!({
        "CkanAnswer": ckan(true, ("result", json!({}))),
        // An action that nobody knows, and a body that is no JSON, are answered with a text.
        "CkanRefusal": { "oneOf": [
            ckan(false, ("error", object(&[("__type", text())]))),
            text(),
        ] },
        "CkanVersion": object(&[("version", json!({ "const": 3 }))]),
        "InterchangeList": given(list(text())),
        "InterchangeDataset": given(dataset),
    })
}

fn changes() -> Value {
    let activity = object(&[
        ("id", text()),
        ("seq", number()),
        ("type", json!({ "enum": ["Create", "Update", "Delete"] })),
        ("object", text()),
        ("published", time()),
        ("activity", address()),
    ]);
    let sums = object(&[
        ("method", text()),
        ("generation", number()),
        ("seq", number()),
        ("published", perhaps("string")),
        ("entities", number()),
        ("sum", sum()),
        ("buckets", list(sum())),
    ]);
    let bucket = object(&[
        ("method", text()),
        ("generation", number()),
        ("seq", number()),
        ("bucket", number()),
        ("sum", sum()),
        (
            "entities",
            list(object(&[("iri", text()), ("sha256", sum())])),
        ),
    ]);
    json!({
        "Changes": object(&[
            ("generation", number()),
            ("head", number()),
            ("next", text()),
            ("more", truth()),
            ("activities", list(activity)),
        ]),
        "State": { "oneOf": [sums, bucket] },
    })
}

fn taken_in() -> Value {
    let row = object(&[
        ("id", text()),
        ("iri", perhaps("string")),
        ("outcome", text()),
        ("activity", perhaps("integer")),
        ("published", truth()),
    ]);
    json!({
        "Feedback": object(&[
            ("id", number()),
            ("iri", address()),
            ("status", json!({ "enum": ["open", "accepted", "declined"] })),
            ("received", time()),
            ("sender", perhaps("string")),
            ("kind", json!({ "enum": ["correction", "remark"] })),
            ("dataset", text()),
        ]),
        "FeedbackList": object(&[
            ("items", list(json!({ "$ref": "#/components/schemas/Feedback" }))),
            ("next", perhaps("string")),
        ]),
        "Pushed": object(&[
            ("source", text()),
            ("run", perhaps("string")),
            ("generation", number()),
            ("activities", activities()),
            ("records", list(row)),
            ("left_out", number()),
            ("findings", list(json!({ "type": "object" }))),
            ("refused", list(json!({ "type": "object" }))),
            ("held_back", number()),
            ("why", perhaps("string")),
            ("dry_run", truth()),
        ]),
    })
}

fn operators() -> Value {
    let of = |name: &str| list(json!({ "$ref": format!("{AT}{name}") }));
    let letter = object(&[
        ("id", text()),
        ("generation", number()),
        ("first", number()),
        ("last", number()),
        ("activities", number()),
        ("tries", number()),
        ("gave_up_ms", json!({ "type": "integer" })),
        ("error", text()),
        ("body", text()),
    ]);
    let correction = object(&[
        ("at", text()),
        ("dataset", text()),
        ("expect", list(json!({}))),
        ("set", list(json!({}))),
        ("who", text()),
        ("when", text()),
        ("why", text()),
        ("standing", perhaps("string")),
    ]);
    json!({
        "Sources": of("Source"),
        "Webhook": object(&[
            ("id", text()),
            ("cursor", perhaps("string")),
            ("lag", perhaps("integer")),
            ("tries", number()),
            ("next_try_ms", perhaps("integer")),
            ("last_error", perhaps("string")),
            ("disabled", perhaps("string")),
            ("delivered_ms", perhaps("integer")),
            ("dead", number()),
        ]),
        "Webhooks": of("Webhook"),
        "DeadLetters": list(letter),
        "Resent": list(text()),
        "Corrections": list(correction),
        "Decided": object(&[
            ("decision", json!({ "type": "object" })),
            ("taken_back", truth()),
            ("published", list(text())),
            ("activities", activities()),
        ]),
        "AllFeedback": of("Feedback"),
    })
}
