//! Records of an XML answer: an element that is repeated. It is handed out as a JSON object: child elements by their local
//! names, those that come more than once as a list, attributes with an `@` before their names, and text beside either as `#text`.
//!
//! The document goes through the guard first; entities other than those of XML itself are left as they are written.
//! Start reading at [`read`].

use super::{RECORD, intake::Intake, pages::Around, plan::Plan};
use crate::{
    Location, ReadError, ReadErrorKind,
    guard::{Guard, Utf8Guard, XmlGuard, XmlLimits},
};
use harvestd_vocab::Refusal;
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Read};

const DOING: &str = "reading the XML answer";

pub(super) fn read(
    plan: &Plan,
    body: &mut dyn BufRead,
    record_bytes_max: usize,
    intake: &mut Intake<'_>,
) -> Result<Around, ReadError> {
    let guard = XmlGuard::new(Utf8Guard::new(body), XmlLimits::default());
    let mut reader = Reader::from_reader(BufReader::new(guard));
    let mut walk = Walk::new(plan, record_bytes_max);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let begun = reader.buffer_position();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) => break,
            Ok(event) => event,
            Err(e) => return Err(broken(reader, &e)),
        };
        if let Some(found) = walk.event(event, begun)
            && walk.hand_out(found, intake).is_break()
        {
            return Ok(Around::default());
        }
    }
    reader.into_inner().into_inner().finish()?;
    match walk.met {
        true => Ok(Around::default()),
        // A list without records has at least what they would stand in.
        false if walk.met_parent => Ok(Around::default()),
        false => Err(ReadError::new(
            ReadErrorKind::NotACatalogue,
            DOING,
            format!("a document whose root element is {}", walk.root),
            format!("elements at {}", plan.records.join(".")),
        )),
    }
}

/// What the guard refused, or else what the parser found.
fn broken<R: Read>(reader: Reader<BufReader<XmlGuard<R>>>, e: &quick_xml::Error) -> ReadError {
    let place = reader.buffer_position();
    let mut guard = reader.into_inner().into_inner();
    guard.finish().err().unwrap_or_else(|| {
        let doing = format!("{DOING}, byte {place}");
        ReadError::new(
            ReadErrorKind::Malformed,
            doing,
            e.to_string(),
            "well-formed XML",
        )
    })
}

/// A record's element, whole.
struct Found {
    index: u64,
    offset: u64,
    bytes: u64,
    /// None: longer than a record may be.
    value: Option<Value>,
}

struct Walk<'p> {
    wanted: Vec<&'p str>,
    record_bytes_max: usize,
    /// The elements that are open, outside of a record.
    way: Vec<String>,
    /// The elements that are open, from the record's own on.
    open: Vec<Element>,
    begun: u64,
    bytes: usize,
    index: u64,
    root: String,
    met: bool,
    met_parent: bool,
}

#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl<'p> Walk<'p> {
    fn new(plan: &'p Plan, record_bytes_max: usize) -> Self {
        Self {
            wanted: plan.records.iter().map(String::as_str).collect(),
            record_bytes_max,
            way: Vec::new(),
            open: Vec::new(),
            begun: 0,
            bytes: 0,
            index: 0,
            root: String::new(),
            met: false,
            met_parent: false,
        }
    }

    fn event(&mut self, event: Event<'_>, begun: u64) -> Option<Found> {
        match event {
            Event::Start(tag) => {
                self.start(&tag, begun);
                None
            }
            Event::Empty(tag) => {
                self.start(&tag, begun);
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => {
                self.text(&text);
                None
            }
            Event::CData(text) => {
                self.text(&text);
                None
            }
            Event::GeneralRef(name) => {
                let known = match name.resolve_char_ref() {
                    Ok(Some(c)) => Some(c.to_string()),
                    _ => quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned),
                };
                let written = format!("&{};", &*name);
                self.text(&known.unwrap_or(written));
                None
            }
            _ => None,
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, begun: u64) {
        let name = tag.local_name().as_ref().to_owned();
        if self.open.is_empty() {
            if self.way.is_empty() {
                self.root.clone_from(&name);
            }
            self.way.push(name.clone());
            let at_parent = self.way.len() + 1 == self.wanted.len();
            self.met_parent |= at_parent && self.way.iter().zip(&self.wanted).all(|(a, b)| a == b);
            if self.way != self.wanted {
                return;
            }
            self.met = true;
            (self.begun, self.bytes) = (begun, 0);
        }
        let mut element = Element {
            name,
            ..Element::default()
        };
        self.bytes += element.name.len();
        for attribute in tag.attributes().flatten() {
            let name = format!("@{}", attribute.key.local_name().as_ref());
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .unwrap_or_default()
                .into_owned();
            self.bytes += name.len() + value.len();
            if !self.is_too_large() {
                element.members.insert(name, value.into());
            }
        }
        self.open.push(element);
    }

    fn text(&mut self, text: &str) {
        self.bytes += text.len();
        if !self.is_too_large()
            && let Some(element) = self.open.last_mut()
        {
            element.text.push_str(text);
        }
    }

    fn is_too_large(&self) -> bool {
        self.bytes > self.record_bytes_max
    }

    fn end(&mut self) -> Option<Found> {
        let Some(element) = self.open.pop() else {
            self.way.pop();
            return None;
        };
        let name = element.name.clone();
        let value = element.value();
        let fits = !self.is_too_large();
        if let Some(parent) = self.open.last_mut() {
            if fits {
                parent.add(name, value);
            }
            return None;
        }
        self.way.pop();
        let index = self.index;
        self.index += 1;
        Some(Found {
            index,
            offset: self.begun,
            bytes: self.bytes as u64,
            value: fits.then_some(value),
        })
    }

    fn hand_out(
        &self,
        found: Found,
        intake: &mut Intake<'_>,
    ) -> std::ops::ControlFlow<crate::Stop> {
        let at = Location {
            index: Some(found.index),
            offset: Some(found.offset),
            ..Location::default()
        };
        let Some(value) = found.value else {
            return intake.too_large(found.bytes, at);
        };
        // A record that is nothing but text has no fields.
        if !value.is_object() {
            let expected = "an element with fields";
            let why = Refusal::new("not-a-record", RECORD, &value.to_string(), expected);
            return intake.refused(at, why);
        }
        match serde_json::to_vec(&value) {
            Ok(raw) => intake.record(&raw, &value, at),
            Err(e) => intake.refused(at, Refusal::new("not-json", RECORD, &e.to_string(), "text")),
        }
    }
}

impl Element {
    fn value(mut self) -> Value {
        let text = self.text.trim();
        if self.members.is_empty() {
            return text.into();
        }
        if !text.is_empty() {
            self.members.insert("#text".to_owned(), text.into());
        }
        self.members.into()
    }

    fn add(&mut self, name: String, value: Value) {
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(single) => *single = Value::Array(vec![single.take(), value]),
        }
    }
}
