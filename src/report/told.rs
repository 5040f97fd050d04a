//! A report as others read it, row by row: JSON, a table, or RDF. Asks for a row only when there is room for it, so that
//! neither the rows nor what is written of them lie in memory. Start at [`Telling`].

use super::{Report, Row};
use crate::documents::national_csv::safe;
use oxigraph::io::RdfFormat;
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

mod graph;

/// Bytes after which a piece is given out.
const PIECE_BYTES: usize = 64 * 1024;
/// A spreadsheet takes a file for UTF-8 where it begins so.
const BYTE_ORDER_MARK: &str = "\u{feff}";
const COLUMNS: [&str; 12] = [
    "run", "source", "fate", "class", "record", "code", "path", "found", "expected", "index",
    "offset", "line",
];

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The report, with its rows as a list at its end.
    Json,
    /// The rows, as a table that spreadsheets show and do not calculate.
    Csv,
    /// SHACL's validation report, with what PROV and DQV have for the run.
    Graph(RdfFormat),
}

/// The rows that are told.
pub type Rows = Box<dyn Iterator<Item = io::Result<Row>> + Send>;

/// A report under way to its reader.
pub struct Telling {
    report: Report,
    rows: Rows,
    out: Shared,
    pen: Pen,
    begun: bool,
    ended: bool,
    /// Rows that were told.
    told: u64,
}

enum Pen {
    Json,
    Csv(Box<csv::Writer<Shared>>),
    Graph(Option<Box<graph::Graph<Shared>>>),
}

impl Telling {
    /// `base` is that of our IRIs.
    pub fn new(form: Form, base: &str, report: Report, rows: Rows) -> Self {
        let out = Shared::default();
        let pen = match form {
            Form::Json => Pen::Json,
            Form::Csv => Pen::Csv(Box::new(csv::Writer::from_writer(out.clone()))),
            Form::Graph(format) => {
                let graph = graph::Graph::new(format, base, &report, out.clone());
                Pen::Graph(Some(Box::new(graph)))
            }
        };
        Self {
            report,
            rows,
            out,
            pen,
            begun: false,
            ended: false,
            told: 0,
        }
    }

    /// The next piece. None: it was whole.
    pub fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        if !self.begun {
            self.begun = true;
            self.begin()?;
        }
        while !self.ended && self.out.len() < PIECE_BYTES {
            match self.rows.next() {
                Some(row) => self.row(&row?)?,
                None => {
                    self.ended = true;
                    self.end()?;
                }
            }
        }
        Ok(Some(self.out.take()).filter(|piece| !piece.is_empty()))
    }

    fn begin(&mut self) -> io::Result<()> {
        match &mut self.pen {
            Pen::Json => {
                let mut head = serde_json::to_vec(&self.report)?;
                // The object goes on.
                head.pop();
                self.out.write_all(&head)?;
                self.out.write_all(b",\"rows\":[")
            }
            Pen::Csv(table) => {
                self.out.write_all(BYTE_ORDER_MARK.as_bytes())?;
                table.write_record(COLUMNS)?;
                table.flush()
            }
            Pen::Graph(Some(graph)) => graph.begin(&self.report),
            Pen::Graph(None) => Ok(()),
        }
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.told += 1;
        match &mut self.pen {
            Pen::Json => {
                if self.told > 1 {
                    self.out.write_all(b",\n")?;
                }
                serde_json::to_writer(&mut self.out, row).map_err(io::Error::from)
            }
            Pen::Csv(table) => {
                table.write_record(cells(&self.report, row))?;
                table.flush()
            }
            Pen::Graph(Some(graph)) => graph.row(self.told, row),
            Pen::Graph(None) => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match &mut self.pen {
            Pen::Json => self.out.write_all(b"]}"),
            Pen::Csv(table) => table.flush(),
            Pen::Graph(graph) => graph.take().map_or(Ok(()), |graph| graph.end()),
        }
    }
}

fn cells(report: &Report, row: &Row) -> [String; 12] {
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    [
        report.run.clone(),
        report.source.clone(),
        row.fate.word().to_owned(),
        row.class
            .map(|c| c.segment().to_owned())
            .unwrap_or_default(),
        safe(row.record.as_deref().unwrap_or_default()),
        safe(&row.code),
        safe(&row.path),
        safe(&row.found),
        safe(&row.expected),
        number(row.index),
        number(row.offset),
        number(row.line),
    ]
}

