//! Passes over what a page in N-Quads says of activities that were read before: where each says its time before its body,
//! the body's lines need not be taken apart. Reads no quads: whatever it is not sure of it lets pass. Start at [`Skim`].

use super::{bookmark::Note, members::time_us};
use std::io::{self, BufRead, BufReader, Read};

/// Longer lines are handed on piece by piece, whatever they say.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

pub struct Skim<'n, R> {
    lines: BufReader<R>,
    note: &'n Note,
    /// What a line that says the time of an activity has in its middle.
    says_time: String,
    /// How the lines end that are passed over. Empty: none are.
    known: Vec<u8>,
    line: Vec<u8>,
    /// So much of the line is handed on.
    handed: usize,
}

impl<'n, R: Read> Skim<'n, R> {
    /// None: nothing was read before, or times are not told of.
    pub fn of(inner: R, note: &'n Note) -> Result<Self, R> {
        let (Some(predicate), Some(_), Some(_)) = (&note.timestamp, note.since, note.mirror) else {
            return Err(inner);
        };
        Ok(Self {
            says_time: format!("> <{predicate}> \""),
            lines: BufReader::with_capacity(64 * 1024, inner),
            note,
            known: Vec::new(),
            line: Vec::new(),
            handed: 0,
        })
    }

    /// The next line that is handed on. False: there is none.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            let is_whole = self.line.last().is_none_or(|byte| *byte == b'\n');
            self.line.clear();
            self.handed = 0;
            let mut lines = (&mut self.lines).take(LINE_BYTES_MAX);
            if lines.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(false);
            }
            if !is_whole {
                // The rest of a long line, whose begin was handed on.
                return Ok(true);
            }
            if !self.known.is_empty() && self.line.ends_with(&self.known) {
                continue;
            }
            if let Some(name) = self.known_by_now() {
                self.known = format!(" <{name}> .\n").into_bytes();
            }
            return Ok(true);
        }
    }

    /// The activity of which the line says a time that was read before.
    fn known_by_now(&self) -> Option<String> {
        let line = std::str::from_utf8(&self.line).ok()?;
        let (name, time) = line.strip_prefix('<')?.split_once(&self.says_time)?;
        let (time, graph) = time.split_once('"')?;
        let of_default_graph = graph.trim_end().ends_with("> .") && !graph.contains("> <");
        let known = self.note.is_known(Some(time_us(time)?));
        (known && of_default_graph && !name.contains('>')).then(|| name.to_owned())
    }
}

impl<R: Read> Read for Skim<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.handed == self.line.len() && !self.advance()? {
            return Ok(0);
        }
        let rest = self.line.get(self.handed..).unwrap_or_default();
        let handed = rest.len().min(out.len());
        out[..handed].copy_from_slice(&rest[..handed]);
        self.handed += handed;
        Ok(handed)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const TIME: &str = "https://www.w3.org/ns/activitystreams#published";

    fn note(since: Option<i64>) -> Note {
        Note {
            timestamp: Some(TIME.to_owned()),
            since,
            mirror: Some(1),
            ..Note::first(None)
        }
    }

    fn page() -> String {
        let mut page =
            String::from("<https://h.example/feed> <https://w3id.org/tree#member> <a:1> .\n");
        for n in 1..=4 {
            page += &format!(
                "<a:{n}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <a:Create> .\n\
                 <a:{n}> <{TIME}> \"1970-01-01T00:00:0{n}Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n\
                 <e:{n}> <a:p> \"of <a:2> .\" <a:{n}> .\n\
                 <e:{n}> <{TIME}> \"1970-01-01T00:00:01Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime> <a:{n}> .\n"
            );
        }
        page
    }

    fn skimmed(page: &str, note: &Note) -> String {
        let mut text = String::new();
        match Skim::of(page.as_bytes(), note) {
            Ok(mut skim) => skim.read_to_string(&mut text).unwrap(),
            Err(mut all) => all.read_to_string(&mut text).unwrap(),
        };
        text
    }

    #[test]
    fn bodies_that_were_read_before_are_passed_over() {
        let page = page();
        assert_eq!(skimmed(&page, &note(None)), page, "nothing was read before");
        let text = skimmed(&page, &note(Some(2_000_000)));
        let without: String = page
            .split_inclusive('\n')
            .filter(|line| !line.ends_with(" <a:1> .\n") && !line.ends_with(" <a:2> .\n"))
            .collect();
        let head = page.lines().next().unwrap();
        assert_eq!(text, format!("{head}\n{without}"));
        assert_eq!(text.lines().count(), 1 + 2 * 2 + 2 * 4);
        let mut foreign = note(Some(2_000_000));
        foreign.mirror = None;
        assert_eq!(skimmed(&page, &foreign), page, "its times may be alike");
        let cut = &page[..page.len() - 7];
        assert!(skimmed(cut, &note(Some(9_000_000))).ends_with(&cut[cut.len() - 20..]));
    }
}
