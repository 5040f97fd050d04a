//! Webhooks against receivers that are down, slow and wrong: what arrives, in which order, and what is kept of the rest.

use super::{
    port::Port,
    serving::{Bed, Serving, eventually, parsed},
    texts::{export, rows},
};
use harvestd::{
    log::Log,
    webhooks::{Dead, signature},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Tries follow each other quickly; an answer is waited for as long as a busy machine may take for it.
const QUICK: &str = "[limits.webhooks]\nbackoff_first_ms = 20\nbackoff_max_ms = 40\nbatch_activities_max = 10\n\
                     total_ms = 60_000\nconnect_ms = 60_000\n";

/// What a receiver does with a message.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Answer(u16, &'static str),
    /// Reads it all and closes the connection without a word.
    Close,
    /// Reads it and says nothing for longer than anybody waits.
    Stall,
}

const OK: Does = Does::Answer(204, "");

/// One message as it came.
#[derive(Debug, Clone)]
struct Message {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    path: String,
    did: Does,
    at: SystemTime,
}

impl Message {
    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn seqs(&self) -> Vec<u64> {
        let json = self.json();
        let all = json["data"]["activities"].as_array().unwrap().iter();
        all.map(|a| a["seq"].as_u64().unwrap()).collect()
    }

    /// As a receiver is to verify it: id, time and the bytes as they came.
    fn verify(&self) {
        let timestamp: i64 = self.headers["webhook-timestamp"].parse().unwrap();
        let came = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert!((came.as_secs() as i64 - timestamp).abs() < 120);
        let expected = signature(SECRET, self.id(), timestamp, &self.body).unwrap();
        assert_eq!(self.headers["webhook-signature"], expected);
        assert_eq!(self.headers["content-type"], "application/json");
    }
}

/// A receiver on loopback. What it does is planned; after the plan it takes everything.
struct Receiver {
    url: String,
    came: Arc<Mutex<Vec<Message>>>,
    plan: Arc<Mutex<Vec<Does>>>,
    serving: AbortHandle,
}

impl Receiver {
    async fn start(plan: &[Does]) -> Self {
        Self::at("127.0.0.1:0", plan).await
    }

