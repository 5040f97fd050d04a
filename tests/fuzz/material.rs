//! Where fuzzing begins: recorded answers of each kind, hostile documents where the corpora are at hand, and some lines of
//! our own.

use std::path::Path;

/// Larger documents are read by other tests.
const BYTES_MAX: u64 = 512 << 10;

/// For one target: its own kind's recorded answers, and what is hostile to everybody.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = OWN.iter().map(|text| text.as_bytes().to_vec()).collect();
    all.push(b"[".repeat(100_000));
    all.push(b"{\"a\":".repeat(50_000));
    all.push(b"<a>".repeat(50_000));
    all.push(b"(".repeat(100_000));
    below(&Path::new("tests/connectors").join(target), &mut all);
    if !Path::new("tests/connectors").join(target).is_dir() {
        below(Path::new("config"), &mut all);
        below(Path::new("tests/connectors/dcat"), &mut all);
    }
    let hostile = Path::new("../shared/corpora/hostile");
    if hostile.is_dir() {
        below(hostile, &mut all);
    } else {
        println!("SKIPPED: ../shared not present");
    }
    all
}

fn below(dir: &Path, all: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            below(&path, all);
        } else if path.metadata().unwrap().len() <= BYTES_MAX {
            all.push(std::fs::read(path).unwrap());
        }
    }
}

const OWN: [&str; 22] = [
    "",
    "\u{feff}",
    "null",
    "[1e999999, -0, 18446744073709551616, \"\\ud800\"]",
    "{\"success\": true, \"result\": {\"count\": -1, \"results\": [{}, null, {\"id\": \"\"}]}}",
    "{\"value\": [{\"@iot.id\": 1, \"Datastreams\": []}], \"@iot.nextLink\": \"?\"}",
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
    "@prefix : <:> . : : [ : ( : ( : ) ) ] , \"\"@a-b , \"x\"^^: .",
    "<http://a/> <http://b/> \"2026-02-30T25:61:61+99:99\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .",
    "<http://a/> <http://b/> \"POLYGON((0 0, 1e400 NaN, 0 0))\"^^<http://www.opengis.net/ont/geosparql#wktLiteral> .",
    "{\"@context\": {\"@vocab\": \"x:\", \"a\": {\"@container\": [\"@graph\", \"@id\"]}}, \"a\": {\"@list\": [[]]}}",
    "\"a\",\"b\n\"\"\",,\r\n\"",
    "SELECT * { { { ?s ?p ?o OPTIONAL { SERVICE <http://a> { ?s ?p ?o } } } UNION { FILTER(EXISTS { GRAPH ?g {} }) } } }",
    "SELECT (((((1)))) AS ?x) { ?a !(^<a:b>|<c:d>)+ ?b } ORDER BY DESC(COUNT(*)) # \u{0}",
    "title:(a AND NOT \"b c\"~2) OR metadata_modified:[* TO NOW-1DAY/DAY] -tags:x\\:y* ^3",
    "POLYGON((0 0,1 1,0 1,0 0))",
    "<http://www.opengis.net/def/crs/EPSG/0/3826> POINT(250000 2700000)",
    "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[121,1e309]}]}",
    "public_url = \"http://a/\"\n[[source]]\nid = \"a\"\nkind = \"ckan\"\nurl = \"http://b/\"\nschedule = \"99 99 99 99 99\"\n",
    "[[override]]\ndataset = \"a\"\nproperty = \"dct:title\"\nset = [1, {}]\nwhen = 2026-13-41\n",
    "{\"packages\": [{\"id\": \"a\", \"extras\": [{\"key\": \"spatial\", \"value\": \"{\"}]}], \"deleted\": [1]}",
];
