//! Descriptions and what is measured of them.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use oxrdf::{NamedOrBlankNode, Term, Triple};
use oxrdfio::{RdfFormat, RdfParser};

const PREFIXES: &str = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
    @prefix cnt: <http://www.w3.org/2011/content#> . @prefix own: <https://w3id.org/harvestd/ns#> .
    @prefix type: <http://publications.europa.eu/resource/authority/file-type/> .
    @prefix theme: <http://publications.europa.eu/resource/authority/data-theme/> .
    @prefix freq: <http://publications.europa.eu/resource/authority/frequency/> .
    @prefix media: <https://www.iana.org/assignments/media-types/> .
    @prefix licence: <http://publications.europa.eu/resource/authority/licence/> .
    @prefix access: <http://publications.europa.eu/resource/authority/access-right/> . @prefix e: <http://e.example/> .\n";

/// 2026-11-22.
const TODAY: i32 = 20_779;

struct Triples(Vec<Triple>);

impl Facts for Triples {
    fn each<'s>(&'s self, node: &str, tell: &mut dyn FnMut(&'s str, Value<'s>)) {
        for triple in &self.0 {
            let NamedOrBlankNode::NamedNode(subject) = &triple.subject else {
                continue;
            };
            if subject.as_str() == node {
                let value = match &triple.object {
                    Term::NamedNode(iri) => Value::Iri(iri.as_str()),
                    Term::Literal(text) => Value::Text(text.value()),
                    Term::BlankNode(_) => continue,
                };
                tell(triple.predicate.as_str(), value);
            }
        }
    }
}

fn triples(turtle: &str) -> Triples {
    let text = format!("{PREFIXES}{turtle}");
    let parsed = RdfParser::from_format(RdfFormat::Turtle).for_slice(text.as_bytes());
    Triples(parsed.map(|quad| quad.unwrap().into()).collect())
}

fn reach(address: &str) -> Option<Reach> {
    match address {
        a if a.contains("gone") => Some(Reach::Unreachable),
        a if a.contains("there") => Some(Reach::Reachable),
        _ => None,
    }
}

fn conforming() -> Option<Conformance> {
    Some(Conformance::default())
}

fn measured<'s>(facts: &'s Triples, conformance: Option<Conformance>) -> Quality<'s> {
    measure(
        facts,
        "http://e.example/1",
        &Circumstances {
            today: TODAY,
            reach: &reach,
            conformance,
        },
    )
}

fn outcome<'s>(quality: &Quality<'s>, id: &str) -> Outcome<'s> {
    quality.outcomes[outcome_of_id(id).unwrap()]
}

const WHOLE: &str = r#"
    e:1 a dcat:Dataset ; dct:title "Rain" ; dct:description "Rain by the hour" ; dct:identifier "1" ; dcat:keyword "rain" ;
      dcat:theme theme:ENVI ; dct:spatial e:tw ; dct:temporal e:then ; dct:accessRights access:PUBLIC ; dcat:contactPoint e:desk ;
      dct:publisher e:office ; dct:conformsTo e:standard ; dct:modified "2026-11-20" ; dct:accrualPeriodicity freq:DAILY ;
      dct:tableOfContents "station(測站);rain(雨量)" ; dcat:distribution e:csv .
    e:csv dcat:accessURL <http://there.example/> ; dcat:downloadURL <http://there.example/1.csv> ; dct:format type:CSV ;
      dcat:mediaType media:text\/csv ; dct:license licence:CC_BY_4_0 ; dct:rights e:rights ; dcat:byteSize 12 ;
      dct:issued "2020-01-01" ; cnt:characterEncoding "UTF-8" .
"#;

#[test]
fn what_says_everything_has_every_point() {
    let facts = triples(WHOLE);
    let quality = measured(&facts, conforming());
    for (row, outcome) in indicators().iter().zip(&quality.outcomes) {
        assert_eq!(outcome.met, Met::Yes, "{}: {:?}", row.id, outcome.found);
    }
    let met = quality.met();
    assert_eq!(Scheme::ALL.map(|s| points(s, met)), [405, 11, 8]);
    assert_eq!(Scheme::ALL.map(|s| percent(s, met)), [100, 100, 100]);
    assert_eq!(quality.file, Some("http://e.example/csv"));
    assert_eq!(quality.timeliness.late_from, Some(TODAY + 1));
}

