//! The doors of quality. Start at [`quality`].

use super::{HOUSE, HTML, JSON};
use crate::serve::openapi::door::{Door, Operation, iri, text};

/// In JSON or as a table.
fn told(operation: Operation, schema: &'static str) -> Operation {
    operation
        .query(
            "format",
            "What the Accept header would say, by a short name (json, csv) or a media type.",
            text(),
        )
        .gives_json(200, &[JSON], schema)
        .gives(200, &["text/csv"])
        .empty(&[304])
        .problems(&[400, 406, 500, 503])
}

pub fn quality() -> Door {
    let get = Operation::get(
        "How good the datasets are: all of them, by source and by publisher, and day by day.",
    );
    Door::at("/quality", HOUSE)
        .named("quality")
        .may(told(get, "Quality").gives(200, &[HTML]))
}

pub fn quality_of_source() -> Door {
    let get = Operation::get("How good the datasets are that a source's catalogue lists.")
        .path("id", "The source's id.", text())
        .problems(&[404]);
    Door::at("/quality/source/{id}", HOUSE).may(told(get, "QualityOfSome").gives(200, &[HTML]))
}

pub fn quality_of_publisher() -> Door {
    let get = Operation::get("How good the datasets of a publisher are.")
        .path("name", "Its name in organization_list.", text())
        .problems(&[404]);
    Door::at("/quality/publisher/{name}", HOUSE).may(told(get, "QualityOfSome").gives(200, &[HTML]))
}

pub fn quality_of_dataset() -> Door {
    let get = Operation::get("How good a dataset is: every indicator, with what was found.")
        .query("iri", "The IRI under which it is published.", iri())
        .problems(&[404]);
    Door::at("/quality/dataset", HOUSE).may(told(get, "QualityOfDataset").empty(&[303]))
}
