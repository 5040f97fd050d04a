//! `package_search`, as far as a harvester asks: `q`, `fq`, `sort`, `rows`, `start`.

use super::{Failure, Parameters, number};
use serde_json::{Value, json};
use std::cmp::Ordering;

/// CKAN's own limit, whatever is asked for.
const ROWS_MAX: usize = 1_000;

pub(super) fn package_search(
    packages: Vec<Value>,
    parameters: &Parameters,
) -> Result<Value, Failure> {
    let filters = filters(parameters.get("fq").map_or("", String::as_str))?;
    let sort = sort(parameters.get("sort").map_or("", String::as_str))?;
    let q = parameters.get("q").map_or("", String::as_str);
    let mut found: Vec<_> = packages
        .into_iter()
        .filter(|package| filters.iter().all(|filter| filter.holds(package)))
        .filter(|package| matches_words(package, q))
        .collect();
    found.sort_by(|a, b| compare(a, b, &sort));
    let count = found.len();
    let rows = number(parameters, "rows")?.unwrap_or(10).min(ROWS_MAX);
    let start = number(parameters, "start")?.unwrap_or(0);
    let results: Vec<_> = found.into_iter().skip(start).take(rows).collect();
    Ok(
        json!({"count": count, "sort": parameters.get("sort"), "facets": {}, "search_facets": {}, "results": results}),
    )
}

/// One clause of `fq`.
enum Filter {
    Equals {
        field: String,
        value: String,
    },
    /// `field:[from TO to]`, either end `*`.
    Range {
        field: String,
        from: String,
        to: String,
    },
}

impl Filter {
    fn holds(&self, package: &Value) -> bool {
        match self {
            Self::Equals { field, value } => {
                value == "*" || values(package, field).iter().any(|found| found == value)
            }
            Self::Range { field, from, to } => values(package, field).iter().any(|found| {
                (from == "*" || found.as_str() >= from.as_str())
                    && (to == "*" || found.as_str() <= to.as_str())
            }),
        }
    }
}

const FIELDS: &[&str] = &[
    "*",
    "id",
    "name",
    "title",
    "metadata_modified",
    "metadata_created",
    "organization",
    "owner_org",
    "groups",
    "tags",
    "license_id",
    "state",
    "private",
    "type",
    "dataset_type",
    "capacity",
];

