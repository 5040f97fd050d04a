//! What the recorded answers in `tests/connectors/ckan` do not reach: a catalogue that moves at random under the
//! reader's feet, and small functions at their edges.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{
    addresses,
    fields::{Fields, Text},
    geometry::well_known_text,
    resource::licence_of,
    say::{link, segment, utc},
    *,
};
use crate::{Bookmark, Completeness, Location, PartName, RecordId, Stop};
use serde_json::json;
use std::{
    collections::{BTreeSet, VecDeque},
    ops::ControlFlow::{self, Continue},
};

fn ckan(rows: u64) -> Box<dyn Harvester> {
    let settings = Settings {
        source: "portal".to_owned(),
        url: "https://ckan.example/".parse().unwrap(),
        options: json!({ "rows": rows }),
        record_bytes_max: 1 << 20,
        document: Default::default(),
    };
    (KIND.open)(settings).unwrap()
}

/// What a run heard.
#[derive(Default)]
struct Heard {
    next: VecDeque<Request>,
    keys: BTreeSet<String>,
    complete: Option<Completeness>,
}

impl Page for Heard {
    fn part(&mut self, id: RecordId, _: PartName, _: &[u8]) -> ControlFlow<Stop> {
        self.keys.insert(id.key);
        Continue(())
    }
    fn gone(&mut self, _: RecordId) -> ControlFlow<Stop> {
        Continue(())
    }
    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        panic!("refused {at}: {why}");
    }
    fn filtered(&mut self, _: RecordId, _: &'static str) -> ControlFlow<Stop> {
        Continue(())
    }
    fn noticed(&mut self, _: &'static str, _: String) -> ControlFlow<Stop> {
        Continue(())
    }
    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.next.push_back(question);
        Continue(())
    }
    fn declares(&mut self, _: u64) -> ControlFlow<Stop> {
        Continue(())
    }
    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        assert_eq!(self.complete.replace(proof), None, "complete is said once");
        Continue(())
    }
    fn bookmark(&mut self, _: Bookmark) -> ControlFlow<Stop> {
        Continue(())
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Whatever is deleted and inserted between two pages: a walk that says "complete" has seen every package that was
/// there all the time.
#[test]
fn a_complete_walk_has_seen_all_that_stayed() {
    let (mut complete, mut moved) = (0, 0);
    for seed in 0..3000 {
        let mut dice = Dice(seed);
        let rows = 2 + dice.below(5);
        let harvester = ckan(rows);
        let mut portal: BTreeSet<u64> = (0..dice.below(30)).map(|_| dice.below(1000)).collect();
        let restless = dice.below(3);
        let mut stayed = portal.clone();
        let mut heard = Heard {
            next: harvester.begin(None, 0).into(),
            ..Heard::default()
        };
        let mut questions = 0;
        while let Some(question) = heard.next.pop_front() {
            questions += 1;
            assert!(questions < 200, "seed {seed}: it does not end");
            let body = answer(&question, &portal);
            let answer = Answer {
                request: &question,
                status: 200,
                url: question.url.clone(),
                media_type: None,
                link_next: None,
                body: &mut body.as_bytes(),
            };
            harvester.read(answer, &mut heard).unwrap();
            for _ in 0..dice.below(1 + restless * 2) {
                moved += 1;
                move_one(&mut dice, &mut portal, &mut stayed);
            }
        }
        if heard.complete.is_some() {
            complete += 1;
            let missed: Vec<_> = stayed
                .iter()
                .filter(|id| !heard.keys.contains(&format!("{id:04}")))
                .collect();
            assert!(missed.is_empty(), "seed {seed}: missed {missed:?}");
        } else {
            assert!(
                restless > 0,
                "seed {seed}: a catalogue at rest is read whole"
            );
        }
    }
    assert!(
        complete > 2000 && moved > 1000,
        "{complete} complete, {moved} moves"
    );
}

/// Deletes a package, or inserts one.
fn move_one(dice: &mut Dice, portal: &mut BTreeSet<u64>, stayed: &mut BTreeSet<u64>) {
    match portal.iter().nth(dice.below(40) as usize).copied() {
        Some(id) => {
            portal.remove(&id);
            stayed.remove(&id);
        }
        None => {
            portal.insert(dice.below(1000));
        }
    }
}

/// What a portal that sorts and pages as it should answers.
fn answer(question: &Request, portal: &BTreeSet<u64>) -> String {
    let number = |key: &str| {
        question
            .url
            .query_pairs()
            .find(|(k, _)| k == key)
            .unwrap()
            .1
            .parse::<usize>()
            .unwrap()
    };
    let results: Vec<_> = portal
        .iter()
        .skip(number("start"))
        .take(number("rows"))
        .map(|id| json!({ "id": format!("{id:04}"), "metadata_modified": "2026-01-01T00:00:00" }))
        .collect();
    json!({ "success": true, "result": { "count": portal.len(), "results": results } }).to_string()
}

#[test]
fn addresses_of_portals_and_of_their_actions() {
    for (configured, portal, api) in [
        (
            "https://a.example",
            "https://a.example",
            "https://a.example/api/3/action/",
        ),
        (
            "https://a.example/data/",
            "https://a.example/data",
            "https://a.example/data/api/3/action/",
        ),
        (
            "https://a.example/api/3/action",
            "https://a.example",
            "https://a.example/api/3/action/",
        ),
        (
            "https://a.example/api/action/",
            "https://a.example",
            "https://a.example/api/action/",
        ),
        (
            "https://a.example/api/ckan",
            "https://a.example/api/ckan",
            "https://a.example/api/ckan/api/3/action/",
        ),
        (
            "https://a.example/x/api/3?y=1#z",
            "https://a.example/x",
            "https://a.example/x/api/3/action/",
        ),
        (
            "https://u:p@a.example/",
            "https://a.example",
            "https://u:p@a.example/api/3/action/",
        ),
    ] {
        let (found, actions) = addresses(&configured.parse().unwrap()).unwrap();
        assert_eq!(
            (found.as_str(), actions.as_str()),
            (portal, api),
            "{configured}"
        );
    }
    assert!(addresses(&"ftp://a.example/".parse().unwrap()).is_none());
}

#[test]
fn fields_are_found_wherever_they_are() {
    let package = json!({
        "title": "[2019] {draft}",
        "extras": [{ "key": " Theme ", "value": "[\"a\", \"b\"]" }, { "key": "title", "value": "later" }, { "key": 7 }],
        "notes_translated": "{\"en\": \"x\", \"pt_BR\": \"y\", \"ca\": \"\"}",
        "notes": "not this",
        "provenance": { "note": "no language" },
        "empty": "  ",
    });
    let fields = Fields::of(&package);
    assert_eq!(fields.words(&["theme"]), ["a", "b"]);
    assert_eq!(fields.texts(&["title"]), [Text::plain("[2019] {draft}")]);
    let notes: Vec<_> = fields
        .texts(&["notes"])
        .iter()
        .map(|t| t.literal().to_string())
        .collect();
    assert_eq!(notes, ["\"x\"@en", "\"y\"@pt-br"]);
    assert_eq!(fields.texts(&["provenance"]), []);
    assert!(fields.get(&["empty"]).is_none());
}

#[test]
fn times_of_the_portal_are_utc_and_others_stay_words() {
    for (text, literal) in [
        (
            "2026-01-02T03:04:05.6",
            "\"2026-01-02T03:04:05.6Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>",
        ),
        (
            "2026-01-02 03:04:05",
            "\"2026-01-02T03:04:05Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>",
        ),
        ("2026-01-02T03:04:05+08:00", "\"2026-01-02T03:04:05+08:00\""),
        ("2026-01-02", "\"2026-01-02\""),
    ] {
        assert_eq!(utc(text).to_string(), literal);
    }
}

#[test]
fn links_are_addresses_and_nothing_else() {
    for (text, iri) in [
        (" https://a.example/x ", Some("https://a.example/x")),
        (
            "https://a.example/100%?%41=%u4E00",
            Some("https://a.example/100%25?%41=%25u4E00"),
        ),
        ("https://a.example/資料", Some("https://a.example/資料")),
        (
            "https://a.example/a b|c",
            Some("https://a.example/a%20b%7Cc"),
        ),
        ("ftp://a.example/x", Some("ftp://a.example/x")),
        ("javascript:alert(1)", None),
        ("javascript://a.example/%0aalert(1)", None),
        ("www.a.example", None),
        ("https://", None),
        ("http:///", None),
    ] {
        assert_eq!(
            link(text).map(oxrdf::NamedNode::into_string).as_deref(),
            iri,
            "{text}"
        );
    }
    assert_eq!(segment("<<A/b 資>>"), "%3C%3CA%2Fb%20%E8%B3%87%3E%3E");
}

#[test]
fn licences_say_the_most_that_is_known() {
    for (package, licence) in [
        (
            json!({ "license_id": "cc-by", "license_url": "https://l.example/by" }),
            Some("https://l.example/by"),
        ),
        (
            json!({ "license_id": "cc-by", "license_title": "Attribution", "license_url": "" }),
            Some("cc-by"),
        ),
        (
            json!({ "license_id": "other-open", "license_title": "Ours" }),
            Some("Ours"),
        ),
        (
            json!({ "license_id": "notspecified", "license_title": "License not specified" }),
            None,
        ),
        (json!({ "license": "Free to use" }), Some("Free to use")),
    ] {
        assert_eq!(
            licence_of(&Fields::of(&package)).as_deref(),
            licence,
            "{package}"
        );
    }
}

#[test]
fn geometries_as_well_known_text() {
    for (geometry, text) in [
        (
            json!({ "type": "Point", "coordinates": [120.9, 23.7, 3] }),
            Some("POINT (120.9 23.7)"),
        ),
        (
            json!({ "type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]] }),
            Some("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"),
        ),
        (
            json!({ "type": "Feature", "geometry": { "type": "LineString", "coordinates": [[0, 0], [1.5, -1]] } }),
            Some("LINESTRING (0 0, 1.5 -1)"),
        ),
        (json!({ "type": "Polygon", "coordinates": [[1, 2]] }), None),
        (json!({ "type": "Polygon", "coordinates": [] }), None),
        (json!({ "type": "Circle", "coordinates": [1, 2] }), None),
    ] {
        assert_eq!(well_known_text(&geometry).as_deref(), text, "{geometry}");
    }
}
