//! Tests of the connector's pieces; whole runs are in `tests/connectors/sensorthings`.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{
    SensorThings,
    find::{Found, PAIRS_MAX},
    gather::Gathering,
    note::{Facts, Note, Step, Version},
    pages::Walk,
    row::{Pair, Row},
    sums::Sums,
    times::Times,
};
use crate::{
    Answer, Bookmark, Completeness, Location, Page, PartName, ReadError, RecordId, Request,
    Settings, Stop,
};
use harvestd_vocab::Refusal;
use serde_json::{Value, json};
use std::ops::ControlFlow::{self, Continue};
use url::Url;

const ROOT: &str = "https://sta.services.example/STA_Air/v1.0";

fn opened(root: &str, options: Value) -> SensorThings {
    SensorThings::new(Settings {
        document: Default::default(),
        source: "air".to_owned(),
        url: Url::parse(root).unwrap(),
        options,
        record_bytes_max: 1 << 20,
    })
    .unwrap()
}

/// The questions that follow from one page of the first walk.
fn after(service: &SensorThings, body: &str) -> Result<Vec<Request>, ReadError> {
    struct Heard(Vec<Request>);
    impl Page for Heard {
        fn part(&mut self, _: RecordId, _: PartName, _: &[u8]) -> ControlFlow<Stop> {
            Continue(())
        }
        fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
            Continue(())
        }
        fn refused(&mut self, _: Location, _: Refusal) -> ControlFlow<Stop> {
            Continue(())
        }
        fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
            Continue(())
        }
        fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
            Continue(())
        }
        fn next(&mut self, question: Request) -> ControlFlow<Stop> {
            self.0.push(question);
            Continue(())
        }
        fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
            Continue(())
        }
        fn complete(&mut self, _: Completeness) -> ControlFlow<Stop> {
            Continue(())
        }
        fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
            Continue(())
        }
    }
    let request = service.ask_first_pairs(Facts::of(Version::V1_0));
    let mut heard = Heard(Vec::new());
    let answer = Answer {
        request: &request,
        status: 200,
        url: request.url.clone(),
        media_type: None,
        link_next: None,
        body: &mut body.as_bytes(),
    };
    crate::Harvester::read(service, answer, &mut heard)?;
    Ok(heard.0)
}

fn next_of(service: &SensorThings, link: &str) -> Result<String, ReadError> {
    let row = json!({"Thing": {"properties": {}}, "ObservedProperty": {"name": "x"}});
    let body = json!({"@iot.count": 9, "value": [row], "@iot.nextLink": link}).to_string();
    Ok(after(service, &body)?.pop().unwrap().url.to_string())
}

#[test]
fn a_next_link_is_followed_byte_for_byte() {
    let service = opened(ROOT, json!({ "legacy_hosts": ["sta.former.example"] }));
    // As a server in use wrote them: escaped brackets and quotes, plus signs for spaces, bare commas, small hex digits.
    let paths = [
        "/STA_Air/v1.0/Datastreams?$skip=100&$filter=%28substringof%28%27Datastream_Category_type%3D%E6%B7%B9%E6%B0%B4%E6%84%9F%E6%B8%AC%E5%99%A8%27%2CDatastreams%2Fdescription%29+and+substringof%28%27Datastream_Category%3D%E6%B7%B9%E6%B0%B4%E6%B7%B1%E5%BA%A6%27%2CDatastreams%2Fdescription%29%29&$expand=Thing,Thing%28%24expand%3DLocations%29,Observations%28%24top%3D1%3B%24orderby%3DphenomenonTime+desc%29",
        "/STA_Air/v1.0/Datastreams?$skipFilter=%e6%b7%b9+%2B%2b%20%25&$top=5&&x=;:@!*()~-_.",
        "/STA_Air/v1.0/Things(1)/Datastreams?$skip=1",
    ];
    for path in paths {
        for origin in [
            "https://sta.services.example",
            "http://sta.services.example",
            "http://sta.services.example:8080",
            "https://sta.former.example",
        ] {
            let found = next_of(&service, &format!("{origin}{path}")).unwrap();
            assert_eq!(found, format!("https://sta.services.example{path}"));
        }
    }
}

#[test]
fn what_cannot_stand_in_a_url_is_escaped() {
    let service = opened(ROOT, json!({}));
    let link = format!("{ROOT}/Datastreams?$filter=name eq '水'&$skip=1");
    let expected = format!("{ROOT}/Datastreams?$filter=name%20eq%20%27%E6%B0%B4%27&$skip=1");
    assert_eq!(next_of(&service, &link).unwrap(), expected);
    assert_eq!(
        next_of(&service, "Datastreams?$skip=1").unwrap(),
        format!("{ROOT}/Datastreams?$skip=1")
    );
}

#[test]
fn no_question_leaves_the_host() {
    let service = opened(ROOT, json!({ "legacy_hosts": ["sta.former.example"] }));
    for link in [
        "http://140.110.19.16/STA_Air/v1.0/Datastreams?$skip=1",
        "https://sta.services.example.evil.example/x",
        "https://sta.services.example@evil.example/x",
        "//evil.example/x",
        "ftp://sta.services.example/x",
        "https:///x",
        "",
    ] {
        let refused = next_of(&service, link).unwrap_err();
        assert!(
            refused.doing.contains("nextLink"),
            "{link:?} gives {refused}"
        );
    }
    // User information is not taken over, nor are fragments sent.
    let found = next_of(
        &service,
        "https://me:secret@sta.former.example/STA_Air/v1.0/X?a=1",
    )
    .unwrap();
    assert_eq!(found, format!("{ROOT}/X?a=1"));
}

