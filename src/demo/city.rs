//! The invented city: its CKAN, as far as a harvester asks (Action API v3, read only).
//!
//! Answers are values: an action name and its parameters in, a status and JSON out. Knows no HTTP and searches no
//! better than a harvester needs: `metadata_modified` ranges and equality in `fq`, a stable `sort`, `rows` and `start`.

mod package;
mod search;

use super::world::Moment;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Packages in the city's catalogue.
pub const PACKAGES: u64 = 60;

/// Where the city's portal says it is.
const SITE: &str = "https://data.fushan.example.gov.tw";

/// What an action answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

/// Parameters of an action, from the query string or a JSON body.
pub type Parameters = BTreeMap<String, String>;

/// Answers one call of the Action API.
pub fn action(moment: Moment, name: &str, parameters: &Parameters) -> Reply {
    let result = match name {
        "status_show" => Ok(status()),
        "site_read" => Ok(json!(true)),
        "package_list" => package_list(moment, parameters),
        "package_search" => search::package_search(package::packages(moment), parameters),
        "package_show" => package_show(moment, parameters),
        "organization_list" => Ok(list(&package::organisations(moment), parameters)),
        "organization_show" => show(package::organisations(moment), parameters),
        "group_list" => Ok(list(&package::groups(moment), parameters)),
        "group_show" => show(package::groups(moment), parameters),
        "license_list" => Ok(json!(package::LICENCES.map(package::licence))),
        "tag_list" => Ok(json!(package::tags(moment))),
        // As CKAN does: a bare string and not the usual envelope.
        _ => {
            let body = json!(format!("Bad request - Action name not known: {name}"));
            return Reply { status: 400, body };
        }
    };
    envelope(name, result)
}

/// Answers what is asked of packages alone.
pub(super) fn answer(packages: Vec<Value>, name: &str, parameters: &Parameters) -> Reply {
    let result = match name {
        "status_show" => Ok(status()),
        "package_search" => search::package_search(packages, parameters),
        "package_show" => show(packages, parameters),
        _ => Err(Failure::not_found()),
    };
    envelope(name, result)
}

/// Why an action fails, as CKAN says it.
struct Failure {
    status: u16,
    kind: &'static str,
    message: String,
}

impl Failure {
    fn not_found() -> Self {
        Self {
            status: 404,
            kind: "Not Found Error",
            message: "找不到".to_owned(),
        }
    }

    fn validation(message: String) -> Self {
        Self {
            status: 409,
            kind: "Validation Error",
            message,
        }
    }
}

fn envelope(name: &str, result: Result<Value, Failure>) -> Reply {
    let help = format!("{SITE}/api/3/action/help_show?name={name}");
    match result {
        Ok(result) => Reply {
            status: 200,
            body: json!({"help": help, "success": true, "result": result}),
        },
        Err(Failure {
            status,
            kind,
            message,
        }) => {
            let error = json!({"__type": kind, "message": message});
            Reply {
                status,
                body: json!({"help": help, "success": false, "error": error}),
            }
        }
    }
}

fn status() -> Value {
    json!({
        "ckan_version": "2.11.2",
        "site_url": SITE,
        "site_title": "福山市政府資料開放平臺",
        "site_description": "An invented city's open data",
        "locale_default": "zh_Hant_TW",
        "error_emails_to": null,
        "extensions": ["activity", "datastore"],
    })
}

