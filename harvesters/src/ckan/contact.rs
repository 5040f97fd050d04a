//! Whom to ask about a package: its contacts, else its maintainer, else its author. Start reading at [`say_contacts`].

use super::{
    fields::{Fields, Text},
    say::{Saying, link, name},
};
use harvestd_vocab::terms::{dcat, vcard};
use oxrdf::Literal;
use serde_json::{Map, Value, json};

pub(super) fn say_contacts(saying: &mut Saying, package: &Fields<'_>) {
    let of = saying.node.clone();
    for contact in contacts_of(package) {
        let fields = Fields::of(&contact);
        let (names, email) = (
            fields.texts(&["name", "fn"]),
            fields.text(&["email", "mbox"]),
        );
        let node = match fields.text(&["uri"]).as_deref().and_then(name) {
            Some(iri) => {
                saying.say(&iri.clone().into(), oxrdf::vocab::rdf::TYPE, vcard::KIND);
                iri.into()
            }
            None => saying.blank(vcard::KIND),
        };
        saying.say(&of, dcat::CONTACT_POINT, node.clone());
        saying.texts(&node, vcard::FN, names);
        if let Some(email) = email {
            saying.mailboxes(&node, vcard::HAS_EMAIL, &email);
        }
        if let Some(phone) = fields.text(&["phone", "telephone"]) {
            saying.say(&node, vcard::HAS_TELEPHONE, Literal::from(phone));
        }
        if let Some(page) = fields.text(&["url"]).as_deref().and_then(link) {
            saying.say(&node, vcard::HAS_URL, page);
        }
        if let Some(id) = fields.text(&["identifier"]) {
            saying.say(&node, vcard::HAS_UID, Literal::from(id));
        }
    }
}

fn contacts_of(package: &Fields<'_>) -> Vec<Value> {
    let listed: Vec<Value> = package
        .objects(&["contact", "contact_point", "contact_points"])
        .into_iter()
        .filter(says_something)
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    let candidates: [(&[&str], &[&str], &[&str]); 3] = [
        (
            &[
                "contact_name",
                "contact-name",
                "dcat_contact_name",
                "contact_person",
                "contact",
            ],
            &["contact_email", "contact-email", "dcat_contact_email"],
            &["contact_phone", "contact-phone"],
        ),
        (
            &["maintainer"],
            &["maintainer_email"],
            &["maintainer phone", "maintainer_phone"],
        ),
        (&["author"], &["author_email"], &["author_phone"]),
    ];
    for (names, emails, phones) in candidates {
        let mut contact = Map::new();
        if let Some(names) = by_language(package.texts(names)) {
            contact.insert("name".to_owned(), names);
        }
        for (key, keys) in [("email", emails), ("phone", phones)] {
            if let Some(text) = package.text(keys) {
                contact.insert(key.to_owned(), text.into());
            }
        }
        if contact.contains_key("name") || contact.contains_key("email") {
            contact.extend(
                package
                    .text(&["contact_uri"])
                    .map(|uri| ("uri".to_owned(), uri.into())),
            );
            return vec![contact.into()];
        }
    }
    Vec::new()
}

fn by_language(texts: Vec<Text>) -> Option<Value> {
    let object: Map<String, Value> = texts
        .iter()
        .filter_map(|t| Some((t.language.clone()?, json!(t.words))))
        .collect();
    match texts.first() {
        None => None,
        Some(_) if !object.is_empty() => Some(object.into()),
        Some(first) => Some(json!(first.words)),
    }
}

fn says_something(contact: &Value) -> bool {
    let fields = Fields::of(contact);
    !fields.texts(&["name", "fn"]).is_empty() || fields.text(&["email", "mbox"]).is_some()
}
