//! Agencies that the table lacks: one agent for all who name one, there before whoever names it, and never forgotten.

use super::{
    parts::Portal,
    shared::{agent, config},
    *,
};
use serde_json::json;

/// A unit of the National Development Council that the table has not.
const UNIT: &str = "2.16.886.101.20003.20069.20099";
/// A unit of that unit.
const BELOW: &str = "2.16.886.101.20003.20069.20099.1";
/// What else the city has.
const OTHERS: [(&str, &str, &str); 3] = [("u", "u", ""), ("v", "v", ""), ("w", "w", "")];
const NAME: &str = "<http://xmlns.com/foaf/0.1/name>";

fn iri(key: &str) -> String {
    agent(key).trim_matches(['<', '>']).to_owned()
}

/// Every shared agent that a dataset refers to is described, and was before.
fn assert_nothing_dangles(whole: &Whole) {
    for (_, entity) in &whole.log {
        // An agency may come before the one that it belongs to.
        let own = entity.contains("/agent/tw/");
        let Some(body) = whole.bodies.get(entity).filter(|_| !own) else {
            continue;
        };
        let objects = body.lines().filter_map(|line| line.rsplit(' ').nth(1));
        let shared = format!("<{}agent/tw/", texts::BASE);
        let last = whole.log.iter().rposition(|(_, e)| e == entity);
        for object in objects.filter(|object| object.starts_with(&shared)) {
            let object = object.trim_matches(['<', '>']);
            let first = whole.log.iter().position(|(_, e)| e == object);
            assert!(
                whole.bodies.contains_key(object) && first < last,
                "{entity} refers to {object}, which is not there before it"
            );
        }
    }
}

fn last(house: &House) -> Report {
    house.daemon.rooms.reports.last("tw").unwrap().unwrap()
}

