//! Statements as pages show them: properties and values in words of the page's language, addresses that may be followed.
//! Start at [`Teller::facts`] and [`Teller::rest`].

use crate::{
    facts::{self, CHINESE_FIRST, ENGLISH_FIRST, Languages, Text, last_part},
    serve::{
        pages::{self, labels},
        portrait,
        wire::Site,
    },
};
use harvestd_vocab::{
    concepts, tables,
    terms::{MEDIA_TYPES, authority, dcat, foaf},
};
use harvestd_web::{
    Language, Words,
    entity::{Fact, Row, Rows, Value},
    moment::Moment,
    said::Said,
    values::{Link, followed},
};
use oxigraph::model::{NamedNodeRef, vocab::rdf};
use std::collections::BTreeSet;

pub const TYPE: NamedNodeRef<'_> = rdf::TYPE;
/// Contained nodes are shown this deep.
const DEPTH_MAX: usize = 4;

/// Tells what is said of an entity.
pub struct Teller<'a> {
    pub said: &'a portrait::Said<'a>,
    pub site: &'a Site,
    pub words: Words,
    languages: Languages,
}

impl<'a> Teller<'a> {
    pub fn new(said: &'a portrait::Said<'a>, site: &'a Site, words: Words) -> Self {
        Self {
            said,
            site,
            words,
            languages: match words.0 {
                Language::Chinese => CHINESE_FIRST,
                Language::English => ENGLISH_FIRST,
            },
        }
    }

