//! Each kind of fault, from a server that has it.

use crate::{
    Bed, OPEN, PATIENT, certificates,
    faulty::{Faulty, Heard, Script, Step, answer, head, redirect},
    format, texts,
};
use harvestd::links::{
    check::Checker,
    declared::{Declared, Role},
    judge::{Came, Verdict, judge},
    sniff::Type,
    trouble::Trouble,
};
use std::time::Duration;

impl Bed {
    async fn came(&self, url: &str) -> Came {
        self.again(url, None).await
    }

    async fn again(&self, url: &str, before: Option<&Came>) -> Came {
        let checker = Checker::new(self.config.clone(), self.spool());
        checker.check(&self.means.network, url, before).await
    }
}

fn csv() -> Declared {
    Declared {
        media_type: Some("text/csv".to_owned()),
        encoding: Some("UTF-8".to_owned()),
        bytes: Some(14),
        fields: [("name", "站名"), ("lon", "經度")]
            .map(|(name, said)| (name.to_owned(), Some(said.to_owned())))
            .into(),
        ..Declared::default()
    }
}

const GOOD: &str = "name,lon\na,121\n";

/// What the server has at each path. HEAD is answered as GET is, without the body.
fn at(heard: &Heard) -> Script {
    let (big5, ..) = encoding_rs::BIG5.encode("站名,經度\n中正測站位置,121\n信義測站位置,121\n");
    let ok = |body: &[u8]| answer("200 OK", &["Content-Type: text/csv"], body);
    let mut script = match heard.path.as_str() {
        "/good" => ok(GOOD.as_bytes()),
        "/gone" => answer("404 Not Found", &[], "no"),
        "/taken-away" => answer("410 Gone", &[], "no"),
        "/forbidden" => answer("403 Forbidden", &[], "no"),
        "/broken" => answer("500 Internal Server Error", &[], "no"),
        "/odd" => answer("400 Bad Request", &[], "no"),
        "/html" => ok(b"<!DOCTYPE html><title>Our data</title>"),
        "/lost" => ok("<html><title>查無此頁</title>".as_bytes()),
        "/moved" => redirect("302 Found", "/"),
        "/" => ok(b"<!DOCTYPE html><title>Welcome</title>"),
        "/login" => ok(b"<html><form><input type=\"password\"></form>"),
        "/challenge" => ok(b"<html><title>Just a moment...</title>"),
        "/empty" => ok(b""),
        "/json" => ok(b"{\"name\": 1}"),
        "/ragged" => ok(b"name,lon\n1,2,3\n4,5\n"),
        "/big5" => ok(&big5),
        "/columns" => ok(b"id,height\n1,2222\n"),
        "/size" => ok("name,lon\nabcdefghijkl,121\n".repeat(9).as_bytes()),
        "/circle" => redirect("302 Found", "/circle2"),
        "/circle2" => redirect("302 Found", "/circle"),
        "/cut" => vec![
            head("200 OK", &["Content-Length: 1000"]),
            Step::Send(b"name,lon\n".to_vec()),
        ],
        "/no-http" => vec![Step::Send(b"220 mail.example ready\r\n".to_vec())],
        "/silent" => vec![Step::Hang],
        "/slow" => vec![
            head("200 OK", &["Content-Length: 1000"]),
            Step::Forever(b"a".to_vec(), Duration::from_millis(50)),
        ],
        "/busy" => answer("429 Too Many Requests", &["Retry-After: 7200"], ""),
        other => panic!("{other}"),
    };
    if heard.method == "HEAD" && heard.path != "/silent" {
        script.truncate(1);
    }
    script
}

