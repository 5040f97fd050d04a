//! The change log as a Linked Data Event Stream with the DCAT-AP Feeds profile: what its documents say, as text.
//!
//! Values in, text out: nothing here reads a file, a clock or the store ([`crate::feed_cache`] does). Start at
//! [`Feed::page`].
//!
//! A feed is a search tree over `as:published`. Its leaves are pages of [`PAGE`] activities; a page that is full is
//! closed and never changes. Above the pages stand nodes of [`tree::FAN_OUT`] children, which come into being when the last of their
//! children is closed, so they never change either. Only the root changes (it names the largest nodes that cover all
//! closed pages, and the open page), and it grows with the logarithm of the history. Start at [`tree`] for that.

mod document;
mod jsonld;
mod said;
pub mod tree;

use crate::{log::Activity, store::PAGE};
use document::Document;
use said::{Object, Said};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    ops::Range,
};

/// The shape of the activities, DCAT-AP Feeds section 1.
const SHAPE: &str = "https://semiceu.github.io/LDES-DCAT-AP-feeds/shape.ttl#ActivityShape";

/// The syntaxes of the feed. All three keep the body of an activity in a graph of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Syntax {
    TriG,
    JsonLd,
    NQuads,
}

impl Syntax {
    pub const ALL: [Self; 3] = [Self::TriG, Self::JsonLd, Self::NQuads];

    /// The ending of a document in this syntax.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TriG => "trig",
            Self::JsonLd => "jsonld",
            Self::NQuads => "nq",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::TriG => "application/trig",
            Self::JsonLd => "application/ld+json",
            Self::NQuads => "application/n-quads",
        }
    }
}

/// The doors beside the feed, by the words of ours with which the root names them: what it adds up to, who waits for what
/// is published next, and its present as one document.
pub const DOORS: [(&str, &str); 3] = [
    ("harvestd:state", "feed/state"),
    ("harvestd:changes", "changes"),
    ("harvestd:dump", "catalog.nq"),
];

/// One generation of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Base of our own IRIs, with a slash at its end.
    pub base: String,
    pub generation: u64,
    /// Language tag -> title of the united catalogue.
    pub title: BTreeMap<String, String>,
    /// Activities younger than this are never removed. None: nothing is ever removed.
    pub keep_days: Option<u64>,
}

/// The times of the activities on a page, or on all pages under a node, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// When the first was published; a whole millisecond.
    pub from_us: i64,
    /// What comes after the last one is published then or later; a whole millisecond.
    pub until_us: i64,
}

impl Bounds {
    /// Of a page whose first and last activities were published then.
    pub fn of(first_us: i64, last_us: i64) -> Self {
        Self {
            from_us: first_us,
            until_us: next_page_us(last_us),
        }
    }
}

/// A way down the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The pages under the node that it leads to.
    pub pages: Range<u64>,
    pub from_us: i64,
    /// None: what it leads to is still open.
    pub until_us: Option<i64>,
}

impl Feed {
    /// The address of the root: the same for all generations.
    pub fn view(&self) -> String {
        format!("{}feed", self.base)
    }

    /// The stream's IRI. A new generation is another stream: who follows one cannot take the other for it.
    pub fn stream(&self) -> String {
        format!("{}feed#generation-{}", self.base, self.generation)
    }

    /// The address of a page, or of the node over several.
    pub fn node(&self, pages: &Range<u64>) -> String {
        format!(
            "{}feed/{}/{}",
            self.base,
            self.generation,
            tree::name(pages)
        )
    }

    /// The IRI of an activity.
    pub fn activity(&self, seq: u64) -> String {
        format!("{}activity/{}/{seq}", self.base, self.generation)
    }

    /// Writes a page: its activities up to and with number `last`, as the log has them. Says when they were published.
    ///
    /// # Errors
    /// Those of the log and of `out`, and where an activity is missing. What was written by then is no document.
    pub fn page(
        &self,
        number: u64,
        last: u64,
        activities: &mut dyn Iterator<Item = io::Result<Activity>>,
        syntax: Syntax,
        out: &mut dyn Write,
    ) -> io::Result<Bounds> {
        let mut document = Document::new(syntax, out);
        let first = number * PAGE + 1;
        let members = (first..=last).map(|seq| ("tree:member", Object::Iri(self.activity(seq))));
        let mut stream = self.about_stream();
        stream.words.extend(members);
        let page = Said::of(self.node(&(number..number + 1)), "tree:Node");
        document.begin(&[stream, page])?;
        let mut bounds = None;
        for seq in first..=last {
            let activity = activities.next().transpose()?;
            let activity = activity.filter(|a| a.seq == seq).ok_or_else(|| {
                io::Error::other(format!("activity {seq} is missing from page {number}"))
            })?;
            let from_us = bounds.map_or(activity.published_us, |b: Bounds| b.from_us);
            bounds = Some(Bounds::of(from_us, activity.published_us));
            document.activity(&self.activity(seq), &activity)?;
        }
        document.end()?;
        bounds.ok_or_else(|| io::Error::other(format!("page {number} has no activities")))
    }

