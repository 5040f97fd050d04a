//! `overrides list`, `overrides check` and `overrides explain`: how corrections by hand stand. Changes nothing.
//!
//! What is in force comes from the daemon; what the files say besides, and the running daemon has not read yet, is listed
//! as such. Start at [`overrides`].

use super::{
    args::{self, Common, Place},
    client::{Reached, body},
    exit::Exit,
    out,
};
use crate::daemon::Purpose;
use crate::overrides::{Laid, Standing, Standings, State, Value};
use serde::Serialize;
use std::fmt::Write;

/// `harvestd overrides …`
pub async fn overrides(args: &args::Overrides, common: &Common) -> Exit {
    let place = match args {
        args::Overrides::List(args) | args::Overrides::Check(args) => &args.place,
        args::Overrides::Explain(args) => &args.place,
    };
    let all: Vec<Row> = match gathered(place).await {
        Ok(all) => all.into_iter().map(Row::of).collect(),
        Err(exit) => return exit,
    };
    match args {
        args::Overrides::List(_) => list(&all, common),
        args::Overrides::Check(_) => check(all, common),
        args::Overrides::Explain(args) => explain(&args.iri, all, common),
    }
}

/// What is in force, then what is configured and not in force yet.
async fn gathered(place: &Place) -> Result<Vec<Laid>, Exit> {
    let reached = Reached::reach(place, Purpose::Read).await?;
    let configured = reached.config.overrides.clone();
    let answered = body(reached.local.inquire("/overrides").await).await;
    let exit = answered.as_ref().map_or_else(|exit| *exit, |_| Exit::Ok);
    reached.done(exit).await;
    let mut all: Vec<Laid> = serde_json::from_slice(&answered?)
        .map_err(|e| out::complain(&format!("the answer cannot be read: {e}"), Exit::Failed))?;
    let mut new = configured.laid(&Standings::new());
    new.retain(|new| all.iter().all(|old| old.draft != new.draft));
    all.extend(new);
    Ok(all)
}

/// One correction, with its state in a word.
#[derive(Serialize)]
struct Row {
    state: &'static str,
    #[serde(flatten)]
    laid: Laid,
}

impl Row {
    fn of(laid: Laid) -> Self {
        let standing = laid.standing.as_ref();
        Self {
            state: standing.map_or("not in force", |s| s.state.word()),
            laid,
        }
    }

    fn wants_a_person(&self) -> bool {
        let waits = |s: &Standing| matches!(s.state, State::Applied | State::Absent);
        !self.laid.standing.as_ref().is_some_and(waits)
    }

    fn property(&self) -> &str {
        self.laid
            .draft
            .property
            .as_deref()
            .unwrap_or("(whole distribution)")
    }

    fn values(&self, of: impl Fn(&Standing) -> &Vec<String>) -> String {
        let values = self.laid.standing.as_ref().map(of);
        values
            .filter(|v| !v.is_empty())
            .map_or("-".to_owned(), |v| v.join(", "))
    }
}

fn list(rows: &[Row], common: &Common) -> Exit {
    if common.json {
        return json(&rows);
    }
    if rows.is_empty() {
        return out::print("There are no corrections.\n");
    }
    out::print(&table(rows))
}

fn check(mut rows: Vec<Row>, common: &Common) -> Exit {
    let all = rows.len();
    rows.retain(Row::wants_a_person);
    let exit = if rows.is_empty() {
        Exit::Ok
    } else {
        Exit::Failed
    };
    let printed = if common.json {
        json(&rows)
    } else if rows.is_empty() {
        out::print(&format!("Corrections to look at: none of {all}.\n"))
    } else {
        out::print(&table(&rows))
    };
    if printed == Exit::Ok { exit } else { printed }
}

fn table(rows: &[Row]) -> String {
    let headings = [
        "STATE",
        "DATASET",
        "PROPERTY",
        "EXPECTED",
        "FOUND",
        "PUBLISHED",
        "WRITTEN IN",
    ];
    let mut table = vec![headings.map(str::to_owned).to_vec()];
    for row in rows {
        let cells = [
            row.state.to_owned(),
            row.laid.draft.dataset.clone(),
            row.property().to_owned(),
            row.values(|s| &s.expected),
            row.values(|s| &s.found),
            row.values(|s| &s.published),
            row.laid.at.clone(),
        ];
        table.push(cells.to_vec());
    }
    out::table(&table)
}

fn explain(iri: &str, mut rows: Vec<Row>, common: &Common) -> Exit {
    rows.retain(|row| row.laid.draft.dataset == iri);
    if rows.is_empty() {
        return out::complain(&format!("there is no correction of {iri}"), Exit::Failed);
    }
    if common.json {
        return json(&rows);
    }
    let mut text = String::new();
    for row in &rows {
        told(row, &mut text);
    }
    out::print(&out::printable(&text))
}

fn told(row: &Row, text: &mut String) {
    let draft = &row.laid.draft;
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<13}{value}");
    };
    line("property", row.property());
    if let Some(distribution) = &draft.distribution {
        line("distribution", distribution);
    }
    if let Some(lang) = &draft.lang {
        line("language", lang);
    }
    line("state", row.state);
    if let Some(note) = row.laid.standing.as_ref().and_then(|s| s.note.as_ref()) {
        line("", note);
    }
    match &row.laid.standing {
        Some(_) => {
            line("expected", &row.values(|s| &s.expected));
            line("found", &row.values(|s| &s.found));
            line("published", &row.values(|s| &s.published));
        }
        None => {
            line("expects", &written(&draft.expect));
            line("sets", &written(&draft.set));
        }
    }
    line("who", &draft.who);
    line("when", &draft.when.to_string());
    line("why", &draft.why);
    line("written in", &row.laid.at);
    text.push('\n');
}

fn written(values: &[Value]) -> String {
    let shown = |value: &Value| match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Tagged { text, lang } => format!("{text:?}@{lang}"),
        Value::Typed { text, datatype } => format!("{text:?}^^{datatype}"),
        Value::Iri { iri } => format!("<{iri}>"),
    };
    let all: Vec<String> = values.iter().map(shown).collect();
    if all.is_empty() {
        "-".to_owned()
    } else {
        all.join(", ")
    }
}

fn json(value: &impl Serialize) -> Exit {
    match serde_json::to_string(value) {
        Ok(text) => out::print(&format!("{text}\n")),
        Err(e) => out::complain(&format!("writing JSON: {e}"), Exit::Failed),
    }
}
