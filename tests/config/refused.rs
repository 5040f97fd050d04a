//! What is refused, where, in which words, and what would be right.

use super::*;

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
        "contact_email = \"nobody\"",
        "c.toml:2:17: contact_email: found \"nobody\", expected a mail address, as opendata@example.org",
    ),
    (
        "contact_email = \"mailto:a@b.example\"",
        "c.toml:2:17: contact_email: found \"mailto:a@b.example\", expected a mail address, as opendata@example.org",
    ),
    (
        "title = \"x\"",
        "c.toml:2:9: title: found a text, expected texts by language",
    ),
    (
        "[limits]\nreport_rows_max = \"many\"",
        "c.toml:3:19: limits.report_rows_max: found a text, expected a whole number from 0 to 1000000",
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
        "require_version = true",
        "c.toml:7:19: source.require_version: found true, expected false: only what is pushed has versions",
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
        "quiet = [\"8-18\"]",
        "c.toml:7:9: source.quiet: found \"8-18\", expected hours, as \"22:00-06:00\" or",
    ),
    (
        "quiet = [\"00:00-24:00\"]",
        "c.toml:7:9: source.quiet: found hours that leave no minute of the week",
    ),
    (
        "[source.network]\nrobots = true",
        "c.toml:8:10: source.network.robots: found true or false, expected \"obey\" or \"ignore\"",
    ),
    (
        "[source.network]\nrobots = \"maybe\"",
        "c.toml:8:10: source.network.robots: found \"maybe\", expected \"obey\" or \"ignore\"",
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
