//! The city's packages, organisations, groups, tags and licences, as CKAN shows them.

use super::{
    super::{
        tables::{CITY_DISTRICTS, CITY_GROUPS, CITY_ORGANISATIONS, CITY_SUBJECTS},
        world::{Item, Moment},
    },
    PACKAGES, SITE,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every package at one moment, in the order of creation.
pub(super) fn packages(moment: Moment) -> Vec<Value> {
    moment.items(PACKAGES).map(package).collect()
}

/// Every organisation, with the number of its packages.
pub(super) fn organisations(moment: Moment) -> Vec<Value> {
    let packages = packages(moment);
    let count = |slug: &str| {
        packages
            .iter()
            .filter(|p| p["organization"]["name"] == slug)
            .count()
    };
    CITY_ORGANISATIONS
        .iter()
        .map(|row| {
            let mut shown = organisation(row);
            shown["package_count"] = json!(count(row[0]));
            shown["display_name"] = json!(row[1]);
            shown["extras"] = json!([{"key": "telephone", "value": row[3]}]);
            shown
        })
        .collect()
}

/// Every group, with the number of its packages.
pub(super) fn groups(moment: Moment) -> Vec<Value> {
    let packages = packages(moment);
    let count = |slug: &str| {
        packages
            .iter()
            .filter(|p| p["groups"][0]["name"] == slug)
            .count()
    };
    CITY_GROUPS
        .iter()
        .map(|row| {
            let mut shown = group(row);
            shown["package_count"] = json!(count(row[0]));
            shown
        })
        .collect()
}

/// The names of all tags in use.
pub(super) fn tags(moment: Moment) -> BTreeSet<String> {
    packages(moment)
        .iter()
        .filter_map(|package| package["tags"].as_array())
        .flatten()
        .filter_map(|tag| tag["name"].as_str().map(str::to_owned))
        .collect()
}

/// id, title, address
pub(super) const LICENCES: [[&str; 3]; 3] = [
    [
        "OGDL-Taiwan-1.0",
        "政府資料開放授權條款-第1版",
        "https://data.gov.tw/license",
    ],
    [
        "CC-BY-4.0",
        "Creative Commons Attribution 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
    ],
    ["notspecified", "未指定授權", ""],
];

pub(super) fn licence([id, title, url]: [&str; 3]) -> Value {
    json!({"id": id, "title": title, "url": url, "is_okd_compliant": id != "notspecified", "status": "active"})
}

fn package(item: Item) -> Value {
    let subjects = CITY_SUBJECTS.len() as u64;
    let districts = CITY_DISTRICTS.len() as u64;
    let (subject, turn) = (item.number % subjects, item.number / subjects);
    let edition = turn / districts;
    let row = &CITY_SUBJECTS[index(subject)];
    let district = &CITY_DISTRICTS[index((turn + subject * 3) % districts)];
    let [
        slug,
        language,
        title,
        organisation_slug,
        group_slug,
        ..,
        tags,
        notes,
    ] = *row;
    let [district_slug, zh, en, ..] = *district;
    let mut name = format!("{slug}-{district_slug}");
    let mut shown_title = title.replace("{district}", if language == "en" { en } else { zh });
    if edition > 0 {
        name = format!("{name}-{edition}");
        shown_title = format!("{shown_title} ({edition})");
    }
    let id = uuid(&name);
    let resources = resources(item, &name, &id, row);
    let tags: Vec<_> = tags.split(';').map(tag).collect();
    let [licence_id, licence_title, licence_url] = LICENCES
        .into_iter()
        .find(|l| l[0] == row[6])
        .unwrap_or(LICENCES[2]);
    json!({
        "id": id,
        "name": name,
        "title": shown_title,
        "notes": notes.replace("{district}", if language == "en" { en } else { zh }),
        "type": "dataset",
        "state": "active",
        "private": false,
        "isopen": licence_id != "notspecified",
        "license_id": licence_id,
        "license_title": licence_title,
        "license_url": licence_url,
        "author": "開放資料窗口",
        "author_email": "opendata@fushan.example.gov.tw",
        "maintainer": null,
        "maintainer_email": null,
        "url": format!("{SITE}/dataset/{name}"),
        "version": (item.revision + 1).to_string(),
        "metadata_created": time(item.created),
        "metadata_modified": time(item.modified),
        "creator_user_id": uuid("harvest-me"),
        "owner_org": uuid(organisation_slug),
        "organization": CITY_ORGANISATIONS.iter().find(|o| o[0] == organisation_slug).map(organisation),
        "groups": CITY_GROUPS.iter().filter(|g| g[0] == group_slug).map(group).collect::<Vec<_>>(),
        "num_tags": tags.len(),
        "tags": tags,
        "extras": extras(&id, row, district),
        "num_resources": resources.len(),
        "resources": resources,
        "relationships_as_subject": [],
        "relationships_as_object": [],
    })
}

fn extras(id: &str, row: &[&str; 10], [_, _, _, longitude, latitude]: &[&str; 5]) -> Value {
    let spatial = format!("{{\"type\":\"Point\",\"coordinates\":[{longitude},{latitude}]}}");
    let mut extras = vec![
        // Names that stay the same wherever the portal is served from.
        json!({"key": "uri", "value": format!("{SITE}/dataset/{id}")}),
        json!({"key": "language", "value": if row[1] == "en" { "en" } else { "zh-Hant" }}),
        json!({"key": "spatial", "value": spatial}),
    ];
    if row[1] == "en" {
        extras.push(json!({"key": "frequency", "value": row[5]}));
    } else {
        extras.push(json!({"key": "更新頻率", "value": row[5]}));
        extras.push(json!({"key": "計費方式", "value": "免費"}));
    }
    json!(extras)
}

fn resources(item: Item, name: &str, package_id: &str, row: &[&str; 10]) -> Vec<Value> {
    row[7]
        .split(';')
        .enumerate()
        .map(|(position, format)| {
            let id = uuid(&format!("{name}/{format}"));
            let extension = format.to_lowercase();
            let url = if format == "API" {
                format!("https://api.fushan.example.gov.tw/v2/{name}")
            } else {
                format!("{SITE}/dataset/{package_id}/resource/{id}/download/{name}.{extension}")
            };
            json!({
                "id": id,
                "uri": format!("{SITE}/dataset/{package_id}/resource/{id}"),
                "package_id": package_id,
                "position": position,
                "name": format!("{name}.{extension}"),
                "description": "",
                "format": format,
                "mimetype": media_type(format),
                "url": url,
                "url_type": if format == "API" { Value::Null } else { json!("upload") },
                "resource_type": null,
                "size": (format != "API").then_some(20_000 + item.number * 991 + item.revision * 64),
                "hash": "",
                "state": "active",
                "created": time(item.created),
                "last_modified": time(item.modified),
                "metadata_modified": time(item.modified),
            })
        })
        .collect()
}

fn media_type(format: &str) -> Value {
    match format {
        "CSV" => json!("text/csv"),
        "JSON" => json!("application/json"),
        "GeoJSON" => json!("application/geo+json"),
        "XML" => json!("application/xml"),
        "XLSX" => json!("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "ODS" => json!("application/vnd.oasis.opendocument.spreadsheet"),
        "PDF" => json!("application/pdf"),
        "KML" => json!("application/vnd.google-earth.kml+xml"),
        "ICS" => json!("text/calendar"),
        "SHP" | "GTFS" => json!("application/zip"),
        _ => Value::Null,
    }
}

fn organisation([slug, title, description, _]: &[&str; 4]) -> Value {
    json!({
        "id": uuid(slug),
        "uri": format!("{SITE}/organization/{slug}"),
        "name": slug,
        "title": title,
        "type": "organization",
        "description": description,
        "image_url": "",
        "created": "2024-03-01T00:00:00.000000",
        "is_organization": true,
        "approval_status": "approved",
        "state": "active",
    })
}

fn group([slug, title]: &[&str; 2]) -> Value {
    json!({"id": uuid(slug), "name": slug, "title": title, "display_name": title, "description": "", "image_display_url": ""})
}

fn tag(name: &str) -> Value {
    json!({"id": uuid(&format!("tag/{name}")), "name": name, "display_name": name, "state": "active", "vocabulary_id": null})
}

/// A UUID that follows from the name.
fn uuid(name: &str) -> String {
    let hash = blake3::hash(name.as_bytes()).to_hex();
    format!(
        "{}-{}-4{}-a{}-{}",
        &hash[..8],
        &hash[8..12],
        &hash[13..16],
        &hash[17..20],
        &hash[20..32]
    )
}

/// CKAN's own form: UTC, six digits after the second, no zone.
fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::super::world::World;
    use super::*;

    #[test]
    fn a_package_has_what_a_harvester_reads() {
        let began = "2026-11-02T01:00:00Z".parse().unwrap();
        let world = World::standing(began);
        let mut names = BTreeSet::new();
        for _ in 0..300 {
            world.advance();
            for package in packages(world.moment(began)) {
                names.insert(package["name"].as_str().unwrap().to_owned());
                assert_eq!(package["id"].as_str().unwrap().len(), 36);
                assert!(!package["organization"].is_null() && !package["groups"][0].is_null());
                assert_eq!(
                    package["num_resources"],
                    package["resources"].as_array().unwrap().len()
                );
                assert!(
                    package["metadata_modified"]
                        .as_str()
                        .unwrap()
                        .ends_with(".000000")
                );
                let spatial = package["extras"][2]["value"].as_str().unwrap();
                let point: Value = serde_json::from_str(spatial).unwrap();
                assert_eq!(point["type"], "Point");
            }
        }
        // A window of 60 that moved 300 times has seen 60 + 299 different packages; the first step is not looked at.
        assert_eq!(names.len(), 359, "names are unique over time");
    }
}
