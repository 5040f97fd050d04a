//! Doors in forms that others have laid down: CKAN, the interchange standard, OAI-PMH, Atom, sitemaps.

use super::{
    super::door::{Door, Operation, date_time, iri, one_of, text, truth, whole, whole_or_negative},
    JSON,
};
use serde_json::{Value, json};

const FORMS: &str = "As others have it";
const FORM: &str = "application/x-www-form-urlencoded";

/// A parameter: its name, of which actions it is, and what it may be.
type Parameter = (&'static str, &'static str, Value);

/// Parameters of CKAN's actions that are one value each.
fn ckan_parameters() -> Vec<Parameter> {
    [of_single_things(), of_search(), of_lists()].concat()
}

/// Which thing is wanted, and how much of it.
fn of_single_things() -> Vec<Parameter> {
    vec![
        (
            "id",
            "Of package_show, resource_show and the other _show actions: id, name or IRI.",
            text(),
        ),
        (
            "name_or_id",
            "Of package_show: what `id` is, for old clients.",
            text(),
        ),
        ("name", "Of help_show: an action.", text()),
        (
            "include_datasets",
            "Of organization_show, group_show and tag_show: the newest of its datasets too.",
            truth(),
        ),
        (
            "include_dataset_count",
            "Of organization_ and group_ actions: how many datasets each has.",
            truth(),
        ),
        (
            "include_extras",
            "Of organization_ and group_ actions: the IRI too.",
            truth(),
        ),
        (
            "vocabulary_id",
            "Of tag_list and tag_show: all tags are free ones, so that there is none.",
            text(),
        ),
    ]
}

/// Of package_search; `q` and `sort` of lists, too.
fn of_search() -> Vec<Parameter> {
    vec![
        (
            "q",
            "Of package_search: words, or a query. Of package_autocomplete: words. Of lists: part of a name or title.",
            text(),
        ),
        ("fq", "Of package_search: a query that narrows.", text()),
        (
            "sort",
            "Of package_search: fields, each with asc or desc. Of organization_list and group_list: name, title or package_count.",
            text(),
        ),
        ("rows", "Of package_search: how many.", whole(0)),
        ("start", "Of package_search: after how many.", whole(0)),
        ("facet", "Of package_search: whether to count.", truth()),
        (
            "facet.limit",
            "Of package_search: values of each facet; negative for all.",
            whole_or_negative(),
        ),
        (
            "facet.mincount",
            "Of package_search: values that so many have.",
            whole(0),
        ),
        (
            "include_private",
            "Of package_search: taken, and nothing is private here.",
            truth(),
        ),
        (
            "include_drafts",
            "Of package_search: taken, and there are no drafts here.",
            truth(),
        ),
        (
            "include_deleted",
            "Of package_search: taken, and what is deleted is in the feed.",
            truth(),
        ),
        (
            "use_default_schema",
            "Of package_search: taken, and there is one schema.",
            truth(),
        ),
    ]
}

/// Of lists, and how they are paged.
fn of_lists() -> Vec<Parameter> {
    vec![
        ("query", "Of tag_list: part of a tag.", text()),
        (
            "order_by",
            "Of organization_list and group_list: what `sort` is, for old clients.",
            text(),
        ),
        (
            "limit",
            "Of lists, package_autocomplete and current_package_list_with_resources: how many.",
            whole(0),
        ),
        (
            "offset",
            "Of lists and current_package_list_with_resources: after how many.",
            whole(0),
        ),
        (
            "page",
            "Of current_package_list_with_resources: which page, from 1.",
            whole(1),
        ),
        (
            "all_fields",
            "Of organization_list, group_list and tag_list: whole objects instead of names.",
            truth(),
        ),
    ]
}

/// Those that are several values: in an address a list in JSON.
const CKAN_LISTS: [(&str, &str); 4] = [
    ("fq_list", "Of package_search: more queries that narrow."),
    ("facet.field", "Of package_search: fields to count by."),
    ("organizations", "Of organization_list: some of them."),
    ("groups", "Of group_list: some of them."),
];

/// CKAN's Action API; `names` are the actions.
pub fn ckan_action(names: &[&str]) -> Door {
    let action = |operation: Operation| {
        operation
            .path(
                "name",
                "The action; help_show says what each takes.",
                one_of(names),
            )
            .gives_json(200, &[JSON], "CkanAnswer")
            .gives_json(400, &[JSON], "CkanRefusal")
            .gives_json(404, &[JSON], "CkanRefusal")
            .gives_json(409, &[JSON], "CkanRefusal")
            .gives_json(503, &[JSON], "CkanRefusal")
    };
    let lists = |schema: Value| CKAN_LISTS.map(|(name, about)| (name, about, schema.clone()));
    let in_an_address = ckan_parameters().into_iter().chain(lists(text()));
    let get = action(Operation::get("CKAN's Action API, version 3, for reading."));
    let get = in_an_address
        .fold(get, |get, (name, about, schema)| {
            get.query(name, about, schema)
        })
        .empty(&[304]);
    let list = json!({ "anyOf": [text(), { "type": "array", "items": text() }] });
    let in_a_body = ckan_parameters().into_iter().chain(lists(list));
    let post = action(Operation::post("The same with the parameters as the body."))
        .takes_parameters(&[JSON, FORM], in_a_body)
        .problems(&[408, 413]);
    Door::at("/api/3/action/{name}", FORMS).may(get).may(post)
}

