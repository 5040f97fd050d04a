//! Groups of records, from links and from what people decided.

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn record(source: &str, key: &str) -> Features {
    Features {
        record: format!("r/{source}/{key}").into(),
        entity: format!("e/{source}/{key}").into(),
        source: source.into(),
        addresses: vec![format!("at/{source}/{key}").into()],
        ..Features::default()
    }
}

fn link(a: &str, b: &str, score: f64) -> Link {
    Link {
        a: format!("r/{a}").into(),
        b: format!("r/{b}").into(),
        score,
        evidence: vec![],
    }
}

fn decision(verdict: Verdict, a: &str, b: &str) -> Decision {
    Decision {
        verdict,
        a: format!("r/{a}"),
        b: format!("r/{b}"),
        who: "eve".into(),
        why: "seen".into(),
        at_ms: 1,
        kept: Default::default(),
    }
}

fn of(
    all: &[Features],
    links: &[Link],
    decisions: &[Decision],
) -> (Vec<Vec<String>>, Vec<&'static str>) {
    let c = cluster(all, links, decisions, Thresholds::default());
    let names = |c: &BTreeSet<Box<str>>| {
        c.iter()
            .map(|e| e.trim_start_matches("e/").to_owned())
            .collect()
    };
    (
        c.clusters.iter().map(names).collect(),
        c.links.iter().map(|l| l.standing.word()).collect(),
    )
}

#[test]
fn links_make_clusters_and_people_decide() {
    let all = [record("a", "1"), record("b", "1"), record("c", "1")];
    let links = [
        link("a/1", "b/1", 0.95),
        link("a/1", "c/1", 0.8),
        link("b/1", "c/1", 0.2),
    ];
    assert_eq!(
        of(&all, &links, &[]),
        (
            vec![vec!["a/1".into(), "b/1".into()]],
            vec!["one", "unsure"]
        )
    );
    let join = decision(Verdict::Join, "a/1", "c/1");
    let (clusters, _) = of(&all, &links, std::slice::from_ref(&join));
    assert_eq!(clusters[0].len(), 3);
    let split = decision(Verdict::Split, "b/1", "c/1");
    let (clusters, _) = of(&all, &links, &[join, split]);
    assert_eq!(
        clusters,
        [["a/1", "c/1"]],
        "what a person joined goes before a score"
    );
    let split = decision(Verdict::Split, "a/1", "b/1");
    assert_eq!(
        of(&all, &links, &[split]),
        (vec![], vec!["split", "unsure"])
    );
    assert_eq!(
        of(&all, &[], &[decision(Verdict::Join, "a/1", "z/9")]).0,
        Vec::<Vec<String>>::new()
    );
}

#[test]
fn a_source_is_in_a_cluster_once() {
    let all = [
        record("a", "1"),
        record("b", "1"),
        record("b", "2"),
        record("c", "1"),
    ];
    let equal = [link("a/1", "b/1", 0.95), link("a/1", "b/2", 0.95)];
    assert_eq!(
        of(&all, &equal, &[]),
        (vec![], vec!["ambiguous", "ambiguous"])
    );
    let better = [link("a/1", "b/1", 0.98), link("a/1", "b/2", 0.92)];
    assert_eq!(of(&all, &better, &[]).1, ["one", "ambiguous"]);
    let around = [
        link("a/1", "b/1", 0.98),
        link("a/1", "c/1", 0.95),
        link("b/2", "c/1", 0.93),
    ];
    assert_eq!(of(&all, &around, &[]).1, ["one", "one", "crowded"]);
}

#[test]
fn who_speaks_for_a_dataset() {
    let (mut a, mut b) = (record("a", "1"), record("b", "1"));
    a.modified = "2026-01-02T00:00:00+08:00".into();
    b.modified = "2026-01-02".into();
    let of = |a: &Features, b: &Features, rank: fn(&Features) -> i32| {
        winner(&[a.clone(), b.clone()], rank).unwrap()
    };
    assert_eq!(of(&a, &b, |_| 0), 1, "the freshest");
    b.points_at = a.addresses.clone();
    assert_eq!(of(&a, &b, |_| 0), 0, "the one that the other names");
    assert_eq!(
        of(&a, &b, |f| i32::from(&*f.source == "b")),
        1,
        "the higher priority"
    );
    assert!(instant("2026") < instant("2026-02") && instant("soon") < instant("1900"));
}
