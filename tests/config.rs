//! What the configuration accepts, what it refuses and in which words, and that the annotated file tells the truth.

#![expect(clippy::unwrap_used, reason = "tests")]

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
priority = -3
owns = ["https://a.example/dataset/"]
language = "zh-Hant-TW"
offset_minutes = 480
[source.network]
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
    let network = source.network;
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

/// What follows `public_url`, and the beginning of the refusal.
const REFUSED: &[(&str, &str)] = &[
    // Keys.
    (
        "lisen = \"127.0.0.1:1\"",
        "c.toml:2:1: lisen: found a key that is not known, expected \"listen\"",
    ),
    (
        "colour = 1",
        "c.toml:2:1: colour: found a key that is not known, expected one of public_url, data_dir, ",
    ),
    (
        "[limits]\nruns_at_once = 3",
        "c.toml:3:1: limits.runs_at_once: found a key that is not known, expected \"runs_at_once_max\"",
    ),
    (
        "[limits.query]\nworker = 3",
        "c.toml:3:1: limits.query.worker: found a key that is not known, expected \"workers\"",
    ),
    (
        "[limit]\nx = 1",
        "c.toml:2:2: limit: found a key that is not known, expected \"limits\"",
    ),
    // Types.
    (
        "listen = 8080",
        "c.toml:2:10: listen: found a whole number, expected an address with a port, as 127.0.0.1:8080",
    ),
    (
        "title = \"x\"",
        "c.toml:2:9: title: found a text, expected texts by language",
    ),
    (
        "[limits]\nreport_rows_max = \"many\"",
        "c.toml:3:19: limits.report_rows_max: found a text, expected a whole number from 0 to 10000000",
    ),
    (
        "[limits]\nnetwork = 3",
        "c.toml:3:11: limits.network: found a whole number, expected a table",
    ),
    (
        "limits = 3",
        "c.toml:2:10: limits: found a whole number, expected a table",
    ),
    (
        "source = 3",
        "c.toml:2:10: source: found a whole number, expected tables that begin with [[source]]",
    ),
    (
        "[source]\nid = \"a\"",
        "c.toml:2:1: source: found a table, expected tables that begin with [[source]]",
    ),
    (
        "include = \"x\"",
        "c.toml:2:11: include: found a text, expected a list, each the path of a file",
    ),
    // Ranges.
    (
        "[limits.query]\nworkers = 0",
        "c.toml:3:11: limits.query.workers: found 0, expected a whole number from 1 to 256",
    ),
    (
        "[limits.query]\nworkers = -1",
        "c.toml:3:11: limits.query.workers: found -1, expected",
    ),
    (
        "[limits.query]\nworkers = 99999999999999999999999999999999999999999999",
        "c.toml:3:11: limits.query.workers: found 9999",
    ),
    (
        "[limits.query]\nworkers = 2.5",
        "c.toml:3:11: limits.query.workers: found a number with a point, expected a whole number",
    ),
    (
        "[limits.network]\nconnect_ms = 2_000\ntotal_ms = 1_000",
        "c.toml:3:14: limits.network.connect_ms: found 2000, expected no more than network.total_ms, which is 1000",
    ),
    // Addresses.
    (
        "listen = \"localhost\"",
        "c.toml:2:10: listen: found \"localhost\", expected an address with a port",
    ),
    (
        "admin_listen = \"0.0.0.0:8081\"",
        "c.toml:2:16: admin_listen: found 0.0.0.0:8081, which others can reach, without admin_token, expected a loopback address",
    ),
    (
        "admin_listen = \"127.0.0.1:8080\"",
        "c.toml:2:16: admin_listen: found 127.0.0.1:8080, the same as listen, expected an address of its own",
    ),
    (
        "admin_listen = \"[::ffff:10.0.0.1]:8081\"",
        "c.toml:2:16: admin_listen: found [::ffff:10.0.0.1]:8081, which others can reach",
    ),
    // Secrets.
    (
        "admin_token = \"correct-horse-battery\"",
        "c.toml:2:15: admin_token: found a token in the file itself (not shown), expected \"${NAME}\" or { file = \"…\" }",
    ),
    (
        "admin_token = \"${SHORT}\"",
        "c.toml:2:15: admin_token: found a token that is short or not ASCII (not shown), expected 16 ASCII characters",
    ),
    (
        "admin_token = \"${NOT_SET}\"",
        "c.toml:2:15: admin_token: found no environment variable NOT_SET, expected NOT_SET to be set",
    ),
    (
        "admin_token = \"${TOKEN\"",
        "c.toml:2:15: admin_token: found \"${\" without a name and \"}\", expected ${NAME}",
    ),
    (
        "admin_token = 7",
        "c.toml:2:15: admin_token: found a whole number, expected \"${NAME}\" or { file = \"…\" }",
    ),
    (
        "admin_token = { fil = \"x\" }",
        "c.toml:2:15: admin_token.file: found nothing, expected the path of a file",
    ),
    (
        "admin_token = { file = \"no-such-file\" }",
        "c.toml:2:24: admin_token: found no-such-file: No such file or directory",
    ),
    // Files.
    (
        "include = [\"no-such.toml\"]",
        "no-such.toml: found No such file or directory",
    ),
    (
        "include = [\"no-such-folder/*.toml\"]",
        "c.toml:2:11: include: found \"no-such-folder/*.toml\": No such file or directory",
    ),
    (
        "include = [\"*/x.toml\"]",
        "c.toml:2:12: include: found \"*/x.toml\", expected the path of a file, or of files as sources/*.toml",
    ),
    // Syntax.
    ("listen = ", "c.toml:2:10: found "),
    (
        "listen = \"a\"\nlisten = \"b\"",
        "c.toml:3:1: found duplicate key",
    ),
];

