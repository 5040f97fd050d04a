//! `/changes`: every activity that is published, once and in order, however the client asks.

use super::{
    doors::{Doors, Plan, open, problem},
    house::DEADLINE,
    serving::{Bed, eventually, parsed},
    texts::{export, rows},
};
use futures_util::StreamExt;
use harvestd::{
    log::{Activity, Log, Verb},
    serve::changes::Told,
    store::Head,
};
use serde_json::Value;
use std::time::Duration;
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpSocket};

fn head(generation: u64, seq: u64) -> Head {
    Head {
        generation,
        seq,
        published_us: 1_767_225_600_000_000,
    }
}

/// Writes a segment of the log: every third activity a deletion.
fn write(doors: &Doors, generation: u64, first: u64, last: u64) {
    let log = Log::open(doors.data_dir().join("log"), doors.base).unwrap();
    let mut segment = log.begin(generation, first).unwrap();
    for seq in first..=last {
        let verb = [Verb::Create, Verb::Update, Verb::Delete][seq as usize % 3];
        let body = match verb {
            Verb::Delete => String::new(),
            _ => "<http://e/s> <http://e/p> \"a body that is not told\" .\n".to_owned(),
        };
        let activity = Activity {
            seq,
            verb,
            entity: format!("http://e.example/{seq}"),
            published_us: 1_767_000_000_000_000 + seq as i64,
            body,
        };
        segment.append(&activity).unwrap();
    }
    segment.finish().unwrap();
}

/// Doors over a log of these segments, of which everything up to `published` is published.
async fn doors(change: impl FnOnce(&mut Plan), last: u64, published: u64) -> Doors {
    let mut plan = Plan::default();
    change(&mut plan);
    let mut doors = open(plan).await;
    let half = last / 2;
    write(&doors, 1, 1, half);
    write(&doors, 1, half + 1, last);
    doors.publish_at(head(1, published));
    doors
}

