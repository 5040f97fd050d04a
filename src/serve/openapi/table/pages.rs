//! Doors for people: pages of the sources, and the operator's own, which have forms in place of a token.

use super::{
    super::door::{Door, Operation, text, whole},
    HTML, JSON,
};

const PAGES: &str = "Pages";
const FORM: &str = "application/x-www-form-urlencoded";

pub fn all_sources() -> Door {
    let get = Operation::get("How the sources stand, as a page or in JSON.")
        .gives(200, &[HTML])
        .gives_json(200, &[JSON], "SourceList")
        .empty(&[304])
        .troubles(&[406]);
    Door::at("/sources", PAGES).named("sources").may(get)
}

pub fn one_source() -> Door {
    let get = which(Operation::get(
        "How one source stands, as a page with its runs and the account of one, or in JSON.",
    ));
    let get = get
        .gives(200, &[HTML])
        .gives_json(200, &[JSON], "SourceInShort")
        .empty(&[304])
        .troubles(&[400, 404, 406]);
    Door::at("/sources/{id}", PAGES).may(get)
}

/// Which part of a source's page.
fn which(operation: Operation) -> Operation {
    operation
        .path("id", "The source's id.", text())
        .query("run", "The account of this run.", text())
        .query("fate", "Rows of the account with this fate.", text())
        .query("from", "Rows of the account from this one.", whole(1))
        .query("before", "Runs before this one.", text())
}

/// A page that only the operator sees: whoever is not signed in is led to where one can.
fn room(path: &str, summary: &'static str) -> Door {
    let get = Operation::get(summary).gives(200, &[HTML]);
    Door::at(path, PAGES).may(get.empty(&[303, 304]).troubles(&[404]))
}

/// A form of the operator's. What it comes to is shown on the page it leads to.
fn form(path: &str, summary: &'static str) -> Door {
    let post = Operation::post(summary).takes(&[FORM]);
    Door::at(path, PAGES).may(post.empty(&[303]).troubles(&[400, 403, 404]))
}

pub fn operators_home(path: &str) -> Door {
    let get = Operation::get("Leads to the sources.");
    Door::at(path, PAGES).may(get.empty(&[303]).problems(&[401]))
}

pub fn sign_in() -> Door {
    let get = Operation::get("Where the operator signs in.").gives(200, &[HTML]);
    let post = Operation::post("Signs in.")
        .takes(&[FORM])
        .empty(&[303])
        .gives(403, &[HTML])
        .gives(429, &[HTML]);
    Door::at("/operator/sign-in", PAGES).may(get).may(post)
}

pub fn sign_out() -> Door {
    form("/operator/sign-out", "Signs out.")
}

pub fn operators_asset() -> Door {
    let door = super::asset();
    door.also_at("/operator/assets/{name}")
}

pub fn operators_sources() -> Door {
    room("/operator/sources", "How the sources stand.")
}

pub fn operators_source() -> Door {
    room(
        "/operator/sources/{id}",
        "One source, with what can be done.",
    )
}

pub fn act_run() -> Door {
    form("/operator/sources/{id}/run", "Runs it now.")
}

pub fn act_pause() -> Door {
    form("/operator/sources/{id}/pause", "Pauses it.")
}

pub fn act_resume() -> Door {
    form("/operator/sources/{id}/resume", "Resumes it.")
}

pub fn act_held() -> Door {
    form(
        "/operator/sources/{id}/held",
        "Approves or rejects held deletions, all or some.",
    )
}

pub fn act_release() -> Door {
    form(
        "/operator/sources/{id}/release",
        "What a person kept counts as absent again.",
    )
}

pub fn act_undo() -> Door {
    let looked = room(
        "/operator/sources/{id}/undo",
        "What taking a run back comes to.",
    );
    let taken = form("/operator/sources/{id}/undo", "Takes a run back.");
    Door {
        operations: [looked.operations, taken.operations].concat(),
        ..looked
    }
}

pub fn act_restore() -> Door {
    form("/operator/restore", "Restores a record that went.")
}
