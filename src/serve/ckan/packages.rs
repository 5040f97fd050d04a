//! `package_show`, `package_list`, `current_package_list_with_resources`, `resource_show`.

use super::{
    Scene,
    answer::{Failed, Given},
    asked::Asked,
    search::streamed,
};
use crate::search::{By, Package, Question, Sort};
use chrono::Utc;
use serde_json::Value;

/// A dataset, by id, name or IRI.
pub fn show(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    let id = match asked.text("id").filter(|id| !id.is_empty()) {
        Some(id) => id,
        // As older CKANs have it.
        None => asked
            .text("name_or_id")
            .map_or_else(|| asked.needed("id"), Ok)?,
    };
    let found = scene.view.find(&id)?;
    let package = found.ok_or_else(|| Failed::NotFound(String::new()))?;
    Ok(Given::Json(scene.view.json(package)?))
}

/// The names of all datasets, or of some of them.
pub fn list(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    let names = scene.view.names()?;
    let offset = asked.number("offset")?.unwrap_or_default();
    let limit = asked.number("limit")?.unwrap_or(usize::MAX);
    let page: Vec<String> = names.into_iter().skip(offset).take(limit).collect();
    Ok(Given::value(&Value::from(page)))
}

/// All datasets, the last changed first, a page at a time.
pub fn current(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    let rows_max = scene.limits().rows_max;
    let rows = asked.number("limit")?.unwrap_or(rows_max).min(rows_max);
    let start = match (asked.number("offset")?, asked.number("page")?) {
        (Some(offset), _) => offset,
        (None, Some(page)) => page.saturating_sub(1).saturating_mul(rows),
        (None, None) => 0,
    };
    let newest = Sort {
        by: By::Modified,
        descending: true,
    };
    let question = Question {
        sorts: vec![newest],
        start,
        rows,
        clauses_max: scene.limits().clauses_max,
        ..Question::default()
    };
    let found = scene.view.search(&question, Utc::now())?;
    streamed(scene, b"[".to_vec(), found.page, b"]".to_vec())
}

/// A resource, by its id.
pub fn resource(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    let id = asked.needed("id")?;
    let missing = || Failed::NotFound(String::new());
    let package: Package = scene.view.of_resource(&id)?.ok_or_else(missing)?;
    let mut package: Value = serde_json::from_slice(&scene.view.json(package)?)
        .map_err(|e| Failed::Inside(e.to_string()))?;
    let resources = package["resources"].as_array_mut();
    let mut resources = resources.into_iter().flatten();
    let found = resources.find(|resource| resource["id"] == id.as_str());
    Ok(Given::value(found.ok_or_else(missing)?))
}
