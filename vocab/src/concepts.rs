//! The concept schemes of Taiwan: service categories, high-value themes, quality badges. Data: `tables/concept.tsv`.
//!
//! November 2026: their IRIs are `https://w3id.org/harvestd/tw/{scheme}/{name}` and not under a base of our own. A
//! category is the same whoever harvests, so two installations, or one that harvests another, agree on it, and a table
//! can spell it out. What the concepts are in the words of the EU is `skos:closeMatch`, which says that they are alike:
//! no legislation of the EU is asserted of Taiwan's data by it.
//!
//! Start reading at [`schemes`] (what is published) or [`theme`] (what a word means).

use crate::tables::fold;
use crate::terms::{authority, dct, skos};
use oxrdf::vocab::rdf;
use oxrdf::{Literal, NamedNode, NamedNodeRef, Triple};
use std::collections::HashMap;
use std::sync::LazyLock;

/// What the IRIs of our schemes and concepts begin with.
pub const BASE: &str = "https://w3id.org/harvestd/tw/";
/// What the IRIs of the service categories begin with.
pub const SERVICE_CATEGORIES: &str = "https://w3id.org/harvestd/tw/service-category/";
/// What the IRIs of the high-value themes begin with.
pub const HIGH_VALUE_THEMES: &str = "https://w3id.org/harvestd/tw/high-value-theme/";
/// What the IRIs of the EU's categories of high-value datasets begin with.
const HIGH_VALUE_DATASETS: &str = "http://data.europa.eu/bna/";

pub(crate) const TABLE: &str = include_str!("../tables/concept.tsv");

/// One scheme: its name in IRIs and what it is called.
struct Scheme {
    name: &'static str,
    zh_hant: &'static str,
    english: &'static str,
}

const SCHEMES: [Scheme; 3] = [
    Scheme {
        name: "service-category",
        zh_hant: "服務分類",
        english: "Service categories of Taiwan's public data",
    },
    Scheme {
        name: "high-value-theme",
        zh_hant: "高應用價值主題",
        english: "High-value themes of Taiwan's public data",
    },
    Scheme {
        name: BADGES,
        zh_hant: "資料品質標章",
        english: "Quality badges of Taiwan's public data",
    },
];
const BADGES: &str = "quality-badge";

/// A row of the table.
pub struct Concept {
    pub iri: NamedNode,
    scheme: &'static str,
    notation: &'static str,
    zh_hant: &'static str,
    english: &'static str,
    /// The EU data themes that are alike. The first is said of a dataset besides the concept.
    pub themes: Vec<NamedNode>,
    high_value: Vec<NamedNode>,
}

impl Concept {
    /// What it is called, in English where `language` is `en`, else in Chinese.
    pub fn label(&self, language: &str) -> &'static str {
        match language {
            "en" => self.english,
            _ => self.zh_hant,
        }
    }
}

struct Concepts {
    all: Vec<Concept>,
    themes: HashMap<String, usize>,
    badges: HashMap<String, usize>,
    by_iri: HashMap<String, usize>,
}

static CONCEPTS: LazyLock<Concepts> = LazyLock::new(|| {
    let mut concepts = Concepts {
        all: Vec::new(),
        themes: HashMap::new(),
        badges: HashMap::new(),
        by_iri: HashMap::new(),
    };
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = row.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (scheme, name, notation, zh_hant, english) = (cell(), cell(), cell(), cell(), cell());
        let (words, themes, high_value) = (cell(), cell(), cell());
        let at = concepts.all.len();
        let iri = NamedNode::new_unchecked(format!("{BASE}{scheme}/{name}"));
        let by_word = if scheme == BADGES {
            &mut concepts.badges
        } else {
            &mut concepts.themes
        };
        let labels = [zh_hant, english, notation].into_iter();
        for word in labels.chain(words.split('|')).filter(|w| !w.is_empty()) {
            by_word.entry(fold(word).into_owned()).or_insert(at);
        }
        concepts.by_iri.insert(iri.as_str().to_owned(), at);
        concepts.all.push(Concept {
            iri,
            scheme,
            notation,
            zh_hant,
            english,
            themes: iris(authority::DATA_THEME, themes),
            high_value: iris(HIGH_VALUE_DATASETS, high_value),
        });
    }
    concepts
});

fn iris(base: &str, names: &str) -> Vec<NamedNode> {
    let iri = |name| NamedNode::new_unchecked(format!("{base}{name}"));
    names.split_whitespace().map(iri).collect()
}

/// The service category (by code or label) or high-value theme of a word.
pub fn theme(word: &str) -> Option<&'static Concept> {
    looked_up(&CONCEPTS.themes, word)
}

