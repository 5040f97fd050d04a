//! What is in a file, as far as its description says: whether common loaders read it, and which fields it has, as a source
//! lists them in one text (`zone(使用分區);area(面積)`).
//!
//! A text that is no list has no fields: words are not cut at a comma. Start at [`fields`].

use std::collections::BTreeSet;

/// Media types that common loaders read as records.
pub const LOADABLE: [&str; 8] = [
    "text/csv",
    "text/tab-separated-values",
    "application/json",
    "application/geo+json",
    "application/jsonl",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/x-parquet",
];
/// Those of them that have columns with names.
pub const TABLES: [&str; 2] = ["text/csv", "text/tab-separated-values"];

/// Longer names are sentences.
const NAME_CHARS_MAX: usize = 100;
const LIST_MAX: usize = 2_000;

/// Names with what is said of them in brackets. Empty where the text is no list of at least two different names.
pub fn fields(text: &str) -> Vec<(&str, Option<&str>)> {
    let separators: &[char] = if text.contains([';', '；']) {
        &[';', '；']
    } else {
        &['、']
    };
    let found: Vec<_> = text
        .split(separators)
        .map(str::trim)
        // Some lists end as sentences do.
        .filter(|field| !field.is_empty() && *field != "。")
        .take(LIST_MAX)
        .collect();
    let apart: Vec<_> = found.iter().map(|text| field(text)).collect();
    // Where only brackets tell two fields apart, they belong to the names: `期限(起);期限(迄)`.
    let found = match distinct(&apart) < apart.len() {
        true => found.into_iter().map(|text| (text, None)).collect(),
        false => apart,
    };
    let plain = |name: &&str| {
        !name.is_empty()
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.contains(['。', '\n', '，'])
    };
    let mut names = found.iter().map(|(name, _)| name);
    if found.len() < 2 || distinct(&found) < found.len() || !names.all(plain) {
        return Vec::new();
    }
    found
}

/// How many different names there are.
fn distinct(fields: &[(&str, Option<&str>)]) -> usize {
    let names: BTreeSet<&str> = fields.iter().map(|(name, _)| *name).collect();
    names.len()
}

fn field(text: &str) -> (&str, Option<&str>) {
    let closed = text.strip_suffix([')', '）']);
    match closed.and_then(|open| open.split_once(['(', '（'])) {
        Some((name, said)) if !name.trim().is_empty() && !said.trim().is_empty() => {
            (name.trim(), Some(said.trim()))
        }
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_fields_and_a_sentence_has_none() {
        let zone = [("zone", Some("使用分區")), ("area", None)];
        assert_eq!(fields("zone(使用分區);area"), zone);
        assert_eq!(fields("zone（使用分區）； area；"), zone);
        assert_eq!(fields("站名、經度、緯度").len(), 3);
        assert_eq!(fields("zone(使用分區);area;。"), zone);
        let span = [("期限(起)", None), ("期限(迄)", None), ("備註(說明)", None)];
        assert_eq!(fields("期限(起);期限(迄);備註(說明)"), span);
        for none in [
            "",
            "無",
            "文本語料",
            "a;a",
            "車輛異動，記得辦理。;終止",
            "a, b and c",
        ] {
            assert!(fields(none).is_empty(), "{none}");
        }
    }
}
