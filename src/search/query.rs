//! From what is asked for to what the index does. Start at [`Terms::query`].
//!
//! A word is looked for in titles, tags, publishers, identifiers and descriptions, and counts by the best of them. All words
//! must be there. A run of Chinese characters is looked for by its pairs of neighbours: of up to three characters all pairs
//! must be there, of longer runs two thirds, since 空氣品質監測 should find 空氣品質即時監測.

use super::{
    grammar::{Bound, Tree, Value},
    schema::{self, Fields, Kind},
    text::{self, Word, words},
};
use crate::ckan::dates;
use chrono::{DateTime, Datelike, Months, TimeDelta, Utc};
use std::ops::Bound as Range;
use tantivy::{
    Term,
    query::{
        AllQuery, BooleanQuery, BoostQuery, DisjunctionMaxQuery, EmptyQuery, ExistsQuery, Occur,
        PhraseQuery, Query, RangeQuery, TermQuery,
    },
    schema::{Field, IndexRecordOption},
};

/// What a word in a title counts more than one in a description, and so on.
const TITLE: f32 = 8.0;
const IDS: f32 = 8.0;
const TAGS: f32 = 4.0;
const ORGANIZATION: f32 = 2.0;
/// What is said in another language than was typed counts so much: it comes after what was typed.
const OTHER_LANGUAGE: f32 = 0.2;
/// How much of what the other fields say counts beside the best one.
const TIE: f32 = 0.1;

type Boxed = Box<dyn Query>;

/// What a query refers to besides the index.
pub struct Terms<'a> {
    pub fields: &'a Fields,
    /// What `NOW` is.
    pub now: DateTime<Utc>,
    /// Words, phrases and ranges that one query may have.
    pub clauses_max: usize,
}

