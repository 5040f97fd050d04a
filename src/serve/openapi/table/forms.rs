//! Doors in forms that others have laid down: CKAN, the interchange standard, OAI-PMH, Atom, sitemaps.

use super::{
    super::door::{Door, Operation, date_time, iri, one_of, text, truth, whole},
    JSON,
};
use serde_json::json;

const FORMS: &str = "As others have it";
const FORM: &str = "application/x-www-form-urlencoded";

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
    let get = action(Operation::get("CKAN's Action API, version 3, for reading."))
        .query("id", "Of the _show actions: id, name or IRI.", text())
        .query("name", "Of help_show: an action.", text())
        .query("q", "Of package_search: words, or a query.", text())
        .query("fq", "Of package_search: a query that narrows.", text())
        .query(
            "sort",
            "Of package_search: fields, each with asc or desc.",
            text(),
        )
        .query("rows", "Of package_search: how many.", whole(0))
        .query("start", "Of package_search: after how many.", whole(0))
        .query(
            "facet.field",
            "Of package_search: a list of fields in JSON.",
            text(),
        )
        .query("limit", "Of lists: how many.", whole(0))
        .query("offset", "Of lists: after how many.", whole(0))
        .query(
            "all_fields",
            "Of lists: whole objects instead of names.",
            truth(),
        )
        .empty(&[304]);
    let post = action(Operation::post("The same with the parameters as the body."))
        .takes(&[JSON, FORM])
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
    let get =
        Operation::get("OAI-PMH 2.0. Its own errors come with status 200, as the protocol has it.")
            .query("verb", "What is asked for.", one_of(&VERBS))
            .query(
                "identifier",
                "Of GetRecord and ListMetadataFormats: an item.",
                iri(),
            )
            .query(
                "metadataPrefix",
                "The form of the records.",
                one_of(&["oai_dc", "dcat"]),
            )
            .query("set", "A source.", text())
            .query("from", "A date or a time.", text())
            .query("until", "A date or a time.", text())
            .query(
                "resumptionToken",
                "Where a list goes on; nothing else beside it.",
                text(),
            );
    let post = Operation::post("The same with the arguments in a form.")
        .takes(&[FORM])
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
