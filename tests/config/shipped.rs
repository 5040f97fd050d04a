//! The files that are shipped: they load, and the annotated one states every default and leaves nothing out.

use super::*;

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
        (format!("{MAIN}[links]\nzzzzzzzz = 1\n"), "links.zzzzzzzz"),
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
        "quiet",
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
