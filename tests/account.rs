//! The account of a run: every record that did not simply come in has a row, in every form and by every way to ask; and
//! trial runs, which keep nothing.
//!
//! A real daemon on loopback. Start at [`told`] and [`trials`].
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
mod origin;
#[path = "support/serving.rs"]
#[expect(dead_code, reason = "tests/outgoing.rs uses the rest")]
mod serving;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;

#[path = "account/told.rs"]
mod told;
#[path = "account/trials.rs"]
mod trials;

use serving::{Bed, Serving};
use texts::{export, row, rows};

/// An export of 100 rows, of which so many more cannot be read, have no identifier, or came before.
fn with_faults(bad: usize, nameless: usize, twice: usize) -> String {
    let mut all = rows(1, 100, 1);
    for n in 0..bad {
        all.push(format!(
            "{{\"資料集識別碼\":\"{}\",\"資料集名稱\":\"少了逗號\" \"服務分類\":\"=x\"}}",
            1_000 + n
        ));
    }
    for n in 0..nameless {
        all.push(format!("{{\"資料集名稱\" \"{n}\"}}"));
    }
    for n in 1..=twice {
        all.push(row(&n.to_string(), "once more"));
    }
    export(&all)
}
