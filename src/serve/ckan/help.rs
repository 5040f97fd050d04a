//! `help_show`: what each action does, in a few lines.

use super::{
    Scene,
    answer::{Failed, Given},
    asked::Asked,
};
use serde_json::Value;

/// What each action takes and gives.
const HELP: [(&str, &str); 16] = [
    ("package_show", "A dataset.\n\nid: its id, name or IRI."),
    (
        "package_search",
        "Datasets that match, a page of them, and facets.\n\nq: words that must all be there, phrases in quotes, -word; where it has a colon, a query as fq is.\nfq, fq_list: queries: field:value, field:\"a phrase\", field:[from TO to], field:(a OR b), AND, OR, NOT, +, -, brackets. What is not understood is refused with its place.\nsort: as \"metadata_modified desc, id asc\", by score, name, title, metadata_modified, metadata_created or id.\nrows: at most 1000 unless configured otherwise; start: how many to pass over.\nfacet.field: organization, groups, tags, res_format, license_id, access, source, high_value, frequency, language; facet.limit (50; negative for all), facet.mincount (1).",
    ),
    (
        "package_list",
        "The names of all datasets, sorted.\n\nlimit, offset: some of them.",
    ),
    (
        "current_package_list_with_resources",
        "All datasets, the last changed first.\n\nlimit: at most 1000 unless configured otherwise; offset.",
    ),
    ("resource_show", "A resource.\n\nid: its id."),
    (
        "organization_list",
        "The publishers that have datasets.\n\nall_fields: descriptions instead of names; sort: name, title or package_count; limit, offset; organizations: some of them; q: part of name or title; include_dataset_count, include_extras.",
    ),
    (
        "organization_show",
        "A publisher.\n\nid: its id, name or IRI; include_datasets: the newest of its datasets too; include_dataset_count, include_extras.",
    ),
    (
        "group_list",
        "What datasets are about.\n\nAs organization_list; groups: some of them.",
    ),
    ("group_show", "A theme.\n\nAs organization_show."),
    (
        "tag_list",
        "The tags that datasets have, sorted.\n\nquery: part of a tag; all_fields; limit, offset.",
    ),
    (
        "tag_show",
        "A tag.\n\nid: its name or id; include_datasets: the newest of its datasets too.",
    ),
    ("license_list", "The licences that datasets have."),
    ("status_show", "What this is."),
    ("site_read", "Whether one may read here: true."),
    ("help_show", "What an action does.\n\nname: its name."),
    (
        "package_autocomplete",
        "Names and titles of a few datasets.\n\nq: words; limit: how many.",
    ),
];

pub fn show(_: &Scene, asked: &Asked) -> Result<Given, Failed> {
    let name = asked.needed("name")?;
    let help = HELP.iter().find(|(action, _)| *action == name);
    let (_, help) = help.ok_or_else(|| Failed::NotFound("Action function not found".to_owned()))?;
    Ok(Given::value(&Value::from(*help)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_help() {
        let helped: Vec<&str> = HELP.iter().map(|(name, _)| *name).collect();
        let actions: Vec<&str> = super::super::ACTIONS
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(helped, actions);
    }
}
