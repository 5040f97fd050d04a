//! Publishers, creators and contributors.
//!
//! An agent with an address of its own, and every organisation, is a record of its own; an agent of whom only a name
//! is known is said within its dataset. Start reading at [`publisher_of`].

use super::{
    Ckan,
    fields::{Fields, Text, text_of},
    say::{Saying, link, name, segment, thing},
};
use crate::{PartName, RecordId};
use harvestd_vocab::{
    Class, Description, Refusal,
    terms::{dct, foaf},
};
use oxrdf::{NamedNode, NamedNodeRef, NamedOrBlankNode};
use serde_json::{Map, Value};

/// Who publishes a package.
pub(super) enum Publisher {
    /// CKAN's own organisation.
    Organisation(Value),
    /// Somebody whom the package names itself.
    Named(Value),
}

/// What a package says of its publisher goes before the organisation that keeps it in the portal.
pub(super) fn publisher_of(package: &Fields<'_>) -> Option<Publisher> {
    if let Some(named) = agents_of(package, "publisher").into_iter().next() {
        return Some(Publisher::Named(named));
    }
    match package.get(&["organization", "organisation"]) {
        Some(Value::String(name)) => Some(Publisher::Named(serde_json::json!({ "name": name }))),
        Some(object @ Value::Object(_)) if key_of(object).is_some() => {
            Some(Publisher::Organisation(object.clone()))
        }
        _ => None,
    }
}

/// The agents in a role: a list of objects, or fields whose names begin with the role.
fn agents_of(package: &Fields<'_>, role: &str) -> Vec<Value> {
    let listed: Vec<Value> = package
        .objects(&[role])
        .into_iter()
        .filter(|agent| is_agent(&Fields::of(agent)))
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    let mut agent = Map::new();
    for key in ["uri", "name", "email", "url", "type", "identifier"] {
        let keys = [format!("{role}_{key}"), format!("dcat_{role}_{key}")];
        if let Some(text) = package.text(&[&keys[0], &keys[1]]) {
            agent.insert(key.to_owned(), text.into());
        }
    }
    if let Some(by_language) = package.get(&[format!("{role}_translated").as_str()]) {
        agent.insert("name_translated".to_owned(), by_language.clone());
    }
    if let Some(word) = package.get(&[role]).and_then(text_of) {
        let key = if name(&word).is_some() { "uri" } else { "name" };
        agent.entry(key.to_owned()).or_insert_with(|| word.into());
    }
    let agent = Value::Object(agent);
    if is_agent(&Fields::of(&agent)) {
        vec![agent]
    } else {
        Vec::new()
    }
}

fn is_agent(agent: &Fields<'_>) -> bool {
    !agent.texts(&["name"]).is_empty() || iri_of(agent).is_some()
}

/// The address that names the agent.
fn iri_of(agent: &Fields<'_>) -> Option<NamedNode> {
    agent.text(&["uri"]).as_deref().and_then(name)
}

/// An organisation's key.
fn key_of(organisation: &Value) -> Option<String> {
    ["id", "name"]
        .into_iter()
        .find_map(|key| text_of(organisation.get(key)?))
        .filter(|key| key.len() <= 2000)
}

/// The agents that a package refers to, each a record of its own.
pub(super) fn referents(package: &Fields<'_>) -> Vec<(RecordId, PartName, Value)> {
    let mut found = Vec::new();
    match publisher_of(package) {
        Some(Publisher::Organisation(organisation)) => {
            let key = key_of(&organisation).unwrap_or_default();
            found.push((
                RecordId::new(Class::Agent, key),
                "organization",
                organisation,
            ));
        }
        Some(Publisher::Named(agent)) => found.extend(named(agent)),
        None => {}
    }
    for role in ["creator", "contributor"] {
        found.extend(agents_of(package, role).into_iter().filter_map(named));
    }
    found
}

