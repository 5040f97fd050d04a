//! Which syntax a document is in: by what it was declared as, and by how it begins.
//!
//! Start at [`sniff`]. It looks at the first bytes only and never parses.

use std::fmt;

/// How a document is read. Turtle is read as TriG, N-Triples as N-Quads: each is a subset of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    RdfXml,
    JsonLd,
    /// Turtle and TriG.
    Turtle,
    /// N-Triples and N-Quads.
    Lines,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RdfXml => "RDF/XML",
            Self::JsonLd => "JSON-LD",
            Self::Turtle => "Turtle or TriG",
            Self::Lines => "N-Triples or N-Quads",
        })
    }
}

/// What the `format` option may say, the syntax it means, and the Accept header to ask for it alone.
pub const FORMATS: [(&str, Syntax, &str); 6] = [
    ("rdf-xml", Syntax::RdfXml, "application/rdf+xml"),
    ("turtle", Syntax::Turtle, "text/turtle"),
    ("json-ld", Syntax::JsonLd, "application/ld+json"),
    ("n-triples", Syntax::Lines, "application/n-triples"),
    ("trig", Syntax::Turtle, "application/trig"),
    ("n-quads", Syntax::Lines, "application/n-quads"),
];

/// All formats. Those whose end can be seen come first: half a document must not pass for a whole one.
pub const ACCEPT: &str = "application/rdf+xml, application/ld+json;q=0.9, text/turtle;q=0.8, application/trig;q=0.7, \
    application/n-triples;q=0.6, application/n-quads;q=0.5, */*;q=0.1";

/// The format of a document by its media type and its begin, for other connectors that read RDF.
pub fn format_of(media_type: Option<&str>, begin: &[u8]) -> Option<oxrdfio::RdfFormat> {
    use oxrdfio::RdfFormat;
    let syntax = match (declared(media_type), sniff(begin)) {
        (Declared::As(syntax), None) => syntax,
        (Declared::As(said), Some(seen))
            if matches!(said, Syntax::Turtle) && matches!(seen, Syntax::Lines) =>
        {
            said
        }
        (_, seen) => seen?,
    };
    Some(match syntax {
        Syntax::RdfXml => RdfFormat::RdfXml,
        Syntax::JsonLd => RdfFormat::JsonLd {
            profile: oxrdfio::JsonLdProfileSet::empty(),
        },
        Syntax::Turtle => RdfFormat::TriG,
        Syntax::Lines => RdfFormat::NQuads,
    })
}

/// What a media type says of the syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// A media type of that syntax alone.
    As(Syntax),
    /// None, or one that may hold this syntax (`application/xml`, `text/plain`, …).
    Vaguely,
    /// A media type of something else (`text/html`, `text/csv`, …).
    Else,
}

pub fn declared(media_type: Option<&str>) -> Declared {
    let Some(media_type) = media_type else {
        return Declared::Vaguely;
    };
    match media_type {
        "application/rdf+xml" => Declared::As(Syntax::RdfXml),
        "application/ld+json" => Declared::As(Syntax::JsonLd),
        "text/turtle"
        | "application/x-turtle"
        | "application/turtle"
        | "application/trig"
        | "application/x-trig"
        | "text/n3"
        | "text/rdf+n3" => Declared::As(Syntax::Turtle),
        "application/n-triples" | "application/n-quads" | "text/x-nquads" | "text/ntriples" => {
            Declared::As(Syntax::Lines)
        }
        "application/xml"
        | "text/xml"
        | "application/json"
        | "text/json"
        | "text/plain"
        | "application/octet-stream"
        | "binary/octet-stream"
        | "" => Declared::Vaguely,
        _ => Declared::Else,
    }
}

/// The syntax in which a document that begins so can be read. None: nothing we know.
pub fn sniff(begin: &[u8]) -> Option<Syntax> {
    let text = begin
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(begin)
        .trim_ascii_start();
    match text {
        [b'{', rest @ ..] => match rest.trim_ascii_start() {
            [] | [b'"' | b'}', ..] => Some(Syntax::JsonLd),
            _ => Some(Syntax::Turtle),
        },
        [b'[', rest @ ..] => match rest.trim_ascii_start() {
            [] | [b'{' | b'"', ..] => Some(Syntax::JsonLd),
            [b']', rest @ ..] if rest.trim_ascii_start().is_empty() => Some(Syntax::JsonLd),
            _ => Some(Syntax::Turtle),
        },
        [b'<', rest @ ..] if is_markup(rest) => Some(Syntax::RdfXml),
        _ if looks_like_lines(text) => Some(Syntax::Lines),
        [b'<' | b'@' | b'#' | b'_' | b':', ..] => Some(Syntax::Turtle),
        _ if begins_like_turtle(text) => Some(Syntax::Turtle),
        _ => None,
    }
}