/// What was written and is not given out yet.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::report::{Counts, Outcome, Trigger};
    use harvestd_harvesters::{Location, RecordId};
    use harvestd_vocab::Refusal;
    use oxigraph::io::{RdfParser, RdfSyntaxError};

    fn report() -> Report {
        let mut report = Report::begin("moi", "ckan", Trigger::Hand, 1_000);
        report.outcome = Outcome::Complete;
        report.account.counted.written = 3;
        report.counts = Counts {
            received: 3,
            new: 1,
            refused: 1,
            unreadable: 1,
            ..Counts::default()
        };
        report
    }

    fn rows() -> Vec<Row> {
        let why = Refusal::new("not-json", "title", "=1+1 \"資料\"", "an object");
        let at = Location {
            index: Some(7),
            ..Location::default()
        };
        let remark = Row::remark("sniffed-format", "read as Turtle");
        [
            Row::refused(&RecordId::dataset("a/1"), &why),
            Row::refused_at(&at, &why),
            remark,
        ]
        .into()
    }

    fn told(form: Form, rows: Vec<Row>) -> String {
        let rows = Box::new(rows.into_iter().map(Ok));
        let mut telling = Telling::new(form, "https://h.example/", report(), rows);
        let mut all = Vec::new();
        while let Some(piece) = telling.piece().unwrap() {
            all.extend(piece);
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn json_has_the_report_and_all_rows() {
        for rows in [Vec::new(), rows()] {
            let text = told(Form::Json, rows.clone());
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["counts"]["unreadable"], 1);
            let read: Vec<Row> = serde_json::from_value(value["rows"].clone()).unwrap();
            assert_eq!(read, rows);
            assert!(serde_json::from_str::<Report>(&text).is_ok());
        }
    }

    #[test]
    fn the_table_is_text_whatever_a_spreadsheet_takes_it_for() {
        let text = told(Form::Csv, rows());
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap(), COLUMNS.join(","));
        assert_eq!(
            lines.next().unwrap(),
            "1000-moi,moi,refused,dataset,a/1,not-json,title,\"'=1+1 \"\"資料\"\"\",an object,,,"
        );
        assert!(lines.next().unwrap().contains(",unreadable,dataset,,"));
        assert!(lines.next().unwrap().contains(",remark,,,sniffed-format,"));
    }

    #[test]
    fn every_syntax_says_the_same() {
        let triples = |format: RdfFormat| {
            let text = told(Form::Graph(format), rows());
            let parsed = RdfParser::from_format(format).for_slice(text.as_bytes());
            let parsed: Result<Vec<_>, RdfSyntaxError> = parsed.collect();
            let mut lines: Vec<String> = parsed.unwrap().iter().map(ToString::to_string).collect();
            lines.sort();
            lines.join("\n")
        };
        let turtle = triples(RdfFormat::Turtle);
        for format in [RdfFormat::NTriples, RdfFormat::RdfXml] {
            assert_eq!(triples(format), turtle, "{format}");
        }
        let document = "https://h.example/sources/moi/report/1000-moi";
        let sh = "http://www.w3.org/ns/shacl#";
        for expected in [
            format!("<{document}> <{sh}conforms> \"false\""),
            format!("<{document}> <{sh}result> <{document}#row-1>"),
            format!("<{document}#row-1> <{sh}focusNode> <https://h.example/record/moi/a%2F1>"),
            format!("<{document}#row-2> <{sh}focusNode> <https://h.example/catalog/moi>"),
            format!("<{document}#row-1> <{sh}resultSeverity> <{sh}Violation>"),
            format!("<{document}#row-1> <{sh}value> \"=1+1 \\\"資料\\\"\""),
        ] {
            assert!(turtle.contains(&expected), "{expected} is not in {turtle}");
        }
    }

    #[test]
    fn a_long_account_comes_in_pieces() {
        let many: Vec<Row> = (0..5_000)
            .map(|n| Row::duplicate(&RecordId::dataset(n.to_string())))
            .collect();
        let rows = Box::new(many.into_iter().map(Ok));
        let mut telling = Telling::new(Form::Json, "https://h.example/", report(), rows);
        let mut pieces = 0;
        while let Some(piece) = telling.piece().unwrap() {
            assert!(piece.len() < 2 * PIECE_BYTES);
            pieces += 1;
        }
        assert!(pieces > 4, "{pieces}");
        let broken = vec![Ok(Row::remark("a", "b")), Err(io::Error::other("cut"))];
        let rows = Box::new(broken.into_iter());
        let mut telling = Telling::new(Form::Json, "https://h.example/", report(), rows);
        assert!(telling.piece().is_err());
    }
}
