//! `report`: the account of a run, for people, as JSON or as a table; and which accounts are kept.

use super::{
    args::{self, Common},
    client::{body, well},
    exit::Exit,
    out,
    read::{problem, with_source},
    runs,
};
use crate::network::local::{Answered, Local};
use crate::report::Report;
use crate::serve::problem::NEVER_RAN;
use serde_json::Value;

/// `harvestd report`
pub async fn report(args: &args::Report, common: &Common) -> Exit {
    with_source(&args.place, Some(&args.source), async |local: Local| {
        if args.list {
            return list(&local, &args.source, common).await;
        }
        let run = args.run.as_deref().map(quoted);
        let run = run.map_or_else(String::new, |run| format!("/{run}"));
        let path = format!("/sources/{}/report{run}", args.source);
        match (args.csv, common.json) {
            (true, _) => whole(&local, &format!("{path}?format=csv"), &args.source).await,
            (_, true) => whole(&local, &format!("{path}?format=json"), &args.source).await,
            _ => for_people(&local, &path, &args.source).await,
        }
    })
    .await
}

/// What `harvestd status SOURCE` shows: the last run.
pub(super) async fn last_run(local: &Local, source: &str, common: &Common) -> Exit {
    let path = format!("/sources/{source}/report");
    match common.json {
        true => whole(local, &format!("{path}?format=json"), source).await,
        false => for_people(local, &path, source).await,
    }
}

async fn for_people(local: &Local, path: &str, source: &str) -> Exit {
    let answered = match asked(local, &format!("{path}?format=json&rows=0"), source).await {
        Ok(answered) => answered,
        Err(exit) => return exit,
    };
    match body(Ok(answered)).await {
        Ok(bytes) => match serde_json::from_slice::<Report>(&bytes) {
            Ok(report) => out::print(&runs::text(&report)),
            Err(e) => out::complain(&format!("the report cannot be read: {e}"), Exit::Failed),
        },
        Err(exit) => exit,
    }
}

/// Prints it as it comes: it may be long.
async fn whole(local: &Local, path: &str, source: &str) -> Exit {
    let answered = match asked(local, path, source).await {
        Ok(answered) => answered,
        Err(exit) => return exit,
    };
    match tokio::io::copy(&mut answered.body(), &mut tokio::io::stdout()).await {
        Ok(_) => Exit::Ok,
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(e) => out::complain(&format!("the report is not whole: {e}"), Exit::Failed),
    }
}

async fn list(local: &Local, source: &str, common: &Common) -> Exit {
    let path = format!("/sources/{source}/reports?limit=500");
    let answered = match asked(local, &path, source).await {
        Ok(answered) => answered,
        Err(exit) => return exit,
    };
    match body(Ok(answered)).await {
        Ok(bytes) if common.json => out::print(&format!("{}\n", String::from_utf8_lossy(&bytes))),
        Ok(bytes) => out::print(&listed(&serde_json::from_slice(&bytes).unwrap_or_default())),
        Err(exit) => exit,
    }
}

fn listed(list: &Value) -> String {
    let heading = [
        "RUN",
        "OUTCOME",
        "RECEIVED",
        "REFUSED",
        "UNREADABLE",
        "HELD",
        "ROWS",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for report in list["reports"].as_array().into_iter().flatten() {
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let number = |v: &Value| v.as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
        let counts = &report["counts"];
        rows.push(vec![
            text(&report["run"]),
            text(&report["outcome"]),
            number(&counts["received"]),
            number(&counts["refused"]),
            number(&counts["unreadable"]),
            number(&counts["held"]),
            number(&report["account"]["written"]),
        ]);
    }
    out::table(&rows)
}

/// An answer that went well; what is not there is told.
async fn asked(local: &Local, path: &str, source: &str) -> Result<Answered, Exit> {
    let answered = match local.get(path, "*/*").await {
        Ok(answered) if answered.status == 404 => answered,
        answered => return well(answered).await,
    };
    let problem = problem(answered).await;
    let never = problem["type"] == format!("urn:harvestd:problem:{NEVER_RAN}");
    let (text, exit) = if never {
        let text =
            format!("{source:?} never ran to an end; `harvestd run {source}` harvests it now");
        (text, Exit::NotRunning)
    } else {
        let text = problem["detail"]
            .as_str()
            .unwrap_or("there is no such source");
        (text.to_owned(), Exit::UnknownSource)
    };
    Err(out::complain(&text, exit))
}

/// Fit for a segment of an address.
pub(super) fn quoted(text: &str) -> String {
    let bytes = text.bytes().map(|b| match b {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(b).to_string()
        }
        b => format!("%{b:02X}"),
    });
    bytes.collect()
}
