//! Doors that tell of changes, and doors that take something in: the feed, changes, pushes, feedback.

use super::{
    super::door::{Door, Operation, Token, iri, one_of, text, truth, whole},
    GRAPHS, HTML, JSON,
};
use crate::feedback::FORM;

const CHANGES: &str = "Changes";
const IN: &str = "What is taken in";
const FEED: [&str; 4] = [
    "application/trig",
    "application/ld+json",
    "application/n-quads",
    "application/json",
];

fn feed_answers(operation: Operation) -> Operation {
    operation
        .gives(200, &FEED)
        .empty(&[304])
        .problems(&[406, 503])
}

pub fn feed() -> Door {
    let get = Operation::get("The root of the Linked Data Event Stream: which pages there are.");
    Door::at("/feed", CHANGES)
        .named("feed")
        .may(feed_answers(get))
}

pub fn feed_as(extension: &str) -> Door {
    let get = Operation::get("The same root in one form.");
    Door::at(format!("/feed.{extension}"), CHANGES).may(feed_answers(get))
}

pub fn feed_node() -> Door {
    let get =
        Operation::get("A page of the feed, or a node above pages; a closed one never changes.")
            .path("generation", "The stream's generation.", text())
            .path("node", "The pages, with an ending or without.", text())
            .problems(&[400, 404, 410]);
    Door::at("/feed/{generation}/{node}", CHANGES).may(feed_answers(get))
}

pub fn activity() -> Door {
    let get = Operation::get("The IRI of an activity leads to the page on which it stands.")
        .path("generation", "Its generation.", text())
        .path("seq", "Its number.", text())
        .empty(&[303])
        .problems(&[400, 404, 410, 503]);
    Door::at("/activity/{generation}/{seq}", CHANGES).may(get)
}

pub fn feed_state() -> Door {
    let get = Operation::get("What the catalogue holds, in sums; or the entities of one bucket.")
        .query("bucket", "The number of a bucket.", whole(0))
        .gives_json(200, &[JSON], "State")
        .empty(&[304])
        .problems(&[400, 503]);
    Door::at("/feed/state", CHANGES).may(get)
}

pub fn changes() -> Door {
    let get = Operation::get(
        "What changed, activity by activity: in JSON, as server-sent events, or as a page.",
    )
    .query(
        "after",
        "The id (1-42) or number of the last activity that is known.",
        text(),
    )
    .query("wait_ms", "Wait so long for something new.", whole(0))
    .query("limit", "Activities in one answer.", whole(0))
    .query(
        "before",
        "Of the page: activities before this one.",
        whole(0),
    )
    .header(
        "Last-Event-ID",
        "Of events: the last one that came.",
        text(),
    )
    .gives_json(200, &[JSON], "Changes")
    .gives(200, &["text/html"])
    .empty(&[304])
    .gives(200, &["text/event-stream"])
    .problems(&[400, 406, 410, 503]);
    Door::at("/changes", CHANGES).named("changes").may(get)
}

fn said(operation: Operation) -> Operation {
    operation
        .gives(200, &GRAPHS)
        .empty(&[304])
        .troubles(&[400, 404, 406, 503])
}

fn filtered(operation: Operation) -> Operation {
    operation
        .query("dataset", "Of this dataset.", iri())
        .query(
            "publisher",
            "Of this publisher's datasets, by IRI or name.",
            text(),
        )
        .query("source", "Of this source's datasets, by its id.", text())
        .query("sender", "Sent by this centre.", text())
        .query(
            "status",
            "What became of it.",
            one_of(&["open", "accepted", "declined"]),
        )
        .query("kind", "What it is.", one_of(&["correction", "remark"]))
        .query("limit", "How many.", whole(0))
}

pub fn feedback() -> Door {
    let get = Operation::get("What is said of datasets, in pages.")
        .query("after", "Those after this number.", whole(0))
        .gives_json(200, &[JSON], "FeedbackList")
        .gives(200, &[HTML]);
    Door::at("/feedback", IN)
        .named("feedback")
        .may(said(filtered(get)))
}

