//! Runs that were killed, stopped, or broke off in the middle: the next one goes on from what they were answered, and its
//! report is that of a whole run.

use super::*;
use faulty::{Faulty, Heard, Script, Step, answer};
use harvestd::report::Counts;
use std::{
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};
use tokio::process::{Child, Command};

const PAGES: u64 = 5;
const PER_PAGE: u64 = 10;

/// What the server does with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Answer,
    Hang,
    /// It is not there (any more).
    Gone,
    Cut,
}

/// A catalogue of five pages. Each page names the next with a token.
struct Paged {
    server: Faulty,
    /// What becomes of the page of this number.
    plan: Arc<Mutex<(u64, Does)>>,
    /// In the addresses of the pages; those with another one are not there.
    token: Arc<AtomicU64>,
    /// The datasets, in the order of the pages.
    items: Arc<Mutex<Vec<u64>>>,
    dir: tempfile::TempDir,
    limits: &'static str,
}

fn page(at: &str, number: u64, token: u64, items: &[u64]) -> String {
    let mut text = format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
         @prefix hydra: <http://www.w3.org/ns/hydra/core#> .\n\
         <{at}> a hydra:Collection ; hydra:totalItems {} ; hydra:view <{at}/{number}?token={token}> .\n\
         <{at}/{number}?token={token}> a hydra:PartialCollectionView ; hydra:first <{at}> .\n\
         <https://city.example/catalog> a dcat:Catalog ; dct:title \"City\"@en .\n",
        items.len()
    );
    if number < PAGES {
        text += &format!(
            "<{at}/{number}?token={token}> hydra:next <{at}/{}?token={token}> .\n",
            number + 1
        );
    }
    let before = usize::try_from((number - 1) * PER_PAGE).unwrap();
    for n in items.iter().skip(before).take(PER_PAGE as usize) {
        text += &format!(
            "<https://city.example/catalog> dcat:dataset <https://city.example/dataset/{n}> .\n\
             <https://city.example/dataset/{n}> a dcat:Dataset ; dct:title \"Dataset {n}\"@en .\n"
        );
    }
    text
}

fn script(heard: &Heard, plan: (u64, Does), token: u64, items: &[u64]) -> Script {
    let (path, asked) = heard.path.split_once('?').unwrap_or((&heard.path, ""));
    let number = path.strip_prefix("/a/").map_or(1, |n| n.parse().unwrap());
    let at = format!("http://{}/a", heard.header("host").unwrap());
    let is_there = number == 1 || asked == format!("token={token}");
    let turtle = &["Content-Type: text/turtle"];
    let whole = || answer("200 OK", turtle, page(&at, number, token, items));
    let does = if plan.0 == number {
        plan.1
    } else {
        Does::Answer
    };
    match does {
        _ if !is_there => answer("410 Gone", &["Content-Type: text/plain"], "expired"),
        Does::Answer => whole(),
        Does::Gone => answer("410 Gone", &["Content-Type: text/plain"], "gone"),
        Does::Hang => vec![Step::Hang],
        Does::Cut => {
            let mut script = whole();
            if let Some(Step::Send(body)) = script.last_mut() {
                body.truncate(body.len() / 2);
            }
            script
        }
    }
}

impl Paged {
    async fn new(limits: &'static str) -> Self {
        let plan = Arc::new(Mutex::new((0, Does::Answer)));
        let token = Arc::new(AtomicU64::new(1));
        let items = Arc::new(Mutex::new((0..PAGES * PER_PAGE).collect::<Vec<_>>()));
        let (planned, now, held) = (plan.clone(), token.clone(), items.clone());
        let server = Faulty::start(move |heard, _| {
            let (plan, items) = (*planned.lock().unwrap(), held.lock().unwrap());
            script(heard, plan, now.load(SeqCst), &items)
        })
        .await;
        Self {
            server,
            plan,
            token,
            items,
            dir: tempfile::tempdir().unwrap(),
            limits,
        }
    }

