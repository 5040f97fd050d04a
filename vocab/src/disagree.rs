//! A file whose label says one format and whose address another: a finding, and nothing else changes.
//!
//! Only what can be known is said: the address has no query, and ends in an extension that names a file format. What
//! `.aspx`, `.html` or no extension at all delivers is not known here.

use crate::Finding;
use crate::graph::{Edge, Graph, Value};
use crate::tables;
use crate::terms::{authority, dcat, dct};
use std::collections::BTreeMap;

/// Extensions of files. Those of pages are left out: what they deliver is anything.
const EXTENSIONS: [&str; 32] = [
    "csv", "tsv", "json", "geojson", "xml", "kml", "kmz", "gml", "rdf", "ttl", "zip", "7z", "rar",
    "gz", "pdf", "xls", "xlsx", "ods", "odt", "odp", "doc", "docx", "ppt", "pptx", "txt", "shp",
    "gpkg", "jpg", "jpeg", "png", "tif", "tiff",
];
/// File types that are no containers of others.
const BARE: [&str; 14] = [
    "CSV", "TSV", "JSON", "GEOJSON", "XML", "PDF", "XLS", "XLSX", "ODS", "ODT", "DOC", "DOCX",
    "TXT", "HTML",
];
/// The more general of two that agree, and the more special ones.
const AGREEING: [(&str, &[&str]); 7] = [
    (
        "XML",
        &[
            "KML",
            "GML",
            "RDF",
            "RDF_XML",
            "RSS",
            "ATOM",
            "SCHEMA_XML",
            "SDMX",
            "ATOM",
        ],
    ),
    ("JSON", &["GEOJSON", "JSON_LD"]),
    (
        "RDF",
        &["RDF_XML", "RDF_TURTLE", "N3", "XML", "RDF_N_TRIPLES"],
    ),
    (
        "TXT",
        &[
            "CSV",
            "TSV",
            "JSON",
            "XML",
            "ICS",
            "SQL",
            "GRID_ASCII",
            "XYZ",
        ],
    ),
    ("TIFF", &["GEOTIFF"]),
    ("KML", &["KMZ"]),
    ("PDF", &["PDFA1A", "PDFA1B"]),
];

/// Adds one finding for each pair of a label and an extension that disagree.
pub(crate) fn report(graph: &Graph, findings: &mut Vec<Finding>) {
    let mut found: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    for id in &graph.reached {
        let edges = &graph.nodes[*id].edges;
        let Some(label) = file_type(edges) else {
            continue;
        };
        for address in addresses(edges) {
            if let Some(extension) = extension(address)
                && let Some(other) = of_extension(extension)
                && !agree(label, other)
            {
                let of_pair = found.entry((label, other)).or_insert((0, address));
                of_pair.0 += 1;
                break;
            }
        }
    }
    for ((label, other), (times, address)) in found {
        let more = if times > 1 {
            format!(" ({times} files)")
        } else {
            String::new()
        };
        let found = format!("{label}, but the address says {other}{more}: {address}");
        let expected = "the format of the file at the address";
        findings.push(Finding::new(
            "format-extension-mismatch",
            "dct:format",
            &found,
            expected,
        ));
    }
}

/// The code of the one EU file type that a node says.
fn file_type(edges: &[Edge]) -> Option<&str> {
    let mut codes = edges
        .iter()
        .filter(|e| e.predicate == dct::FORMAT)
        .filter_map(|edge| match &edge.value {
            Value::Iri(iri) => iri.as_str().strip_prefix(authority::FILE_TYPE),
            _ => None,
        });
    codes.next().filter(|_| codes.next().is_none())
}

fn addresses(edges: &[Edge]) -> impl Iterator<Item = &str> {
    let is_address =
        |edge: &&Edge| edge.predicate == dcat::DOWNLOAD_URL || edge.predicate == dcat::ACCESS_URL;
    edges
        .iter()
        .filter(is_address)
        .filter_map(|edge| match &edge.value {
            Value::Iri(iri) => Some(iri.as_str()),
            _ => None,
        })
}

/// The known extension of an address without a query, in its own case.
fn extension(address: &str) -> Option<&'static str> {
    let (_, rest) = address.split_once("://")?;
    let path = rest.split_once('/')?.1;
    let path = path.split('#').next()?;
    if path.contains('?') {
        return None;
    }
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    EXTENSIONS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(extension))
        .copied()
}

fn of_extension(extension: &str) -> Option<&'static str> {
    let file_type = tables::format(extension)?.file_type?;
    file_type.as_str().strip_prefix(authority::FILE_TYPE)
}

fn agree(label: &str, other: &str) -> bool {
    let container = matches!(other, "ZIP" | "7Z" | "RAR" | "GZIP");
    let special = |general: &str, special: &str| {
        let of = AGREEING.iter().find(|(known, _)| *known == general);
        of.is_some_and(|(_, all)| all.contains(&special))
    };
    label == other
        || (container && !BARE.contains(&label))
        || special(label, other)
        || special(other, label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_extensions_agree_or_not() {
        for (label, address, agrees) in [
            ("XLSX", "https://a.tw/3787.xls", Some(false)),
            ("XML", "https://a.tw/x.zip", Some(false)),
            ("CSV", "https://a.tw/x.CSV#a", Some(true)),
            ("SHP", "https://a.tw/x.zip", Some(true)),
            ("JSON", "https://a.tw/x.geojson", Some(true)),
            ("CSV", "https://a.tw/x.aspx", None),
            ("CSV", "https://a.tw/x.html", None),
            ("CSV", "https://a.tw/x.json?format=csv", None),
            ("CSV", "https://a.json", None),
            ("CSV", "https://a.tw/a.json/x", None),
        ] {
            let found = extension(address).and_then(of_extension);
            assert_eq!(
                found.map(|other| agree(label, other)),
                agrees,
                "{label} {address}"
            );
        }
        assert!(EXTENSIONS.iter().all(|e| of_extension(e).is_some()));
    }
}