fn seqs(page: &Value) -> Vec<u64> {
    let all = page["activities"].as_array().unwrap().iter();
    all.map(|a| a["seq"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_json_follow_each_other() {
    let doors = doors(|plan| plan.limits.changes.page_activities_max = 7, 20, 17).await;
    let (mut next, mut all) = (String::new(), Vec::new());
    loop {
        let page = doors.json(&format!("/changes?{next}")).await;
        assert_eq!(
            (&page["generation"], &page["head"]),
            (&1.into(), &17.into())
        );
        all.extend(seqs(&page));
        next = format!("after={}", page["next"].as_str().unwrap());
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(
        all,
        (1..=17).collect::<Vec<_>>(),
        "and nothing that is not published"
    );
    let page = doors.json("/changes?after=4&limit=2").await;
    let told: Vec<Told> = serde_json::from_value(page["activities"].clone()).unwrap();
    let expected = Told {
        id: "1-5".to_owned(),
        seq: 5,
        kind: "Delete".to_owned(),
        object: "http://e.example/5".to_owned(),
        published: "2025-12-29T09:20:00.000005Z".to_owned(),
        activity: "http://hub.example/activity/1/5".to_owned(),
    };
    assert_eq!((told.len(), &told[0]), (2, &expected));
    let members = page["activities"][0].as_object().unwrap();
    assert_eq!(members.len(), 6, "the body is not told: {members:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_is_an_error() {
    let mut doors = doors(|_| {}, 20, 20).await;
    let get = async |doors: &Doors, path: &str| doors.get(path).send().await.unwrap();
    for accept in ["application/json", "text/event-stream"] {
        let at = |after: &str| {
            doors
                .get(&format!("/changes?after={after}"))
                .header("accept", accept)
                .send()
        };
        let gone = problem(at("2-5").await.unwrap(), 410, "other-generation").await;
        assert_eq!(
            (&gone["generation"], &gone["head"]),
            (&1.into(), &20.into())
        );
        problem(at("21").await.unwrap(), 400, "after-ahead").await;
        problem(at("x").await.unwrap(), 400, "after").await;
        problem(at("1-").await.unwrap(), 400, "after").await;
    }
    problem(get(&doors, "/changes?wait_ms=x").await, 400, "wait_ms").await;
    problem(get(&doors, "/changes?limit=-1").await, 400, "limit").await;
    let image = doors.get("/changes").header("accept", "image/png");
    problem(image.send().await.unwrap(), 406, "not-acceptable").await;
    // The log does not go back to the beginning any more.
    std::fs::remove_file(doors.data_dir().join("log/1/1-10.nq.zst")).unwrap();
    let gone = problem(get(&doors, "/changes?after=3").await, 410, "changes-gone").await;
    assert_eq!((&gone["begins"], &gone["head"]), (&11.into(), &20.into()));
    assert_eq!(seqs(&doors.json("/changes?after=10").await).len(), 10);
    doors.publish_at(head(2, 0));
    problem(
        get(&doors, "/changes?after=1-20").await,
        410,
        "other-generation",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_waits_for_what_comes() {
    let mut doors = doors(|_| {}, 20, 12).await;
    let waiting = doors.get("/changes?after=12&wait_ms=30000").send();
    let waiting = tokio::spawn(waiting);
    tokio::task::yield_now().await;
    doors.publish_at(head(1, 12));
    assert!(!waiting.is_finished(), "the same again is nothing new");
    doors.publish_at(head(1, 14));
    let page = parsed(waiting.await.unwrap().unwrap()).await;
    assert_eq!(seqs(&page), [13, 14]);
    let page = doors.json("/changes?after=14&wait_ms=50").await;
    assert_eq!((seqs(&page), &page["next"]), (vec![], &"1-14".into()));
    let waiting = tokio::spawn(doors.get("/changes?after=14&wait_ms=30000").send());
    doors.ending.cancel();
    let page = parsed(waiting.await.unwrap().unwrap()).await;
    assert_eq!(seqs(&page), Vec::<u64>::new());
}

/// One stream of events, as its client reads it (HTML Standard, "Interpreting an event stream").
struct Events {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

#[derive(Debug, Default, PartialEq)]
struct Event {
    id: String,
    event: String,
    data: String,
    retry: String,
    comment: bool,
}

impl Events {
    async fn open(doors: &Doors, path: &str, last: Option<&str>) -> Self {
        let mut request = doors.get(path).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self {
            body: response.bytes_stream().boxed(),
            text: String::new(),
        }
    }

    /// None: the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        while !self.text.contains("\n\n") {
            let piece = tokio::time::timeout(DEADLINE, self.body.next());
            let piece = piece.await.expect("something comes")?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let (block, rest) = self.text.split_once("\n\n").unwrap();
        let mut event = Event::default();
        for line in block.lines() {
            match line.split_once(':').unwrap() {
                ("", _) => event.comment = true,
                ("id", value) => event.id = value.trim().to_owned(),
                ("event", value) => event.event = value.trim().to_owned(),
                ("data", value) => event.data += value.trim(),
                ("retry", value) => event.retry = value.trim().to_owned(),
                other => panic!("{other:?}"),
            }
        }
        self.text = rest.to_owned();
        Some(event)
    }

    async fn seqs(&mut self, count: usize) -> Vec<u64> {
        let mut seqs = Vec::new();
        while seqs.len() < count {
            let event = self.next().await.unwrap();
            if let Ok(told) = serde_json::from_str::<Told>(&event.data) {
                assert_eq!(event.id, told.id);
                assert_eq!(event.event, told.kind.to_lowercase());
                seqs.push(told.seq);
            }
        }
        seqs
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_what_comes_and_goes_on_where_it_was() {
    let mut doors = doors(|_| {}, 1200, 1100).await;
    let mut events = Events::open(&doors, "/changes", None).await;
    assert_eq!(events.next().await.unwrap().retry, "3000");
    doors.publish_at(head(1, 1102));
    assert_eq!(events.seqs(2).await, [1101, 1102], "from now on");
    drop(events);
    // Everything, over both segments and several reads, and then what comes.
    let mut events = Events::open(&doors, "/changes?after=0", None).await;
    assert_eq!(events.seqs(1102).await, (1..=1102).collect::<Vec<_>>());
    doors.publish_at(head(1, 1103));
    assert_eq!(events.seqs(1).await, [1103]);
    // Last-Event-ID counts for more than the address it began with.
    let mut again = Events::open(&doors, "/changes?after=0", Some("1-1101")).await;
    assert_eq!(again.seqs(2).await, [1102, 1103]);
    // History begins anew: it is told, and the stream ends.
    doors.publish_at(head(2, 0));
    let told = again.next().await.unwrap();
    assert_eq!((told.event.as_str(), told.id.as_str()), ("generation", ""));
    assert_eq!(again.next().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_stream_beats_and_ends_with_the_house() {
    let change = |plan: &mut Plan| {
        plan.limits.changes.heartbeat_ms = 100;
        plan.limits.changes.streams_max = 1;
    };
    let doors = doors(change, 20, 20).await;
    let mut events = Events::open(&doors, "/changes", None).await;
    assert!(!events.next().await.unwrap().comment);
    for _ in 0..2 {
        assert!(events.next().await.unwrap().comment);
    }
    for accept in ["text/event-stream", "application/json"] {
        let one_more = doors
            .get("/changes?after=20&wait_ms=1000")
            .header("accept", accept);
        let refused = one_more.send().await.unwrap();
        assert!(refused.headers().contains_key("retry-after"));
        problem(refused, 503, "too-many-streams").await;
    }
    assert_eq!(seqs(&doors.json("/changes?after=18").await), [19, 20]);
    doors.ending.cancel();
    while let Some(event) = events.next().await {
        assert!(event.comment);
    }
    // Its place is free again: what comes now ends at once, for the house is closing.
    eventually("a place", async || {
        let request = doors.get("/changes").header("accept", "text/event-stream");
        request.send().await.unwrap().status() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_nothing_is_cut_and_goes_on() {
    let change = |plan: &mut Plan| {
        plan.listen.write_stall = Duration::from_millis(300);
        plan.limits.changes.streams_max = 1;
    };
    let doors = doors(change, 60_000, 60_000).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(doors.public).await.unwrap();
    let request = "GET /changes?after=0 HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    // It takes nothing for longer than it may, and its place is free again.
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    eventually("it is cut", async || {
        let request = doors.get("/changes").header("accept", "text/event-stream");
        request.send().await.unwrap().status() == 200
    })
    .await;
    let mut taken = Vec::new();
    let _ = stream.read_to_end(&mut taken).await;
    let taken = String::from_utf8_lossy(&taken);
    let last = taken
        .rsplit("id: ")
        .find_map(|rest| rest.split_once('\n').map(|(id, _)| id.to_owned()))
        .unwrap();
    let seq: u64 = last.strip_prefix("1-").unwrap().parse().unwrap();
    assert!(seq < 60_000, "it was cut before the end");
    let mut events = Events::open(&doors, "/changes", Some(&last)).await;
    assert_eq!(events.seqs(3).await, [seq + 1, seq + 2, seq + 3]);
}

/// The program: a run is told when it is published, and a stream does not hold up the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_told_and_the_daemon_ends_at_once() {
    let bed = Bed::new(export(&rows(1, 5, 1))).await;
    // Longer than its end is waited for: a stream that held it up would fail the test.
    bed.configure("shutdown_grace_ms = 300_000", "");
    let serving = bed.serve().await;
    let first = serving.run().await["activities"][1].as_u64().unwrap();
    let document = export(&rows(1, 8, 2));
    bed.origin.say("/a", "application/json", document);
    let stream = serving
        .get("/changes")
        .header("accept", "text/event-stream");
    let response = stream.send().await.unwrap();
    let mut events = Events {
        body: response.bytes_stream().boxed(),
        text: String::new(),
    };
    assert_eq!(events.next().await.unwrap().retry, "3000");
    let report = serving.run().await;
    let last = report["activities"][1].as_u64().unwrap();
    let told = events.seqs(usize::try_from(last - first).unwrap()).await;
    assert_eq!(told, (first + 1..=last).collect::<Vec<_>>());
    serving.stop().await;
    while let Some(event) = events.next().await {
        assert!(event.comment);
    }
}