pub fn ckan_version() -> Door {
    let get =
        Operation::get("Which version CKAN's API has.").gives_json(200, &[JSON], "CkanVersion");
    Door::at("/api/3", FORMS).named("ckan").may(get)
}

pub fn interchange_list() -> Door {
    let get = Operation::get("政府資料開放跨平臺介接規範 v1: the identifiers of datasets. Refusals come with status 200, as the standard has it.")
        .query("modified", "Those that changed since then.", date_time())
        .query("limit", "How many.", whole(0))
        .query("offset", "After how many.", whole(0))
        .gives_json(200, &[JSON], "InterchangeList")
        .empty(&[304])
        .problems(&[503]);
    Door::at("/api/v1/rest/dataset", FORMS)
        .named("interchange")
        .may(get)
}

pub fn interchange_one() -> Door {
    let get = Operation::get("政府資料開放跨平臺介接規範 v1: one dataset.")
        .path("identifier", "Its identifier, as the list has it.", text())
        .gives_json(200, &[JSON], "InterchangeDataset")
        .empty(&[304])
        .problems(&[400, 503]);
    Door::at("/api/v1/rest/dataset/{*identifier}", FORMS).may(get)
}

/// OAI-PMH 2.0; `verbs` are its six.
pub fn oai() -> Door {
    const VERBS: [&str; 6] = [
        "Identify",
        "ListMetadataFormats",
        "ListSets",
        "ListIdentifiers",
        "ListRecords",
        "GetRecord",
    ];
    let answers = |operation: Operation| {
        operation
            .gives(200, &["text/xml"])
            .empty(&[304])
            .problems(&[503])
    };
    let arguments: [Parameter; 7] = [
        ("verb", "What is asked for.", one_of(&VERBS)),
        (
            "identifier",
            "Of GetRecord and ListMetadataFormats: an item.",
            iri(),
        ),
        (
            "metadataPrefix",
            "The form of the records.",
            one_of(&["oai_dc", "dcat"]),
        ),
        ("set", "A source.", text()),
        ("from", "A date or a time.", text()),
        ("until", "A date or a time.", text()),
        (
            "resumptionToken",
            "Where a list goes on; nothing else beside it.",
            text(),
        ),
    ];
    let get =
        Operation::get("OAI-PMH 2.0. Its own errors come with status 200, as the protocol has it.");
    let get = arguments
        .clone()
        .into_iter()
        .fold(get, |get, (name, about, schema)| {
            get.query(name, about, schema)
        });
    let post = Operation::post("The same with the arguments in a form.")
        .takes_parameters(&[FORM], arguments.into_iter())
        .problems(&[400, 408, 413, 415]);
    Door::at("/oai", FORMS)
        .named("oai")
        .may(answers(get))
        .may(answers(post))
}

pub fn atom() -> Door {
    let get = Operation::get("The newest changes as an Atom feed, in pages, with tombstones.")
        .query("source", "Of this source, by its id.", text())
        .query("publisher", "Of this publisher.", iri())
        .query("before", "Those before this activity.", whole(0))
        .gives(200, &["application/atom+xml"])
        .empty(&[304])
        .problems(&[400, 404, 503]);
    Door::at("/atom.xml", FORMS).named("atom").may(get)
}

pub fn robots() -> Door {
    let get = Operation::get("What crawlers should leave, and where the sitemaps are.")
        .gives(200, &["text/plain"])
        .empty(&[304]);
    Door::at("/robots.txt", FORMS).may(get)
}

pub fn sitemap_index() -> Door {
    let get = Operation::get("The index of all sitemaps.")
        .gives(200, &["application/xml"])
        .empty(&[304])
        .problems(&[503]);
    Door::at("/sitemap.xml", FORMS).named("sitemap").may(get)
}

pub fn sitemap() -> Door {
    let get = Operation::get("One sitemap.")
        .path(
            "file",
            "Its number and .xml.",
            json!({ "type": "string", "pattern": "^[0-9]+\\.xml$" }),
        )
        .gives(200, &["application/xml"])
        .empty(&[304])
        .problems(&[400, 404, 503]);
    Door::at("/sitemap/{file}", FORMS).may(get)
}
