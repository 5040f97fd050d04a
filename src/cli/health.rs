//! What is wrong with a source, for people: the lines under the table of `harvestd status`. Start at [`text`].

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
