//! TLS: checked always, and what is wrong is said.

use crate::{Fixed, *};
use std::path::PathBuf;
use tokio::io::AsyncWriteExt;

fn extra_ca(bed: &mut Bed, issuer: &certificates::Issuer) -> PathBuf {
    let file = bed.dir.path().with_extension("pem");
    std::fs::write(&file, issuer.pem()).unwrap();
    bed.source.network.extra_ca = Some(file.clone());
    file
}

#[tokio::test]
async fn certificates_are_checked_and_the_error_says_what_is_wrong() {
    let issuer = certificates::issuer();
    for (case, acceptor, trusted, words) in [
        (
            "good",
            certificates::acceptor("localhost", 2099, Some(&issuer)),
            true,
            None,
        ),
        (
            "unknown issuer",
            certificates::acceptor("localhost", 2099, Some(&issuer)),
            false,
            Some(["unknown issuer", "extra_ca"]),
        ),
        (
            "self-signed",
            certificates::acceptor("localhost", 2099, None),
            false,
            Some(["unknown issuer", "extra_ca"]),
        ),
        (
            "expired",
            certificates::acceptor("localhost", 2021, Some(&issuer)),
            true,
            Some(["expired", "renew"]),
        ),
        (
            "other host",
            certificates::acceptor("other.example", 2099, Some(&issuer)),
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
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("https://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await
    });
    let error = Bed::at(&url).error(&url).await;
    assert_eq!(error.kind, Kind::Tls, "{error}");
    assert!(
        error.to_string().contains("something else than TLS"),
        "{error}"
    );
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_does() {
    use hyper_util::{
        rt::{TokioExecutor, TokioIo},
        server::conn::auto,
    };
    let issuer = certificates::issuer();
    let acceptor = certificates::acceptor_for(&["h2"], "localhost", 2099, Some(&issuer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    )
    .parse()
    .unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper::service::service_fn(|request: axum::http::Request<_>| async move {
            let cut = request.uri().path() == "/cut";
            let chunks = [Ok("two "), if cut { Err("gone") } else { Ok("parts") }];
            let body = axum::body::Body::from_stream(futures_util::stream::iter(chunks));
            Ok::<_, std::convert::Infallible>(axum::http::Response::new(body))
        });
        let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
        auto::Builder::new(TokioExecutor::new())
            .http2_only()
            .serve_connection(stream, service)
            .await
            .ok();
    });
    let mut bed = Bed::with_lookup(Fixed("127.0.0.1"), &url);
    let file = extra_ca(&mut bed, &issuer);
    let spooled = bed.get(&url).await.unwrap();
    assert_eq!(
        (text(&spooled).as_str(), spooled.framed),
        ("two parts", true)
    );
    let error = bed.error(&url.join("/cut").unwrap()).await;
    assert_eq!((error.kind, bed.left()), (Kind::Truncated, 1), "{error}");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn tls_is_not_given_up_by_a_redirect() {
    let issuer = certificates::issuer();
    let plain = Faulty::always(ok("plain")).await;
    let target = format!("http://localhost:{}/", plain.port());
    let server = Faulty::start_tls(
        certificates::acceptor("localhost", 2099, Some(&issuer)),
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