/// A platform that has the unit as an agency of its own, with one dataset of a unit below it; and a city whose dataset
/// says whose it is without an IRI, and otherwise.
async fn two_who_name_one(origin: &Origin) -> [String; 2] {
    let list = json!({"success": true, "result": ["Z-1", "Z-2"]});
    origin.say("/a/rest/dataset", JSON, list.to_string());
    for (id, oid, name) in [("Z-1", UNIT, "某中心"), ("Z-2", BELOW, "某組")] {
        let dataset = json!({"success": true, "result": {
            "identifier": id, "title": id, "publisher": name, "publisherOID": oid}});
        origin.say(&format!("/a/rest/dataset/{id}"), JSON, dataset.to_string());
    }
    let city = format!(
        "{}<https://city.example/catalog> dcat:dataset <https://city.example/dataset/x> .\n\
         <https://city.example/dataset/x> a dcat:Dataset ; dct:title \"x\" ; dct:publisher \
         [ a foaf:Agent ; foaf:name \"發展中心\" ; dct:identifier \"{UNIT}\" ] .\n",
        texts::turtle(&OTHERS)
    );
    origin.say("/b", TURTLE, city);
    let language = "language = \"zh-Hant\"";
    [
        source("a", "tw_interchange", &origin.at("/a"), language),
        source("b", "dcat", &origin.at("/b"), language),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sources_that_name_one_have_one_agent() {
    let origin = Origin::start().await;
    let sources = two_who_name_one(&origin).await;
    let dir = tempfile::tempdir().unwrap();
    let house = House::with(config(dir.path(), &sources));
    let table = Whole::of(&house.daemon).head.seq;
    let report = house.complete("a").await;
    let noticed = report.noticed.iter().map(|(code, _)| code.as_str());
    assert_eq!(noticed.filter(|c| *c == "agencies-learned").count(), 1);
    let learned = last(&house);
    assert_eq!(
        (learned.trigger, learned.outcome, learned.activities),
        (
            Trigger::Learn,
            Outcome::Complete,
            Some((table + 1, table + 2))
        )
    );
    assert_eq!((learned.referents.new, learned.disagreements), (2, vec![]));
    house.complete("b").await;

    let whole = Whole::of(&house.daemon);
    assert_nothing_dangles(&whole);
    for dataset in [
        &format!("{}dataset/a/Z-1", texts::BASE),
        "https://city.example/dataset/x",
    ] {
        let said = format!(
            "<{dataset}> <http://purl.org/dc/terms/publisher> {} .",
            agent(UNIT)
        );
        assert!(whole.graph.contains(&said), "{said}");
    }
    // The first name stays; what the other calls it is found as well; the unit below belongs to it.
    let unit = &whole.bodies[&iri(UNIT)];
    let says = |line: &str| {
        unit.lines()
            .any(|l| l == format!("{} {line} .", agent(UNIT)))
    };
    assert!(says(&format!("{NAME} \"某中心\"@zh-hant")), "{unit}");
    assert!(
        says("<http://www.w3.org/2004/02/skos/core#altLabel> \"發展中心\"@zh-hant"),
        "{unit}"
    );
    assert_eq!(unit.matches(NAME).count(), 1, "{unit}");
    let above = "<http://www.w3.org/ns/org#subOrganizationOf>";
    let below = format!("{} {above} {} .", agent(BELOW), agent(UNIT));
    assert!(whole.graph.contains(&below), "{below}");
    assert!(says(&format!(
        "{above} {}",
        agent("2.16.886.101.20003.20069")
    )));

    // Nothing new: the vocabulary has no further run, neither now nor at another start.
    let before = last(&house).run;
    house.complete("a").await;
    house.complete("b").await;
    assert_eq!(Whole::of(&house.daemon).head, whole.head);
    house.close().await;
    let house = House::with(config(dir.path(), &sources));
    assert_eq!(last(&house).run, before);
    let again = Whole::of(&house.daemon);
    assert_eq!((again.head, again.graph), (whole.head, whole.graph.clone()));
    // Nor where the state was lost, or both are described once more.
    for id in ["a", "b"] {
        house.order(id, Trigger::Redescribe, true).await;
    }
    assert_eq!(Whole::of(&house.daemon).graph, whole.graph);
    house.close().await;
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let house = House::with(config(dir.path(), &sources));
    assert_eq!(Whole::of(&house.daemon).graph, whole.graph);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_when_nobody_names_it_any_more() {
    let origin = Origin::start().await;
    let sources = two_who_name_one(&origin).await;
    let dir = tempfile::tempdir().unwrap();
    let house = House::with(config(dir.path(), &sources[1..]));
    house.complete("b").await;
    origin.say("/b", TURTLE, texts::turtle(&OTHERS));
    house.complete("b").await;
    let whole = Whole::of(&house.daemon);
    assert!(whole.bodies.contains_key(&iri(UNIT)));
    assert!(!whole.graph.contains("dataset/x>"));
    house.close().await;
    let house = House::with(config(dir.path(), &sources[1..]));
    assert_eq!(Whole::of(&house.daemon).graph, whole.graph);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_learns_nothing() {
    let origin = Origin::start().await;
    let sources = two_who_name_one(&origin).await;
    let dir = tempfile::tempdir().unwrap();
    let house = House::with(config(dir.path(), &sources));
    let before = Whole::of(&house.daemon).head;
    let report = house.order("a", Trigger::Check, true).await;
    assert_eq!((report.outcome, report.counts.new), (Outcome::Complete, 2));
    assert_eq!(Whole::of(&house.daemon).head, before);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enrichment_moves_a_contained_agent_to_the_shared_one() {
    let portal = Portal::start().await;
    portal.numbered(4);
    portal.change(|book| {
        for (n, page) in &mut book.pages {
            // The third names the unit below.
            let oid = if n == "3" { BELOW } else { UNIT };
            *page = page.replace("2.16.886.101.20003.20082", oid);
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let sources = [portal.source("requests_per_second = 1000").replacen(
        "title",
        "language = \"zh-Hant\"\ntitle",
        1,
    )];
    let house = House::with(config(dir.path(), &sources));
    house.complete("national").await;
    let whole = Whole::of(&house.daemon);
    let body = |whole: &Whole, n| whole.bodies[&format!("https://data.gov.tw/dataset/{n}")].clone();
    let own = format!("{NAME} \"示範部\"");
    assert!(body(&whole, 1).contains(&own) && !whole.bodies.contains_key(&iri(UNIT)));

    let report = house.order("national", Trigger::Details, false).await;
    assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
    let whole = Whole::of(&house.daemon);
    assert_nothing_dangles(&whole);
    for (n, key) in [(1, UNIT), (2, UNIT), (3, BELOW), (4, UNIT)] {
        let said = format!("<http://purl.org/dc/terms/publisher> {} .", agent(key));
        assert!(body(&whole, n).contains(&said), "{}", body(&whole, n));
        assert!(!body(&whole, n).contains(NAME), "{}", body(&whole, n));
    }
    assert!(whole.bodies[&iri(UNIT)].contains("\"示範部\"@zh-hant"));

    // From what is kept it comes out the same.
    house.order("national", Trigger::Redescribe, true).await;
    assert_eq!(Whole::of(&house.daemon).graph, whole.graph);
    house.close().await;
}
