//! What was typed in one language is looked for in the other too: who types "air quality" finds 空氣品質, and the other way
//! round. Pure. Start at [`widened`].

use super::{Tree, Value};
use crate::search::text::{self, Kind};
use harvestd_vocab::bilingual;
use std::{collections::HashMap, sync::LazyLock};

/// Typed words that are looked for in the table together, at most: "fine particulate matter" has as many, and no row more.
const WORDS_MAX: usize = 3;

/// By what is typed, as the index folds it: the words of the other language.
static SAME: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut same: HashMap<String, Vec<&'static str>> = HashMap::new();
    let mut add = |from: &[&'static str], to: &[&'static str]| {
        for from in from {
            let others = same.entry(key(&[from])).or_default();
            for to in to {
                if !others.contains(to) {
                    others.push(to);
                }
            }
        }
    };
    for row in bilingual::rows() {
        add(&row.english, &row.chinese);
        add(&row.chinese, &row.english);
    }
    same
});

/// English words that say nothing by themselves: beside others they need not be there.
const SMALL: [&str; 14] = [
    "a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with",
];

/// Without the small words of a question; these alone are looked for as they are.
pub(super) fn without_small(clauses: Vec<Tree>) -> Vec<Tree> {
    let small = |tree: &Tree| word(tree).is_some_and(|word| SMALL.contains(&&*text::fold(word)));
    let asks = |tree: &Tree| !small(tree) && !matches!(tree, Tree::Not(_));
    match clauses.iter().any(asks) {
        false => clauses,
        true => clauses.into_iter().filter(|tree| !small(tree)).collect(),
    }
}

/// Clauses that must all be so, where runs of words that the other language has stand for either. The longest run counts;
/// phrases in quotes and what must not be there are meant as they are.
pub(super) fn widened(clauses: Vec<Tree>) -> Vec<Tree> {
    let mut wide = Vec::with_capacity(clauses.len());
    let mut rest = clauses.as_slice();
    while !rest.is_empty() {
        let (typed, others) = longest(rest);
        rest = &rest[typed.len()..];
        match others {
            [] => wide.extend_from_slice(typed),
            others => wide.push(Tree::Same(typed.to_vec(), others.to_vec())),
        }
    }
    wide
}

/// The words with which these begin that the other language has; else the first clause alone.
fn longest(clauses: &[Tree]) -> (&[Tree], &'static [&'static str]) {
    let typed: Vec<&str> = clauses.iter().map_while(word).take(WORDS_MAX).collect();
    let runs = (1..=typed.len()).rev();
    let mut known = runs.filter_map(|long| {
        let others = SAME.get(&key(&typed[..long]))?;
        Some((&clauses[..long], others.as_slice()))
    });
    known.next().unwrap_or((&clauses[..1], &[]))
}

fn word(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Leaf {
            field: None,
            value: Value::Word(text),
        } => Some(text),
        _ => None,
    }
}

/// Typed words as they are compared: English by its stems and without small words, Chinese whole.
fn key(typed: &[&str]) -> String {
    let text = typed.join(" ");
    let words = text::words(&text);
    if words.iter().any(|word| word.kind != Kind::Plain) {
        return text::fold(&text);
    }
    let stems = words.iter().map(|word| word.text.as_str());
    let stems: Vec<&str> = stems.filter(|stem| !SMALL.contains(stem)).collect();
    stems.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_typed() {
        let words = |key: &String| key.split(' ').count();
        assert_eq!(SAME.keys().map(words).max(), Some(WORDS_MAX));
    }
}
