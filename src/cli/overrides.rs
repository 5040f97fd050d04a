//! `overrides list`, `overrides check` and `overrides explain`: how corrections by hand stand. Changes nothing.
//!
//! What is configured comes from the files, how it stands from the daemon: a correction that the running daemon has not
//! read yet is seen as such. Start at [`overrides`].

use super::{
    args::{self, Common, Place},
    client::{Reached, body},
    exit::Exit,
    out,
};
use crate::overrides::{Override, Overrides, Standing, Standings, State, Value};
use serde::Serialize;
use std::{fmt::Write, sync::Arc};

/// `harvestd overrides …`
pub async fn overrides(args: &args::Overrides, common: &Common) -> Exit {
    let place = match args {
        args::Overrides::List(args) | args::Overrides::Check(args) => &args.place,
        args::Overrides::Explain(args) => &args.place,
    };
    let (configured, standings) = match gathered(place).await {
        Ok(gathered) => gathered,
        Err(exit) => return exit,
    };
    let all: Vec<Row<'_>> = configured.iter().map(|o| Row::of(o, &standings)).collect();
    match args {
        args::Overrides::List(_) => list(&all, common),
        args::Overrides::Check(_) => check(all, common),
        args::Overrides::Explain(args) => explain(&args.iri, all, common),
    }
}

/// What is configured, and how what is in force stands.
async fn gathered(place: &Place) -> Result<(Arc<Overrides>, Standings), Exit> {
    let reached = Reached::reach(place, true).await?;
    let configured = reached.config.overrides.clone();
    let answered = body(reached.local.inquire("/overrides").await).await;
    let exit = answered.as_ref().map_or_else(|exit| *exit, |_| Exit::Ok);
    reached.done(exit).await;
    let standings = serde_json::from_slice(&answered?)
        .map_err(|e| out::complain(&format!("the answer cannot be read: {e}"), Exit::Failed))?;
    Ok((configured, standings))
}

/// One correction, as it is written and as it stands. None: it is not in force.
#[derive(Serialize)]
struct Row<'a> {
    at: &'a str,
    #[serde(flatten)]
    draft: &'a crate::overrides::Draft,
    state: &'static str,
    standing: Option<&'a Standing>,
}

impl<'a> Row<'a> {
    fn of(of: &'a Override, standings: &'a Standings) -> Self {
        let standing = standings.get(&of.id());
        Self {
            at: of.at(),
            draft: of.draft(),
            state: standing.map_or("not-in-force", |s| s.state.word()),
            standing,
        }
    }

    fn wants_a_person(&self) -> bool {
        let waits = |s: &Standing| matches!(s.state, State::Applied | State::Absent);
        !self.standing.is_some_and(waits)
    }

    fn property(&self) -> &str {
        self.draft
            .property
            .as_deref()
            .unwrap_or("(whole distribution)")
    }

    fn values(&self, of: impl Fn(&Standing) -> &Vec<String>) -> String {
        let values = self.standing.map(of);
        values
            .filter(|v| !v.is_empty())
            .map_or("-".to_owned(), |v| v.join(", "))
    }
}

fn list(rows: &[Row<'_>], common: &Common) -> Exit {
    if common.json {
        return json(&rows);
    }
    if rows.is_empty() {
        return out::print("No corrections are configured.\n");
    }
    out::print(&table(rows))
}

fn check(mut rows: Vec<Row<'_>>, common: &Common) -> Exit {
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
        out::print(&format!("{all} corrections, none to look at.\n"))
    } else {
        out::print(&table(&rows))
    };
    if printed == Exit::Ok { exit } else { printed }
}

fn table(rows: &[Row<'_>]) -> String {
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
            row.draft.dataset.clone(),
            row.property().to_owned(),
            row.values(|s| &s.expected),
            row.values(|s| &s.found),
            row.values(|s| &s.published),
            row.at.to_owned(),
        ];
        table.push(cells.to_vec());
    }
    out::table(&table)
}

fn explain(iri: &str, mut rows: Vec<Row<'_>>, common: &Common) -> Exit {
    rows.retain(|row| row.draft.dataset == iri);
    if rows.is_empty() {
        return out::complain(
            &format!("no correction of {iri} is configured"),
            Exit::Failed,
        );
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

fn told(row: &Row<'_>, text: &mut String) {
    let draft = row.draft;
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
    if let Some(note) = row.standing.and_then(|s| s.note.as_ref()) {
        line("", note);
    }
    match row.standing {
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
    line("written in", row.at);
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
