//! Statements as lines of N-Triples: taking them apart, comparing them, making quads of them. Pure.

use super::StoreError;
use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::{GraphName, Quad, Triple};

/// Subject, predicate and object of one line, as they stand (`<…>`, literals with quotes).
pub fn split(line: &str) -> Option<(&str, &str, &str)> {
    let (subject, rest) = line.split_once(' ')?;
    let (predicate, rest) = rest.split_once(' ')?;
    Some((subject, predicate, rest.strip_suffix(" .")?))
}

/// The IRI within angle brackets.
pub fn iri(token: &str) -> Option<&str> {
    token.strip_prefix('<')?.strip_suffix('>')
}

/// Sorted N-Triples of triples, each once.
pub fn body_of(triples: &[Triple]) -> String {
    let mut lines: Vec<String> = triples.iter().map(|t| format!("{t} .\n")).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.concat()
}

/// Lines as a text.
pub fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|l| [*l, "\n"]).collect()
}

/// What has to go and what has to come, to make `new` of `old`; both sorted.
pub fn difference<'a>(old: &'a str, new: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let (mut olds, mut news) = (old.lines().peekable(), new.lines().peekable());
    loop {
        match (olds.peek(), news.peek()) {
            (Some(o), Some(n)) if o == n => {
                olds.next();
                news.next();
            }
            (Some(o), Some(n)) if o < n => gone.extend(olds.next()),
            (Some(_), None) => gone.extend(olds.next()),
            (_, Some(_)) => come.extend(news.next()),
            (None, None) => return (gone, come),
        }
    }
}

/// The quads that lines say, in a graph.
pub fn quads(text: &str, graph: &GraphName) -> Result<Vec<Quad>, StoreError> {
    RdfParser::from_format(RdfFormat::NTriples)
        .lenient()
        .for_slice(text.as_bytes())
        .map(|q| {
            q.map(|q| Quad::new(q.subject, q.predicate, q.object, graph.clone()))
                .map_err(|e| {
                    StoreError::Broken(format!("a normal description is no N-Triples: {e}"))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_exact() {
        let (gone, come) = difference("a\nb\nd\n", "b\nc\nd\ne\n");
        assert_eq!((gone, come), (vec!["a"], vec!["c", "e"]));
        assert_eq!(difference("a\n", "a\n"), (vec![], vec![]));
        assert_eq!(difference("", "a\n"), (vec![], vec!["a"]));
        assert_eq!(difference("b\n", ""), (vec!["b"], vec![]));
    }

    #[test]
    fn lines_come_apart() {
        assert_eq!(
            split("<a:s> <a:p> \"x y\"@en ."),
            Some(("<a:s>", "<a:p>", "\"x y\"@en"))
        );
        assert_eq!(iri("<a:s>"), Some("a:s"));
        assert_eq!(iri("\"a\""), None);
    }
}
