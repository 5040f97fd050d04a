//! From a worker's answer to the rows of a page. Start at [`results`] and [`graph`].

use super::Base;
use harvestd_web::sparql::{Cell, Found, Table};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::{Literal, NamedNode, Term, vocab::xsd},
    sparql::results::{QueryResultsFormat, QueryResultsParser, ReaderQueryResultsParserOutput},
};

/// Reads SPARQL results in JSON. `whole`: the bytes are all of them; else they end anywhere.
pub fn results(bytes: &[u8], whole: bool, rows_max: usize, base: &Base) -> Result<Found, String> {
    let parser = QueryResultsParser::from_format(QueryResultsFormat::Json);
    let solutions = match parser.for_reader(bytes).map_err(|e| e.to_string())? {
        ReaderQueryResultsParserOutput::Boolean(truth) => return Ok(Found::Truth(truth)),
        ReaderQueryResultsParserOutput::Solutions(solutions) => solutions,
    };
    let heads: Vec<String> = solutions
        .variables()
        .iter()
        .map(|variable| variable.as_str().to_owned())
        .collect();
    let mut table = Table {
        heads,
        more: !whole,
        ..Table::default()
    };
    let mut kinds = vec![Kind::default(); table.heads.len()];
    for solution in solutions {
        let solution = match solution {
            Ok(solution) => solution,
            // The row at which the bytes end.
            Err(_) if !whole => break,
            Err(error) => return Err(error.to_string()),
        };
        if table.rows.len() >= rows_max {
            table.more = true;
            break;
        }
        let terms = solution.values().iter().zip(&mut kinds);
        let row = terms.map(|(term, kind)| {
            let cell = cell(term.as_ref()?, base);
            kind.see(&cell);
            Some(cell)
        });
        table.rows.push(row.collect());
    }
    for (head, kind) in table.heads.iter().zip(&kinds) {
        match (kind.numbers, kind.others) {
            (1.., 0) => table.numbers.push(head.clone()),
            (_, 1..) => table.labels.push(head.clone()),
            _ => {}
        }
    }
    Ok(Found::Table(table))
}

/// Reads a graph in N-Triples.
pub fn graph(bytes: &[u8], whole: bool, rows_max: usize, base: &Base) -> Result<Found, String> {
    let mut table = Table {
        heads: ["subject", "predicate", "object"].map(str::to_owned).into(),
        more: !whole,
        ..Table::default()
    };
    for quad in RdfParser::from_format(RdfFormat::NTriples).for_slice(bytes) {
        let quad = match quad {
            Ok(quad) => quad,
            Err(_) if !whole => break,
            Err(error) => return Err(error.to_string()),
        };
        if table.rows.len() >= rows_max {
            table.more = true;
            break;
        }
        let terms = [
            Term::from(quad.subject),
            Term::from(quad.predicate),
            quad.object,
        ];
        table
            .rows
            .push(terms.iter().map(|term| Some(cell(term, base))).collect());
    }
    Ok(Found::Table(table))
}

/// What a column holds.
#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    numbers: usize,
    others: usize,
}

impl Kind {
    fn see(&mut self, cell: &Cell) {
        match cell.is_number {
            true => self.numbers += 1,
            false => self.others += 1,
        }
    }
}

fn cell(term: &Term, base: &Base) -> Cell {
    match term {
        Term::NamedNode(iri) => of_iri(iri, base),
        Term::Literal(literal) => of_literal(literal),
        other => Cell {
            text: other.to_string(),
            ..Cell::default()
        },
    }
}

/// What is ours leads to its page here, wherever the catalogue says that it is.
fn of_iri(iri: &NamedNode, base: &Base) -> Cell {
    let text = iri.as_str().to_owned();
    let link = match text.strip_prefix(base.iris.as_str()) {
        Some(path) => format!("{}{path}", base.pages),
        None => text.clone(),
    };
    Cell {
        text,
        link: Some(link),
        ..Cell::default()
    }
}

