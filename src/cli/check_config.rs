//! `harvestd check-config`: what is configured and when it is next due, or everything that is wrong.
//!
//! Reads configuration files and nothing else; shows no secret, only that there is one.

use super::{
    args::{CheckConfig, Common},
    configured::Configured,
    exit::Exit,
    out,
};
use crate::config::{Config, Source};
use crate::network::redact;
use crate::serve::changes::word;
use crate::webhooks::Webhook;
use chrono::{DateTime, SecondsFormat, Utc};
use harvestd_harvesters::KINDS;
use serde_json::{Value, json};

/// Due times of a source that are foretold in JSON.
const DUE_TIMES: usize = 5;

pub fn check_config(args: &CheckConfig, common: &Common, now: DateTime<Utc>) -> Exit {
    let loaded = Configured::with(&args.serve.place, args.serve.outside());
    match (loaded.map(|configured| configured.config), common.json) {
        (Ok(config), false) => out::print(&for_people(&config, now)),
        (Ok(config), true) => out::print(&format!("{:#}\n", for_programs(&config, now))),
        (Err(errors), false) => out::complain(&errors.to_string(), Exit::Usage),
        (Err(errors), true) => {
            out::print(&format!("{:#}\n", json!({ "errors": errors })));
            Exit::Usage
        }
    }
}