/// What follows a good source of five lines, which begins in line 2.
const REFUSED_SOURCES: &[(&str, &str)] = &[
    (
        "shedule = \"0 3 * * *\"",
        "c.toml:7:1: source.shedule: found a key that is not known, expected \"schedule\"",
    ),
    (
        "homepage = \"a.example\"",
        "c.toml:7:12: source.homepage: found \"a.example\" (relative URL without a base), expected an absolute http or https address",
    ),
    (
        "homepage = \"ftp://a.example/\"",
        "c.toml:7:12: source.homepage: found \"ftp://a.example/\", of another scheme",
    ),
    (
        "homepage = \"https://u:hunter2@a.example/\"",
        "c.toml:7:12: source.homepage: found an address with a user or password in it (not shown); user and password belong in network.basic_auth",
    ),
    (
        "enabled = \"yes\"",
        "c.toml:7:11: source.enabled: found a text, expected true or false",
    ),
    (
        "schedule = \"0 25 * * *\"",
        "c.toml:7:12: source.schedule: found \"0 25 * * *\", where the hour is \"25\", expected a number from 0 to 23",
    ),
    (
        "schedule = \"daily\"",
        "c.toml:7:12: source.schedule: found \"daily\", where the line is 1 fields, expected five fields",
    ),
    (
        "timezone = \"Taipei\"",
        "c.toml:7:12: source.timezone: found \"Taipei\", expected a time zone of the IANA list, as Asia/Taipei",
    ),
    (
        "jitter_ms = -1",
        "c.toml:7:13: source.jitter_ms: found -1, expected a whole number from 0 to",
    ),
    (
        "catch_up = \"always\"",
        "c.toml:7:12: source.catch_up: found \"always\", expected \"once\" or \"skip\"",
    ),
    (
        "priority = 5000",
        "c.toml:7:12: source.priority: found 5000, expected a whole number from -1000 to 1000",
    ),
    (
        "owns = [\"dataset/\"]",
        "c.toml:7:9: source.owns: found \"dataset/\", expected the beginning of http or https IRIs",
    ),
    (
        "language = \"zh_TW\"",
        "c.toml:7:12: source.language: found \"zh_TW\", expected a BCP 47 tag, as zh-Hant or en",
    ),
    (
        "offset_minutes = 8000",
        "c.toml:7:18: source.offset_minutes: found 8000, expected a whole number from -720 to 840",
    ),
    (
        "[source.network]\nrequests_per_second = 0",
        "c.toml:8:23: source.network.requests_per_second: found 0, expected a number from 0.01 to 1000",
    ),
    (
        "[source.network]\nallow_ranges = [\"10.0.0.0/33\"]",
        "c.toml:8:17: source.network.allow_ranges: found \"10.0.0.0/33\", expected a range of addresses, as 10.1.0.0/16",
    ),
    (
        "[source.network]\nallow_hosts = [\"https://b.example/x\"]",
        "c.toml:8:16: source.network.allow_hosts: found \"https://b.example/x\", expected a host or host:port",
    ),
    (
        "[source.network]\nheaders = { Host = \"b\" }",
        "c.toml:8:20: source.network.headers.Host: found a header that harvestd sets itself",
    ),
    (
        "[source.network]\nheaders = { X-Api-Key = \"hunter2\" }",
        "c.toml:8:25: source.network.headers.X-Api-Key: found a secret in the file itself (not shown)",
    ),
    (
        "[source.network]\nheaders = { \"X Y\" = \"z\" }",
        "c.toml:8:21: source.network.headers.X Y: found \"X Y\", expected the name of a header",
    ),
    (
        "[source.network]\nheaders = { X-Y = \"${QUOTED}\" }",
        "c.toml:8:19: source.network.headers.X-Y: found a value with control or non-ASCII characters (not shown)",
    ),
    (
        "[source.network]\nbasic_auth = { user = \"u\", password = \"hunter2\" }",
        "c.toml:8:39: source.network.basic_auth.password: found a password in the file itself (not shown)",
    ),
    (
        "[source.network]\nbasic_auth = { user = \"u\" }",
        "c.toml:8:14: source.network.basic_auth.password: found nothing, expected \"${NAME}\"",
    ),
    (
        "[source.network]\nextra_ca = \"no-such.pem\"",
        "c.toml:8:12: source.network.extra_ca: found no-such.pem: No such file",
    ),
    (
        "[source.network.limits]\ntries_max = 0",
        "c.toml:8:13: source.network.limits.tries_max: found 0, expected a whole number from 1 to 20",
    ),
    (
        "[source.network.limits]\nread_ms = 3_600_000",
        "c.toml:8:11: source.network.limits.read_ms: found 3600000, expected no more than total_ms, which is 1800000",
    ),
    (
        "[source.network.limits]\nworkers = 1",
        "c.toml:8:1: source.network.limits.workers: found a key that is not known",
    ),
];

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_would_be_right() {
    let whole_source = [
        (
            "[[source]]\nid = \"a\"\nkind = \"ckn\"\nurl = \"https://a.example/\"\ntitle = { en = \"A\" }",
            "c.toml:4:8: source.kind: found \"ckn\", expected \"ckan\" (one of ckan, dcat, data_gov_tw",
        ),
        (
            "[[source]]\nid = \"A b\"\nkind = \"ckan\"\nurl = \"https://a.example/\"\ntitle = { en = \"A\" }",
            "c.toml:3:6: source.id: found \"A b\", expected 1 to 63 of a-z, 0-9 and -, the first not -",
        ),
        (
            "[[source]]\nid = \"a\"\nkind = \"ckan\"\nurl = \"https://a.example/\"\ntitle = { e = \"A\" }",
            "c.toml:6:15: source.title: found language tag \"e\", expected a BCP 47 tag",
        ),
    ];
    let main = REFUSED
        .iter()
        .map(|(text, message)| (format!("{MAIN}{text}\n"), message));
    let sources = REFUSED_SOURCES
        .iter()
        .map(|(text, message)| (format!("{MAIN}{SOURCE}{text}\n"), message));
    let whole = whole_source
        .iter()
        .map(|(text, message)| (format!("{MAIN}{text}\n"), message));
    for (text, expected) in main.chain(sources).chain(whole) {
        let found = refusal(&text);
        assert!(
            found.iter().any(|line| line.starts_with(expected)),
            "{text}\nexpected {expected}\nfound {found:#?}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    let kinds: Vec<_> = harvestd_harvesters::KINDS.iter().map(|k| k.name).collect();
    let kinds = format!(
        "c.toml:1:1: source.kind: found nothing, expected one of {}",
        kinds.join(", ")
    );
    assert_eq!(
        refusal("[[source]]\nid = \"a\"\n"),
        [
            "c.toml:1:1: public_url: found nothing, expected an absolute http or https address, as https://data.example.org/catalogue/",
            kinds.as_str(),
            "c.toml:1:1: source.url: found nothing, expected an absolute http or https address",
            "c.toml:1:1: source.title: found nothing, expected the catalogue's title, as { en = \"Weather\" }",
        ]
    );
}

#[test]
fn all_errors_of_all_files_come_together_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    fs::create_dir(dir.path().join("sources")).unwrap();
    write(
        "harvestd.toml",
        &format!("include = [\"sources/*.toml\"]\nlisten = \"x\"\n{SOURCE}colour = 1\n"),
    );
    write(
        "sources/b.toml",
        "[[source]]\nid = \"a\"\nkind = \"x\"\nurl = \"y\"\ntitle = { en = \"B\" }\n",
    );
    write("sources/c.toml", "listen = \"127.0.0.1:1\"\n[[source]\n");
    write("sources/d.toml", "listen = \"127.0.0.1:1\"\n");
    write("sources/.hidden.toml", "nonsense");
    write("sources/e.txt", "nonsense");
    fs::write(dir.path().join("sources/f.toml"), b"title = \"\xff\"").unwrap();
    let path = dir.path().join("harvestd.toml");
    let message = Config::load_with(&path, &outside())
        .unwrap_err()
        .to_string();
    let message = message.replace(&format!("{}/", dir.path().display()), "");
    let starts = [
        "harvestd.toml:1:1: public_url: found nothing",
        "harvestd.toml:2:10: listen: found \"x\"",
        "harvestd.toml:8:1: source.colour: found a key that is not known",
        "sources/b.toml:2:6: source.id: found \"a\", which harvestd.toml:4:6 has already, expected an id of its own",
        "sources/b.toml:3:8: source.kind: found \"x\"",
        "sources/b.toml:4:7: source.url: found \"y\"",
        "sources/c.toml:2:",
        "sources/d.toml:1:1: listen: found a key that is not known, expected one of source",
        "sources/f.toml: found invalid utf-8",
        "9 errors in the configuration",
    ];
    let lines: Vec<&str> = message
        .lines()
        .filter(|line| !line.starts_with("sources/c.toml:2:9: found extra"))
        .collect();
    assert_eq!(lines.len(), starts.len(), "{message}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(
            line.starts_with(start),
            "expected {start}\nfound {line}\nin\n{message}"
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Path::new("no-such-folder/harvestd.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("no-such-folder/harvestd.toml: found No such file"),
        "{error}"
    );
}

#[test]
fn a_kind_refuses_its_options_where_they_stand() {
    for kind in harvestd_harvesters::KINDS {
        let text = format!(
            "{MAIN}[[source]]\nid = \"a\"\nkind = \"{}\"\nurl = \"https://a.example/\"\ntitle = {{ en = \"A\" }}\n[source.options]\nno_such_option = 1\n",
            kind.name
        );
        let found = refusal(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        let place = "c.toml:8:18: source.options.no_such_option: found ";
        assert!(found[0].starts_with(place), "{}: {found:?}", kind.name);
    }
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

// The files that are shipped.

fn shipped() -> Outside {
    Outside {
        variables: Variables::none().with("DEMO_URL", "http://127.0.0.1:4000"),
        ..Outside::default()
    }
}

fn load(path: &str) -> Config {
    Config::load_with(Path::new(path), &shipped()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_shipped_configuration_loads() {
    let config = load("config/harvestd.toml");
    let ids: Vec<&str> = config.sources.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "centre",
            "cip",
            "civil-iot-air-epa",
            "civil-iot-air",
            "civil-iot-water",
            "civil-iot-rain",
            "civil-iot-sewer",
            "civil-iot-quakes",
            "civil-iot-weather",
            "civil-iot-cameras",
            "data-gov-tw",
            "depositar",
            "mol",
            "nchc-scidm",
            "nchc-ipgod",
            "new-taipei",
            "taipei-list-2018",
            "taipei-list-2015",
            "hub",
            "tainan",
            "taipei"
        ]
    );
    for source in &config.sources {
        assert_eq!(source.url.scheme(), "https", "{}", source.id);
        assert!(
            source.schedule.is_some() || !source.enabled,
            "{}",
            source.id
        );
        assert!(source.network.allow_ranges.is_empty(), "{}", source.id);
    }
    for entry in fs::read_dir("config/sources").unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.contains("NEVER TRIED LIVE"), "{text}");
    }
}

#[test]
fn the_demo_loads() {
    let config = load("config/demo.toml");
    let urls: Vec<&str> = config.sources.iter().map(|s| s.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "http://127.0.0.1:4000/ministry/export.json",
            "http://127.0.0.1:4000/ckan",
            "http://127.0.0.1:4000/dcat/catalog",
            "http://127.0.0.1:4000/centre"
        ]
    );
    for source in &config.sources {
        assert!(source.network.allow_ranges[0].contains(&std::net::IpAddr::from([127, 0, 0, 1])));
    }
    let error = Config::load_with(Path::new("config/demo.toml"), &outside())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("found no environment variable DEMO_URL"),
        "{error}"
    );
}

