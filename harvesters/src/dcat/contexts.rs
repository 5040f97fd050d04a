//! JSON-LD contexts that documents may refer to by URL. Everything else is refused: nothing is fetched while parsing.
//!
//! Worth having are the contexts of DCAT-AP itself, which catalogues do refer to. schema.org's is left out on purpose:
//! what uses it describes datasets in other words than DCAT. Start at [`bundled`].

use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The content we give for a context's URL: the words that the specification has, with what they mean there.
pub fn bundled(url: &str) -> Option<&'static str> {
    let path = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let release = [
        "semiceu.github.io/DCAT-AP/releases/3.",
        "semiceu.github.io/uri.semic.eu-generated/DCAT-AP/releases/3.",
    ]
    .iter()
    .find_map(|begin| path.strip_prefix(begin))?;
    match release.split_once('/')?.1 {
        "context/dcat-ap.jsonld" => Some(&DCAT_AP),
        "html/examples/context.jsonld" => Some(include_str!("contexts/dcat-ap-examples.jsonld")),
        _ => None,
    }
}

/// Each property stands there twice, since releases differ: as `Dataset.title`, and as `title` for whatever has one.
/// No two classes mean different things by the same word, so the words need no scope.
static DCAT_AP: LazyLock<String> = LazyLock::new(|| {
    let mut words = Map::new();
    words.insert("@version".to_owned(), json!(1.1));
    for line in include_str!("contexts/dcat-ap.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap_or_default();
        let (word, iri, values, classes) = (column(), column(), column(), column());
        let meaning = if values.is_empty() {
            Value::from(iri)
        } else {
            json!({ "@id": iri, "@type": values })
        };
        for class in classes.split(' ').filter(|class| !class.is_empty()) {
            words.insert(format!("{class}.{word}"), meaning.clone());
        }
        words.insert(word.to_owned(), meaning);
    }
    json!({ "@context": words }).to_string()
});

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_the_few() {
        for url in [
            "https://semiceu.github.io/DCAT-AP/releases/3.0.1/context/dcat-ap.jsonld",
            "http://semiceu.github.io/DCAT-AP/releases/3.0.0/context/dcat-ap.jsonld",
            "https://semiceu.github.io/uri.semic.eu-generated/DCAT-AP/releases/3.0.0/html/examples/context.jsonld",
        ] {
            let context: Value = serde_json::from_str(bundled(url).unwrap()).unwrap();
            assert!(
                context["@context"]["title"].is_string()
                    || context["@context"]["title"].is_object(),
                "{url}"
            );
        }
        for url in [
            "https://schema.org/",
            "http://127.0.0.1/context/dcat-ap.jsonld",
            "file:///etc/passwd",
            "https://evil.example/semiceu.github.io",
        ] {
            assert_eq!(bundled(url), None, "{url}");
        }
    }

    #[test]
    fn properties_stand_there_in_both_spellings() {
        let context: Value = serde_json::from_str(&DCAT_AP).unwrap();
        let words = &context["@context"];
        assert_eq!(
            words["Dataset.publisher"],
            json!({ "@id": "dct:publisher", "@type": "@id" })
        );
        assert_eq!(words["publisher"], words["Catalogue.publisher"]);
        assert_eq!(words["Dataset"], json!("dcat:Dataset"));
    }
}
