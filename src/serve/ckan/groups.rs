//! `organization_list`, `organization_show`, `group_list`, `group_show`: publishers, and what datasets are about.

use super::{
    Scene,
    answer::{Failed, Given},
    asked::Asked,
};
use crate::search::{By, Question, Sort, schema::Label};
use chrono::Utc;
use serde_json::{Value, json};

/// One of the two kinds of groups.
#[derive(Clone, Copy)]
struct Kind {
    facet: &'static str,
    /// CKAN's word for it, and whether it is an organization.
    word: &'static str,
    /// The parameter that names some of them.
    some: &'static str,
}

const ORGANIZATIONS: Kind = Kind {
    facet: "organization",
    word: "organization",
    some: "organizations",
};
const GROUPS: Kind = Kind {
    facet: "groups",
    word: "group",
    some: "groups",
};

pub fn organizations(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    list(scene, asked, ORGANIZATIONS)
}

pub fn organization(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    show(scene, asked, ORGANIZATIONS)
}

pub fn groups(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    list(scene, asked, GROUPS)
}

pub fn group(scene: &Scene, asked: &Asked) -> Result<Given, Failed> {
    show(scene, asked, GROUPS)
}

/// Those that have datasets, with how many.
fn all(scene: &Scene, kind: Kind) -> Result<Vec<(Label, u32)>, Failed> {
    let question = Question {
        facets: vec![kind.facet],
        clauses_max: 1,
        ..Question::default()
    };
    let found = scene.view.search(&question, Utc::now())?;
    let labels = scene.view.labels()?;
    let counted = found.facets.first().map(|facet| facet.top(1, None));
    let labelled = counted.into_iter().flatten().filter_map(|(name, count)| {
        let label = labels.get(&(kind.facet, name.to_owned()))?;
        Some((label.clone(), count))
    });
    Ok(labelled.collect())
}

/// Unlike CKAN, which gives 1,000 at most and 25 with all fields, it gives all: who wants fewer says `limit`.
fn list(scene: &Scene, asked: &Asked, kind: Kind) -> Result<Given, Failed> {
    let mut all = all(scene, kind)?;
    let some = asked.texts(kind.some);
    let some: Vec<&str> = some
        .iter()
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .collect();
    if !some.is_empty() {
        all.retain(|(label, _)| some.contains(&label.name.as_str()));
    }
    if let Some(q) = asked
        .text("q")
        .map(|q| q.trim().to_lowercase())
        .filter(|q| !q.is_empty())
    {
        all.retain(|(label, _)| label.name.contains(&q) || label.title.to_lowercase().contains(&q));
    }
    let sort = asked.text("sort").or_else(|| asked.text("order_by"));
    let sort = sort
        .filter(|sort| !sort.trim().is_empty())
        .unwrap_or_else(|| "title asc".to_owned());
    let mut words = sort.split_whitespace();
    let by = words.next().unwrap_or_default();
    match by {
        "name" => all.sort_by(|a, b| a.0.name.cmp(&b.0.name)),
        "title" => all.sort_by(|a, b| (&a.0.title, &a.0.name).cmp(&(&b.0.title, &b.0.name))),
        "package_count" | "packages" => {
            all.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.name.cmp(&a.0.name)))
        }
        _ => {
            return Err(Failed::invalid(
                "sort",
                format!("Cannot sort by field `{by}`"),
            ));
        }
    }
    match words.next().map(str::to_ascii_lowercase).as_deref() {
        Some("desc") => all.reverse(),
        None if matches!(by, "package_count" | "packages") => all.reverse(),
        None | Some("asc") => {}
        Some(other) => {
            return Err(Failed::invalid(
                "sort",
                format!("Invalid sort direction `{other}`"),
            ));
        }
    }
    let offset = asked.number("offset")?.unwrap_or_default();
    let limit = asked.number("limit")?.unwrap_or(usize::MAX);
    let (with_all, with_count) = (
        asked.is("all_fields", false)?,
        asked.is("include_dataset_count", true)?,
    );
    let with_extras = asked.is("include_extras", false)?;
    let page = all.iter().skip(offset).take(limit);
    let listed: Vec<Value> = page
        .map(|(label, count)| {
            if !with_all {
                return json!(label.name);
            }
            described(label, kind, with_count.then_some(*count), with_extras)
        })
        .collect();
    Ok(Given::value(&Value::from(listed)))
}

fn show(scene: &Scene, asked: &Asked, kind: Kind) -> Result<Given, Failed> {
    let id = asked.needed("id")?;
    let all = all(scene, kind)?;
    let found = all
        .iter()
        .find(|(label, _)| label.name == id || label.id == id || label.iri == id);
    let (label, count) = found.ok_or_else(|| Failed::NotFound(String::new()))?;
    let with_count = asked.is("include_dataset_count", true)?;
    let mut group = described(
        label,
        kind,
        with_count.then_some(*count),
        asked.is("include_extras", true)?,
    );
    if asked.is("include_datasets", false)? {
        group["packages"] = packages(scene, kind.facet, &label.name)?;
    }
    Ok(Given::value(&group))
}

/// The datasets with this value, the newest first, as far as one page goes.
pub fn packages(scene: &Scene, facet: &str, name: &str) -> Result<Value, Failed> {
    let question = Question {
        filters: vec![format!("{facet}:\"{}\"", name.replace(['\\', '"'], ""))],
        sorts: vec![Sort {
            by: By::Modified,
            descending: true,
        }],
        rows: scene.limits().rows_max,
        clauses_max: 1,
        ..Question::default()
    };
    let mut packages = Vec::new();
    for package in scene.view.search(&question, Utc::now())?.page {
        let json = scene.view.json(package)?;
        packages.push(
            serde_json::from_slice(&json).map_err(|error| Failed::Inside(error.to_string()))?,
        );
    }
    Ok(Value::Array(packages))
}

fn described(label: &Label, kind: Kind, count: Option<u32>, with_extras: bool) -> Value {
    let mut group = json!({
        "id": label.id,
        "name": label.name,
        "title": label.title,
        "display_name": label.title,
        "description": "",
        "type": kind.word,
        "is_organization": kind.word == "organization",
        "approval_status": "approved",
        "state": "active",
        "image_url": "",
        "image_display_url": "",
        "num_followers": 0,
        "users": [],
        "groups": [],
        "tags": [],
        "extras": [],
    });
    if let Some(count) = count {
        group["package_count"] = json!(count);
    }
    if with_extras && !label.iri.is_empty() {
        group["extras"] = json!([{"key": "uri", "value": label.iri, "state": "active"}]);
    }
    group
}
