//! `links`: how the addresses in the catalogue fare, and checking them now.
//!
//! Asks the daemon where one runs; else works on the data directory. Start at [`links`].

use super::{
    args::{self, Common, LinksWhat, Place},
    client::{Reached, body, well},
    exit::Exit,
    out,
};
use crate::daemon::Purpose;
use crate::links::{
    round::Line,
    told::{Count, Row, Sums, UNCHECKED},
    trouble::Trouble,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

/// `harvestd links …`
pub async fn links(args: &args::Links, common: &Common) -> Exit {
    match &args.what {
        None => told(&args.place, "/links", common, |sums: Sums| summed(&sums)).await,
        Some(LinksWhat::List(args)) => list(args, common).await,
        Some(LinksWhat::Datasets(args)) => {
            let query = query(&[
                ("source", &args.source),
                ("publisher", &args.publisher),
                ("dataset", &args.dataset),
            ]);
            let form = if common.json { Form::Pages } else { Form::Csv };
            all(&args.place, "/links/datasets", &query, form).await
        }
        Some(LinksWhat::Show(args)) => {
            let query = query(&[("url", &Some(args.url.clone()))]);
            let path = format!("/links/address?{query}");
            told(&args.place, &path, common, |one: Value| shown(&one)).await
        }
        Some(LinksWhat::Check(args)) => check(args, common).await,
    }
}

fn query(said: &[(&str, &Option<String>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in said {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

async fn told<T: serde::de::DeserializeOwned>(
    place: &Place,
    path: &str,
    common: &Common,
    text: impl Fn(T) -> String,
) -> Exit {
    let reached = match Reached::reach(place, Purpose::Read).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let answer = body(reached.local.get(path, "application/json").await).await;
    let exit = answer.map_or_else(
        |exit| exit,
        |json| match serde_json::from_slice(&json) {
            _ if common.json => out::print(&format!("{}\n", String::from_utf8_lossy(&json))),
            Ok(read) => out::print(&out::printable(&text(read))),
            Err(e) => out::complain(&format!("the answer cannot be read: {e}"), Exit::Failed),
        },
    );
    reached.done(exit).await
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    /// The pages' JSON, a line each.
    Pages,
    Table,
}

async fn list(args: &args::LinkList, common: &Common) -> Exit {
    let broken = args.broken.then(|| "true".to_owned());
    let query = query(&[
        ("trouble", &args.trouble),
        ("host", &args.host),
        ("source", &args.source),
        ("publisher", &args.publisher),
        ("dataset", &args.dataset),
        ("broken", &broken),
    ]);
    let form = match (args.csv, common.json) {
        (true, _) => Form::Csv,
        (_, true) => Form::Pages,
        _ => Form::Table,
    };
    all(&args.place, "/links/addresses", &query, form).await
}

/// A whole list, however many pages it has.
async fn all(place: &Place, path: &str, query: &str, form: Form) -> Exit {
    let reached = match Reached::reach(place, Purpose::Read).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let exit = match form {
        Form::Csv => streamed(&reached, &format!("{path}?{query}")).await,
        _ => paged(&reached, path, query, form).await,
    };
    reached.done(exit).await
}

async fn streamed(reached: &Reached, path: &str) -> Exit {
    let answered = match well(reached.local.get(path, "text/csv").await).await {
        Ok(answered) => answered,
        Err(exit) => return exit,
    };
    match tokio::io::copy(&mut answered.body(), &mut tokio::io::stdout()).await {
        Ok(_) => Exit::Ok,
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(e) => out::complain(&format!("the list is not whole: {e}"), Exit::Failed),
    }
}

async fn paged(reached: &Reached, path: &str, query: &str, form: Form) -> Exit {
    let mut at = query.to_owned();
    loop {
        let answer = reached
            .local
            .get(&format!("{path}?{at}"), "application/json")
            .await;
        let bytes = match body(answer).await {
            Ok(bytes) => bytes,
            Err(exit) => return exit,
        };
        let page: Value = match serde_json::from_slice(&bytes) {
            Ok(page) => page,
            Err(e) => {
                return out::complain(&format!("the answer cannot be read: {e}"), Exit::Failed);
            }
        };
        let printed = match form {
            Form::Table => out::print(&out::printable(&rows(&page["addresses"]))),
            _ => out::print(&format!("{}\n", String::from_utf8_lossy(&bytes))),
        };
        let next = page["next"].as_str().and_then(|next| next.split_once('?'));
        match next.filter(|_| printed == Exit::Ok) {
            Some((_, query)) => at = query.to_owned(),
            None => return printed,
        }
    }
}

fn rows(page: &Value) -> String {
    let rows: Vec<Row> = serde_json::from_value(page.clone()).unwrap_or_default();
    let row = |row: &Row| {
        let status = row.status.map(|status| status.to_string());
        vec![
            row.trouble.map_or(UNCHECKED, Trouble::code).to_owned(),
            if row.broken { "broken" } else { "" }.to_owned(),
            status.unwrap_or_default(),
            row.url.clone(),
        ]
    };
    out::table(&rows.iter().map(row).collect::<Vec<_>>())
}

fn summed(sums: &Sums) -> String {
    let mut text = format!(
        "{} addresses, {} checked, {} broken\n",
        sums.known, sums.checked, sums.broken
    );
    let about = |count: &Count| {
        let words = Trouble::of(&count.name).map(|trouble| trouble.words().en);
        words.unwrap_or_default().to_owned()
    };
    for (title, counts) in [
        ("trouble", &sums.troubles),
        ("host", &sums.hosts),
        ("source", &sums.sources),
        ("publisher", &sums.publishers),
    ] {
        let mut rows = vec![vec![
            title.to_owned(),
            "addresses".to_owned(),
            "faulty".to_owned(),
            "broken".to_owned(),
            String::new(),
        ]];
        rows.extend(counts.iter().map(|count| {
            vec![
                count.name.clone(),
                count.addresses.to_string(),
                count.faulty.to_string(),
                count.broken.to_string(),
                if title == "trouble" {
                    about(count)
                } else {
                    String::new()
                },
            ]
        }));
        text.push('\n');
        text.push_str(&out::table(&rows));
    }
    text
}

fn shown(one: &Value) -> String {
    let mut text = format!("{}\n", one["url"].as_str().unwrap_or_default());
    let mut line = |name: &str, value: &Value| {
        let said = match value {
            Value::Null => return,
            Value::String(said) => said.clone(),
            value => value.to_string(),
        };
        text.push_str(&format!("  {name:<11}{said}\n"));
    };
    line("trouble", &one["trouble"]);
    line("which is", &one["words"]["en"]);
    line("what to do", &one["words"]["advice"]);
    line("broken", &one["broken"]);
    let came = &one["came"];
    for name in ["said", "status", "landed", "media_type", "charset", "bytes"] {
        line(name, &came[name]);
    }
    line("found", &came["look"]["type"]);
    line("encoding", &came["look"]["encoding"]);
    for place in one["places"].as_array().into_iter().flatten() {
        line("dataset", &place["dataset"]);
        for check in [
            "linkable",
            "downloadable",
            "structure",
            "encoding_match",
            "desc_match",
        ] {
            line(&format!(" {check} "), &place["verdict"][check]);
        }
    }
    for check in one["history"].as_array().into_iter().flatten() {
        let at = check["at_ms"]
            .as_i64()
            .and_then(chrono::DateTime::from_timestamp_millis);
        let at = at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        line(
            &at.unwrap_or_default(),
            &Value::from(format!(
                " {}",
                check["trouble"].as_str().unwrap_or_default()
            )),
        );
    }
    text
}

async fn check(args: &args::LinkCheck, common: &Common) -> Exit {
    let reached = match Reached::reach_held(&args.place, Purpose::Work).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let query = query(&[
        ("url", &args.url),
        ("dataset", &args.dataset),
        ("source", &args.source),
    ]);
    let answered = well(reached.local.order(&format!("/links/check?{query}")).await).await;
    let exit = match answered {
        Ok(answered) => followed(answered.body(), common).await,
        Err(exit) => exit,
    };
    reached.done(exit).await
}

/// Prints lines as they come, with how far it is.
async fn followed(lines: impl tokio::io::AsyncRead + Unpin, common: &Common) -> Exit {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {elapsed_precise} {pos} checked");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut lines = BufReader::new(lines).lines();
    let broke = |e: &dyn std::fmt::Display| {
        out::complain(&format!("the daemon broke off: {e}"), Exit::Failed)
    };
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => return broke(&"its last line is missing"),
            Err(e) => return broke(&e),
        };
        let value: Value = serde_json::from_str(&line).unwrap_or_default();
        let last = value["checked"].as_u64();
        let told = match (
            common.json,
            last,
            serde_json::from_value::<Line>(value.clone()),
        ) {
            (true, ..) => line,
            (_, Some(0), _) => "no dataset names such an address".to_owned(),
            (_, Some(checked), _) => format!("{checked} checked: {}", value["troubles"]),
            (_, None, Ok(line)) => one(&line),
            (_, None, Err(_)) => line,
        };
        bar.inc(u64::from(last.is_none()));
        let printed = bar.suspend(|| out::print(&format!("{}\n", out::printable(&told))));
        if last.is_some() || printed != Exit::Ok {
            bar.finish_and_clear();
            return printed;
        }
    }
}

fn one(line: &Line) -> String {
    let trouble = line.trouble.map_or(UNCHECKED, Trouble::code);
    let status = line
        .status
        .map_or(String::new(), |status| format!(" {status}"));
    let said = line
        .said
        .as_ref()
        .map_or(String::new(), |said| format!(" ({said})"));
    format!("{trouble}{status} {}{said}", line.url)
}
