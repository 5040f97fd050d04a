//! What a file of corrections may not say, and in which words that is told: file, line, column, and what would be right.

use harvestd::config::{Config, ConfigErrors, Outside, Variables};
use harvestd::overrides::{Draft, Override, Value, write};
use std::path::Path;

const SIGNED: &str = "who = \"Lin\"\nwhen = 2026-11-21\nwhy = \"misspelt\"\n";

/// A configuration with one file of corrections beside it.
fn load(dir: &Path, corrections: &str) -> Result<Config, ConfigErrors> {
    let main = dir.join("h.toml");
    std::fs::write(&main, "public_url = \"https://hub.example/\"\n").unwrap();
    std::fs::create_dir_all(dir.join("overrides")).unwrap();
    std::fs::write(dir.join("overrides/a.toml"), corrections).unwrap();
    let outside = Outside {
        variables: Variables::none(),
        ..Outside::default()
    };
    Config::load_with(&main, &outside)
}

/// Everything that is wrong, without the folder's name.
fn errors(corrections: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let refused = load(dir.path(), corrections).expect_err(corrections);
    let folder = format!("{}/", dir.path().display());
    refused
        .0
        .iter()
        .map(|e| e.to_string().replace(&folder, ""))
        .collect()
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (lines, told) in [
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:titel\"\nset = \"x\"\n",
            "overrides/a.toml:3:12: override.property: found \"dct:titel\", expected \"dct:title\"",
        ),
        (
            "dataset = \"city/1\"\nproperty = \"dct:title\"\nset = \"x\"\n",
            "overrides/a.toml:2:11: override.dataset: found \"city/1\", expected the IRI of a dataset as it is published, as \"https://…\"",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nvalues = \"x\"\nset = \"x\"\n",
            "overrides/a.toml:4:1: override.values: found a key that is not known, expected one of dataset, distribution, property, lang, expect, set, remove, who, why, when",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\n",
            "overrides/a.toml:1:1: override.set: found nothing, expected set = …, the values to publish, or remove = true",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nset = \"x\"\nremove = true\n",
            "overrides/a.toml:5:10: override.remove: found both, expected either set or remove",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nset = []\n",
            "overrides/a.toml:4:7: override.set: found an empty list, expected remove = true",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nremove = true\n",
            "overrides/a.toml:1:1: override.expect: found nothing, expected the values that are to be removed",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nexpect = \"x\"\nset = \"x\"\n",
            "overrides/a.toml:5:7: override.set: found the same values, expected other values than expected",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:issued\"\nset = \"last week\"\n",
            "overrides/a.toml:4:7: override.set: found \"last week\" (unparsed-date), expected a date, YYYY-MM-DD",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:accrualPeriodicity\"\nset = \"now and then\"\n",
            "overrides/a.toml:4:7: override.set: found \"now and then\" (unmapped-frequency), expected http://publications.europa.eu/resource/authority/frequency/",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dcat:landingPage\"\nset = { iri = \"no iri\" }\n",
            "overrides/a.toml:4:7: override.set: found \"no iri\": Invalid IRI code point ' ', expected an absolute IRI",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dcat:landingPage\"\nset = \"/page\"\n",
            "overrides/a.toml:4:7: override.set: found \"/page\" (relative-link), expected an absolute link that leads to a resource",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:valid\"\nset = { text = \"31/12/2026\", datatype = \"xsd:date\" }\n",
            "overrides/a.toml:4:7: override.set: found \"31/12/2026\", expected a value of xsd:date",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nset = { text = \"x\", lang = \"zh Hant\" }\n",
            "overrides/a.toml:4:7: override.set: found \"zh Hant\", expected a language tag, as \"zh-Hant\"",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nset = { text = \"x\", iri = \"https://y.example/\" }\n",
            "overrides/a.toml:4:7: override.set: found a table of iri, text, expected { text = \"…\" } with lang or datatype or neither, or { iri = \"…\" }",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nset = { text = \"x\", language = \"en\" }\n",
            "overrides/a.toml:4:21: override.set.language: found a key that is not known, expected one of text, lang, datatype, iri",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nlang = \"en\"\nset = { text = \"x\", lang = \"zh\" }\n",
            "overrides/a.toml:5:7: override.set: found \"x\", though lang = \"en\" says the language, expected a text in quotes",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dcat:landingPage\"\nlang = \"en\"\nset = \"https://a.example/\"\n",
            "overrides/a.toml:5:7: override.set: found \"https://a.example/\", which is in no language, expected a property that holds words, or no lang",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dcat:contactPoint\"\nset = { iri = \"https://a.example/desk\" }\n",
            "overrides/a.toml:4:7: override.set: found the IRI of a node that would belong to the dataset: <https://a.example/desk>, expected a text",
        ),
        (
            "dataset = \"https://city.example/1\"\nproperty = \"dcat:distribution\"\nremove = true\nexpect = \"x\"\n",
            "overrides/a.toml:3:12: override.property: found \"dcat:distribution\", which holds the description together, expected a property that says something, as \"dct:title\"; a distribution is removed by naming it, with remove = true and no property",
        ),
        (
            "dataset = \"https://city.example/1\"\nremove = true\n",
            "overrides/a.toml:1:1: override.property: found nothing, expected a property, as \"dct:title\", or the distribution that is to go",
        ),
        (
            "dataset = \"https://city.example/1\"\ndistribution = \"here\"\nremove = true\n",
            "overrides/a.toml:3:16: override.distribution: found \"here\", expected the IRI, access address or download address of a distribution",
        ),
    ] {
        assert_eq!(errors(&format!("[[override]]\n{lines}{SIGNED}")), [told]);
    }
}

#[test]
fn who_when_and_why_are_wanted() {
    let about = "[[override]]\ndataset = \"https://city.example/1\"\nproperty = \"dct:title\"\nset = \"x\"\n";
    for (signed, told) in [
        (
            "when = 2026-11-21\nwhy = \"y\"\n",
            "overrides/a.toml:1:1: override.who: found nothing, expected who made the correction",
        ),
        (
            "who = \" \"\nwhen = 2026-11-21\nwhy = \"y\"\n",
            "overrides/a.toml:5:7: override.who: found an empty text, expected a text",
        ),
        (
            "who = \"Lin\"\nwhy = \"y\"\n",
            "overrides/a.toml:1:1: override.when: found nothing, expected the day on which it was made, as 2026-11-21",
        ),
        (
            "who = \"Lin\"\nwhen = \"2026-02-30\"\nwhy = \"y\"\n",
            "overrides/a.toml:6:8: override.when: found \"2026-02-30\", expected the day on which it was made, as 2026-11-21",
        ),
        (
            "who = \"Lin\"\nwhen = 20261121\nwhy = \"y\"\n",
            "overrides/a.toml:6:8: override.when: found a whole number, expected the day on which it was made, as 2026-11-21",
        ),
        (
            "who = \"Lin\"\nwhen = 2026-11-21\n",
            "overrides/a.toml:1:1: override.why: found nothing, expected why it was made",
        ),
    ] {
        assert_eq!(errors(&format!("{about}{signed}")), [told]);
    }
}

#[test]
fn one_correction_of_the_same_values() {
    let title = |more: &str| {
        format!(
            "[[override]]\ndataset = \"https://city.example/1\"\nproperty = \"dct:title\"\n{more}set = \"x\"\n{SIGNED}"
        )
    };
    let twice = "found what overrides/a.toml:1:1 corrects already, expected one correction of the same values: change the first one";
    for more in ["", "lang = \"en\"\n"] {
        let told = errors(&format!("{}{}", title(""), title(more)));
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("overrides/a.toml:10:12: override.property: ")
                && told[0].ends_with(twice),
            "{told:?}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let two = format!(
        "{}{}",
        title("lang = \"zh-Hant\"\n"),
        title("lang = \"en\"\n")
    );
    assert_eq!(load(dir.path(), &two).unwrap().overrides.len(), 2);
}

#[test]
fn a_folder_that_is_named_must_be_there() {
    let dir = tempfile::tempdir().unwrap();
    let main = dir.path().join("h.toml");
    let say = |more: &str| {
        std::fs::write(
            &main,
            format!("public_url = \"https://hub.example/\"\n{more}"),
        )
        .unwrap();
        Config::load_with(&main, &Outside::default())
    };
    let config = say("").unwrap();
    assert!(config.overrides.is_empty());
    assert_eq!(config.overrides_dir, dir.path().join("overrides"));
    let refused = say("overrides_dir = \"elsewhere\"\n")
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("h.toml:2:17: overrides_dir: found "),
        "{refused}"
    );
    std::fs::create_dir(dir.path().join("elsewhere")).unwrap();
    assert!(say("overrides_dir = \"elsewhere\"\n").is_ok());
}

/// The annotated example is all comments; with the marks taken away it is a file that is accepted whole.
#[test]
fn the_annotated_example_is_accepted() {
    let text = include_str!("../../config/overrides/example.toml");
    let dir = tempfile::tempdir().unwrap();
    assert!(load(dir.path(), text).unwrap().overrides.is_empty());
    let live: String = text
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("#e.g. ").unwrap_or(line)))
        .collect();
    let config = load(dir.path(), &live).map_err(|e| e.to_string()).unwrap();
    assert!(config.overrides.len() >= 5, "{}", config.overrides.len());
}