impl Terms<'_> {
    /// The query of a tree; what cannot be one is said in words.
    pub fn query(&self, tree: &Tree) -> Result<Boxed, String> {
        let leaves = leaves(tree);
        if leaves > self.clauses_max {
            return Err(format!(
                "{leaves} words, phrases and ranges; at most {} are taken",
                self.clauses_max
            ));
        }
        self.of(tree)
    }

    fn of(&self, tree: &Tree) -> Result<Boxed, String> {
        match tree {
            Tree::Everything => Ok(Box::new(AllQuery)),
            Tree::Not(tree) => Ok(all(vec![self.of(tree)?], true)),
            Tree::And(trees) => self.and(trees),
            Tree::Or(trees) => {
                let either = trees.iter().map(|tree| self.of(tree));
                Ok(Box::new(BooleanQuery::union(
                    either.collect::<Result<_, _>>()?,
                )))
            }
            Tree::Same(typed, others) => {
                let phrase = |other: &&str| -> Result<Boxed, String> {
                    let said = self.anywhere(&Value::Phrase((*other).to_owned()))?;
                    Ok(Box::new(BoostQuery::new(said, OTHER_LANGUAGE)))
                };
                let others = others.iter().map(phrase);
                let either = std::iter::once(self.and(typed)).chain(others);
                Ok(Box::new(BooleanQuery::union(
                    either.collect::<Result<_, _>>()?,
                )))
            }
            Tree::Leaf { field, value } => self.leaf(*field, value),
        }
    }

    fn and(&self, trees: &[Tree]) -> Result<Boxed, String> {
        let mut clauses = Vec::new();
        for tree in trees {
            match tree {
                Tree::Not(tree) => clauses.push((Occur::MustNot, self.of(tree)?)),
                tree => clauses.push((Occur::Must, self.of(tree)?)),
            }
        }
        if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    fn leaf(&self, field: Option<&'static str>, value: &Value) -> Result<Boxed, String> {
        let Some(name) = field else {
            return self.anywhere(value);
        };
        let fields = self.fields;
        match (schema::kind(name), value) {
            (Some(Kind::Keyword), _) => {
                let field = fields
                    .keyword(name)
                    .ok_or_else(|| format!("{name} is no field"))?;
                self.keyword(name, field, value)
            }
            (Some(Kind::Date), value) => self.date(name, value),
            (Some(Kind::Always(always)), Value::Word(value) | Value::Phrase(value)) => {
                Ok(if value == always {
                    Box::new(AllQuery)
                } else {
                    Box::new(EmptyQuery)
                })
            }
            (Some(Kind::Always(_)), Value::Present) => Ok(Box::new(AllQuery)),
            (Some(Kind::Text), Value::Present) => {
                Err(format!("{name}:* is not understood: leave it out"))
            }
            (Some(Kind::Text), value) => match name {
                "title" => within(value, &[(fields.title, 1.0)]),
                "notes" => within(value, &[(fields.notes, 1.0)]),
                _ => self.anywhere(value),
            },
            (_, _) => Err(format!(
                "{name} has no order: a range of it is not understood"
            )),
        }
    }

    fn keyword(&self, name: &'static str, field: Field, value: &Value) -> Result<Boxed, String> {
        let term = |text: &str| Term::from_field_text(field, text);
        Ok(match value {
            Value::Word(text) | Value::Phrase(text) => {
                Box::new(TermQuery::new(term(text), IndexRecordOption::Basic))
            }
            Value::Present if schema::FACETS.contains(&name) => {
                Box::new(ExistsQuery::new(name.to_owned(), false))
            }
            // Every dataset has these.
            Value::Present if name != "owner_org" => Box::new(AllQuery),
            Value::Present => Box::new(ExistsQuery::new("organization".to_owned(), false)),
            Value::Range(from, to) => {
                let end = |bound: &Bound| match bound {
                    Bound::Open => Range::Unbounded,
                    Bound::With(text) => Range::Included(term(text)),
                    Bound::Without(text) => Range::Excluded(term(text)),
                };
                match (end(from), end(to)) {
                    (Range::Unbounded, Range::Unbounded) => {
                        return self.keyword(name, field, &Value::Present);
                    }
                    (from, to) => Box::new(tantivy::query::InvertedIndexRangeQuery::new(from, to)),
                }
            }
        })
    }

    fn date(&self, name: &str, value: &Value) -> Result<Boxed, String> {
        let field = match name {
            "metadata_modified" => self.fields.modified,
            "data_modified" => self.fields.dated,
            _ => self.fields.created,
        };
        let term = |text: &str| self.moment(text).map(|us| Term::from_field_i64(field, us));
        let end = |bound: &Bound| {
            Ok::<_, String>(match bound {
                Bound::Open => Range::Unbounded,
                Bound::With(text) => Range::Included(term(text)?),
                Bound::Without(text) => Range::Excluded(term(text)?),
            })
        };
        let (from, to) = match value {
            Value::Present => return Ok(Box::new(AllQuery)),
            Value::Word(text) | Value::Phrase(text) => {
                let term = term(text)?;
                (Range::Included(term.clone()), Range::Included(term))
            }
            Value::Range(from, to) => (end(from)?, end(to)?),
        };
        Ok(match (from, to) {
            (Range::Unbounded, Range::Unbounded) => Box::new(AllQuery),
            (from, to) => Box::new(RangeQuery::new(from, to)),
        })
    }

    /// A date, or `NOW`, `NOW-7DAYS`, `NOW/DAY`.
    fn moment(&self, text: &str) -> Result<i64, String> {
        let Some(mut rest) = text.strip_prefix("NOW") else {
            return dates::read(text).ok_or_else(|| {
                format!("{text:?} is no date: 2026-11-21, 2026-11-21T10:00:00Z, NOW or NOW-7DAYS is expected")
            });
        };
        let mut moment = self.now;
        let wrong = || format!("{text:?} is no date: NOW, and then as -7DAYS, +1HOUR or /DAY");
        while let Some(sign) = rest.chars().next() {
            if !"+-/".contains(sign) {
                return Err(wrong());
            }
            let digits = rest[1..]
                .find(|c: char| !c.is_ascii_digit())
                .map_or(rest.len(), |n| n + 1);
            let end = rest[digits..]
                .find(['-', '+', '/'])
                .map_or(rest.len(), |n| n + digits);
            let unit = rest[digits..end].trim_end_matches('S');
            let number: i64 = rest[1..digits].parse().unwrap_or(-1);
            moment = match (sign, number) {
                ('/', -1) => floor(moment, unit),
                ('+', 0..=1_000_000) => moved(moment, number, unit),
                ('-', 0..=1_000_000) => moved(moment, -number, unit),
                _ => None,
            }
            .ok_or_else(wrong)?;
            rest = &rest[end..];
        }
        Ok(moment.timestamp_micros())
    }

    /// In all texts, each counted as much as it says.
    fn anywhere(&self, value: &Value) -> Result<Boxed, String> {
        let fields = self.fields;
        let weighed = [
            (fields.title, TITLE),
            (fields.ids, IDS),
            (fields.tag_words, TAGS),
            (fields.organization_words, ORGANIZATION),
            (fields.notes, 1.0),
        ];
        let texts = within(value, &weighed)?;
        // The names by which CKAN knows it are one word each.
        let exact = match value {
            Value::Word(text) | Value::Phrase(text) => text,
            _ => return Ok(texts),
        };
        let named = [fields.id, fields.name, fields.uri].map(|field| -> Boxed {
            let term = Term::from_field_text(field, exact);
            Box::new(TermQuery::new(term, IndexRecordOption::Basic))
        });
        Ok(Box::new(BooleanQuery::union(
            named.into_iter().chain([texts]).collect(),
        )))
    }
}

/// Words in these fields. A text without any word could only be passed over: it is refused.
fn within(value: &Value, fields: &[(Field, f32)]) -> Result<Boxed, String> {
    let (Value::Word(text) | Value::Phrase(text)) = value else {
        return Ok(Box::new(AllQuery));
    };
    let words = words(text);
    if words.is_empty() {
        return Err(format!(
            "there is no word in {text:?}: letters, digits or characters are looked for, signs are not"
        ));
    }
    Ok(match value {
        Value::Phrase(_) => phrase(&words, fields),
        _ => together(&words, fields),
    })
}

