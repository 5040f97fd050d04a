//! The language of `fq`, and of `q` where it names fields: from text to a tree. Pure. Start at [`parse`].
//!
//! ```text
//! query   = either *( "OR" either )                      both "||" and "OR"; "&&" and "AND"; "!" and "NOT"
//! either  = clause *( ["AND"] clause )                   what stands side by side must all be so
//! clause  = ["+" | "-" | "NOT"] ( "(" query ")" | field ":" values | value )
//! values  = value | "(" query ")"                        in these brackets, values of that field
//! value   = word | '"' phrase '"' | "[" bound "TO" bound "]" | "*"
//! bound   = word | '"' phrase '"' | "*"                  "{" and "}" leave the bound itself out
//! ```
//!
//! `*:*` is everything, `field:*` what has the field. A backslash takes a character as it is. Wildcards within words, fuzzy
//! words, boosts, regular expressions and local parameters are no part of it, and are refused with the place where they
//! stand: a query that we do not understand never answers with something else.

mod read;
mod same;

use super::text;
use read::Reader;
use std::fmt;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    Everything,
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    /// What was typed, all of it; or else one of these phrases, which say it in another language.
    Same(Vec<Tree>, Vec<&'static str>),
    Leaf {
        /// None: anywhere in the texts.
        field: Option<&'static str>,
        value: Value,
    },
}

/// What a field is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Word(String),
    Phrase(String),
    Range(Bound, Bound),
    Present,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    Open,
    With(String),
    Without(String),
}

/// Why a query is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which character, counted from 1.
    pub at: usize,
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.at, self.why)
    }
}

/// Reads a query.
pub fn parse(text: &str) -> Result<Tree, Refused> {
    let mut reader = Reader::of(text);
    reader.spaces();
    if reader.next_char().is_none() {
        return Ok(Tree::Everything);
    }
    let tree = reader.query()?;
    match reader.next_char() {
        None => Ok(tree),
        Some(_) => Err(reader.refuse("this bracket closes nothing")),
    }
}

/// Reads what people type: words that must all be there, phrases in quotes, `-` before what must not. A quote that is not
/// closed ends with the text, signs between words are passed over; where there is nothing but signs, that is refused. What
/// the other language has a word for is looked for in both.
pub fn words(text: &str) -> Result<Tree, Refused> {
    let mut clauses = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let not = rest.starts_with('-');
        let bare = rest.trim_start_matches(['-', '+']);
        let (value, after) = match bare.strip_prefix('"') {
            Some(quoted) => {
                let (phrase, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                (Value::Phrase(phrase.to_owned()), after)
            }
            None => {
                let end = bare
                    .find([' ', '\t', '\n', '\u{3000}', '"'])
                    .unwrap_or(bare.len());
                (Value::Word(bare[..end].to_owned()), &bare[end..])
            }
        };
        rest = after.trim_start_matches(char::is_whitespace);
        if matches!(&value, Value::Word(text) | Value::Phrase(text) if text::words(text).is_empty())
        {
            continue;
        }
        let leaf = Tree::Leaf { field: None, value };
        clauses.push(if not { Tree::Not(Box::new(leaf)) } else { leaf });
    }
    if clauses.is_empty() {
        let why =
            "there is no word in it: letters, digits or characters are looked for, signs are not";
        return Err(refused(text, 0, why));
    }
    Ok(Tree::And(same::widened(same::without_small(clauses))))
}

impl Tree {
    /// The phrases that are looked for besides what was typed.
    pub fn besides(&self) -> Vec<&'static str> {
        match self {
            Tree::And(trees) => trees.iter().flat_map(Tree::besides).collect(),
            Tree::Same(_, others) => others.clone(),
            _ => Vec::new(),
        }
    }
}

fn refused(text: &str, at: usize, why: impl Into<String>) -> Refused {
    Refused {
        at: text[..at].chars().count() + 1,
        why: why.into(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
