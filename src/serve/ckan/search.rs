//! `package_search`, and `package_autocomplete`, which is a search by title.

use super::{
    Scene,
    answer::{Failed, Given, joined},
    asked::Asked,
};
use crate::search::{By, Package, Question, Sort, schema::FACETS};
use chrono::Utc;
use serde_json::{Map, Value, json};

/// Parameters that are taken.
pub(super) const KNOWN: [&str; 14] = [
    "q",
    "fq",
    "fq_list",
    "sort",
    "rows",
    "start",
    "facet",
    "facet.field",
    "facet.limit",
    "facet.mincount",
    "include_private",
    "include_drafts",
    "include_deleted",
    "use_default_schema",
];
/// What `sort` knows, and what it means.
const SORTS: [(&str, By); 8] = [
    ("score", By::Score),
    ("name", By::Name),
    ("title", By::Title),
    ("title_string", By::Title),
    ("metadata_modified", By::Modified),
    ("metadata_created", By::Created),
    ("last_modified", By::Modified),
    ("id", By::Id),
];
const DEFAULT_SORT: &str = "score desc, metadata_modified desc";
/// As in CKAN.
const ROWS: usize = 10;
const FACET_VALUES: i64 = 50;
/// More packages than this are read while the client takes them.
const WHOLE_MAX: usize = 100;

/// Datasets that match, a page of them, and facets.
pub fn search(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    let unknown: Vec<&str> = asked.names().filter(|name| !KNOWN.contains(name)).collect();
    if !unknown.is_empty() {
        let known = KNOWN.join(", ");
        return Err(Failed::Query(format!(
            "Invalid search parameters: {}; these are taken: {known}",
            unknown.join(", ")
        )));
    }
    let limits = scene.limits();
    let sort = asked.text("sort").filter(|sort| !sort.trim().is_empty());
    let mut filters = asked.texts("fq");
    filters.extend(asked.texts("fq_list"));
    let question = Question {
        q: asked.text("q").unwrap_or_default(),
        filters,
        sorts: sort.as_deref().map_or(Ok(Vec::new()), sorts)?,
        start: asked.number("start")?.unwrap_or_default(),
        rows: asked.number("rows")?.unwrap_or(ROWS).min(limits.rows_max),
        facets: facets(asked)?,
        clauses_max: limits.clauses_max,
    };
    for (name, text) in
        std::iter::once(("q", &question.q)).chain(question.filters.iter().map(|f| ("fq", f)))
    {
        if text.len() > limits.query_bytes_max {
            return Err(Failed::Query(format!(
                "{name} has {} bytes; at most {} are taken",
                text.len(),
                limits.query_bytes_max
            )));
        }
    }
    let most = match asked.whole("facet.limit")?.unwrap_or(FACET_VALUES) {
        ..0 => limits.facet_values_max,
        most => usize::try_from(most)
            .unwrap_or(usize::MAX)
            .min(limits.facet_values_max),
    };
    let least = asked.number("facet.mincount")?.unwrap_or(1);
    let least = u32::try_from(least).unwrap_or(u32::MAX);
    let found = scene.view.search(&question, Utc::now())?;
    let labels = scene.view.labels()?;
    let (mut counts, mut items) = (Map::new(), Map::new());
    for (facet, counted) in question.facets.iter().zip(&found.facets) {
        let top = counted.top(least, Some(most));
        let title = |name: &str| {
            let label = labels.get(&(*facet, name.to_owned()));
            label.map_or_else(|| name.to_owned(), |label| label.title.clone())
        };
        let listed: Vec<Value> = top
            .iter()
            .map(|(name, count)| json!({"name": name, "display_name": title(name), "count": count}))
            .collect();
        items.insert(
            (*facet).to_owned(),
            json!({"title": facet, "items": listed}),
        );
        let by_name = top
            .iter()
            .map(|(name, count)| ((*name).to_owned(), json!(count)));
        counts.insert((*facet).to_owned(), Value::Object(by_name.collect()));
    }
    let before = format!("{{\"count\": {}, \"results\": [", found.count);
    let sort = sort.unwrap_or_else(|| DEFAULT_SORT.to_owned());
    let after = format!(
        "], \"sort\": {}, \"facets\": {}, \"search_facets\": {}}}",
        Value::from(sort),
        Value::Object(counts),
        Value::Object(items)
    );
    streamed(scene, before.into_bytes(), found.page, after.into_bytes())
}

/// A few names and titles for what somebody begins to type.
pub fn autocomplete(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    let limits = scene.limits();
    let begun = asked.needed("q")?.replace(':', " ");
    if !begun.contains(char::is_alphanumeric) {
        return Ok(Given::value(&json!([])));
    }
    let question = Question {
        q: begun,
        rows: asked.number("limit")?.unwrap_or(ROWS).min(limits.rows_max),
        clauses_max: limits.clauses_max,
        ..Question::default()
    };
    let mut listed = Vec::new();
    for package in scene.view.search(&question, Utc::now())?.page {
        let package: Value = serde_json::from_slice(&scene.view.json(package)?)
            .map_err(|error| Failed::Inside(error.to_string()))?;
        let (name, title) = (&package["name"], &package["title"]);
        listed.push(
            json!({"name": name, "title": title, "match_field": "title", "match_displayed": title}),
        );
    }
    Ok(Given::value(&Value::from(listed)))
}

/// Packages between two pieces of JSON: at once where they are few, else as they are taken.
pub fn streamed(
    scene: &Scene,
    mut before: Vec<u8>,
    packages: Vec<Package>,
    after: Vec<u8>,
) -> Result<Given, Failed> {
    if packages.len() > WHOLE_MAX {
        let view = scene.view.clone();
        return Ok(Given::Packages {
            view,
            before,
            packages,
            after,
        });
    }
    before.extend(joined(&scene.view, &packages, true)?);
    before.extend(after);
    Ok(Given::Json(before))
}

fn facets(asked: &Asked) -> Result<Vec<&'static str>, Failed> {
    if !asked.is("facet", true)? {
        return Ok(Vec::new());
    }
    let mut facets = Vec::new();
    for name in asked
        .texts("facet.field")
        .iter()
        .filter(|name| !name.is_empty())
    {
        let Some(facet) = FACETS.iter().find(|facet| *facet == name) else {
            return Err(Failed::Query(format!(
                "facet.field: there is no facet {name:?}; the facets are {}",
                FACETS.join(", ")
            )));
        };
        if !facets.contains(facet) {
            facets.push(*facet);
        }
    }
    Ok(facets)
}

fn sorts(text: &str) -> Result<Vec<Sort>, Failed> {
    let mut sorts = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let (name, direction) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or("asc"),
        );
        let by = SORTS
            .iter()
            .find_map(|(known, by)| (*known == name).then_some(*by));
        let descending = match direction.to_ascii_lowercase().as_str() {
            "asc" => Some(false),
            "desc" => Some(true),
            _ => None,
        };
        match (by, descending, words.next()) {
            (Some(by), Some(descending), None) => sorts.push(Sort { by, descending }),
            _ => {
                let known: Vec<&str> = SORTS.iter().map(|(name, _)| *name).collect();
                return Err(Failed::Query(format!(
                    "sort: {:?} is no order; as \"name asc\", by {}",
                    part.trim(),
                    known.join(", ")
                )));
            }
        }
    }
    if sorts.len() > crate::search::SORTS_MAX {
        return Err(Failed::Query(format!(
            "sort: {} orders; at most {} are taken",
            sorts.len(),
            crate::search::SORTS_MAX
        )));
    }
    Ok(sorts)
}
