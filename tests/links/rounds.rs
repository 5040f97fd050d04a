//! The round and the book: what is due is asked, at its pace, once, through restarts.

use crate::{
    Bed, OPEN, PATIENT,
    daemon::serving::eventually,
    dataset,
    faulty::{Faulty, Heard, answer, head},
    format,
};
use harvestd::links::{
    round::{Round, Wanted},
    trouble::Trouble,
};
use harvestd_vocab::quality::Reach;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

impl Bed {
    /// Goes round until all of these were learnt of.
    async fn round(&self, urls: &[String]) {
        let stop = CancellationToken::new();
        let round = tokio::spawn(Round::new(self.means.clone(), stop.clone()).run());
        eventually("all are checked", async || {
            urls.iter().all(|url| self.trouble(url).is_some())
        })
        .await;
        stop.cancel();
        round.await.unwrap();
    }

    /// What a daemon that begins anew finds.
    fn restart(self) -> Self {
        let Self {
            dir, means, state, ..
        } = self;
        drop((means, state));
        Self::in_folder(dir, OPEN, PATIENT, &[])
    }
}

fn files(host: &str, port: u16, count: usize) -> Vec<String> {
    let file = |n: usize| format!("http://{host}:{port}/{n}.csv");
    (1..=count).map(file).collect()
}

fn datasets(urls: &[String]) -> Vec<(String, String)> {
    let named = urls.iter().enumerate();
    named
        .map(|(n, url)| dataset(&format!("https://a.example/{n}"), url, &format("CSV")))
        .collect()
}

