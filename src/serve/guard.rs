//! What a query may not be, before and after it is parsed.
//!
//! Parsing and evaluation recurse: some 5,000 nested brackets in 10 kB overflow a stack of 8 MB. So size and nesting are
//! measured first, by a scan that recurses nowhere. Start at [`before_parsing`] and [`after_parsing`].

use super::wire::Refused;
use spargebra::{Query, algebra};
use std::{borrow::Cow, iter::Peekable, str::CharIndices};

/// Refuses what is too large, or nested too deep, to be parsed safely.
pub fn before_parsing(query: &str, bytes_max: usize, nesting_max: usize) -> Result<(), Refused> {
    if query.len() > bytes_max {
        return Err(refuse(
            413,
            "query-too-large",
            format!(
                "The query has {} bytes; at most {bytes_max} are taken.",
                query.len()
            ),
        ));
    }
    nesting(query, nesting_max)
}

/// Refuses a query whose brackets nest deeper than `nesting_max`, wherever strings, IRIs and comments let them count.
pub fn nesting(query: &str, nesting_max: usize) -> Result<(), Refused> {
    let deepest = depth(query);
    if deepest > nesting_max {
        return Err(refuse(
            400,
            "query-too-deep",
            format!("The query nests {deepest} deep; at most {nesting_max} levels are taken."),
        ));
    }
    Ok(())
}

/// A query this long has more to say than a lookup.
const PLAIN_BYTES_MAX: usize = 4 * 1024;
/// A group, and an OPTIONAL group in it.
const PLAIN_NESTING_MAX: usize = 2;

/// May the query be parsed on a thread that has a small stack, and others to serve? It may where it is short, nests next to
/// nothing, and is written without what makes a parser recurse: brackets other than `{`, operators, property paths. Says
/// nothing of whether the query is right.
pub fn is_plain(query: &str) -> bool {
    // An escape can stand for a bracket: SPARQL 1.1 Query Language, section 19.2.
    if query.len() > PLAIN_BYTES_MAX || query.contains('\\') {
        return false;
    }
    let mut depth = 0_usize;
    let mut characters = query.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let end = match character {
            '<' => iri_end(query, at),
            '"' | '\'' => string_end(query, at),
            '#' => query[at..].find(['\n', '\r']).map(|end| at + end),
            '{' => {
                depth += 1;
                (depth <= PLAIN_NESTING_MAX).then_some(at)
            }
            '}' => {
                depth = depth.saturating_sub(1);
                Some(at)
            }
            '?' | '$' | ':' | '.' | ';' | ',' | '_' | '-' | '@' | '^' | '*' => Some(at),
            c => (c.is_alphanumeric() || c.is_whitespace()).then_some(at),
        };
        let Some(end) = end else {
            return false;
        };
        skip(&mut characters, end);
    }
    true
}

/// Refuses federation: no query of a stranger reaches the network from here.
pub fn after_parsing(query: &Query) -> Result<(), Refused> {
    let (Query::Select { pattern, .. }
    | Query::Construct { pattern, .. }
    | Query::Describe { pattern, .. }
    | Query::Ask { pattern, .. }) = query;
    if calls_a_service(pattern) {
        return Err(refuse(
            400,
            "service-not-supported",
            "SERVICE is not supported here: this endpoint asks no other.".to_owned(),
        ));
    }
    Ok(())
}

pub fn refuse(status: u16, code: &str, detail: String) -> Refused {
    Refused {
        status,
        code: code.to_owned(),
        detail,
        position: None,
        damaged: None,
    }
}

/// Read both ways: a parser may resolve `\uXXXX` everywhere before it reads (SPARQL 1.1 Query Language, section 19.2), so
/// that a bracket or a quote can be written so, or only inside strings and IRIs.
fn depth(query: &str) -> usize {
    match with_escapes_resolved(query) {
        Cow::Borrowed(query) => deepest(query),
        Cow::Owned(resolved) => deepest(&resolved).max(deepest(query)),
    }
}

fn with_escapes_resolved(query: &str) -> Cow<'_, str> {
    if !query.contains("\\u") && !query.contains("\\U") {
        return Cow::Borrowed(query);
    }
    let mut resolved = String::with_capacity(query.len());
    let mut rest = query;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        resolved.push_str(before);
        let digits = match escape.as_bytes().get(1) {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let character = escape
            .get(2..2 + digits)
            .filter(|_| digits > 0)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .and_then(char::from_u32);
        let taken = match character {
            Some(character) => {
                resolved.push(character);
                2 + digits
            }
            None => {
                resolved.push('\\');
                1
            }
        };
        rest = escape.get(taken..).unwrap_or_default();
    }
    resolved.push_str(rest);
    Cow::Owned(resolved)
}

