//! A report in RDF: a validation report as SHACL has it (section 3.6), with a result for each row; the run as an activity
//! of PROV; its counts as measurements of DQV. The address of the report is its name.

use crate::report::{Fate, Report, Row};
use crate::run::prov;
use harvestd_vocab::iris::record_iri;
use oxigraph::{
    io::{RdfFormat, RdfSerializer, WriterQuadSerializer},
    model::{Literal, NamedNode, NamedNodeRef, Term, Triple, vocab::rdf},
};
use std::io::{self, Write};

const SH: &str = "http://www.w3.org/ns/shacl#";
const DQV: &str = "http://www.w3.org/ns/dqv#";
const PROV: &str = "http://www.w3.org/ns/prov#";
const OWN: &str = "https://w3id.org/harvestd/ns#";

/// A report on its way.
pub struct Graph<W: Write> {
    out: WriterQuadSerializer<W>,
    base: String,
    source: String,
    /// The report's own address.
    document: NamedNode,
    catalog: NamedNode,
}

impl<W: Write> Graph<W> {
    pub fn new(format: RdfFormat, base: &str, report: &Report, out: W) -> Self {
        let mut serializer = RdfSerializer::from_format(format);
        for (prefix, iri) in [("sh", SH), ("dqv", DQV), ("prov", PROV), ("harvestd", OWN)] {
            serializer = match serializer.clone().with_prefix(prefix, iri) {
                Ok(with) => with,
                Err(_) => serializer,
            };
        }
        let source = &report.source;
        Self {
            out: serializer.for_writer(out),
            base: base.to_owned(),
            source: source.clone(),
            document: named(format!("{base}sources/{source}/report/{}", report.run)),
            catalog: named(format!("{base}catalog/{source}")),
        }
    }

    /// What is said of the report and of the run as a whole.
    pub fn begin(&mut self, report: &Report) -> io::Result<()> {
        let quads = prov::quads(&self.base, report);
        let run = quads.first().map(|quad| quad.subject.clone());
        for quad in quads {
            self.out.serialize_triple(&Triple::from(quad))?;
        }
        let document = self.document.clone();
        let rows = &report.account.counted;
        let conforms = rows.written + rows.not_written == 0;
        self.say(&document, rdf::TYPE.into_owned(), sh("ValidationReport"))?;
        self.say(
            &document,
            rdf::TYPE.into_owned(),
            named(format!("{PROV}Entity")),
        )?;
        self.say(&document, sh("conforms"), Literal::from(conforms))?;
        if let Some(run) = run {
            self.say(&document, named(format!("{PROV}wasGeneratedBy")), run)?;
        }
        if rows.not_written > 0 {
            self.say(&document, own("rowsNotWritten"), number(rows.not_written))?;
        }
        for text in &report.disagreements {
            self.say(&document, own("disagreement"), Literal::from(text.as_str()))?;
        }
        if let Some(why) = &report.why {
            self.say(&document, own("why"), Literal::from(why.as_str()))?;
        }
        self.counts(report)
    }

    fn counts(&mut self, report: &Report) -> io::Result<()> {
        let c = &report.counts;
        let declared = c.declared.map(|n| ("declared", n));
        let counts = [
            ("received", c.received),
            ("new", c.new),
            ("changed", c.changed),
            ("unchanged", c.unchanged),
            ("refused", c.refused),
            ("unreadable", c.unreadable),
            ("duplicate", c.duplicate),
            ("filtered", c.filtered),
            ("looped", c.looped),
            ("gone", c.gone),
            ("absent", c.absent),
            ("held", c.held),
            ("holds", c.holds),
        ];
        let (document, catalog) = (self.document.clone(), self.catalog.clone());
        for (name, n) in declared.into_iter().chain(counts) {
            let measured = named(format!("{}#{name}", document.as_str()));
            let dqv = |name: &str| named(format!("{DQV}{name}"));
            let is_a = rdf::TYPE.into_owned();
            self.say(&measured, is_a, dqv("QualityMeasurement"))?;
            self.say(&measured, dqv("isMeasurementOf"), own(name))?;
            self.say(&measured, dqv("computedOn"), catalog.clone())?;
            self.say(&measured, dqv("value"), number(n))?;
        }
        Ok(())
    }

    /// The `n`-th row.
    pub fn row(&mut self, n: u64, row: &Row) -> io::Result<()> {
        let document = self.document.clone();
        let result = named(format!("{}#row-{n}", document.as_str()));
        let focus = match (row.class, &row.record) {
            (Some(class), Some(key)) => record_iri(&self.base, &self.source, class, key),
            _ => self.catalog.clone(),
        };
        self.say(&document, sh("result"), result.clone())?;
        self.say(&result, rdf::TYPE.into_owned(), sh("ValidationResult"))?;
        self.say(&result, sh("focusNode"), focus)?;
        self.say(&result, sh("resultSeverity"), severity(row.fate))?;
        self.say(
            &result,
            sh("sourceConstraintComponent"),
            component(&row.code),
        )?;
        self.say(&result, own("fate"), Literal::from(row.fate.word()))?;
        for (predicate, text) in [
            (sh("value"), &row.found),
            (sh("resultMessage"), &message(row)),
            (own("path"), &row.path),
        ] {
            if !text.is_empty() {
                self.say(&result, predicate, Literal::from(text.as_str()))?;
            }
        }
        for (name, n) in [
            ("index", row.index),
            ("offset", row.offset),
            ("line", row.line),
        ] {
            if let Some(n) = n {
                self.say(&result, own(name), number(n))?;
            }
        }
        Ok(())
    }

    pub fn end(self) -> io::Result<()> {
        self.out.finish().map(|_| ())
    }

    fn say(
        &mut self,
        subject: &NamedNode,
        predicate: NamedNode,
        object: impl Into<Term>,
    ) -> io::Result<()> {
        let triple = Triple::new(subject.clone(), predicate, object);
        self.out.serialize_triple(&triple)
    }
}

fn message(row: &Row) -> String {
    match row.expected.as_str() {
        "" => row.code.clone(),
        expected => format!("{}: expected {expected}", row.code),
    }
}

fn severity(fate: Fate) -> NamedNode {
    sh(match fate {
        Fate::Refused | Fate::Unreadable | Fate::Duplicate => "Violation",
        Fate::Finding => "Warning",
        Fate::Filtered | Fate::Looped | Fate::Held | Fate::Remark => "Info",
    })
}

/// Codes are words with hyphens; a source's own words do not become IRIs.
fn component(code: &str) -> NamedNode {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match !code.is_empty() && code.chars().all(plain) {
        true => own(code),
        false => own("other"),
    }
}

fn named(iri: String) -> NamedNode {
    NamedNodeRef::new_unchecked(&iri).into_owned()
}

fn sh(name: &str) -> NamedNode {
    named(format!("{SH}{name}"))
}

fn own(name: &str) -> NamedNode {
    named(format!("{OWN}{name}"))
}

fn number(n: u64) -> Literal {
    Literal::new_typed_literal(n.to_string(), oxigraph::model::vocab::xsd::INTEGER)
}
