//! `quality`: how good the datasets are, for people, as JSON or as a table.

use super::{
    args::{self, Common},
    client::body,
    exit::Exit,
    out,
    read::with_source,
    report::quoted,
};
use crate::network::local::Local;
use serde_json::Value;

/// Rows of a list for people: whoever wants all takes `--csv`.
const ROWS: usize = 40;

/// `harvestd quality`
pub async fn quality(args: &args::Quality, common: &Common) -> Exit {
    let of = &args.of;
    let path = match (&of.source, &of.publisher, &of.dataset) {
        (Some(id), ..) => format!("/quality/source/{}?", quoted(id)),
        (_, Some(name), _) => format!("/quality/publisher/{}?", quoted(name)),
        (.., Some(iri)) => format!("/quality/dataset?iri={}&", quoted(iri)),
        _ => "/quality?".to_owned(),
    };
    with_source(&args.place, of.source.as_deref(), async |local: Local| {
        let format = match (args.csv, common.json) {
            (true, _) => "csv",
            _ => "json",
        };
        let answered = local.get(&format!("{path}format={format}"), "*/*").await;
        let bytes = match body(answered).await {
            Ok(bytes) => bytes,
            Err(exit) => return exit,
        };
        let text = String::from_utf8_lossy(&bytes);
        if args.csv {
            return out::print(&text);
        }
        if common.json {
            return out::print(&format!("{text}\n"));
        }
        let found: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        out::print(&match of.dataset.is_some() {
            true => detail(&found),
            false if args.worst => worst(&found),
            false => summary(&found),
        })
    })
    .await
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn texts<const N: usize>(values: [&Value; N]) -> Vec<String> {
    values.map(text).to_vec()
}

fn line(name: String, of: &Value) -> Vec<String> {
    let mut row = vec![name];
    let conforming = &of["conformance"]["dcat_ap"];
    let timely = &of["timeliness"];
    row.extend(texts([
        &of["datasets"],
        &of["mqa"],
        &of["rating"],
        &of["fair"],
        &of["ai_ready"],
        conforming,
        &timely["late"],
    ]));
    row
}

const HEADING: [&str; 8] = [
    "",
    "DATASETS",
    "MQA",
    "RATING",
    "FAIR %",
    "AI-READY %",
    "CONFORM",
    "LATE",
];

/// The whole and its parts, or one of them.
fn summary(found: &Value) -> String {
    let mut rows = vec![HEADING.map(str::to_owned).to_vec()];
    let name = found["id"].as_str().unwrap_or("all");
    rows.push(line(name.to_owned(), found));
    let mut left = 0;
    for (what, key) in [("source", "sources"), ("publisher", "publishers")] {
        let mut all: Vec<&Value> = found[key].as_array().into_iter().flatten().collect();
        all.sort_by_key(|of| std::cmp::Reverse(of["datasets"].as_u64()));
        left += all.len().saturating_sub(ROWS);
        for of in all.into_iter().take(ROWS) {
            let title = of["title"]
                .as_str()
                .map_or_else(String::new, |t| format!(" {t}"));
            rows.push(line(format!("{what} {}{title}", text(&of["id"])), of));
        }
    }
    let mut told = out::table(&rows);
    if left > 0 {
        told.push_str(&format!("{left} more: --csv has all\n"));
    }
    let ratings = &found["ratings"];
    told.push_str(&format!(
        "\nexcellent {}, good {}, sufficient {}, bad {}\n",
        ratings["excellent"], ratings["good"], ratings["sufficient"], ratings["bad"]
    ));
    let points = found["dimensions"].as_array().into_iter().flatten();
    for dimension in points.filter(|d| d["scheme"] == "mqa") {
        let (name, points) = (text(&dimension["dimension"]), text(&dimension["points"]));
        told.push_str(&format!("{name:<18}{points:>8} of {}\n", dimension["of"]));
    }
    told
}

/// By which indicators most points are lost.
fn worst(found: &Value) -> String {
    let heading = ["INDICATOR", "POINTS", "MET", "UNCHECKED", "SHARE", ""];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    let all = found["indicators"].as_array();
    for id in found["worst"].as_array().into_iter().flatten() {
        let Some(of) = all.into_iter().flatten().find(|of| of["id"] == *id) else {
            continue;
        };
        rows.push(texts([
            &of["id"],
            &of["points"],
            &of["met"],
            &of["unchecked"],
            &of["share"],
            &of["explanation"]["en"],
        ]));
    }
    out::table(&rows)
}

/// One dataset.
fn detail(found: &Value) -> String {
    let mut told = format!(
        "{}\n{}\nMQA {} of 405 ({}), FAIR {} %, AI-ready {} %, updates: {}\n\n",
        text(&found["dataset"]),
        text(&found["title"]),
        found["mqa"],
        text(&found["rating"]),
        found["fair"],
        found["ai_ready"],
        text(&found["timeliness"]["state"]),
    );
    let mut rows = vec![
        ["", "INDICATOR", "POINTS", "FOUND"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for of in found["indicators"].as_array().into_iter().flatten() {
        rows.push(vec![
            text(&of["scheme"]),
            text(&of["id"]),
            format!("{}/{}", of["gets"], of["points"]),
            text(&of["found"]["en"]),
        ]);
    }
    told.push_str(&out::table(&rows));
    told.push_str(&addresses(&found["checks"]));
    told
}

/// The national checks of its addresses.
fn addresses(checks: &Value) -> String {
    const CHECKS: [&str; 5] = [
        "linkable",
        "downloadable",
        "structure",
        "encoding_match",
        "desc_match",
    ];
    let places = checks["places"].as_array();
    let mut rows = vec![["ADDRESS", "TROUBLE"].map(str::to_owned).to_vec()];
    rows[0].extend(CHECKS.map(str::to_uppercase));
    for place in places.into_iter().flatten() {
        let verdict = &place["verdict"];
        let trouble = verdict["trouble"].as_str().unwrap_or("unchecked");
        let mut row = vec![text(&place["url"]), trouble.to_owned()];
        row.extend(CHECKS.map(|name| text(&verdict[name])));
        rows.push(row);
    }
    match rows.len() {
        1 => String::new(),
        _ => format!(
            "\nThe portal's badge: {}\n{}",
            text(&checks["badge"]),
            out::table(&rows)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_worst_come_first_with_what_they_ask() {
        let asks = |id: &str| json!({ "id": id, "points": 30, "met": 1, "unchecked": 0, "share": 0.5, "explanation": { "en": "Why." } });
        let told =
            worst(&json!({ "worst": ["b", "a"], "indicators": [asks("a"), asks("b"), asks("c")] }));
        let first: Vec<&str> = told
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(first, ["b", "a"], "{told}");
    }
}
