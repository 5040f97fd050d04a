//! `held`, `undo` and `restore`: what a person decides of deletions and of runs.
//!
//! Asks the daemon where one runs; else works on the data directory. Start at [`held`] and [`undo`].

use super::{
    args::{self, Common, Place},
    client::{Reached, body},
    exit::Exit,
    out,
};
use crate::{
    daemon::Purpose,
    gate::book::{HeldTold, Told},
    log::date_time,
    report::{Outcome, source_of_run},
    serve::desk::{Changed, HeldList, HeldRecord},
    undo::Kept,
};
use serde::de::DeserializeOwned;

/// What is asked of a daemon.
enum Ask {
    Inquire(String),
    Order(String),
}

/// `harvestd held …`
pub async fn held(args: &args::Held, common: &Common) -> Exit {
    match args {
        args::Held::List(args) => {
            let ask = Ask::Inquire("/held".to_owned());
            asked(&args.place, None, ask, common, |all: Vec<Told>| {
                listed(&all)
            })
            .await
        }
        args::Held::Show(args) => {
            let ask = Ask::Inquire(format!("/held/{}", args.source));
            let source = Some(args.source.as_str());
            asked(&args.place, source, ask, common, |list: HeldList| {
                shown(&list)
            })
            .await
        }
        args::Held::Approve(args) => decided(args, "approve", common).await,
        args::Held::Reject(args) => decided(args, "reject", common).await,
        args::Held::Release(args) => {
            let ask = Ask::Order(format!("/held/{}/release", args.source));
            let source = Some(args.source.as_str());
            asked(&args.place, source, ask, common, |changed: Changed| {
                format!(
                    "Released: {} records. What the source does not name counts as absent from its next run on.\n",
                    changed.released
                )
            })
            .await
        }
    }
}

async fn decided(args: &args::HeldDecision, what: &str, common: &Common) -> Exit {
    let list = args.list.as_deref();
    let list = list.map_or_else(String::new, |list| format!("?list={}", quoted(list)));
    let ask = Ask::Order(format!("/held/{}/{what}{list}", args.source));
    let source = Some(args.source.as_str());
    asked(&args.place, source, ask, common, |changed: Changed| {
        told(&changed)
    })
    .await
}

/// `harvestd undo`
pub async fn undo(args: &args::Undo, common: &Common) -> Exit {
    if let Some(source) = &args.runs {
        let ask = Ask::Inquire(format!("/sources/{source}/runs"));
        return asked(&args.place, Some(source), ask, common, |all: Vec<Kept>| {
            runs(&all)
        })
        .await;
    }
    let run = args.run.as_deref().unwrap_or_default();
    let Some(source) = source_of_run(run) else {
        let text = format!(
            "{run:?} names no run: it is {{time}}-{{source}}, as reports and `harvestd undo --runs SOURCE` say"
        );
        return out::complain(&text, Exit::Usage);
    };
    let args::Undo {
        with_later,
        hold,
        dry_run,
        ..
    } = args;
    let path = format!(
        "/runs/{}/undo?with_later={with_later}&hold={hold}&dry={dry_run}",
        quoted(run)
    );
    let hold = *hold;
    asked(
        &args.place,
        Some(source),
        Ask::Order(path),
        common,
        |changed: Changed| {
            told(&changed)
                + if hold {
                    "The source is paused until POST /sources/{id}/resume.\n"
                } else {
                    ""
                }
        },
    )
    .await
}

/// `harvestd restore`
pub async fn restore(args: &args::Restore, common: &Common) -> Exit {
    let ask = Ask::Order(format!("/restore?iri={}", quoted(&args.iri)));
    asked(&args.place, None, ask, common, |changed: Changed| {
        told(&changed)
    })
    .await
}

