//! What a document says of the feed itself, before it is written in a syntax: few words, each with a prefix.

/// Something with an IRI, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub subject: String,
    /// Predicate with its prefix -> object.
    pub words: Vec<(&'static str, Object)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    Iri(String),
    /// A name with its prefix.
    Word(&'static str),
    /// Microseconds since 1970.
    Time(i64),
    Number(u64),
    /// xsd:duration
    Duration(String),
    Text {
        text: String,
        language: String,
    },
}

impl Said {
    pub fn of(subject: String, kind: &'static str) -> Self {
        Self {
            subject,
            words: vec![("rdf:type", Object::Word(kind))],
        }
    }

    pub fn word(&mut self, predicate: &'static str, object: Object) {
        self.words.push((predicate, object));
    }
}

/// The prefixes of our words.
pub const PREFIXES: [(&str, &str); 7] = [
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("dct", "http://purl.org/dc/terms/"),
    ("as", "https://www.w3.org/ns/activitystreams#"),
    ("ldes", "https://w3id.org/ldes#"),
    ("tree", "https://w3id.org/tree#"),
    ("harvestd", harvestd_vocab::terms::harvestd::NS),
];

/// The whole IRI of a word.
pub fn iri(word: &str) -> String {
    let (prefix, name) = word.split_once(':').unwrap_or_default();
    let base = PREFIXES.iter().find(|(p, _)| *p == prefix);
    format!("{}{name}", base.map_or("", |(_, iri)| iri))
}