/// The deepest nesting of `{`, `(` and `[`. Where the text is not well formed it errs on the deep side: a `<` that opens
/// no IRI is an operator, and a string that does not end is no string.
fn deepest(query: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut characters = query.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '{' | '(' | '[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            '#' => skip(
                &mut characters,
                query[at..]
                    .find(['\n', '\r'])
                    .map_or(query.len(), |end| at + end),
            ),
            '<' => {
                if let Some(end) = iri_end(query, at) {
                    skip(&mut characters, end);
                }
            }
            '"' | '\'' => {
                if let Some(end) = string_end(query, at) {
                    skip(&mut characters, end);
                }
            }
            '\\' => {
                characters.next();
            }
            _ => {}
        }
    }
    deepest
}

fn skip(characters: &mut Peekable<CharIndices<'_>>, end: usize) {
    while characters.next_if(|(at, _)| *at < end).is_some() {}
}

/// The end of the IRI that the `<` at `at` opens: SPARQL 1.1, IRIREF.
fn iri_end(query: &str, at: usize) -> Option<usize> {
    let inside = &query[at + 1..];
    let stop = inside.find(|c: char| {
        matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '^' | '`' | '\\') || c <= ' '
    })?;
    inside[stop..].starts_with('>').then_some(at + 1 + stop + 1)
}

/// The end of the string that the quote at `at` opens, short or long.
fn string_end(query: &str, at: usize) -> Option<usize> {
    let bytes = query.as_bytes();
    let quote = *bytes.get(at)?;
    let long = bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
    let mut i = if long { at + 3 } else { at + 1 };
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'\\' => i += 2,
            b'\n' | b'\r' if !long => return None,
            _ if byte != quote => i += 1,
            _ if !long => return Some(i + 1),
            _ if bytes.get(i + 1) == Some(&quote) && bytes.get(i + 2) == Some(&quote) => {
                return Some(i + 3);
            }
            _ => i += 1,
        }
    }
    None
}

fn calls_a_service(pattern: &algebra::GraphPattern) -> bool {
    use algebra::GraphPattern as P;
    match pattern {
        P::Service { .. } => true,
        P::Bgp { .. } | P::Path { .. } | P::Values { .. } => false,
        P::Join { left, right }
        | P::Lateral { left, right }
        | P::Union { left, right }
        | P::Minus { left, right } => calls_a_service(left) || calls_a_service(right),
        P::LeftJoin {
            left,
            right,
            expression,
        } => {
            calls_a_service(left)
                || calls_a_service(right)
                || expression.as_ref().is_some_and(expression_calls_a_service)
        }
        P::Filter { expr, inner } => expression_calls_a_service(expr) || calls_a_service(inner),
        P::Extend {
            inner, expression, ..
        } => expression_calls_a_service(expression) || calls_a_service(inner),
        P::OrderBy { inner, expression } => {
            calls_a_service(inner)
                || expression.iter().any(|order| match order {
                    algebra::OrderExpression::Asc(e) | algebra::OrderExpression::Desc(e) => {
                        expression_calls_a_service(e)
                    }
                })
        }
        P::Group {
            inner, aggregates, ..
        } => {
            calls_a_service(inner)
                || aggregates.iter().any(|(_, aggregate)| match aggregate {
                    algebra::AggregateExpression::CountSolutions { .. } => false,
                    algebra::AggregateExpression::FunctionCall { expr, .. } => {
                        expression_calls_a_service(expr)
                    }
                })
        }
        P::Graph { inner, .. }
        | P::Project { inner, .. }
        | P::Distinct { inner }
        | P::Reduced { inner }
        | P::Slice { inner, .. } => calls_a_service(inner),
    }
}