#[test]
fn what_says_nothing_has_none() {
    let facts = triples("e:1 a dcat:Dataset .");
    let quality = measured(&facts, None);
    assert_eq!(quality.met(), 0);
    assert_eq!(quality.file, None);
    assert_eq!(outcome(&quality, "format").found, Found::NoFile);
    assert_eq!(outcome(&quality, "dcat-ap").met, Met::Unchecked);
    assert_eq!(quality.timeliness.state, Timely::UnknownFrequency);
}

/// Each statement that is taken away costs these indicators, and no other.
#[test]
fn every_statement_counts_where_it_should() {
    for (said, instead, lost) in [
        ("dcat:keyword \"rain\"", "dcat:keyword \" \"", "keyword"),
        ("dcat:theme theme:ENVI", "dcat:theme e:own", "shared-words"),
        ("dct:spatial e:tw ;", "", "spatial"),
        ("dct:temporal e:then ;", "", "temporal"),
        (
            "<http://there.example/> ;",
            "<http://gone.example/> ;",
            "access-url-reachable",
        ),
        (
            "<http://there.example/> ;",
            "<http://unknown.example/> ;",
            "access-url-reachable",
        ),
        (
            "<http://there.example/1.csv>",
            "<http://gone.example/1.csv>",
            "download-url-reachable",
        ),
        (
            "dct:license licence:CC_BY_4_0",
            "dct:license <https://data.gov.tw/license>",
            "licence-vocabulary",
        ),
        (
            "dct:license licence:CC_BY_4_0",
            "dct:license e:ours",
            "licence-vocabulary open-terms",
        ),
        (
            "dct:format type:CSV",
            "dct:format \"csv\"",
            "format-vocabulary shared-words",
        ),
        ("access:PUBLIC", "\"open\"", "access-rights-vocabulary"),
        ("dcat:contactPoint e:desk ;", "", "contact-point"),
        ("dct:publisher e:office ;", "", "publisher provenance"),
        ("dct:rights e:rights ;", "", "rights"),
        ("dcat:byteSize 12 ;", "", "byte-size"),
        ("dct:issued \"2020-01-01\" ;", "", "issued"),
        ("dct:identifier \"1\" ;", "", "identifier"),
        ("dct:conformsTo e:standard ;", "", "references schema"),
        (
            "cnt:characterEncoding \"UTF-8\"",
            "cnt:characterEncoding \"其他\"",
            "encoding",
        ),
        ("station(測站);rain(雨量)", "無", "fields croissant"),
        ("freq:DAILY", "freq:UNKNOWN", "updates-kept"),
        ("\"2026-11-20\"", "\"2026-11-19\"", "updates-kept"),
    ] {
        assert!(WHOLE.contains(said), "{said}");
        let facts = triples(&WHOLE.replacen(said, instead, 1));
        let quality = measured(&facts, conforming());
        let rows = indicators().iter().zip(&quality.outcomes);
        let found: Vec<&str> = rows
            .filter(|(_, outcome)| outcome.met != Met::Yes)
            .map(|(row, _)| row.id)
            .collect();
        assert_eq!(found.join(" "), lost, "{said} -> {instead}");
    }
}

#[test]
fn an_address_that_nobody_checked_is_no_fault_and_no_merit() {
    let facts = triples(&WHOLE.replace("there.example", "unknown.example"));
    let quality = measured(&facts, conforming());
    assert_eq!(points(Scheme::Mqa, quality.met()), 405 - 80);
    assert_eq!(quality.unchecked().count_ones(), 2);
}

