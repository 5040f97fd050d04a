//! Corrections in whole runs: what is published, what stays readable, what is told, and that nothing is left of a
//! correction that was taken back.

use super::house::House;
use super::origin::Origin;
use super::texts::{self, source, turtle};
use super::whole::Whole;
use harvestd::config::{Config, Outside};
use harvestd::log::Verb;
use harvestd::overrides::State;
use harvestd::report::Report;
use std::path::Path;

const ONE: &str = "https://city.example/dataset/1";
const TITLE: &str = "[[override]]\ndataset = \"https://city.example/dataset/1\"\nproperty = \"dct:title\"\nexpect = \"Watre\"\nset = { text = \"Water\", lang = \"en\" }\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"Misspelt.\"\n\n";

/// One city's catalogue, and a daemon with corrections.
struct City {
    origin: Origin,
    house: House,
    dir: tempfile::TempDir,
}

impl City {
    async fn with(corrections: &str) -> Self {
        let origin = Origin::start().await;
        let dir = tempfile::tempdir().unwrap();
        let house = House::with(config(dir.path(), &origin, corrections));
        Self { origin, house, dir }
    }

    /// These datasets are there: local name and title.
    async fn holds(&self, datasets: &[(&str, &str)]) -> (Report, Whole) {
        let mut all = vec![("a", "A", ""), ("b", "B", ""), ("c", "C", "")];
        all.extend(datasets.iter().map(|(name, title)| (*name, *title, "")));
        self.origin.say("/a", "text/turtle", turtle(&all));
        let report = self.house.complete("a").await;
        (report, self.whole())
    }

    fn whole(&self) -> Whole {
        Whole::of(&self.house.daemon)
    }

    /// As SIGHUP does it.
    async fn correct(&self, corrections: &str) -> Whole {
        let config = config(self.dir.path(), &self.origin, corrections);
        self.house.daemon.configure(config).await.unwrap();
        self.whole()
    }

    async fn restart(self, corrections: &str) -> Self {
        let Self { origin, house, dir } = self;
        house.close().await;
        let house = House::with(config(dir.path(), &origin, corrections));
        Self { origin, house, dir }
    }

    fn states(&self) -> Vec<State> {
        let standings = self.house.daemon.rooms.standings.borrow().clone();
        standings.values().map(|standing| standing.state).collect()
    }
}

fn config(dir: &Path, origin: &Origin, corrections: &str) -> Config {
    let source = source("a", "dcat", &origin.at("/a"), "");
    let text = texts::configuration(dir, "", &[source]) + corrections;
    Config::parse("test.toml", &text, &Outside::default())
        .map_err(|e| e.to_string())
        .unwrap()
}

fn since(whole: &Whole, before: &Whole) -> Vec<(Verb, String)> {
    whole.since(before.head.seq).to_vec()
}

fn update() -> Vec<(Verb, String)> {
    vec![(Verb::Update, ONE.to_owned())]
}

/// What the record's own graph says.
fn own_words(whole: &Whole, text: &str) -> bool {
    let graph = format!(
        "<{}record/a/https%3A%2F%2Fcity.example%2Fdataset%2F1>",
        texts::BASE
    );
    whole
        .quads
        .iter()
        .any(|q| q.ends_with(&graph) && q.contains(text) && !q.contains("graph/"))
}

fn in_graph<'a>(whole: &'a Whole, name: &str) -> Vec<&'a String> {
    let graph = format!(" <{}graph/{name}>", texts::BASE);
    whole.quads.iter().filter(|q| q.ends_with(&graph)).collect()
}