    async fn at(address: &str, plan: &[Does]) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}/a-hidden-path", listener.local_addr().unwrap());
        let came = Arc::new(Mutex::new(Vec::new()));
        let plan = Arc::new(Mutex::new(plan.iter().rev().copied().collect::<Vec<_>>()));
        let (into, planned) = (came.clone(), plan.clone());
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (into, planned) = (into.clone(), planned.clone());
                tokio::spawn(async move { receive(stream, &into, &planned).await });
            }
        });
        Self {
            url,
            came,
            plan,
            serving: serving.abort_handle(),
        }
    }

    fn hook(&self, more: &str) -> String {
        hook(&self.url, more)
    }

    fn came(&self) -> Vec<Message> {
        self.came.lock().unwrap().clone()
    }

    fn taken(&self) -> Vec<Message> {
        let mut came = self.came();
        came.retain(|m| m.did == OK);
        came
    }

    fn plan(&self, plan: &[Does]) {
        *self.plan.lock().unwrap() = plan.iter().rev().copied().collect();
    }

    /// Waits until all activities from `first` to `last` were taken, and looks that each was taken once and in order.
    async fn has(&self, first: u64, last: u64) {
        let seqs = || -> Vec<u64> { self.taken().iter().flat_map(Message::seqs).collect() };
        eventually("every activity is taken", async || {
            seqs().last() == Some(&last)
        })
        .await;
        assert_eq!(seqs(), (first..=last).collect::<Vec<_>>());
        self.came().iter().for_each(Message::verify);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn hook(url: &str, more: &str) -> String {
    format!(
        "[[webhook]]\nid = \"library\"\nurl = \"{url}\"\nsecret = {{ file = \"secret\" }}\n\
         allow_ranges = [\"127.0.0.0/8\"]\nbegin = \"start\"\n{more}\n"
    )
}

async fn receive(mut stream: TcpStream, came: &Mutex<Vec<Message>>, plan: &Mutex<Vec<Does>>) {
    let mut bytes = Vec::new();
    let head = loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let did = plan.lock().unwrap().pop().unwrap_or(OK);
    came.lock().unwrap().push(Message {
        headers,
        body: bytes[head + 4..].to_vec(),
        path,
        did,
        at: SystemTime::now(),
    });
    match did {
        Does::Close => {}
        // Until the sender hangs up.
        Does::Stall => while stream.read_buf(&mut bytes).await.unwrap_or(0) > 0 {},
        Does::Answer(status, more) => {
            let answer = format!(
                "HTTP/1.1 {status} Said\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
}

async fn bed(limits: &str, hook: &str) -> Bed {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    std::fs::write(bed.dir.path().join("secret"), format!("{SECRET}\n")).unwrap();
    bed.configure(limits, hook);
    bed
}

/// Waits until the sender knows that everything was taken. A receiver has it before: who is stopped or reconfigured in
/// between sends the last batch once more, as he must.
async fn until_known(serving: &Serving) {
    eventually("it is known", async || status(serving).await["lag"] == 0).await;
}

async fn status(serving: &Serving) -> Value {
    let all = parsed(serving.admin("GET", "/webhooks").await).await;
    all[0].clone()
}

/// Runs the source with other rows, and gives the numbers of the activities that came of it.
async fn changes(bed: &Bed, serving: &Serving, rows: Vec<String>) -> (u64, u64) {
    bed.origin.say("/a", "application/json", export(&rows));
    let report = serving.run().await;
    let at = |n: usize| report["activities"][n].as_u64().unwrap();
    (at(0), at(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_signed_and_in_order() {
    let receiver = Receiver::start(&[]).await;
    let bed = bed(QUICK, &receiver.hook("")).await;
    let serving = bed.serve().await;
    let (first, last) = changes(&bed, &serving, rows(1, 20, 1)).await;
    assert_eq!(first, 1);
    receiver.has(1, last).await;
    let came = receiver.came();
    assert!(came.len() > 1, "several batches");
    let mut next = 1;
    for message in &came {
        let json = message.json();
        assert_eq!(json["type"], "harvestd.changes");
        assert_eq!(json["data"]["first"], next);
        next = json["data"]["last"].as_u64().unwrap() + 1;
        assert!(message.seqs().len() <= 10);
        assert_eq!(message.path, "/a-hidden-path");
        assert!(message.headers["user-agent"].starts_with("harvestd/"));
    }
    // A second run while it is up, and one while nobody is there.
    let (_, last) = changes(&bed, &serving, rows(3, 20, 2)).await;
    receiver.has(1, last).await;
    until_known(&serving).await;
    serving.stop().await;
    let output = bed.command(&["run", "a", "--json"]).output().await.unwrap();
    assert!(output.status.success());
    bed.origin
        .say("/a", "application/json", export(&rows(3, 25, 2)));
    let output = bed.command(&["run", "a", "--json"]).output().await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let later = report["activities"][1].as_u64().unwrap();
    assert!(later > last);
    let serving = bed.serve().await;
    receiver.has(1, later).await;
    until_known(&serving).await;
    let now = status(&serving).await;
    assert_eq!(now["dead"], 0);
    assert_eq!(now["cursor"], format!("1-{later}"));
    let public = serving.json("/status.json").await["webhooks"][0].clone();
    assert_eq!(public["cursor"], now["cursor"]);
    assert_eq!(public.get("server"), None);
    // What must not be told: the secret and the path, in logs and at the doors.
    let page = serving.get("/status").header("accept", "text/html");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("library"));
    for text in [serving.log(), now.to_string(), page] {
        assert!(!text.contains("MfKQ9r8GKY") && !text.contains("a-hidden-path"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_not_taken_is_not_overtaken() {
    let wrong = [
        Does::Answer(500, ""),
        Does::Answer(400, ""),
        Does::Close,
        Does::Stall,
        Does::Answer(302, "location: http://127.0.0.1:1/elsewhere\r\n"),
        Does::Answer(429, "retry-after: 0\r\n"),
    ];
    let plan = [&wrong[..], &[OK], &wrong[..2]].concat();
    let receiver = Receiver::start(&plan).await;
    // One answer never comes.
    let limits = QUICK.replace("60_000", "5_000");
    let bed = bed(&limits, &receiver.hook("")).await;
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 20, 1)).await;
    receiver.has(1, last).await;
    let came = receiver.came();
    let (tries, after) = came.split_at(wrong.len() + 1);
    for message in tries {
        assert_eq!(
            message.id(),
            tries[0].id(),
            "the same message, under the same id"
        );
        assert_eq!(message.body, tries[0].body);
    }
    assert!(
        after[..3]
            .iter()
            .all(|message| message.id() == after[0].id())
    );
    until_known(&serving).await;
    let now = status(&serving).await;
    assert_eq!(
        (&now["tries"], &now["last_error"]),
        (&0.into(), &Value::Null)
    );
    assert!(serving.log().contains("redirects are not followed"));
}

/// The message was read and no answer came, and then the sender was killed: whether it arrived nobody knows. It comes again
/// under its id, byte for byte, whatever has happened since, so that a receiver that knows the id has every change once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_may_have_arrived_comes_again_under_its_id() {
    let receiver = Receiver::start(&[Does::Close, Does::Stall]).await;
    let bed = bed(QUICK, &receiver.hook("")).await;
    let serving = bed.serve().await;
    changes(&bed, &serving, rows(1, 5, 1)).await;
    eventually("it is sent twice", async || receiver.came().len() == 2).await;
    serving.kill().await;
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 5, 2)).await;
    receiver.has(1, last).await;
    let came = receiver.came();
    for message in &came[1..3] {
        assert_eq!((message.id(), &message.body), (came[0].id(), &came[0].body));
    }
    let mut once: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for message in &came {
        once.insert(message.id(), message.seqs());
    }
    let mut seqs: Vec<u64> = once.into_values().flatten().collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=last).collect::<Vec<_>>());
    until_known(&serving).await;
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_down_is_waited_for() {
    let port = Port::reserved();
    let address = port.at.to_string();
    let hook = hook(&format!("http://{address}/a-hidden-path"), "");
    let many = format!("{QUICK}tries_max = 1000\n");
    let bed = bed(&many, &hook).await;
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 20, 1)).await;
    eventually("it is tried", async || {
        status(&serving).await["tries"].as_u64() >= Some(3)
    })
    .await;
    let now = status(&serving).await;
    assert_eq!(now["last_error"], "connect");
    assert_eq!((&now["cursor"], &now["lag"]), (&"1-0".into(), &last.into()));
    // Killed while a batch waits: it is still the one to come first.
    serving.kill().await;
    let serving = bed.serve().await;
    assert!(status(&serving).await["tries"].as_u64() >= Some(3));
    let receiver = Receiver::at(&address, &[]).await;
    receiver.has(1, last).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_after_is_obeyed_up_to_its_limit() {
    let wait = Does::Answer(503, "retry-after: 1\r\n");
    let far = Does::Answer(503, "retry-after: 3600\r\n");
    let receiver = Receiver::start(&[wait, far]).await;
    let limits = format!("{QUICK}retry_after_max_ms = 1500\n");
    let bed = bed(&limits, &receiver.hook("")).await;
    let serving = bed.serve().await;
    let began = std::time::Instant::now();
    let (_, last) = changes(&bed, &serving, rows(1, 5, 1)).await;
    receiver.has(1, last).await;
    assert!(began.elapsed() >= Duration::from_millis(2_500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_lies_in_the_dead_letter_list() {
    let bad = Does::Answer(500, "");
    // The first batch is given up, the second taken, the third given up.
    let receiver = Receiver::start(&[bad, bad, OK, bad, bad]).await;
    let limits = format!("{QUICK}tries_max = 2\n");
    let bed = bed(&limits, &receiver.hook("")).await;
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 40, 1)).await;
    until_known(&serving).await;
    let now = status(&serving).await;
    assert_eq!(
        (&now["dead"], &now["cursor"]),
        (&2.into(), &format!("1-{last}").into())
    );
    let came = receiver.came();
    let dead: Vec<Dead> =
        serde_json::from_value(parsed(serving.admin("GET", "/webhooks/library/dead").await).await)
            .unwrap();
    assert_eq!(dead.len(), 2);
    for (dead, message) in dead.iter().zip([&came[0], &came[3]]) {
        assert_eq!(dead.id, message.id());
        assert_eq!(dead.body.as_bytes(), message.body);
        assert_eq!((dead.tries, dead.activities), (2, 10));
        assert!(dead.error.contains("answered 500"), "{}", dead.error);
    }
    assert_eq!((dead[0].first, dead[0].last), (1, 10));
    // Not taken again: it stays.
    receiver.plan(&[Does::Answer(503, "")]);
    let refused = serving.admin("POST", "/webhooks/library/resend").await;
    assert_eq!(refused.status(), 502);
    assert_eq!(status(&serving).await["dead"], 2);
    let unknown = serving
        .admin("POST", "/webhooks/library/resend?batch=x")
        .await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(
        serving.admin("GET", "/webhooks/other/dead").await.status(),
        404
    );
    // By the command, in the daemon: one, then the rest; after a restart, without a daemon.
    let output = bed
        .command(&["webhooks", "resend", "library", &dead[1].id])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        format!("Taken: {}\n", dead[1].id),
        "{:?}",
        output.stderr
    );
    serving.stop().await;
    let listed = bed
        .command(&["webhooks", "dead", "library"])
        .output()
        .await
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains(&dead[0].id) && !listed.contains(&dead[1].id),
        "{listed}"
    );
    let all = bed
        .command(&["webhooks", "resend", "library"])
        .output()
        .await
        .unwrap();
    assert!(all.status.success());
    let taken: Vec<String> = receiver.taken().iter().map(|m| m.id().to_owned()).collect();
    assert_eq!(
        &taken[taken.len() - 2..],
        [dead[1].id.clone(), dead[0].id.clone()]
    );
    let mut seqs: Vec<u64> = receiver.taken().iter().flat_map(Message::seqs).collect();
    seqs.sort_unstable();
    assert_eq!(
        seqs,
        (1..=last).collect::<Vec<_>>(),
        "everything arrived in the end"
    );
    let listed = bed.command(&["webhooks", "list"]).output().await.unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("library") && listed.contains("good"),
        "{listed}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_is_gone_until_the_operator_says_otherwise() {
    let receiver = Receiver::start(&[Does::Answer(410, "")]).await;
    let bed = bed(QUICK, &receiver.hook("")).await;
    let serving = bed.serve().await;
    changes(&bed, &serving, rows(1, 20, 1)).await;
    eventually("it is disabled", async || {
        status(&serving).await["disabled"].is_string()
    })
    .await;
    let (_, last) = changes(&bed, &serving, rows(1, 20, 2)).await;
    serving.stop().await;
    let serving = bed.serve().await;
    assert!(status(&serving).await["disabled"].is_string());
    assert_eq!(receiver.came().len(), 1, "nothing more is sent");
    let enabled = bed
        .command(&["webhooks", "enable", "library"])
        .output()
        .await
        .unwrap();
    assert!(enabled.status.success());
    receiver.has(1, last).await;
    let came = receiver.came();
    assert_eq!(came[0].id(), came[1].id(), "from where it was left");
}

/// A receiver that moves goes on where it was, and a removed one is told nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_moves_a_receiver_and_loses_nothing() {
    let (old, new) = (Receiver::start(&[]).await, Receiver::start(&[]).await);
    let bed = bed(QUICK, &old.hook("")).await;
    let serving = bed.serve().await;
    let (_, before) = changes(&bed, &serving, rows(1, 20, 1)).await;
    old.has(1, before).await;
    until_known(&serving).await;
    bed.configure(QUICK, &new.hook(""));
    serving.reload().await;
    let (first, last) = changes(&bed, &serving, rows(1, 20, 2)).await;
    assert_eq!(first, before + 1);
    new.has(first, last).await;
    until_known(&serving).await;
    old.has(1, before).await;
    bed.configure(QUICK, "");
    serving.stop().await;
    let serving = bed.serve().await;
    let (_, later) = changes(&bed, &serving, rows(1, 20, 3)).await;
    assert_eq!(status(&serving).await, Value::Null);
    // Configured again, it is told what it missed.
    bed.configure(QUICK, &new.hook(""));
    serving.reload().await;
    new.has(first, later).await;
}

/// What a receiver was not told and the log does not hold any more: it is told so, once, and goes on with what is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_is_told_what_was_pruned_before_it_was_told() {
    let receiver = Receiver::start(&[Does::Answer(503, "")]).await;
    let limits = QUICK.replace("first_ms = 20", "first_ms = 60000");
    let limits = limits.replace("max_ms = 40", "max_ms = 60000");
    let bed = bed(&limits, &receiver.hook("")).await;
    let serving = bed.serve().await;
    let (first, gone) = changes(&bed, &serving, rows(1, 20, 1)).await;
    assert_eq!(first, 1);
    eventually("a batch waits", async || receiver.came().len() == 1).await;
    serving.stop().await;
    let log = Log::at(bed.dir.path().join("data/log"), "http://unused.example/");
    let segments = log.segments(1).unwrap();
    bed.configure(QUICK, "");
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 20, 2)).await;
    serving.stop().await;
    assert_eq!(log.prune(1, gone + 1).unwrap(), segments.len());

    receiver.plan(&[Does::Answer(500, "")]);
    bed.configure(QUICK, &receiver.hook(""));
    let serving = bed.serve().await;
    // The batch that waited waits on until its next try is due; whoever asks sees it.
    let enabled = serving.admin("POST", "/webhooks/library/enable").await;
    assert!(enabled.status().is_success());
    until_known(&serving).await;
    let came = receiver.came().split_off(1);
    let told = came[0].json();
    assert_eq!(told["type"], "harvestd.pruned", "{told}");
    let data = serde_json::json!({ "generation": 1, "first": 1, "last": gone });
    assert_eq!(told["data"], data);
    assert_eq!(came[0].id(), came[1].id(), "tried again, and the same");
    let seqs: Vec<u64> = came[2..].iter().flat_map(Message::seqs).collect();
    assert_eq!(seqs, (gone + 1..=last).collect::<Vec<_>>());
}