fn expression_calls_a_service(expression: &algebra::Expression) -> bool {
    use algebra::Expression as E;
    match expression {
        E::NamedNode(_) | E::Literal(_) | E::Variable(_) | E::Bound(_) => false,
        E::Exists(pattern) => calls_a_service(pattern),
        E::UnaryPlus(e) | E::UnaryMinus(e) | E::Not(e) => expression_calls_a_service(e),
        E::Or(a, b)
        | E::And(a, b)
        | E::Equal(a, b)
        | E::SameTerm(a, b)
        | E::Greater(a, b)
        | E::GreaterOrEqual(a, b)
        | E::Less(a, b)
        | E::LessOrEqual(a, b)
        | E::Add(a, b)
        | E::Subtract(a, b)
        | E::Multiply(a, b)
        | E::Divide(a, b) => expression_calls_a_service(a) || expression_calls_a_service(b),
        E::In(e, list) => {
            expression_calls_a_service(e) || list.iter().any(expression_calls_a_service)
        }
        E::If(a, b, c) => [a, b, c].into_iter().any(|e| expression_calls_a_service(e)),
        E::Coalesce(list) | E::FunctionCall(_, list) => list.iter().any(expression_calls_a_service),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use spargebra::SparqlParser;

    #[track_caller]
    fn check(query: &str, expected: usize) {
        assert_eq!(depth(query), expected, "{query}");
    }

    #[test]
    fn brackets_count() {
        check("ASK {}", 1);
        check("SELECT * { { ?s ?p [ ?q (1 2) ] } UNION { } }", 4);
        check("} } } {", 1);
    }

    #[test]
    fn strings_iris_and_comments_do_not() {
        check(
            r#"SELECT * { ?s ?p "{{{{", '[[[', """ { " ( "" [ """, '''((''' }"#,
            1,
        );
        check(r#"SELECT * { ?s ?p "\"{{" }"#, 1);
        check("SELECT * { <http://e.example/((((> ?p ?o } # {{{{\n", 1);
        check("# {{{\nASK {}", 1);
    }

    #[test]
    fn what_only_looks_like_a_string_iri_or_comment_does() {
        check("ASK { FILTER(?a < ((1)) && ?b > 2) }", 4);
        check("ASK { ?s ?p \"not ended\n ((( }", 4);
        check("ASK { ?s ?p 'not ended { { ", 3);
        check(r"ASK { FILTER(?a <\u0028\u0028 1) }", 4);
        check(r"ASK \u007B\U0000007B }", 2);
        check(r#"ASK { FILTER(?a = "\u0022" || (((1))) || ?b = "x") }"#, 5);
        check("ASK { ex:a\\#b ?p (1) }", 2);
    }

    #[test]
    fn size_and_depth_are_refused_in_words() {
        let refused = before_parsing("ASK {}", 5, 10).unwrap_err();
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (413, "query-too-large")
        );
        let deep = format!("ASK {}{}", "{".repeat(11), "}".repeat(11));
        let refused = before_parsing(&deep, 1000, 10).unwrap_err();
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "query-too-deep")
        );
        assert_eq!(before_parsing(&deep, 1000, 11), Ok(()));
    }

    #[test]
    fn plain_is_what_makes_no_parser_recurse() {
        for plain in [
            "PREFIX d: <http://e.example/d#>\nSELECT ?p ?o WHERE { ?s d:id \"(7)\"@zh-Hant ; a d:Set ; ?p ?o } # all (of it)\n",
            "ASK { <http://e.example/a(b)> ?p 7.5 OPTIONAL { ?x ?y \"\"\"a|b\"\"\"^^d:t } }",
            "SELECT * { ?臺 ?p -1 } LIMIT 3",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        let long = format!("ASK {{ ?s ?p \"{}\" }}", "x".repeat(PLAIN_BYTES_MAX));
        for other in [
            "ASK { { { } } }",
            "ASK { ?s a/a ?o }",
            "ASK { ?s !a ?o }",
            "ASK { FILTER ?s }( ",
            "ASK { ?s ?p [ ] }",
            "ASK { ?s ?p ?o } ORDER BY ?a+?b",
            r"ASK \u007B }",
            "ASK { << ?s ?p ?o >> ?q ?r }",
            "ASK { ?s ?p \"not ended }",
            "ASK {} # not ended",
            &long,
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn a_service_is_found_wherever_it_hides() {
        for query in [
            "SELECT * { SERVICE <http://e.example/> { ?s ?p ?o } }",
            "SELECT * { ?s ?p ?o OPTIONAL { SERVICE SILENT ?x { ?s ?p ?o } } }",
            "SELECT * { ?s ?p ?o FILTER(?o > 1 && EXISTS { SERVICE <http://e.example/> { ?s ?p ?o } }) }",
            "SELECT * { { SELECT ?s { BIND(EXISTS { SERVICE <http://e.example/> {} } AS ?s) } } }",
            "ASK { ?s ?p ?o MINUS { GRAPH ?g { SERVICE <http://e.example/> { } } } }",
            "SELECT ?s { ?s ?p ?o } ORDER BY (EXISTS { SERVICE <http://e.example/> {} })",
        ] {
            let parsed = SparqlParser::new().parse_query(query).unwrap();
            assert_eq!(
                after_parsing(&parsed).unwrap_err().code,
                "service-not-supported",
                "{query}"
            );
        }
        let parsed = SparqlParser::new()
            .parse_query("SELECT * { ?s ?p \"SERVICE <http://e.example/> {}\" }")
            .unwrap();
        assert_eq!(after_parsing(&parsed), Ok(()));
    }
}
