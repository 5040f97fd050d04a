//! Bad input: each kind of it ends in an error that says what was found and expected, and takes nothing away.

use super::*;
use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use origin::plain;
use std::{io, time::Duration};
use texts::{export, numbered, row, rows};
use tokio::io::AsyncWriteExt;

/// Limits that a bad server meets within seconds, and a good one on a busy machine does not.
const IMPATIENT: &str = "[source.network.limits]\nrate_window_ms = 5_000\nbytes_per_second_min = 1_000\nbody_bytes_max = 12_000_000\n";

/// A source with ten datasets that was harvested once, and what the store holds then.
async fn harvested() -> (Bed, Whole) {
    let bed = Bed::new(
        "dcat",
        TURTLE,
        numbered(10),
        "requests_per_run_max = 20",
        IMPATIENT,
    )
    .await;
    assert_eq!(bed.house.complete("a").await.counts.new, 10);
    let whole = bed.whole();
    (bed, whole)
}

/// A run that ends with this trouble, and takes nothing away.
async fn ends_with(
    answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    outcome: Outcome,
    told: &[&str],
) -> Report {
    let (bed, before) = harvested().await;
    bed.origin.answer("/a", answer);
    let report = bed.house.order("a", Trigger::Hand, true).await;
    house::assert_adds_up(&report);
    let why = report.why.clone().unwrap_or_default();
    assert_eq!(report.outcome, outcome, "{}", report.line());
    for part in told {
        assert!(why.contains(part), "{part:?} is not in {why:?}");
    }
    assert_eq!(report.activities, None, "{}", report.line());
    assert_eq!((report.counts.absent, report.counts.gone), (0, 0));
    assert_eq!(bed.whole(), before, "nothing was lost, deleted or changed");
    bed.say(numbered(10));
    let after = bed.house.complete("a").await;
    assert_eq!(
        (after.counts.holds, after.activities),
        (10, None),
        "{}",
        after.line()
    );
    bed.house.close().await;
    report
}

macro_rules! failing {
    ($($name:ident: $answer:expr, $outcome:ident, $told:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            ends_with($answer, Outcome::$outcome, &$told).await;
        }
    )*};
}

failing! {
    an_empty_body: |_| plain(TURTLE, ""), Failed,
        ["truncated answer: reading the document: found an empty answer, expected an RDF document"];
    a_login_page: |_| plain("text/html", "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>"), Failed,
        ["not a catalogue: reading the answer: found", "Sign in", "expected RDF/XML"];
    a_document_cut_in_a_statement: |_| { let text = numbered(10); plain(TURTLE, text[..text.len() / 2].to_owned()) }, Failed,
        ["truncated answer: reading Turtle, line ", "found", "expected Turtle or TriG"];
    a_cut_connection: |_| plain(TURTLE, cut(numbered(10))), Failed,
        ["GET http://127.0.0.1", "/a: found a connection that broke off", "expected a whole answer"];
    invalid_utf_8: |_| { let mut text = numbered(10).into_bytes(); text.extend(b"d:1 dct:title \"\xa4\xbd\xb6\xe9\" .\n"); plain("text/turtle; charset=utf-8", text) }, Failed,
        ["malformed answer: reading text, byte ", "found invalid UTF-8 (A4 BD B6 E9)", "expected UTF-8"];
    an_entity_bomb: |_| plain("application/rdf+xml", BOMB), Failed,
        ["limit reached: guarding XML, byte ", "found in the document type: !ENTITY", "expected at most declarations like"];
    deep_json_ld: |_| plain("application/ld+json", format!("{}1{}", "{\"http://www.w3.org/ns/dcat#dataset\":".repeat(5_000), "}".repeat(5_000))), Failed,
        ["limit reached: guarding JSON, byte ", "found nesting of more levels than 64, expected at most 64"];
    an_endless_body: |_| plain(TURTLE, Body::from_stream(stream::repeat(()).map(|()| Ok::<_, io::Error>(Bytes::from_static(&[b'\n'; 65_536]))))), Failed,
        ["/a: found a body of more than 12000000 bytes, expected at most", "body_bytes_max"];
    a_dripping_body: |_| plain(TURTLE, dripping()), Failed,
        ["/a: found", "bytes", "expected at least 1000 bytes a second"];
    another_status: |_| (StatusCode::FORBIDDEN, "no").into_response(), Failed,
        ["/a: found", "403", "expected"];
    rdf_about_something_else: |_| plain(TURTLE, "<https://e.example/> <https://e.example/p> \"x\" ."), Failed,
        ["not a catalogue: looking for records: found Turtle or TriG of 1 triples without a dcat:Catalog", "expected a DCAT catalogue"];
    an_empty_catalogue: |_| plain(TURTLE, texts::turtle(&[])), Partial,
        ["an empty catalogue where 10 datasets were held"];
    less_than_half_of_a_catalogue: |_| plain(TURTLE, numbered(4)), Partial,
        ["6 of 10 datasets are absent; 5 of the 10 held at most in 30 days may go"];
    pages_in_a_circle: |request| page(request, |n| if n == 2 { 1 } else { n + 1 }), Partial,
        ["paging loop: http://127.0.0.1", "/a?page=1 answers the same bytes as a page before"];
    pages_without_end: |request| page(request, |n| n + 1), Partial,
        ["more than 20 requests in one run (limits.requests_per_run_max), last http://127.0.0.1"];
}