/// History begins anew: a receiver is told so before anything of the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_is_told_of_a_new_generation() {
    let receiver = Receiver::start(&[]).await;
    let bed = bed(QUICK, &receiver.hook("")).await;
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 20, 1)).await;
    receiver.has(1, last).await;
    until_known(&serving).await;
    serving.stop().await;
    let before = receiver.came().len();
    let begun = bed.command(&["feed", "new-generation", "--why", "a test"]);
    assert!({ begun }.output().await.unwrap().status.success());
    let serving = bed.serve().await;
    eventually("everything is told again", async || {
        status(&serving).await["cursor"] == format!("2-{last}")
    })
    .await;
    let came = receiver.came().split_off(before);
    let told = came[0].json();
    assert_eq!(told["type"], "harvestd.generation", "{told}");
    assert_eq!(
        told["data"],
        serde_json::json!({ "generation": 2, "was": 1 })
    );
    let seqs: Vec<u64> = came[1..].iter().flat_map(Message::seqs).collect();
    assert_eq!(seqs, (1..=last).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_dead_letter_list_drops_nothing() {
    let receiver = Receiver::start(&[Does::Answer(500, ""); 2]).await;
    let limits = format!("{QUICK}tries_max = 1\ndead_max = 1\n");
    let bed = bed(&limits, &receiver.hook("")).await;
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 20, 1)).await;
    eventually("it is disabled", async || {
        status(&serving).await["disabled"].is_string()
    })
    .await;
    assert_eq!(status(&serving).await["dead"], 1);
    for order in ["resend", "enable"] {
        let done = serving
            .admin("POST", &format!("/webhooks/library/{order}"))
            .await;
        assert_eq!(done.status(), 200);
    }
    until_known(&serving).await;
    let seqs: Vec<u64> = receiver.taken().iter().flat_map(Message::seqs).collect();
    assert_eq!(seqs, (1..=last).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_wanted_and_only_where_it_may_go() {
    let receiver = Receiver::start(&[]).await;
    let bed = bed(
        QUICK,
        &receiver.hook("classes = [\"dataset\"]\nverbs = [\"create\"]"),
    )
    .await;
    let serving = bed.serve().await;
    let (_, last) = changes(&bed, &serving, rows(1, 20, 1)).await;
    until_known(&serving).await;
    let told: usize = receiver.taken().iter().map(|m| m.seqs().len()).sum();
    assert_eq!(told, 20, "of {last} activities those that create a dataset");
    serving.stop().await;
    // Without its range, loopback is refused, and nothing is sent.
    let before = receiver.came().len();
    let private = hook(&receiver.url, "").replace("allow_ranges = [\"127.0.0.0/8\"]\n", "");
    bed.configure(QUICK, &private.replace("library", "other"));
    let serving = bed.serve().await;
    eventually("it is tried", async || {
        status(&serving).await["tries"].as_u64() >= Some(1)
    })
    .await;
    let now = status(&serving).await;
    assert_eq!(now["last_error"], "refused");
    let detail = now["last_error_detail"].as_str().unwrap();
    assert!(
        detail.contains("loopback") && !detail.contains("a-hidden-path"),
        "{detail}"
    );
    assert_eq!(receiver.came().len(), before);
}

#[test]
fn a_wrong_webhook_is_refused_with_its_line() {
    use harvestd::config::{Config, Outside, Variables};
    let variables = Variables::none()
        .with("GOOD", SECRET)
        .with("SHORT", "whsec_c2hvcnQ=");
    let outside = Outside {
        variables,
        ..Outside::default()
    };
    let check = |lines: &str, expected: &str| {
        let text = format!("public_url = \"http://h/\"\n[[webhook]]\n{lines}\n");
        let parsed = Config::parse("c.toml", &text, &outside);
        match (parsed, expected) {
            (Ok(config), "") => assert_eq!(config.webhooks.len(), 1),
            (Ok(_), _) => panic!("{lines} is accepted"),
            (Err(errors), _) => {
                let errors = errors.to_string();
                assert!(
                    !expected.is_empty() && errors.contains(expected),
                    "{errors}"
                );
                assert!(
                    !errors.contains("whsec_c2") && !errors.contains("MfKQ"),
                    "{errors}"
                );
            }
        }
    };
    let good = "id = \"a\"\nurl = \"https://r.example/x\"\nsecret = \"${GOOD}\"\n";
    check(good, "");
    check(
        "id = \"a\"\nurl = \"https://r.example/\"",
        "c.toml:2:1: webhook.secret: found nothing",
    );
    check(
        &good.replace("${GOOD}", "${SHORT}"),
        "webhook.secret: found something else (not shown)",
    );
    check(
        &good.replace("${GOOD}", SECRET),
        "webhook.secret: found a secret in the file itself",
    );
    check(&good.replace("https", "ftp"), "webhook.url");
    check(
        &format!("{good}verbs = [\"made\"]"),
        "webhook.verbs: found \"made\", expected create, update or delete",
    );
    check(&format!("{good}classes = [\"file\"]"), "webhook.classes");
    check(
        &format!("{good}sources = [\"b\"]"),
        "webhook.sources: found \"b\", expected the id of a source",
    );
    check(&format!("{good}begin = \"later\""), "webhook.begin");
    check(
        &format!("{good}secrets = \"x\""),
        "webhook.secrets: found a key that is not known",
    );
    check(
        &format!("{good}[[webhook]]\n{good}"),
        "which another webhook has already",
    );
}
