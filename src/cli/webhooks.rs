//! `webhooks`: how receivers are, what they did not take, and sending it again.
//!
//! Asks the daemon where one runs; else works on the data directory. Start at [`webhooks`].

use super::{
    args::{Common, Webhooks},
    client::{Reached, body},
    exit::Exit,
    out,
};
use crate::{
    daemon::Purpose,
    log::date_time,
    webhooks::{Dead, WebhookStatus},
};

pub async fn webhooks(args: &Webhooks, common: &Common) -> Exit {
    let place = match args {
        Webhooks::List(args) => &args.place,
        Webhooks::Dead(args) | Webhooks::Enable(args) => &args.place,
        Webhooks::Resend(args) => &args.place,
    };
    let purpose = match args {
        Webhooks::List(_) | Webhooks::Dead(_) => Purpose::Read,
        Webhooks::Enable(_) | Webhooks::Resend(_) => Purpose::Work,
    };
    let reached = match Reached::reach(place, purpose).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let local = &reached.local;
    let answered = match args {
        Webhooks::List(_) => local.inquire("/webhooks").await,
        Webhooks::Dead(args) => local.inquire(&format!("/webhooks/{}/dead", args.id)).await,
        Webhooks::Enable(args) => local.order(&format!("/webhooks/{}/enable", args.id)).await,
        Webhooks::Resend(args) => {
            let batch = args.batch.as_deref();
            let only = batch.map_or_else(String::new, |batch| format!("?batch={batch}"));
            local
                .order(&format!("/webhooks/{}/resend{only}", args.id))
                .await
        }
    };
    let exit = match body(answered).await {
        Ok(json) => show(args, &json, common),
        Err(exit) => exit,
    };
    reached.done(exit).await
}

fn show(args: &Webhooks, json: &[u8], common: &Common) -> Exit {
    let text = if common.json {
        Ok(format!("{}\n", String::from_utf8_lossy(json)))
    } else {
        match args {
            Webhooks::List(_) => serde_json::from_slice(json).map(|all: Vec<_>| listed(&all)),
            Webhooks::Dead(_) => serde_json::from_slice(json).map(|all: Vec<_>| dead(&all)),
            Webhooks::Resend(_) => serde_json::from_slice(json).map(|all: Vec<_>| resent(&all)),
            Webhooks::Enable(_) => serde_json::from_slice(json).map(|one| listed(&[one])),
        }
    };
    match text {
        Ok(text) => out::print(&text),
        Err(e) => out::complain(
            &format!("the daemon's answer cannot be read: {e}"),
            Exit::Failed,
        ),
    }
}

fn listed(all: &[WebhookStatus]) -> String {
    if all.is_empty() {
        return "No webhook is configured: see [[webhook]] in config/harvestd.toml.\n".to_owned();
    }
    let heading = ["webhook", "server", "told", "lag", "tries", "dead", "state"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|hook| {
        let lag = hook.lag.map_or("-".to_owned(), |lag| lag.to_string());
        vec![
            hook.id.clone(),
            hook.server.clone().unwrap_or_default(),
            hook.cursor.clone().unwrap_or("-".to_owned()),
            lag,
            hook.tries.to_string(),
            hook.dead.to_string(),
            state(hook),
        ]
    }));
    out::table(&rows)
}

fn state(hook: &WebhookStatus) -> String {
    let error = hook.last_error_detail.as_deref();
    match (&hook.disabled, error) {
        (Some(why), _) => format!("disabled: {why}"),
        (None, Some(error)) => {
            let at = hook.next_try_ms.map(|ms| date_time(ms * 1000));
            let at = at.map_or_else(String::new, |at| format!("; next try {at}"));
            format!("{error}{at}")
        }
        (None, None) => "good".to_owned(),
    }
}

fn dead(all: &[Dead]) -> String {
    if all.is_empty() {
        return "Nothing was given up.\n".to_owned();
    }
    let heading = ["batch", "activities", "tries", "given up", "why"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|dead| {
        vec![
            dead.id.clone(),
            dead.activities.to_string(),
            dead.tries.to_string(),
            date_time(dead.gave_up_ms * 1000),
            dead.error.clone(),
        ]
    }));
    out::table(&rows)
}

fn resent(all: &[String]) -> String {
    match all.len() {
        0 => "Nothing was given up, so nothing is sent again.\n".to_owned(),
        1 => format!("Taken: {}\n", all[0]),
        many => format!("Taken: {many} batches, {}\n", all.join(", ")),
    }
}
