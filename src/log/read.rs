//! Segments read: one whole, or all activities from one number to another. What is missing is an error, never left out.
//! Start at [`After`].

use super::{Activity, Log, Segment, Verb, parse_date_time};
use std::{
    fs::File,
    io::{self, BufRead, BufReader},
};

impl Log {
    /// The activities after number `after`, up to and with `up_to`, in order, read as they are asked for. Opens only the
    /// segments that hold some of them. What lies beyond the published head is for the caller to leave out: `up_to`.
    ///
    /// # Errors
    /// `NotFound` where the log does not hold the first of them (any more: see [`Log::begins`]). The iterator ends with an
    /// error where a later one is missing: it never leaves one out.
    pub fn after(&self, generation: u64, after: u64, up_to: u64) -> io::Result<After> {
        let mut segments = self.segments(generation)?;
        segments.retain(|s| s.last > after && s.first <= up_to);
        let next = after.saturating_add(1);
        if next <= up_to && segments.first().is_none_or(|s| s.first > next) {
            return Err(missing(generation, next));
        }
        Ok(After {
            generation,
            next,
            up_to,
            segments: segments.into_iter(),
            open: None,
        })
    }
}

impl Segment {
    /// Reads the segment's activities in order.
    pub fn read(&self) -> io::Result<impl Iterator<Item = io::Result<Activity>>> {
        self.open()
    }

    fn open(&self) -> io::Result<Activities<SegmentLines>> {
        let lines = BufReader::with_capacity(1 << 16, zstd::Decoder::new(File::open(&self.path)?)?);
        Ok(Activities {
            lines,
            seq: self.first,
            ahead: String::new(),
        })
    }
}

type SegmentLines = BufReader<zstd::Decoder<'static, BufReader<File>>>;

/// What [`Log::after`] reads.
pub struct After {
    generation: u64,
    next: u64,
    up_to: u64,
    segments: std::vec::IntoIter<Segment>,
    open: Option<Activities<SegmentLines>>,
}

impl After {
    fn activity(&mut self) -> io::Result<Option<Activity>> {
        while self.next <= self.up_to {
            let Some(segment) = &mut self.open else {
                let next = self
                    .segments
                    .next()
                    .filter(|segment| segment.first <= self.next)
                    .ok_or_else(|| missing(self.generation, self.next))?;
                self.open = Some(next.open()?);
                continue;
            };
            match segment.activity()? {
                Some(activity) if activity.seq == self.next => {
                    self.next += 1;
                    return Ok(Some(activity));
                }
                Some(_) => {}
                None => self.open = None,
            }
        }
        Ok(None)
    }
}

impl Iterator for After {
    type Item = io::Result<Activity>;
    fn next(&mut self) -> Option<Self::Item> {
        let activity = self.activity().transpose();
        if matches!(activity, Some(Err(_))) {
            self.next = u64::MAX;
            self.up_to = 0;
        }
        activity
    }
}

fn missing(generation: u64, seq: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("the change log does not hold activity {seq} of generation {generation}"),
    )
}

struct Activities<R> {
    lines: R,
    seq: u64,
    /// The line read beyond the activity before.
    ahead: String,
}

impl<R: BufRead> Activities<R> {
    fn next_line(&mut self) -> io::Result<bool> {
        self.ahead.clear();
        Ok(self.lines.read_line(&mut self.ahead)? > 0)
    }

    fn activity(&mut self) -> io::Result<Option<Activity>> {
        if self.ahead.is_empty() && !self.next_line()? {
            return Ok(None);
        }
        let broken =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("log segment: {what}"));
        let verb = [Verb::Create, Verb::Update, Verb::Delete]
            .into_iter()
            .find(|v| self.ahead.contains(v.iri()))
            .ok_or_else(|| broken("an activity without a type"))?;
        let name = self
            .ahead
            .split('>')
            .next()
            .map(|n| format!("{n}>"))
            .unwrap_or_default();
        self.next_line()?;
        let entity = object(&self.ahead)
            .ok_or_else(|| broken("an activity without as:object"))?
            .to_owned();
        self.next_line()?;
        let published = self.ahead.split('"').nth(1).and_then(parse_date_time);
        let published_us = published.ok_or_else(|| broken("an activity without as:published"))?;
        let end = format!(" {name} .\n");
        let mut body = String::new();
        while self.next_line()? {
            match self.ahead.strip_suffix(&end) {
                Some(triple) => {
                    body.push_str(triple);
                    body.push_str(" .\n");
                }
                None => break,
            }
        }
        let seq = self.seq;
        self.seq += 1;
        Ok(Some(Activity {
            seq,
            verb,
            entity,
            published_us,
            body,
        }))
    }
}

impl<R: BufRead> Iterator for Activities<R> {
    type Item = io::Result<Activity>;
    fn next(&mut self) -> Option<Self::Item> {
        self.activity().transpose()
    }
}

fn object(line: &str) -> Option<&str> {
    line.trim_end()
        .strip_suffix("> .")?
        .rsplit_once('<')
        .map(|(_, iri)| iri)
}
