//! As much of JSON Schema as the document of the doors uses. Start at [`wrong`].

use serde_json::Value;

/// What is wrong with a value, and where. A keyword that is not known here is an error of the test.
pub fn wrong(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    for (keyword, says) in schema.as_object().unwrap() {
        let any = |all: &Value| {
            let all = all.as_array().unwrap().iter();
            all.filter(|one| wrong(document, one, value, at).is_none())
                .count()
        };
        let holds = match keyword.as_str() {
            "$ref" => {
                let pointer = says.as_str().unwrap().trim_start_matches('#');
                let named = document.pointer(pointer).unwrap();
                if let Some(found) = wrong(document, named, value, at) {
                    return Some(found);
                }
                true
            }
            "type" => of_type(says, value),
            "const" => says == value,
            "enum" => says.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|n| n >= says.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|n| n <= says.as_f64().unwrap()),
            "minItems" => value
                .as_array()
                .is_none_or(|v| v.len() as u64 >= says.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|v| v.len() as u64 <= says.as_u64().unwrap()),
            "required" => value.as_object().is_none_or(|object| {
                let mut names = says.as_array().unwrap().iter();
                names.all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "properties" | "additionalProperties" | "items" => {
                match inside(document, schema, keyword, value, at) {
                    Some(found) => return Some(found),
                    None => true,
                }
            }
            "anyOf" => any(says) > 0,
            "oneOf" => any(says) == 1,
            "allOf" => any(says) == says.as_array().unwrap().len(),
            // Three patterns in all, and formats: what they mean is told by the tests of the doors.
            "pattern" | "format" => true,
            other => panic!("{other} is not known here"),
        };
        if !holds {
            return Some(format!("{at}: {keyword} {says}"));
        }
    }
    None
}

fn inside(
    document: &Value,
    schema: &Value,
    keyword: &str,
    value: &Value,
    at: &str,
) -> Option<String> {
    let says = &schema[keyword];
    match (keyword, value) {
        ("properties", Value::Object(object)) => {
            says.as_object().unwrap().iter().find_map(|(name, schema)| {
                let member = object.get(name)?;
                wrong(document, schema, member, &format!("{at}/{name}"))
            })
        }
        ("additionalProperties", Value::Object(object)) => object
            .iter()
            .find_map(|(name, member)| wrong(document, says, member, &format!("{at}/{name}"))),
        ("items", Value::Array(items)) => items
            .iter()
            .enumerate()
            .find_map(|(n, item)| wrong(document, says, item, &format!("{at}/{n}"))),
        _ => None,
    }
}

fn of_type(says: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    };
    match says {
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

#[test]
fn a_value_that_is_not_as_it_should_be_is_found() {
    use serde_json::json;
    let document =
        json!({ "components": { "schemas": { "N": { "type": "integer", "minimum": 0 } } } });
    let schema = json!({ "type": "object", "required": ["n"], "properties": {
        "n": { "$ref": "#/components/schemas/N" }, "l": { "type": "array", "items": { "const": 1 } } } });
    for (value, right) in [
        (json!({ "n": 1, "l": [1], "other": true }), true),
        (json!({ "n": -1 }), false),
        (json!({ "n": "1" }), false),
        (json!({ "l": [] }), false),
        (json!({ "n": 1, "l": [1, 2] }), false),
        (json!([]), false),
    ] {
        assert_eq!(
            wrong(&document, &schema, &value, "").is_none(),
            right,
            "{value}"
        );
    }
    let either = json!({ "oneOf": [{ "type": "integer" }, { "type": ["integer", "null"] }] });
    assert!(wrong(&document, &either, &json!(null), "").is_none());
    assert!(wrong(&document, &either, &json!(1), "").is_some(), "both");
}
