//! A replica of another harvestd: the same bodies, the same digest, whatever happened on the way.

use super::*;
use oxigraph::store::Store;
use std::collections::BTreeSet;
use texts::{export, rows, source};

const NO_BULK: &str = "batch_triples_max = 1_000\nbulk_bytes_min = 1_000_000_000";

/// A hub with one source of its own, and its address as a feed.
struct Pair {
    origin: Origin,
    first: Hub,
    second: Hub,
}

impl Pair {
    async fn new(limits: &'static str) -> Self {
        let origin = Origin::start().await;
        let (first, second) = (Hub::new(limits), Hub::new(limits));
        first.configure(&[source("a", "data_gov_tw", &origin.at("/a"), "")]);
        second.configure(&[mirror(&first)]);
        Self {
            origin,
            first,
            second,
        }
    }

    fn say(&self, rows: &[String]) {
        self.origin.say("/a", JSON, export(rows));
    }

    /// Harvests at the first, then follows at the second: the second is in step.
    async fn follow(&self) -> Value {
        self.first.run("a").await;
        let mut serving = self.first.serve().await;
        let report = self.second.run("mirror").await;
        self.in_step().await;
        serving.kill().await.unwrap();
        report
    }

    /// Equal digests, computed anew on both sides.
    async fn in_step(&self) {
        let base = self.first.base.clone();
        let (code, verified) = self.second.verify(&["--replay", "--against", &base]).await;
        assert_eq!(code, 0, "{verified}");
        let (code, verified) = self.first.verify(&["--replay"]).await;
        assert_eq!(code, 0, "{verified}");
    }

    /// The default graphs, triple by triple. Both must have ended.
    fn assert_equal_graphs(&self) {
        let (a, b) = (graph(&self.first), graph(&self.second));
        let only = |x: &BTreeSet<String>, y| x.difference(y).take(5).cloned().collect::<Vec<_>>();
        assert!(a == b, "{:#?} {:#?}", only(&a, &b), only(&b, &a));
        assert!(a.len() > 100, "{}", a.len());
    }
}

fn mirror(of: &Hub) -> String {
    source("mirror", "ldes", &format!("{}feed", of.base), "")
}

fn graph(hub: &Hub) -> BTreeSet<String> {
    let store = Store::open(hub.data_dir().join("store")).unwrap();
    let body = harvestd::store::default_graph_body(&store).unwrap();
    body.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_follows() {
    let pair = Pair::new(NO_BULK).await;
    pair.say(&rows(1, 60, 1));
    let report = pair.follow().await;
    assert_eq!(report["counts"]["new"], 60, "{report}");
    pair.assert_equal_graphs();

    // 1 to 5 go, 6 to 20 change, 61 to 90 come.
    let mut now = rows(6, 20, 2);
    now.extend(rows(21, 90, 1));
    pair.say(&now);
    let report = pair.follow().await;
    let counts = &report["counts"];
    assert_eq!(
        (&counts["new"], &counts["changed"], &counts["gone"]),
        (&30.into(), &15.into(), &5.into()),
        "{report}"
    );
    pair.assert_equal_graphs();

    let report = pair.follow().await;
    assert_eq!(report["activities"], Value::Null, "nothing new: {report}");
    // Everything from the beginning, onto what is there already.
    let mut serving = pair.first.serve().await;
    let output = pair
        .second
        .does(&["run", "mirror", "--full", "--json"])
        .await;
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["activities"], Value::Null, "{report}");
    serving.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_in_bulk() {
    let pair = Pair::new("bulk_bytes_min = 1").await;
    pair.say(&rows(1, 150, 1));
    pair.follow().await;
    pair.assert_equal_graphs();
    pair.say(&rows(11, 140, 2));
    pair.follow().await;
    pair.assert_equal_graphs();
}