#[test]
fn what_is_written_is_read_again() {
    let text = |text: &str| Value::Text(text.to_owned());
    let draft = Draft {
        dataset: "https://city.example/1".to_owned(),
        distribution: Some("https://city.example/1.csv?a=\"b\"".replace('"', "%22")),
        property: Some("dct:title".to_owned()),
        lang: None,
        expect: vec![
            text("a \"quoted\" \\ text\nof two lines, ${HOME} and $${x}"),
            Value::Typed {
                text: "2026-01-01".to_owned(),
                datatype: "xsd:date".to_owned(),
            },
        ],
        set: vec![
            Value::Tagged {
                text: "水位".to_owned(),
                lang: "zh-Hant".to_owned(),
            },
            text("water\u{7f} level"),
        ],
        who: "Lin, 資料科".to_owned(),
        when: "2026-11-21".parse().unwrap(),
        why: "a remark of the publisher's:\t\"see page 3\"".to_owned(),
    };
    let correction = Override::new(draft.clone(), "here").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("overrides");
    let path = write(&folder, &correction).unwrap();
    assert_eq!(
        write(&folder, &correction).unwrap(),
        path,
        "one file for one thing"
    );
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let config = load(dir.path(), &written)
        .map_err(|e| e.to_string())
        .unwrap();
    let read: Vec<&Override> = config.overrides.iter().collect();
    assert_eq!(read.len(), 1);
    assert_eq!(*read[0].draft(), draft, "{written}");
    assert_eq!(read[0].id(), correction.id());
    let names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["a.toml"], "nothing is left beside");
}
