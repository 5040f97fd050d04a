//! `tag_list` and `tag_show`.

use super::{
    Scene,
    answer::{Failed, Given},
    asked::Asked,
    groups::packages,
};
use crate::ckan::tags;
use crate::search::Question;
use chrono::Utc;
use serde_json::Value;

pub fn list(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    no_vocabulary(asked)?;
    let query = asked.text("query").or_else(|| asked.text("q"));
    let query = query
        .map(|query| query.trim().to_lowercase())
        .filter(|query| !query.is_empty());
    let mut tags = all(scene)?;
    if let Some(query) = query {
        tags.retain(|tag| tag.to_lowercase().contains(&query));
    }
    let offset = asked.number("offset")?.unwrap_or_default();
    let limit = asked.number("limit")?.unwrap_or(usize::MAX);
    let page = tags.into_iter().skip(offset).take(limit);
    let with_all = asked.is("all_fields", false)?;
    let listed = page.map(|tag| {
        if with_all {
            tags::json(&tag)
        } else {
            Value::from(tag)
        }
    });
    Ok(Given::value(&listed.collect()))
}

/// A tag, by name or id.
pub fn show(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    no_vocabulary(asked)?;
    let id = asked.needed("id")?;
    let found = all(scene)?
        .into_iter()
        .find(|tag| *tag == id || tags::id_of(tag) == id);
    let tag = found.ok_or_else(|| Failed::NotFound(String::new()))?;
    let mut shown = tags::json(&tag);
    if asked.is("include_datasets", false)? {
        shown["packages"] = packages(scene, "tags", &tag)?;
    }
    Ok(Given::value(&shown))
}

/// All tags that datasets have, sorted.
fn all(scene: &Scene) -> Result<Vec<String>, Failed> {
    let question = Question {
        facets: vec!["tags"],
        clauses_max: 1,
        ..Question::default()
    };
    let found = scene.view.search(&question, Utc::now())?;
    let counted = found.facets.first().map(|facet| facet.top(1, None));
    let mut tags: Vec<String> = counted
        .into_iter()
        .flatten()
        .map(|(tag, _)| tag.to_owned())
        .collect();
    tags.sort_unstable();
    Ok(tags)
}

/// All tags are free ones.
fn no_vocabulary(asked: &Asked) -> Result<(), Failed> {
    match asked.text("vocabulary_id").filter(|id| !id.is_empty()) {
        Some(id) => Err(Failed::NotFound(format!(
            "could not find vocabulary '{id}'"
        ))),
        None => Ok(()),
    }
}
