//! Faults that may pass: asked again, and how long waited.

use crate::*;

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
    // One that was obeyed would be handed to the caller.
    for value in ["-3600", "soon", "", "3600.5"] {
        let field = format!("Retry-After: {value}");
        let server = Faulty::start(move |_, before| match before {
            0 => answer("429 Too Many Requests", &[&field], ""),
            _ => ok(""),
        })
        .await;
        Bed::at(&server.url)
            .limits(|limits| limits.tries_max = 2)
            .get(&server.url)
            .await
            .unwrap_or_else(|error| panic!("{value:?}: {error}"));
    }
}

#[tokio::test]
async fn a_closed_port_is_a_connect_error_after_all_tries() {
    let closed = port::Port::reserved();
    let url = format!("http://{}/", closed.at).parse().unwrap();
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