fn for_people(config: &Config, now: DateTime<Utc>) -> String {
    let line = |name: &str, value: String| vec![name.to_owned(), value];
    let settings = [
        line("public_url", config.public_url.to_string()),
        line("data_dir", config.data_dir.display().to_string()),
        line("listen", config.listen.to_string()),
        line("admin_listen", config.admin_listen.to_string()),
        line("admin_token", admin_token(config).to_owned()),
    ];
    let mut rows = vec![
        [
            "source",
            "kind",
            "next run",
            "schedule",
            "asks",
            "url",
            "configured in",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    rows.extend(config.sources.iter().map(|source| row(source, now)));
    let kinds: Vec<Vec<String>> = KINDS
        .iter()
        .map(|kind| line(kind.name, kind.about.to_owned()))
        .collect();
    let mut told = Vec::new();
    for webhook in &config.webhooks {
        let server = webhook.url.origin().ascii_serialization();
        told.push(vec!["webhook".to_owned(), webhook.id.clone(), server]);
    }
    let told = match told.is_empty() {
        true => String::new(),
        false => format!("{}\n", out::table(&told)),
    };
    format!(
        "{}\n{}\n{told}Kinds of sources:\n{}",
        out::table(&settings),
        out::table(&rows),
        out::table(&kinds)
    )
}

/// Without path and query, which may be secret.
fn of_webhook(webhook: &Webhook) -> Value {
    let classes: Vec<&str> = webhook.classes.iter().map(|c| c.segment()).collect();
    let verbs: Vec<&str> = webhook.verbs.iter().map(|v| word(*v)).collect();
    json!({
        "id": webhook.id,
        "server": webhook.url.origin().ascii_serialization(),
        "begin": if webhook.from_start { "start" } else { "now" },
        "sources": webhook.sources,
        "classes": classes,
        "verbs": verbs,
        "allow_ranges": webhook.allow_ranges,
    })
}

fn admin_token(config: &Config) -> &'static str {
    match config.admin_token_sha256 {
        Some(_) => "configured",
        None => "made at the first start, in data_dir/admin-token",
    }
}

fn row(source: &Source, now: DateTime<Utc>) -> Vec<String> {
    let schedule = source.schedule.as_ref();
    vec![
        source.id.clone(),
        source.kind.clone(),
        match (source.enabled, next_start(source, now)) {
            (false, _) => "disabled".to_owned(),
            (true, None) => "by hand".to_owned(),
            (true, Some(at)) => at,
        },
        schedule.map_or("-".to_owned(), |s| format!("{} {}", s.line(), s.zone())),
        asks(source),
        redact(&source.url),
        source.at.clone(),
    ]
}

/// How often, and when not.
fn asks(source: &Source) -> String {
    let network = &source.network;
    let mut text = format!(
        "{}/s, {} at once",
        network.requests_per_second, network.concurrency
    );
    if network.obeys_robots {
        text.push_str(", as robots.txt allows");
    }
    if let Some(quiet) = &source.quiet {
        text.push_str(&format!(", not {}", quiet.said().join(", ")));
    }
    text
}

/// When the source's next run starts, jitter included, on its own clock.
fn next_start(source: &Source, now: DateTime<Utc>) -> Option<String> {
    let schedule = source.schedule.as_ref()?;
    let start = schedule.starts_at(&source.id, schedule.next_after(now)?);
    Some(
        start
            .with_timezone(&schedule.zone())
            .format("%F %T")
            .to_string(),
    )
}

fn for_programs(config: &Config, now: DateTime<Utc>) -> Value {
    let kinds = KINDS
        .iter()
        .map(|k| json!({ "name": k.name, "about": k.about }));
    json!({
        "public_url": config.public_url,
        "data_dir": config.data_dir,
        "listen": config.listen,
        "admin_listen": config.admin_listen,
        "admin_token_configured": config.admin_token_sha256.is_some(),
        "title": config.title,
        "limits": config.limits,
        "webhooks": config.webhooks.iter().map(of_webhook).collect::<Vec<_>>(),
        "sources": config.sources.iter().map(|source| of_source(source, now)).collect::<Vec<_>>(),
        "kinds": kinds.collect::<Vec<_>>(),
    })
}

fn of_source(source: &Source, now: DateTime<Utc>) -> Value {
    let network = &source.network;
    let headers: Vec<&str> = network
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    json!({
        "id": source.id,
        "kind": source.kind,
        "url": redact(&source.url),
        "title": source.title,
        "homepage": source.homepage,
        "enabled": source.enabled,
        "schedule": source.schedule.as_ref().map(|s| s.line()),
        "timezone": source.schedule.as_ref().map(|s| s.zone().name()),
        "due": due_times(source, now),
        "catch_up": source.catch_up,
        "quiet": source.quiet.as_ref().map(|quiet| quiet.said()),
        "priority": source.priority,
        "owns": source.owns,
        "language": source.language,
        "offset_minutes": source.offset_minutes,
        "network": {
            "requests_per_second": network.requests_per_second,
            "concurrency": network.concurrency,
            "robots": if network.obeys_robots { "obey" } else { "ignore" },
            "headers": headers,
            "basic_auth": network.basic_auth.is_some(),
            "extra_ca": network.extra_ca,
            "allow_ranges": network.allow_ranges,
            "allow_hosts": network.allow_hosts,
            "limits": network.limits,
        },
        "at": source.at,
    })
}

fn due_times(source: &Source, now: DateTime<Utc>) -> Vec<String> {
    let Some(schedule) = &source.schedule else {
        return Vec::new();
    };
    let next = |time: &DateTime<Utc>| schedule.next_after(*time);
    std::iter::successors(Some(now), next)
        .skip(1)
        .take(DUE_TIMES)
        .map(|due| due.to_rfc3339_opts(SecondsFormat::Secs, true))
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::config::{Outside, Variables};

    const TEXT: &str = r#"
public_url = "https://h.example/"
[[source]]
id = "a"
kind = "ckan"
url = "https://a.example/"
title = { en = "A" }
schedule = "30 3 * * *"
jitter_ms = 0
quiet = ["mon-fri 08:00-18:00", "23:00-01:00"]
[source.network]
robots = "obey"
headers = { X-Api-Key = "${KEY}" }
basic_auth = { user = "u", password = "${KEY}" }
[[source]]
id = "b"
kind = "dcat"
url = "https://b.example/"
title = { en = "B" }
enabled = false
[[source]]
id = "c"
kind = "dcat"
url = "https://c.example/"
title = { en = "C" }
"#;

    fn config() -> Config {
        let outside = Outside {
            variables: Variables::none().with("KEY", "correct-horse-battery"),
            ..Outside::default()
        };
        Config::parse("c.toml", TEXT, &outside).unwrap()
    }

    #[test]
    fn people_see_a_table_and_the_next_run() {
        let text = for_people(&config(), "2026-11-20T00:00:00Z".parse().unwrap());
        let line = |id: &str| {
            text.lines()
                .find(|line| line.starts_with(id))
                .unwrap_or_default()
        };
        assert!(
            line("a ").contains("2026-11-21 03:30:00  30 3 * * * Asia/Taipei"),
            "{text}"
        );
        assert!(
            line("a ").ends_with("https://a.example/  c.toml:3"),
            "{text}"
        );
        let asks = ", as robots.txt allows, not mon-fri 08:00-18:00, 23:00-01:00";
        assert!(line("a ").contains(asks), "{text}");
        assert!(!line("c ").contains("robots"), "{text}");
        assert!(line("b ").contains("disabled"), "{text}");
        assert!(line("c ").contains("by hand"), "{text}");
        assert!(text.contains("made at the first start"), "{text}");
        assert!(!text.contains("correct-horse"), "{text}");
    }

    #[test]
    fn programs_see_everything_but_secrets() {
        let value = for_programs(&config(), "2026-11-20T00:00:00Z".parse().unwrap());
        assert_eq!(value["sources"][0]["due"][1], "2026-11-21T19:30:00Z");
        assert_eq!(
            value["sources"][0]["network"]["headers"],
            json!(["X-Api-Key"])
        );
        assert_eq!(value["sources"][0]["quiet"][1], "23:00-01:00");
        let robots = |n: usize| &value["sources"][n]["network"]["robots"];
        assert_eq!((robots(0), robots(2)), (&json!("obey"), &json!("ignore")));
        assert_eq!(value["limits"]["query"]["workers"], 2);
        assert!(!value.to_string().contains("correct-horse"), "{value}");
    }
}