    fn does(&self, page: u64, does: Does) {
        *self.plan.lock().unwrap() = (page, does);
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn source(&self) -> String {
        source("a", "dcat", self.server.at("/a").as_str(), "")
    }

    fn command(&self) -> Command {
        let file = self.dir.path().join("harvestd.toml");
        let text = texts::configuration(&self.data_dir(), self.limits, &[self.source()]);
        std::fs::write(&file, text).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_harvestd"));
        program
            .args(["run", "a", "--full", "--json", "--config"])
            .arg(file)
            .env("HARVESTD_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        program
    }

    fn begin(&self) -> Child {
        self.command().spawn().unwrap()
    }

    async fn run(&self) -> (Report, Output) {
        let output = tokio::time::timeout(DEADLINE, self.command().output()).await;
        let output = output.expect("a run ends").unwrap();
        let report = serde_json::from_slice(&output.stdout);
        let report = report.unwrap_or_else(|e| {
            panic!("{e}: {}", String::from_utf8_lossy(&output.stderr));
        });
        (report, output)
    }

    /// The pages that were asked for, in order; the first `before` requests are not told.
    fn asked(&self, before: usize) -> Vec<u64> {
        let heard = self.server.requests();
        let number = |heard: &Heard| {
            let path = heard.path.split('?').next().unwrap();
            path.strip_prefix("/a/").map_or(1, |n| n.parse().unwrap())
        };
        heard[before..].iter().map(number).collect()
    }

    async fn whole(&self) -> Whole {
        let house = House::open(&self.data_dir(), self.limits, &[self.source()]);
        let whole = Whole::of(&house.daemon);
        house.close().await;
        whole
    }
}

pub fn told<'r>(report: &'r Report, code: &str) -> Option<&'r str> {
    let found = report.noticed.iter().find(|(known, _)| known == code);
    found.map(|(_, text)| text.as_str())
}

fn assert_whole(report: &Report) {
    assert_adds_up(report);
    assert_eq!(report.outcome, Outcome::Complete, "{}", report.line());
    let Counts {
        declared, received, ..
    } = report.counts;
    assert_eq!((declared, received), (Some(50), 50), "{}", report.line());
    assert_eq!(report.counts.holds, 50, "{}", report.line());
}

