//! What the standard puts around every answer: `{"success": true, "result": …}`, or `{"success": false, "error": …}`.
//!
//! `success` is the truth, not the status. Keys are compared without case, and an array of one is opened. A platform
//! says in many ways that it has no such dataset; all of them are read here. Start reading at [`read`].

use serde::Deserialize;
use serde_json::value::RawValue;
use std::{
    collections::HashMap,
    io::{self, BufRead, Read},
};

use crate::guard;

/// What a platform answered.
#[derive(Debug)]
pub(super) enum Said {
    Result(Box<RawValue>),
    /// It has no such thing, in its own words.
    NotFound(String),
    /// It refuses the key, or wants one: it will refuse everything else, too.
    KeyRefused(String),
    /// It failed, in its own words.
    Failed(String),
    /// No answer of the interface at all.
    Unreadable {
        code: &'static str,
        found: String,
    },
    TooLarge,
}

/// Reads an answer of at most `bytes_max`.
pub(super) fn read(status: u16, body: &mut dyn BufRead, bytes_max: usize) -> io::Result<Said> {
    let mut bytes = Vec::new();
    body.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Ok(Said::TooLarge);
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.trim_start_matches('\u{FEFF}').trim(),
        Err(e) => {
            let (from, code) = (e.valid_up_to(), "invalid-utf-8");
            let shown = bytes[from..bytes.len().min(from + 8)].escape_ascii();
            let found = format!("{shown} at byte {from} of the answer");
            return Ok(Said::Unreadable { code, found });
        }
    };
    Ok(said(status, text))
}

fn said(status: u16, text: &str) -> Said {
    if let Ok(word) = serde_json::from_str::<String>(text) {
        return spoken(word, status);
    }
    let members = match members(text) {
        Ok(members) => members,
        Err(e) => return unreadable(status, text, &e),
    };
    let success = members.get("success").and_then(|raw| truth(raw));
    let result = members.get("result").filter(|raw| raw.get() != "null");
    match (success, result) {
        (Some(true) | None, Some(result)) => match serde_json::from_str::<String>(result.get()) {
            Ok(word) => spoken(word, status),
            Err(_) => Said::Result(result.clone()),
        },
        (Some(true), None) => Said::Failed("success is true, without a result".to_owned()),
        (None, None) if !members.contains_key("error") => {
            let code = "not-an-answer";
            let found = format!("status {status}: neither success nor result nor error");
            Said::Unreadable { code, found }
        }
        _ => failed(&members, status),
    }
}

/// The members of the answer by their lower-case names.
fn members(text: &str) -> Result<HashMap<String, Box<RawValue>>, serde_json::Error> {
    let lower = |members: HashMap<String, Box<RawValue>>| {
        let lower = members.into_iter().map(|(k, v)| (k.to_lowercase(), v));
        lower.collect()
    };
    if text.starts_with('[') {
        let [only]: [HashMap<String, Box<RawValue>>; 1] = serde_json::from_str(text)?;
        return Ok(lower(only));
    }
    serde_json::from_str(text).map(lower)
}