pub fn feedback_taken() -> Door {
    let post = Operation::post("A correction or a remark.")
        .token(Token::Possible)
        .header(
            "Idempotency-Key",
            "The same key and body again: the same answer.",
            text(),
        )
        .takes(&[JSON])
        .takes_also(&GRAPHS)
        .takes_also(&[FORM])
        .gives_json(200, &[JSON], "Feedback")
        .gives_json(201, &[JSON], "Feedback")
        .empty(&[303])
        .troubles(&[400, 401, 404, 408, 409, 413, 415, 422, 429, 503]);
    Door::at("/feedback", IN).may(post)
}

pub fn feedback_feed() -> Door {
    let get = Operation::get("The newest of what is said, as an Atom feed.")
        .query("before", "Those before this number.", whole(0))
        .gives(200, &["application/atom+xml"])
        .empty(&[304])
        .problems(&[400, 404, 503]);
    Door::at("/feedback/feed", IN)
        .named("feedback_feed")
        .may(filtered(get))
}

pub fn feedback_one() -> Door {
    let get = Operation::get("One thing that was said, and what became of it.")
        .path("id", "Its number.", text())
        .gives_json(200, &[JSON], "Feedback")
        .gives(200, &[HTML]);
    Door::at("/feedback/{id}", IN).may(said(get))
}

fn pushed(operation: Operation, whole_set: bool) -> Operation {
    let operation = operation
        .path("source", "The source whose token it is.", text())
        .query("dry-run", "Validate, and change nothing.", truth())
        .header(
            "Idempotency-Key",
            "The same key and request again: the same answer.",
            text(),
        )
        .header(
            "Harvestd-Version",
            "A number that rises from push to push.",
            whole(0),
        )
        .token(Token::Needed);
    let operation = match whole_set {
        true => operation,
        false => operation.path("id", "The dataset's identifier, IRI, or CKAN id.", text()),
    };
    operation
        .gives_json(200, &[JSON], "Pushed")
        .problems(&[400, 401, 403, 404, 408, 409, 413, 415, 422, 428, 429, 503])
}

pub fn push_many() -> Door {
    let put = Operation::put("The source's whole catalogue: what it does not name goes.")
        .takes(&[JSON])
        .takes_also(&GRAPHS);
    let post = Operation::post("Datasets, taken whole or not at all.")
        .query(
            "delete",
            "The id of one that is no more; may be repeated.",
            text(),
        )
        .takes(&[JSON])
        .takes_also(&GRAPHS);
    Door::at("/push/{source}", IN)
        .may(pushed(put, true))
        .may(pushed(post, true))
}

/// What would become of it.
pub fn validate() -> Door {
    let kinds: Vec<&str> = harvestd_harvesters::KINDS.iter().map(|k| k.name).collect();
    let post = Operation::post(
        "What would become of a document, or of what an address gives ({\"url\": …}): the report of a trial run; nothing is kept.",
    )
    .query("kind", "How it is read [push; of an address dcat].", one_of(&kinds))
    .takes(&[JSON])
    .takes_also(&GRAPHS)
    .takes_also(&["text/csv", "application/xml"])
    .token(Token::Needed)
    .gives_json(200, &[JSON], "Account")
    .gives(200, &["text/csv"])
    .gives(200, &GRAPHS[..4])
    .problems(&[400, 401, 404, 406, 408, 413, 415, 422, 429, 500, 503]);
    Door::at("/validate", IN).may(super::row_choice(post))
}

pub fn push_one() -> Door {
    let written = |operation: Operation| {
        let operation = operation.takes(&[JSON]).takes_also(&GRAPHS);
        pushed(operation, false).gives_json(201, &[JSON], "Pushed")
    };
    Door::at("/push/{source}/{*id}", IN)
        .may(written(Operation::put("One dataset as it is.")))
        .may(written(Operation::post("One dataset as it is.")))
        .may(pushed(Operation::delete("It is no more."), false).empty(&[204]))
}
