//! One dataset from several sources, or corrected by people: what is published of it, and what stays of its records.

use super::*;
use harvestd::store::{Corrections, Policy, Publication};
use std::sync::Arc;
use texts::{BASE, turtle};

const ONE: &str = "https://city.example/dataset/1";

/// Another title for the one dataset.
#[derive(Debug)]
struct Retitled;

impl Corrections for Retitled {
    fn concern(&self, iri: &str) -> bool {
        iri == ONE
    }
    fn correct(&self, published: &Publication<'_>, body: String) -> String {
        assert_eq!(published.kept, ONE);
        body.replace("\"One", "\"Corrected one")
    }
}

fn correct(house: &House, corrections: Option<Arc<dyn Corrections>>) {
    let mut writer = house.daemon.rooms.writer.lock().unwrap();
    let plain = Policy::new([("a".to_owned(), Vec::new(), 0)]);
    writer.policy = match corrections {
        Some(corrections) => plain.corrected_by(corrections),
        None => plain,
    };
}

/// What the record's own graph says.
fn own_graph(whole: &Whole, record: &str) -> Vec<String> {
    let graph = format!(" <{BASE}record/{record}>");
    let quads = whole.quads.iter().filter_map(|q| q.strip_suffix(&graph));
    let mut said: Vec<String> = quads.map(|q| format!("{q} .")).collect();
    said.retain(|line| line.contains("> <"));
    said.retain(|line| {
        !line.starts_with(&format!("<{BASE}catalog/")) || line.matches("> <").count() > 1
    });
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_correction_the_harvested_words_stay() {
    const RECORD: &str = "a/https%3A%2F%2Fcity.example%2Fdataset%2F1";
    let bed = Bed::dcat(turtle(&[("1", "One", ""), ("2", "Two", "")])).await;
    bed.house.complete("a").await;
    let plain = bed.whole();

    correct(&bed.house, Some(Arc::new(Retitled)));
    let again = bed.house.order("a", Trigger::Redescribe, false).await;
    assert_eq!(again.counts.unchanged, 2, "{}", again.line());
    let corrected = bed.whole();
    assert_eq!(
        corrected.since(plain.head.seq),
        [(Verb::Update, ONE.into())]
    );
    assert_eq!(
        corrected.bodies[ONE],
        plain.bodies[ONE].replace("\"One", "\"Corrected one")
    );
    assert_eq!(
        own_graph(&corrected, RECORD).join("\n") + "\n",
        plain.bodies[ONE]
    );

    bed.say(turtle(&[("1", "One, changed", ""), ("2", "Two", "")]));
    let report = bed.house.complete("a").await;
    assert_eq!(
        (report.counts.changed, report.counts.unchanged),
        (1, 1),
        "{}",
        report.line()
    );
    let changed = bed.whole();
    assert!(changed.bodies[ONE].contains("\"Corrected one, changed\""));
    assert!(
        own_graph(&changed, RECORD)
            .concat()
            .contains("\"One, changed\"")
    );

    bed.say(turtle(&[("1", "One", ""), ("2", "Two", "")]));
    bed.house.complete("a").await;
    correct(&bed.house, None);
    {
        let mut writer = bed.house.daemon.rooms.writer.lock().unwrap();
        let writer = &mut *writer;
        writer
            .store
            .restate_entities([ONE], &writer.policy)
            .unwrap();
    }
    let back = bed.whole();
    assert_eq!(back.graph, plain.graph, "taken back: the same bytes");
    assert_eq!(own_graph(&back, RECORD), Vec::<String>::new());

    correct(&bed.house, Some(Arc::new(Retitled)));
    bed.house.order("a", Trigger::Redescribe, false).await;
    bed.say(turtle(&[("2", "Two", "")]));
    bed.house.complete("a").await;
    let gone = bed.whole();
    assert_eq!(gone.log.last(), Some(&(Verb::Delete, ONE.to_owned())));
    assert_eq!(own_graph(&gone, RECORD), Vec::<String>::new());
    bed.house.close().await;
}
