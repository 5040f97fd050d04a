//! What is wrong with a query that does not parse, in words that help whoever wrote it.
//!
//! The parser says where it got furthest and what it would have read there, which misleads where the first word is wrong or
//! the request is an update. Decides nothing: the query is refused already. Start at [`refused`].

use super::{guard::refuse, wire::Refused};
use oxigraph::sparql::SparqlSyntaxError;

const FORMS: [&str; 4] = ["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"];
const UPDATES: [&str; 10] = [
    "INSERT", "DELETE", "WITH", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD",
];

/// Why `query` does not parse, and where.
pub fn refused(error: &SparqlSyntaxError, query: &str) -> Refused {
    let at = first_word(query);
    let word = word_at(query, at);
    let upper = word.to_ascii_uppercase();
    let (detail, position) = if UPDATES.contains(&upper.as_str()) {
        (update(&upper), Some(position(query, at)))
    } else if at == query.len() {
        let detail = "There is no query after its PREFIX and BASE lines: SELECT, ASK, CONSTRUCT or DESCRIBE was expected.";
        (detail.to_owned(), Some(position(query, at)))
    } else if !word.is_empty() && !FORMS.contains(&upper.as_str()) && !is_prologue(&upper) {
        let place = position(query, at);
        (no_form(word, place), Some(place))
    } else {
        let said = error.to_string();
        let place = parser_position(&said);
        (furthest(&said, place, query), place)
    };
    Refused {
        position,
        ..refuse(400, "query-syntax", detail)
    }
}

fn update(word: &str) -> String {
    format!(
        "{word} is an update, and this endpoint only answers queries: SELECT, ASK, CONSTRUCT and DESCRIBE. What it holds comes from the harvested catalogues; a change is made there and arrives with the next run."
    )
}

fn no_form(word: &str, (line, column): (u64, u64)) -> String {
    let meant = FORMS
        .iter()
        .find(|form| differ_little(form, &word.to_ascii_uppercase()))
        .map(|form| format!(" Is {form} meant?"))
        .unwrap_or_default();
    format!(
        "The query does not parse: line {line}, column {column} has {word:?} where SELECT, ASK, CONSTRUCT or DESCRIBE was expected.{meant}"
    )
}

/// Where the parser got furthest. What it expected there is left out where it is a set of characters: it names every
/// letter that could have followed.
fn furthest(said: &str, place: Option<(u64, u64)>, query: &str) -> String {
    let Some((line, column)) = place else {
        return format!("The query does not parse: {said}.");
    };
    let at = offset(query, line, column);
    let expected = said.split_once(": expected ").map_or("", |(_, rest)| rest);
    if expected.contains("Prefix not found") {
        let before = &query[..at];
        let from = before
            .rfind(|c: char| {
                c.is_whitespace() || matches!(c, '{' | '(' | ';' | ',' | '^' | '/' | '|')
            })
            .map_or(0, |i| {
                i + before[i..].chars().next().map_or(1, char::len_utf8)
            });
        let prefix = before[from..].split(':').next().unwrap_or_default();
        return format!(
            "The query does not parse: line {line}, column {column} uses the prefix {prefix:?}, which no PREFIX line declares."
        );
    }
    let found: String = query[at..]
        .chars()
        .take(20)
        .take_while(|c| *c != '\n')
        .collect();
    let found = if query[at..].trim().is_empty() {
        "the end of the query".to_owned()
    } else {
        format!("{found:?}")
    };
    let expected = if expected.is_empty() || expected.contains('[') {
        String::new()
    } else {
        format!(" where {expected} was expected")
    };
    format!("The query does not parse: line {line}, column {column} has {found}{expected}.")
}

fn parser_position(said: &str) -> Option<(u64, u64)> {
    let (at, _) = said.strip_prefix("error at ")?.split_once(": ")?;
    let (line, column) = at.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

fn is_prologue(word: &str) -> bool {
    matches!(word, "PREFIX" | "BASE" | "VERSION")
}

/// Where the query's own first word begins: after blanks, comments, PREFIX and BASE lines.
fn first_word(query: &str) -> usize {
    let mut at = 0;
    loop {
        at = after_blanks(query, at);
        if !is_prologue(&word_at(query, at).to_ascii_uppercase()) {
            return at;
        }
        // A declaration ends with its IRI.
        match query[at..].find('>') {
            Some(end) => at += end + 1,
            None => return at,
        }
    }
}

fn after_blanks(query: &str, mut at: usize) -> usize {
    loop {
        let rest = &query[at..];
        at = query.len() - rest.trim_start().len();
        if !query[at..].starts_with('#') {
            return at;
        }
        at = query[at..].find('\n').map_or(query.len(), |end| at + end);
    }
}

fn word_at(query: &str, at: usize) -> &str {
    let rest = &query[at..];
    let end = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    &rest[..end]
}

/// Line and column, in characters, from 1.
fn position(query: &str, at: usize) -> (u64, u64) {
    let before = &query[..at];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line as u64, column as u64)
}

fn offset(query: &str, line: u64, column: u64) -> usize {
    let mut place = (1, 1);
    for (at, character) in query.char_indices() {
        if place == (line, column) {
            return at;
        }
        place = match character {
            '\n' => (place.0 + 1, 1),
            _ => (place.0, place.1 + 1),
        };
    }
    query.len()
}

/// Whether one becomes the other by at most two letters added, left out or replaced.
fn differ_little(a: &str, b: &str) -> bool {
    const LETTERS: usize = 2;
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().is_some_and(|distance| *distance <= LETTERS)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use spargebra::SparqlParser;

    #[track_caller]
    fn check(query: &str, position: (u64, u64), needles: &[&str]) {
        let error = SparqlParser::new().parse_query(query).unwrap_err();
        let refused = refused(&error, query);
        assert_eq!(
            (refused.status, refused.code.as_str(), refused.position),
            (400, "query-syntax", Some(position)),
            "{query}: {refused:?}"
        );
        for needle in needles {
            assert!(refused.detail.contains(needle), "{query}: {refused:?}");
        }
    }

    #[test]
    fn an_update_is_told_from_a_mistake() {
        check(
            "INSERT DATA { <a:b> <a:c> 1 }",
            (1, 1),
            &["INSERT is an update", "next run"],
        );
        check(
            "# mine\nPREFIX a: <http://a.example/#>\n  delete where { ?s ?p ?o }",
            (3, 3),
            &["DELETE is an update"],
        );
    }

    #[test]
    fn a_misspelt_first_word_is_named() {
        check(
            "SELEC * { ?s ?p ?o }",
            (1, 1),
            &["\"SELEC\"", "Is SELECT meant?"],
        );
        check(
            "PREFIX a: <http://a.example/>\nconstuct {} WHERE {}",
            (2, 1),
            &["Is CONSTRUCT meant?"],
        );
        check("人口", (1, 1), &["\"人口\" where SELECT, ASK"]);
        check("", (1, 1), &["There is no query"]);
        check(
            "BASE <http://a.example/> # only\n",
            (2, 1),
            &["There is no query"],
        );
    }

    #[test]
    fn a_mistake_further_on_has_its_place_and_what_stands_there() {
        check("SELECT * {\n  ?s ?p }", (2, 10), &["line 2, column 10"]);
        check("SELECT * { ?s ?p ", (1, 18), &["the end of the query"]);
        check(
            "SELECT ?x WHERE { ?s dct:title ?x }",
            (1, 31),
            &["the prefix \"dct\", which no PREFIX line declares"],
        );
    }
}