/// After `<`: markup and no IRI. An IRI is closed without white space and has a colon followed by more than a name.
fn is_markup(after: &[u8]) -> bool {
    if matches!(after.first(), Some(b'?' | b'!')) {
        return true;
    }
    let name = after
        .split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'))
        .next()
        .unwrap_or_default();
    let end = after.get(name.len());
    let prefixed = name.iter().filter(|b| **b == b':').count() <= 1 && !name.ends_with(b":");
    let characters = name
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_' | b'.'));
    if name.is_empty() || !prefixed || !characters {
        return false;
    }
    // `<rdf:RDF>` could be an IRI by its letters alone.
    end.is_some_and(u8::is_ascii_whitespace) || name.ends_with(b"RDF")
}

/// Nearly all whole lines that say something are one statement each; a broken one among them does not matter.
fn looks_like_lines(text: &[u8]) -> bool {
    let whole = text
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(text, |end| &text[..end]);
    let lines = whole
        .split(|b| *b == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let (mut statements, mut others) = (0, 0);
    for line in lines {
        match is_statement(line) {
            true => statements += 1,
            false => others += 1,
        }
    }
    statements > 0 && others * 10 <= statements
}

fn is_statement(line: &[u8]) -> bool {
    let is_node =
        |part: &[u8]| part.starts_with(b"_:") || (part.starts_with(b"<") && part.ends_with(b">"));
    let mut parts = line
        .split(u8::is_ascii_whitespace)
        .filter(|part| !part.is_empty());
    parts.next().is_some_and(is_node) && parts.next().is_some_and(is_node) && line.ends_with(b".")
}

/// `PREFIX`, `BASE`, `GRAPH`, or a prefixed name.
fn begins_like_turtle(text: &[u8]) -> bool {
    let word = text
        .split(u8::is_ascii_whitespace)
        .next()
        .unwrap_or_default();
    ["PREFIX", "BASE", "GRAPH"]
        .iter()
        .any(|keyword| word.eq_ignore_ascii_case(keyword.as_bytes()))
        || (word.contains(&b':')
            && word.first().is_some_and(u8::is_ascii_alphabetic)
            && word.len() < 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_how_each_syntax_begins() {
        for (begin, syntax) in [
            ("<?xml version='1.0'?>", Syntax::RdfXml),
            ("\u{feff}\n<rdf:RDF xmlns:rdf='x'>", Syntax::RdfXml),
            ("<rdf:RDF>", Syntax::RdfXml),
            ("<!-- c --><rdf:RDF/>", Syntax::RdfXml),
            ("<Catalog xmlns='x'/>", Syntax::RdfXml),
            ("{\"@context\":{}}", Syntax::JsonLd),
            (" [ { \"@id\": 1", Syntax::JsonLd),
            ("[]", Syntax::JsonLd),
            ("[] a <http://x/C> .", Syntax::Turtle),
            ("[ a dcat:Catalog ] .", Syntax::Turtle),
            ("{ <http://x/a> a <http://x/b> }", Syntax::Turtle),
            ("<http://x/a> a <http://x/b> .", Syntax::Turtle),
            ("<urn:x:y>\n a <http://x/b> .", Syntax::Turtle),
            (
                "# note\n@prefix dcat: <http://www.w3.org/ns/dcat#> .",
                Syntax::Turtle,
            ),
            ("PREFIX dcat: <http://www.w3.org/ns/dcat#>", Syntax::Turtle),
            ("GRAPH <http://x/g> {", Syntax::Turtle),
            ("ex:a ex:b ex:c .", Syntax::Turtle),
            (
                "# note\n<http://x/a> <http://x/b> \"臺 北\"@zh .\n",
                Syntax::Lines,
            ),
            ("_:a <http://x/b> _:c <http://x/g> .\n", Syntax::Lines),
        ] {
            assert_eq!(sniff(begin.as_bytes()), Some(syntax), "{begin}");
        }
        for begin in ["", "Internal Server Error", "id,title\n1,x", "null"] {
            assert_eq!(sniff(begin.as_bytes()), None, "{begin}");
        }
    }
}
