//! One IRI from two sources, one node in two descriptions: who owns what, whatever comes in which order.

use super::*;
use texts::turtle;

const ONE: &str = "https://city.example/dataset/1";

/// Two DCAT sources on one server.
struct Two {
    origin: Origin,
    house: House,
    dir: tempfile::TempDir,
}

impl Two {
    async fn new() -> Self {
        let origin = Origin::start().await;
        let dir = tempfile::tempdir().unwrap();
        let house = House::open(dir.path(), "", &Self::sources(&origin, "", ""));
        Self { origin, house, dir }
    }

    fn sources(origin: &Origin, a: &str, b: &str) -> [String; 2] {
        [("a", a), ("b", b)]
            .map(|(id, more)| source(id, "dcat", &origin.at(&format!("/{id}")), more))
    }

    async fn configure(&self, a: &str, b: &str) {
        let sources = Self::sources(&self.origin, a, b);
        self.house
            .daemon
            .configure(texts::config(self.dir.path(), "", &sources))
            .await
            .unwrap();
    }

    /// The source's catalogue holds dataset 1 under this title (or not), and three of its own.
    async fn holds(&self, id: &str, title: Option<&str>) -> (Report, Whole) {
        let own = [format!("{id}2"), format!("{id}3"), format!("{id}4")];
        let mut datasets: Vec<(&str, &str, &str)> =
            own.iter().map(|name| (name.as_str(), "own", "")).collect();
        datasets.extend(title.map(|title| ("1", title, "")));
        self.origin
            .say(&format!("/{id}"), TURTLE, turtle(&datasets));
        let report = self.house.complete(id).await;
        (report, Whole::of(&self.house.daemon))
    }
}

fn activities<'a>(whole: &'a Whole, since: &Whole) -> Vec<&'a (Verb, String)> {
    whole
        .since(since.head.seq)
        .iter()
        .filter(|(_, entity)| entity == ONE)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_keeps_the_iri_and_the_second_changes_nothing_of_it() {
    let two = Two::new().await;
    let (_, alone) = two.holds("a", Some("A one")).await;
    let (report, both) = two.holds("b", Some("B one")).await;
    assert_eq!(report.counts.new, 4, "{}", report.line());
    assert_eq!(
        both.bodies[ONE], alone.bodies[ONE],
        "A's bytes are unchanged"
    );
    assert!(activities(&both, &alone).is_empty());
    let graph = format!(
        "<{}record/b/https%3A%2F%2Fcity.example%2Fdataset%2F1>",
        texts::BASE
    );
    let listed = "<http://www.w3.org/ns/dcat#record> <";
    let kept = |whole: &Whole, text: &str| {
        let in_graph = |q: &&String| q.ends_with(&graph) && !q.contains(listed);
        whole
            .quads
            .iter()
            .filter(in_graph)
            .any(|q| q.contains(text))
    };
    assert!(
        kept(&both, "\"B one\""),
        "B's record is kept in a graph of its own"
    );

    let (report, changed) = two.holds("b", Some("B one, changed")).await;
    assert_eq!(
        (report.counts.changed, report.activities),
        (1, None),
        "{}",
        report.line()
    );
    assert!(kept(&changed, "\"B one, changed\"") && !kept(&changed, "\"B one\""));

    let (report, deleted) = two.holds("b", None).await;
    assert_eq!(
        (report.counts.absent, report.activities),
        (1, None),
        "{}",
        report.line()
    );
    assert_eq!(deleted.bodies[ONE], alone.bodies[ONE], "B deleted: A stays");
    assert!(!kept(&deleted, ""), "nothing of B's record is left");

    two.holds("b", Some("B one")).await;
    let (_, other) = two.holds("a", Some("A one, changed")).await;
    assert_ne!(other.bodies[ONE], alone.bodies[ONE]);
    let (_, back) = two.holds("a", Some("A one")).await;
    assert_eq!(
        back.bodies[ONE], alone.bodies[ONE],
        "changed and changed back: the same bytes"
    );

    let before = back;
    let (_, promoted) = two.holds("a", None).await;
    let done: Vec<Verb> = activities(&promoted, &before)
        .iter()
        .map(|(verb, _)| *verb)
        .collect();
    assert_eq!(
        done,
        [Verb::Update],
        "the winner is gone, the other takes its place"
    );
    assert!(
        promoted.bodies[ONE].contains("\"B one\"") && !promoted.bodies[ONE].contains("\"A one\"")
    );
    assert!(!kept(&promoted, ""));

    let (_, gone) = two.holds("b", None).await;
    let done: Vec<Verb> = activities(&gone, &promoted)
        .iter()
        .map(|(verb, _)| *verb)
        .collect();
    assert_eq!(done, [Verb::Delete]);
    two.house.close().await;
}