/// The quality badge of a word (`白金`, `無(未做品檢)`).
pub fn badge(word: &str) -> Option<&'static Concept> {
    looked_up(&CONCEPTS.badges, word)
}

/// The concept of one of our IRIs.
pub fn of_iri(iri: &str) -> Option<&'static Concept> {
    if !iri.starts_with(BASE) {
        return None;
    }
    CONCEPTS.by_iri.get(iri).map(|at| &CONCEPTS.all[*at])
}

fn looked_up(words: &HashMap<String, usize>, word: &str) -> Option<&'static Concept> {
    let at = words.get(word).or_else(|| words.get(fold(word).as_ref()))?;
    Some(&CONCEPTS.all[*at])
}

/// The IRIs of the schemes.
pub fn scheme_iris() -> impl Iterator<Item = NamedNode> {
    SCHEMES.iter().map(Scheme::iri)
}

/// The schemes and their concepts, as they are published: labels in zh-Hant and English, notations, and what is alike.
pub fn schemes() -> Vec<Triple> {
    let mut triples = Vec::new();
    for scheme in &SCHEMES {
        let iri = scheme.iri();
        triples.push(Triple::new(iri.clone(), rdf::TYPE, skos::CONCEPT_SCHEME));
        for label in labels(scheme.zh_hant, scheme.english) {
            triples.push(Triple::new(iri.clone(), dct::TITLE, label.clone()));
            triples.push(Triple::new(iri.clone(), skos::PREF_LABEL, label));
        }
        for concept in CONCEPTS.all.iter().filter(|c| c.scheme == scheme.name) {
            let top = concept.iri.clone();
            triples.push(Triple::new(iri.clone(), skos::HAS_TOP_CONCEPT, top));
            concept.push(&iri, &mut triples);
        }
    }
    triples
}

fn labels(zh_hant: &str, english: &str) -> [Literal; 2] {
    let tagged = Literal::new_language_tagged_literal_unchecked;
    [tagged(zh_hant, "zh-hant"), tagged(english, "en")]
}

impl Scheme {
    fn iri(&self) -> NamedNode {
        NamedNode::new_unchecked(format!("{BASE}{}", self.name))
    }
}

impl Concept {
    fn push(&self, scheme: &NamedNode, triples: &mut Vec<Triple>) {
        let mut say = |predicate: NamedNodeRef<'static>, object: oxrdf::Term| {
            triples.push(Triple::new(self.iri.clone(), predicate, object));
        };
        say(rdf::TYPE, skos::CONCEPT.into_owned().into());
        say(skos::IN_SCHEME, scheme.clone().into());
        say(skos::TOP_CONCEPT_OF, scheme.clone().into());
        for label in labels(self.zh_hant, self.english) {
            say(skos::PREF_LABEL, label.into());
        }
        if !self.notation.is_empty() {
            let notation = Literal::new_simple_literal(self.notation);
            say(skos::NOTATION, notation.into());
        }
        for alike in self.themes.iter().chain(&self.high_value) {
            say(skos::CLOSE_MATCH, alike.clone().into());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn words_mean_concepts() {
        for (word, name) in [
            ("公共資訊", "service-category/I00"),
            ("i00", "service-category/I00"),
            ("生活安全及品質", "service-category/E00"),
            ("氣候環境", "high-value-theme/climate-and-environment"),
        ] {
            let concept = theme(word).unwrap();
            assert_eq!(concept.iri.as_str(), format!("{BASE}{name}"), "{word}");
            assert!(!concept.themes.is_empty(), "{word}");
        }
        for (word, name) in [
            ("白金", "platinum"),
            ("無(未做品檢)", "not-checked"),
            ("無（品檢未過）", "failed"),
            ("無(白名單)", "exempt"),
        ] {
            let found = badge(word).unwrap();
            let expected = format!("{BASE}quality-badge/{name}");
            assert_eq!(found.iri.as_str(), expected, "{word}");
        }
        assert!(theme("金").is_none());
        assert!(badge("公共資訊").is_none());
    }

    #[test]
    fn schemes_are_whole() {
        let triples = schemes();
        let count = |predicate| triples.iter().filter(|t| t.predicate == predicate).count();
        assert_eq!(count(skos::HAS_TOP_CONCEPT), 18 + 9 + 7);
        assert_eq!(count(skos::IN_SCHEME), 18 + 9 + 7);
        assert_eq!(count(skos::PREF_LABEL), 2 * (18 + 9 + 7 + 3));
        assert_eq!(count(skos::NOTATION), 18);
        for triple in &triples {
            assert!(
                !triple
                    .predicate
                    .as_str()
                    .starts_with("http://data.europa.eu/r5r/")
            );
        }
        for concept in &CONCEPTS.all {
            assert_eq!(of_iri(concept.iri.as_str()).unwrap().iri, concept.iri);
        }
    }
}
