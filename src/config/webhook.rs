//! One `[[webhook]]`: who wants to be told of changes, of which, and how messages are signed.
//!
//! Asks nobody. Start at [`read`].

use super::{
    Source,
    source::{ID, WEB_ADDRESS, is_id, web_address},
    table::{SECRET, Table},
};
use crate::{
    log::Verb,
    serve::changes::word,
    webhooks::{Webhook, key},
};
use harvestd_vocab::Class;

const KEY: &str =
    "whsec_ and 24 to 64 bytes in Base64, as `echo whsec_$(openssl rand -base64 32)` gives them";
const BEGIN: &str = "\"now\" or \"start\"";
const TELLS: &str = "changes or health";
const VERBS: [Verb; 3] = [Verb::Create, Verb::Update, Verb::Delete];

/// All `[[webhook]]` of a file. `sources` are those that may be named.
pub(super) fn read(root: &Table<'_>, sources: &[Source]) -> Vec<Webhook> {
    let mut all: Vec<Webhook> = Vec::new();
    for table in root.tables("webhook") {
        if let Some(webhook) = one(&table, sources) {
            if all.iter().any(|other| other.id == webhook.id) {
                let found = format!("{:?}, which another webhook has already", webhook.id);
                table.problem(table.place_of("id"), "id", found, "an id of its own");
            }
            all.push(webhook);
        }
        table.finish();
    }
    all
}

fn one(table: &Table<'_>, sources: &[Source]) -> Option<Webhook> {
    let id = table.parsed("id", ID, |text| {
        is_id(text).then(|| text.to_owned()).ok_or_else(String::new)
    });
    let id = table.required("id", id, ID);
    let url = table.parsed("url", WEB_ADDRESS, web_address);
    let url = table.required("url", url, WEB_ADDRESS);
    let secret = table.required("secret", table.secret("secret"), SECRET);
    let secret = secret.and_then(|secret| {
        let problem = |found: &str, expected: &str| {
            table.problem(secret.at, "secret", found, expected);
            None
        };
        if secret.value.literal {
            problem("a secret in the file itself (not shown)", SECRET)
        } else if key(&secret.value.value.0).is_none() {
            problem("something else (not shown)", KEY)
        } else {
            Some(secret.value.value)
        }
    });
    let begin = table.parsed("begin", BEGIN, |text| match text {
        "now" => Ok(false),
        "start" => Ok(true),
        _ => Err(String::new()),
    });
    let tells = table.list("tells", TELLS, |text| {
        ["changes", "health"].into_iter().find(|word| *word == text)
    });
    let known = |id: &str| sources.iter().any(|source| source.id == id);
    let named = format!("the id of a source, one of {}", ids(sources));
    let class = "dataset, series, service, catalog or agent";
    let range = "a range of addresses, as 10.1.0.0/16";
    let wanted = (
        table.list("sources", &named, |text| {
            known(text).then(|| text.to_owned())
        }),
        table.list("classes", class, |text| {
            Class::ALL.into_iter().find(|class| class.segment() == text)
        }),
        table.list("verbs", "create, update or delete", |text| {
            VERBS
                .into_iter()
                .find(|verb| word(*verb).to_ascii_lowercase() == text)
        }),
        table.list("allow_ranges", range, |text| text.parse().ok()),
    );
    let (sources, classes, verbs, allow_ranges) = wanted;
    Some(Webhook {
        id: id?.value,
        url: url?.value,
        secret: secret?,
        changes: tells.is_empty() || tells.contains(&"changes"),
        health: tells.contains(&"health"),
        from_start: begin.is_some_and(|begin| begin.value),
        sources,
        classes,
        verbs,
        allow_ranges,
    })
}

fn ids(sources: &[Source]) -> String {
    let ids: Vec<&str> = sources.iter().map(|source| source.id.as_str()).collect();
    ids.join(", ")
}
