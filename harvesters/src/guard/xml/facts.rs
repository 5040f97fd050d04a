//! What the guard looks at in an event. Start at [`Facts::of`].

use oxrdf::NamedNode;
use quick_xml::events::Event;

/// What the guard wants to know of an event, free of its buffer.
pub enum Facts {
    Tag { tag: Tag, empty: bool },
    End,
    Text { bytes: u64, blank: bool },
    Reference(String),
    DocumentType(String),
    Other,
    Eof,
}

#[derive(Default)]
pub struct Tag {
    pub bytes: u64,
    pub attributes: usize,
    pub namespaces: usize,
    /// Names of the entities that its attributes refer to.
    pub references: Vec<String>,
}

impl Facts {
    pub fn of(event: &Event<'_>, tag_bytes_max: u64) -> Self {
        match event {
            Event::Start(tag) => Self::Tag {
                tag: Tag::of(tag, tag.attributes_raw(), tag_bytes_max),
                empty: false,
            },
            Event::Empty(tag) => Self::Tag {
                tag: Tag::of(tag, tag.attributes_raw(), tag_bytes_max),
                empty: true,
            },
            Event::End(_) => Self::End,
            Event::Text(text) => Self::Text {
                bytes: text.len() as u64,
                blank: text.trim_ascii().is_empty(),
            },
            Event::CData(text) => Self::Text {
                bytes: text.len() as u64,
                blank: false,
            },
            Event::GeneralRef(name) if name.is_char_ref() => Self::Text {
                bytes: 4,
                blank: false,
            },
            Event::GeneralRef(name) => Self::Reference((**name).to_owned()),
            Event::DocType(text) => Self::DocumentType((**text).to_owned()),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Self::Other,
            Event::Eof => Self::Eof,
        }
    }
}

impl Tag {
    /// Counts attributes by their equals signs outside of quotes: no check for doubles, no allocation per attribute.
    /// A tag that is too large already is not looked into.
    pub fn of(whole: &str, attributes: &str, bytes_max: u64) -> Self {
        let mut tag = Self {
            bytes: whole.len() as u64,
            ..Self::default()
        };
        if tag.bytes > bytes_max {
            return tag;
        }
        let mut quote = None;
        let mut name_begins = 0;
        for (at, byte) in attributes.bytes().enumerate() {
            match (quote, byte) {
                (Some(q), _) if q == byte => {
                    quote = None;
                    name_begins = at + 1;
                }
                (Some(_), b'&') => {
                    let rest = &attributes[at + 1..];
                    if let Some((name, _)) = rest.split_once(';') {
                        tag.references.push(name.to_owned());
                    }
                }
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    tag.attributes += 1;
                    let name = attributes[name_begins..at].trim_ascii();
                    tag.namespaces += usize::from(name == "xmlns" || name.starts_with("xmlns:"));
                }
                (None, _) => {}
            }
        }
        tag
    }
}

/// `!ENTITY name "absolute IRI">`, with white space and perhaps the end of the subset after it.
pub fn entity(declaration: &str) -> Option<(&str, &str)> {
    let rest = declaration.strip_prefix("!ENTITY")?;
    let (name, rest) = rest
        .strip_prefix(|c: char| c.is_ascii_whitespace())?
        .trim_start()
        .split_once(|c: char| c.is_ascii_whitespace())?;
    let (value, rest) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    let after = rest.trim_start().strip_prefix('>')?;
    let nothing_more = after.trim_matches([' ', '\t', '\r', '\n', ']']).is_empty();
    let an_iri = !value.contains('&') && NamedNode::new(value).is_ok();
    (nothing_more && an_iri && !name.contains('%')).then_some((name, value))
}
