//! What the configuration accepts, what it refuses and in which words, and that the annotated file tells the truth.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "config/refused.rs"]
mod refused;
#[path = "config/shipped.rs"]
mod shipped;

use harvestd::config::{
    CatchUp, Config, Limits, Outside, Secret, Source, Variables, settings_version, token_sha256,
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

const MAIN: &str = "public_url = \"https://h.example/\"\n";
const SOURCE: &str = "[[source]]\nid = \"a\"\nkind = \"ckan\"\nurl = \"https://a.example/\"\ntitle = { en = \"A\" }\n";

fn outside() -> Outside {
    Outside {
        variables: Variables::none()
            .with("TOKEN", "correct-horse-battery")
            .with("SHORT", "hunter2")
            .with("QUOTED", "pass\"word\\with\nlines")
            .with("HOST", "a.example"),
        ..Outside::default()
    }
}

fn parse(text: &str) -> Result<Config, String> {
    Config::parse("c.toml", text, &outside()).map_err(|e| e.to_string())
}

fn one_source(more: &str) -> Source {
    let config = parse(&format!("{MAIN}{SOURCE}{more}")).unwrap();
    config.sources.into_iter().next().unwrap()
}

/// The lines of the refusal; the last says how many there are.
fn refusal(text: &str) -> Vec<String> {
    let message = parse(text).expect_err(text);
    let lines: Vec<String> = message.lines().map(str::to_owned).collect();
    let errors = lines.len() - 1;
    let plural = if errors == 1 { "" } else { "s" };
    assert_eq!(
        lines[errors],
        format!("{errors} error{plural} in the configuration")
    );
    lines[..errors].to_vec()
}

#[test]
fn a_shared_vocabulary_is_one_there_is_and_no_source_has_its_id() {
    let one = parse(&format!("{MAIN}shared = [\"tw\", \"tw\"]\n{SOURCE}")).unwrap();
    assert_eq!(one.shared, ["tw"]);
    let none = parse(&format!("{MAIN}{SOURCE}")).unwrap();
    assert!(none.shared.is_empty() && one.shares("tw") && !none.shares("tw"));
    // What refers to a shared agent is described again when there is none any more.
    assert_ne!(one.epoch(&one.sources[0]), none.epoch(&none.sources[0]));
    assert_eq!(
        refusal(&format!("{MAIN}shared = [\"jp\"]\n")),
        ["c.toml:2:11: shared: found \"jp\", expected \"tw\", the one there is"]
    );
    let taken = SOURCE.replace("\"a\"", "\"tw\"");
    let lines = refusal(&format!("{MAIN}{taken}"));
    assert!(
        lines[0].starts_with("c.toml:3:6: source.id: found \"tw\", which names the vocabulary"),
        "{lines:?}"
    );
}

#[test]
fn little_is_enough() {
    let config = parse(MAIN).unwrap();
    assert_eq!(config.public_url.as_str(), "https://h.example/");
    assert_eq!(config.data_dir, Path::new("data"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.admin_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.admin_token_sha256, None);
    assert_eq!(config.limits, Limits::default());
    assert!(config.sources.is_empty());

    let source = one_source("");
    assert!(source.enabled);
    assert_eq!(source.schedule, None);
    assert_eq!(source.catch_up, CatchUp::Once);
    assert_eq!(source.network.limits, config.limits.network);
    assert_eq!(source.at, "c.toml:2");
    assert_eq!(source.options, Value::Object(serde_json::Map::new()));
}

#[test]
fn public_url_ends_with_a_slash() {
    for (written, base) in [
        ("https://h.example", "https://h.example/"),
        (
            "https://h.example/open/data",
            "https://h.example/open/data/",
        ),
        ("http://h.example:8080/x/", "http://h.example:8080/x/"),
    ] {
        let config = parse(&format!("public_url = \"{written}\"")).unwrap();
        assert_eq!(config.public_url.as_str(), base);
    }
}

#[test]
fn everything_that_can_be_said_of_a_source() {
    let source = one_source(
        r#"
homepage = "https://a.example/about"
enabled = false
schedule = "30 3 * * 1-5"
timezone = "Europe/Berlin"
jitter_ms = 5
catch_up = "skip"
quiet = ["mon-fri 08:00-18:00"]
priority = -3
owns = ["https://a.example/dataset/"]
language = "zh-Hant-TW"
offset_minutes = 480
[source.network]
robots = "obey"
requests_per_second = 0.5
concurrency = 4
headers = { X-Api-Key = "${TOKEN}", Accept-Language = "zh" }
basic_auth = { user = "u", password = "${SHORT}" }
allow_ranges = ["10.0.0.0/8", "fd00::/8"]
allow_hosts = ["Files.example", "[::1]:8080", "b.example:81"]
[source.network.limits]
total_ms = 3_600_000
[source.options]
rows = 50
"#,
    );
    let schedule = source.schedule.unwrap();
    assert_eq!(
        (schedule.line(), schedule.zone(), schedule.jitter_ms()),
        ("30 3 * * 1-5", chrono_tz::Europe::Berlin, 5)
    );
    assert_eq!(
        (source.enabled, source.catch_up, source.priority),
        (false, CatchUp::Skip, -3)
    );
    assert_eq!(
        (source.language.as_deref(), source.offset_minutes),
        (Some("zh-Hant-TW"), Some(480))
    );
    let on_monday = "2026-11-23T12:00:00Z".parse().unwrap();
    assert!(source.quiet.unwrap().is_at(on_monday));
    let network = source.network;
    assert!(network.obeys_robots);
    let header = |name: &str| {
        network
            .headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
    };
    assert_eq!(
        header("X-Api-Key"),
        Some(Secret("correct-horse-battery".into()))
    );
    assert_eq!(header("Accept-Language"), Some(Secret("zh".into())));
    assert_eq!(
        network.basic_auth,
        Some(("u".into(), Secret("hunter2".into())))
    );
    assert_eq!(
        network.allow_hosts,
        ["files.example", "[::1]:8080", "b.example:81"]
    );
    assert_eq!((network.requests_per_second, network.concurrency), (0.5, 4));
    assert_eq!(
        (network.limits.total_ms, network.limits.connect_ms),
        (3_600_000, 10_000)
    );
    assert_eq!(source.options, serde_json::json!({ "rows": 50 }));
}

#[test]
fn limits_of_the_daemon_reach_every_source() {
    let config = parse(&format!(
        "{MAIN}[limits]\nruns_at_once_max = 7\n[limits.network]\ntries_max = 2\n{SOURCE}"
    ))
    .unwrap();
    assert_eq!(config.limits.runs_at_once_max, 7);
    assert_eq!(config.sources[0].network.limits.tries_max, 2);
}

#[test]
fn variables_are_replaced_in_addresses_options_and_lists() {
    let source = one_source(
        "owns = [\"https://${HOST}/\"]\n[source.network]\nallow_hosts = [\"files.${HOST}\"]\n",
    );
    assert_eq!(source.owns, ["https://a.example/"]);
    assert_eq!(source.network.allow_hosts, ["files.a.example"]);
}

#[test]
fn secrets_are_in_no_message() {
    let values = [
        "correct-horse-battery",
        "hunter2",
        "pass\"word",
        "pass\\\"word",
    ];
    let texts = [
        // A secret where none belongs: in an address, an id, a kind, an option, a schedule, a limit.
        "homepage = \"${TOKEN}\"\nschedule = \"${TOKEN}\"\ntimezone = \"${SHORT}\"\ncatch_up = \"${QUOTED}\"",
        "homepage = \"ftp://${HOST}/?key=${TOKEN}\"",
        "homepage = \"https://u:${SHORT}@a.example/\"\nowns = [\"${QUOTED}\"]\nlanguage = \"${TOKEN}\"",
        "[source.network]\nheaders = { Authorization = \"Bearer ${QUOTED}\" }\nallow_ranges = [\"${TOKEN}\"]\nallow_hosts = [\"${SHORT}/\"]",
        "[source.network]\nheaders = { Authorization = \"hunter2\" }\nbasic_auth = { user = \"u:${TOKEN}\", password = \"hunter2\" }",
        "[source.options]\n\"no_such_option\" = \"${TOKEN}\"\nother = [\"${QUOTED}\"]",
    ];
    for text in texts {
        let errors =
            Config::parse("c.toml", &format!("{MAIN}{SOURCE}{text}"), &outside()).unwrap_err();
        let shown = format!(
            "{errors}\n{errors:?}\n{}",
            serde_json::to_string(&errors).unwrap()
        );
        for value in values {
            assert!(
                !shown.contains(value),
                "{value} is shown for {text}:\n{shown}"
            );
        }
    }
    // A line that breaks the syntax is not quoted.
    let shown = parse("admin_token = \"hunter2\" x\n").unwrap_err();
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_good_configuration_shows_no_secret_either() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("token"), "from-a-file-with-a-token\n").unwrap();
    let text = format!(
        "{MAIN}admin_token = {{ file = \"token\" }}\nadmin_listen = \"0.0.0.0:1\"\n{SOURCE}[source.network]\nheaders = {{ Authorization = \"Bearer ${{TOKEN}}\" }}\nbasic_auth = {{ user = \"u\", password = {{ file = \"token\" }} }}\n"
    );
    let path = dir.path().join("c.toml");
    fs::write(&path, text).unwrap();
    let (config, token) = Config::load_with_token(&path, &outside()).unwrap();
    let expected = Secret("from-a-file-with-a-token".into());
    assert_eq!(config.admin_token_sha256, Some(token_sha256(&expected)));
    assert_eq!(
        config.sources[0].network.basic_auth,
        Some(("u".into(), expected.clone()))
    );
    assert_eq!(
        config.sources[0].network.headers,
        [(
            "Authorization".into(),
            Secret("Bearer correct-horse-battery".into())
        )]
    );
    assert_eq!(token, Some(expected));
    let shown = format!("{config:?} {:?}", outside());
    for value in ["correct-horse-battery", "from-a-file", "hunter2"] {
        assert!(!shown.contains(value), "{shown}");
    }
}

#[test]
fn the_command_line_wins_and_is_held_to_the_same_rules() {
    let text = format!("{MAIN}listen = \"127.0.0.1:1\"\ndata_dir = \"x\"\n");
    let mut said = outside();
    said.listen = Some("127.0.0.1:0".parse().unwrap());
    said.data_dir = Some("elsewhere".into());
    said.public_url = Some("http://other.example/".parse().unwrap());
    let config = Config::parse("c.toml", &text, &said).unwrap();
    assert_eq!(config.listen.port(), 0);
    assert_eq!(config.data_dir, Path::new("elsewhere"));
    assert_eq!(config.public_url.as_str(), "http://other.example/");

    said.admin_listen = Some("192.0.2.1:8081".parse().unwrap());
    let error = Config::parse("c.toml", &text, &said)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("c.toml:1:1: admin_listen: found 192.0.2.1:8081, which others can reach"),
        "{error}"
    );
}

#[test]
fn a_reload_says_what_only_a_restart_changes() {
    let running = parse(MAIN).unwrap();
    let changed = parse(&format!("{MAIN}listen = \"127.0.0.1:9\"\n[limits]\nruns_at_once_max = 3\n[limits.query]\nworkers = 3\n{SOURCE}")).unwrap();
    assert_eq!(
        changed.needs_restart(&running),
        ["listen", "limits.runs_at_once_max", "limits.query"]
    );
    assert!(running.needs_restart(&running).is_empty());
}

#[test]
fn the_settings_version_changes_with_what_a_record_becomes() {
    let version = |more: &str| settings_version(&one_source(more));
    let plain = version("");
    assert_eq!(plain.len(), 32);
    assert_eq!(
        plain,
        version("schedule = \"0 3 * * *\"\npriority = 3\n[source.network]\nconcurrency = 9\n")
    );
    let others = [
        version("language = \"en\"\n"),
        version("offset_minutes = 480\n"),
        version("[source.options]\nrows = 7\n"),
        version("[source.options]\nrows = 8\n"),
    ];
    for (n, other) in others.iter().enumerate() {
        assert_ne!(*other, plain);
        assert!(!others[..n].contains(other));
    }
}