#[test]
fn violations_are_counted_and_cost_what_hangs_on_them() {
    let facts = triples(WHOLE);
    let mut conformance = Conformance::default();
    conformance.dcat_ap.violations = 3;
    let quality = measured(&facts, Some(conformance));
    assert_eq!(outcome(&quality, "dcat-ap").found, Found::Violations(3));
    assert_eq!(points(Scheme::Mqa, quality.met()), 405 - 30);
}

#[test]
fn of_files_the_best_counts_and_of_equals_the_first_by_its_iri() {
    let facts = triples(
        "e:1 dct:issued \"2020\" ; dcat:distribution e:c, e:b, e:a .
         e:a dct:format type:PDF . e:c dct:format type:CSV ; dcat:downloadURL e:f . e:b dct:format type:CSV ; dct:license e:l .",
    );
    let quality = measured(&facts, None);
    assert_eq!(quality.file, Some("http://e.example/b"));
    assert_eq!(outcome(&quality, "download-url").met, Met::No);
    assert_eq!(
        outcome(&quality, "issued").met,
        Met::Yes,
        "the dataset's date"
    );
}

#[test]
fn rhythms_are_promised_in_many_ways() {
    for (said, changed, state) in [
        (
            "dct:accrualPeriodicity freq:ANNUAL",
            "2024-11-22",
            Timely::OnTime,
        ),
        (
            "dct:accrualPeriodicity freq:ANNUAL",
            "2024-11-20",
            Timely::Late,
        ),
        (
            "dct:accrualPeriodicity freq:CONT",
            "2026-11-20",
            Timely::OnTime,
        ),
        (
            "dct:accrualPeriodicity freq:CONT",
            "2026-11-19",
            Timely::Late,
        ),
        (
            "dct:accrualPeriodicity freq:WEEKLY_2",
            "2026-11-16",
            Timely::OnTime,
        ),
        (
            "dct:accrualPeriodicity freq:NEVER",
            "1999-01-01",
            Timely::NoRhythm,
        ),
        (
            "dct:accrualPeriodicity freq:OTHER",
            "2026-11-22",
            Timely::UnknownFrequency,
        ),
        (
            "dct:accrualPeriodicity freq:OTHER ; own:updateInterval \"P7Y\"",
            "2015",
            Timely::OnTime,
        ),
        (
            "dct:accrualPeriodicity freq:DAILY",
            "soon",
            Timely::UnknownChange,
        ),
    ] {
        let facts = triples(&format!("e:1 {said} ; dct:modified \"{changed}\" ."));
        let found = measured(&facts, None).timeliness;
        assert_eq!(found.state, state, "{said}, {changed}: {found:?}");
    }
}

#[test]
fn a_rating_begins_where_the_methodology_says() {
    for (points, rating) in [
        (0, Rating::Bad),
        (120, Rating::Bad),
        (121, Rating::Sufficient),
        (220, Rating::Sufficient),
        (221, Rating::Good),
        (350, Rating::Good),
        (351, Rating::Excellent),
        (405, Rating::Excellent),
    ] {
        assert_eq!(Rating::of(points), rating, "{points}");
    }
}

#[test]
fn every_outcome_is_told_in_both_languages() {
    let facts = triples(
        &WHOLE
            .replace("there.example", "gone.example")
            .replace("DAILY", "NEVER"),
    );
    let quality = measured(&facts, None);
    for outcome in quality.outcomes {
        let told = outcome.found.told();
        assert!(!told.en.is_empty() && !told.zh.is_empty(), "{outcome:?}");
    }
    let told = outcome(&quality, "access-url-reachable").found.told();
    assert_eq!(told.en, "It did not answer: http://gone.example/");
}

/// Prints what a measurement costs: `cargo test -p harvestd-vocab --release measured_a_second -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measured_a_second() {
    let facts = triples(WHOLE);
    let began = std::time::Instant::now();
    let mut met = 0;
    for _ in 0..20_000 {
        met |= measured(&facts, conforming()).met();
    }
    let a_second = 20_000.0 / began.elapsed().as_secs_f64();
    assert_eq!(met.count_ones() as usize, COUNT);
    println!("{a_second:.0} datasets measured a second and core (shapes apart)");
}
