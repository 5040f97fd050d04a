//! Pages that follow one another, and identifiers of any form.

use super::*;
use serde_json::json;

fn list(seen: u64, first: &str, last: &str) -> List {
    List {
        seen,
        first: first.to_owned(),
        last: last.to_owned(),
        ..List::new(None, 0)
    }
}

#[test]
fn what_a_further_page_says() {
    let ids = |ids: &[&str]| -> Vec<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
    let three = list(3, "a", "c");
    assert_eq!(follows(&three, &ids(&["c"])), Next::Ended);
    assert_eq!(follows(&three, &ids(&[])), Next::Ended);
    assert_eq!(follows(&three, &ids(&["c", "d"])), Next::GoesOn(1));
    assert_eq!(
        follows(&three, &ids(&["a", "b", "c"])),
        Next::FromTheBeginning
    );
    assert_eq!(follows(&three, &ids(&["b", "c"])), Next::Moved);
    let one = list(1, "a", "a");
    assert_eq!(follows(&one, &ids(&["a"])), Next::FromTheBeginning);
    assert_eq!(follows(&one, &ids(&["b"])), Next::GoesOn(0));
    assert_eq!(follows(&one, &ids(&[])), Next::Ended);
}

#[test]
fn identifiers_of_any_form() {
    let items = [
        json!("A41000000G-000001"),
        json!(" 355000000-000004 "),
        json!(44062),
        json!({"Identifier": "EB22380665-000001"}),
        json!("A41000000G-000001"),
        json!(null),
        json!({"title": "x"}),
        json!(""),
    ];
    let found = distinct(&items);
    assert_eq!(
        found.ids,
        [
            "A41000000G-000001",
            "355000000-000004",
            "44062",
            "EB22380665-000001"
        ]
    );
    assert_eq!(found.refused.len(), 3);
}