    /// What a node is called, in the language of the page where it is.
    fn called(&self, node: &str) -> Option<&Text<'_>> {
        let own = self.said.facts.called(node, self.languages);
        own.or_else(|| self.said.names.called(node, self.languages))
    }

    pub fn title(&self, node: &str) -> Said {
        self.called(node).map_or_else(|| Said::of(node), spoken)
    }

    /// What it is called besides.
    pub fn other_titles(&self, node: &str) -> Vec<Said> {
        let title = self.title(node).text;
        let all = facts::NAMES.into_iter();
        let texts = all.flat_map(|name| self.said.facts.texts(node, name));
        let mut others: Vec<Said> = Vec::new();
        for text in texts.map(spoken) {
            if text.text != title && others.iter().all(|other| other.text != text.text) {
                others.push(text);
            }
        }
        others
    }

    /// All texts of a property, those in the language of the page first.
    pub fn texts(&self, node: &str, property: NamedNodeRef<'_>) -> Vec<Said> {
        let mut texts: Vec<&Text<'_>> = self.said.facts.texts(node, property).collect();
        texts.sort_by_key(|text| facts::rank(text.language().unwrap_or_default(), self.languages));
        texts.into_iter().map(spoken).collect()
    }

    /// What the places are called that it is about.
    pub fn places(&self) -> Vec<String> {
        let entity = &self.said.entity;
        let nodes = self
            .said
            .facts
            .iris(entity, harvestd_vocab::terms::dct::SPATIAL);
        let named = nodes.filter_map(|node| Some(self.called(node)?.value().to_owned()));
        named.collect()
    }

    /// What a property is called.
    pub fn property(&self, iri: &str) -> String {
        let local = last_part(iri);
        let known = self.words.known(&format!("property-{local}"));
        known.unwrap_or(local).to_owned()
    }

    /// Those of these properties that the node has.
    pub fn facts(&self, node: &str, properties: &[NamedNodeRef<'_>]) -> Vec<Fact> {
        let facts = properties.iter().filter_map(|property| {
            let values = self.said.facts.values(node, *property);
            let values: Vec<Link> = values.map(|value| self.told(*property, value)).collect();
            (!values.is_empty()).then(|| Fact {
                words: self.property(property.as_str()),
                values,
            })
        });
        facts.collect()
    }

    /// A value, as this property means it.
    fn told(&self, property: NamedNodeRef<'_>, value: &facts::Value<'_>) -> Link {
        use harvestd_vocab::terms::{dct, schema};
        let mut link = self.link(value);
        for (searched, facet) in [
            (dct::ACCRUAL_PERIODICITY, "frequency"),
            (dct::LANGUAGE, "language"),
        ] {
            if let (facts::Value::Iri(iri), true) = (value, property == searched) {
                let asked = pages::narrowed(facet, last_part(iri));
                link.href = Some(format!("{}{}", self.site.prefix, asked.address()));
            }
        }
        if property == schema::IS_ACCESSIBLE_FOR_FREE {
            let key = match link.said.text.as_str() {
                "true" | "1" => "yes-free",
                _ => "no-free",
            };
            link.said = Said::ours(self.words.say(key), self.words.0);
        }
        if let (facts::Value::Iri(node), true) = (value, property == dct::TEMPORAL)
            && let Some(span) = self.span(node)
        {
            return self.plain(&span);
        }
        if let (facts::Value::Iri(node), true) = (value, property == dct::RIGHTS)
            && let Some(rights) = self.rights(node)
        {
            return rights;
        }
        link
    }

    /// From when to when.
    fn span(&self, node: &str) -> Option<String> {
        let date = |property| {
            let text = self.said.facts.texts(node, property).next()?;
            Some(Moment::of_text(text.value()).shown)
        };
        match (date(dcat::START_DATE), date(dcat::END_DATE)) {
            (None, None) => None,
            (from, to) => Some(format!(
                "{} – {}",
                from.unwrap_or_default(),
                to.unwrap_or_default()
            )),
        }
    }

    /// A statement of rights in its own words; one that says only for whom, in ours.
    fn rights(&self, node: &str) -> Option<Link> {
        use harvestd_vocab::terms::{dct, rdfs};
        let facts = &self.said.facts;
        let text = [rdfs::LABEL, dct::DESCRIPTION, dct::TITLE]
            .into_iter()
            .find_map(|property| facts.best(node, property, self.languages));
        if let Some(text) = text {
            return Some(Link {
                said: spoken(text),
                href: None,
            });
        }
        let tiers = [
            ("OpenAccess", "access-open"),
            ("OnApplication", "access-on-application"),
            ("Paid", "access-paid"),
            ("NotOpen", "access-not-open"),
        ];
        let kind = facts.iri(node, dct::TYPE)?;
        let mut tiers = tiers.into_iter();
        let (_, key) = tiers.find(|(name, _)| *name == last_part(kind))?;
        Some(Link {
            said: Said::ours(self.words.say(key), self.words.0),
            href: None,
        })
    }

    /// Words that lead nowhere.
    pub fn plain(&self, text: &str) -> Link {
        Link {
            said: Said::of(text),
            href: None,
        }
    }

    /// A value in words, and where it leads.
    pub fn link(&self, value: &facts::Value<'_>) -> Link {
        match value {
            facts::Value::Literal(text) => Link {
                said: match text.datatype().ends_with("#dateTime") {
                    true => Said::of(Moment::of_text(text.value()).shown),
                    false => spoken(text),
                },
                href: followed(text.value()).map(str::to_owned),
            },
            facts::Value::Iri(iri) => Link {
                said: self.word(iri),
                href: self.address(iri),
            },
        }
    }

    /// What an IRI is called: by who describes it, by our tables, or as it is.
    fn word(&self, iri: &str) -> Said {
        let ours = |text: &str| Said::ours(text, self.words.0);
        let code = |kind: &str, base: &str| {
            let code = iri.strip_prefix(base)?;
            let words = self.words.known(&format!("{kind}-{code}"));
            Some(words.map_or_else(|| Said::of(code), ours))
        };
        let concept = || {
            let concept = concepts::of_iri(iri)?;
            Some(ours(
                concept.label(&self.words.0.tag().to_ascii_lowercase()),
            ))
        };
        concept()
            .or_else(|| code("frequency", authority::FREQUENCY))
            .or_else(|| code("language", authority::LANGUAGE))
            .or_else(|| code("theme", authority::DATA_THEME))
            .or_else(|| code("right", authority::ACCESS_RIGHT))
            .or_else(|| code("format", authority::FILE_TYPE))
            .or_else(|| code("media", MEDIA_TYPES))
            .or_else(|| code("hvd", "http://data.europa.eu/bna/"))
            .or_else(|| {
                let called = self.called(iri)?;
                let own = spoken(called);
                let agent = self.said.facts.is_a(iri, foaf::AGENT);
                Some(if agent {
                    labels::named(&own.text, iri, &self.words)
                } else {
                    own
                })
            })
            .or_else(|| {
                let word = tables::word_of(iri)?;
                Some(match iri.starts_with(authority::LICENCE) {
                    true => Said::of(word.to_uppercase()),
                    false => labels::named(word, iri, &self.words),
                })
            })
            .or_else(|| self.inside(iri))
            .unwrap_or_else(|| Said::of(iri.strip_prefix("mailto:").unwrap_or(iri)))
    }

    /// What is said of a node within the description that has no name, in one line.
    fn inside(&self, node: &str) -> Option<Said> {
        const CHARS_MAX: usize = 200;
        let statements = self.said.facts.all(node).iter();
        let said = statements.filter_map(|statement| match &statement.value {
            facts::Value::Literal(text) if is_within(node) => Some(text.value()),
            _ => None,
        });
        let said: Vec<&str> = said.collect();
        let line: String = said.join("; ").chars().take(CHARS_MAX).collect();
        (!line.is_empty()).then(|| Said::of(line))
    }

    /// Where an IRI leads: ours stay in this house; nodes within a description lead nowhere.
    fn address(&self, iri: &str) -> Option<String> {
        if self.said.facts.knows(iri) && is_within(iri) {
            return None;
        }
        match iri.strip_prefix(&self.site.base) {
            Some(path) => Some(format!("{}/{path}", self.site.prefix)),
            None => followed(iri).map(str::to_owned),
        }
    }

    /// Lets a value lead somewhere else: one that is this IRI, or, where that is empty, one of these words.
    pub fn lead(
        &self,
        facts: &mut [Fact],
        property: NamedNodeRef<'_>,
        (iri, title): (&str, &str),
        href: &str,
    ) {
        let words = self.property(property.as_str());
        let own = self.address(iri);
        let facts = facts.iter_mut().filter(|fact| fact.words == words);
        for link in facts.flat_map(|fact| &mut fact.values) {
            let meant = match iri {
                "" => link.href.is_none() && link.said.text == title,
                _ => link.href == own,
            };
            if meant {
                link.href = Some(href.to_owned());
            }
        }
    }

    /// Everything that is said of the entity but for these properties, and its record.
    pub fn rest(&self, used: &BTreeSet<&str>) -> Rows {
        let mut rows = self.rows(&self.said.entity, used, 0);
        rows.0.extend(self.within(used));
        for record in self
            .said
            .facts
            .subjects(foaf::PRIMARY_TOPIC, &self.said.entity)
        {
            rows.0.push(Row {
                words: self.words.say("dataset-record").to_owned(),
                property: foaf::PRIMARY_TOPIC.as_str().to_owned(),
                values: vec![Value::Node(self.rows(record, &BTreeSet::new(), 1))],
            });
        }
        rows
    }

    /// What is said, besides their names, of nodes within the description that stand above by their names.
    fn within(&self, used: &BTreeSet<&str>) -> Vec<Row> {
        let mut told: BTreeSet<&str> = facts::NAMES.iter().map(|name| name.as_str()).collect();
        told.extend([TYPE, dcat::START_DATE, dcat::END_DATE].map(|property| property.as_str()));
        let mut rows = Vec::new();
        for statement in self.said.facts.all(&self.said.entity) {
            let apart = statement.property == dcat::HAS_DISTRIBUTION.as_str();
            if let facts::Value::Iri(node) = statement.value
                && used.contains(statement.property)
                && is_within(node)
                && !apart
            {
                let inner = self.rows(node, &told, 1);
                if !inner.is_empty() {
                    rows.push(Row {
                        words: self.property(statement.property),
                        property: statement.property.to_owned(),
                        values: vec![Value::Node(inner)],
                    });
                }
            }
        }
        rows
    }

    /// What is said of a node, but for these properties.
    pub fn rows(&self, node: &str, used: &BTreeSet<&str>, depth: usize) -> Rows {
        let mut rows: Vec<Row> = Vec::new();
        for statement in self.said.facts.all(node) {
            if used.contains(statement.property) {
                continue;
            }
            let value = match &statement.value {
                // Of a class the name says it.
                facts::Value::Iri(class) if statement.property == TYPE.as_str() => {
                    Value::One(Link {
                        said: Said::of(last_part(class)),
                        href: followed(class).map(str::to_owned),
                    })
                }
                value => self.shown(value, depth),
            };
            match rows.last_mut() {
                Some(row) if row.property == statement.property => row.values.push(value),
                _ => rows.push(Row {
                    words: self.property(statement.property),
                    property: statement.property.to_owned(),
                    values: vec![value],
                }),
            }
        }
        Rows(rows)
    }

    fn shown(&self, value: &facts::Value<'_>, depth: usize) -> Value {
        if let facts::Value::Iri(iri) = value
            && *iri != self.said.entity
            && depth < DEPTH_MAX
            && self.said.facts.knows(iri)
        {
            return Value::Node(self.rows(iri, &BTreeSet::new(), depth + 1));
        }
        Value::One(self.link(value))
    }
}

pub fn spoken(text: &Text<'_>) -> Said {
    Said::new(text.value(), text.language().unwrap_or_default())
}

/// A node of a description that others do not name: under the IRI of its record, or of what it belongs to.
fn is_within(iri: &str) -> bool {
    iri.contains('#')
}
