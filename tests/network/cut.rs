//! Bodies that come too slowly, or not whole.

use crate::*;

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
        let bed = Bed::at(&server.url).limits(|limits| {
            (limits.connect_ms, limits.read_ms, limits.tries_max) = (1_000, 500, 2)
        });
        assert_eq!(bed.error(&server.url).await.kind, Kind::Timeout);
        assert_eq!((server.heard(2).await.len(), bed.left()), (2, 0));
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
    let bed =
        Bed::at(&server.url).limits(|limits| (limits.total_ms, limits.tries_max) = (1_500, 3));
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
