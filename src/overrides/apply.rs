//! What is published: the harvested description, corrected. Start at [`apply`].
//!
//! Every correction is compared with what was harvested, none with what another one made of it: their order counts for
//! nothing.

use super::value::Said;
use super::view::{View, language, subject};
use super::{Change, Override};
use crate::store::lines::iri;
use harvestd_vocab::terms::dcat;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a correction stands to what its source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The source says what is expected; something else is published.
    Applied,
    /// The source says neither what is expected nor what is published. The correction holds; a person should look.
    Drifted,
    /// The source says by now what the correction says: it can be removed.
    Fulfilled,
    /// The dataset has no such distribution, or several, or another correction is about the same values: nothing is changed.
    Unplaced,
    /// No such dataset is held. The correction waits for it.
    Absent,
}

impl State {
    pub const ALL: [State; 5] = [
        Self::Applied,
        Self::Drifted,
        Self::Fulfilled,
        Self::Unplaced,
        Self::Absent,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Drifted => "drifted",
            Self::Fulfilled => "fulfilled",
            Self::Unplaced => "unplaced",
            Self::Absent => "absent",
        }
    }
}

/// One correction, held against what was harvested. Values are tokens of N-Triples; nodes without an IRI of their own
/// are shown by their label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// [`Override::id`].
    pub id: String,
    pub state: State,
    /// The node that is corrected: the dataset, or its distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    pub expected: Vec<String>,
    /// What the source says.
    pub found: Vec<String>,
    /// What is published instead; of a whole distribution: nothing.
    pub published: Vec<String>,
    /// Why it is unplaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What is published, and how each correction stands, in the order of the corrections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    pub body: String,
    pub standings: Vec<Standing>,
}

/// Lays the corrections of one entity over its harvested body (sorted N-Triples, as the record `record` gives it).
///
/// With nothing to change the bytes are those that came in. Of what is left out, the nodes go with it that nothing else
/// in the description leads to.
pub fn apply(overrides: &[&Override], harvested: &str, entity: &str, record: &str) -> Corrected {
    let view = View::of(harvested, entity, record);
    let mut edit = Edit::default();
    let standings = overrides.iter().map(|o| one(o, &view, &mut edit)).collect();
    Corrected {
        body: edit.made(&view, harvested),
        standings,
    }
}

/// How a correction stands whose dataset is not held.
pub fn absent(of: &Override) -> Standing {
    let said = |all: &[Said]| -> Vec<String> { all.iter().flat_map(|said| said.shown()).collect() };
    let change = of.change.as_ref();
    Standing {
        id: of.id(),
        state: State::Absent,
        node: None,
        expected: change.map_or(Vec::new(), |c| said(&c.expect)),
        found: Vec::new(),
        published: change.map_or(Vec::new(), |c| said(&c.set)),
        note: None,
    }
}

/// What goes and what comes.
#[derive(Default)]
struct Edit<'a> {
    gone: BTreeSet<&'a str>,
    come: Vec<String>,
    /// Node and property of each correction so far, and its language.
    taken: Vec<(&'a str, Option<String>, Option<String>)>,
}

fn one<'a>(of: &Override, view: &View<'a>, edit: &mut Edit<'a>) -> Standing {
    let mut standing = absent(of);
    let node = match &of.draft.distribution {
        None => view.entity,
        Some(address) => match view.distribution(address)[..] {
            [node] => node,
            [] if of.change.is_none() => {
                standing.state = State::Fulfilled;
                return standing;
            }
            ref nodes => {
                standing.state = State::Unplaced;
                standing.note = Some(match nodes.len() {
                    0 => "the dataset has no distribution of that IRI or address".to_owned(),
                    n => format!(
                        "{n} distributions of the dataset have that address: name one by its IRI"
                    ),
                });
                return standing;
            }
        },
    };
    standing.node = Some(node.to_owned());
    let about = of.change.as_ref();
    let (property, lang) = (
        about.map(|c| c.property.as_str().to_owned()),
        about.and_then(|c| c.lang.clone()),
    );
    let meets = |(n, p, l): &(&str, Option<String>, Option<String>)| {
        *n == node
            && (p.is_none() || property.is_none() || *p == property)
            && (l.is_none() || lang.is_none() || *l == lang)
    };
    if edit.taken.iter().any(meets) {
        standing.state = State::Unplaced;
        standing.note =
            Some("another correction names the same distribution in another way".to_owned());
        return standing;
    }
    edit.taken.push((node, property, lang));
    match about {
        None => remove_distribution(node, view, edit, &mut standing),
        Some(change) => replace(change, node, view, edit, &mut standing),
    }
    standing
}

fn remove_distribution<'a>(
    node: &str,
    view: &View<'a>,
    edit: &mut Edit<'a>,
    standing: &mut Standing,
) {
    let link = view.objects(view.entity, dcat::HAS_DISTRIBUTION.as_str());
    let gone = link.filter(|(_, object)| iri(object) == Some(node));
    edit.gone.extend(gone.map(|(line, _)| line));
    standing.state = State::Applied;
    standing.found = vec![format!("<{node}>")];
}

fn replace<'a>(
    change: &Change,
    node: &str,
    view: &View<'a>,
    edit: &mut Edit<'a>,
    standing: &mut Standing,
) {
    let current: Vec<(&str, &str)> = view
        .objects(node, change.property.as_str())
        .filter(|(_, object)| {
            change
                .lang
                .as_deref()
                .is_none_or(|lang| language(object).as_deref() == Some(lang))
        })
        .collect();
    let found: Vec<&str> = current.iter().map(|(_, object)| *object).collect();
    standing.found = found.iter().map(|object| view.shown(object)).collect();
    let set = in_language_of(&standing.found, &change.set);
    standing.published = set.iter().flat_map(Said::shown).collect();
    standing.state = if view.agree(&set, &found, View::is) {
        State::Fulfilled
    } else if view.agree(&change.expect, &found, View::may_be) {
        State::Applied
    } else {
        State::Drifted
    };
    if standing.state == State::Fulfilled {
        return;
    }
    edit.gone.extend(current.iter().map(|(line, _)| *line));
    for said in &set {
        for object in &said.objects {
            edit.come.push(format!(
                "<{node}> {} {} .\n",
                change.property,
                view.own(object)
            ));
        }
        edit.come
            .extend(said.lines.iter().map(|line| view.own(line)));
    }
}

/// Words that replace words of one language are in that language, where nothing else is said.
fn in_language_of(found: &[String], set: &[Said]) -> Vec<Said> {
    let tags: Option<BTreeSet<String>> = found.iter().map(|value| language(value)).collect();
    match tags.map(Vec::from_iter).as_deref() {
        Some([tag]) => set.iter().map(|said| said.tagged(tag)).collect(),
        _ => set.to_vec(),
    }
}

impl<'a> Edit<'a> {
    fn made(self, view: &View<'a>, harvested: &str) -> String {
        if self.gone.is_empty() && self.come.is_empty() {
            return harvested.to_owned();
        }
        let mut lines: Vec<&str> = harvested
            .lines()
            .filter(|line| !self.gone.contains(line))
            .collect();
        lines.extend(self.come.iter().map(|line| line.trim_end_matches('\n')));
        lines.sort_unstable();
        lines.dedup();
        let before = view.reached(harvested.lines());
        let after = view.reached(lines.iter().copied());
        let orphaned =
            |line: &&str| subject(line).is_some_and(|s| before.contains(s) && !after.contains(s));
        lines.retain(|line| !orphaned(line));
        lines.iter().flat_map(|line| [*line, "\n"]).collect()
    }
}
