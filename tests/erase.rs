//! What is erased is in no file below the data directory, whatever was made of it, and the rest is as it was.
//!
//! Everything is on loopback. Start at [`holders`], which looks for bytes, compressed ones too.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/house.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod house;
#[path = "support/origin.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod origin;
#[path = "support/port.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod port;
#[path = "support/serving.rs"]
#[expect(dead_code, reason = "tests/outgoing.rs uses the rest")]
mod serving;
#[path = "support/texts.rs"]
#[expect(dead_code, reason = "tests/runs.rs uses the rest")]
mod texts;

use harvestd::push::tokens;
use serde_json::{Value, json};
use serving::{Bed, Serving, eventually, parsed};
use std::{
    collections::{BTreeSet, HashMap},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Output,
};
use texts::{export, row, rows};

/// In what is to be erased, each in another way; nobody compresses them.
const HARVESTED: &str = "Kv9Zt3XwQ7LmR2Pf8HsD";
const PUSHED: &str = "Bq4Yx8NcT1GvJ6Wk5RzM";
const IN_PARTS: &str = "Fd7Uj2SaE9HpC3Xb6LtQ";
const REMARKED: &str = "Zw5Mk1VyO8DgN4Rh7JcP";
/// The source has corrected it since.
const PAST: &str = "Ty6Hb9LqI2WfX5Gs8KvA";
const ALL: [&str; 5] = [HARVESTED, PUSHED, IN_PARTS, REMARKED, PAST];

