//! The newest changes of datasets for readers of news: Atom (RFC 4287) with tombstones (RFC 6721), in pages (RFC 5005).
//!
//! Pure: values in, text out. Start at [`feed`]. An entry's id is the dataset's IRI, which never changes.

use crate::{
    chronicle::Entry,
    facts::{CHINESE_FIRST, Text, Told},
    log::date_time,
    oai::Escaped,
};
use harvestd_vocab::terms::{dcat, dct};
use std::fmt::Write;

pub const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";

/// What the feed says of itself. Addresses are absolute.
pub struct About<'a> {
    pub title: &'a str,
    /// With what was asked for: also the feed's id.
    pub first: &'a str,
    pub own: &'a str,
    pub next: Option<&'a str>,
    pub base: &'a str,
    /// Time of the feed's newest change, microseconds since 1970.
    pub updated_us: i64,
}

/// What a feed tells of.
pub enum Item<'a> {
    Changed(&'a Entry, &'a Told<'a>),
    /// Gone, at all or from what the feed is of.
    Gone(&'a Entry),
}

/// The document, in the order of the items.
pub fn feed<'a>(about: &About<'_>, items: impl Iterator<Item = Item<'a>>) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" \
         xmlns:at=\"http://purl.org/atompub/tombstones/1.0\">\n<id>{first}</id>\n<title>{}</title>\n<updated>{}</updated>\n\
         <author><name>{}</name></author>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"{}\"/>\n\
         <link rel=\"first\" href=\"{first}\"/>\n<link rel=\"alternate\" href=\"{}\"/>\n",
        Escaped(about.title),
        date_time(about.updated_us),
        Escaped(about.title),
        Escaped(about.own),
        Escaped(about.base),
        first = Escaped(about.first),
    );
    if let Some(next) = about.next {
        let _ = writeln!(text, "<link rel=\"next\" href=\"{}\"/>", Escaped(next));
    }
    for item in items {
        match item {
            Item::Changed(entry, told) => changed(entry, told, &mut text),
            Item::Gone(entry) => {
                let _ = writeln!(
                    text,
                    "<at:deleted-entry ref=\"{}\" when=\"{}\"/>",
                    Escaped(&entry.iri),
                    date_time(entry.changed_us)
                );
            }
        }
    }
    text.push_str("</feed>\n");
    text
}

fn changed(entry: &Entry, told: &Told<'_>, text: &mut String) {
    let node = told.iri;
    let title = told
        .facts
        .text(node, dct::TITLE, CHINESE_FIRST)
        .unwrap_or(node);
    let _ = writeln!(
        text,
        "<entry>\n<id>{iri}</id>\n<title>{}</title>\n<updated>{}</updated>\n<link rel=\"alternate\" href=\"{iri}\"/>",
        Escaped(title),
        date_time(entry.changed_us),
        iri = Escaped(node),
    );
    if let Some(name) = told.facts.label(node, dct::PUBLISHER, CHINESE_FIRST) {
        let _ = writeln!(text, "<author><name>{}</name></author>", Escaped(name));
    }
    if let Some(summary) = told.facts.text(node, dct::DESCRIPTION, CHINESE_FIRST) {
        let _ = writeln!(text, "<summary>{}</summary>", Escaped(summary));
    }
    for keyword in told
        .facts
        .texts(node, dcat::KEYWORD)
        .map(Text::value)
        .filter(|word| !word.is_empty())
    {
        let _ = writeln!(text, "<category term=\"{}\"/>", Escaped(keyword));
    }
    text.push_str("</entry>\n");
}
