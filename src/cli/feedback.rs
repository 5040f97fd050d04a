//! `feedback`: what was said of datasets, and what the operator decides of it.
//!
//! Asks the daemon where one runs; else works on the data directory. Start at [`feedback`].

use super::{
    args::{self, Common, Place},
    client::{Reached, body},
    exit::Exit,
    out,
};
use crate::{
    daemon::Purpose,
    feedback::{Kind, Shown, Wanted, atom::shown},
    overrides::Value,
};
use std::fmt::Write;

/// `harvestd feedback …`
pub async fn feedback(args: &args::Feedback, common: &Common) -> Exit {
    match args {
        args::Feedback::List(args) => list(args, common).await,
        args::Feedback::Show(args) => {
            let path = format!("/feedback/{}", args.id);
            asked(&args.place, &path, common, |one: Shown| told(&one)).await
        }
        args::Feedback::Accept(args) => {
            let set = args.set.iter().cloned().map(Value::Text).collect();
            let wanted = Wanted::Accept {
                who: args.judge.who.clone(),
                why: args.why.clone(),
                property: args.property.clone(),
                lang: args.lang.clone(),
                set: Some(set).filter(|_| !args.set.is_empty()),
            };
            judge(&args.place, args.id, &wanted, common).await
        }
        args::Feedback::Decline(args) => {
            let wanted = Wanted::Decline {
                who: args.judge.who.clone(),
                why: args.why.clone(),
                withhold: args.withhold,
            };
            judge(&args.place, args.id, &wanted, common).await
        }
    }
}

async fn list(args: &args::FeedbackList, common: &Common) -> Exit {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("status", &args.status),
        ("dataset", &args.dataset),
        ("publisher", &args.publisher),
        ("source", &args.source),
    ] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let path = format!("/feedback?{}", query.finish());
    asked(&args.place, &path, common, |all: Vec<Shown>| listed(&all)).await
}

async fn asked<T: serde::de::DeserializeOwned>(
    place: &Place,
    path: &str,
    common: &Common,
    text: impl Fn(T) -> String,
) -> Exit {
    let reached = match Reached::reach(place, Purpose::Read).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let answer = body(reached.local.inquire(path).await).await;
    let exit = answer.map_or_else(|exit| exit, |json| print(&json, common, text));
    reached.done(exit).await
}

async fn judge(place: &Place, id: u64, wanted: &Wanted, common: &Common) -> Exit {
    let reached = match Reached::reach_held(place, Purpose::Work).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let said = serde_json::to_string(wanted).unwrap_or_default();
    let path = format!("/feedback/{id}/judge");
    let answer = body(reached.local.order_with(&path, said).await).await;
    let exit = answer.map_or_else(
        |exit| exit,
        |json| print(&json, common, |one: Shown| done(&one)),
    );
    reached.done(exit).await
}

fn print<T: serde::de::DeserializeOwned>(
    json: &[u8],
    common: &Common,
    text: impl Fn(T) -> String,
) -> Exit {
    if common.json {
        return out::print(&format!("{}\n", String::from_utf8_lossy(json)));
    }
    match serde_json::from_slice(json) {
        Ok(read) => out::print(&out::printable(&text(read))),
        Err(e) => out::complain(&format!("the answer cannot be read: {e}"), Exit::Failed),
    }
}

fn done(one: &Shown) -> String {
    let judged = one.judged.as_ref();
    match judged.and_then(|judged| judged.corrected_by.as_ref()) {
        Some(made) => format!("Accepted. It is published, as {made}\n"),
        None if one.status == crate::feedback::Status::Declined => "Declined.\n".to_owned(),
        None if one.said.kind == Kind::Correction => {
            "Accepted. Nothing is to be corrected: the source says so by now.\n".to_owned()
        }
        None => "Accepted: acknowledged, without a correction.\n".to_owned(),
    }
}

fn listed(all: &[Shown]) -> String {
    if all.is_empty() {
        return "Nothing was said.\n".to_owned();
    }
    let heading = [
        "ID", "STATUS", "KIND", "DATASET", "ABOUT", "SAID", "BY", "RECEIVED",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|one| {
        vec![
            one.id.to_string(),
            one.status.word().to_owned(),
            one.said.kind.word().to_owned(),
            one.said.dataset.clone(),
            one.said.property.clone().unwrap_or_default(),
            short(&said(one)),
            by(one),
            one.received.clone(),
        ]
    }));
    out::table(&rows)
}

fn said(one: &Shown) -> String {
    let said = &one.said;
    let rating = said.rating.map(|rating| format!("{rating} of 5"));
    let values = said.should_be.as_ref().map(|all| values(all));
    let parts = [values, rating, said.text.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn short(text: &str) -> String {
    const CHARS: usize = 60;
    match text.char_indices().nth(CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn by(one: &Shown) -> String {
    match (&one.said.who, &one.sender) {
        (Some(who), Some(sender)) => format!("{who} ({sender})"),
        (Some(who), None) => who.clone(),
        (None, Some(sender)) => sender.clone(),
        (None, None) => "-".to_owned(),
    }
}

fn values(all: &[Value]) -> String {
    match all {
        [] => "nothing".to_owned(),
        all => all.iter().map(shown).collect::<Vec<_>>().join(", "),
    }
}

fn told(one: &Shown) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<13}{value}");
        }
    };
    let said = &one.said;
    line("id", Some(format!("{} ({})", one.id, one.iri)));
    line("status", Some(one.status.word().to_owned()));
    line("kind", Some(said.kind.word().to_owned()));
    line("dataset", Some(said.dataset.clone()));
    line("distribution", said.distribution.clone());
    line("property", said.property.clone());
    line("language", said.lang.clone());
    line("found", said.found.as_deref().map(values));
    line("should be", said.should_be.as_deref().map(values));
    line("rating", said.rating.map(|rating| format!("{rating} of 5")));
    line("text", said.text.clone());
    line("by", Some(by(one)));
    line("contact", one.contact.clone());
    line("received", Some(one.received.clone()));
    let names = |p: &crate::feedback::Publisher| match p.names.first() {
        Some(name) => format!("{name} ({})", p.iri),
        None => p.iri.clone(),
    };
    let publishers: Vec<String> = one.publishers.iter().map(names).collect();
    line(
        "publisher",
        Some(publishers.join(", ")).filter(|p| !p.is_empty()),
    );
    line("sources", Some(one.sources.join(", ")));
    if let Some(judged) = &one.judged {
        line(
            "decided",
            Some(format!("{} by {}", judged.when, judged.who)),
        );
        line("why", Some(judged.why.clone()));
        line("override", judged.corrected_by.clone());
        line(
            "",
            judged
                .withheld
                .then(|| "what was said is shown here alone".to_owned()),
        );
    }
    text
}
