//! N-Triples and N-Quads, line by line: a broken line costs itself and no other. Start at [`read`].

use super::{BrokenLine, DOING, Parsed};
use crate::{ReadError, ReadErrorKind, dcat::table::Table};
use harvestd_vocab::Refusal;
use oxrdfio::{RdfFormat, RdfParser};
use std::io::{BufRead, Read};

/// Reads all lines into the table; what is broken is listed.
pub fn read(
    whole: impl BufRead,
    line_bytes_max: usize,
    parsed: &mut Parsed,
) -> Result<(), ReadError> {
    /// More broken lines than this, and more than every tenth: it is something else.
    const BROKEN_MAX: usize = 100;
    let mut whole = whole;
    let mut line = Vec::new();
    let (mut number, mut statements) = (0_u64, 0_usize);
    loop {
        line.clear();
        let n = (&mut whole)
            .take(line_bytes_max as u64 + 1)
            .read_until(b'\n', &mut line)?;
        if n == 0 {
            return Ok(());
        }
        number += 1;
        let ended = line.ends_with(b"\n");
        if n > line_bytes_max && !ended {
            skip_line(&mut whole)?;
            let expected = format!("at most {line_bytes_max} bytes");
            let long = broken(number, &line, "line-too-long", expected);
            parsed.lines.push(long);
            continue;
        }
        let text = line
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(&line)
            .trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        statements += 1;
        match statement(text, &mut parsed.table)? {
            None => {}
            Some(why) if !ended => {
                return Err(cut(number, &why));
            }
            Some(why) => parsed.lines.push(broken(number, text, why.0, why.1)),
        }
        if parsed.lines.len() > BROKEN_MAX && parsed.lines.len() * 10 > statements {
            return Err(no_lines(parsed.lines.len(), statements));
        }
    }
}

fn cut(number: u64, why: &Why) -> ReadError {
    let doing = format!("reading line {number}");
    let found = format!("the end inside of a line ({why})");
    ReadError::new(
        ReadErrorKind::Truncated,
        doing,
        found,
        "a statement and its dot",
    )
}

fn no_lines(broken: usize, statements: usize) -> ReadError {
    let found = format!("{broken} broken lines of {statements}");
    ReadError::new(
        ReadErrorKind::Malformed,
        DOING,
        found,
        "N-Triples or N-Quads",
    )
}

struct Why(&'static str, String);

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0, self.1)
    }
}

/// None: it is in the table.
fn statement(line: &[u8], table: &mut Table) -> Result<Option<Why>, ReadError> {
    if let Err(e) = str::from_utf8(line) {
        return Ok(Some(Why(
            "invalid-utf-8",
            format!("UTF-8, unlike byte {} of the line", e.valid_up_to() + 1),
        )));
    }
    // Its quads are kept only if the whole line is right.
    let mut quads = Vec::new();
    for quad in RdfParser::from_format(RdfFormat::NQuads)
        .lenient()
        .for_slice(line)
    {
        match quad {
            Ok(quad) => quads.push(quad),
            Err(e) => {
                let why = e.to_string();
                let why = why.strip_prefix("Parser error at line 1 ").unwrap_or(&why);
                return Ok(Some(Why(
                    "broken-line",
                    format!("one statement and a dot ({why})"),
                )));
            }
        }
    }
    for quad in &quads {
        table.add(quad)?;
    }
    Ok(None)
}

fn broken(line: u64, text: &[u8], code: &str, expected: impl Into<String>) -> BrokenLine {
    let subject = text.strip_prefix(b"<").and_then(|rest| {
        let end = rest.iter().position(|b| *b == b'>')?;
        str::from_utf8(&rest[..end]).ok().map(str::to_owned)
    });
    let found = String::from_utf8_lossy(&text[..text.len().min(400)]).into_owned();
    BrokenLine {
        line,
        subject,
        why: Refusal::new(code, format!("line {line}"), &found, expected),
    }
}

fn skip_line(whole: &mut impl BufRead) -> Result<(), ReadError> {
    loop {
        let available = whole.fill_buf()?;
        let (n, ended) = match available.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (available.len(), available.is_empty()),
        };
        whole.consume(n);
        if ended {
            return Ok(());
        }
    }
}
