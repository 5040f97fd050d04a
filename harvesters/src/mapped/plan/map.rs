//! The table `map` of a mapped source: words of DCAT on the left, where their values come from on the right.
//!
//! Start reading at [`read`].

use super::{Distributions, Lists, checked_path, refused, right_side};
use crate::{
    SettingsError,
    mapped::{
        terms::{self, Place, Term},
        value::From,
    },
};
use serde_json::{Map, Value};

type Fields = (Vec<(Place, &'static Term, From)>, Option<Distributions>);

/// The fields of a dataset, and of its distributions.
pub(super) fn read(map: &Map<String, Value>) -> Result<Fields, SettingsError> {
    let (mut fields, mut distributions) = (Vec::new(), None);
    for (word, written) in map {
        let key = format!("map.{}", quoted(word));
        if matches!(word.as_str(), "distribution" | "dcat:distribution") {
            distributions = Some(read_distributions(&key, written)?);
            continue;
        }
        let (place, term) =
            terms::find(word).map_err(|expected| refused(&key, format!("{word:?}"), expected))?;
        let from = right_side(&key, written)?;
        if from.dated_without_need(term) {
            let expected = "no date: this word means no time";
            return Err(refused(format!("{key}.date"), "a form", expected));
        }
        fields.push((place, term, from));
    }
    if !fields
        .iter()
        .any(|(place, term, _)| (*place, term.name) == (Place::Dataset, "title"))
    {
        let expected = "title, and whatever else the source says of a dataset";
        return Err(refused("map", "no title", expected));
    }
    fields.sort_by_key(|(place, ..)| *place);
    Ok((fields, distributions))
}

/// A word as TOML writes it: `title`, `"publisher.name"`.
fn quoted(word: &str) -> String {
    let bare = word
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare {
        word.to_owned()
    } else {
        format!("{word:?}")
    }
}

fn read_distributions(key: &str, written: &Value) -> Result<Distributions, SettingsError> {
    let Some(table) = written.as_object() else {
        let expected = "a table: [source.options.map.distribution]";
        return Err(refused(key, written.to_string(), expected));
    };
    let text = |name: &str| match table.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.as_str())),
        Some(other) => Err(refused(
            format!("{key}.{name}"),
            other.to_string(),
            "a text",
        )),
    };
    let (each, zip, lead) = (text("each")?, text("zip")?, text("lead")?);
    let mut fields = Vec::new();
    for (word, written) in table {
        if matches!(word.as_str(), "each" | "zip" | "lead") {
            continue;
        }
        let key = format!("{key}.{}", quoted(word));
        let term = terms::find_at(Place::Distribution, word)
            .map_err(|expected| refused(&key, format!("{word:?}"), expected))?;
        fields.push((term, right_side(&key, written)?));
    }
    let lists = match (each, zip) {
        (Some(_), Some(_)) => {
            let expected = "each (a list of objects) or zip (lists side by side)";
            return Err(refused(key, "each and zip", expected));
        }
        (Some(path), None) => Lists::Each(checked_path(&format!("{key}.each"), path)?),
        (None, Some(separator)) => Lists::Zip {
            separator: separator.to_owned(),
            lead: lead_of(key, lead, &fields)?,
        },
        (None, None) => Lists::One,
    };
    if lead.is_some() && zip.is_none() {
        return Err(refused(format!("{key}.lead"), "no zip", "zip as well"));
    }
    Ok(Distributions { lists, fields })
}

/// The field whose list says how many distributions there are.
fn lead_of(
    key: &str,
    lead: Option<&str>,
    fields: &[(&'static Term, From)],
) -> Result<usize, SettingsError> {
    let words: &[&str] = match &lead {
        Some(word) => &[word],
        None => &["access_url", "download_url"],
    };
    let listed = |word: &&str| {
        let term = terms::find_at(Place::Distribution, word).ok()?;
        fields
            .iter()
            .position(|(t, from)| *t == term && !from.is_same())
    };
    words.iter().find_map(listed).ok_or_else(|| {
        let found = format!("no list of {}", words.join(" or "));
        let expected =
            "the word of a field here that has a list with an item for each distribution";
        refused(format!("{key}.lead"), found, expected)
    })
}
