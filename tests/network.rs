//! How the network behaves towards servers that do not: one test a fault. Loopback only.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/faulty.rs"]
mod faulty;

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use faulty::{Faulty, Heard, Step, answer, head, redirect};
use harvestd::{
    config::{NetworkLimits, Secret, Source, SourceNetwork},
    network::{
        Asked, Lookup, Network, NetworkError, NetworkErrorKind as Kind, Spooled, Validators,
    },
};
use harvestd_harvesters::{Post, Request};
use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use url::Url;

/// A source, a network of its own and a directory to spool into.
struct Bed {
    network: Network,
    source: Source,
    dir: TempDir,
}

impl Bed {
    /// A source at this address, which may be on loopback, with limits short enough for a test.
    fn at(url: &Url) -> Self {
        Self::with(
            Network::new(&"https://catalogue.example/".parse().unwrap()),
            url,
        )
    }

    fn with_lookup(lookup: impl Lookup + 'static, url: &Url) -> Self {
        Self::with(
            Network::with_lookup(
                &"https://catalogue.example/".parse().unwrap(),
                Arc::new(lookup),
            ),
            url,
        )
    }

    fn with(network: Network, url: &Url) -> Self {
        Self {
            network,
            source: source(url),
            dir: TempDir::new().unwrap(),
        }
    }

    fn limits(mut self, set: impl FnOnce(&mut NetworkLimits)) -> Self {
        set(&mut self.source.network.limits);
        self
    }

    fn source(mut self, set: impl FnOnce(&mut SourceNetwork)) -> Self {
        set(&mut self.source.network);
        self
    }

    async fn ask(&self, request: &Request) -> Result<Asked, NetworkError> {
        self.network
            .ask(&self.source, request, None, self.dir.path())
            .await
    }

    async fn get(&self, url: &Url) -> Result<Spooled, NetworkError> {
        self.ask(&Request::get(url.clone(), "*/*"))
            .await
            .map(|asked| match asked {
                Asked::Answer(spooled) => spooled,
                Asked::NotModified => panic!("not modified, though nothing conditional was asked"),
            })
    }

    async fn error(&self, url: &Url) -> NetworkError {
        match self.get(url).await {
            Ok(spooled) => panic!(
                "an answer of {} bytes with status {}",
                spooled.bytes, spooled.status
            ),
            Err(error) => error,
        }
    }

    /// Files left in the spool directory.
    fn left(&self) -> usize {
        self.dir.path().read_dir().unwrap().count()
    }
}

fn source(url: &Url) -> Source {
    Source {
        id: "test".into(),
        kind: "dcat".into(),
        url: url.clone(),
        title: BTreeMap::new(),
        homepage: None,
        enabled: true,
        schedule: None,
        priority: 0,
        owns: Vec::new(),
        language: None,
        offset_minutes: None,
        network: SourceNetwork {
            headers: Vec::new(),
            basic_auth: None,
            extra_ca: None,
            allow_ranges: vec!["127.0.0.0/8".parse().unwrap()],
            allow_hosts: Vec::new(),
            requests_per_second: 1e6,
            concurrency: 4,
            limits: NetworkLimits {
                connect_ms: 5_000,
                read_ms: 5_000,
                total_ms: 20_000,
                rate_window_ms: 5_000,
                tries_max: 1,
                backoff_first_ms: 1,
                backoff_max_ms: 5,
                ..NetworkLimits::default()
            },
        },
        options: serde_json::Value::Null,
        at: "test".into(),
    }
}

fn text(spooled: &Spooled) -> String {
    std::fs::read_to_string(spooled.file.path()).unwrap()
}

fn ok(body: &str) -> faulty::Script {
    answer("200 OK", &[], body)
}

// ---- what an answer is

#[tokio::test]
async fn an_answer_is_spooled_with_all_that_is_known_of_it() {
    let server = Faulty::always(answer(
        "200 OK",
        &[
            "Content-Type: Text/Turtle; charset=\"UTF-8\"",
            "ETag: W/\"a\"",
            "Last-Modified: Fri, 06 Nov 2026 08:49:37 GMT",
            "Link: <?page=2>; rel=\"next\"",
        ],
        "<a> <b> <c> .",
    ))
    .await;
    let bed = Bed::at(&server.url);
    let spooled = bed.get(&server.at("/catalog?page=1#top")).await.unwrap();
    assert_eq!(text(&spooled), "<a> <b> <c> .");
    assert_eq!(
        (spooled.status, spooled.bytes, spooled.framed),
        (200, 13, true)
    );
    assert_eq!(spooled.hash, *blake3::hash(b"<a> <b> <c> .").as_bytes());
    assert_eq!(
        (spooled.media_type.as_deref(), spooled.charset.as_deref()),
        (Some("text/turtle"), Some("UTF-8"))
    );
    assert_eq!(spooled.link_next, Some(server.at("/catalog?page=2")));
    assert_eq!(spooled.validators.etag.as_deref(), Some("W/\"a\""));
    assert_eq!(spooled.url, server.at("/catalog?page=1"));
    assert_eq!(spooled.file.path().parent(), Some(bed.dir.path()));
    drop(spooled);
    assert_eq!(bed.left(), 0);
}