/// Of each text the entries of the data directory below which a file has it, plain or compressed.
fn holders(data_dir: &Path, texts: &[&str]) -> Vec<BTreeSet<String>> {
    let mut found = vec![BTreeSet::new(); texts.len()];
    // Snapshots have most files of the store, and of one another.
    let mut looked: HashMap<u64, BTreeSet<usize>> = HashMap::new();
    for file in files(data_dir) {
        let inode = std::fs::metadata(&file).unwrap().ino();
        let held = looked
            .entry(inode)
            .or_insert_with(|| held(&std::fs::read(&file).unwrap(), texts));
        let below = file.strip_prefix(data_dir).unwrap();
        let top = below.components().next().unwrap().as_os_str();
        for text in &*held {
            found[*text].insert(top.to_str().unwrap().to_owned());
        }
    }
    found
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Which of the texts are in the bytes, in whatever case. Wherever a compressed stream may begin, it is read as far as it
/// goes.
fn held(bytes: &[u8], texts: &[&str]) -> BTreeSet<usize> {
    let mut held = BTreeSet::new();
    let mut out = Vec::new();
    for at in 0..bytes.len() {
        let rest = &bytes[at..];
        for (n, text) in texts.iter().enumerate() {
            let first = text.as_bytes()[0];
            if rest[0].eq_ignore_ascii_case(&first)
                && rest.len() >= text.len()
                && rest[..text.len()].eq_ignore_ascii_case(text.as_bytes())
            {
                held.insert(n);
            }
        }
        out.clear();
        if rest[0] == ZSTD[0] && rest.starts_with(&ZSTD) {
            if let Ok(mut frame) = zstd::Decoder::with_buffer(rest) {
                // What is cut off, or none, gives what it can.
                let _ = frame.read_to_end(&mut out);
            }
        } else if rest[0] == GZIP[0] && rest.starts_with(&GZIP) {
            let _ = flate2::read::GzDecoder::new(rest).read_to_end(&mut out);
        }
        if !out.is_empty() {
            held.extend(self::held(&out, texts));
        }
    }
    held
}

/// Two ministries, one of which tells of details, and a centre that pushes; anybody may remark.
struct Town {
    bed: Bed,
    token: String,
}

impl Town {
    async fn new(count: usize) -> Self {
        let mut all = rows(1, count, 1);
        all[6] = row("7", HARVESTED);
        all[7] = row("8", PAST);
        let bed = Bed::new(export(&all)).await;
        let details = bed.origin.at("/detail/");
        let second = texts::source("b", "data_gov_tw", &bed.origin.at("/b"), "")
            + &format!("[source.options]\ndetails = \"{details}\"\n");
        let centre = "[[source]]\nid = \"centre\"\nkind = \"push\"\ntitle = { en = \"Centre\" }\n";
        bed.configure(
            "[limits.push]\npublish_every_ms = 0\n[limits.feedback]\npublish_every_ms = 0\n[limits.dumps]\nevery_ms = 0\n",
            &format!("{second}{centre}[feedback]\nopen = true\n"),
        );
        let rows_b = [row("100001", IN_PARTS), row("100002", "Another")];
        bed.origin.say("/b", "application/json", export(&rows_b));
        std::fs::create_dir_all(bed.data_dir()).unwrap();
        let token = tokens::make(&bed.data_dir(), "centre", 0).unwrap().1.0;
        Self { bed, token }
    }

    async fn push(&self, serving: &Serving, id: &str, title: &str) {
        let body = format!(
            "<https://centre.example/{id}> a <http://www.w3.org/ns/dcat#Dataset> ; \
             <http://purl.org/dc/terms/identifier> \"{id}\" ; <http://purl.org/dc/terms/title> \"{title}\"@en ."
        );
        let url = format!("http://{}/push/centre/{id}", serving.listen);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let pushed = client.put(url).bearer_auth(&self.token);
        let pushed = pushed.header("content-type", "text/turtle");
        let pushed = pushed.header("idempotency-key", format!("{id} {title}"));
        let answer = pushed.body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Harvested, pushed, remarked; said once in every form that is kept.
    async fn lived_in(count: usize) -> (Self, [String; 3]) {
        let town = Self::new(count).await;
        let serving = town.bed.serve().await;
        serving.run().await;
        run(&serving, "b").await;
        town.push(&serving, "rain", PUSHED).await;
        town.push(&serving, "snow", PAST).await;
        town.push(&serving, "snow", "Snow").await;
        town.correct(count);
        serving.run().await;
        eventually("what was pushed is published", async || {
            iri_of(&serving, "Snow").await.is_some()
        })
        .await;
        let mut iris = Vec::new();
        for title in [HARVESTED, PUSHED, IN_PARTS] {
            iris.push(iri_of(&serving, title).await.unwrap());
        }
        let remark = json!({ "kind": "remark", "dataset": iris[0], "text": REMARKED, "who": REMARKED, "contact": "x@people.example" });
        let sent = serving.post("/feedback");
        let sent = sent.header("content-type", "application/json");
        let sent = sent.body(remark.to_string()).send().await.unwrap();
        assert_eq!(sent.status(), 201);
        eventually("the remark is published", async || {
            let all = "SELECT ?o { GRAPH <https://hub.example/graph/feedback> { ?s ?p ?o } }";
            select(&serving, all).await.concat().contains(REMARKED)
        })
        .await;
        let dump = serving.json("/dumps").await;
        assert!(dump["files"].is_array(), "{dump}");
        if count > 1000 {
            let page = serving.get("/feed/1/0.trig").send().await.unwrap();
            assert!(page.text().await.unwrap().contains(HARVESTED));
        }
        serving.stop().await;
        (town, iris.try_into().unwrap())
    }

    /// The source says something else of 8 now.
    fn correct(&self, count: usize) {
        let mut all = rows(1, count, 1);
        all[6] = row("7", HARVESTED);
        self.bed.origin.say("/a", "application/json", export(&all));
    }

    fn holders<const N: usize>(&self, texts: [&str; N]) -> [BTreeSet<String>; N] {
        holders(&self.bed.data_dir(), &texts).try_into().unwrap()
    }

    /// None of the texts is in any file.
    fn is_without(&self, texts: &[&str], when: &str) {
        for (text, holders) in texts.iter().zip(holders(&self.bed.data_dir(), texts)) {
            assert_eq!(holders, BTreeSet::new(), "{when}: {text}");
        }
    }

    async fn erase(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["erase", "--why", "asked for"];
        all.extend(arguments);
        self.bed.command(&all).output().await.unwrap()
    }
}

async fn run(serving: &Serving, source: &str) {
    let path = format!("/sources/{source}/run?wait=true");
    let report = parsed(serving.admin("POST", &path).await).await;
    assert_eq!(report["outcome"], "complete", "{report}");
}

async fn select(serving: &Serving, query: &str) -> Vec<String> {
    let form = [("query", query)];
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let asked = serving.get(&format!("/sparql?{query}"));
    let answer = asked.header("accept", "text/csv").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The dataset of a title.
async fn iri_of(serving: &Serving, title: &str) -> Option<String> {
    let query = format!(
        "SELECT ?d {{ ?d a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> ?t FILTER(STR(?t) = \"{title}\") }}"
    );
    select(serving, &query).await.into_iter().next()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_in_no_file() {
    let (town, iris) = Town::lived_in(1010).await;
    for aside in ["replaced-1", "ahead-1-2-3-4", "state.broken-1"] {
        let aside = town.bed.data_dir().join(aside);
        std::fs::create_dir(&aside).unwrap();
        std::fs::write(aside.join("file"), HARVESTED).unwrap();
    }
    // It is everywhere: else not finding it would say nothing.
    let everywhere = [
        &[
            "answers",
            "dumps",
            "feed",
            "log",
            "search",
            "snapshots",
            "store",
        ][..],
        &["log", "snapshots", "state", "store"],
        &["log", "parts", "snapshots", "store"],
        &["feedback.jsonl", "snapshots", "store"],
        &["log", "snapshots", "store", "undo"],
    ];
    for ((text, everywhere), holders) in ALL.iter().zip(everywhere).zip(town.holders(ALL)) {
        let lacking: Vec<_> = everywhere
            .iter()
            .filter(|name| !holders.contains(**name))
            .collect();
        assert!(lacking.is_empty(), "{text}: {lacking:?} of {holders:?}");
    }

    let unknown = town.erase(&["https://nobody.example/1", &iris[0]]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        said(&unknown).contains("nothing is known under https://nobody.example/1"),
        "{}",
        said(&unknown)
    );
    let [harvested] = town.holders([HARVESTED]);
    assert!(!harvested.is_empty(), "nothing was erased");

    let [harvested, pushed, in_parts] = &iris;
    let erased = town.erase(&[harvested, pushed, in_parts, "--json"]).await;
    assert!(erased.status.success(), "{}", said(&erased));
    let told: Value = serde_json::from_slice(&erased.stdout).unwrap();
    assert_eq!(told["records"].as_array().unwrap().len(), 3, "{told}");
    assert_eq!(told["feedback"], 1);
    assert_eq!(told["generation"], 2);
    town.is_without(&ALL, "at once");

    // The sources have taken it away as well.
    let mut all = rows(1, 1010, 1);
    all.remove(6);
    town.bed.origin.say("/a", "application/json", export(&all));
    let other = export(&[row("100002", "Another")]);
    town.bed.origin.say("/b", "application/json", other);
    let serving = town.bed.serve().await;
    let count = "SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }";
    assert_eq!(select(&serving, count).await, ["1011"]);
    let report = serving.run().await;
    assert_eq!(report["counts"]["holds"], 1009, "{report}");
    assert_eq!(report["counts"]["new"], 0, "{report}");
    run(&serving, "b").await;
    // Of what stays nobody has to push anything again.
    let again = serving.admin("POST", "/sources/centre/run?what=redescribe&wait=true");
    let again = parsed(again.await).await;
    assert_eq!(again["counts"]["received"], 1, "{again}");
    for title in ["Snow", "Another", "資料 9.1"] {
        assert!(iri_of(&serving, title).await.is_some(), "{title}");
    }
    let found = serving.json("/api/3/action/package_search?q=Snow").await;
    assert_eq!(found["result"]["count"], 1);
    let remark = serving.json("/feedback/1").await;
    assert!(remark["text"].is_null(), "{remark}");
    let gone = serving.get("/feed/1/0.trig").send().await.unwrap();
    assert_eq!(gone.status(), 410);
    let verified = town.bed.command(&["verify", "--replay"]).output().await;
    let verified = verified.unwrap();
    assert!(verified.status.success(), "{}", said(&verified));
    serving.stop().await;
    town.is_without(&ALL, "after all sources ran again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_alone_goes_where_nothing_is_named() {
    let (town, _) = Town::lived_in(20).await;
    let erased = town.erase(&[]).await;
    assert!(erased.status.success(), "{}", said(&erased));
    town.is_without(&[PAST], "at once");
    let still = BTreeSet::from(["log".to_owned(), "store".to_owned()]);
    assert_eq!(town.holders([HARVESTED]), [still]);
    let serving = town.bed.serve().await;
    assert!(iri_of(&serving, HARVESTED).await.is_some());
    let remark = serving.json("/feedback/1").await;
    assert_eq!(remark["text"], REMARKED);
    let busy = town.erase(&[]).await;
    assert_eq!(busy.status.code(), Some(75), "{}", said(&busy));
    serving.stop().await;
}

/// Killed at each step: nobody works with what is half erased, and the command goes on where it was.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_is_finished() {
    for failpoint in [
        "erase-begun",
        "erase-parts",
        "erase-deleted",
        "erase-written",
        "erase-between",
    ] {
        let (mut town, iris) = Town::lived_in(12).await;
        town.bed.failpoints = format!("{failpoint}=return");
        let killed = town.erase(&[&iris[0], &iris[2]]).await;
        assert!(!killed.status.success(), "{failpoint}");
        town.bed.failpoints.clear();
        for command in [&["serve"][..], &["feed", "new-generation", "--why", "x"]] {
            let refused = town.bed.command(command).output().await.unwrap();
            assert_eq!(refused.status.code(), Some(1), "{failpoint}: {command:?}");
            assert!(
                said(&refused).contains("harvestd erase"),
                "{failpoint}: {}",
                said(&refused)
            );
        }
        let again = town.erase(&[&iris[0], &iris[2]]).await;
        assert!(again.status.success(), "{failpoint}: {}", said(&again));
        town.is_without(&[HARVESTED, REMARKED, PAST, IN_PARTS], failpoint);
        let serving = town.bed.serve().await;
        assert!(iri_of(&serving, HARVESTED).await.is_none(), "{failpoint}");
        assert!(iri_of(&serving, PUSHED).await.is_some(), "{failpoint}");
        serving.stop().await;
    }
}

/// A directory of which nothing would be left is not left half erased: it works on.
#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_would_be_left_nothing_is_erased() {
    let town = Town::new(12).await;
    town.bed.serve().await.stop().await;
    let refused = town.erase(&[]).await;
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(
        said(&refused).contains("nothing would be left"),
        "{}",
        said(&refused)
    );
    let serving = town.bed.serve().await;
    serving.run().await;
    assert!(iri_of(&serving, HARVESTED).await.is_some());
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_would_say_it_again() {
    let (town, iris) = Town::lived_in(12).await;
    let file = town.bed.dir.path().join("harvestd.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let correction = format!(
        "\n[[override]]\ndataset = \"{}\"\nproperty = \"dct:title\"\nset = \"{HARVESTED}\"\nwho = \"Lin\"\nwhen = 2026-11-21\nwhy = \"No reason.\"\n",
        iris[0]
    );
    std::fs::write(&file, format!("{text}{correction}")).unwrap();
    let refused = town.erase(&[&iris[0]]).await;
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(
        said(&refused).contains("take that correction away first"),
        "{}",
        said(&refused)
    );
    let [remarked] = town.holders([REMARKED]);
    assert!(!remarked.is_empty(), "nothing was erased");
    std::fs::write(&file, text).unwrap();
    let erased = town.erase(&[&iris[0]]).await;
    assert!(erased.status.success(), "{}", said(&erased));
    town.is_without(&[HARVESTED], "at once");
}
