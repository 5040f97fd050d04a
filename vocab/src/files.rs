//! What is in a file, as far as its description says: whether common loaders read it, and which fields it has, as a source
//! lists them in one text (`zone(使用分區);area(面積)`).
//!
//! A text that is no list has no fields: words are not cut at a comma. Start at [`fields`].

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
        .filter(|field| !field.is_empty())
        .take(LIST_MAX)
        .map(field)
        .collect();
    let mut names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let plain = |name: &&str| {
        !name.is_empty()
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.contains(['。', '\n', '，'])
    };
    if found.len() < 2 || names.len() < found.len() || !names.iter().all(plain) {
        return Vec::new();
    }
    found
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
