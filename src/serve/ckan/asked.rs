//! What an action is asked: parameters of the address, a form, or a JSON object, as CKAN takes them.
//!
//! Start at [`Asked::of`].

use super::answer::Failed;
use axum::http::{HeaderMap, Method, header};
use serde_json::{Map, Value};
use url::form_urlencoded;

/// The parameters of an action.
#[derive(Debug, Default)]
pub struct Asked(Map<String, Value>);

impl Asked {
    /// A form counts before the address, and the address before a JSON body.
    pub fn of(
        method: &Method,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, String> {
        let media_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let query = query.unwrap_or_default();
        let is_form = media_type.starts_with("application/x-www-form-urlencoded");
        if *method == Method::POST && is_form && !body.is_empty() {
            let form = pairs(body);
            // What `curl -d '{…}'` sends is a form by its header.
            let only = form
                .iter()
                .next()
                .filter(|(_, value)| form.len() == 1 && **value == "");
            return match only {
                Some(_) => object(&percent_encoding::percent_decode(body).collect::<Vec<u8>>()),
                None => Ok(Self(form)),
            };
        }
        if media_type.starts_with("multipart/form-data") {
            return Err("multipart/form-data is not taken; send JSON or a form".to_owned());
        }
        if !query.is_empty() {
            return Ok(Self(pairs(query.as_bytes())));
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        object(body)
    }

    /// A text, or what is written as one.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Array(texts) => texts.first().and_then(Value::as_str).map(str::to_owned),
            other => Some(other.to_string()),
        }
    }

    /// A text that has to be there.
    pub fn needed(&self, name: &str) -> Result<String, Failed> {
        let text = self.text(name).filter(|text| !text.is_empty());
        text.ok_or_else(|| Failed::invalid(name, "Missing value"))
    }

    /// Several texts: a list, a list written as JSON, or one text.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = |values: &[Value]| {
            let texts = values.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        match self.0.get(name) {
            Some(Value::Array(values)) => list(values),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Array(values)) => list(&values),
                _ => vec![text.clone()],
            },
            _ => Vec::new(),
        }
    }

    /// A number that is not negative.
    pub fn number(&self, name: &str) -> Result<Option<usize>, Failed> {
        match self.whole(name)? {
            None => Ok(None),
            Some(number) => usize::try_from(number)
                .map(Some)
                .map_err(|_| Failed::invalid(name, "Must be a natural number")),
        }
    }

    pub fn whole(&self, name: &str) -> Result<Option<i64>, Failed> {
        let Some(text) = self.text(name).filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let number = text.trim().parse();
        number
            .map(Some)
            .map_err(|_| Failed::invalid(name, "Invalid integer"))
    }

    /// As CKAN reads truth.
    pub fn is(&self, name: &str, otherwise: bool) -> Result<bool, Failed> {
        let Some(text) = self.text(name) else {
            return Ok(otherwise);
        };
        match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "t" | "1" => Ok(true),
            "false" | "no" | "off" | "n" | "f" | "0" => Ok(false),
            "" => Ok(otherwise),
            _ => Err(Failed::invalid(name, "String is not true/false")),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A name that comes several times has a list.
fn pairs(encoded: &[u8]) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in form_urlencoded::parse(encoded) {
        let value = Value::String(value.into_owned());
        match map.get_mut(name.as_ref()) {
            None => {
                map.insert(name.into_owned(), value);
            }
            Some(Value::Array(several)) => several.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    map
}

fn object(body: &[u8]) -> Result<Asked, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(Asked(map)),
        Ok(other) => Err(format!(
            "Request data JSON decoded to {other} but it needs to be a dictionary."
        )),
        Err(error) => Err(format!("Error decoding JSON data. Error: {error}")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use axum::http::HeaderValue;

    fn asked(
        method: Method,
        query: Option<&str>,
        media_type: &str,
        body: &str,
    ) -> Result<Asked, String> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_str(media_type).unwrap(),
        );
        Asked::of(&method, query, &headers, body.as_bytes())
    }

    #[test]
    fn parameters_come_in_every_way_that_ckan_takes() {
        let form = "application/x-www-form-urlencoded";
        let ways = [
            asked(Method::GET, Some("id=a%20b&rows=3"), "", ""),
            asked(Method::POST, None, form, "id=a+b&rows=3"),
            asked(
                Method::POST,
                None,
                "application/json",
                r#"{"id": "a b", "rows": 3}"#,
            ),
            asked(Method::POST, None, form, r#"{"id": "a b", "rows": 3}"#),
            asked(Method::POST, Some("id=a+b&rows=3"), "", ""),
        ];
        for way in ways {
            let way = way.unwrap();
            assert_eq!(way.text("id").unwrap(), "a b");
            assert_eq!(way.number("rows").unwrap(), Some(3));
        }
        let empty = asked(Method::POST, None, "application/json", "").unwrap();
        assert!(empty.needed("id").is_err());
        assert!(asked(Method::POST, None, "application/json", "[1]").is_err());
        assert!(asked(Method::POST, None, "application/json", "{").is_err());
    }

    #[test]
    fn lists_and_truth_are_read_as_ckan_reads_them() {
        let query =
            "facet.field=%5B%22tags%22%2C%22groups%22%5D&all_fields=True&x=a&x=b&y=perhaps&rows=-1";
        let asked = asked(Method::GET, Some(query), "", "").unwrap();
        assert_eq!(asked.texts("facet.field"), ["tags", "groups"]);
        assert_eq!(asked.texts("x"), ["a", "b"]);
        assert!(asked.is("all_fields", false).unwrap());
        assert!(asked.is("missing", true).unwrap());
        assert!(asked.is("y", true).is_err());
        assert!(asked.number("rows").is_err());
        assert_eq!(asked.whole("rows").unwrap(), Some(-1));
    }
}