fn truth(raw: &RawValue) -> Option<bool> {
    match raw
        .get()
        .trim_matches('"')
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// An answer of less is taken for words where it is no JSON.
const WORDS_BYTES_MAX: usize = 200;

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// An answer that is nothing but words: platforms say "Not found" so. A web server's own 404 says nothing of a dataset.
fn spoken(word: String, status: u16) -> Said {
    if is_success(status) && is_not_found(&word) {
        Said::NotFound(word)
    } else {
        Said::Failed(format!("status {status}: {word}"))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    #[serde(alias = "errorType", alias = "Error_type", alias = "ErrorType")]
    error_type: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

fn failed(members: &HashMap<String, Box<RawValue>>, status: u16) -> Said {
    let raw = ["error", "result", "message"]
        .iter()
        .find_map(|key| members.get(*key));
    let complaint = raw.map(|raw| {
        let object = raw
            .get()
            .starts_with('{')
            .then(|| serde_json::from_str(raw.get()));
        object.and_then(Result::ok).unwrap_or_else(|| Complaint {
            error_type: None,
            message: Some(serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())),
        })
    });
    let Complaint {
        error_type,
        message,
    } = complaint.unwrap_or_default();
    let words: Vec<String> = [error_type, message]
        .into_iter()
        .flatten()
        .filter(|word| !word.trim().is_empty())
        .collect();
    if words.is_empty() {
        return Said::Failed(format!(
            "status {status}: success is false, without an error"
        ));
    }
    let text = words.join(": ");
    if is_key_error(&text) {
        Said::KeyRefused(text)
    } else if is_not_found(&text) {
        Said::NotFound(text)
    } else {
        Said::Failed(text)
    }
}

/// ER0001 is the standard's error for a key that is wrong or missing.
fn is_key_error(text: &str) -> bool {
    text.starts_with("ER0001") || text.contains(" ER0001")
}

/// Words for "there is no such dataset". Others ("無此分類", ER0031) speak of something else.
fn is_not_found(text: &str) -> bool {
    const WORDS: [&str; 6] = [
        "not found",
        "notfound",
        "查無資料",
        "查無此資料集",
        "資料集不存在",
        "無此資料集",
    ];
    let text = text.to_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

fn unreadable(status: u16, text: &str, error: &serde_json::Error) -> Said {
    if guard::looks_like_html(text.as_bytes()) {
        let found = format!("status {status}: {}", guard::explain_html(text.as_bytes()));
        return Said::Unreadable {
            code: "web-page",
            found,
        };
    }
    if !text.starts_with(['{', '[']) && text.len() < WORDS_BYTES_MAX {
        return spoken(text.to_owned(), status);
    }
    let beginning: String = text.chars().take(80).collect();
    let found = format!("status {status}: {error}, in an answer that begins with {beginning:?}");
    let code = if error.is_eof() { "cut" } else { "not-json" };
    Said::Unreadable { code, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match said(200, text) {
            Said::Result(raw) => format!("result {}", raw.get()),
            Said::NotFound(words) => format!("not found: {words}"),
            Said::KeyRefused(words) => format!("key: {words}"),
            Said::Failed(words) => format!("failed: {words}"),
            Said::Unreadable { code, found } => format!("{code}: {found}"),
            Said::TooLarge => "too large".to_owned(),
        }
    }

    #[test]
    fn success_is_the_truth_in_every_spelling() {
        let cases = [
            (r#"{"success":true,"result":["a"]}"#, r#"result ["a"]"#),
            (r#"{"Success":"true","Result":[]}"#, "result []"),
            (
                r#"[{"success":true,"result":{"a":1}}]"#,
                r#"result {"a":1}"#,
            ),
            (r#"{"result":["a"]}"#, r#"result ["a"]"#),
            (r#"{"success":false,"result":["a"]}"#, r#"failed: ["a"]"#),
            (
                r#"{"success":true,"result":"Not found"}"#,
                "not found: Not found",
            ),
            (r#""Not found""#, "not found: Not found"),
            (
                r#"{"success":false,"error":{"error_type":"ER0050:欲修改的資料集不存在。","message":"欲修改的資料集不存在。"}}"#,
                "not found: ER0050:欲修改的資料集不存在。: 欲修改的資料集不存在。",
            ),
            (
                r#"{"success":false,"error":{"error_type":"ER0001:API Key錯誤","message":"Not found"}}"#,
                "key: ER0001:API Key錯誤: Not found",
            ),
            (
                r#"{"success":false,"error":{"error_type":"ER0031:資料集分類錯誤","message":"無此分類 categoryCode=k00"}}"#,
                "failed: ER0031:資料集分類錯誤: 無此分類 categoryCode=k00",
            ),
            (r#"{"success":false,"error":"down"}"#, "failed: down"),
            (
                r#"{"success":false}"#,
                "failed: status 200: success is false, without an error",
            ),
            (
                r#"{"success":true}"#,
                "failed: success is true, without a result",
            ),
            (
                r#"{"hello":1}"#,
                "not-an-answer: status 200: neither success nor result nor error",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_answer_is_no_statement() {
        assert!(shown("<html><title>404 Not Found</title></html>").starts_with("web-page: "));
        assert!(shown(r#"{"success":false,"error":{"message":"not fo"#).starts_with("cut: "));
        assert_eq!(shown(""), "failed: status 200: ");
        let moved = said(404, "404 page not found");
        assert!(matches!(moved, Said::Failed(_)), "{moved:?}");
    }
}
