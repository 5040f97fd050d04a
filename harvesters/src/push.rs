//! Connector `push`: what a centre hands in itself, as DCAT in any RDF syntax or as packages of CKAN. Reading and
//! describing are those of the connectors [`crate::dcat`] and [`crate::ckan`]; this file only tells the two apart and
//! names the records.
//!
//! A dataset's key is its `dct:identifier`, where it has exactly one, else its IRI: a centre names its datasets by
//! something shorter than an IRI. It never follows a link: what is not in the body is not in the push.
//! Start at [`Push::read`].

mod packages;

use crate::{
    Answer, Bookmark, Completeness, Harvester, Kind, Location, Page, PartName, ReadError,
    ReadErrorKind, Record, RecordId, Request, Settings, SettingsError, Stop, ckan, ckan::Ckan,
    dcat,
};
use harvestd_vocab::{Class, Description, Refusal};
use oxrdf::{NamedOrBlankNode, Term};
use oxrdfio::{RdfFormat, RdfParser};
use serde_json::Value;
use std::ops::ControlFlow::{self, Continue};
use url::Url;

pub const KIND: Kind = Kind {
    name: "push",
    about: "catalogues that push their changes here: DCAT in any RDF syntax, or CKAN packages as JSON",
    mapping_version: 1
        + 1_000 * dcat::KIND.mapping_version
        + 1_000_000 * ckan::KIND.mapping_version,
    pushes: true,
    portal: false,
    open,
};

/// Names of the parts that pushed records come in: the connectors' own.
pub const PARTS: [PartName; 5] = [dcat::PART, "package", "organization", "agent", "service"];

/// What stands for the address of a centre whose settings give none.
pub fn no_address(source: &str) -> String {
    format!("http://{source}{NO_ADDRESS}/")
}

/// RFC 2606: no such name will ever be.
const NO_ADDRESS: &str = ".invalid";
/// Settings of the connector `ckan` that say something of a package, and not of how a portal is asked.
const OPTIONS: [&str; 2] = ["access", "access_rights_key"];
const IDENTIFIER: &str = "<http://purl.org/dc/terms/identifier>";

struct Push {
    dcat: Box<dyn Harvester>,
    ckan: Ckan,
    url: Url,
}

fn open(settings: Settings) -> Result<Box<dyn Harvester>, SettingsError> {
    let known = |key: &String| OPTIONS.contains(&key.as_str());
    let stranger = settings
        .options
        .as_object()
        .and_then(|o| o.keys().find(|k| !known(k)));
    if let Some(key) = stranger {
        return Err(SettingsError {
            key: format!("options.{key}"),
            found: settings.options[key].to_string(),
            expected: OPTIONS.join(" or "),
        });
    }
    let url = settings.url.clone();
    let ckan = Ckan::open(settings.clone())?;
    let dcat = (dcat::KIND.open)(Settings {
        options: Value::Null,
        ..settings
    })?;
    Ok(Box::new(Push { dcat, ckan, url }))
}

impl Harvester for Push {
    /// Nobody asks this: it is the question that a pushed body would be the answer to.
    fn begin(&self, _since: Option<&Bookmark>, _now_ms: i64) -> Vec<Request> {
        vec![Request::get(self.url.clone(), "application/ld+json")]
    }

    fn read(&self, answer: Answer<'_>, page: &mut dyn Page) -> Result<(), ReadError> {
        if answer.media_type.as_deref() == Some("application/json") {
            if self
                .url
                .host_str()
                .is_some_and(|host| host.ends_with(NO_ADDRESS))
            {
                return Err(ReadError::new(
                    ReadErrorKind::NotACatalogue,
                    "reading CKAN packages",
                    "a source without a url in its settings",
                    "the url of the portal, from which the addresses of packages are made; or DCAT",
                ));
            }
            return packages::read(&self.ckan, answer, page);
        }
        self.dcat.read(answer, &mut Named { page })
    }

    fn describe(&self, record: &Record) -> Result<Description, Refusal> {
        match record.part(dcat::PART) {
            Some(_) => self.dcat.describe(record),
            None => self.ckan.describe(record),
        }
    }
}

/// Hands on what the connector `dcat` finds, with the keys of this one.
struct Named<'a> {
    page: &'a mut dyn Page,
}

impl Page for Named<'_> {
    fn part(&mut self, mut id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if id.class == Class::Dataset
            && let Some(key) = identifier(raw)
        {
            id.key = key;
        }
        self.page.part(id, part, raw)
    }

    fn gone(&mut self, id: RecordId) -> ControlFlow<Stop> {
        self.page.gone(id)
    }

    /// Without a key: by the IRI alone it cannot be told which of the records that are held this one is.
    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        self.page.refused(Location { key: None, ..at }, why)
    }

    fn filtered(&mut self, id: RecordId, why: &'static str) -> ControlFlow<Stop> {
        self.page.filtered(id, why)
    }

    fn noticed(&mut self, code: &'static str, text: String) -> ControlFlow<Stop> {
        self.page.noticed(code, text)
    }

    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        let text = format!(
            "{} is another page; a push holds all that it means to say",
            question.url
        );
        self.page.noticed("page-not-followed", text)
    }

    fn declares(&mut self, total: u64) -> ControlFlow<Stop> {
        self.page.declares(total)
    }

    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        self.page.complete(proof)
    }

    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

/// The one `dct:identifier` of the record's entity, which is the first statement's subject.
fn identifier(raw: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(raw).ok()?;
    let subject = text.split(' ').next()?;
    let begin = format!("{subject} {IDENTIFIER} ");
    let mut said = text.lines().filter(|line| line.starts_with(&begin));
    let (line, None) = (said.next()?, said.next()) else {
        return None;
    };
    let quad = RdfParser::from_format(RdfFormat::NTriples)
        .for_slice(line)
        .next()?
        .ok()?;
    match (quad.subject, quad.object) {
        (NamedOrBlankNode::NamedNode(_) | NamedOrBlankNode::BlankNode(_), Term::Literal(key)) => {
            Some(key.value().trim().to_owned()).filter(|key| !key.is_empty())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_known_by_its_one_identifier() {
        let one = "<http://a/1> <http://purl.org/dc/terms/identifier> \" k\\u0031 \" .\n";
        let two = "<http://a/1> <http://purl.org/dc/terms/identifier> \"k2\" .\n";
        let other = "<http://a/2> <http://purl.org/dc/terms/identifier> \"k3\" .\n";
        let title = "<http://a/1> <http://purl.org/dc/terms/title> \"t\" .\n";
        for (raw, key) in [
            (format!("{title}{one}{other}"), Some("k1")),
            (format!("{title}{one}{two}"), None),
            (format!("{title}{other}"), None),
            (String::new(), None),
        ] {
            assert_eq!(identifier(raw.as_bytes()).as_deref(), key, "{raw}");
        }
    }
}
