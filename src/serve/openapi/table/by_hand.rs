//! The operator's doors to a source's records: held deletions, runs taken back, records restored.

use super::{
    super::door::{Door, Operation, iri, text, truth},
    JSON,
    operator::{door, of_source},
};

const RECORDS: &str = "Records by hand";
const BACKUP: &str = "Backup";

pub fn held() -> Door {
    let get =
        Operation::get("Sources of which deletions wait for a person, or records are kept by one.");
    door("/held", RECORDS, get.gives_json(200, &[JSON], "HeldInAll"))
}

pub fn held_of() -> Door {
    let get = Operation::get("What waits for a person, record by record, and what one keeps.");
    let get = get.gives_json(200, &[JSON], "Held");
    door("/held/{id}", RECORDS, of_source(get))
}

fn changes(operation: Operation) -> Operation {
    operation
        .gives_json(200, &[JSON], "Changed")
        .problems(&[409, 422, 503])
}

fn of_list(operation: Operation) -> Operation {
    changes(of_source(operation))
        .query("list", "Only if the list is still this one.", text())
        .problems(&[400])
}

pub fn approve() -> Door {
    let post = Operation::post("Held deletions go, as a run of their own.");
    door("/held/{id}/approve", RECORDS, of_list(post))
}

pub fn reject() -> Door {
    let post = Operation::post("They stay until the source names them again.");
    door("/held/{id}/reject", RECORDS, of_list(post))
}

pub fn release() -> Door {
    let post = Operation::post("What a person kept counts as absent again.");
    door("/held/{id}/release", RECORDS, changes(of_source(post)))
}

pub fn undoable() -> Door {
    let get = Operation::get("The runs of a source that can be taken back, oldest first.");
    let get = get.gives_json(200, &[JSON], "KeptRuns");
    door("/sources/{id}/runs", RECORDS, of_source(get))
}

pub fn undo() -> Door {
    let post = Operation::post("Takes a run back, as a run of its own.")
        .path("id", "The run's name.", text())
        .query(
            "with_later",
            "With the later runs that built on it.",
            truth(),
        )
        .query("hold", "And pauses the source.", truth())
        .query("dry", "Says what it would come to.", truth())
        .problems(&[400, 404]);
    door("/runs/{id}/undo", RECORDS, changes(post))
}

pub fn restore() -> Door {
    let post = Operation::post("Has a deleted record come back as it was.")
        .query(
            "iri",
            "Of the record, or of the dataset that it was about.",
            iri(),
        )
        .problems(&[400, 404]);
    door("/restore", RECORDS, changes(post))
}

pub fn stage_backup() -> Door {
    let post = Operation::post("Stages a backup of this moment, to be copied, unless another is.");
    let post = post.gives_json(200, &[JSON], "StagedBackup");
    door("/backup", BACKUP, post.problems(&[409, 422]))
}

pub fn release_backup() -> Door {
    let post = Operation::post("What was staged is copied, or not wanted any more.").empty(&[204]);
    door("/backup/release", BACKUP, post)
}
