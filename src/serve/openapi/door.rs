//! A door as it is described: an address, what can be done there, and every answer that may come. Knows no router.
//!
//! Start at [`Door::at`]; [`super::table`] holds all doors.

use serde_json::{Map, Value, json};

/// An address of ours with what can be done there.
#[derive(Debug, Clone)]
pub struct Door {
    /// As the router has it: `{name}` is one segment, `{*name}` is all that follows.
    pub path: String,
    /// What `/` calls it. None: it is found by way of others.
    pub name: Option<&'static str>,
    pub group: &'static str,
    pub operations: Vec<Operation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub const ALL: [Self; 4] = [Self::Get, Self::Post, Self::Put, Self::Delete];

    /// As OpenAPI names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Operation {
    pub verb: Verb,
    pub summary: &'static str,
    pub parameters: Vec<Parameter>,
    /// Media types of the request's body. Empty: it has none.
    pub bodies: Vec<&'static str>,
    /// What JSON and forms among them hold, as JSON Schema.
    pub holds: Option<Value>,
    /// A token in `Authorization` is needed, or may be there.
    pub token: Option<Token>,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    Needed,
    Possible,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: &'static str,
    /// `query`, `path` or `header`.
    pub place: &'static str,
    pub about: &'static str,
    pub schema: Value,
    pub required: bool,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub media_types: Vec<&'static str>,
    /// Of its JSON: a name among the schemas.
    pub schema: Option<&'static str>,
}

pub const PROBLEM: &str = "application/problem+json";

impl Door {
    pub fn at(path: impl Into<String>, group: &'static str) -> Self {
        Self {
            path: path.into(),
            name: None,
            group,
            operations: Vec::new(),
        }
    }

    /// What `/` calls it.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// The same door at another address; `/` names the first only.
    #[must_use]
    pub fn also_at(&self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            name: None,
            ..self.clone()
        }
    }

    #[must_use]
    pub fn may(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }

    /// The names in braces.
    pub fn path_names(&self) -> Vec<&str> {
        let braced = self.path.split('{').skip(1);
        braced
            .filter_map(|part| part.split('}').next())
            .map(|name| name.trim_start_matches('*'))
            .collect()
    }

    /// The address as OpenAPI writes it.
    pub fn template(&self) -> String {
        self.path.replace("{*", "{")
    }
}

impl Operation {
    fn of(verb: Verb, summary: &'static str) -> Self {
        Self {
            verb,
            summary,
            parameters: Vec::new(),
            bodies: Vec::new(),
            holds: None,
            token: None,
            answers: Vec::new(),
        }
    }

    pub fn get(summary: &'static str) -> Self {
        Self::of(Verb::Get, summary)
    }

    pub fn post(summary: &'static str) -> Self {
        Self::of(Verb::Post, summary)
    }

    pub fn put(summary: &'static str) -> Self {
        Self::of(Verb::Put, summary)
    }

    pub fn delete(summary: &'static str) -> Self {
        Self::of(Verb::Delete, summary)
    }

    fn parameter(
        mut self,
        place: &'static str,
        name: &'static str,
        about: &'static str,
        schema: Value,
    ) -> Self {
        self.parameters.push(Parameter {
            name,
            place,
            about,
            schema,
            required: place == "path",
        });
        self
    }

    #[must_use]
    pub fn query(self, name: &'static str, about: &'static str, schema: Value) -> Self {
        self.parameter("query", name, about, schema)
    }

    #[must_use]
    pub fn header(self, name: &'static str, about: &'static str, schema: Value) -> Self {
        self.parameter("header", name, about, schema)
    }

    #[must_use]
    pub fn path(self, name: &'static str, about: &'static str, schema: Value) -> Self {
        self.parameter("path", name, about, schema)
    }

    #[must_use]
    pub fn takes(mut self, media_types: &[&'static str]) -> Self {
        self.bodies = media_types.to_vec();
        self
    }

    /// Bodies that hold these parameters.
    #[must_use]
    pub fn takes_parameters(
        mut self,
        media_types: &[&'static str],
        parameters: impl Iterator<Item = (&'static str, &'static str, Value)>,
    ) -> Self {
        let described = |(name, about, mut schema): (&str, &str, Value)| {
            schema["description"] = about.into();
            (name.to_owned(), schema)
        };
        let properties: Map<String, Value> = parameters.map(described).collect();
        self.holds = Some(json!({ "type": "object", "properties": properties }));
        self.takes(media_types)
    }

    #[must_use]
    pub fn takes_also(mut self, media_types: &[&'static str]) -> Self {
        self.bodies.extend(media_types);
        self
    }

    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// An answer in these forms.
    #[must_use]
    pub fn gives(self, status: u16, media_types: &[&'static str]) -> Self {
        self.gives_json(status, media_types, None)
    }

    /// An answer whose JSON has this schema.
    #[must_use]
    pub fn gives_json(
        mut self,
        status: u16,
        media_types: &[&'static str],
        schema: impl Into<Option<&'static str>>,
    ) -> Self {
        self.answers.push(Answer {
            status,
            media_types: media_types.to_vec(),
            schema: schema.into(),
        });
        self
    }

    /// Statuses without a body.
    #[must_use]
    pub fn empty(self, statuses: &[u16]) -> Self {
        statuses
            .iter()
            .fold(self, |operation, status| operation.gives(*status, &[]))
    }

    /// Statuses that come with a problem document.
    #[must_use]
    pub fn problems(self, statuses: &[u16]) -> Self {
        statuses.iter().fold(self, |operation, status| {
            operation.gives_json(*status, &[PROBLEM], "Problem")
        })
    }

    /// Statuses that come with a problem document, and as a page to who reads pages.
    #[must_use]
    pub fn troubles(self, statuses: &[u16]) -> Self {
        let pages = |operation: Self, status: &u16| operation.gives(*status, &["text/html"]);
        statuses.iter().fold(self.problems(statuses), pages)
    }
}

pub fn text() -> Value {
    json!({ "type": "string" })
}

pub fn one_of(values: &[&str]) -> Value {
    json!({ "type": "string", "enum": values })
}

pub fn whole(least: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": i64::MAX })
}

pub fn whole_or_negative() -> Value {
    json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX })
}

pub fn truth() -> Value {
    json!({ "type": "boolean" })
}

pub fn iri() -> Value {
    json!({ "type": "string", "format": "iri" })
}

pub fn date_time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}
