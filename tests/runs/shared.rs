//! Shared agencies and concepts: there before any source, committed as a run, and one agent for all who name it.

use super::*;
use harvestd::{config::Config, daemon::Daemon, serve::desk::Desk, state::SourceState};
use serde_json::json;
use std::path::Path;

const SHARED: &str = "tw";
/// The National Development Council (國家發展委員會), in the table.
const COUNCIL: &str = "2.16.886.101.20003.20069";
/// A unit of it that the table has not.
const UNIT: &str = "2.16.886.101.20003.20069.20099";

pub fn agent(key: &str) -> String {
    format!("<{}agent/tw/{key}>", texts::BASE)
}

pub fn config(data_dir: &Path, sources: &[String]) -> Config {
    let mut config = texts::config(data_dir, "", sources);
    config.shared = vec![SHARED.to_owned()];
    config
}

fn last_report(daemon: &Daemon) -> Report {
    daemon.rooms.reports.last(SHARED).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn agencies_are_there_before_the_first_source_and_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::with(config(dir.path(), &[]));
    let first = Whole::of(&house.daemon);
    let known = harvestd_vocab::shared::records(texts::BASE, &Default::default()).len();
    assert!(known > 190);
    assert_eq!((first.head.seq, first.bodies.len()), (known as u64, known));
    let report = last_report(&house.daemon);
    assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
    assert_eq!(
        (report.requests, report.referents.new, report.activities),
        (0, known as u64, Some((1, known as u64)))
    );
    assert_eq!((report.refused.len(), report.findings.len()), (0, 0));
    let shown = house.daemon.report(SHARED).unwrap();
    assert_eq!(shown.run, report.run);
    assert!(house.daemon.sources().is_empty(), "nobody to ask");
    for said in [
        format!("{} <http://xmlns.com/foaf/0.1/name> \"國家發展委員會\"@zh-hant .", agent(COUNCIL)),
        format!("{} <http://www.w3.org/ns/org#subOrganizationOf> {} .", agent(COUNCIL), agent("2.16.886.101.20003")),
        "<https://w3id.org/harvestd/tw/service-category/I00> <http://www.w3.org/2004/02/skos/core#prefLabel> \"公共資訊\"@zh-hant .".to_owned(),
    ] {
        assert!(first.graph.contains(&said), "{said}");
    }
    let published = house.daemon.published().borrow().clone().unwrap();
    assert_eq!(published.seq, first.head.seq, "readers see them at once");
    house.close().await;

    // The second start finds everything as it is.
    let house = House::with(config(dir.path(), &[]));
    assert_eq!(Whole::of(&house.daemon), first);
    assert_eq!(last_report(&house.daemon).run, report.run);

    // Under other tables they are described again: the same words change nothing.
    let state = &house.daemon.rooms.state;
    let older = SourceState {
        epoch: "older tables".to_owned(),
        ..state.source(SHARED).unwrap()
    };
    state.set_source(SHARED, &older).unwrap();
    house.close().await;
    let house = House::with(config(dir.path(), &[]));
    let again = last_report(&house.daemon);
    assert_ne!(again.run, report.run);
    assert_eq!(
        (again.referents.unchanged, again.activities),
        (known as u64, None)
    );
    assert_eq!(Whole::of(&house.daemon), first);
    house.close().await;
}

/// What each source says of the same agency, in its own way: by its OID, by its code, by its full name.
async fn three_who_name_one(origin: &Origin) -> [String; 3] {
    let list = json!({"success": true, "result": ["Z-1", "Z-2"]});
    origin.say("/a/rest/dataset", JSON, list.to_string());
    for (id, oid, name) in [("Z-1", COUNCIL, "國家發展委員會"), ("Z-2", UNIT, "某中心")] {
        let dataset = json!({"success": true, "result": {
            "identifier": id, "title": id, "publisher": name, "publisherOID": oid}});
        origin.say(&format!("/a/rest/dataset/{id}"), JSON, dataset.to_string());
    }
    let by_code = "<https://city.example/dataset/x> a dcat:Dataset ; dct:title \"x\" ; dct:publisher \
        [ a foaf:Agent ; foaf:name \"國發會\" ; dct:identifier \"A41000000G\" ] .\n";
    let by_code = format!(
        "{}<https://city.example/catalog> dcat:dataset <https://city.example/dataset/x> .\n{by_code}",
        texts::turtle(&[])
    );
    origin.say("/b", TURTLE, by_code);
    let by_name = texts::row("1", "資料").replace("示範部", "國家發展委員會");
    let bare = texts::row("2", "資料").replace("示範部", "民政處");
    origin.say("/c", JSON, texts::export(&[by_name, bare]));
    [
        source("a", "tw_interchange", &origin.at("/a"), ""),
        source("b", "dcat", &origin.at("/b"), ""),
        source(
            "c",
            "data_gov_tw",
            &origin.at("/c"),
            "language = \"zh-Hant\"",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_is_one_agent_for_all_who_name_it() {
    let origin = Origin::start().await;
    let sources = three_who_name_one(&origin).await;
    let dir = tempfile::tempdir().unwrap();
    let house = House::with(texts::config(dir.path(), "", &sources));
    let ids = ["a", "b", "c"];
    for id in ids {
        house.complete(id).await;
    }
    let publisher = |dataset: &str, agent: &str| {
        format!("<{dataset}> <http://purl.org/dc/terms/publisher> {agent} .")
    };
    let alone = Whole::of(&house.daemon);
    let by_itself = publisher(
        &format!("{}dataset/a/Z-1", texts::BASE),
        &format!("<http://oid-info.com/get/{COUNCIL}>"),
    );
    assert!(alone.graph.contains(&by_itself), "{}", alone.graph);
    assert!(!alone.graph.contains("agent/tw/"));

    // Shared from now on: what is held is described again at the next run of each source, though no byte has changed.
    let shared = config(dir.path(), &sources);
    house.daemon.configure(shared).await.unwrap();
    for id in ids {
        let report = house.complete(id).await;
        assert_ne!(report.counts.changed, 0, "{}", report.line());
    }
    let whole = Whole::of(&house.daemon);
    for dataset in [
        &format!("{}dataset/a/Z-1", texts::BASE),
        "https://city.example/dataset/x",
        "https://data.gov.tw/dataset/1",
    ] {
        let said = publisher(dataset, &agent(COUNCIL));
        assert!(whole.graph.contains(&said), "{said}");
    }
    // One agent, which the table describes; what the platform calls it is kept aside.
    let names = whole.graph.lines().filter(|line| {
        line.starts_with(&format!(
            "{} <http://xmlns.com/foaf/0.1/name>",
            agent(COUNCIL)
        ))
    });
    assert_eq!(names.count(), 2, "one in Chinese, one in English");

    // An OID that the table has not is an agent too, and says whom it belongs to.
    let parent = format!(
        "{} <http://www.w3.org/ns/org#subOrganizationOf> {} .",
        agent(UNIT),
        agent(COUNCIL)
    );
    assert!(whole.graph.contains(&parent), "{parent}");
    assert!(whole.graph.contains(&publisher(
        &format!("{}dataset/a/Z-2", texts::BASE),
        &agent(UNIT)
    )));
    // A bare unit is nobody's.
    let bare = whole
        .graph
        .lines()
        .find(|line| line.contains("\"民政處\""))
        .unwrap();
    assert!(
        bare.starts_with(&format!("<{}record/c/2#", texts::BASE)),
        "{bare}"
    );
    house.close().await;
}