const BOMB: &str = r#"<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [ <!ENTITY a "aaaaaaaaaa"> <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"> <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"> ]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/">
<rdf:Description rdf:about="https://city.example/dataset/1"><dct:title>&c;</dct:title></rdf:Description></rdf:RDF>"#;

/// Half of a text, and then the connection breaks.
fn cut(text: String) -> Body {
    let half = Bytes::from(text[..text.len() / 2].to_owned());
    Body::from_stream(stream::iter([Ok(half), Err(io::Error::other("cut"))]))
}

/// A few bytes at a time, for ever.
fn dripping() -> Body {
    let drops = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, io::Error>(Bytes::from_static(b"\n")), ()))
    });
    Body::from_stream(drops)
}

/// A page of a hydra collection, with the datasets `n` and `n + 1`; `next` says which one follows.
fn page(request: &Request, next: impl Fn(usize) -> usize) -> Response {
    let n = request
        .uri()
        .query()
        .and_then(|q| q.strip_prefix("page=")?.parse().ok())
        .unwrap_or(1);
    let host = request.headers()[header::HOST].to_str().unwrap();
    let at = |n: usize| format!("<http://{host}/a?page={n}>");
    let collection = format!(
        "{} a <http://www.w3.org/ns/hydra/core#PagedCollection> ; <http://www.w3.org/ns/hydra/core#nextPage> {} .\n",
        at(n),
        at(next(n))
    );
    let all = numbered(10);
    let known = format!("{all}# page {n}\n{collection}");
    plain(TURTLE, known)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_bomb() {
    let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    for _ in 0..11 {
        encoder.write_all(&[b'\n'; 1_000_000]).await.unwrap();
    }
    encoder.shutdown().await.unwrap();
    let bomb = encoder.into_inner();
    let size = bomb.len();
    let answer = move |_: &Request| {
        (
            [
                (header::CONTENT_ENCODING, "gzip"),
                (header::CONTENT_TYPE, TURTLE),
            ],
            bomb.clone(),
        )
            .into_response()
    };
    let told = [
        "/a: found a body that grew from",
        "when decompressed, expected at most 200 times as much",
    ];
    ends_with(answer, Outcome::Failed, &told).await;
    assert!(size < 50_000, "{size}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_content_type_is_read_and_said() {
    let (bed, before) = harvested().await;
    bed.origin.say("/a", "application/rdf+xml", numbered(10));
    let report = bed.house.order("a", Trigger::Hand, true).await;
    assert_eq!(
        (report.outcome, report.counts.unchanged),
        (Outcome::Complete, 10),
        "{}",
        report.line()
    );
    let (code, text) = &report.noticed[0];
    assert_eq!(code, "sniffed-format");
    assert!(
        text.contains("read as Turtle or TriG, by how it begins; declared as something else"),
        "{text}"
    );
    assert_eq!(bed.whole(), before);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_which_nothing_can_be_taken_is_no_success_the_second_time_either() {
    let one_row = export(&["42".to_owned()]);
    let never_any = Bed::ministry(one_row.clone()).await;
    let some_before = Bed::ministry(export(&rows(1, 3, 1))).await;
    some_before.house.complete("a").await;
    some_before.say(one_row);
    for (bed, held) in [(never_any, 0), (some_before, 3)] {
        for _ in 0..2 {
            let report = bed.house.run("a").await;
            assert_eq!(report.outcome, Outcome::Partial, "{}", report.line());
            assert_eq!(report.why.as_deref(), Some("every record was refused"));
            let c = &report.counts;
            assert_eq!(
                (report.not_modified, c.received, c.not_taken(), c.holds),
                (0, 1, 1, held)
            );
        }
        bed.house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_record_of_a_thousand() {
    let good = rows(1, 1000, 1);
    let bad = "{\"資料集識別碼\":\"500\",\"資料集名稱\":\"少了逗號\" \"服務分類\":\"x\"}";
    let with_bad = |mut all: Vec<String>| {
        all[499] = bad.to_owned();
        export(&all)
    };
    let bed = Bed::ministry(with_bad(good.clone())).await;
    let is_told = |report: &Report| {
        assert_eq!(
            (report.counts.received, report.counts.refused),
            (1000, 1),
            "{}",
            report.line()
        );
        let row = &report.refused[0];
        assert_eq!(
            (row.at.key.as_deref(), row.at.index),
            (Some("500"), Some(499))
        );
        let told = format!("{}: {}", row.at, row.why);
        for part in [
            "record 500, index 499",
            "not-json",
            "found",
            "expected a JSON object, one key a column",
        ] {
            assert!(told.contains(part), "{part:?} is not in {told:?}");
        }
    };
    let first = bed.house.complete("a").await;
    is_told(&first);
    assert_eq!((first.counts.new, first.counts.holds), (999, 999));
    bed.say(export(&good));
    let second = bed.house.complete("a").await;
    assert_eq!((second.counts.new, second.counts.unchanged), (1, 999));
    let before = bed.whole();
    bed.say(with_bad(good));
    let third = bed.house.complete("a").await;
    is_told(&third);
    assert_eq!(
        (third.activities, third.counts.holds),
        (None, 1000),
        "what is refused is not deleted"
    );
    assert_eq!(bed.whole(), before);
    bed.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_identifiers_in_one_catalogue() {
    let twice = [row("1", "first"), row("2", "two"), row("1", "second")];
    let bed = Bed::ministry(export(&twice)).await;
    let report = bed.house.complete("a").await;
    let c = &report.counts;
    assert_eq!(
        (c.received, c.new, c.duplicate, c.holds),
        (3, 2, 1, 2),
        "{}",
        report.line()
    );
    let told = (
        "duplicate-identifier".to_owned(),
        "dataset 1 came more than once in this run; the first one counts".to_owned(),
    );
    assert!(report.noticed.contains(&told), "{:?}", report.noticed);
    assert_eq!(
        bed.whole().titles(),
        ["first", "two"].map(str::to_owned).into()
    );
    let again = bed.house.order("a", Trigger::Hand, true).await;
    assert_eq!(
        (
            again.activities,
            again.counts.unchanged,
            again.counts.duplicate
        ),
        (None, 2, 1)
    );
    bed.house.close().await;
}

/// A first run that fails leaves nothing behind: no records, no activity, no answer, no validators.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_that_fails() {
    let bed = Bed::dcat(String::new()).await;
    let before = bed.whole();
    let report = bed.house.run("a").await;
    assert_eq!(
        (report.outcome, report.activities),
        (Outcome::Failed, None),
        "{}",
        report.line()
    );
    assert_eq!(bed.whole(), before);
    let again = bed.house.run("a").await;
    assert_eq!(
        (again.outcome, again.not_modified),
        (Outcome::Failed, 0),
        "{}",
        again.line()
    );
    bed.house.close().await;
}

/// The server gives a cut document a validator of its own, and says "not modified" of it from then on.
#[tokio::test(flavor = "multi_thread")]
async fn the_validator_of_a_bad_answer_is_not_kept() {
    let good = export(&rows(1, 12, 1));
    let bed = Bed::ministry(good.clone()).await;
    bed.house.complete("a").await;
    let changed = export(&rows(1, 12, 2));
    bed.say(&changed.as_bytes()[..changed.find("資料 4").unwrap()]);
    for _ in 0..2 {
        let report = bed.house.run("a").await;
        assert_eq!(
            (report.outcome, report.not_modified),
            (Outcome::Partial, 0),
            "{}",
            report.line()
        );
        assert!(
            report.why.as_ref().unwrap().contains("truncated answer"),
            "{}",
            report.line()
        );
    }
    // Back to what was there before: three records were changed meanwhile, so "not modified" would be wrong.
    bed.say(good);
    let report = bed.house.complete("a").await;
    assert_eq!(
        (report.not_modified, report.counts.changed),
        (0, 3),
        "{}",
        report.line()
    );
    bed.whole();

    bed.say(export(&rows(1, 3, 1)));
    for _ in 0..2 {
        let report = bed.house.run("a").await;
        assert_eq!(
            (report.outcome, report.counts.held, report.not_modified),
            (Outcome::Partial, 9, 0),
            "{}",
            report.line()
        );
        assert_eq!(report.counts.holds, 12);
    }
    bed.house.close().await;
}

/// A proof that a body is whole is taken back where HTTP does not say where it ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_with_its_connection_proves_nothing() {
    let bed = Bed::dcat(numbered(4)).await;
    bed.house.complete("a").await;
    let raw = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect = format!("http://{}/a", raw.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = raw.accept().await {
            let mut head = [0; 4096];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut head).await;
            let body = numbered(3);
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\nConnection: close\r\n\r\n{body}").as_bytes()).await;
        }
    });
    let a = source("a", "dcat", &redirect, "");
    bed.house
        .daemon
        .configure(texts::config(bed.dir.path(), "", &[a]))
        .await
        .unwrap();
    let report = bed.house.run("a").await;
    assert_eq!(
        (report.outcome, report.counts.absent, report.counts.holds),
        (Outcome::Partial, 0, 4),
        "{}",
        report.line()
    );
    assert_eq!(
        report.why.as_deref(),
        Some("the source's last answer did not prove that it was the last")
    );
    bed.whole();
    bed.house.close().await;
}

/// A portal that says the same of each package it cannot show does not lead in a circle.
#[tokio::test(flavor = "multi_thread")]
async fn errors_that_are_alike_are_no_paging_loop() {
    let origin = Origin::start().await;
    let names = serde_json::json!({ "success": true, "result": ["a", "b", "c", "d"] });
    origin.say("/api/3/action/package_list", JSON, names.to_string());
    origin.answer("/api/3/action/package_show", |request| {
        let id = request.uri().query().and_then(|q| q.strip_prefix("id="));
        match id {
            Some(id @ ("a" | "d")) => plain(
                JSON,
                serde_json::json!({ "success": true, "result": { "id": id, "name": id, "title": id } })
                    .to_string(),
            ),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response(),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let a = source("a", "ckan", &origin.at("/"), "");
    let house = House::open(dir.path(), "", &[a]);
    let report = house.run("a").await;
    let c = &report.counts;
    assert_eq!(
        (c.received, c.new, c.unreadable),
        (4, 2, 2),
        "{}",
        report.line()
    );
    assert!(!report.why.as_deref().unwrap_or("").contains("paging loop"));
    assert!(
        report.completeness.is_some(),
        "the last package was asked for"
    );
    // The search that is not there, the list, four packages.
    assert_eq!(report.requests as usize, origin.asked());
    house.close().await;
}

/// Every request is counted, also one that is only asked again.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_with_retries_and_redirects() {
    let network =
        "[source.network.limits]\ntries_max = 3\nbackoff_first_ms = 10\nbackoff_max_ms = 10\n";
    let bed = Bed::new("dcat", TURTLE, numbered(3), "", network).await;
    let tries = std::sync::atomic::AtomicUsize::new(0);
    bed.origin.answer("/a", move |_| {
        match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            _ => (StatusCode::FOUND, [(header::LOCATION, "/b")]).into_response(),
        }
    });
    bed.origin.say("/b", TURTLE, numbered(3));
    let report = bed.house.complete("a").await;
    assert_eq!((report.requests, bed.origin.asked()), (3, 3));
    let again = bed.house.order("a", Trigger::Redescribe, false).await;
    assert_eq!((again.requests, again.counts.received), (0, 3));
    bed.house.close().await;
}