#[test]
fn a_mapping_is_refused_where_it_is_wrong() {
    let source = SOURCE.replace("ckan", "mapped");
    for (options, expected) in [
        (
            "id = \"id\"\n[source.options.map]\ntitle = \"t\"\n\"dct:publishr.name\" = \"p\"\n",
            "c.toml:11:23: source.options.map.\"dct:publishr.name\": found \"dct:publishr.name\", expected ",
        ),
        (
            "id = \"id\"\n[source.options.map]\ntitle = { path = \"a..b\" }\n",
            "c.toml:10:18: source.options.map.title.path: found \"a..b\", character 3, expected a key",
        ),
        (
            "id = \"id\"\n[source.options.map]\ntitle = \"t\"\n[source.options.map.distribution]\nacces_url = \"u\"\n",
            "c.toml:12:13: source.options.map.distribution.acces_url: found \"acces_url\", expected \"access_url\" perhaps; one of ",
        ),
        (
            "map = { title = \"t\" }\n",
            "c.toml:7:1: source.options.id: found nothing, expected where a record's identifier stands",
        ),
        (
            "id = \"id\"\nmap = { title = \"t\" }\npaging = { by = \"page\" }\n",
            "c.toml:10:17: source.options.paging.by: found no {page} in request.url or request.body, expected {page}",
        ),
    ] {
        let found = refusal(&format!("{MAIN}{source}[source.options]\n{options}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expected), "{found:?}\n{expected}");
    }
}

/// The annotated file with its commented defaults in force, and its examples too if asked for.
fn uncommented(examples: bool) -> String {
    let text = fs::read_to_string("config/harvestd.toml").unwrap();
    let line = |line: &str| {
        let example = line.strip_prefix("#e.g. ");
        let default = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['));
        match (example, default) {
            (Some(example), _) if examples => example.to_owned(),
            (None, Some(default)) => default.to_owned(),
            _ => line.to_owned(),
        }
    };
    text.lines()
        .filter(|line| !line.starts_with("include"))
        .map(|l| line(l) + "\n")
        .collect()
}

#[test]
fn the_annotated_file_states_the_defaults() {
    let stated = parse(&uncommented(false)).unwrap();
    let bare = parse(
        "public_url = \"http://127.0.0.1:8080/\"\n[[source]]\nid = \"example\"\nkind = \"ckan\"\nurl = \"https://data.example.org/\"\ntitle = { en = \"Example\" }\n",
    )
    .unwrap();
    let mut bare_source = bare.sources[0].clone();
    bare_source.at.clone_from(&stated.sources[0].at);
    assert_eq!(stated.sources, [bare_source]);
    // Set in the file, whose sources are Taiwanese; the default is none.
    assert_eq!(stated.shared, ["tw"]);
    assert!(bare.shared.is_empty());
    assert_eq!(
        Config {
            sources: Vec::new(),
            shared: Vec::new(),
            ..stated
        },
        Config {
            sources: Vec::new(),
            ..bare
        }
    );

    // The schedule has no default, but what goes with it has.
    let scheduled = |text: &str| parse(text).unwrap().sources[0].schedule.clone();
    let with = uncommented(false).replace("#e.g. schedule", "schedule");
    assert_eq!(
        scheduled(&with),
        one_source("schedule = \"30 3 * * *\"\n").schedule
    );
}

#[test]
fn the_annotated_file_leaves_nothing_out() {
    let text = fs::read_to_string("config/harvestd.toml").unwrap();
    fn keys(value: &Value, into: &mut Vec<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            into.push(key.clone());
            keys(value, into);
        }
    }
    let mut known = Vec::new();
    keys(
        &serde_json::to_value(Limits::default()).unwrap(),
        &mut known,
    );
    // The program lists the keys that it knows: they are taken from its own words.
    for (text, key) in [
        (format!("{MAIN}zzzzzzzz = 1\n"), "zzzzzzzz"),
        (
            format!("{MAIN}[identity]\nzzzzzzzz = 1\n"),
            "identity.zzzzzzzz",
        ),
        (format!("{MAIN}[feed]\nzzzzzzzz = 1\n"), "feed.zzzzzzzz"),
        (
            format!("{MAIN}[feedback]\nzzzzzzzz = 1\n"),
            "feedback.zzzzzzzz",
        ),
        (format!("{MAIN}{SOURCE}zzzzzzzz = 1\n"), "source.zzzzzzzz"),
        (
            format!("{MAIN}{SOURCE}[source.network]\nzzzzzzzz = 1\n"),
            "source.network.zzzzzzzz",
        ),
        (
            format!("{MAIN}{SOURCE}[source.details]\nzzzzzzzz = 1\n"),
            "source.details.zzzzzzzz",
        ),
        (
            format!("{MAIN}{SOURCE}[source.follow]\nzzzzzzzz = 1\n"),
            "source.follow.zzzzzzzz",
        ),
        (
            format!(
                "{MAIN}[[webhook]]\nzzzzzzzz = 1\nid = \"a\"\nurl = \"https://a.example/\"\nsecret = \"${{TOKEN}}\"\n"
            ),
            "webhook.zzzzzzzz",
        ),
    ] {
        let line = refusal(&text).remove(0);
        let (_, list) = line
            .split_once(&format!(
                "{key}: found a key that is not known, expected one of "
            ))
            .unwrap();
        known.extend(list.split(", ").map(str::to_owned));
    }
    assert!(known.len() > 50, "{known:?}");
    for key in known {
        let said = ["", "#", "#e.g. "]
            .iter()
            .any(|mark| text.contains(&format!("\n{mark}{key} = ")));
        let table = ["[", "[[", "#[", "#[[", "#e.g. [[", "#[source.", "[limits."]
            .iter()
            .any(|mark| {
                text.contains(&format!("\n{mark}{key}]"))
                    || text.contains(&format!("\n{mark}network.{key}]"))
            });
        assert!(said || table, "config/harvestd.toml does not explain {key}");
    }
}

#[test]
fn the_annotated_files_examples_are_accepted() {
    let text = uncommented(true);
    let mut said = shipped();
    for name in ["HARVESTD_ADMIN_TOKEN", "EXAMPLE_KEY", "EXAMPLE_PASSWORD"] {
        said.variables = said.variables.with(name, "a-secret-of-some-length");
    }
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    said.variables = said.variables.with("LIBRARY_WEBHOOK_SECRET", key);
    // Two forms of one key stand one below the other as examples: the first is taken.
    let mut seen = std::collections::BTreeSet::new();
    let twice = [
        "admin_token",
        "headers",
        "owns",
        "allow_ranges",
        "allow_hosts",
        "proxies",
    ];
    let once: String = text
        .lines()
        .filter(|line| match line.split_once(" = ") {
            Some((key, value)) if twice.contains(&key) => {
                value != "[]" && value != "{}" && seen.insert(key)
            }
            _ => true,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let errors = Config::parse("c.toml", &once, &said).unwrap_err();
    let keys: Vec<&str> = errors.0.iter().map(|e| e.key.as_str()).collect();
    // The example's certificate and secret are not there; everything else is as it should be.
    assert_eq!(
        keys,
        [
            "source.network.headers.Authorization",
            "source.network.extra_ca"
        ],
        "{errors}"
    );
}

/// Each limit is explained in its own table, with its default: a name that two tables have counts twice.
#[test]
fn every_limit_stands_in_its_table_with_its_default() {
    fn leaves(value: &Value, path: &str, into: &mut BTreeMap<String, u64>) {
        for (key, value) in value.as_object().unwrap() {
            match value.as_u64() {
                Some(default) => drop(into.insert(format!("{path}{key}"), default)),
                None => leaves(value, &format!("{path}{key}."), into),
            }
        }
    }
    let mut known = BTreeMap::new();
    leaves(
        &serde_json::to_value(Limits::default()).unwrap(),
        "limits.",
        &mut known,
    );
    let text = fs::read_to_string("config/harvestd.toml").unwrap();
    let (mut table, mut said, mut reason) = (String::new(), BTreeMap::new(), false);
    for line in text.lines() {
        let header = line.trim_start_matches('#');
        if header.starts_with('[') && header.ends_with(']') {
            table = format!("{}.", header.trim_matches(['[', ']']));
        } else if let Some((key, value)) = line.strip_prefix('#').and_then(|l| l.split_once(" = "))
            && table.starts_with("limits.")
            && !key.contains(' ')
        {
            assert!(reason, "{table}{key} has no reason above it");
            said.insert(
                format!("{table}{key}"),
                value.replace('_', "").parse().unwrap(),
            );
        } else {
            // A reason may stand above several keys; an empty line ends it.
            reason = line.starts_with("# ") || (reason && line.starts_with('#'));
        }
    }
    assert_eq!(said, known);
}
