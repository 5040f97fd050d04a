//! Doors for people: what is there as pages, beside the pages that other doors give to who likes them better.

use super::{
    super::door::{Door, Operation, one_of, text, whole},
    HTML,
};

const PEOPLE: &str = "For people";

/// The languages that pages speak.
fn spoken(operation: Operation) -> Operation {
    operation.query(
        "lang",
        "The language of the page; it is remembered.",
        one_of(&["zh-Hant", "en"]),
    )
}

pub fn search() -> Door {
    let get =
        Operation::get("Datasets that were searched for, as a page. For programs: package_search.")
            .query("q", "Words, or a query as package_search takes it.", text())
            .query(
                "organization",
                "Of this publisher; like all that follow, as often as wanted.",
                text(),
            )
            .query("groups", "Of this theme.", text())
            .query("res_format", "In this format.", text())
            .query("license_id", "Under this licence.", text())
            .query(
                "access",
                "For whom.",
                one_of(&["open", "on-application", "paid", "not-open"]),
            )
            .query("high_value", "Of this high-value category.", text())
            .query("frequency", "Updated so often.", text())
            .query("source", "Listed by this source.", text())
            .query("tags", "With this keyword.", text())
            .query("language", "In this language.", text())
            .query(
                "changed",
                "Changed here since, or longer ago.",
                one_of(&["week", "month", "year", "older"]),
            )
            .query("sort", "The order.", one_of(&["best", "newest", "title"]))
            .query("page", "Which page, from 1.", whole(1))
            .query("more", "The facet of which all values are shown.", text())
            .query(
                "part",
                "`found`: only what was found, without a page around it.",
                one_of(&["found"]),
            )
            .gives(200, &[HTML])
            .empty(&[304])
            .troubles(&[400, 503]);
    Door::at("/search", PEOPLE).may(spoken(get))
}

pub fn publishers() -> Door {
    let get =
        Operation::get("Everybody who publishes, as a page. For programs: organization_list.")
            .query("q", "Part of a name.", text())
            .gives(200, &[HTML])
            .empty(&[304])
            .troubles(&[503]);
    Door::at("/publishers", PEOPLE).may(spoken(get))
}

pub fn publisher() -> Door {
    let get =
        Operation::get("A publisher and its datasets, as a page. For programs: organization_show.")
            .path("name", "Its name as organization_list has it.", text())
            .gives(200, &[HTML])
            .empty(&[304])
            .troubles(&[404, 503]);
    Door::at("/publishers/{name}", PEOPLE).may(spoken(get))
}