fn package_list(moment: Moment, parameters: &Parameters) -> Result<Value, Failure> {
    let mut names: Vec<_> = package::packages(moment)
        .iter()
        .filter_map(|p| p["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    let offset = number(parameters, "offset")?.unwrap_or(0);
    let limit = number(parameters, "limit")?.unwrap_or(usize::MAX);
    Ok(json!(
        names
            .into_iter()
            .skip(offset)
            .take(limit)
            .collect::<Vec<_>>()
    ))
}

fn package_show(moment: Moment, parameters: &Parameters) -> Result<Value, Failure> {
    show(package::packages(moment), parameters)
}

/// The item whose id or name is asked for.
fn show(items: Vec<Value>, parameters: &Parameters) -> Result<Value, Failure> {
    let Some(id) = parameters.get("id") else {
        return Err(Failure::validation("id: 遺漏值".to_owned()));
    };
    items
        .into_iter()
        .find(|item| item["id"] == id.as_str() || item["name"] == id.as_str())
        .ok_or_else(Failure::not_found)
}

/// Names, or whole items where `all_fields` is asked for.
fn list(items: &[Value], parameters: &Parameters) -> Value {
    let whole = parameters
        .get("all_fields")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"));
    if whole {
        json!(items)
    } else {
        items.iter().map(|item| item["name"].clone()).collect()
    }
}

fn number(parameters: &Parameters, name: &str) -> Result<Option<usize>, Failure> {
    parameters
        .get(name)
        .map(|text| {
            text.parse()
                .map_err(|_| Failure::validation(format!("{name}: 必須為自然數: {text}")))
        })
        .transpose()
}

/// The parameters in a JSON body: strings as they are, everything else as JSON text.
pub fn parameters_of(body: Map<String, Value>) -> Parameters {
    body.into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::world::World;
    use super::*;
    use std::collections::BTreeSet;

    fn world() -> (World, chrono::DateTime<chrono::Utc>) {
        let began = "2026-11-02T01:00:00Z".parse().unwrap();
        (World::standing(began), began)
    }

    fn ask(moment: Moment, name: &str, parameters: &[(&str, &str)]) -> Value {
        let parameters = parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let reply = action(moment, name, &parameters);
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.body["success"], true);
        reply.body["result"].clone()
    }

    #[test]
    fn paging_by_a_stable_sort_gives_every_package_once() {
        let (world, now) = world();
        let moment = world.moment(now);
        let mut seen = BTreeSet::new();
        for start in (0..PACKAGES).step_by(7) {
            let start = start.to_string();
            let page = ask(
                moment,
                "package_search",
                &[
                    ("rows", "7"),
                    ("start", &start),
                    ("sort", "metadata_modified asc, id asc"),
                ],
            );
            assert_eq!(page["count"], PACKAGES);
            for package in page["results"].as_array().unwrap() {
                assert!(
                    seen.insert(package["id"].to_string()),
                    "twice: {}",
                    package["name"]
                );
            }
        }
        assert_eq!(seen.len() as u64, PACKAGES);
        assert_eq!(
            ask(moment, "package_list", &[]).as_array().unwrap().len() as u64,
            PACKAGES
        );
    }

    #[test]
    fn changes_since_are_what_the_step_changed() {
        let (world, now) = world();
        let before = world.moment(now);
        let newest = ask(
            before,
            "package_search",
            &[("rows", "1"), ("sort", "metadata_modified desc")],
        );
        let since = newest["results"][0]["metadata_modified"]
            .as_str()
            .unwrap()
            .to_owned();
        world.advance();
        let after = world.moment(now);
        let fq = format!("metadata_modified:[{since}Z TO *]");
        let changed = ask(after, "package_search", &[("rows", "100"), ("fq", &fq)]);
        let mut expected = 1; // the newest itself
        let old = package::packages(before);
        for package in package::packages(after) {
            let was = old.iter().find(|p| p["id"] == package["id"]);
            expected += u64::from(was.is_none_or(|was| *was != package));
        }
        let newest_still_there = changed["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|p| p["metadata_modified"] == since.as_str());
        if !newest_still_there {
            expected -= 1;
        }
        assert_eq!(changed["count"], expected);
        assert!(expected >= 3, "a step changes some: {expected}");
    }

    #[test]
    fn a_deleted_package_is_not_found() {
        let (world, now) = world();
        let first = package::packages(world.moment(now)).remove(0);
        let id = first["id"].as_str().unwrap();
        assert_eq!(ask(world.moment(now), "package_show", &[("id", id)]), first);
        world.advance();
        let parameters = [("id".to_owned(), id.to_owned())].into();
        let reply = action(world.moment(now), "package_show", &parameters);
        assert_eq!(reply.status, 404);
        assert_eq!(reply.body["error"]["__type"], "Not Found Error");
    }

    #[test]
    fn organisations_groups_and_counts_agree_with_the_packages() {
        let (world, now) = world();
        let moment = world.moment(now);
        for kind in ["organization", "group"] {
            let all = ask(moment, &format!("{kind}_list"), &[("all_fields", "true")]);
            let total: u64 = all
                .as_array()
                .unwrap()
                .iter()
                .map(|o| o["package_count"].as_u64().unwrap())
                .sum();
            assert_eq!(total, PACKAGES, "{kind}");
            for name in ask(moment, &format!("{kind}_list"), &[])
                .as_array()
                .unwrap()
            {
                let shown = ask(
                    moment,
                    &format!("{kind}_show"),
                    &[("id", name.as_str().unwrap())],
                );
                assert_eq!(&shown["name"], name);
            }
        }
    }

    #[test]
    fn what_ckan_refuses_is_refused() {
        let (world, now) = world();
        let refused = |name: &str, parameters: &[(&str, &str)]| {
            let parameters = parameters
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            action(world.moment(now), name, &parameters)
        };
        assert_eq!(refused("package_delete", &[]).status, 400);
        assert_eq!(refused("package_show", &[]).status, 409);
        assert_eq!(refused("package_search", &[("rows", "many")]).status, 409);
        let reply = refused("package_search", &[("sort", "colour asc")]);
        assert_eq!(
            (reply.status, reply.body["error"]["__type"].as_str()),
            (409, Some("Search Query Error"))
        );
    }
}