#[tokio::test]
async fn a_question_says_who_asks_and_what_it_takes() {
    let server = Faulty::always(ok("")).await;
    let bed = Bed::at(&server.url).source(|network| {
        network
            .headers
            .push(("X-Api-Key".into(), Secret("k-1234".into())));
        network.basic_auth = Some(("harvester".into(), Secret("pass-word".into())));
    });
    let request = Request {
        post: Some(Post {
            media_type: "application/xml".into(),
            body: "<GetRecords/>".into(),
        }),
        ..Request::get(server.at("/csw"), "application/xml, */*;q=0.1")
    };
    bed.ask(&request).await.unwrap();
    let heard = server.requests().remove(0);
    let agent = format!(
        "harvestd/{} (+https://catalogue.example/)",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        (heard.method.as_str(), heard.body.as_str()),
        ("POST", "<GetRecords/>")
    );
    for (name, value) in [
        ("User-Agent", agent.as_str()),
        ("Accept", "application/xml, */*;q=0.1"),
        ("Accept-Encoding", "gzip, br, zstd"),
        ("Content-Type", "application/xml"),
        ("X-Api-Key", "k-1234"),
        ("Authorization", "Basic aGFydmVzdGVyOnBhc3Mtd29yZA=="),
    ] {
        assert_eq!(heard.header(name), Some(value), "{name}");
    }
    for absent in ["If-None-Match", "If-Modified-Since", "Cookie", "Referer"] {
        assert_eq!(heard.header(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn not_modified_only_where_the_request_is_conditional() {
    let server = Faulty::start(|heard, _| match heard.header("If-None-Match") {
        Some("\"v1\"") => vec![head("304 Not Modified", &[])],
        _ => answer("200 OK", &["ETag: \"v1\""], "body"),
    })
    .await;
    let bed = Bed::at(&server.url);
    let validators = Validators {
        etag: Some("\"v1\"".into()),
        last_modified: Some("Fri, 06 Nov 2026 08:49:37 GMT".into()),
    };
    let mut request = Request::get(server.url.clone(), "*/*");
    let asked = bed
        .network
        .ask(&bed.source, &request, Some(&validators), bed.dir.path())
        .await
        .unwrap();
    assert!(
        matches!(asked, Asked::Answer(_)),
        "the request is not conditional"
    );
    request.conditional = true;
    let asked = bed
        .network
        .ask(&bed.source, &request, Some(&validators), bed.dir.path())
        .await
        .unwrap();
    assert!(matches!(asked, Asked::NotModified));
    assert_eq!(
        server.requests()[1].header("If-Modified-Since"),
        Some("Fri, 06 Nov 2026 08:49:37 GMT")
    );

    let stubborn = Faulty::always(vec![head("304 Not Modified", &[])]).await;
    let error = Bed::at(&stubborn.url).error(&stubborn.url).await;
    assert_eq!(
        error.kind,
        Kind::Status(304),
        "nobody asked whether it was modified"
    );
}

#[tokio::test]
async fn other_statuses_are_errors_unless_the_request_takes_any() {
    for status in [
        "401 Unauthorized",
        "404 Not Found",
        "206 Partial Content",
        "300 Multiple Choices",
    ] {
        let code = status[..3].parse().unwrap();
        let server =
            Faulty::always(answer(status, &["Content-Type: application/json"], "{}")).await;
        let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 3);
        assert_eq!(bed.error(&server.url).await.kind, Kind::Status(code));
        assert_eq!(
            server.requests().len(),
            1,
            "{status} does not pass by waiting"
        );
        let any = Request {
            any_status: true,
            ..Request::get(server.url.clone(), "*/*")
        };
        let Asked::Answer(spooled) = bed.ask(&any).await.unwrap() else {
            panic!("not modified")
        };
        assert_eq!((spooled.status, text(&spooled).as_str()), (code, "{}"));
    }
}

// ---- faults that may pass

#[tokio::test]
async fn a_server_that_fails_three_times_is_asked_a_fourth() {
    let server = Faulty::start(|_, before| match before {
        0 => answer("500 Internal Server Error", &[], "x"),
        1 => answer("502 Bad Gateway", &[], "x"),
        2 => answer("503 Service Unavailable", &[], "x"),
        _ => ok("at last"),
    })
    .await;
    let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 4);
    assert_eq!(text(&bed.get(&server.url).await.unwrap()), "at last");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn tries_come_to_an_end() {
    let server = Faulty::always(answer("503 Service Unavailable", &[], "down")).await;
    let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 3);
    let error = bed.error(&server.url).await;
    assert_eq!(
        (error.kind, server.requests().len()),
        (Kind::Status(503), 3)
    );
    assert!(
        error
            .to_string()
            .contains("(3 tries): found 503 Service Unavailable"),
        "{error}"
    );
    let any = Request {
        any_status: true,
        ..Request::get(server.url.clone(), "*/*")
    };
    let Asked::Answer(spooled) = bed.ask(&any).await.unwrap() else {
        panic!("not modified")
    };
    assert_eq!(
        (text(&spooled).as_str(), server.requests().len()),
        ("down", 6),
        "an answer, but only after the last try"
    );
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let server = Faulty::start(|_, before| match before {
        0 => answer("429 Too Many Requests", &["Retry-After: 1"], ""),
        _ => ok("fine"),
    })
    .await;
    let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 2);
    bed.get(&server.url).await.unwrap();
    let heard = server.requests();
    let waited = heard[1].at - heard[0].at;
    assert!(waited >= Duration::from_millis(950), "{waited:?}");
}

#[tokio::test]
async fn a_long_retry_after_is_handed_to_the_caller_and_holds_the_host() {
    let date = chrono::Utc::now() + chrono::Duration::hours(2);
    for value in [
        "7200".to_owned(),
        "99999999999999999999999".to_owned(),
        date.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    ] {
        let script = answer(
            "503 Service Unavailable",
            &[&format!("Retry-After: {value}")],
            "",
        );
        let server = Faulty::always(script).await;
        let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 4);
        for _ in 0..2 {
            let error = bed.error(&server.url).await;
            assert_eq!(error.kind, Kind::RetryLater, "{value}");
            assert!(
                error.retry_after.unwrap() > Duration::from_secs(7100),
                "{value}: {error:?}"
            );
        }
        assert_eq!(server.requests().len(), 1, "the second question never left");
    }
}