/// All words of a text, wherever they stand.
fn together(words: &[Word], fields: &[(Field, f32)]) -> Boxed {
    let mut clauses: Vec<Boxed> = Vec::new();
    let mut pairs: Vec<Boxed> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let needed = match word.kind {
            text::Kind::Plain => true,
            text::Kind::One { alone } => alone,
            text::Kind::Pair => false,
        };
        let best = || best(fields, |field| term(field, &word.text));
        if needed {
            clauses.push(best());
        } else if word.kind == text::Kind::Pair {
            pairs.push(best());
        }
        // A run ends where no pair goes on.
        let next_pair = words[at + 1..].iter().find(|w| w.kind == text::Kind::Pair);
        if !pairs.is_empty() && next_pair.is_none_or(|next| next.position > word.position + 1) {
            let all = pairs.len();
            let least = if all < 3 { all } else { (all * 2).div_ceil(3) };
            let run = std::mem::take(&mut pairs);
            clauses.push(Box::new(BooleanQuery::union_with_minimum_required_clauses(
                run, least,
            )));
        }
    }
    all(clauses, false)
}

/// The words of a text, one right after the other.
fn phrase(words: &[Word], fields: &[(Field, f32)]) -> Boxed {
    // A pair says what its characters do.
    let said = words
        .iter()
        .filter(|w| !matches!(w.kind, text::Kind::One { alone: false }));
    let said: Vec<&Word> = said.collect();
    match said.as_slice() {
        [one] => best(fields, |field| term(field, &one.text)),
        several => best(fields, |field| {
            let terms = several
                .iter()
                .map(|w| (w.position, Term::from_field_text(field, &w.text)));
            Box::new(PhraseQuery::new_with_offset(terms.collect()))
        }),
    }
}

fn term(field: Field, text: &str) -> Boxed {
    let term = Term::from_field_text(field, text);
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

/// In the field where it counts most.
fn best(fields: &[(Field, f32)], query: impl Fn(Field) -> Boxed) -> Boxed {
    if let [(field, _)] = fields {
        return query(*field);
    }
    let weighed = fields
        .iter()
        .map(|(field, weight)| -> Boxed { Box::new(BoostQuery::new(query(*field), *weight)) });
    Box::new(DisjunctionMaxQuery::with_tie_breaker(
        weighed.collect(),
        TIE,
    ))
}

/// Everything that all of these say; or, `not`, nothing that any of these does.
fn all(mut clauses: Vec<Boxed>, not: bool) -> Boxed {
    if !not {
        return match clauses.len() {
            0 => Box::new(AllQuery),
            1 => clauses.remove(0),
            _ => Box::new(BooleanQuery::intersection(clauses)),
        };
    }
    let mut without: Vec<(Occur, Boxed)> = vec![(Occur::Must, Box::new(AllQuery))];
    without.extend(clauses.into_iter().map(|clause| (Occur::MustNot, clause)));
    Box::new(BooleanQuery::new(without))
}

fn leaves(tree: &Tree) -> usize {
    match tree {
        Tree::Everything => 1,
        Tree::Not(tree) => leaves(tree),
        Tree::And(trees) | Tree::Or(trees) => trees.iter().map(leaves).sum(),
        Tree::Same(typed, others) => typed.len() + others.len(),
        Tree::Leaf { .. } => 1,
    }
}

fn moved(moment: DateTime<Utc>, number: i64, unit: &str) -> Option<DateTime<Utc>> {
    let months = |months: i64| {
        let span = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        if months < 0 {
            moment.checked_sub_months(span)
        } else {
            moment.checked_add_months(span)
        }
    };
    let span = match unit {
        "YEAR" => return months(number.checked_mul(12)?),
        "MONTH" => return months(number),
        "DAY" | "DATE" => TimeDelta::try_days(number),
        "HOUR" => TimeDelta::try_hours(number),
        "MINUTE" => TimeDelta::try_minutes(number),
        "SECOND" => TimeDelta::try_seconds(number),
        _ => None,
    };
    moment.checked_add_signed(span?)
}

fn floor(moment: DateTime<Utc>, unit: &str) -> Option<DateTime<Utc>> {
    let day = moment.date_naive();
    let begins = |day: Option<chrono::NaiveDate>| Some(day?.and_hms_opt(0, 0, 0)?.and_utc());
    let seconds = |length: i64| {
        let second = moment.timestamp();
        DateTime::from_timestamp(second - second.rem_euclid(length), 0)
    };
    match unit {
        "YEAR" => begins(day.with_ordinal(1)),
        "MONTH" => begins(day.with_day(1)),
        "DAY" | "DATE" => begins(Some(day)),
        "HOUR" => seconds(3600),
        "MINUTE" => seconds(60),
        "SECOND" => seconds(1),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