fn judged(url: &str, came: &Came) -> Verdict {
    judge(url, Role::Download, &csv(), came)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_rightly() {
    let server = Faulty::start(|heard, _| at(heard)).await;
    let bed = Bed::new(OPEN, PATIENT, &[]);
    for (path, expected) in [
        ("good", Trouble::Ok),
        ("gone", Trouble::Gone),
        ("taken-away", Trouble::Gone),
        ("forbidden", Trouble::Forbidden),
        ("broken", Trouble::ServerError),
        ("odd", Trouble::OddStatus),
        ("html", Trouble::Html),
        ("lost", Trouble::LostPage),
        ("moved", Trouble::LostPage),
        ("login", Trouble::Login),
        ("challenge", Trouble::Challenge),
        ("empty", Trouble::Empty),
        ("json", Trouble::OtherType),
        ("ragged", Trouble::Unreadable),
        ("big5", Trouble::OtherEncoding),
        ("columns", Trouble::OtherColumns),
        ("size", Trouble::OtherSize),
        ("circle", Trouble::Redirects),
        ("cut", Trouble::CutOff),
        ("no-http", Trouble::NotHttp),
    ] {
        let url = server.at(path).to_string();
        let came = bed.came(&url).await;
        let verdict = judged(&url, &came);
        assert_eq!(verdict.trouble, expected, "{path}: {came:?}");
    }
    let busy = server.at("busy").to_string();
    let came = bed.came(&busy).await;
    assert_eq!(came.fault, Some(Trouble::Busy));
    assert_eq!(came.retry_after_ms, Some(7_200_000));
    // And the host is left alone meanwhile, by everybody.
    let heard = server.requests().len();
    assert_eq!(bed.came(&busy).await.fault, Some(Trouble::Busy));
    assert_eq!(server.requests().len(), heard);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_and_who_says_it_slowly() {
    let server = Faulty::start(|heard, _| at(heard)).await;
    let bed = Bed::new(
        OPEN,
        "[limits.links]\ntotal_ms = 700\nconnect_ms = 700\n",
        &[],
    );
    for (path, expected) in [("silent", Trouble::Silence), ("slow", Trouble::Slow)] {
        let url = server.at(path).to_string();
        let came = bed.came(&url).await;
        assert_eq!(judged(&url, &came).trouble, expected, "{came:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_are_not_there() {
    let bed = Bed::new(OPEN, PATIENT, &[]);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for (url, expected) in [
        (format!("http://127.0.0.1:{port}/x"), Trouble::NoConnection),
        ("http://nobody.invalid/x".to_owned(), Trouble::NoName),
        ("ftp://f.example/x".to_owned(), Trouble::OtherScheme),
        ("no address".to_owned(), Trouble::OtherScheme),
        ("http://10.1.2.3/x".to_owned(), Trouble::NotAllowed),
        ("http://127.0.0.1:25/x".to_owned(), Trouble::NotAllowed),
    ] {
        assert_eq!(bed.came(&url).await.fault, Some(expected), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_told_apart() {
    let issuer = certificates::issuer();
    for (host, year, trusted, expected) in [
        ("localhost", 2099, true, None),
        (
            "localhost",
            2099,
            false,
            Some(Trouble::CertificateUntrusted),
        ),
        ("localhost", 2021, true, Some(Trouble::CertificateExpired)),
        (
            "other.example",
            2099,
            true,
            Some(Trouble::CertificateOtherName),
        ),
    ] {
        let acceptor = certificates::acceptor(host, year, Some(&issuer));
        let server = Faulty::start_tls(acceptor, |_, _| answer("200 OK", &[], GOOD)).await;
        let mut source = texts::source("a", "dcat", server.url.as_str(), "");
        let file = tempfile::NamedTempFile::with_suffix(".pem").unwrap();
        std::fs::write(file.path(), issuer.pem()).unwrap();
        if trusted {
            // What a source's own server is trusted by counts for its files as well.
            source += &format!("extra_ca = \"{}\"\n", file.path().display());
        }
        let bed = Bed::new(OPEN, PATIENT, &[source]);
        let came = bed.came(server.at("x").as_str()).await;
        assert_eq!(came.fault, expected, "{host} {year} {trusted}: {came:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_for_who_may_be_there() {
    let server = Faulty::start(|heard, _| at(heard)).await;
    let url = server.at("good").to_string();
    let closed = Bed::new("[links]\nrobots = \"ignore\"\n", PATIENT, &[]);
    assert_eq!(closed.came(&url).await.fault, Some(Trouble::NotAllowed));
    assert_eq!(server.connections(), 0);
    let elsewhere = texts::source("a", "dcat", "http://127.0.0.1:9/", "");
    let closed = Bed::new("", PATIENT, &[elsewhere]);
    assert_eq!(closed.came(&url).await.fault, Some(Trouble::NotAllowed));
    let at_home = texts::source("a", "dcat", server.at("data").as_str(), "");
    let bed = Bed::new("[links]\nrobots = \"ignore\"\n", PATIENT, &[at_home]);
    assert_eq!(bed.came(&url).await.fault, None);
    // A redirect leads nowhere that the first address could not be.
    let inner = Faulty::start(|heard, _| at(heard)).await;
    let to = inner.at("good").to_string();
    let server = Faulty::start(move |_, _| redirect("302 Found", &to)).await;
    let at_home = texts::source("a", "dcat", server.url.as_str(), "");
    let bed = Bed::new("[links]\nrobots = \"ignore\"\n", PATIENT, &[at_home]);
    let came = bed.came(server.at("x").as_str()).await;
    assert_eq!(
        (came.fault, inner.connections()),
        (Some(Trouble::NotAllowed), 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_are_obeyed_unless_the_operator_says_otherwise() {
    let script = |heard: &Heard, _| match heard.path.as_str() {
        "/robots.txt" => answer("200 OK", &[], "User-agent: *\nDisallow: /private/\n"),
        _ => answer("200 OK", &[], GOOD),
    };
    let server = Faulty::start(script).await;
    let (open, shut) = (
        server.at("open").to_string(),
        server.at("private/x").to_string(),
    );
    let obeying = OPEN.replace("ignore", "obey");
    let bed = Bed::new(&obeying, PATIENT, &[]);
    assert_eq!(bed.came(&shut).await.fault, Some(Trouble::Robots));
    assert_eq!(bed.came(&open).await.fault, None);
    let asked: Vec<_> = server
        .requests()
        .into_iter()
        .map(|heard| heard.path)
        .collect();
    assert_eq!(
        asked,
        ["/robots.txt", "/open", "/open"],
        "it is asked for once"
    );
    let bed = Bed::new(OPEN, PATIENT, &[]);
    assert_eq!(bed.came(&shut).await.fault, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_knows_no_head_and_no_ranges_is_asked_plainly() {
    let script = |heard: &Heard, _| match (heard.method.as_str(), heard.header("range")) {
        ("HEAD", _) => vec![head("405 Method Not Allowed", &[])],
        (_, Some(_)) => answer("501 Not Implemented", &[], ""),
        _ => answer("200 OK", &[], GOOD),
    };
    let server = Faulty::start(script).await;
    let bed = Bed::new(OPEN, PATIENT, &[]);
    let url = server.at("x").to_string();
    let came = bed.came(&url).await;
    assert_eq!(judged(&url, &came).trouble, Trouble::Ok, "{came:?}");
    let asked = server.requests();
    let methods: Vec<&str> = asked.iter().map(|heard| heard.method.as_str()).collect();
    assert_eq!(methods, ["HEAD", "GET", "GET"]);
    for heard in &asked {
        assert_eq!(heard.header("cookie"), None);
        assert_eq!(heard.header("authorization"), None);
        assert!(heard.header("user-agent").unwrap().starts_with("harvestd/"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_read_than_is_looked_at() {
    let script = |heard: &Heard, _| {
        let head = head("200 OK", &["Content-Length: 1000000000"]);
        match heard.method.as_str() {
            "HEAD" => vec![head],
            _ => vec![
                head,
                Step::Forever(b"a,b\n1,2\n".repeat(100), Duration::ZERO),
            ],
        }
    };
    let server = Faulty::start(script).await;
    let bed = Bed::new(OPEN, &format!("{PATIENT}bytes_max = 4096\n"), &[]);
    let came = bed.came(server.at("x").as_str()).await;
    assert_eq!((came.fault, came.seen, came.whole), (None, 4096, false));
    assert_eq!(came.bytes, Some(1_000_000_000));
    assert_eq!(came.look.kind, Some(Type::Csv));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_looked_at_and_the_whole_length_known() {
    let script = |heard: &Heard, _| match heard.header("range") {
        Some(range) => {
            assert_eq!(range, "bytes=0-511");
            answer(
                "206 Partial Content",
                &["Content-Range: bytes 0-511/9000"],
                "a,b\n".repeat(128),
            )
        }
        None => vec![head(
            "200 OK",
            &["Content-Length: 9000", "Accept-Ranges: bytes"],
        )],
    };
    let server = Faulty::start(script).await;
    let bed = Bed::new(OPEN, &format!("{PATIENT}bytes_max = 512\n"), &[]);
    let came = bed.came(server.at("x").as_str()).await;
    assert_eq!(
        (came.bytes, came.seen, came.whole),
        (Some(9000), 512, false)
    );
    assert_eq!(came.status, Some(206));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_fetched_again() {
    let script = |heard: &Heard, before: usize| {
        let tag = if before < 3 {
            "ETag: \"1\""
        } else {
            "ETag: \"2\""
        };
        let mut script = answer("200 OK", &[tag], GOOD);
        if heard.method == "HEAD" {
            script.truncate(1);
        }
        script
    };
    let server = Faulty::start(script).await;
    let bed = Bed::new(OPEN, PATIENT, &[]);
    let url = server.at("x").to_string();
    let first = bed.came(&url).await;
    let second = bed.again(&url, Some(&first)).await;
    assert_eq!(
        (second.look, second.status),
        (first.look.clone(), first.status)
    );
    assert_eq!(server.requests().len(), 3, "a head, a file, a head");
    bed.again(&url, Some(&first)).await;
    assert_eq!(server.requests().len(), 5, "another tag is another file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_lost_its_place_is_declared_by_its_description() {
    let declared = format("JSON");
    let (_, body) = crate::dataset("https://a.example/1", "https://f.example/1", &declared);
    let dataset = harvestd::links::declared::Dataset::of(
        texts::BASE,
        "https://a.example/1",
        &body.replace("{d}", "<https://a.example/1#d>"),
        false,
    );
    let place = &dataset.unwrap().places[0];
    assert_eq!(
        place.declared.media_type.as_deref(),
        Some("application/json")
    );
}