#[tokio::test]
async fn a_senseless_retry_after_counts_as_none() {
    for value in ["-30", "soon", "", "1.5"] {
        let field = format!("Retry-After: {value}");
        let server = Faulty::start(move |_, before| match before {
            0 => answer("429 Too Many Requests", &[&field], ""),
            _ => ok(""),
        })
        .await;
        let began = Instant::now();
        Bed::at(&server.url)
            .limits(|limits| limits.tries_max = 2)
            .get(&server.url)
            .await
            .unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "{value:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_a_connect_error_after_all_tries() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}/").parse().unwrap();
    let error = Bed::at(&url)
        .limits(|limits| limits.tries_max = 2)
        .error(&url)
        .await;
    assert_eq!(error.kind, Kind::Connect);
    assert!(error.to_string().contains("(2 tries)"), "{error}");
}

#[tokio::test]
async fn a_name_without_address_is_a_dns_error() {
    struct Nobody;
    impl Lookup for Nobody {
        fn lookup(
            &self,
            _: String,
        ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
            Box::pin(async { Err(io::Error::other("no such name")) })
        }
    }
    let url = "http://portal.example/".parse().unwrap();
    let error = Bed::with_lookup(Nobody, &url).error(&url).await;
    assert_eq!(error.kind, Kind::Dns);
    assert!(error.to_string().contains("no such name"), "{error}");
}

// ---- bodies that come too slowly, or not whole

#[tokio::test]
async fn silence_ends_in_a_timeout() {
    for script in [
        vec![Step::Hang],
        vec![
            head("200 OK", &["Content-Length: 100"]),
            Step::Send(b"half".to_vec()),
            Step::Hang,
        ],
    ] {
        let server = Faulty::always(script).await;
        let bed = Bed::at(&server.url)
            .limits(|limits| (limits.connect_ms, limits.read_ms, limits.tries_max) = (200, 100, 2));
        assert_eq!(bed.error(&server.url).await.kind, Kind::Timeout);
        assert_eq!((server.requests().len(), bed.left()), (2, 0));
    }
}

