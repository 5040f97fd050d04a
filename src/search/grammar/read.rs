//! The reader of a query: one character ahead, each kind of clause a function. Start at [`Reader::query`].

use super::{Bound, Refused, Tree, Value, refused};
use crate::search::schema::{self, Kind};
use std::iter::Peekable;
use std::str::CharIndices;

/// Brackets within brackets.
const DEPTH_MAX: usize = 32;

/// What is left of a query.
pub(super) struct Reader<'a> {
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

impl<'a> Reader<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            text,
            rest: text.char_indices().peekable(),
            field: None,
            depth: 0,
        }
    }

    pub(super) fn query(&mut self) -> Result<Tree, Refused> {
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

    pub(super) fn spaces(&mut self) {
        while self.next_char().is_some_and(char::is_whitespace) {
            self.rest.next();
        }
    }

    pub(super) fn next_char(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    pub(super) fn refuse(&mut self, why: &str) -> Refused {
        let at = self.at();
        refused(self.text, at, why)
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
