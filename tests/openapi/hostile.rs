//! Values that would break out of a question, an address or a page, at every door: a clear answer, and nothing of ours
//! in pieces.

use crate::{DOORS, hub};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

const HOSTILE: &[&str] = &[
    "x> <y> <z> . } ; DROP ALL ; #",
    "\"\"\" } UNION { ?s ?p ?o } #",
    "{}\\'`$(id)",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "a\r\nSet-Cookie: b=c\r\n\r\n",
    "\u{0}\u{1b}[2J\u{202e}",
    "http://hub.example/> { ?s ?p ?o } <",
    "javascript:alert(1)",
    "9999999999999999999999999999",
    "-1",
    "",
];

/// The address with one of its values exchanged: the last part of its path, or a parameter.
fn exchanged(path: &str, value: &str) -> Vec<String> {
    let value = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let before = &path[..=path.rfind('/').unwrap_or(0)];
    let mut all = vec![format!("{before}{value}?{query}")];
    let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    for at in 0..pairs.len() {
        let mut pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        let name = pairs[at].split('=').next().unwrap_or("").to_owned();
        pairs[at] = format!("{name}={value}");
        all.push(format!("{path}?{}", pairs.join("&")));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_breaks_out_of_its_place() {
    let hub = hub().await;
    let before = hub.daemon.json("/changes").await;
    let mut asked = 0;
    for ask in DOORS.iter().filter(|ask| ask.method == "GET") {
        // Streams have no end, and their values are tried where they are asked for as JSON.
        if ask
            .headers
            .iter()
            .any(|(_, value)| *value == "text/event-stream")
        {
            continue;
        }
        for path in HOSTILE.iter().flat_map(|value| exchanged(ask.path, value)) {
            let url = format!("http://{}{path}", hub.daemon.listen);
            let answer = hub.client.get(url).header("accept", "text/html, */*;q=0.5");
            let answer = answer.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            assert!(status < 500, "{path}: {status}");
            assert!(!headers.contains_key("set-cookie"), "{path}");
            let html = headers
                .get("content-type")
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            let body = answer.bytes().await.unwrap();
            let runs = html && String::from_utf8_lossy(&body).contains("<script>alert(1)");
            assert!(!runs, "{path}");
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
    assert_eq!(hub.daemon.json("/changes").await, before);
    hub.daemon.stop().await;
}
