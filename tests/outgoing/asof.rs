//! The catalogue as of a moment: each state answers again exactly as it did, or not at all.

use super::{
    doors::problem,
    serving::{Bed, Serving, eventually},
    texts::{export, rows},
};
use serde_json::Value;

const QUERIES: [&str; 3] = [
    "SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }",
    "SELECT ?t { ?d a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> ?t } ORDER BY ?t",
    "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
];

/// A query's answer as of `moment`, in lines that are sorted.
pub async fn ask(serving: &Serving, query: &str, moment: Option<&str>) -> reqwest::Response {
    let mut form = vec![("query", query)];
    form.extend(moment.map(|moment| ("as-of", moment)));
    let query = encoded(&form);
    let request = serving
        .get(&format!("/sparql?{query}"))
        .header("accept", "text/csv, application/n-triples");
    request.send().await.unwrap()
}

fn encoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

pub async fn lines(response: reqwest::Response) -> Vec<String> {
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What all the queries and the dump answer.
async fn answers(serving: &Serving, moment: Option<&str>) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for query in QUERIES {
        all.push(lines(ask(serving, query, moment).await).await);
    }
    let dump = match moment {
        Some(moment) => format!("/catalog.nt?as-of={moment}"),
        None => "/catalog.nt".to_owned(),
    };
    all.push(lines(serving.get(&dump).send().await.unwrap()).await);
    all
}

/// A state as it was when it was published.
struct State {
    seq: u64,
    published: String,
    answers: Vec<Vec<String>>,
}

