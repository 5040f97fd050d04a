//! A document of the feed, written piece by piece, so that no page lies in memory.
//!
//! The log's lines are N-Triples already: TriG and N-Quads take them over as they are. Start at [`Document::begin`].

use super::{
    Syntax, jsonld,
    said::{Object, PREFIXES, Said, iri},
};
use crate::log::{Activity, date_time};
use oxigraph::model::{Literal, NamedNode, Term, vocab::xsd};
use std::io::{self, Write};

pub struct Document<'o> {
    syntax: Syntax,
    out: &'o mut dyn Write,
}

impl<'o> Document<'o> {
    pub fn new(syntax: Syntax, out: &'o mut dyn Write) -> Self {
        Self { syntax, out }
    }

    /// What is said of the feed. Comes first, and once.
    pub fn begin(&mut self, said: &[Said]) -> io::Result<()> {
        match self.syntax {
            Syntax::TriG => self.begin_trig(said),
            Syntax::NQuads => {
                for one in said {
                    for (predicate, object) in &one.words {
                        let (subject, predicate) = (&one.subject, iri(predicate));
                        let object = term(object);
                        writeln!(self.out, "<{subject}> <{predicate}> {object} .")?;
                    }
                }
                Ok(())
            }
            Syntax::JsonLd => {
                let nodes = said.iter().map(|one| {
                    let words = one.words.iter();
                    jsonld::node(&one.subject, words.map(|(p, o)| (iri(p), term(o))))
                });
                for (index, node) in nodes.enumerate() {
                    let comma = if index == 0 { "[\n" } else { ",\n" };
                    write!(self.out, "{comma}{node}")?;
                }
                Ok(())
            }
        }
    }

    /// The activity in the default graph: its type, its object, its time and nothing else, for its shape is closed. Its
    /// body in the graph that it names.
    pub fn activity(&mut self, name: &str, a: &Activity) -> io::Result<()> {
        match self.syntax {
            Syntax::TriG => {
                let verb = word(a.verb.iri());
                let time = date_time(a.published_us);
                writeln!(
                    self.out,
                    "\n<{name}> a {verb} ;\n  as:object <{}> ;\n  as:published \"{time}\"^^xsd:dateTime .",
                    a.entity
                )?;
                if a.body.is_empty() {
                    return Ok(());
                }
                write!(self.out, "<{name}> {{\n{}}}\n", a.body)
            }
            Syntax::NQuads => a.write(name, self.out),
            Syntax::JsonLd => write!(self.out, ",\n{}", jsonld::activity(name, a)?),
        }
    }

    pub fn end(&mut self) -> io::Result<()> {
        match self.syntax {
            Syntax::JsonLd => self.out.write_all(b"\n]\n"),
            Syntax::TriG | Syntax::NQuads => Ok(()),
        }
    }

    fn begin_trig(&mut self, said: &[Said]) -> io::Result<()> {
        for (prefix, base) in PREFIXES.iter().filter(|(prefix, _)| *prefix != "rdf") {
            writeln!(self.out, "@prefix {prefix}: <{base}> .")?;
        }
        for one in said {
            write!(self.out, "\n<{}>", one.subject)?;
            let mut before = "";
            for (predicate, object) in &one.words {
                match (before, *predicate) {
                    ("", "rdf:type") => self.out.write_all(b" a ")?,
                    ("", predicate) => write!(self.out, " {predicate} ")?,
                    (same, predicate) if same == predicate => self.out.write_all(b" , ")?,
                    (_, predicate) => write!(self.out, " ;\n  {predicate} ")?,
                }
                before = predicate;
                match object {
                    Object::Word(word) => write!(self.out, "{word}")?,
                    other => write!(self.out, "{}", term(other))?,
                }
            }
            self.out.write_all(b" .\n")?;
        }
        Ok(())
    }
}

/// An IRI of Activity Streams with its prefix.
fn word(iri: &str) -> String {
    iri.replacen("https://www.w3.org/ns/activitystreams#", "as:", 1)
}

fn term(object: &Object) -> Term {
    match object {
        Object::Iri(iri) => NamedNode::new_unchecked(iri).into(),
        Object::Word(word) => NamedNode::new_unchecked(iri(word)).into(),
        Object::Time(us) => Literal::new_typed_literal(date_time(*us), xsd::DATE_TIME).into(),
        Object::Number(number) => {
            Literal::new_typed_literal(number.to_string(), xsd::INTEGER).into()
        }
        Object::Duration(text) => Literal::new_typed_literal(text, xsd::DURATION).into(),
        Object::Text { text, language } => {
            Literal::new_language_tagged_literal_unchecked(text, language.to_ascii_lowercase())
                .into()
        }
    }
}
