//! What an answer holds, what a question says, and which statuses are answers.

use crate::*;

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
async fn a_challenge_against_robots_is_told_from_a_missing_key() {
    for (headers, advice) in [
        (
            &["cf-mitigated: challenge"][..],
            "ask the source to let harvestd in, by its User-Agent",
        ),
        (
            &[][..],
            "see whether the source needs basic_auth or a header with a key",
        ),
    ] {
        let server = Faulty::always(answer("403 Forbidden", headers, "<html></html>")).await;
        let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 3);
        let error = bed.error(&server.url).await;
        assert_eq!(error.kind, Kind::Status(403));
        assert!(error.to_string().contains(advice), "{headers:?}: {error}");
        assert_eq!(
            server.requests().len(),
            1,
            "a robot that insists is none the more welcome"
        );
    }
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