fn quoted(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Asks, and shows what comes.
async fn asked<T: DeserializeOwned>(
    place: &Place,
    source: Option<&str>,
    ask: Ask,
    common: &Common,
    show: impl FnOnce(T) -> String,
) -> Exit {
    let reached = match &ask {
        Ask::Inquire(_) => Reached::reach(place, Purpose::Read).await,
        Ask::Order(_) => Reached::reach_held(place, Purpose::Work).await,
    };
    let reached = match reached {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    if let Some(Err(exit)) = source.map(|source| reached.knows(source)) {
        return reached.done(exit).await;
    }
    let answered = match &ask {
        Ask::Inquire(path) => reached.local.inquire(path).await,
        Ask::Order(path) => reached.local.order(path).await,
    };
    let exit = match body(answered).await {
        Ok(json) if common.json => out::print(&format!("{}\n", String::from_utf8_lossy(&json))),
        Ok(json) => match serde_json::from_slice(&json) {
            Ok(answer) => out::print(&out::printable(&show(answer))),
            Err(e) => {
                let text = format!("the daemon's answer cannot be read: {e}");
                out::complain(&text, Exit::Failed)
            }
        },
        Err(exit) => exit,
    };
    reached.done(exit).await
}

fn listed(all: &[Told]) -> String {
    if all.is_empty() {
        return "No deletions are held.\n".to_owned();
    }
    let heading = [
        "SOURCE", "LIST", "DATASETS", "OTHERS", "KEPT", "CAUSE", "SINCE", "RUNS",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for told in all {
        let of = |word: &dyn Fn(&HeldTold) -> String| {
            told.held.as_ref().map_or_else(|| "-".to_owned(), word)
        };
        rows.push(vec![
            told.source.clone(),
            of(&|held| held.list.clone()),
            of(&|held| held.datasets.to_string()),
            of(&|held| held.others.to_string()),
            told.kept.to_string(),
            of(&|held| held.cause.word().to_owned()),
            of(&|held| date_time(held.since_ms * 1000)),
            of(&|held| held.runs.to_string()),
        ]);
    }
    out::table(&rows)
}

fn shown(list: &HeldList) -> String {
    let mut text = String::new();
    if let Some(held) = &list.told.held {
        text.push_str(&format!(
            "List {} of {}: {}\n",
            held.list, held.run, held.why
        ));
        list.records.iter().for_each(|r| text.push_str(&line(r)));
    } else {
        text.push_str("No deletions are held.\n");
    }
    if !list.kept_records.is_empty() {
        text.push_str("Kept by hand although the source does not name them:\n");
        list.kept_records
            .iter()
            .for_each(|r| text.push_str(&line(r)));
    }
    text
}

fn line(record: &HeldRecord) -> String {
    let title = record.title.as_deref().unwrap_or("(no title)");
    let about = record.about.as_deref().unwrap_or(&record.record);
    format!("  {}  {title}\n      {about}\n", record.id)
}

fn told(changed: &Changed) -> String {
    let mut text = String::new();
    if let Some(held) = &changed.held {
        let (datasets, others) = (held.datasets, held.others);
        let what = match &changed.report {
            Some(_) => "Deleted",
            None => "Kept",
        };
        text.push_str(&format!(
            "{what}: list {}, {datasets} datasets and {others} other records.\n",
            held.list
        ));
    }
    if let Some(undone) = &changed.undone {
        let what = match &changed.report {
            Some(_) => "Taken back",
            None => "It would take back",
        };
        text.push_str(&format!(
            "{what}: {}. Records as they were before: {}; records that go: {}.\n",
            undone.runs.join(", "),
            undone.restored,
            undone.removed
        ));
    }
    if let Some(report) = &changed.report {
        if report.outcome != Outcome::Complete {
            text.push_str("It did not end as it should:\n");
        }
        text.push_str(&super::runs::text(report));
        if changed.undone.is_some() {
            text.push_str(
                "What the source says at its next run counts again: it asks for everything.\n",
            );
        }
    }
    text
}

fn runs(all: &[Kept]) -> String {
    if all.is_empty() {
        return "No run of it can be taken back: none changed anything, or longer ago than limits.undo_days.\n".to_owned();
    }
    let heading = ["RUN", "COMMITTED", "RECORDS"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|kept| {
        vec![
            kept.run.clone(),
            date_time(kept.at_ms * 1000),
            kept.records.to_string(),
        ]
    }));
    out::table(&rows)
}
