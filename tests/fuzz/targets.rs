//! What is fuzzed: a name, and a function of bytes that must come back. What it may answer is checked where rules hold of
//! every answer (an error says something; what is complete was readable).

use super::reading::{RECORD_BYTES_MAX, opened, read};
use harvestd::{
    config::{Config, Outside, Source},
    push::{What, read as push_read},
    search::grammar,
    serve::{geo, guard as query_guard},
};
use harvestd_harvesters::{
    Harvester,
    csv_rows::Rows,
    guard::{self, DocumentLimits},
    json_slices::{SliceLimits, slices},
};
use oxrdf::{Literal, NamedNode, Term};
use serde::de::IgnoredAny;
use std::{
    collections::BTreeMap, io::Cursor, ops::ControlFlow::Continue, path::Path, sync::LazyLock,
};

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

pub const TARGETS: &[Target] = &[
    Target {
        name: "ckan",
        run: |bytes| catalogue("ckan", bytes),
    },
    Target {
        name: "dcat",
        run: |bytes| catalogue("dcat", bytes),
    },
    Target {
        name: "data_gov_tw",
        run: |bytes| catalogue("data_gov_tw", bytes),
    },
    Target {
        name: "ldes",
        run: |bytes| catalogue("ldes", bytes),
    },
    Target {
        name: "mapped",
        run: |bytes| catalogue("mapped", bytes),
    },
    Target {
        name: "push",
        run: |bytes| catalogue("push", bytes),
    },
    Target {
        name: "sensorthings",
        run: |bytes| catalogue("sensorthings", bytes),
    },
    Target {
        name: "tw_interchange",
        run: |bytes| catalogue("tw_interchange", bytes),
    },
    Target {
        name: "pushed-bodies",
        run: pushed,
    },
    Target {
        name: "guards",
        run: guards,
    },
    Target {
        name: "slices",
        run: sliced,
    },
    Target {
        name: "rows",
        run: rows,
    },
    Target {
        name: "sparql",
        run: sparql,
    },
    Target {
        name: "search",
        run: search,
    },
    Target {
        name: "geometry",
        run: geometry,
    },
    Target {
        name: "configuration",
        run: configuration,
    },
    Target {
        name: "encoding",
        run: encoding,
    },
];

/// Of one document: more take longer, and show nothing else.
const RECORDS_MAX: usize = 200;
const MEDIA_TYPES: [Option<&str>; 9] = [
    None,
    Some("application/json"),
    Some("text/turtle"),
    Some("application/rdf+xml"),
    Some("application/ld+json"),
    Some("application/trig"),
    Some("application/n-quads"),
    Some("text/csv"),
    Some("application/xml"),
];

static OPENED: LazyLock<BTreeMap<&str, Vec<Box<dyn Harvester>>>> = LazyLock::new(|| {
    let all = harvestd_harvesters::KINDS.iter();
    let cases = Path::new("tests/connectors");
    all.map(|kind| (kind.name, opened(kind, cases))).collect()
});

/// The bytes are the answer to the first question, and to those that follow from it.
fn catalogue(kind: &str, bytes: &[u8]) {
    let harvesters = &OPENED[kind];
    let pick = blake3::hash(bytes).as_bytes()[0] as usize;
    let harvester = &harvesters[pick % harvesters.len()];
    for media_type in MEDIA_TYPES {
        // All that look the same to a kind of one form would be read nine times.
        if media_type.is_some() && !matches!(kind, "dcat" | "ldes" | "push") {
            break;
        }
        let said = read(&**harvester, media_type, bytes, RECORDS_MAX);
        assert!(said.proofs < 3, "complete is said again and again");
        let is_taken = said.proofs > 0 && said.refused == 0;
        let looks = matches!(bytes.first(), Some(b'[' | b'{'));
        let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        assert!(
            !(is_taken && looks && !is_json && ONLY_JSON.contains(&kind)),
            "a broken document is taken for a whole catalogue"
        );
    }
}

