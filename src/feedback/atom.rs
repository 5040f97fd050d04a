//! A feed of feedback for readers of news: Atom (RFC 4287), the newest first. Pure. Start at [`feed`].

use super::{Item, Kind};
use crate::{log::date_time, overrides::Value};
use std::fmt::Write;

pub const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";

/// Addresses of the feed: its own, with what was asked for, and that of older entries.
pub struct Links {
    pub own: String,
    pub next: Option<String>,
}

/// The feed's document. An entry's id is the item's IRI and never changes.
pub fn feed(base: &str, links: &Links, items: &[impl AsRef<Item>]) -> String {
    let updated = items.iter().map(|item| item.as_ref().updated_ms()).max();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <id>{own}</id>\n<title>What is said of datasets</title>\n<updated>{}</updated>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{own}\"/>\n<link rel=\"alternate\" href=\"{}feedback\"/>\n",
        date_time(updated.unwrap_or(0) * 1_000),
        escaped(base),
        own = escaped(&links.own),
    );
    if let Some(next) = &links.next {
        let _ = writeln!(text, "<link rel=\"next\" href=\"{}\"/>", escaped(next));
    }
    for item in items {
        entry(base, item.as_ref(), &mut text);
    }
    text.push_str("</feed>\n");
    text
}

fn entry(base: &str, item: &Item, text: &mut String) {
    let said = item.shown();
    let who = said
        .who
        .as_deref()
        .or(item.sender.as_deref())
        .unwrap_or("somebody");
    let about = said
        .property
        .as_deref()
        .map_or(String::new(), |property| format!("{property} of "));
    let title = match said.kind {
        Kind::Correction => format!("Correction of {about}{}", said.dataset),
        Kind::Remark => format!("Remark on {about}{}", said.dataset),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "<entry>\n<id>{iri}</id>\n<title>{}</title>\n<published>{}</published>\n<updated>{}</updated>\n\
         <author><name>{}</name></author>\n<category term=\"{}\"/>\n<category term=\"{}\"/>\n\
         <link rel=\"alternate\" href=\"{iri}\"/>\n<link rel=\"related\" href=\"{}\"/>\n<content type=\"text\">{}</content>\n</entry>\n",
        escaped(&title),
        date_time(item.at_ms * 1_000),
        date_time(item.updated_ms() * 1_000),
        escaped(who),
        said.kind.word(),
        item.status().word(),
        escaped(&said.dataset),
        escaped(&content(item)),
        iri = escaped(&item.iri(base)),
    );
}

fn content(item: &Item) -> String {
    let said = item.shown();
    let mut lines = Vec::new();
    let mut values = |name: &str, all: &Option<Vec<Value>>| {
        if let Some(all) = all {
            let all: Vec<String> = all.iter().map(shown).collect();
            let all = if all.is_empty() {
                "nothing".to_owned()
            } else {
                all.join(", ")
            };
            lines.push(format!("{name}: {all}"));
        }
    };
    values("found", &said.found);
    values("should be", &said.should_be);
    lines.extend(said.rating.map(|rating| format!("rating: {rating} of 5")));
    lines.extend(said.text);
    if let Some(judged) = &item.judged {
        lines.push(format!(
            "{} by {}: {}",
            item.status().word(),
            judged.who,
            judged.why
        ));
    }
    lines.join("\n")
}

/// A value, for people.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Tagged { text, lang } => format!("{text:?}@{lang}"),
        Value::Typed { text, datatype } => format!("{text:?}^^{datatype}"),
        Value::Iri { iri } => format!("<{iri}>"),
    }
}

/// Text as it may stand in XML 1.0, which has no room for most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
