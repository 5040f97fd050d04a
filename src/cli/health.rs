//! What is wrong with a source, and how long it runs, for people: parts of `harvestd status`. Start at [`text`].

use super::read::time;
use crate::diagnosis::Diagnosis;
use serde_json::Value;

/// What is wrong with a source, and what to do; nothing where nothing is.
pub fn text(source: &Value) -> String {
    let health = &source["health"];
    let Ok(diagnosis) = serde_json::from_value::<Diagnosis>(health["diagnosis"].clone()) else {
        return String::new();
    };
    let [what, advice] = diagnosis.lines();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let since = health["since_ms"].as_i64();
    let since = since.map_or_else(String::new, |ms| format!(" since {}", time(ms)));
    format!(
        "\n{}: {}{since}: {what}\n  what to do: {advice}\n",
        word(&source["id"]),
        word(&health["state"])
    )
}

/// Of a source that runs: for how long, and how long that usually takes.
pub fn running(source: &Value) -> String {
    let started = source["running"]["started_ms"].as_i64().unwrap_or_default();
    let seconds = (chrono::Utc::now().timestamp_millis() - started).max(0) / 1000;
    match source["expected_ms"].as_u64() {
        Some(expected) => format!("running {seconds} s of about {}", expected.div_ceil(1000)),
        None => format!("running {seconds} s"),
    }
}