#[tokio::test]
async fn a_drip_ends_in_an_error_though_it_never_falls_silent() {
    let drip = vec![
        head("200 OK", &[]),
        Step::Forever(b"x".to_vec(), Duration::from_millis(5)),
    ];
    let server = Faulty::always(drip).await;
    let bed = Bed::at(&server.url)
        .limits(|limits| (limits.rate_window_ms, limits.bytes_per_second_min) = (200, 10_000));
    let error = bed.error(&server.url).await;
    assert_eq!((error.kind, bed.left()), (Kind::Drip, 0));
    assert!(
        error.to_string().contains("at least 10000 bytes a second"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_has_a_deadline_however_fast_it_comes() {
    let endless = vec![
        head("200 OK", &[]),
        Step::Forever(vec![b'x'; 1000], Duration::from_millis(1)),
    ];
    let server = Faulty::always(endless).await;
    let bed = Bed::at(&server.url).limits(|limits| (limits.total_ms, limits.tries_max) = (300, 3));
    assert_eq!(bed.error(&server.url).await.kind, Kind::Deadline);
    assert_eq!((server.requests().len(), bed.left()), (1, 0));
}

#[tokio::test]
async fn a_body_cut_short_is_never_an_answer() {
    for script in [
        vec![
            head("200 OK", &["Content-Length: 1000"]),
            Step::Send(b"[1,2,3]".to_vec()),
        ],
        vec![
            head("200 OK", &["Transfer-Encoding: chunked"]),
            Step::Send(b"7\r\n[1,2,3]\r\n".to_vec()),
        ],
        vec![
            head("200 OK", &["Transfer-Encoding: chunked"]),
            Step::Send(b"ff\r\n[1,2,3]".to_vec()),
        ],
        vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-".to_vec())],
        vec![],
    ] {
        let server = Faulty::always(script).await;
        let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 2);
        let error = bed.error(&server.url).await;
        assert_eq!((error.kind, bed.left()), (Kind::Truncated, 0), "{error}");
        assert_eq!(server.requests().len(), 2, "{error}");
    }
}

#[tokio::test]
async fn only_framing_proves_a_body_whole() {
    let chunked = vec![
        head("200 OK", &["Transfer-Encoding: chunked"]),
        Step::Send(b"4\r\nbody\r\n0\r\n\r\n".to_vec()),
    ];
    let closed = vec![head("200 OK", &[]), Step::Send(b"body".to_vec())];
    for (script, framed) in [(ok("body"), true), (chunked, true), (closed, false)] {
        let server = Faulty::always(script).await;
        let bed = Bed::at(&server.url);
        let spooled = bed.get(&server.url).await.unwrap();
        assert_eq!((text(&spooled).as_str(), spooled.framed), ("body", framed));
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_error() {
    let server = Faulty::always(vec![Step::Send(b"220 mail.example ESMTP\r\n".to_vec())]).await;
    assert_eq!(
        Bed::at(&server.url).error(&server.url).await.kind,
        Kind::Protocol
    );
}

// ---- bodies that are too large

#[tokio::test]
async fn a_body_over_the_limit_is_refused_declared_or_not() {
    let declared = vec![head("200 OK", &["Content-Length: 5000000"]), Step::Hang];
    let endless = vec![
        head("200 OK", &[]),
        Step::Forever(vec![b'x'; 64 * 1024], Duration::ZERO),
    ];
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let chunked = vec![
        head("200 OK", &["Transfer-Encoding: chunked"]),
        Step::Forever(chunk, Duration::ZERO),
    ];
    for script in [declared, endless, chunked] {
        let server = Faulty::always(script).await;
        let bed = Bed::at(&server.url)
            .limits(|limits| (limits.body_bytes_max, limits.tries_max) = (1_000_000, 3));
        let error = bed.error(&server.url).await;
        assert_eq!(
            (error.kind, bed.left(), server.requests().len()),
            (Kind::TooLarge, 0, 1),
            "{error}"
        );
        assert!(error.to_string().contains("body_bytes_max"), "{error}");
    }
}

async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BrotliEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

#[tokio::test]
async fn each_coding_is_decoded_once() {
    let body = "資料集 ".repeat(10_000);
    let parts = [
        gzip(&body.as_bytes()[..100]).await,
        gzip(&body.as_bytes()[100..]).await,
    ]
    .concat();
    for (coding, coded) in [
        ("gzip", gzip(body.as_bytes()).await),
        ("X-GZIP", parts),
        ("br", brotli(body.as_bytes()).await),
        ("zstd", zstd(body.as_bytes()).await),
        ("identity", body.clone().into_bytes()),
    ] {
        let server = Faulty::always(answer(
            "200 OK",
            &[&format!("Content-Encoding: {coding}")],
            &coded,
        ))
        .await;
        let bed = Bed::at(&server.url);
        let spooled = bed.get(&server.url).await.unwrap();
        assert!(text(&spooled) == body && spooled.framed, "{coding}");
        assert_eq!(spooled.hash, *blake3::hash(body.as_bytes()).as_bytes());
    }
    let empty = Faulty::always(answer("200 OK", &["Content-Encoding: gzip"], "")).await;
    assert_eq!(Bed::at(&empty.url).get(&empty.url).await.unwrap().bytes, 0);
}

#[tokio::test]
async fn a_bomb_is_stopped_by_its_ratio_before_its_size() {
    let zeros = vec![b'0'; 100_000_000];
    for (coding, coded) in [
        ("gzip", gzip(&zeros).await),
        ("br", brotli(&zeros).await),
        ("zstd", zstd(&zeros).await),
    ] {
        let server = Faulty::always(answer(
            "200 OK",
            &[&format!("Content-Encoding: {coding}")],
            &coded,
        ))
        .await;
        let bed = Bed::at(&server.url);
        let error = bed.error(&server.url).await;
        assert_eq!((error.kind, bed.left()), (Kind::TooLarge, 0), "{coding}");
        assert!(error.to_string().contains("when decompressed"), "{error}");
    }
}

#[tokio::test]
async fn a_compressed_body_counts_as_it_decompresses() {
    let body: Vec<u8> = (0..400_000_u32)
        .flat_map(|n| format!("{n},").into_bytes())
        .collect();
    let server = Faulty::always(answer(
        "200 OK",
        &["Content-Encoding: gzip"],
        gzip(&body).await,
    ))
    .await;
    let bed = Bed::at(&server.url).limits(|limits| limits.body_bytes_max = 2_000_000);
    let error = bed.error(&server.url).await;
    assert_eq!((error.kind, bed.left()), (Kind::TooLarge, 0), "{error}");
}

#[tokio::test]
async fn a_compressed_body_of_nothing_without_end_is_stopped() {
    let empty_block = [0, 0, 0, 0xff, 0xff].repeat(20_000);
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3].to_vec();
    let script = vec![
        head("200 OK", &["Content-Encoding: gzip"]),
        Step::Send(header),
        Step::Forever(empty_block, Duration::ZERO),
    ];
    let server = Faulty::always(script).await;
    let bed = Bed::at(&server.url).limits(|limits| limits.body_bytes_max = 2_000_000);
    assert_eq!(bed.error(&server.url).await.kind, Kind::TooLarge);
}

#[tokio::test]
async fn broken_compression_is_an_error() {
    let whole = gzip("text ".repeat(1000).as_bytes()).await;
    let flipped: Vec<u8> = whole
        .iter()
        .enumerate()
        .map(|(at, byte)| if at == whole.len() - 5 { !byte } else { *byte })
        .collect();
    let cases = [
        ("gzip", b"not compressed".to_vec(), Kind::Protocol),
        ("gzip", flipped, Kind::Protocol),
        ("gzip", whole[..whole.len() - 9].to_vec(), Kind::Truncated),
        (
            "br",
            [brotli(b"text").await, b"and more".to_vec()].concat(),
            Kind::Protocol,
        ),
        ("gzip, gzip", whole.clone(), Kind::Protocol),
        ("br, gzip", whole.clone(), Kind::Protocol),
        ("deflate", whole.clone(), Kind::Protocol),
    ];
    for (coding, body, kind) in cases {
        let server = Faulty::always(answer(
            "200 OK",
            &[&format!("Content-Encoding: {coding}")],
            &body,
        ))
        .await;
        let bed = Bed::at(&server.url);
        let error = bed.error(&server.url).await;
        assert_eq!((error.kind, bed.left()), (kind, 0), "{coding}: {error}");
    }
}

/// The highest resident size of this process so far, in bytes, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[tokio::test]
async fn memory_stays_flat_whatever_the_size() {
    const MEGABYTE: usize = 1024 * 1024;
    let server = Faulty::always(vec![
        head("200 OK", &["Content-Length: 209715200"]),
        Step::Times(200, vec![b'x'; MEGABYTE]),
    ])
    .await;
    let Some(before) = peak_bytes() else {
        println!("SKIPPED: no /proc/self/status to read the peak of memory from");
        return;
    };
    let bed = Bed::at(&server.url);
    let spooled = bed.get(&server.url).await.unwrap();
    assert_eq!(spooled.bytes, 200 * MEGABYTE as u64);
    let grown = peak_bytes().unwrap().saturating_sub(before);
    // Other tests run beside this one and hold a bomb of 100 MB each for a moment.
    let allowed = 160 * MEGABYTE as u64;
    assert!(grown < allowed, "grew by {grown} bytes");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    let server = Faulty::always(ok("body")).await;
    let bed = Bed::at(&server.url);
    let missing = bed.dir.path().join("missing");
    let request = Request::get(server.url.clone(), "*/*");
    let error = bed
        .network
        .ask(&bed.source, &request, None, &missing)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Disk);
    assert!(
        error.to_string().contains(&missing.display().to_string()),
        "{error}"
    );
}

// ---- redirects

#[tokio::test]
async fn a_redirect_is_followed_and_the_last_address_returned() {
    let server = Faulty::start(|heard, _| match heard.path.as_str() {
        "/a" => redirect("301 Moved Permanently", "b?x=1#part"),
        "/b?x=1" => redirect("307 Temporary Redirect", "/c"),
        _ => ok("here"),
    })
    .await;
    let bed = Bed::at(&server.url);
    let spooled = bed.get(&server.at("/a")).await.unwrap();
    assert_eq!(
        (text(&spooled).as_str(), &spooled.url),
        ("here", &server.at("/c"))
    );
}

#[tokio::test]
async fn a_post_becomes_a_get_where_the_status_says_so() {
    for (status, method, body) in [
        ("303 See Other", "GET", ""),
        ("302 Found", "GET", ""),
        ("307 Temporary Redirect", "POST", "q"),
        ("308 Permanent Redirect", "POST", "q"),
    ] {
        let server = Faulty::start(move |heard, _| {
            if heard.path == "/a" {
                redirect(status, "/b")
            } else {
                ok("")
            }
        })
        .await;
        let post = Some(Post {
            media_type: "text/plain".into(),
            body: "q".into(),
        });
        let request = Request {
            post,
            ..Request::get(server.at("/a"), "*/*")
        };
        Bed::at(&server.url).ask(&request).await.unwrap();
        let heard = server.requests().remove(1);
        assert_eq!(
            (heard.method.as_str(), heard.body.as_str()),
            (method, body),
            "{status}"
        );
    }
}

#[tokio::test]
async fn circles_and_long_chains_are_refused_with_their_hops() {
    let circle = Faulty::start(|heard, _| {
        redirect("302 Found", if heard.path == "/a" { "/b" } else { "/a" })
    })
    .await;
    let error = Bed::at(&circle.url)
        .limits(|limits| limits.tries_max = 3)
        .error(&circle.at("/a"))
        .await;
    assert_eq!((error.kind, circle.requests().len()), (Kind::Redirect, 2));
    let chain = format!(
        "GET {} (redirected from {}): found a circle of redirects",
        circle.at("/b"),
        circle.at("/a")
    );
    assert!(error.to_string().starts_with(&chain), "{error}");

    let endless =
        Faulty::start(|_, before| redirect("302 Found", format!("/{}", before + 1))).await;
    let error = Bed::at(&endless.url).error(&endless.at("/0")).await;
    assert_eq!(
        (error.kind, endless.requests().len()),
        (Kind::Redirect, 6),
        "{error}"
    );

    let nowhere = Faulty::always(answer("302 Found", &[], "")).await;
    assert_eq!(
        Bed::at(&nowhere.url).error(&nowhere.url).await.kind,
        Kind::Redirect
    );
}

#[tokio::test]
async fn a_redirect_to_a_private_address_reaches_nobody() {
    let inside = Faulty::always(ok("secret")).await;
    let port = inside.port();
    for target in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://localhost.:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("//127.0.0.1:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://user:pw@catalogue.example/".to_owned(),
    ] {
        let location = target.clone();
        let outside = Faulty::start(move |_, _| redirect("302 Found", &location)).await;
        let error = Bed::at(&outside.url).error(&outside.url).await;
        assert_eq!(error.kind, Kind::Refused, "{target}: {error}");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn another_host_of_the_configuration_may_be_redirected_to() {
    let inside = Faulty::always(ok("moved here")).await;
    let target = inside.url.clone();
    let outside = Faulty::start(move |_, _| redirect("302 Found", &target)).await;
    let entry = format!("127.0.0.1:{}", inside.port());
    let bed = Bed::at(&outside.url).source(|network| network.allow_hosts.push(entry));
    assert_eq!(text(&bed.get(&outside.url).await.unwrap()), "moved here");
    // And asked directly, as the page after the first one may be.
    assert_eq!(text(&bed.get(&inside.url).await.unwrap()), "moved here");
}

#[tokio::test]
async fn a_question_for_a_foreign_server_is_not_asked() {
    let foreign = Faulty::always(ok("")).await;
    let home = Faulty::always(ok("")).await;
    let error = Bed::at(&home.url).error(&foreign.url).await;
    assert_eq!((error.kind, foreign.connections()), (Kind::Refused, 0));
    assert!(error.to_string().contains("allow_hosts"), "{error}");
}

#[tokio::test]
async fn credentials_stay_at_the_sources_own_origin() {
    let other = Faulty::start(|heard, _| {
        let back = heard.path.rsplit('/').next().unwrap_or_default();
        redirect("302 Found", format!("http://127.0.0.1:{back}/back"))
    })
    .await;
    let away = other.url.clone();
    let home = Faulty::start(move |heard, _| {
        if heard.path.starts_with("/away") {
            redirect("302 Found", away.join(&heard.path[6..]).unwrap())
        } else {
            ok("")
        }
    })
    .await;
    let bed = Bed::at(&home.url).source(|network| {
        network
            .headers
            .push(("X-Api-Key".into(), Secret("k-1234".into())));
        network.basic_auth = Some(("me".into(), Secret("pass-word".into())));
        network.allow_hosts.push("127.0.0.1".into());
    });
    bed.get(&home.at(&format!("/away/{}", home.port())))
        .await
        .unwrap();
    let sent = |heard: &Heard| {
        heard.header("X-Api-Key").is_some() && heard.header("Authorization").is_some()
    };
    let kept = |heard: &Heard| {
        heard.header("X-Api-Key").is_none() && heard.header("Authorization").is_none()
    };
    assert!(sent(&home.requests()[0]));
    assert!(kept(&other.requests()[0]));
    assert_eq!(home.requests()[1].path, "/back");
    assert!(
        kept(&home.requests()[1]),
        "whoever sends us back chooses the question"
    );
}

// ---- the address guard

#[tokio::test]
async fn the_guard_knows_every_spelling_of_an_address() {
    for url in [
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://192.0.0.192/",
        "http://192.0.2.1/",
        "http://192.88.99.1/",
        "http://198.18.0.1/",
        "http://198.51.100.1/",
        "http://203.0.113.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001::1]/",
        "http://[2001:db8::1]/",
        "http://[3fff::1]/",
        "http://[fc00::1]/",
        "http://[fd12:3456::1]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[5f00::1]/",
        "http://[100::1]/",
        "ftp://portal.example/",
        "file:///etc/passwd",
        "gopher://portal.example/",
        "data:text/plain,x",
        "http://me:pw@portal.example/",
        "http://me@portal.example/",
        "http://portal.example:25/",
        "https://portal.example:6667/",
    ] {
        let url: Url = url.parse().unwrap();
        let mut bed = Bed::with_lookup(Fixed("192.0.2.1"), &url);
        bed.source.network.allow_ranges.clear();
        let error = bed.error(&url).await;
        assert_eq!(error.kind, Kind::Refused, "{url}: {error}");
    }
}

#[tokio::test]
async fn names_that_lead_to_private_addresses_are_refused() {
    let url: Url = "http://portal.example/".parse().unwrap();
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fd00::1",
        "64:ff9b::a00:1",
    ] {
        let mut bed = Bed::with_lookup(Fixed(address), &url);
        bed.source.network.allow_ranges.clear();
        let error = bed.error(&url).await;
        assert_eq!(error.kind, Kind::Refused, "{address}: {error}");
        assert!(error.to_string().contains("allow_ranges"), "{error}");
    }
}

struct Fixed(&'static str);

impl Lookup for Fixed {
    fn lookup(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let address = self.0.parse().unwrap();
        Box::pin(async move { Ok(vec![address]) })
    }
}

#[tokio::test]
async fn a_private_range_is_open_to_the_source_that_names_it() {
    let server = Faulty::always(ok("inside")).await;
    let url: Url = format!("http://centre.example:{}/", server.port())
        .parse()
        .unwrap();
    let bed = Bed::with_lookup(Fixed("127.0.0.1"), &url);
    assert_eq!(text(&bed.get(&url).await.unwrap()), "inside");
    let mut other = source(&url);
    other.network.allow_ranges = vec!["10.0.0.0/8".parse().unwrap()];
    let request = Request::get(url, "*/*");
    let error = bed
        .network
        .ask(&other, &request, None, bed.dir.path())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        Kind::Refused,
        "the connection that the first source opened is not the second's"
    );
}

/// Public when asked first, private from then on, and mixed now and then.
struct Flipping {
    asked: Arc<AtomicUsize>,
}

impl Lookup for Flipping {
    fn lookup(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let addresses: &[&str] = if asked == 0 {
            &["198.51.100.7", "127.0.0.1"]
        } else {
            &["127.0.0.1"]
        };
        let addresses = addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect();
        Box::pin(async move { Ok(addresses) })
    }
}

#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    let inside = Faulty::always(ok("secret")).await;
    let url: Url = format!("http://rebinding.example:{}/", inside.port())
        .parse()
        .unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let mut bed = Bed::with_lookup(
        Flipping {
            asked: Arc::clone(&asked),
        },
        &url,
    )
    .limits(|limits| limits.connect_ms = 100);
    // A range that stands for the public internet, where nobody answers.
    bed.source.network.allow_ranges = vec!["198.51.100.0/24".parse().unwrap()];
    for _ in 0..3 {
        let error = bed.error(&url).await;
        assert!(
            matches!(error.kind, Kind::Connect | Kind::Refused),
            "{error}"
        );
    }
    assert_eq!((asked.load(Ordering::SeqCst), inside.connections()), (3, 0));
}

#[tokio::test]
async fn proxies_of_the_environment_are_not_asked() {
    // The environment of this process cannot be set safely while others read it: a child asks.
    if std::env::var_os("HARVESTD_TEST_PROXIED").is_some() {
        let url: Url = std::env::var("HARVESTD_TEST_TARGET")
            .unwrap()
            .parse()
            .unwrap();
        Bed::at(&url).get(&url).await.unwrap();
        return;
    }
    let (proxy, server) = (
        Faulty::always(ok("proxy")).await,
        Faulty::always(ok("server")).await,
    );
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "proxies_of_the_environment_are_not_asked"]);
    child
        .env("HARVESTD_TEST_PROXIED", "1")
        .env("HARVESTD_TEST_TARGET", server.url.as_str())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        child.env(name, proxy.url.as_str());
    }
    let ended = child.output().await.unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stdout)
    );
    assert_eq!((proxy.connections(), server.requests().len()), (0, 1));
}