/// A record where the agent has both an address and a name: an address alone says nothing more of it.
fn named(agent: Value) -> Option<(RecordId, PartName, Value)> {
    let fields = Fields::of(&agent);
    let iri = iri_of(&fields).filter(|iri| iri.as_str().len() <= 2000)?;
    (!fields.texts(&["name"]).is_empty()).then(|| {
        (
            RecordId::new(Class::Agent, iri.into_string()),
            "agent",
            agent,
        )
    })
}

impl Ckan {
    fn organisation_iri(&self, organisation: &Fields<'_>) -> Option<NamedNode> {
        iri_of(organisation).or_else(|| {
            let key = key_of(organisation.value())?;
            NamedNode::new(format!("{}/organization/{}", self.portal, segment(&key))).ok()
        })
    }

    /// Says who publishes, made and helped to make the package.
    pub(super) fn say_agents(&self, saying: &mut Saying, package: &Fields<'_>) {
        let node = saying.node.clone();
        match publisher_of(package) {
            Some(Publisher::Organisation(organisation)) => {
                if let Some(iri) = self.organisation_iri(&Fields::of(&organisation)) {
                    saying.say(&node, dct::PUBLISHER, iri);
                }
            }
            Some(Publisher::Named(agent)) => say_reference(saying, dct::PUBLISHER, &agent),
            None => {}
        }
        for (role, predicate) in [("creator", dct::CREATOR), ("contributor", dct::CONTRIBUTOR)] {
            for agent in agents_of(package, role) {
                say_reference(saying, predicate, &agent);
            }
        }
    }

    /// An organisation, or another agent with an address.
    pub(super) fn describe_agent(&self, part: &str, agent: &Value) -> Result<Description, Refusal> {
        let fields = Fields::of(agent);
        let iri = if part == "organization" {
            self.organisation_iri(&fields)
        } else {
            iri_of(&fields)
        };
        let iri = iri.ok_or_else(|| {
            Refusal::new(
                "no-identifier",
                "organization",
                &agent.to_string(),
                "an id, a name or an http(s) uri",
            )
        })?;
        let mut saying = Saying::of(iri.into(), foaf::AGENT);
        let node = saying.node.clone();
        say_agent(&mut saying, &node, &fields);
        if part == "organization" {
            saying.texts(&node, dct::DESCRIPTION, fields.texts(&["description"]));
            if let Some(key) = fields.text(&["name"]) {
                saying.say(&node, dct::IDENTIFIER, oxrdf::Literal::from(key));
            }
        }
        Ok(saying.done(Class::Agent))
    }
}

fn say_reference(saying: &mut Saying, predicate: NamedNodeRef<'_>, agent: &Value) {
    let (of, fields) = (saying.node.clone(), Fields::of(agent));
    match iri_of(&fields) {
        Some(iri) => saying.say(&of, predicate, iri),
        None => {
            let node = saying.blank(foaf::AGENT);
            saying.say(&of, predicate, node.clone());
            say_agent(saying, &node, &fields);
        }
    }
}

fn say_agent(saying: &mut Saying, node: &NamedOrBlankNode, agent: &Fields<'_>) {
    let names: Vec<Text> = agent.texts(&["title", "display_name", "name"]);
    saying.texts(node, foaf::NAME, names);
    if let Some(email) = agent.text(&["email", "mbox", "contact-email"]) {
        saying.mailboxes(node, foaf::MBOX, &email);
    }
    if let Some(page) = agent
        .text(&["homepage", "url", "website", "site"])
        .as_deref()
        .and_then(link)
    {
        saying.say(node, foaf::HOMEPAGE, page);
    }
    // CKAN's own `type` says "organization" of every organisation.
    for word in agent
        .words(&["type", "publisher_type"])
        .iter()
        .filter(|word| *word != "organization")
    {
        saying.say(node, dct::TYPE, thing(word));
    }
    if let Some(identifier) = agent.text(&["identifier"]) {
        saying.say(node, dct::IDENTIFIER, oxrdf::Literal::from(identifier));
    }
}