/// kill -9 while the third page is awaited, or anywhere else in a run.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_goes_on_page_by_page() {
    let paged = Paged::new("").await;
    paged.does(3, Does::Hang);
    let mut child = paged.begin();
    paged.server.heard(3).await;
    child.kill().await.unwrap();
    assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    paged.does(0, Does::Answer);
    let (report, _) = paged.run().await;
    assert_eq!(
        paged.asked(3),
        [3, 4, 5],
        "what was answered is not asked for again"
    );
    assert_whole(&report);
    assert_eq!(
        (report.counts.new, report.requests),
        (50, 3),
        "{}",
        report.line()
    );
    assert!(
        told(&report, "resumed")
            .unwrap()
            .starts_with("2 answers are those that run "),
        "{report:?}"
    );
    assert_eq!(paged.whole().await.titles().len(), 50);

    // The next run is one of its own.
    let (again, _) = paged.run().await;
    assert_eq!(paged.asked(6), [1, 2, 3, 4, 5]);
    assert_whole(&again);
    assert_eq!(
        (again.counts.unchanged, told(&again, "resumed")),
        (50, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_comes_to_its_end() {
    let paged = Paged::new("").await;
    for number in 2..=PAGES {
        paged.does(number, Does::Hang);
        let before = paged.server.requests().len();
        let mut child = paged.begin();
        paged.server.heard(before + 2).await;
        child.kill().await.unwrap();
    }
    paged.does(0, Does::Answer);
    let (report, _) = paged.run().await;
    assert_eq!(paged.asked(0), [1, 2, 2, 3, 3, 4, 4, 5, 5]);
    assert_whole(&report);
    assert_eq!(report.counts.new, 50);
    paged.whole().await;
}

/// A run that the source broke off is gone on with as well; what came by then is published meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_broke_off_goes_on() {
    let paged = Paged::new("").await;
    paged.does(4, Does::Cut);
    let (report, _) = paged.run().await;
    assert_eq!(
        (report.outcome, report.counts.new),
        (Outcome::Partial, 30),
        "{}",
        report.line()
    );
    paged.does(0, Does::Answer);
    let before = paged.server.requests().len();
    let (report, _) = paged.run().await;
    assert_eq!(paged.asked(before), [4, 5]);
    assert_whole(&report);
    assert_eq!(
        (report.counts.unchanged, report.counts.new),
        (30, 20),
        "{}",
        report.line()
    );
    paged.whole().await;
}

/// The token of the third page has expired: the run begins anew.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_token_has_expired_it_begins_anew() {
    let paged = Paged::new("").await;
    paged.does(3, Does::Hang);
    let mut child = paged.begin();
    paged.server.heard(3).await;
    child.kill().await.unwrap();
    paged.does(0, Does::Answer);
    paged.token.store(2, SeqCst);
    let (report, _) = paged.run().await;
    assert_eq!(paged.asked(3), [3, 1, 2, 3, 4, 5]);
    assert_whole(&report);
    assert_eq!(report.requests, 6, "{}", report.line());
    let why = told(&report, "resumed-in-vain").unwrap();
    assert!(why.contains("410"), "{why}");
    assert_eq!(told(&report, "resumed"), None);
    assert_eq!(paged.whole().await.titles().len(), 50);
    // One that is not there for everybody is a failure as ever, and begins anew only once.
    paged.does(2, Does::Gone);
    let before = paged.server.requests().len();
    let (report, _) = paged.run().await;
    assert_eq!(paged.asked(before), [1, 2]);
    assert_ne!(report.outcome, Outcome::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_asked_for_again_and_what_is_too_old_begins_anew() {
    for limits in ["", "resume_within_ms = 0"] {
        let paged = Paged::new(limits).await;
        paged.does(3, Does::Hang);
        let mut child = paged.begin();
        paged.server.heard(3).await;
        child.kill().await.unwrap();
        paged.does(0, Does::Answer);
        let left = std::fs::read_dir(paged.data_dir().join("answers/a")).unwrap();
        let left: Vec<PathBuf> = left.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left.len(), 1);
        std::fs::write(left[0].join("1.zst"), "torn").unwrap();
        let (report, _) = paged.run().await;
        let expected: &[u64] = if limits.is_empty() {
            &[2, 3, 4, 5]
        } else {
            &[1, 2, 3, 4, 5]
        };
        assert_eq!(paged.asked(3), expected);
        assert_whole(&report);
        paged.whole().await;
    }
}

/// One dataset went and another one came while nobody asked: the pages of two runs leave out a third one, which moved from
/// one page to another. It stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_moved_between_the_pages_of_two_runs_is_not_deleted() {
    let paged = Paged::new("").await;
    let (first, _) = paged.run().await;
    assert_whole(&first);
    paged.does(3, Does::Hang);
    let before = paged.server.requests().len();
    let mut child = paged.begin();
    paged.server.heard(before + 3).await;
    child.kill().await.unwrap();
    paged.does(0, Does::Answer);
    {
        let mut items = paged.items.lock().unwrap();
        items.retain(|n| *n != 5);
        items.push(99);
    }
    let (report, _) = paged.run().await;
    assert_eq!(paged.asked(before + 3), [3, 4, 5]);
    assert_adds_up(&report);
    let c = &report.counts;
    assert_eq!(
        (report.outcome, c.received, c.absent, c.holds),
        (Outcome::Partial, 50, 0, 51),
        "{}",
        report.line()
    );
    let why = report.why.clone().unwrap();
    assert!(why.starts_with("1 datasets are on no page"), "{why}");
    let (report, _) = paged.run().await;
    assert_whole(&report);
    assert_eq!((report.counts.absent, told(&report, "resumed")), (1, None));
    let titles = paged.whole().await.titles();
    assert!(titles.contains("Dataset 20") && !titles.contains("Dataset 5"));
}
