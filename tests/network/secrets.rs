//! Secrets: in no error.

use crate::*;

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