#[test]
fn questions_need_no_further_escapes() {
    let service = opened(&format!("{ROOT}/?x=1#y"), json!({}));
    let pair = Pair {
        group: Some("水利署（O'Brien & 50%+）".into()),
        property: Some("PM2.5; #1".to_owned()),
    };
    let question = service.ask_first_datastreams(Gathering::new(Facts::of(Version::V1_0), pair));
    let again = Url::parse(question.url.as_str()).unwrap();
    assert_eq!(again, question.url);
    let filter = again
        .query_pairs()
        .find_map(|(name, value)| (name == "$filter").then(|| value.into_owned()));
    assert_eq!(
        filter.unwrap(),
        "Thing/properties/authority eq '水利署（O''Brien & 50%+）' and ObservedProperty/name eq 'PM2.5; #1'"
    );
    assert!(again.as_str().starts_with(&format!(
        "{ROOT}/Datastreams?$count=true&$filter=Thing/properties/authority%20eq%20%27"
    )));
}

#[test]
fn notes_stay_within_the_contract_when_everything_is_full() {
    const NOTE_BYTES_MAX: usize = 4096;
    let size = |step: Step| serde_json::to_string(&Note::new(step)).unwrap().len();
    let walk: Walk = serde_json::from_value(
        json!({"rows": u64::MAX, "declared": u64::MAX, "last_page": "0123456789abcdef"}),
    )
    .unwrap();
    let facts = Facts {
        observations: Some(false),
        times: false,
        ..Facts::of(Version::V1_1)
    };
    let found = Found {
        facts,
        walk: walk.clone(),
        met: "x".repeat(8 * PAIRS_MAX),
    };
    assert!(size(Step::Find(found)) <= NOTE_BYTES_MAX);

    let options = super::options::Options {
        keyword_properties: vec!["words".to_owned()],
        ..Default::default()
    };
    let mut sums = Sums::default();
    for n in 0..2_000 {
        // Short and long words, quotes that a note has to escape, letters of three bytes.
        let word = |of: &str| format!("{of}\"{n}{}", "字".repeat(n % 40));
        let row = json!({
            "description": word("d"), "observationType": word("t"), "phenomenonTime": "2026-01-01T00:00:00.123Z/2026-01-02T00:00:00.123Z",
            "unitOfMeasurement": {"name": word("n"), "symbol": word("s"), "definition": word("d")},
            "ObservedProperty": {"name": word("p"), "definition": word("d")},
            "Thing": {"properties": {"authority": word("a"), "city": word("c"), "words": word("w")},
                      "Locations": [{"location": {"coordinates": [-100.123_456_789_012_f64 - n as f64 / 1e5, -80.123_456_789_012_f64]}}, {"location": {"coordinates": [0, 0]}}]}
        });
        sums.add(&Row::parse(row.to_string().as_bytes()).unwrap(), &options);
        let lost = json!({"Thing": {"Locations": [{"location": word("address")}]}});
        sums.add(&Row::parse(lost.to_string().as_bytes()).unwrap(), &options);
    }
    let longest = "\"".repeat(119);
    let pair = Pair {
        group: Some(longest.clone().into()),
        property: Some(longest),
    };
    assert!(!pair.too_long());
    let gathering = Gathering {
        facts,
        pair,
        walk,
        others: u64::MAX,
        sums,
    };
    let bytes = size(Step::Earliest(Box::new(gathering)));
    assert!((3_000..=NOTE_BYTES_MAX).contains(&bytes), "{bytes} bytes");
}

#[test]
fn too_many_datasets_are_refused() {
    let service = opened(ROOT, json!({}));
    let page = |pairs: usize| {
        let rows: Vec<Value> = (0..pairs)
            .map(|n| json!({"Thing": {"properties": {"authority": n}}, "ObservedProperty": {"name": "x"}}))
            .collect();
        json!({"@iot.count": pairs, "value": rows}).to_string()
    };
    assert_eq!(after(&service, &page(PAIRS_MAX)).unwrap().len(), PAIRS_MAX);
    let refused = after(&service, &page(PAIRS_MAX + 1)).unwrap_err();
    assert_eq!(refused.kind, crate::ReadErrorKind::Limit);
}

#[test]
fn times_without_end_have_none() {
    let of = |texts: &[&str]| {
        let mut times = Times::default();
        texts.iter().for_each(|text| times.add(Some(text)));
        (times.start(), times.end())
    };
    let some = |text: &str| Some(text.to_owned());
    let (start, end) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00.5Z");
    assert_eq!(
        of(&["2026-01-01T08:00:00.000+08:00/2026-02-01T00:00:00.500Z"]),
        (some(start), some("2026-02-01T00:00:00.500Z"))
    );
    assert_eq!(
        of(&[
            &format!("{start}/2099-12-31T00:00:00.000Z"),
            &format!("{start}/{end}")
        ]),
        (some(start), None)
    );
    assert_eq!(of(&[&format!("{start}/..")]), (some(start), None));
    assert_eq!(of(&["2099-12-31T00:00:00.000Z"]), (None, None));
    assert_eq!(
        of(&["0001-01-01T00:00:00Z/2026-01-01T00:00:00Z"]),
        (None, some(start))
    );
    assert_eq!(of(&[start, "yesterday"]), (some(start), some(start)));
}

#[test]
fn keys_of_different_pairs_differ() {
    let key = |group: Option<&str>, property: Option<&str>| {
        Pair {
            group: group.map(Value::from),
            property: property.map(str::to_owned),
        }
        .key()
    };
    assert_eq!(key(Some("a|b"), Some("c")), "a%7Cb|c");
    assert_eq!(key(Some("a"), Some("b|c")), "a|b%7Cc");
    assert_eq!(key(None, Some("c%7C")), "|c%257C");
    assert_eq!(key(Some("a"), None), "a|");
}
