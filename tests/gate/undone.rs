//! Runs taken back: what was before is again, told in the feed; what later runs built on is refused, or goes with them.

use super::*;
use harvestd::{log::Verb, store::default_graph_body};
use std::collections::BTreeSet;
use texts::turtle;

/// Rows 1 to 5 go, 6 to 10 change, 31 to 40 come.
fn changes() -> String {
    let mut now = rows(6, 10, 2);
    now.extend(rows(11, 40, 1));
    export(&now)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_taken_back_and_told_in_the_feed() {
    let bed = Bed::ministry(export(&rows(1, 30, 1)), "").await;
    bed.complete().await;
    let before = bed.whole();
    bed.say(changes());
    let run = bed.complete().await;
    let c = &run.counts;
    assert_eq!((c.new, c.changed, c.absent), (10, 5, 5), "{}", run.line());
    let changed = bed.whole();

    let run_name = run.run.clone();
    let dry = Change::Undo {
        run: run_name,
        with_later: false,
        dry: true,
    };
    let would = bed.change(dry).await.unwrap();
    assert!(would.report.is_none());
    assert_eq!(
        bed.whole(),
        changed,
        "to say what it would come to changes nothing"
    );

    let done = bed.undo(&run.run, false).await.unwrap();
    let undone = done.undone.unwrap();
    assert_eq!(Some(&undone), would.undone.as_ref());
    assert_eq!((undone.runs, undone.removed), (vec![run.run.clone()], 10));
    let report = done.report.unwrap();
    assert_adds_up(&report);
    assert_eq!(report.undoes, std::slice::from_ref(&run.run));
    let c = &report.counts;
    assert_eq!(
        (c.new, c.changed, c.gone, c.holds),
        (5, 5, 10, 30),
        "{}",
        report.line()
    );
    let after = bed.whole();
    assert_eq!(after.bodies, before.bodies, "byte for byte");
    let told: Vec<Verb> = after
        .since(changed.head.seq)
        .iter()
        .map(|(verb, _)| *verb)
        .collect();
    let count = |verb| told.iter().filter(|v| **v == verb).count();
    assert_eq!((count(Verb::Create), count(Verb::Delete)), (5, 10));
    let undoes = format!(
        "<{base}run/{}> <https://w3id.org/harvestd/ns#undoes> <{base}run/{}>",
        report.run,
        run.run,
        base = texts::BASE
    );
    assert!(after.quads.iter().any(|quad| quad.starts_with(&undoes)));

    // The source still says it: it counts again, hashes and validators or not.
    let again = bed.house.run("a").await;
    let c = &again.counts;
    assert_eq!((c.new, c.changed, c.absent), (10, 5, 5), "{}", again.line());
    assert_eq!(bed.whole().bodies, changed.bodies);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_can_be_taken_back() {
    let bed = Bed::ministry(export(&rows(1, 30, 1)), "").await;
    bed.complete().await;
    bed.say(changes());
    let run = bed.complete().await;
    let changed = bed.whole();
    let undo = bed.undo(&run.run, false).await.unwrap().report.unwrap();
    let why = refused(bed.undo(&run.run, false).await);
    assert!(why.contains(&undo.run), "{why}");
    let bed = bed.restart().await;
    let redone = bed.undo(&undo.run, false).await.unwrap();
    assert_eq!(redone.report.unwrap().undoes, [undo.run]);
    assert_eq!(bed.whole().bodies, changed.bodies);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn later_runs_are_named_or_go_as_well() {
    let bed = Bed::ministry(export(&rows(1, 20, 1)), "").await;
    bed.complete().await;
    let before = bed.whole();
    let with = |first: Vec<String>, rest| export(&[first, rest].concat());
    bed.say(with(rows(1, 2, 2), rows(3, 20, 1)));
    let second = bed.complete().await;
    bed.say(with(
        rows(1, 1, 3),
        [rows(2, 2, 2), rows(3, 20, 1)].concat(),
    ));
    let third = bed.complete().await;
    let beside = [
        rows(1, 1, 3),
        rows(2, 2, 2),
        rows(3, 19, 1),
        rows(20, 20, 9),
    ]
    .concat();
    bed.say(export(&beside));
    let fourth = bed.complete().await;
    let all = bed.whole();

    let why = refused(bed.undo(&second.run, false).await);
    assert!(
        why.contains(&third.run) && !why.contains(&fourth.run),
        "{why}"
    );
    assert_eq!(bed.whole().bodies, all.bodies);
    let undone = bed.undo(&second.run, true).await.unwrap().undone.unwrap();
    assert_eq!(undone.runs, [second.run, third.run]);
    let after = bed.whole();
    let differs: BTreeSet<&String> = after
        .bodies
        .iter()
        .filter(|(entity, body)| before.bodies.get(*entity) != Some(*body))
        .map(|(entity, _)| entity)
        .collect();
    assert_eq!(
        differs.len(),
        1,
        "only what the fourth run changed beside: {differs:?}"
    );
    assert!(
        differs.iter().all(|entity| entity.ends_with("/20")),
        "{differs:?}"
    );

    let why = refused(bed.undo("1700000000000-a", false).await);
    assert!(why.contains("is not kept"), "{why}");
    bed.house.close().await;
}

/// A publisher that a later run's dataset names as well does not go.
#[tokio::test(flavor = "multi_thread")]
async fn what_later_runs_refer_to_is_built_on() {
    let office = "<https://city.example/new-office> a foaf:Agent ; foaf:name \"New office\"@en .\n";
    let by =
        |name: &str| format!("d:{name} dct:creator <https://city.example/new-office> .\n{office}");
    let (two, three) = (by("2"), by("3"));
    let bed = Bed::city(turtle(&[("1", "One", "")])).await;
    bed.complete().await;
    bed.say(turtle(&[("1", "One", ""), ("2", "Two", &two)]));
    let second = bed.complete().await;
    assert!(
        bed.whole()
            .bodies
            .contains_key("https://city.example/new-office")
    );
    bed.say(turtle(&[
        ("1", "One", ""),
        ("2", "Two", &two),
        ("3", "Three", &three),
    ]));
    let third = bed.complete().await;
    let why = refused(bed.undo(&second.run, false).await);
    assert!(why.contains(&third.run), "{why}");
    assert!(
        why.contains("refers to agent https://city.example/new-office"),
        "{why}"
    );
    bed.undo(&third.run, false).await.unwrap();
    bed.undo(&second.run, false).await.unwrap();
    let whole = bed.whole();
    assert_eq!(whole.titles(), BTreeSet::from(["One".to_owned()]));
    assert!(!whole.bodies.contains_key("https://city.example/new-office"));
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_is_taken_back_however_it_was_loaded() {
    for limits in [
        "bulk_bytes_min = 1",
        "bulk_bytes_min = 16_000_000_000\nbatch_triples_max = 1_000",
    ] {
        let bed = Bed::ministry(export(&rows(1, 100, 1)), limits).await;
        let first = bed.complete().await;
        let loaded = bed.whole();
        let kept = bed.house.daemon.undoable("a").unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].run, first.run);
        assert!(
            kept[0].records > 100,
            "datasets and their catalogue: {kept:?}"
        );
        let report = bed.undo(&first.run, false).await.unwrap().report.unwrap();
        assert_eq!(
            (report.counts.gone, report.counts.holds),
            (100, 0),
            "{}",
            report.line()
        );
        let whole = bed.whole();
        assert_eq!((whole.graph.as_str(), whole.bodies.len()), ("", 0));
        assert_eq!(bed.complete().await.counts.new, 100);
        assert_eq!(bed.whole().titles(), loaded.titles());
        bed.house.close().await;
    }
}

/// Nothing that is kept of a source brings back what was taken back.
#[tokio::test(flavor = "multi_thread")]
async fn describing_again_does_not_bring_it_back() {
    let bed = Bed::ministry(export(&rows(1, 30, 1)), "").await;
    bed.complete().await;
    let before = bed.whole();
    bed.say(changes());
    let run = bed.complete().await;
    bed.undo(&run.run, false).await.unwrap();
    let again = bed.house.order("a", Trigger::Redescribe, false).await;
    assert_eq!(
        (again.counts.new, again.counts.changed),
        (0, 0),
        "{}",
        again.line()
    );
    assert_eq!(bed.whole().bodies, before.bodies);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_forgets_what_it_should() {
    let bed = Bed::ministry(export(&rows(1, 10, 1)), "").await;
    bed.complete().await;
    bed.say(export(&rows(1, 10, 2)));
    let run = bed.complete().await;
    assert_eq!(bed.house.daemon.undoable("a").unwrap().len(), 2);
    bed.house
        .daemon
        .rooms
        .writer
        .lock()
        .unwrap()
        .store
        .new_generation("erased")
        .unwrap();
    let why = refused(bed.undo(&run.run, false).await);
    assert!(why.contains("older generation"), "{why}");
    assert!(!bed.dir.path().join("undo/1").exists());
    bed.house.close().await;
}

/// What a commit is about to replace is kept first: where that fails, nothing is replaced, and nothing is logged.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_not_replaced() {
    let bed = Bed::ministry(export(&rows(1, 30, 1)), "").await;
    bed.complete().await;
    let before = bed.whole();
    let (kept, aside) = (
        bed.dir.path().join("undo/1/a"),
        bed.dir.path().join("aside"),
    );
    std::fs::rename(&kept, &aside).unwrap();
    std::fs::write(&kept, "no folder").unwrap();
    bed.say(changes());
    let report = bed.full().await;
    assert_eq!(report.outcome, Outcome::Failed, "{}", report.line());
    let why = report.why.unwrap();
    assert!(why.contains("keeping what is replaced"), "{why}");
    {
        let writer = bed.house.daemon.rooms.writer.lock().unwrap();
        let graph = default_graph_body(writer.store.quads()).unwrap();
        assert_eq!((writer.store.head(), graph), (before.head, before.graph));
    }

    std::fs::remove_file(&kept).unwrap();
    std::fs::rename(&aside, &kept).unwrap();
    let run = bed.complete().await;
    let c = &run.counts;
    assert_eq!((c.new, c.changed, c.absent), (10, 5, 5), "{}", run.line());
    bed.whole();
    bed.undo(&run.run, false).await.unwrap();
    assert_eq!(bed.whole().bodies, before.bodies);
    bed.house.close().await;
}
