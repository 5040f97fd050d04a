//! The agency that provides a dataset.
//!
//! One whose OID or organisation code is given is a record of its own, shared by all its datasets. One of whom only a name
//! is known is contained in its dataset: names of units are not unique. Start reading at [`record_of`].

use super::{Interchange, PUBLISHER, fields::Fields};
use crate::saying::{Saying, segment};
use harvestd_vocab::{
    Class, Description, Refusal, agents,
    terms::{dct, foaf},
};
use oxrdf::NamedNode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the datasets of an agency say of it: the raw record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Agency {
    name: String,
    /// Dotted numbers, as the government's registry (oid.nat.gov.tw) gives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    oid: Option<String>,
    /// The code of ten characters, as `A41000000G`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// The agency of a dataset, where it has a name and an identifier.
pub(super) fn record_of(dataset: &Fields<'_>) -> Option<Agency> {
    let (oid, code) = identifiers_of(dataset);
    let name = name_of(dataset);
    let known = !name.is_empty() && (oid.is_some() || code.is_some());
    known.then_some(Agency { name, oid, code })
}

pub(super) fn name_of(dataset: &Fields<'_>) -> String {
    let name = dataset.text(&["publisher", "dataprovider"]);
    match name.is_empty() {
        false => name,
        // The successor standard writes "OID|name".
        true => dataset
            .text(&["publisheroid"])
            .split_once('|')
            .map(|(_, name)| name.trim().to_owned())
            .unwrap_or_default(),
    }
}

/// OID and organisation code, as far as they are what they are called.
pub(super) fn identifiers_of(dataset: &Fields<'_>) -> (Option<String>, Option<String>) {
    let oid = dataset.text(&["publisheroid"]);
    let oid = oid.split('|').next().unwrap_or_default().trim();
    let code = dataset.text(&["publisherorgcode"]);
    (
        is_oid(oid).then(|| oid.to_owned()),
        is_code(&code).then_some(code),
    )
}

fn is_oid(text: &str) -> bool {
    text.len() <= 200
        && text.split('.').count() >= 3
        && text
            .split('.')
            .all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
}

/// Ten characters by the standard, nine in its own examples.
fn is_code(text: &str) -> bool {
    (6..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Agency {
    pub(super) fn key(&self) -> &str {
        let key = self.oid.as_deref().or(self.code.as_deref());
        key.unwrap_or(&self.name)
    }

    pub(super) fn raw(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Interchange {
    /// The IRI of an agency: the one by which everybody may name it, where the identifier is one of Taiwan's, or its full
    /// name is that of an agency whose identifier of this kind nobody knew; else one on its platform.
    pub(super) fn agency_iri(&self, agency: &Agency) -> Option<NamedNode> {
        let identifiers = [agency.oid.as_deref(), agency.code.as_deref()];
        let mut identifiers = identifiers.into_iter().flatten();
        let on_platform = identifiers.clone().next()?;
        let name = [agency.name.as_str()];
        let known = |identifier| agents::known_as(identifier, name.into_iter());
        let known = identifiers.clone().find_map(known);
        let known = known.and_then(|known| agents::named_by(known.key));
        known
            .or_else(|| identifiers.find_map(agents::named_by))
            .or_else(|| {
                let iri = format!("{}#agency-{}", self.datasets, segment(on_platform));
                NamedNode::new(iri).ok()
            })
    }

    pub(super) fn describe_agent(&self, value: &Value) -> Result<Description, Refusal> {
        let agency = Agency::deserialize(value).map_err(|e| {
            let expected = "name, oid, code";
            Refusal::new("not-an-agent", PUBLISHER, &e.to_string(), expected)
        })?;
        let mut out = Saying::of(Class::Agent, self.agency_iri(&agency), foaf::AGENT);
        let node = out.node();
        out.text(&node, foaf::NAME, &agency.name);
        for identifier in [&agency.oid, &agency.code].into_iter().flatten() {
            out.text(&node, dct::IDENTIFIER, identifier);
        }
        Ok(out.done())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_identifiers_make_a_record() {
        let agency = |value: Value| record_of(&Fields::of(&value)).map(|a| a.key().to_owned());
        let both = json!({"publisher": "國家發展委員會", "publisherOid": "2.16.886.101.20003.20069", "PublisherOrgCode": "A41000000G"});
        assert_eq!(agency(both).as_deref(), Some("2.16.886.101.20003.20069"));
        let successor = json!({"publisherOID": "2.16.886.101.20003.20082|數位發展部"});
        assert_eq!(
            agency(successor).as_deref(),
            Some("2.16.886.101.20003.20082")
        );
        let code =
            json!({"publisher": "環境部", "publisherOID": "無", "publisherOrgCode": "355000000"});
        assert_eq!(agency(code).as_deref(), Some("355000000"));
        assert_eq!(
            agency(json!({"publisher": "民政處", "publisherOID": ""})),
            None
        );
        assert_eq!(agency(json!({"publisherOrgCode": "A41000000G"})), None);
    }
}