fn told(report: &Report) -> Vec<&str> {
    let noticed = report.noticed.iter().map(|(code, _)| code.as_str());
    noticed
        .filter(|code| code.starts_with("override-"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_published_and_the_harvested_words_stay_readable() {
    let city = City::with(TITLE).await;
    let (report, whole) = city.holds(&[("1", "Watre")]).await;
    assert_eq!(report.counts.new, 4, "{}", report.line());
    assert!(
        whole.bodies[ONE].contains("title> \"Water\"@en .") && !whole.bodies[ONE].contains("Watre")
    );
    assert!(own_words(&whole, "\"Watre\"") && own_words(&whole, "CatalogRecord"));
    assert_eq!(city.states(), [State::Applied]);
    assert_eq!(told(&report), Vec::<&str>::new());

    let said = in_graph(&whole, "overrides");
    for (predicate, value) in [
        ("hasTarget>", "<https://city.example/dataset/1>"),
        ("predicate>", "<http://purl.org/dc/terms/title>"),
        ("ns#expected>", "\"Watre\""),
        ("ns#harvested>", "\"Watre\""),
        ("ns#published>", "\"Water\"@en"),
        ("ns#standing>", "\"applied\""),
        ("created>", "\"2026-11-21\"^^"),
        ("comment>", "\"Misspelt.\""),
        ("0.1/name>", "\"Lin\""),
    ] {
        assert!(
            said.iter()
                .any(|q| q.contains(&format!("{predicate} {value}"))),
            "{predicate} {value}: {said:#?}"
        );
    }

    // Nothing changes where nothing changed.
    let again = city.house.complete("a").await;
    assert_eq!((again.activities, city.whole().head), (None, whole.head));
    city.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_changes_is_told() {
    let city = City::with(TITLE).await;
    let (_, first) = city.holds(&[("1", "Watre")]).await;
    let (report, drifted) = city.holds(&[("1", "Whatever")]).await;
    assert_eq!(report.counts.changed, 1, "{}", report.line());
    assert_eq!(since(&drifted, &first), [], "what is published is the same");
    assert_eq!(drifted.bodies, first.bodies);
    assert!(own_words(&drifted, "\"Whatever\"") && !own_words(&drifted, "\"Watre\""));
    assert_eq!(city.states(), [State::Drifted]);
    let noticed: Vec<_> = report
        .noticed
        .iter()
        .filter(|(code, _)| code == "override-drifted")
        .collect();
    assert_eq!(noticed.len(), 1, "{:?}", report.noticed);
    assert_eq!(
        noticed[0].1,
        "https://city.example/dataset/1: dct:title: expected \"Watre\", found \"Whatever\"; \"Water\"@en is published all the same (test.toml:20:1)"
    );

    let (report, _) = city.holds(&[("1", "Whatever"), ("2", "Two")]).await;
    assert_eq!(told(&report), Vec::<&str>::new(), "told once");

    let say = "d:1 dct:title \"Water\"@en .\n";
    let datasets = [
        ("a", "A", ""),
        ("b", "B", ""),
        ("c", "C", ""),
        ("2", "Two", ""),
    ];
    let text = turtle(&datasets);
    let text = format!(
        "{text}<https://city.example/catalog> dcat:dataset d:1 .\nd:1 a dcat:Dataset .\n{say}"
    );
    city.origin.say("/a", "text/turtle", text);
    let report = city.house.complete("a").await;
    assert_eq!(told(&report), ["override-fulfilled"]);
    assert_eq!(city.states(), [State::Fulfilled]);
    assert!(city.whole().bodies[ONE].contains("\"Water\"@en"));
    city.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_that_goes_and_returns_is_corrected_again() {
    let city = City::with(TITLE).await;
    let (_, first) = city.holds(&[("1", "Watre")]).await;
    let (report, gone) = city.holds(&[]).await;
    assert_eq!(report.counts.absent, 1);
    assert_eq!(since(&gone, &first), [(Verb::Delete, ONE.to_owned())]);
    assert!(!own_words(&gone, ""), "nothing is left of the record");
    assert_eq!(
        (told(&report), city.states()),
        (vec!["override-absent"], vec![State::Absent])
    );
    let (_, back) = city.holds(&[("1", "Watre")]).await;
    assert_eq!(since(&back, &gone), [(Verb::Create, ONE.to_owned())]);
    assert_eq!(back.bodies, first.bodies);
    assert_eq!(city.states(), [State::Applied]);
    city.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_taken_back_leaves_nothing_behind() {
    let city = City::with("").await;
    let (_, never) = city.holds(&[("1", "Watre")]).await;
    let corrected = city.correct(TITLE).await;
    assert_eq!(since(&corrected, &never), update());
    assert!(corrected.bodies[ONE].contains("\"Water\"@en"));

    let reworded = city
        .correct(&TITLE.replace("Misspelt.", "A typing error."))
        .await;
    assert_eq!(
        since(&reworded, &corrected),
        [],
        "why is not published in the dataset"
    );
    assert!(
        in_graph(&reworded, "overrides")
            .iter()
            .any(|q| q.contains("A typing error."))
    );

    let back = city.correct("").await;
    assert_eq!(since(&back, &corrected), update());
    assert_eq!(back.bodies, never.bodies, "the same bytes as before");
    let quads = |whole: &Whole| -> Vec<String> {
        let of_changes = |q: &&String| !q.contains(&format!("<{}graph/changes/", texts::BASE));
        whole.quads.iter().filter(of_changes).cloned().collect()
    };
    assert_eq!(
        quads(&back),
        quads(&never),
        "in every graph but the log's index"
    );
    city.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_changed_while_no_daemon_ran_count_at_the_next_start() {
    let city = City::with("").await;
    let (_, never) = city.holds(&[("1", "Watre")]).await;
    let city = city.restart("").await;
    city.house.complete("a").await;
    let city = city.restart(TITLE).await;
    let corrected = city.whole();
    assert_eq!(since(&corrected, &never), update());
    let published = city.house.daemon.published().borrow().as_ref().unwrap().seq;
    assert_eq!(published, corrected.head.seq, "and is published");
    let again = city.house.complete("a").await;
    assert_eq!(
        (again.counts.unchanged, again.not_modified),
        (4, 1),
        "what is known of sources stays known: {}",
        again.line()
    );

    let city = city.restart(TITLE).await;
    assert_eq!(since(&city.whole(), &corrected), []);
    let city = city.restart("").await;
    let back = city.whole();
    assert_eq!(since(&back, &corrected), update());
    assert_eq!(back.bodies, never.bodies);
    city.house.close().await;
}

/// A first load of everything goes through the bulk loader: what is corrected is corrected all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_in_bulk_is_corrected() {
    let origin = Origin::start().await;
    let dir = tempfile::tempdir().unwrap();
    let source = source("a", "dcat", &origin.at("/a"), "");
    let text = texts::configuration(dir.path(), "bulk_bytes_min = 1", &[source]) + TITLE;
    let house = House::with(Config::parse("test.toml", &text, &Outside::default()).unwrap());
    let datasets = [("1", "Watre", ""), ("2", "Two", ""), ("3", "Three", "")];
    origin.say("/a", "text/turtle", turtle(&datasets));
    house.complete("a").await;
    let whole = Whole::of(&house.daemon);
    assert!(whole.bodies[ONE].contains("\"Water\"@en"));
    assert!(own_words(&whole, "\"Watre\""));
    assert_eq!(whole.titles().len(), 3);
    house.close().await;
}

/// What hangs on a value goes with it, and what a correction brings has one owner: [`Whole`] looks at both.
#[tokio::test(flavor = "multi_thread")]
async fn parts_go_and_come_with_their_values() {
    let office = "[[override]]\ndataset = \"https://city.example/dataset/1\"\nproperty = \"dct:publisher\"\nexpect = { iri = \"https://city.example/office\" }\nset = { text = \"Water agency\", lang = \"en\" }\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"y\"\n\n";
    let file = "[[override]]\ndataset = \"https://city.example/dataset/1\"\ndistribution = \"https://city.example/1.csv\"\nremove = true\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"y\"\n\n";
    let city = City::with("").await;
    let (_, never) = city.holds(&[("1", "Watre")]).await;
    let corrected = city.correct(&format!("{office}{file}{TITLE}")).await;
    let body = &corrected.bodies[ONE];
    assert!(
        body.contains("name> \"Water agency\"@en") && !body.contains("Distribution"),
        "{body}"
    );
    assert_eq!(since(&corrected, &never), update());
    assert_eq!(city.correct("").await.bodies, never.bodies);
    city.house.close().await;
}

/// A configuration that corrects and also changes who wins, what is one and which snapshots stay.
fn other(city: &City, more: &str) -> Config {
    let more = format!("{TITLE}[identity]\nmerge_min = 0.8\n{more}");
    let mut config = config(city.dir.path(), &city.origin, &more);
    config.sources[0].priority = 9;
    config.limits.snapshots_kept += 7;
    config
}

/// What the writer goes by, as texts.
fn rules(city: &City) -> [String; 4] {
    let writer = &mut *city.house.daemon.rooms.writer().unwrap();
    let (kept, limits) = writer.publisher.set_policy(0, Default::default());
    writer.publisher.set_policy(kept, limits.clone());
    [
        writer.policy.digest(),
        format!("{:?}", writer.thresholds),
        format!("{:?}", writer.overrides.len()),
        format!("{kept} {limits:?}"),
    ]
}

/// A reload that fails changes nothing, whether before or after corrections are laid; what failed by accident can be
/// asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_taken_over_whole_or_not_at_all() {
    let city = City::with("").await;
    let (_, never) = city.holds(&[("1", "Watre")]).await;
    let before = rules(&city);
    let (data, secret) = (city.dir.path(), city.dir.path().join("secret"));
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let hook = format!(
        "[[webhook]]\nid = \"library\"\nurl = \"http://127.0.0.1:9/\"\nsecret = {{ file = \"{}\" }}\nallow_ranges = [\"127.0.0.0/8\"]\n",
        secret.display()
    );
    std::fs::create_dir_all(data.join("webhooks")).unwrap();
    std::fs::write(data.join("webhooks/library"), "in the way").unwrap();
    let refused = city.house.daemon.configure(other(&city, &hook)).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("\"library\""), "{said}");
    assert_eq!(
        (rules(&city), city.whole()),
        (before.clone(), never.clone())
    );

    // The corrections are laid, and then cannot be published.
    let (snapshots, aside) = (data.join("snapshots"), data.join("aside"));
    std::fs::rename(&snapshots, &aside).unwrap();
    std::fs::write(&snapshots, "in the way").unwrap();
    city.house
        .daemon
        .configure(other(&city, ""))
        .await
        .unwrap_err();
    std::fs::remove_file(&snapshots).unwrap();
    std::fs::rename(&aside, &snapshots).unwrap();
    assert_eq!(rules(&city), before);
    let after = city.whole();
    assert_eq!(after.bodies, never.bodies, "taken back");
    assert_eq!(city.house.daemon.config().overrides.len(), 0);

    std::fs::remove_file(data.join("webhooks/library")).unwrap();
    let again = city.house.daemon.configure(other(&city, &hook)).await;
    again.unwrap();
    assert!(city.whole().bodies[ONE].contains("\"Water\"@en"));
    for (now, before) in rules(&city).iter().zip(&before) {
        assert_ne!(now, before);
    }
    city.house.close().await;
}
