//! `license_list`, `status_show` and `site_read`.

use super::{
    Scene,
    answer::{Failed, Given},
    asked::Asked,
};
use crate::search::Question;
use chrono::Utc;
use serde_json::{Value, json};

/// Whose interface this is like: clients ask for it to know what there is.
const CKAN_VERSION: &str = "2.12.0";

/// The licences that datasets have.
pub fn licences(scene: &Scene, _: &Asked) -> Result<Given, Failed> {
    let question = Question {
        facets: vec!["license_id"],
        clauses_max: 1,
        ..Question::default()
    };
    let found = scene.view.search(&question, Utc::now())?;
    let labels = scene.view.labels()?;
    let counted = found.facets.first().map(|facet| facet.top(1, None));
    let mut licences: Vec<Value> = counted
        .into_iter()
        .flatten()
        .filter_map(|(name, _)| labels.get(&("license_id", name.to_owned())))
        .map(|label| {
            json!({
                "id": label.id, "title": label.title, "url": label.iri, "status": "active", "family": "",
                "maintainer": "", "od_conformance": if label.is_open { "approved" } else { "not reviewed" },
                "osd_conformance": "not reviewed", "domain_content": false, "domain_data": true,
                "domain_software": false, "is_generic": false,
            })
        })
        .collect();
    licences.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
    Ok(Given::value(&Value::from(licences)))
}

pub fn status(scene: &Scene, _: &Asked) -> Result<Given, Failed> {
    let titles = &scene.config.title;
    let title = titles.get("en").or_else(|| titles.values().next());
    Ok(Given::value(&json!({
        "site_title": title,
        "site_description": "",
        "site_url": scene.config.public_url.as_str().trim_end_matches('/'),
        "error_emails_to": null,
        "locale_default": "en",
        "extensions": [],
        "ckan_version": CKAN_VERSION,
        "harvestd_version": env!("CARGO_PKG_VERSION"),
        "datasets": scene.view.datasets(),
    })))
}

pub fn read(_: &Scene, _: &Asked) -> Result<Given, Failed> {
    Ok(Given::value(&json!(true)))
}
