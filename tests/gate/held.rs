//! What the gate holds, and what becomes of it.

use super::*;
use harvestd::gate::Cause;

const NEVER: &str = "gate.pass_after_runs = 0";

fn approve(list: Option<&str>) -> Change {
    let list = list.map(str::to_owned);
    Change::Approve { list }
}

fn reject() -> Change {
    Change::Reject { list: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_deletions_are_a_list_that_a_person_approves() {
    let bed = Bed::ministry(export(&rows(1, 100, 1)), NEVER).await;
    bed.complete().await;
    assert_eq!(bed.told().unwrap().held, None);
    assert!(refused(bed.change(approve(None)).await).contains("nothing of \"a\" is held"));
    // 40 go; 10 change and 5 come all the same.
    let mut now = rows(41, 50, 2);
    now.extend(rows(51, 105, 1));
    bed.say(export(&now));
    let report = bed.full().await;
    let c = &report.counts;
    assert_eq!(
        (c.new, c.changed, c.unchanged, c.held, c.absent, c.holds),
        (5, 10, 50, 40, 0, 105),
        "{}",
        report.line()
    );
    assert_eq!(report.outcome, Outcome::Partial);
    let why = report.why.unwrap();
    assert!(
        why.contains("40 of 100 datasets are absent; 20 of the 100 held at most"),
        "{why}"
    );
    assert!(why.contains("`harvestd held approve a`"), "{why}");
    let held = report.held.unwrap();
    assert_eq!(
        (held.cause, held.datasets, held.runs),
        (Cause::Share, 40, 1)
    );
    let list = bed.house.daemon.held("a").unwrap();
    assert_eq!(list.records.len() as u64, held.datasets + held.others);
    let first = list.records.iter().find(|r| r.id.key == "1").unwrap();
    assert_eq!(first.title.as_deref(), Some("資料 1.1"));
    assert_eq!(
        first.about.as_deref(),
        Some("https://data.gov.tw/dataset/1")
    );
    let before = bed.whole();
    assert_eq!(before.titles().len(), 105);

    let why = refused(bed.change(approve(Some("another"))).await);
    assert!(why.contains(&held.list) && why.contains("another"), "{why}");
    let report = bed.committed(approve(Some(&held.list))).await;
    assert_eq!(
        (report.counts.gone, report.counts.holds),
        (40, 65),
        "{}",
        report.line()
    );
    assert_eq!(report.trigger, Trigger::Approve);
    let after = bed.whole();
    assert_eq!(after.titles().len(), 65);
    assert_eq!(after.since(before.head.seq).len() as u64, 40 + held.others);
    assert_eq!(bed.told().unwrap().held, None);
    // Neither the run after it nor a small loss is measured against what a person let go.
    assert_eq!(bed.complete().await.counts.unchanged, 65);
    bed.say(export(&now[3..]));
    assert_eq!(bed.complete().await.counts.absent, 3);
    let last = Desk::report(&*bed.house.daemon, "a").unwrap();
    assert_eq!(last.trigger, Trigger::Hand, "an approval is no harvest");
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_say_again_and_again_passes() {
    let bed = Bed::ministry(export(&rows(1, 100, 1)), "").await;
    bed.complete().await;
    bed.say(export(&rows(41, 100, 1)));
    let report = bed.full().await;
    let (why, first) = (report.why.unwrap(), report.held.unwrap());
    assert!(
        why.contains("when 3 complete runs in a row have left out the same, and 1 did"),
        "{why}"
    );
    assert_eq!(bed.held().await.runs, 2);
    // Another one is missing: the row begins anew.
    bed.say(export(&rows(42, 100, 1)));
    let other = bed.held().await;
    assert_eq!((other.runs, other.datasets), (1, 41));
    assert_ne!(other.list, first.list);
    // A run that fails says nothing, and a check counts for nothing.
    bed.origin
        .say("/a", "text/html", "<html><title>Sorry</title></html>");
    assert_eq!(bed.full().await.outcome, Outcome::Failed);
    bed.say(export(&rows(42, 100, 1)));
    bed.house.order("a", Trigger::Check, true).await;
    let bed = bed.restart().await;
    assert_eq!(bed.told().unwrap().held.unwrap().runs, 1);
    assert_eq!(bed.held().await.runs, 2);
    assert_eq!(bed.whole().titles().len(), 100);
    let report = bed.complete().await;
    assert_eq!(
        (report.counts.absent, report.counts.held),
        (41, 0),
        "{}",
        report.line()
    );
    let told = report
        .noticed
        .iter()
        .find(|(code, _)| code == "held-deletions-pass");
    assert!(told.unwrap().1.contains(&other.run), "{told:?}");
    assert_eq!(bed.told().unwrap().held, None);
    assert_eq!(bed.whole().titles().len(), 59);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_keeps_stays_and_is_asked_about_no_more() {
    let bed = Bed::ministry(export(&rows(1, 100, 1)), "gate.pass_after_runs = 2").await;
    bed.complete().await;
    bed.say(export(&rows(41, 100, 1)));
    let held = bed.held().await;
    let kept = bed.change(reject()).await.unwrap();
    assert_eq!(kept.held.unwrap().list, held.list);
    assert!(kept.report.is_none());
    for _ in 0..3 {
        let report = bed.complete().await;
        assert_eq!(
            (report.counts.absent, report.counts.holds),
            (0, 100),
            "{}",
            report.line()
        );
    }
    assert_eq!(bed.told().unwrap().kept, 40 + held.others);
    // That nothing has changed says nothing of what is kept.
    let report = bed.house.order("a", Trigger::Hand, false).await;
    let c = &report.counts;
    assert_eq!(
        (
            report.not_modified,
            c.received,
            c.unchanged,
            c.absent,
            c.holds
        ),
        (1, 60, 60, 0, 100),
        "{}",
        report.line()
    );
    assert_eq!(bed.told().unwrap().kept, 40 + held.others);
    // Some are named again: they are as any others from then on.
    bed.say(export(&rows(31, 100, 1)));
    bed.complete().await;
    assert_eq!(bed.told().unwrap().kept, 30 + held.others);
    bed.say(export(&rows(41, 100, 1)));
    assert_eq!(bed.complete().await.counts.absent, 10, "ten may go");
    // Taken back, it is held as before.
    let released = bed.change(Change::Release).await.unwrap().released;
    assert_eq!(released, 30 + held.others);
    assert_eq!(bed.held().await.datasets, 30);
    bed.whole();
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_again_leaves_the_list() {
    let bed = Bed::ministry(export(&rows(1, 100, 1)), NEVER).await;
    bed.complete().await;
    bed.say(export(&rows(41, 100, 1)));
    let first = bed.held().await;
    bed.say(export(&rows(31, 100, 1)));
    let second = bed.held().await;
    assert_eq!(second.datasets, 30);
    // Cut in the middle: what was seen is there, what was not seen says nothing.
    let whole = export(&rows(11, 100, 1));
    let cut = whole
        .split_at(whole.find("資料 25.1").unwrap())
        .0
        .to_owned();
    bed.say(cut);
    let report = bed.full().await;
    assert_ne!(report.outcome, Outcome::Complete, "{}", report.line());
    let held = bed.told().unwrap().held.unwrap();
    if report.counts.received > 0 {
        assert_eq!(
            held.datasets,
            30 - report.counts.received,
            "{}",
            report.line()
        );
        assert_ne!(held.list, first.list);
    } else {
        assert_eq!(held, second);
    }
    bed.whole();
    bed.house.close().await;
}

/// 15 % and 15 % again: each alone may go, both together may not.
#[tokio::test(flavor = "multi_thread")]
async fn many_small_losses_are_one_large_one() {
    let bed = Bed::ministry(export(&rows(1, 100, 1)), NEVER).await;
    bed.complete().await;
    bed.say(export(&rows(16, 100, 1)));
    assert_eq!(bed.complete().await.counts.absent, 15);
    // What was held at most is remembered where it survives the loss of everything that can be asked again.
    let Bed {
        origin,
        house,
        dir,
        kind,
        limits,
    } = bed;
    house.close().await;
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let a = source("a", kind, &origin.at("/a"), "");
    let house = House::open(dir.path(), limits, &[a]);
    let bed = Bed {
        origin,
        house,
        dir,
        kind,
        limits,
    };
    bed.say(export(&rows(31, 100, 1)));
    let held = bed.held().await;
    assert_eq!(held.datasets, 15);
    assert!(
        held.why
            .contains("15 of 85 datasets are absent, after 15 that went in the last 30 days;"),
        "{}",
        held.why
    );
    assert_eq!(bed.whole().titles().len(), 85);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_never_passes_by_itself() {
    let bed = Bed::ministry(export(&rows(1, 5, 1)), "gate.pass_after_runs = 2").await;
    bed.complete().await;
    bed.say("[]".to_owned());
    for runs in 1..=4 {
        let held = bed.held().await;
        assert_eq!(
            (held.cause, held.runs, held.datasets),
            (Cause::Empty, runs, 5)
        );
    }
    assert_eq!(bed.whole().titles().len(), 5);
    let report = bed.committed(approve(None)).await;
    assert_eq!((report.counts.gone, report.counts.holds), (5, 0));
    assert!(bed.whole().titles().is_empty());
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_new_identifiers_are_told_apart() {
    let bed = Bed::ministry(export(&rows(1, 50, 1)), NEVER).await;
    bed.complete().await;
    bed.say(export(&rows(1_001, 1_050, 1)));
    let report = bed.full().await;
    let held = report.held.clone().unwrap();
    assert_eq!((held.cause, held.datasets), (Cause::Churn, 50));
    let why = report.why.clone().unwrap();
    assert!(
        why.starts_with("the identifiers changed: 50 of 50 datasets are absent and 50 are new"),
        "{why}"
    );
    assert_eq!((report.counts.new, report.counts.holds), (50, 100));
    // The old ones stay absent, among twice as many: still the same list.
    let again = bed.held().await;
    assert_eq!(
        (again.list, again.runs, again.cause),
        (held.list, 2, Cause::Churn)
    );
    bed.committed(approve(None)).await;
    assert_eq!(bed.whole().titles().len(), 50);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_gate_s_page_is_damaged_nothing_is_deleted() {
    let bed = Bed::ministry(export(&rows(1, 20, 1)), "").await;
    bed.complete().await;
    let page = bed.dir.path().join("gate/a.json");
    std::fs::write(&page, "not what was there").unwrap();
    bed.say(export(&rows(2, 20, 2)));
    let report = bed.full().await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(report.why.unwrap().contains("gate/a.json cannot be read"));
    assert_eq!(bed.whole().titles().len(), 20);
    std::fs::remove_file(page).unwrap();
    assert_eq!(bed.complete().await.counts.absent, 1);
    bed.house.close().await;
}