/// Kinds that read nothing but JSON where a document begins like it.
const ONLY_JSON: [&str; 4] = ["ckan", "data_gov_tw", "sensorthings", "tw_interchange"];

static CENTRE: LazyLock<(Config, Source)> = LazyLock::new(|| {
    let text = "public_url = \"https://hub.example/\"\ndata_dir = \"unused\"\n[[source]]\nid = \"centre\"\nkind = \"push\"\ntitle = { en = \"Centre\" }\n";
    let config = Config::parse("fuzz.toml", text, &Outside::default());
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));
    let source = config.sources[0].clone();
    (config, source)
});

fn pushed(bytes: &[u8]) {
    let (config, source) = &*CENTRE;
    for media_type in [
        "application/json",
        "text/turtle",
        "application/ld+json",
        "application/rdf+xml",
    ] {
        let body = push_read::Body {
            media_type: media_type.to_owned(),
            bytes: bytes.to_vec().into(),
            deleted: Vec::new(),
        };
        if let Err(error) = push_read::read(config, source, &What::Batch, body) {
            assert!(!error.to_string().contains("panic"), "{error}");
        }
    }
}

fn guards(bytes: &[u8]) {
    let limits = DocumentLimits::default();
    let _ = guard::scan_xml(bytes, limits.xml);
    let _ = guard::scan_json(bytes, limits.json);
}

fn sliced(bytes: &[u8]) {
    let limits = SliceLimits {
        record_bytes_max: RECORD_BYTES_MAX,
        frame_bytes_max: RECORD_BYTES_MAX,
    };
    for path in [&[][..], &["result", "results"], &["value"]] {
        let mut elements = 0;
        let frame = slices(&mut Cursor::new(bytes), path, limits, &mut |_| {
            elements += 1;
            Continue(())
        });
        let has_elements = matches!(bytes.trim_ascii_start().first(), Some(b'[' | b'{'));
        let is_json = has_elements && serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        if let Ok(frame) = frame {
            assert_eq!(frame.elements, elements);
        } else if is_json && path.is_empty() && bytes.len() < RECORD_BYTES_MAX / 2 {
            panic!("a JSON document is refused");
        }
    }
}

fn rows(bytes: &[u8]) {
    let mut body = Cursor::new(bytes);
    let mut rows = Rows::new(&mut body, RECORD_BYTES_MAX, 0);
    let mut count = 0;
    while let Ok(Some(_)) = rows.next_row() {
        count += 1;
        assert!(count <= bytes.len(), "more rows than bytes");
    }
}

fn sparql(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = query_guard::is_plain(&text);
    // What passes the guard is safe to be parsed on a worker's stack.
    if query_guard::before_parsing(&text, 1 << 16, 64).is_ok()
        && let Ok(query) = spargebra::SparqlParser::new().parse_query(&text)
    {
        let _ = query_guard::after_parsing(&query);
    }
}

fn search(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = grammar::parse(&text);
    let _ = grammar::words(&text);
}

fn geometry(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    for form in ["wktLiteral", "geoJSONLiteral", "gmlLiteral"] {
        let form = NamedNode::new(format!("http://www.opengis.net/ont/geosparql#{form}")).unwrap();
        let term = Term::from(Literal::new_typed_literal(text.clone(), form));
        let _ = geo::bounds(&term);
        let _ = geo::distance(&[term.clone(), term]);
    }
}

fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // What it includes is looked for on this machine's disk.
    if text.contains("include") || text.contains("_file") {
        return;
    }
    if let Err(errors) = Config::parse("fuzz.toml", &text, &Outside::default()) {
        assert!(!errors.to_string().is_empty());
    }
}

fn encoding(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    for (media_type, charset) in [
        (None, None),
        (Some("text/csv"), Some("big5")),
        (Some("application/xml"), None),
    ] {
        if let Ok(mut decoded) = harvestd::encoding::open(file.path(), media_type, charset) {
            let _ = std::io::copy(&mut decoded.reader, &mut std::io::sink());
        }
    }
}