fn of_literal(literal: &Literal) -> Cell {
    let datatype = literal.datatype();
    let is_plain = datatype == xsd::STRING || literal.language().is_some();
    let is_number = [
        xsd::INTEGER,
        xsd::DECIMAL,
        xsd::DOUBLE,
        xsd::FLOAT,
        xsd::INT,
        xsd::LONG,
        xsd::NON_NEGATIVE_INTEGER,
    ]
    .contains(&datatype)
        && literal.value().parse::<f64>().is_ok_and(f64::is_finite);
    Cell {
        text: literal.value().to_owned(),
        lang: literal.language().map(str::to_owned),
        datatype: (!is_plain).then(|| short(datatype.as_str())),
        link: None,
        is_number,
    }
}

/// `xsd:integer` for what everybody knows, else the last part.
fn short(datatype: &str) -> String {
    const XSD: &str = "http://www.w3.org/2001/XMLSchema#";
    match datatype.strip_prefix(XSD) {
        Some(name) => format!("xsd:{name}"),
        None => datatype
            .rsplit(['#', '/'])
            .next()
            .unwrap_or(datatype)
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn base() -> Base {
        Base {
            iris: "http://hub.example/open/".to_owned(),
            pages: "/open/".to_owned(),
        }
    }

    const JSON: &str = r#"{"head":{"vars":["d","n"]},"results":{"bindings":[
        {"d":{"type":"uri","value":"http://hub.example/open/dataset/a/1"},"n":{"type":"literal","value":"7","datatype":"http://www.w3.org/2001/XMLSchema#integer"}},
        {"d":{"type":"literal","value":"雨","xml:lang":"zh"}},
        {"d":{"type":"uri","value":"javascript:alert(1)"}}]}}"#;

    fn table(found: Found) -> Table {
        match found {
            Found::Table(table) => table,
            Found::Truth(truth) => panic!("{truth}"),
        }
    }

    #[test]
    fn rows_lead_to_our_pages_and_say_their_kinds() {
        let all = table(results(JSON.as_bytes(), true, 10, &base()).unwrap());
        assert_eq!((all.rows.len(), all.more), (3, false));
        let first = all.rows[0][0].clone().unwrap();
        assert_eq!(first.link.as_deref(), Some("/open/dataset/a/1"));
        let number = all.rows[0][1].clone().unwrap();
        assert!(number.is_number && number.datatype.as_deref() == Some("xsd:integer"));
        assert_eq!(all.rows[1][1], None);
        assert_eq!(all.rows[1][0].clone().unwrap().lang.as_deref(), Some("zh"));
        assert_eq!(
            (all.labels, all.numbers),
            (vec!["d".to_owned()], vec!["n".to_owned()])
        );
    }

    #[test]
    fn what_is_left_out_is_said() {
        let two = table(results(JSON.as_bytes(), true, 2, &base()).unwrap());
        assert_eq!((two.rows.len(), two.more), (2, true));
        let exactly = table(results(JSON.as_bytes(), true, 3, &base()).unwrap());
        assert_eq!((exactly.rows.len(), exactly.more), (3, false));
        // Cut in the last row.
        let cut = &JSON.as_bytes()[..JSON.len() - 30];
        let cut_rows = table(results(cut, false, 10, &base()).unwrap());
        assert_eq!((cut_rows.rows.len(), cut_rows.more), (2, true));
        assert!(
            results(cut, true, 10, &base()).is_err(),
            "it is broken, not short"
        );
    }

    #[test]
    fn answers_are_yes_or_no_and_graphs_are_triples() {
        let yes = br#"{"head":{},"boolean":true}"#;
        assert!(matches!(
            results(yes, true, 1, &base()).unwrap(),
            Found::Truth(true)
        ));
        let graph = |rows_max| {
            let bytes = b"<a:s> <a:p> \"x\" .\n<a:s> <a:p> <a:o> .\n";
            table(graph(bytes, true, rows_max, &base()).unwrap())
        };
        assert_eq!((graph(9).rows.len(), graph(9).more), (2, false));
        assert_eq!((graph(1).rows.len(), graph(1).more), (1, true));
    }
}