    /// Writes the root.
    pub fn root(
        &self,
        relations: &[Relation],
        syntax: Syntax,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut said = vec![self.about_stream()];
        said[0]
            .words
            .push(("harvestd:generation", Object::Number(self.generation)));
        let title = self.title.iter();
        said[0].words.extend(title.map(|(language, text)| {
            let (text, language) = (text.clone(), language.clone());
            ("dct:title", Object::Text { text, language })
        }));
        let mut view = Said::of(self.view(), "tree:Node");
        view.word("rdf:type", Object::Word("ldes:EventSource"));
        for (word, path) in DOORS {
            view.word(word, Object::Iri(format!("{}{path}", self.base)));
        }
        let described = format!("{}feed#view", self.base);
        view.word("tree:viewDescription", Object::Iri(described.clone()));
        let mut description = Said::of(described, "tree:ViewDescription");
        let policy = self.policy();
        if let Some(policy) = &policy {
            for said in [&mut view, &mut description] {
                said.word("ldes:retentionPolicy", Object::Iri(policy.subject.clone()));
            }
        }
        let related = self.related(&mut view, relations);
        said.extend([view, description]);
        said.extend(policy);
        said.extend(related);
        self.only_said(&said, syntax, out)
    }

    /// Writes a node above pages.
    pub fn inner(
        &self,
        pages: &Range<u64>,
        relations: &[Relation],
        syntax: Syntax,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut node = Said::of(self.node(pages), "tree:Node");
        let related = self.related(&mut node, relations);
        let mut said = vec![self.about_stream(), node];
        said.extend(related);
        self.only_said(&said, syntax, out)
    }

    fn only_said(&self, said: &[Said], syntax: Syntax, out: &mut dyn Write) -> io::Result<()> {
        let mut document = Document::new(syntax, out);
        document.begin(said)?;
        document.end()
    }

    /// What DCAT-AP Feeds wants on every page.
    fn about_stream(&self) -> Said {
        let mut stream = Said::of(self.stream(), "ldes:EventStream");
        stream.word("tree:shape", Object::Iri(SHAPE.to_owned()));
        stream.word("ldes:timestampPath", Object::Word("as:published"));
        stream.word("ldes:versionOfPath", Object::Word("as:object"));
        stream.word("tree:view", Object::Iri(self.view()));
        stream
    }

    /// One policy in two vocabularies: that of LDES since 2024, and the older one, which DCAT-AP Feeds still uses.
    fn policy(&self) -> Option<Said> {
        let days = format!("P{}D", self.keep_days?);
        let mut policy = Said::of(
            format!("{}feed#retention", self.base),
            "ldes:RetentionPolicy",
        );
        policy.word("rdf:type", Object::Word("ldes:DurationAgoPolicy"));
        policy.word("ldes:fullLogDuration", Object::Duration(days.clone()));
        policy.word("tree:value", Object::Duration(days));
        Some(policy)
    }

    /// Adds the relations of a node, and returns what has to be said of them.
    fn related(&self, node: &mut Said, relations: &[Relation]) -> Vec<Said> {
        let mut said = Vec::new();
        for relation in relations {
            let target = self.node(&relation.pages);
            let from = ("from", "tree:GreaterThanOrEqualToRelation");
            let until = ("until", "tree:LessThanRelation");
            let bounds = [
                Some((from, relation.from_us)),
                relation.until_us.map(|us| (until, us)),
            ];
            for ((name, kind), us) in bounds.into_iter().flatten() {
                let iri = format!("{}#{}-{name}", node.subject, tree::name(&relation.pages));
                node.word("tree:relation", Object::Iri(iri.clone()));
                let mut one = Said::of(iri, kind);
                one.word("tree:node", Object::Iri(target.clone()));
                one.word("tree:path", Object::Word("as:published"));
                one.word("tree:value", Object::Time(us));
                said.push(one);
            }
        }
        said
    }
}

/// The first millisecond at which the page may begin that follows an activity: a page begins at a new millisecond (see
/// [`PAGE`]).
fn next_page_us(last_us: i64) -> i64 {
    (last_us + 1).div_euclid(1000) * 1000 + 1000
}

#[cfg(test)]
mod tests;
