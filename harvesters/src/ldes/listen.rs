//! Waiting for news of a harvestd's feed: the question that its door for changes answers when something is published,
//! and what the answer says. Start at [`question`] and [`hear`].

use crate::{Answer, News, ReadError, ReadErrorKind, Request};
use serde::Deserialize;
use std::io::Read;
use url::Url;

const ACCEPT: &str = "application/json, application/problem+json";
const DOING: &str = "listening for news of the feed";
/// An answer names one activity at most.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Where the other side stands, in an answer of any kind: the log may begin later than we ask (410).
#[derive(Deserialize)]
struct Told {
    generation: u64,
    head: u64,
}

/// Without `heard` the answer says where the feed stands, at once. One activity is enough: it is the feed that is read.
pub fn question(door: &Url, heard: Option<&str>, wait_ms: u64) -> Request {
    let mut url = door.clone();
    let mut words = url.query_pairs_mut();
    words.append_pair("limit", "1");
    if let Some(heard) = heard {
        words
            .append_pair("after", heard)
            .append_pair("wait_ms", &wait_ms.to_string());
    }
    drop(words);
    let mut request = Request::get(url, ACCEPT).note(&heard);
    request.any_status = true;
    request.waits = true;
    request
}

pub fn hear(answer: Answer<'_>) -> Result<News, ReadError> {
    let failed = |kind, found: &str| {
        let expected = "the feed's generation, and the number of its newest activity";
        ReadError::new(kind, DOING, found, expected)
    };
    if !matches!(answer.status, 200 | 410) {
        let found = format!("status {}", answer.status);
        return Err(failed(ReadErrorKind::SourceFailed, &found));
    }
    let mut body = Vec::new();
    answer.body.take(ANSWER_BYTES_MAX).read_to_end(&mut body)?;
    let told: Told = serde_json::from_slice(&body)
        .map_err(|e| failed(ReadErrorKind::Malformed, &e.to_string()))?;
    let heard = format!("{}-{}", told.generation, told.head);
    let any = answer.request.note.as_str() != Some(&heard);
    Ok(News { heard, any })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn check(heard: Option<&str>, status: u16, body: &str) -> Result<News, ReadError> {
        let door = Url::parse("https://hub.example/changes").unwrap();
        let request = question(&door, heard, 500);
        hear(Answer {
            request: &request,
            status,
            url: request.url.clone(),
            media_type: None,
            link_next: None,
            body: &mut body.as_bytes(),
        })
    }

    fn news(heard: &str, any: bool) -> News {
        let heard = heard.to_owned();
        News { heard, any }
    }

    #[test]
    fn the_question_names_where_we_stand() {
        let door = Url::parse("https://hub.example/changes").unwrap();
        let asked = |heard| question(&door, heard, 500).url.to_string();
        assert_eq!(asked(None), "https://hub.example/changes?limit=1");
        assert_eq!(
            asked(Some("1-42")),
            "https://hub.example/changes?limit=1&after=1-42&wait_ms=500"
        );
    }

    #[test]
    fn news_is_what_moves_the_head() {
        let body = r#"{"generation":1,"head":42,"next":"1-1","more":true,"activities":[]}"#;
        assert_eq!(check(None, 200, body).unwrap(), news("1-42", true));
        assert_eq!(check(Some("1-42"), 200, body).unwrap(), news("1-42", false));
        assert_eq!(check(Some("1-40"), 200, body).unwrap(), news("1-42", true));
        let gone = r#"{"status":410,"generation":2,"head":7}"#;
        assert_eq!(check(Some("1-42"), 410, gone).unwrap(), news("2-7", true));
        assert!(check(None, 404, "{}").is_err());
        assert!(check(None, 200, "<html>").is_err());
    }
}