fn values(package: &Value, field: &str) -> Vec<String> {
    let names = |list: &Value| {
        list.as_array()
            .into_iter()
            .flatten()
            .map(|item| text(&item["name"]))
            .collect()
    };
    match field {
        "*" => vec!["*".to_owned()],
        "organization" => vec![text(&package["organization"]["name"])],
        "groups" => names(&package["groups"]),
        "tags" => names(&package["tags"]),
        "dataset_type" => vec![text(&package["type"])],
        "capacity" => vec!["public".to_owned()],
        _ => vec![text(&package[field])],
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Clauses are separated by blanks outside brackets and quotes; all must hold.
fn filters(fq: &str) -> Result<Vec<Filter>, Failure> {
    let mut filters = Vec::new();
    let mut rest = fq.trim();
    while !rest.is_empty() {
        let Some((field, after)) = rest.trim_start_matches(['+', '(']).split_once(':') else {
            return Err(unreadable("fq", fq));
        };
        let field = field.trim().to_owned();
        if !FIELDS.contains(&field.as_str()) {
            return Err(unreadable("fq: undefined field", &field));
        }
        let (filter, after) = clause(field, after).ok_or_else(|| unreadable("fq", fq))?;
        filters.push(filter);
        rest = after.trim_start_matches(')').trim_start();
        rest = rest.strip_prefix("AND ").unwrap_or(rest).trim_start();
    }
    Ok(filters)
}

/// The clause that begins after `field:`, and what follows it.
fn clause(field: String, text: &str) -> Option<(Filter, &str)> {
    if let Some(range) = text.strip_prefix('[') {
        let (range, after) = range.split_once(']')?;
        let (from, to) = range.split_once(" TO ")?;
        return Some((
            Filter::Range {
                field,
                from: date(from),
                to: date(to),
            },
            after,
        ));
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, after) = quoted.split_once('"')?;
        return Some((
            Filter::Equals {
                field,
                value: value.to_owned(),
            },
            after,
        ));
    }
    let end = text.find([' ', ')']).unwrap_or(text.len());
    Some((
        Filter::Equals {
            field,
            value: text[..end].to_owned(),
        },
        &text[end..],
    ))
}

/// A date of a query in the form in which packages show theirs: without `Z` or quotes.
fn date(text: &str) -> String {
    text.trim()
        .trim_matches('"')
        .trim_end_matches('Z')
        .to_owned()
}

/// Fields to sort by; true is descending.
fn sort(text: &str) -> Result<Vec<(&str, bool)>, Failure> {
    let text = if text.trim().is_empty() {
        "score desc, metadata_modified desc"
    } else {
        text
    };
    text.split(',')
        .map(|clause| {
            let mut words = clause.split_whitespace();
            let field = words.next().unwrap_or_default();
            let known = [
                "score",
                "id",
                "name",
                "title",
                "title_string",
                "metadata_modified",
                "metadata_created",
            ];
            let descending = match words.next() {
                None | Some("asc") => false,
                Some("desc") => true,
                Some(_) => return Err(unreadable("sort", clause)),
            };
            if known.contains(&field) {
                Ok((field, descending))
            } else {
                Err(unreadable("sort", clause))
            }
        })
        .collect()
}

fn compare(a: &Value, b: &Value, sort: &[(&str, bool)]) -> Ordering {
    sort.iter()
        .map(|(field, descending)| {
            let key = if *field == "title_string" {
                "title"
            } else {
                field
            };
            let order = text(&a[key]).cmp(&text(&b[key]));
            if *descending { order.reverse() } else { order }
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn matches_words(package: &Value, q: &str) -> bool {
    let text = format!(
        "{} {} {}",
        package["title"], package["notes"], package["tags"]
    )
    .to_lowercase();
    q.split_whitespace()
        .filter(|word| !matches!(*word, "*:*" | "*"))
        .all(|word| text.contains(&word.to_lowercase()))
}

fn unreadable(what: &str, found: &str) -> Failure {
    Failure {
        status: 409,
        kind: "Search Query Error",
        message: format!("{what}: {found}"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn names(parameters: &[(&str, &str)]) -> Vec<String> {
        let packages = vec![
            json!({"name": "a", "id": "2", "title": "公車 站牌", "metadata_modified": "2026-01-01T00:00:00.000000", "organization": {"name": "x"}}),
            json!({"name": "b", "id": "1", "title": "公車 路線", "metadata_modified": "2026-02-01T00:00:00.000000", "organization": {"name": "y"}}),
            json!({"name": "c", "id": "0", "title": "河川", "metadata_modified": "2026-02-01T00:00:00.000000", "organization": {"name": "y"}}),
        ];
        let parameters = parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let found = package_search(packages, &parameters)
            .map_err(|f| f.message)
            .unwrap();
        found["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| text(&p["name"]))
            .collect()
    }

    #[test]
    fn fq_sort_and_q() {
        assert_eq!(
            names(&[("sort", "metadata_modified asc, id asc")]),
            ["a", "c", "b"]
        );
        assert_eq!(names(&[("sort", "id desc")]), ["a", "b", "c"]);
        assert_eq!(
            names(&[
                ("fq", "metadata_modified:[2026-01-15T00:00:00Z TO *]"),
                ("sort", "name asc")
            ]),
            ["b", "c"]
        );
        assert_eq!(names(&[("fq", "+organization:y +name:\"c\"")]), ["c"]);
        assert_eq!(
            names(&[(
                "fq",
                "organization:y AND metadata_modified:[* TO 2026-01-31T00:00:00.000Z]"
            )]),
            Vec::<String>::new()
        );
        assert_eq!(names(&[("q", "公車"), ("sort", "name asc")]), ["a", "b"]);
        assert_eq!(
            names(&[
                ("q", "*:*"),
                ("rows", "1"),
                ("start", "2"),
                ("sort", "name asc")
            ]),
            ["c"]
        );
    }

    #[test]
    fn an_unknown_field_is_an_error_and_not_an_empty_answer() {
        for (name, value) in [
            ("fq", "colour:red"),
            ("fq", "nonsense"),
            ("sort", "name sideways"),
        ] {
            let parameters = [(name.to_owned(), value.to_owned())].into();
            assert_eq!(
                package_search(Vec::new(), &parameters)
                    .err()
                    .unwrap()
                    .status,
                409
            );
        }
    }
}
