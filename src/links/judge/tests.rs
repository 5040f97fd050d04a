//! What came, and what is made of it.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::links::sniff::look;

const URL: &str = "https://f.example/data/1.csv";

fn declared(media_type: &str) -> Declared {
    Declared {
        media_type: Some(media_type.to_owned()),
        ..Declared::default()
    }
}

fn came(body: &[u8]) -> Came {
    Came {
        status: Some(200),
        bytes: Some(body.len() as u64),
        seen: body.len(),
        whole: true,
        look: look(body, true),
        ..Came::default()
    }
}

fn trouble(declared: &Declared, came: &Came) -> Trouble {
    judge(URL, Role::Download, declared, came).trouble
}

#[test]
fn what_came_is_judged_by_what_was_declared() {
    for (media_type, body, expected) in [
        ("text/csv", "a,b\n1,2\n", Trouble::Ok),
        ("text/csv", "one column\n1\n", Trouble::Ok),
        ("text/csv", "<!DOCTYPE html><p>", Trouble::Html),
        ("text/csv", "<html><title>404</title>", Trouble::LostPage),
        ("text/csv", "<html><input type=password>", Trouble::Login),
        ("text/csv", "<html>captcha", Trouble::Challenge),
        ("text/csv", "", Trouble::Empty),
        ("text/csv", "{\"a\":1}", Trouble::OtherType),
        ("application/json", "<a/>", Trouble::OtherType),
        ("application/json", "{\"a\":1", Trouble::Unreadable),
        ("application/geo+json", "{\"a\":1}", Trouble::Ok),
        ("application/xml", "{}", Trouble::OtherType),
        ("application/pdf", "PK\x03\x04", Trouble::OtherType),
        ("application/zip", "PK\x03\x04", Trouble::Ok),
        ("text/html", "<html>", Trouble::Ok),
        ("application/x-unheard-of", "whatever", Trouble::Ok),
    ] {
        let found = trouble(&declared(media_type), &came(body.as_bytes()));
        assert_eq!(found, expected, "{media_type} {body}");
    }
}

#[test]
fn statuses_and_faults() {
    for (status, expected) in [
        (404, Trouble::Gone),
        (410, Trouble::Gone),
        (403, Trouble::Forbidden),
        (401, Trouble::Forbidden),
        (429, Trouble::Busy),
        (400, Trouble::OddStatus),
        (500, Trouble::ServerError),
    ] {
        let came = Came {
            status: Some(status),
            ..Came::default()
        };
        let verdict = judge(URL, Role::Access, &Declared::default(), &came);
        assert_eq!(verdict.trouble, expected);
        let told = expected.is_fault().then_some(false);
        assert_eq!(verdict.checks.linkable, told, "{status}");
    }
    let came = Came {
        fault: Some(Trouble::NoName),
        ..Came::default()
    };
    assert_eq!(trouble(&Declared::default(), &came), Trouble::NoName);
}

#[test]
fn a_page_is_right_where_a_page_may_be() {
    let page = came(b"<html><title>Our data</title>");
    let csv = declared("text/csv");
    let of = |role| judge(URL, role, &csv, &page);
    assert_eq!(of(Role::Download).trouble, Trouble::Html);
    assert_eq!(of(Role::Access).trouble, Trouble::Ok);
    assert_eq!(of(Role::Access).checks.downloadable, None);
    assert_eq!(of(Role::Landing).checks.linkable, Some(true));
    assert_eq!(of(Role::Download).checks.linkable, Some(true));
    assert_eq!(of(Role::Download).checks.structure, Some(false));
    let home = Came {
        redirects: 1,
        landed: Some("https://f.example/".to_owned()),
        ..page
    };
    assert_eq!(
        judge(URL, Role::Access, &csv, &home).trouble,
        Trouble::LostPage
    );
    let asked = judge("http://f.example/", Role::Access, &csv, &home);
    assert_eq!(
        asked.trouble,
        Trouble::Ok,
        "it is the front page that was named"
    );
}

#[test]
fn encodings_are_compared() {
    let (big5, ..) = encoding_rs::BIG5.encode("站名,經度\n中正測站位置,121\n信義測站位置,121\n");
    for (said, body, matches) in [
        ("UTF-8", &big5[..], Some(false)),
        ("Big5", &big5[..], Some(true)),
        ("Big5", "站名,經度\n中正,121\n".as_bytes(), Some(false)),
        ("Big5", b"a,b\n1,2\n", Some(true)),
        ("UTF-16LE", b"a,b\n1,2\n", Some(false)),
        ("UTF-8", b"PK\x03\x04", None),
    ] {
        let declared = Declared {
            encoding: Some(said.to_owned()),
            ..Declared::default()
        };
        let verdict = judge(URL, Role::Download, &declared, &came(body));
        assert_eq!(verdict.checks.encoding_match, matches, "{said}");
        let told = verdict.trouble == Trouble::OtherEncoding;
        assert_eq!(told, matches == Some(false), "{said}");
    }
}

#[test]
fn columns_are_compared_with_what_is_described() {
    let described = |fields: &[(&str, Option<&str>)], cut| Declared {
        fields: fields
            .iter()
            .map(|(name, said)| ((*name).to_owned(), said.map(str::to_owned)))
            .collect(),
        fields_cut: cut,
        ..declared("text/csv")
    };
    let file = came("Name,ＬＯＮ,lat\nx,1,2\n".as_bytes());
    let both = [("name", Some("站名")), ("lon", Some("經度"))];
    let all = [both[0], both[1], ("緯度", Some("LAT"))];
    assert_eq!(trouble(&described(&all, false), &file), Trouble::Ok);
    assert_eq!(trouble(&described(&both, true), &file), Trouble::Ok, "cut");
    let verdict = judge(URL, Role::Download, &described(&both, false), &file);
    assert_eq!(verdict.trouble, Trouble::OtherColumns);
    assert_eq!(verdict.undescribed, ["lat"]);
    let more = [all[0], all[1], all[2], ("height", None)];
    let verdict = judge(URL, Role::Download, &described(&more, true), &file);
    assert_eq!(verdict.missing, ["height"]);
    assert_eq!(verdict.checks.desc_match, Some(false));
}

#[test]
fn sizes_may_differ_a_little() {
    for (said, trouble_of) in [
        (8, Trouble::Ok),
        (18, Trouble::Ok),
        (2_000, Trouble::OtherSize),
    ] {
        let declared = Declared {
            bytes: Some(said),
            ..declared("text/csv")
        };
        assert_eq!(
            trouble(&declared, &came(b"a,b\n1,2\n")),
            trouble_of,
            "{said}"
        );
    }
}

#[test]
fn a_verdict_is_written_and_read_again() {
    let verdict = judge(URL, Role::Download, &declared("text/csv"), &came(b""));
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["downloadable"], false);
    assert_eq!(json["trouble"], "empty");
    assert_eq!(serde_json::from_value::<Verdict>(json).unwrap(), verdict);
}