async fn b_outranks_a(b: &str) {
    let two = Two::new().await;
    two.configure("", b).await;
    let (_, alone) = two.holds("a", Some("A one")).await;
    let (report, both) = two.holds("b", Some("B one")).await;
    assert_eq!(report.counts.new, 4);
    let done: Vec<Verb> = activities(&both, &alone)
        .iter()
        .map(|(verb, _)| *verb)
        .collect();
    assert_eq!(
        done,
        [Verb::Update],
        "a change of winner changes the body only"
    );
    assert!(both.bodies[ONE].contains("\"B one\"") && !both.bodies[ONE].contains("\"A one\""));

    let (report, same) = two.holds("a", Some("A one, changed")).await;
    assert_eq!(
        (report.counts.changed, report.activities),
        (1, None),
        "A changes its own record only"
    );
    assert_eq!(same.bodies, both.bodies);
    two.holds("a", Some("A one")).await;

    let (_, without) = two.holds("b", None).await;
    assert_eq!(
        without.bodies[ONE], alone.bodies[ONE],
        "A's bytes as they were before B came"
    );
    let (_, again) = two.holds("b", Some("B one")).await;
    assert_eq!(again.bodies[ONE], both.bodies[ONE]);
    two.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_higher_priority_wins() {
    b_outranks_a("priority = 5").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_owns_the_iri_wins() {
    b_outranks_a("owns = [\"https://city.example/dataset/1\"]\npriority = -5").await;
}

/// Both datasets name this contact, and both documents describe it.
const CONTACT: &str = "https://city.example/contact";

fn with_contact(order: &[(&str, &str)]) -> String {
    let statements: Vec<String> = order
        .iter()
        .map(|(name, _)| format!("d:{name} dcat:contactPoint <{CONTACT}> . <{CONTACT}> a vcard:Kind ; vcard:fn \"Help desk\" .\n"))
        .collect();
    let datasets: Vec<(&str, &str, &str)> = order
        .iter()
        .zip(&statements)
        .map(|((name, title), more)| (*name, *title, more.as_str()))
        .collect();
    turtle(&datasets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_in_two_descriptions_is_renamed_in_the_second() {
    let bed = Bed::dcat(with_contact(
        &[("1", "One", ""), ("2", "Two", ""), ("3", "Three", "")].map(|(n, t, _)| (n, t)),
    ))
    .await;
    bed.house.complete("a").await;
    let first = bed.whole();
    let about = |whole: &Whole, n: usize| {
        let body = &whole.bodies[&format!("https://city.example/dataset/{n}")];
        body.lines()
            .filter(|l| l.contains("contactPoint>"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(
        about(&first, 1)[0].contains(&format!("<{CONTACT}>")),
        "{:?}",
        about(&first, 1)
    );
    for n in [2, 3] {
        let record = format!(
            "<{}record/a/https%3A%2F%2Fcity.example%2Fdataset%2F{n}#node-",
            texts::BASE
        );
        assert!(
            about(&first, n)[0].contains(&record),
            "{:?}",
            about(&first, n)
        );
        assert!(
            first.bodies[&format!("https://city.example/dataset/{n}")].contains("#alternateOf")
        );
    }
    let names = [1, 2, 3].map(|n| about(&first, n));

    // The names stay: in another order, when every record changes, and when the owner is gone.
    bed.say(with_contact(&[("3", "Three"), ("2", "Two"), ("1", "One")]));
    assert_eq!(bed.house.complete("a").await.activities, None);
    bed.say(with_contact(&[
        ("3", "Three!"),
        ("2", "Two!"),
        ("1", "One!"),
    ]));
    assert_eq!(bed.house.complete("a").await.counts.changed, 3);
    assert_eq!([1, 2, 3].map(|n| about(&bed.whole(), n)), names);

    // One that comes new does not take the node from its owner, even when the owner changes in the same run.
    bed.say(with_contact(&[
        ("0", "New"),
        ("3", "Three?"),
        ("2", "Two?"),
        ("1", "One?"),
    ]));
    let report = bed.house.complete("a").await;
    assert_eq!(
        (report.counts.new, report.counts.changed),
        (1, 3),
        "{}",
        report.line()
    );
    let whole = bed.whole();
    assert_eq!([1, 2, 3].map(|n| about(&whole, n)), names);
    assert!(
        about(&whole, 0)[0].contains("#node-"),
        "{:?}",
        about(&whole, 0)
    );

    bed.say(with_contact(&[
        ("0", "New"),
        ("3", "Three?"),
        ("2", "Two, later"),
    ]));
    assert_eq!(bed.house.complete("a").await.counts.absent, 1);
    let whole = bed.whole();
    assert_eq!(
        [2, 3].map(|n| about(&whole, n)),
        [names[1].clone(), names[2].clone()]
    );
    bed.house.close().await;
}

/// What is not published here is told when it is new, not at every run.
#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_loser_is_not_told_again() {
    let two = Two::new().await;
    two.holds("a", Some("A one")).await;
    let told = |report: &Report| {
        let mut codes = report.noticed.iter().map(|(code, _)| code.as_str());
        codes.any(|code| code == "published-from-another-source")
    };
    let (report, _) = two.holds("b", Some("B one")).await;
    assert!(told(&report), "{:?}", report.noticed);
    let again = two.house.order("b", Trigger::Redescribe, false).await;
    assert_eq!(again.counts.unchanged, 4, "{}", again.line());
    assert!(!told(&again), "{:?}", again.noticed);
    two.house.close().await;
}
