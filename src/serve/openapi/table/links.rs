//! The doors of what is known of addresses.

use super::{
    super::door::{Door, Operation, iri, one_of, text, truth, whole},
    HOUSE, JSON,
    operator::by_the_operator,
};
use crate::links::{told::UNCHECKED, trouble::TABLE};

const FORMAT: &str = "What the Accept header would say: json, csv, or a media type.";

fn list(operation: Operation) -> Operation {
    operation
        .query("source", "Of datasets of this source, by its id.", text())
        .query(
            "publisher",
            "Of datasets of this publisher, by its name as the sums have it.",
            text(),
        )
        .query("dataset", "Of this dataset.", iri())
        .query(
            "after",
            "What follows this place in the list: see next.",
            text(),
        )
        .query("limit", "How many on a page.", whole(1))
        .query("format", FORMAT, text())
        .gives(200, &["text/csv"])
        .empty(&[304])
        .problems(&[400, 406, 500])
}

pub fn links() -> Door {
    let get = Operation::get(
        "How the addresses in the catalogue fare: by trouble, host, source and publisher.",
    )
    .query("format", FORMAT, text())
    .gives_json(200, &[JSON], "LinkSums")
    .gives(200, &["text/csv"])
    .empty(&[304])
    .problems(&[400, 406, 500]);
    Door::at("/links", HOUSE).named("links").may(get)
}

pub fn link_addresses() -> Door {
    let codes: Vec<&str> = TABLE
        .iter()
        .map(|words| words.code.code())
        .chain([UNCHECKED])
        .collect();
    let get = Operation::get(
        "Addresses and how they fare: in JSON page by page, as a table all of them.",
    )
    .query("trouble", "With this trouble.", one_of(&codes))
    .query("host", "At this host.", text())
    .query("broken", "Whether they failed often and for long.", truth())
    .gives_json(200, &[JSON], "LinkAddresses");
    Door::at("/links/addresses", HOUSE).may(list(get))
}

pub fn link_address() -> Door {
    let get = Operation::get(
        "One address: what came from it, its history, and how it fares for each dataset.",
    )
    .query("url", "The address.", iri())
    .gives_json(200, &[JSON], "LinkAddress")
    .empty(&[304])
    .problems(&[400, 404, 406, 500]);
    Door::at("/links/address", HOUSE).may(get)
}

pub fn link_datasets() -> Door {
    let get = Operation::get(
        "The five national checks of each dataset and address, beside the portal's badge.",
    )
    .gives_json(200, &[JSON], "LinkDatasets");
    Door::at("/links/datasets", HOUSE).may(list(get))
}

pub fn check_links() -> Door {
    let post = Operation::post(
        "Checks addresses now: a line of JSON for each as answers come, and one that sums up.",
    )
    .query("url", "This address.", iri())
    .query("dataset", "Those of this dataset.", iri())
    .query("source", "Those of all datasets of this source.", text())
    .gives(200, &["application/x-ndjson"])
    .problems(&[400, 404, 422, 503]);
    Door::at("/links/check", "Links").may(by_the_operator(post))
}