/// Three runs: rows come, change and go.
async fn three_states(bed: &Bed, serving: &Serving) -> Vec<State> {
    let documents = [
        rows(1, 20, 1),
        [rows(1, 5, 2), rows(6, 30, 1)].concat(),
        rows(4, 30, 2),
    ];
    let mut states = Vec::new();
    for document in documents {
        bed.origin.say("/a", "application/json", export(&document));
        serving.run().await;
        let answers = answers(serving, None).await;
        let listed = serving.json("/snapshots").await;
        let newest = listed["snapshots"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(newest["until"], Value::Null);
        states.push(State {
            seq: newest["seq"].as_u64().unwrap(),
            published: newest["published"].as_str().unwrap().to_owned(),
            answers,
        });
    }
    assert_eq!(states.len(), 3);
    for pair in states.windows(2) {
        assert!(pair[0].seq + 1 < pair[1].seq);
        for (before, after) in pair[0].answers.iter().zip(&pair[1].answers) {
            assert!(
                before != after || before.len() < 3,
                "a run changes what is answered"
            );
        }
    }
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_answers_again_as_it_did() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    let serving = bed.serve().await;
    let states = three_states(&bed, &serving).await;
    asked_again(&serving, &states).await;
    between(&serving, &states).await;
    let metrics = serving.get("/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let past = "harvestd_workers_started_total{pool=\"past\"}";
    assert!(metrics.contains(past), "{metrics}");
    assert!(
        !metrics.contains("harvestd_workers_ended_total{pool=\"queries\"}"),
        "the usual workers are not disturbed"
    );
    // Killed, and stopped in good order: what is kept is kept.
    serving.kill().await;
    let serving = bed.serve().await;
    asked_again(&serving, &states).await;
    between(&serving, &states).await;
    serving.stop().await;
    let serving = bed.serve().await;
    asked_again(&serving, &states).await;
    serving.stop().await;
    // The policy thins: one state is enough now.
    bed.configure(
        "snapshots_kept = 0\n[limits.snapshots]\nnewest = 1\ndays = 0",
        "",
    );
    let serving = bed.serve().await;
    asked_again(&serving, &states[2..]).await;
    let gone = ask(&serving, QUERIES[0], Some(&states[1].seq.to_string())).await;
    let gone = problem(gone, 410, "no-snapshot").await;
    assert_eq!(gone["earlier"], Value::Null);
    assert_eq!(gone["later"]["seq"], states[2].seq);
    eventually("the disk is free again", async || {
        let folders = std::fs::read_dir(bed.data_dir().join("snapshots")).unwrap();
        folders.count() == 1
    })
    .await;
}

async fn asked_again(serving: &Serving, states: &[State]) {
    for state in states {
        let moments = [
            state.seq.to_string(),
            format!("1-{}", state.seq),
            state.published.clone(),
        ];
        for moment in &moments {
            assert_eq!(
                answers(serving, Some(moment)).await,
                state.answers,
                "as of {moment}"
            );
        }
    }
}

/// In the middle of a run no snapshot shows the state.
async fn between(serving: &Serving, states: &[State]) {
    let listed = serving.json("/snapshots").await;
    for (at, pair) in states.windows(2).enumerate() {
        let until = listed["snapshots"][at]["until"].as_str().unwrap();
        for moment in [&(pair[0].seq + 1).to_string(), until] {
            let gone = ask(serving, QUERIES[0], Some(moment)).await;
            let gone = problem(gone, 410, "no-snapshot").await;
            assert_eq!(gone["earlier"]["seq"], pair[0].seq, "{gone}");
            assert_eq!(gone["later"]["seq"], pair[1].seq, "{gone}");
            assert_eq!(gone["earlier"]["until"], until);
        }
        // A microsecond before the next commit it still is as it was.
        let time = harvestd::log::parse_date_time(until).unwrap();
        let last = harvestd::log::date_time(time - 1);
        let answered = lines(ask(serving, QUERIES[1], Some(&last)).await).await;
        assert_eq!(answered, pair[0].answers[1]);
    }
    let before = ask(serving, QUERIES[0], Some("2001-01-01T00:00:00Z")).await;
    let before = problem(before, 410, "no-snapshot").await;
    assert_eq!(before["earlier"], Value::Null);
    assert_eq!(before["later"]["seq"], states[0].seq);
    let ahead = (states[2].seq + 1).to_string();
    for moment in ["2999-01-01T00:00:00Z", &ahead, "2-1"] {
        let answer = ask(serving, QUERIES[0], Some(moment)).await;
        problem(answer, 400, "as-of-ahead").await;
    }
    for wrong in ["soon", "-3", "1-", "2026-13-01T00:00:00Z"] {
        let answer = ask(serving, QUERIES[0], Some(wrong)).await;
        problem(answer, 400, "as-of").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_on_what_they_hold() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    let cap = "snapshots_kept = 0\n[limits.snapshots]\nbytes_max = 0";
    bed.configure(cap, "");
    let serving = bed.serve().await;
    let states = three_states(&bed, &serving).await;
    asked_again(&serving, &states[2..]).await;
    let listed = serving.json("/snapshots").await;
    assert_eq!(listed["snapshots"].as_array().unwrap().len(), 1);
}

/// What kept snapshots hold grows while the store compacts: the cap is looked at although nothing is published.
#[tokio::test(flavor = "multi_thread")]
async fn a_cap_on_what_they_come_to_hold() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    let cap = "snapshots_kept = 0\n[limits.snapshots]\nbytes_max = 33554432\nlook_every_ms = 20";
    bed.configure(cap, "");
    let serving = bed.serve().await;
    let states = three_states(&bed, &serving).await;
    asked_again(&serving, &states).await;
    let prefix = format!("1-{}-", states[0].seq);
    let oldest = std::fs::read_dir(bed.data_dir().join("snapshots")).unwrap();
    let mut oldest = oldest.map(|entry| entry.unwrap().path());
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let oldest = oldest.find(|path| name(path).starts_with(&prefix)).unwrap();
    std::fs::write(oldest.join("999999.sst"), vec![1; 40 << 20]).unwrap();
    eventually("the oldest goes", async || !oldest.exists()).await;
    asked_again(&serving, &states[1..]).await;
    let gone = ask(&serving, QUERIES[0], Some(&states[0].seq.to_string())).await;
    problem(gone, 410, "no-snapshot").await;
}

fn header<'r>(response: &'r reqwest::Response, name: &str) -> Option<&'r str> {
    let value = response.headers().get(name)?;
    Some(value.to_str().unwrap())
}

fn links(response: &reqwest::Response) -> String {
    let all = response.headers().get_all("link").iter();
    let all: Vec<&str> = all.map(|link| link.to_str().unwrap()).collect();
    all.join(", ")
}

#[tokio::test(flavor = "multi_thread")]
async fn memento_headers() {
    let bed = Bed::new(export(&rows(1, 20, 1))).await;
    let serving = bed.serve().await;
    let states = three_states(&bed, &serving).await;
    let date = |text: &str| {
        let us = harvestd::log::parse_date_time(text).unwrap();
        let time = chrono::DateTime::from_timestamp_micros(us).unwrap();
        time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };

    // Section 2.1: the original names its TimeGate (itself) and its TimeMap, and varies by the datetime.
    let original = serving.get("/catalog.nt").send().await.unwrap();
    assert_eq!(header(&original, "memento-datetime"), None);
    let varies = original.headers().get_all("vary").iter();
    assert!(varies.into_iter().any(|vary| vary == "Accept-Datetime"));
    assert!(
        links(&original).contains("<https://hub.example/catalog.nt>; rel=\"original timegate\"")
    );
    assert!(links(&original).contains(
        "<https://hub.example/snapshots?of=catalog%2Ent>; rel=\"timemap\"; type=\"application/link-format\""
    ));

    // Section 4.1.2: negotiated by Accept-Datetime, answered with 200 and the memento's own address.
    let moment = date(&states[2].published);
    let negotiated = serving
        .get("/catalog.nt")
        .header("accept-datetime", &moment)
        .send()
        .await
        .unwrap();
    let memento = format!("https://hub.example/catalog.nt?as-of=1-{}", states[2].seq);
    assert_eq!(negotiated.status(), 200);
    assert_eq!(
        header(&negotiated, "memento-datetime"),
        Some(moment.as_str())
    );
    assert_eq!(
        header(&negotiated, "content-location"),
        Some(memento.as_str())
    );
    assert!(links(&negotiated).contains(&format!(
        "<{memento}>; rel=\"memento\"; datetime=\"{moment}\""
    )));
    // Later than the last memento: the last one.
    let later = serving
        .get("/catalog.nt")
        .header("accept-datetime", "Wed, 01 Jan 2200 00:00:00 GMT")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&later, "memento-datetime"), Some(moment.as_str()));

    // A memento says when it was, and of what it is; its address is not negotiated any more.
    let seq = states[0].seq;
    let old = serving
        .get(&format!("/catalog.nt?as-of={seq}"))
        .header("accept-datetime", "not looked at")
        .send()
        .await
        .unwrap();
    assert_eq!(
        header(&old, "memento-datetime"),
        Some(date(&states[0].published).as_str())
    );
    assert!(links(&old).contains("<https://hub.example/catalog.nt>; rel=\"original timegate\""));
    let varies = old.headers().get_all("vary").iter();
    assert!(varies.into_iter().all(|vary| vary != "Accept-Datetime"));

    // A datetime that is none.
    let wrong = serving
        .get("/catalog.nt")
        .header("accept-datetime", "2026-11-20T08:00:00Z")
        .send()
        .await
        .unwrap();
    problem(wrong, 400, "accept-datetime").await;

    // Section 5: the TimeMap.
    let map = serving
        .get("/snapshots?of=catalog.nt")
        .send()
        .await
        .unwrap();
    assert_eq!(
        header(&map, "content-type"),
        Some("application/link-format")
    );
    let map = map.text().await.unwrap();
    let entries: Vec<&str> = map.trim_end().split(",\n").collect();
    assert_eq!(
        entries[0],
        "<https://hub.example/catalog.nt>;rel=\"original timegate\""
    );
    assert!(entries[1].starts_with("<https://hub.example/snapshots?of=catalog%2Ent>;rel=\"self\""));
    assert!(entries[1].contains(&format!("until=\"{}\"", date(&states[2].published))));
    let rels = ["first memento", "memento", "last memento"];
    assert_eq!(entries.len(), 2 + rels.len());
    for ((entry, rel), state) in entries[2..].iter().zip(rels).zip(&states) {
        let expected = format!(
            "<https://hub.example/catalog.nt?as-of=1-{}>;rel=\"{rel}\";datetime=\"{}\"",
            state.seq,
            date(&state.published)
        );
        assert_eq!(*entry, expected);
    }
    dereferenced(&serving, &states).await;
}

/// An entity's own address has a past as well, and a form may ask for it.
async fn dereferenced(serving: &Serving, states: &[State]) {
    let query = "SELECT ?d { ?d a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/identifier> \"4\" }";
    let datasets = lines(ask(serving, query, None).await).await;
    let path = datasets
        .iter()
        .find_map(|iri| iri.strip_prefix("https://hub.example"));
    let title = "SELECT ?t { ?d <http://purl.org/dc/terms/identifier> \"4\" ; <http://purl.org/dc/terms/title> ?t }";
    for (state, revision) in states.iter().zip(["資料 4.1", "資料 4.2", "資料 4.2"]) {
        let posted = serving
            .post("/sparql")
            .header("accept", "text/csv")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(&[
                ("query", title),
                ("as-of", &state.seq.to_string()),
            ]))
            .send()
            .await
            .unwrap();
        assert!(header(&posted, "memento-datetime").is_some());
        assert!(lines(posted).await.contains(&revision.to_owned()));
        if let Some(path) = path {
            let response = serving
                .get(&format!("{path}?as-of={}", state.seq))
                .header("accept", "application/n-triples")
                .send()
                .await
                .unwrap();
            let text = lines(response).await.concat();
            assert!(text.contains(revision), "{text}");
        }
    }
}