fn good(heard: &Heard, _: usize) -> crate::faulty::Script {
    match heard.method.as_str() {
        "HEAD" => vec![head("200 OK", &[])],
        _ => answer("200 OK", &[], "a,b\n1,2\n"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_asked_side_by_side_and_each_at_its_pace() {
    let server = Faulty::start(good).await;
    let (one, other) = (
        files("127.0.0.1", server.port(), 6),
        files("localhost", server.port(), 6),
    );
    let slowly = OPEN.replace("1000.0", "20.0");
    let bed = Bed::new(&slowly, PATIENT, &[]);
    let all: Vec<String> = one.into_iter().chain(other).collect();
    bed.hold(1, &datasets(&all));
    let began = Instant::now();
    bed.round(&all).await;
    // Twelve requests to each, fifty milliseconds apart, and the two hosts together.
    assert!(began.elapsed() >= Duration::from_millis(11 * 50));
    for host in ["127.0.0.1", "localhost"] {
        let heard = server.requests();
        let of = |heard: &Heard| heard.header("host").unwrap().starts_with(host);
        let times: Vec<Instant> = heard.iter().filter(|h| of(h)).map(|h| h.at).collect();
        assert_eq!(times.len(), 12);
        // What is heard is a little later than what is sent, now more and now less.
        let took = *times.last().unwrap() - times[0];
        assert!(took >= Duration::from_millis(10 * 50), "{took:?}");
    }
    assert!(server.at_once_max() <= 2, "one of each host at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn harvesting_is_not_slowed_by_the_pace_of_checks() {
    let server = Faulty::start(good).await;
    let urls = files("127.0.0.1", server.port(), 1);
    let bed = Bed::new(&OPEN.replace("1000.0", "0.01"), PATIENT, &[]);
    bed.hold(1, &datasets(&urls));
    let stop = CancellationToken::new();
    let round = tokio::spawn(Round::new(bed.means.clone(), stop.clone()).run());
    server.heard(1).await;
    let source = crate::texts::source("a", "dcat", server.url.as_str(), "");
    let other = Bed::new(OPEN, PATIENT, &[source]);
    let request = harvestd_harvesters::Request::get(server.at("data"), "*/*");
    let began = Instant::now();
    for _ in 0..3 {
        let network = &bed.means.network;
        let source = &other.config.sources[0];
        network
            .ask(source, &request, None, &bed.means.spool_dir)
            .await
            .unwrap();
    }
    assert!(
        began.elapsed() < Duration::from_secs(50),
        "a check each hundred seconds is no pace for it"
    );
    stop.cancel();
    round.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_checked_is_remembered_and_the_rest_is_gone_on_with() {
    let server = Faulty::start(good).await;
    let urls = files("127.0.0.1", server.port(), 8);
    let bed = Bed::new(OPEN, PATIENT, &[]);
    bed.hold(1, &datasets(&urls[..5]));
    bed.round(&urls[..5]).await;
    let bed = bed.restart();
    bed.hold(2, &datasets(&urls));
    bed.round(&urls).await;
    assert_eq!(server.requests().len(), 16, "each was asked once");
    let sums = bed.means.links.sums(0).unwrap();
    assert_eq!((sums.known, sums.checked, sums.broken), (8, 8, 0));
    assert_eq!(sums.sources[0].name, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_follows_the_catalogue() {
    let server = Faulty::start(good).await;
    let urls = files("127.0.0.1", server.port(), 2);
    let bed = Bed::new(OPEN, PATIENT, &[]);
    bed.hold(1, &datasets(&urls));
    bed.round(&urls).await;
    let due = |url: &String| bed.means.links.address(url).unwrap().unwrap().due_ms;
    assert!(due(&urls[0]) > 0);
    // The second is named no more, and the first is declared to be something else.
    bed.hold(
        2,
        &[dataset("https://a.example/0", &urls[0], &format("JSON"))],
    );
    assert_eq!(bed.known(), [urls[0].clone()]);
    assert_eq!(due(&urls[0]), 0, "it is asked again at once");
    let reach = |url: &String| bed.means.links.reach(url).unwrap();
    assert_eq!(reach(&urls[0]), Some(Reach::Reachable));
    assert_eq!(reach(&urls[1]), None);
    // Two datasets name one address: it goes when both have gone.
    let both = ["https://a.example/0", "https://a.example/9"];
    let named = |iris: &[&str]| -> Vec<_> {
        iris.iter()
            .map(|iri| dataset(iri, &urls[0], &format("CSV")))
            .collect()
    };
    bed.hold(3, &named(&both));
    bed.hold(4, &named(&both[1..]));
    assert_eq!(bed.known().len(), 1);
    bed.hold(5, &[]);
    assert_eq!(bed.known().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_is_stopped_stops_at_once() {
    let server = Faulty::always(vec![crate::faulty::Step::Hang]).await;
    let urls = files("127.0.0.1", server.port(), 3);
    let bed = Bed::new(OPEN, PATIENT, &[]);
    bed.hold(1, &datasets(&urls));
    let stop = CancellationToken::new();
    let round = tokio::spawn(Round::new(bed.means.clone(), stop.clone()).run());
    server.heard(1).await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), round)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bed.trouble(&urls[0]), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_where_checks_are_off_or_the_hours_are_quiet() {
    let server = Faulty::start(good).await;
    let urls = files("127.0.0.1", server.port(), 1);
    let hour = |offset: i64| {
        (chrono::Utc::now() + chrono::TimeDelta::hours(offset))
            .format("%H:%M")
            .to_string()
    };
    let quiet = format!(
        "timezone = \"UTC\"\nquiet = [\"{}-{}\"]\n",
        hour(-2),
        hour(2)
    );
    let own = crate::texts::source(
        "a",
        "data_gov_tw",
        &format!("http://127.0.0.1:{}/", server.port()),
        &quiet,
    );
    for (off, sources) in [
        ("enabled = false\n".to_owned(), vec![]),
        (quiet, vec![]),
        // Those of the source whose server it is.
        (String::new(), vec![own]),
    ] {
        let bed = Bed::new(&format!("{OPEN}{off}"), PATIENT, &sources);
        bed.hold(1, &datasets(&urls));
        let stop = CancellationToken::new();
        let round = tokio::spawn(Round::new(bed.means.clone(), stop.clone()).run());
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        round.await.unwrap();
        assert_eq!(server.connections(), 0, "{off}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_only_what_is_wanted_is_asked() {
    use futures_util::StreamExt;
    let server = Faulty::start(good).await;
    let urls = files("127.0.0.1", server.port(), 3);
    let bed = Bed::new(OPEN, PATIENT, &[]);
    bed.hold(1, &datasets(&urls));
    let links = &bed.means.links;
    for (wanted, count) in [
        (Wanted::Url(urls[0].clone()), 1),
        (Wanted::Url("http://127.0.0.1/other".to_owned()), 0),
        (Wanted::Dataset("https://a.example/1".to_owned()), 1),
        (Wanted::Dataset("https://a.example/99".to_owned()), 0),
        (Wanted::Source("a".to_owned()), 3),
        (Wanted::Source("b".to_owned()), 0),
    ] {
        let keys = links.wanted(&wanted).unwrap();
        let lines: Vec<_> = harvestd::links::Links::check_now(bed.means.clone(), keys)
            .collect()
            .await;
        assert_eq!(lines.len(), count, "{wanted:?}");
        let well = |line: harvestd::links::round::Line| line.trouble == Some(Trouble::Ok);
        assert!(lines.into_iter().all(|line| well(line.unwrap())));
    }
}
