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

use super::schema::{self, Kind};
use std::fmt;
use std::iter::Peekable;
use std::str::CharIndices;

/// Brackets within brackets.
const DEPTH_MAX: usize = 32;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    Everything,
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
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
    let mut reader = Reader {
        text,
        rest: text.char_indices().peekable(),
        field: None,
        depth: 0,
    };
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

/// Reads what people type: words that must all be there, phrases in quotes, `-` before what must not. Never refuses: a
/// quote that is not closed ends with the text.
pub fn words(text: &str) -> Tree {
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
        let leaf = Tree::Leaf { field: None, value };
        clauses.push(if not { Tree::Not(Box::new(leaf)) } else { leaf });
        rest = after.trim_start_matches(char::is_whitespace);
    }
    Tree::And(clauses)
}

struct Reader<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// Of the brackets that we are in: `tags:(a b)`.
    field: Option<&'static str>,
    depth: usize,
}

/// A word as it was read. What a backslash stood before is no operator.
struct Word {
    text: String,
    at: usize,
    plain: bool,
}

impl Reader<'_> {
    fn query(&mut self) -> Result<Tree, Refused> {
        let mut either = vec![self.either()?];
        while self.operator(&["OR", "||"]) {
            either.push(self.either()?);
        }
        Ok(joined(either, Tree::Or))
    }

    fn either(&mut self) -> Result<Tree, Refused> {
        let mut all = vec![self.clause()?];
        loop {
            if self.operator(&["AND", "&&"]) {
                all.push(self.clause()?);
                continue;
            }
            let ends = matches!(self.next_char(), None | Some(')'));
            if ends || self.is_next(&["OR", "||"]) {
                return Ok(joined(all, Tree::And));
            }
            all.push(self.clause()?);
        }
    }

    fn clause(&mut self) -> Result<Tree, Refused> {
        if self.operator(&["NOT"]) {
            return self.nested(|reader| Ok(Tree::Not(Box::new(reader.clause()?))));
        }
        match self.next_char() {
            None => Err(self.refuse("something is expected here, and the query ends")),
            Some('-' | '!') => {
                self.rest.next();
                self.nested(|reader| Ok(Tree::Not(Box::new(reader.clause()?))))
            }
            Some('+') => {
                self.rest.next();
                self.nested(Self::clause)
            }
            Some('(') => self.brackets(),
            Some('"' | '[' | '{') => self.leaf(self.field),
            Some(_) => self.named(),
        }
    }

    /// What begins with a word: a field and its values, or the word itself.
    fn named(&mut self) -> Result<Tree, Refused> {
        let word = self.word()?;
        if self.next_char() != Some(':') {
            for operator in ["AND", "OR", "NOT", "&&", "||"] {
                if word.plain && word.text == operator {
                    let why =
                        format!("{operator} needs something on both sides; in quotes it is a word");
                    return Err(refused(self.text, word.at, why));
                }
            }
            self.spaces();
            return Ok(Tree::Leaf {
                field: self.field,
                value: wild(self.text, word)?,
            });
        }
        self.rest.next();
        if word.text == "*" && self.next_char() == Some('*') {
            self.rest.next();
            self.spaces();
            return Ok(Tree::Everything);
        }
        let Some(field) = schema::FIELDS.iter().find(|(name, _)| *name == word.text) else {
            let known: Vec<&str> = schema::FIELDS.iter().map(|(name, _)| *name).collect();
            let why = format!(
                "there is no field {:?}; the fields are {}. A colon within a value stands in quotes",
                word.text,
                known.join(", ")
            );
            return Err(refused(self.text, word.at, why));
        };
        if self.field.is_some() {
            return Err(refused(
                self.text,
                word.at,
                "a field within the values of a field",
            ));
        }
        match self.next_char() {
            Some('(') => {
                self.field = Some(field.0);
                let tree = self.brackets();
                self.field = None;
                tree
            }
            None | Some(' ' | '\t' | '\n' | ')') => Err(self.refuse(&format!(
                "a value of {} is expected right after the colon",
                field.0
            ))),
            Some(_) => self.leaf(Some(field.0)),
        }
    }

    fn leaf(&mut self, field: Option<&'static str>) -> Result<Tree, Refused> {
        let value = match self.next_char() {
            Some('"') => Value::Phrase(self.quoted()?),
            Some('[' | '{') => self.range(field)?,
            _ => {
                let word = self.word()?;
                if self.next_char() == Some(':') {
                    return Err(self.refuse("a colon within a value: the value stands in quotes"));
                }
                wild(self.text, word)?
            }
        };
        self.spaces();
        Ok(Tree::Leaf { field, value })
    }

    fn range(&mut self, field: Option<&'static str>) -> Result<Value, Refused> {
        let kind = field.and_then(schema::kind);
        if !matches!(kind, Some(Kind::Date | Kind::Keyword)) {
            return Err(self.refuse(
                "a range needs a field before it that has an order: metadata_modified:[… TO …]",
            ));
        }
        let from_with = self.rest.next().is_some_and(|(_, c)| c == '[');
        let from = self.bound()?;
        if !self.operator(&["TO"]) {
            return Err(self.refuse("TO is expected between the bounds of a range"));
        }
        let to = self.bound()?;
        let to_with = match self.rest.next() {
            Some((_, ']')) => true,
            Some((_, '}')) => false,
            _ => return Err(self.refuse("a range ends with ] or }")),
        };
        let bound = |value: Option<String>, with| match value {
            None => Bound::Open,
            Some(value) if with => Bound::With(value),
            Some(value) => Bound::Without(value),
        };
        Ok(Value::Range(bound(from, from_with), bound(to, to_with)))
    }

    /// Colons are part of dates here.
    fn bound(&mut self) -> Result<Option<String>, Refused> {
        self.spaces();
        let value = if self.next_char() == Some('"') {
            self.quoted()?
        } else {
            let mut value = String::new();
            while let Some(c) = self
                .next_char()
                .filter(|c| !c.is_whitespace() && !"[]{}\"".contains(*c))
            {
                value.push(c);
                self.rest.next();
            }
            value.retain(|c| c != '\\');
            value
        };
        self.spaces();
        match value.as_str() {
            "" => Err(self.refuse("a bound of a range is expected here: a value or *")),
            "*" => Ok(None),
            _ => Ok(Some(value)),
        }
    }

    fn quoted(&mut self) -> Result<String, Refused> {
        let begins = self.at();
        self.rest.next();
        let mut phrase = String::new();
        while let Some((_, c)) = self.rest.next() {
            match c {
                '"' => {
                    if let Some('~') = self.next_char() {
                        return Err(self.refuse("~ after a phrase is not understood"));
                    }
                    return Ok(phrase);
                }
                '\\' => phrase.extend(self.rest.next().map(|(_, c)| c)),
                c => phrase.push(c),
            }
        }
        Err(refused(self.text, begins, "this quote is not closed"))
    }

    fn brackets(&mut self) -> Result<Tree, Refused> {
        let begins = self.at();
        self.rest.next();
        self.spaces();
        let tree = self.nested(Self::query)?;
        if self.rest.next().is_none_or(|(_, c)| c != ')') {
            return Err(refused(self.text, begins, "this bracket is not closed"));
        }
        self.spaces();
        Ok(tree)
    }

    fn nested(
        &mut self,
        read: impl Fn(&mut Self) -> Result<Tree, Refused>,
    ) -> Result<Tree, Refused> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse(&format!(
                "more than {DEPTH_MAX} brackets or signs within each other"
            )));
        }
        self.depth += 1;
        let tree = read(self);
        self.depth -= 1;
        tree
    }

    /// Letters up to a space, a bracket, a quote or a colon.
    fn word(&mut self) -> Result<Word, Refused> {
        let (at, mut text, mut plain) = (self.at(), String::new(), true);
        while let Some(c) = self.next_char() {
            match c {
                c if c.is_whitespace() => break,
                '(' | ')' | '"' | ':' => break,
                '[' | ']' | '{' | '}' => return Err(self.refuse(&format!("{c} within a word"))),
                '~' => return Err(self.refuse("~ (words that are only alike) is not understood")),
                '^' => return Err(self.refuse("^ (weights) is not understood")),
                '/' if text.is_empty() => {
                    return Err(self.refuse(
                        "/ (regular expressions) is not understood; an address stands in quotes",
                    ));
                }
                '\\' => {
                    self.rest.next();
                    plain = false;
                    text.extend(self.next_char());
                }
                c => text.push(c),
            }
            self.rest.next();
        }
        if text.is_empty() {
            return Err(self.refuse("a word is expected here"));
        }
        Ok(Word { text, at, plain })
    }

    /// Takes one of these where it stands next as a word of its own.
    fn operator(&mut self, names: &[&str]) -> bool {
        if !self.is_next(names) {
            return false;
        }
        while self
            .next_char()
            .is_some_and(|c| !c.is_whitespace() && c != '(')
        {
            self.rest.next();
        }
        self.spaces();
        true
    }

    fn is_next(&mut self, names: &[&str]) -> bool {
        let Some((at, _)) = self.rest.peek() else {
            return false;
        };
        let ahead = &self.text[*at..];
        names.iter().any(|name| {
            let after = ahead.strip_prefix(name);
            after.is_some_and(|after| {
                after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c == '(')
            })
        })
    }

    fn spaces(&mut self) {
        while self.next_char().is_some_and(char::is_whitespace) {
            self.rest.next();
        }
    }

    fn next_char(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn refuse(&mut self, why: &str) -> Refused {
        let at = self.at();
        refused(self.text, at, why)
    }
}

fn refused(text: &str, at: usize, why: impl Into<String>) -> Refused {
    Refused {
        at: text[..at].chars().count() + 1,
        why: why.into(),
    }
}

/// A word; `*` alone is whatever there is, and nowhere else.
fn wild(text: &str, word: Word) -> Result<Value, Refused> {
    if !word.plain {
        return Ok(Value::Word(word.text));
    }
    if word.text == "*" {
        return Ok(Value::Present);
    }
    if word.text.contains(['*', '?']) {
        let why = "* and ? within words are not understood; in quotes they are what they are";
        return Err(refused(text, word.at, why));
    }
    Ok(Value::Word(word.text))
}

fn joined(mut trees: Vec<Tree>, many: impl Fn(Vec<Tree>) -> Tree) -> Tree {
    match trees.len() {
        1 => trees.remove(0),
        _ => many(trees),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
