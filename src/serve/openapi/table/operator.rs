//! The operator's doors: runs, corrections, identity, webhooks, feedback. Each needs the operator's token.

use super::{
    super::door::{Door, Operation, Token, iri, one_of, text, truth, whole},
    JSON,
};

const SOURCES: &str = "Sources";
const IDENTITY: &str = "Identity";
const WEBHOOKS: &str = "Webhooks";
const FEEDBACK: &str = "Feedback";
const HOUSE: &str = "The house";
const LINES: &str = "application/x-ndjson";

/// Nothing answers without the token.
pub(super) fn by_the_operator(operation: Operation) -> Operation {
    operation.token(Token::Needed).problems(&[401, 500])
}

pub(super) fn door(path: &str, group: &'static str, operation: Operation) -> Door {
    Door::at(path, group).may(by_the_operator(operation))
}

pub fn operators_openapi() -> Door {
    let get = Operation::get("This document.")
        .gives_json(200, &[JSON], "OpenApi")
        .empty(&[304]);
    door("/openapi.json", HOUSE, get)
}

pub fn sources() -> Door {
    let get = Operation::get("How every source stands.").gives_json(200, &[JSON], "Sources");
    door("/sources", SOURCES, get)
}

pub(super) fn of_source(operation: Operation) -> Operation {
    operation
        .path("id", "The source's id.", text())
        .problems(&[404])
}

pub fn source() -> Door {
    let get = Operation::get("How one source stands.").gives_json(200, &[JSON], "Source");
    door("/sources/{id}", SOURCES, of_source(get))
}

pub fn run_source() -> Door {
    let kinds = ["run", "check", "redescribe", "details"];
    let post = Operation::post("Runs a source as soon as there is room.")
        .query("what", "A dry run (check), or part of one.", one_of(&kinds))
        .query(
            "full",
            "Ask for everything, not only for what changed.",
            truth(),
        )
        .query(
            "wait",
            "Answer with the report when the run has ended.",
            truth(),
        )
        .query(
            "rows",
            "How many rows of the account come with the report at most.",
            whole(0),
        )
        .gives_json(200, &[JSON], "Account")
        .gives_json(202, &[JSON], "Source")
        .problems(&[400, 409, 503]);
    door("/sources/{id}/run", SOURCES, of_source(post))
}

pub fn pause_source() -> Door {
    let post = Operation::post("No run of it begins by itself until it is resumed.");
    let post = post.gives_json(202, &[JSON], "Source").problems(&[409]);
    door("/sources/{id}/pause", SOURCES, of_source(post))
}

pub fn resume_source() -> Door {
    let post = Operation::post("It runs by itself again.");
    let post = post.gives_json(202, &[JSON], "Source").problems(&[409]);
    door("/sources/{id}/resume", SOURCES, of_source(post))
}

fn lines(path: &str, group: &'static str, summary: &'static str) -> Door {
    let get = Operation::get(summary)
        .gives(200, &[LINES])
        .problems(&[503, 504]);
    door(path, group, get)
}

pub fn features() -> Door {
    let summary =
        "What tells of each record of a dataset which dataset it is about: a line of JSON each.";
    lines("/identity/features", IDENTITY, summary)
}

pub fn pairs() -> Door {
    let summary = "Pairs of records that have something in common: a line of JSON each.";
    lines("/identity/pairs", IDENTITY, summary)
}

pub fn decisions() -> Door {
    let summary = "What people decided of pairs of records: a line of JSON each.";
    lines("/identity/decisions", IDENTITY, summary)
}

pub fn decide() -> Door {
    let post = Operation::post("Decides of two records whether they are one dataset.")
        .takes(&[JSON])
        .gives_json(200, &[JSON], "Decided")
        .problems(&[400, 413, 415, 422, 503]);
    door("/identity/decide", IDENTITY, post)
}

pub fn hashes() -> Door {
    let summary = "The hash of each entity in the newest snapshot: a line of JSON each.";
    lines("/state/hashes", HOUSE, summary)
}

pub fn overrides() -> Door {
    let get = Operation::get("The corrections by hand that are in force, and how they stand.");
    let get = get.gives_json(200, &[JSON], "Corrections");
    door("/overrides", HOUSE, get)
}

pub fn webhooks() -> Door {
    let get = Operation::get("How far each receiver was told.");
    door(
        "/webhooks",
        WEBHOOKS,
        get.gives_json(200, &[JSON], "Webhooks"),
    )
}

fn of_receiver(operation: Operation) -> Operation {
    operation
        .path("id", "The receiver's id.", text())
        .problems(&[404])
}

pub fn dead_letters() -> Door {
    let get = Operation::get("Batches that were given up.").gives_json(200, &[JSON], "DeadLetters");
    door("/webhooks/{id}/dead", WEBHOOKS, of_receiver(get))
}

pub fn resend() -> Door {
    let post = Operation::post("Sends again what was given up, and names what was taken.")
        .query("batch", "This one only.", text())
        .gives_json(200, &[JSON], "Resent")
        .problems(&[400, 502]);
    door("/webhooks/{id}/resend", WEBHOOKS, of_receiver(post))
}

pub fn enable() -> Door {
    let post = Operation::post("A receiver that was left alone is told again.");
    let post = post.gives_json(200, &[JSON], "Webhook");
    door("/webhooks/{id}/enable", WEBHOOKS, of_receiver(post))
}

pub fn operators_feedback() -> Door {
    let get = Operation::get("What was said of datasets, also what others are not shown.")
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
            "How it stands.",
            one_of(&["open", "accepted", "declined"]),
        )
        .query("kind", "Of this kind.", one_of(&["correction", "remark"]))
        .query("after", "Those after this number.", whole(0))
        .gives_json(200, &[JSON], "AllFeedback")
        .problems(&[400, 404, 503]);
    door("/feedback", FEEDBACK, get)
}

fn of_item(operation: Operation) -> Operation {
    operation
        .path("id", "Its number.", whole(0))
        .gives_json(200, &[JSON], "Feedback")
        .problems(&[400, 404])
}

pub fn operators_item() -> Door {
    let get = Operation::get("One, with how its sender can be asked.");
    door("/feedback/{id}", FEEDBACK, of_item(get))
}

pub fn judge() -> Door {
    let post = Operation::post("Accepts or declines it.")
        .takes(&[JSON])
        .problems(&[409, 413, 415, 422, 503]);
    door("/feedback/{id}/judge", FEEDBACK, of_item(post))
}