// ---- TLS

mod tls {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa,
        KeyPair, date_time_ymd,
    };
    use std::sync::Arc;
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{ServerConfig, pki_types::PrivateKeyDer},
    };

    pub type Issuer = CertifiedIssuer<'static, KeyPair>;

    pub fn issuer() -> Issuer {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    /// A certificate for a host, valid until the end of a year; without an issuer it signs itself.
    pub fn acceptor(host: &str, last_year: i32, issuer: Option<&Issuer>) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (params.not_before, params.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(last_year, 12, 31));
        let certificate = match issuer {
            Some(issuer) => params.signed_by(&key, issuer).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn extra_ca(bed: &mut Bed, issuer: &tls::Issuer) -> PathBuf {
    let file = bed.dir.path().with_extension("pem");
    std::fs::write(&file, issuer.pem()).unwrap();
    bed.source.network.extra_ca = Some(file.clone());
    file
}

#[tokio::test]
async fn certificates_are_checked_and_the_error_says_what_is_wrong() {
    let issuer = tls::issuer();
    for (case, acceptor, trusted, words) in [
        (
            "good",
            tls::acceptor("localhost", 2099, Some(&issuer)),
            true,
            None,
        ),
        (
            "unknown issuer",
            tls::acceptor("localhost", 2099, Some(&issuer)),
            false,
            Some(["unknown issuer", "extra_ca"]),
        ),
        (
            "self-signed",
            tls::acceptor("localhost", 2099, None),
            false,
            Some(["unknown issuer", "extra_ca"]),
        ),
        (
            "expired",
            tls::acceptor("localhost", 2021, Some(&issuer)),
            true,
            Some(["expired", "renew"]),
        ),
        (
            "other host",
            tls::acceptor("other.example", 2099, Some(&issuer)),
            true,
            Some(["another host", "other.example"]),
        ),
    ] {
        let server = Faulty::start_tls(acceptor, |_, _| ok("over TLS")).await;
        let mut bed =
            Bed::with_lookup(Fixed("127.0.0.1"), &server.url).limits(|limits| limits.tries_max = 3);
        let file = trusted.then(|| extra_ca(&mut bed, &issuer));
        match (bed.get(&server.url).await, words) {
            (Ok(spooled), None) => assert_eq!(text(&spooled), "over TLS"),
            (Err(error), Some(words)) => {
                assert_eq!(error.kind, Kind::Tls, "{case}: {error}");
                assert!(
                    words.iter().all(|word| error.to_string().contains(word)),
                    "{case}: {error}"
                );
                assert_eq!(
                    (server.connections(), server.requests().len()),
                    (1, 0),
                    "{case}: asked once, nothing sent"
                );
            }
            (found, _) => panic!("{case}: {found:?}"),
        }
        file.map(std::fs::remove_file).transpose().unwrap();
    }
}

#[tokio::test]
async fn an_extra_ca_that_is_none_is_named() {
    let server = Faulty::always(ok("")).await;
    let mut bed = Bed::at(&server.url);
    let file = bed.dir.path().join("issuers.pem");
    bed.source.network.extra_ca = Some(file.clone());
    for content in [
        None,
        Some("no certificate"),
        Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        content
            .map(|content| std::fs::write(&file, content))
            .transpose()
            .unwrap();
        let error = bed.error(&server.url).await;
        assert_eq!(error.kind, Kind::Tls, "{content:?}: {error}");
    }
    assert!(
        bed.error(&server.url)
            .await
            .to_string()
            .contains("issuers.pem")
    );
}

#[tokio::test]
async fn plain_http_at_a_tls_address_is_said() {
    let server = Faulty::always(vec![Step::Send(
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    )])
    .await;
    let url: Url = format!("https://127.0.0.1:{}/", server.port())
        .parse()
        .unwrap();
    let tls = Faulty::start(|_, _| ok("")).await;
    drop(tls);
    let error = Bed::at(&url).error(&url).await;
    assert!(matches!(error.kind, Kind::Tls | Kind::Connect), "{error}");
}

#[tokio::test]
async fn tls_is_not_given_up_by_a_redirect() {
    let issuer = tls::issuer();
    let plain = Faulty::always(ok("plain")).await;
    let target = format!("http://localhost:{}/", plain.port());
    let server = Faulty::start_tls(
        tls::acceptor("localhost", 2099, Some(&issuer)),
        move |_, _| redirect("302 Found", &target),
    )
    .await;
    let mut bed = Bed::with_lookup(Fixed("127.0.0.1"), &server.url)
        .source(|network| network.allow_hosts.push("localhost".into()));
    let file = extra_ca(&mut bed, &issuer);
    let error = bed.error(&server.url).await;
    assert_eq!(
        (error.kind, plain.connections()),
        (Kind::Redirect, 0),
        "{error}"
    );
    std::fs::remove_file(file).unwrap();
}

// ---- secrets

#[tokio::test]
async fn no_error_shows_a_secret() {
    const SECRET: &str = "SECRET-0123";
    let with_secrets = |bed: Bed| {
        bed.source(|network| {
            network
                .headers
                .push(("Authorization".into(), Secret(format!("Bearer {SECRET}"))));
            network
                .headers
                .push(("X-Key".into(), Secret(SECRET.into())));
            network.basic_auth = Some(("me".into(), Secret(SECRET.into())));
        })
        .limits(|limits| {
            (
                limits.connect_ms,
                limits.read_ms,
                limits.body_bytes_max,
                limits.tries_max,
            ) = (100, 100, 1000, 2)
        })
    };
    let echo = format!("/login/{SECRET}?token={SECRET}&again={SECRET}");
    let scripts = [
        answer("500 Internal Server Error", &[], SECRET),
        answer(
            "401 Unauthorized",
            &[&format!("WWW-Authenticate: {SECRET}")],
            SECRET,
        ),
        answer("429 Too Many Requests", &["Retry-After: 100000"], SECRET),
        answer("200 OK", &[&format!("Content-Encoding: {SECRET}")], SECRET),
        answer("200 OK", &["Content-Encoding: gzip"], SECRET),
        vec![
            head("200 OK", &["Content-Length: 100000"]),
            Step::Send(SECRET.into()),
        ],
        vec![
            head("200 OK", &["Content-Length: 100"]),
            Step::Send(SECRET.into()),
        ],
        vec![
            head("200 OK", &["Content-Length: 100"]),
            Step::Send(SECRET.into()),
            Step::Hang,
        ],
        vec![Step::Send(format!("{SECRET}\r\n\r\n").into_bytes())],
        redirect("302 Found", &echo),
        redirect(
            "302 Found",
            format!("http://me:{SECRET}@127.0.0.1:9/?sig={SECRET}"),
        ),
        redirect(
            "302 Found",
            format!("http://10.0.0.1/{SECRET}?apikey={SECRET}"),
        ),
        redirect("302 Found", format!("{SECRET}:nowhere")),
    ];
    for script in scripts {
        let server = Faulty::always(script).await;
        let url = server.at(&format!("/data?api_key={SECRET}&rows=10"));
        let bed = with_secrets(Bed::at(&url));
        let error = bed.error(&url).await;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(shown.contains("127.0.0.1"), "names the host: {shown}");
    }
    for url in [
        format!("http://u:{SECRET}@127.0.0.1:9999/?key={SECRET}"),
        format!("http://nowhere.invalid/?key={SECRET}"),
    ] {
        let url: Url = url.parse().unwrap();
        let error = with_secrets(Bed::at(&url)).error(&url).await;
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    }
    let source = with_secrets(Bed::at(&"http://127.0.0.1/".parse().unwrap())).source;
    assert!(!format!("{source:?}").contains(SECRET));
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_without_its_value() {
    let server = Faulty::always(ok("")).await;
    let bed = Bed::at(&server.url).source(|network| {
        network
            .headers
            .push(("X-Key".into(), Secret("line\nbreak".into())))
    });
    let error = bed.error(&server.url).await;
    assert_eq!(error.kind, Kind::Refused);
    assert!(
        error.to_string().contains("X-Key") && !error.to_string().contains("break"),
        "{error}"
    );
}

// ---- politeness

#[tokio::test]
async fn the_pace_of_a_host_is_kept_by_all_its_sources_together() {
    let server = Faulty::always(ok("")).await;
    let mut bed = Bed::at(&server.url).source(|network| network.requests_per_second = 20.0);
    bed.source.network.concurrency = 8;
    let mut hasty = bed.source.clone();
    (hasty.id, hasty.network.requests_per_second) = ("hasty".into(), 1e6);
    let request = Request::get(server.url.clone(), "*/*");
    bed.get(&server.url).await.unwrap();
    let asks = (0..6).map(|n| {
        bed.network.ask(
            if n % 2 == 0 { &bed.source } else { &hasty },
            &request,
            None,
            bed.dir.path(),
        )
    });
    for asked in futures_util::future::join_all(asks).await {
        asked.unwrap();
    }
    let heard = server.requests();
    let took = heard[6].at - heard[0].at;
    // Six intervals of 50 ms; a request is heard a little after it was let go, the first one included.
    assert!(took >= Duration::from_millis(250), "{took:?}");
}

#[tokio::test]
async fn only_so_many_questions_at_once() {
    let script = vec![Step::Wait(Duration::from_millis(30))];
    let server = Faulty::always([script, ok("")].concat()).await;
    for (concurrency, careful) in [(3, 3), (1, 1)] {
        let mut bed = Bed::at(&server.url);
        bed.source.network.concurrency = concurrency;
        let before = server.requests().len();
        let request = Request::get(server.url.clone(), "*/*");
        let asks = (0..9).map(|_| bed.network.ask(&bed.source, &request, None, bed.dir.path()));
        for asked in futures_util::future::join_all(asks).await {
            asked.unwrap();
        }
        assert_eq!(server.requests().len() - before, 9);
        assert!(
            server.at_once_max() <= 3 && careful <= 3,
            "{}",
            server.at_once_max()
        );
    }
}

#[tokio::test]
async fn a_redirect_on_a_host_with_one_place_does_not_wait_for_itself() {
    let server = Faulty::start(|heard, _| {
        if heard.path == "/a" {
            redirect("302 Found", "/b")
        } else {
            ok("")
        }
    })
    .await;
    let bed = Bed::at(&server.url).source(|network| network.concurrency = 1);
    bed.get(&server.at("/a")).await.unwrap();
}
