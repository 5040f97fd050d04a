//! The invented observatory: a DCAT catalogue in pages, in the RDF syntax that is asked for.
//!
//! Written as Turtle a person can read, and turned into the other syntaxes by a parser and a serialiser. Both kinds of
//! hydra paging are offered. Some distributions have IRIs and some are blank nodes; contact points, places and periods
//! are blank nodes. Knows no HTTP.

use super::{
    tables::{OBSERVATORY_RIVERS, OBSERVATORY_VARIABLES},
    world::{Item, Moment},
};
use chrono::{DateTime, SecondsFormat, Utc};
use oxrdfio::{RdfFormat, RdfParser, RdfSerializer};
use std::{fmt::Write as _, io};

/// Datasets in the observatory's catalogue.
pub const DATASETS: u64 = 40;

const ITEMS_PER_PAGE: u64 = 10;

/// How a page says where the next one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `hydra:PagedCollection` with `hydra:nextPage`: the older form.
    PagedCollection,
    /// `hydra:view` with `hydra:next`: the newer form.
    PartialCollectionView,
}

/// One page (from 1), as Turtle. None where there is no such page. Pages of one walk name the same step, so that the
/// walk sees one catalogue even where the world moves meanwhile.
pub fn page(moment: Moment, paging: Paging, address: &str, number: u64) -> Option<String> {
    let pages = DATASETS.div_ceil(ITEMS_PER_PAGE);
    if !(1..=pages).contains(&number) {
        return None;
    }
    let mut ttl = String::from(PREFIXES);
    ttl += &links(moment, paging, address, number, pages);
    let from = (number - 1) * ITEMS_PER_PAGE;
    let items: Vec<_> = moment
        .items(DATASETS)
        .skip(index(from))
        .take(index(ITEMS_PER_PAGE))
        .collect();
    ttl += &catalog(moment, &items);
    if number == 1 {
        ttl += AGENTS;
        ttl += &services(moment);
    }
    for (n, variable) in OBSERVATORY_VARIABLES.iter().enumerate() {
        if items
            .iter()
            .any(|item| index(item.number) % OBSERVATORY_VARIABLES.len() == n)
        {
            ttl += &series(variable);
        }
    }
    for item in items {
        ttl += &dataset(item);
    }
    Some(ttl)
}

/// The same triples in another syntax.
pub fn translate(turtle: &str, format: RdfFormat) -> io::Result<Vec<u8>> {
    let mut serializer = RdfSerializer::from_format(format);
    for (prefix, iri) in prefixes() {
        serializer = serializer
            .with_prefix(prefix, iri)
            .map_err(io::Error::other)?;
    }
    let mut writer = serializer.for_writer(Vec::new());
    for quad in RdfParser::from_format(RdfFormat::Turtle).for_slice(turtle) {
        let quad = quad.map_err(io::Error::other)?;
        writer.serialize_quad(&quad)?;
    }
    writer.finish()
}

const BASE: &str = "https://observatory.example.org";

const PREFIXES: &str = "@prefix adms: <http://www.w3.org/ns/adms#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix eu: <http://publications.europa.eu/resource/authority/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix gsp: <http://www.opengis.net/ont/geosparql#> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
";

/// The pairs of `PREFIXES`.
fn prefixes() -> impl Iterator<Item = (&'static str, &'static str)> {
    PREFIXES.lines().filter_map(|line| {
        let (prefix, rest) = line.strip_prefix("@prefix ")?.split_once(": <")?;
        Some((prefix, rest.strip_suffix("> .")?))
    })
}

fn links(moment: Moment, paging: Paging, address: &str, number: u64, pages: u64) -> String {
    let step = moment.step;
    let at = |n: u64| format!("<{address}?page={n}&step={step}>");
    let (class, next, previous, first, last) = match paging {
        Paging::PagedCollection => (
            "PagedCollection",
            "nextPage",
            "previousPage",
            "firstPage",
            "lastPage",
        ),
        Paging::PartialCollectionView => {
            ("PartialCollectionView", "next", "previous", "first", "last")
        }
    };
    let mut ttl = format!("\n{} a hydra:{class} ;\n", at(number));
    if number < pages {
        let _ = writeln!(ttl, "  hydra:{next} {} ;", at(number + 1));
    }
    if number > 1 {
        let _ = writeln!(ttl, "  hydra:{previous} {} ;", at(number - 1));
    }
    let total = match paging {
        Paging::PagedCollection => {
            format!("  hydra:totalItems {DATASETS} ;\n  hydra:itemsPerPage {ITEMS_PER_PAGE} ;\n")
        }
        Paging::PartialCollectionView => String::new(),
    };
    let _ = write!(
        ttl,
        "{total}  hydra:{first} {} ;\n  hydra:{last} {} .\n",
        at(1),
        at(pages)
    );
    if paging == Paging::PartialCollectionView {
        let _ = write!(
            ttl,
            "\n<{address}> a hydra:Collection ;\n  hydra:totalItems {DATASETS} ;\n  hydra:view {} .\n",
            at(number)
        );
    }
    ttl
}

fn catalog(moment: Moment, items: &[Item]) -> String {
    let datasets: Vec<_> = items
        .iter()
        .map(|item| format!("<{}>", iri(*item)))
        .collect();
    format!(
        "\n<{BASE}/catalog> a dcat:Catalog ;
  dct:title \"海峽河川觀測聯盟資料目錄\"@zh-Hant, \"Catalogue of the Strait River Observatory\"@en ;
  dct:description \"河川長期觀測資料。\"@zh-Hant, \"Long-term observations of rivers.\"@en ;
  dct:publisher <{BASE}/agent/observatory> ;
  dct:language eu:language\\/ZHO, eu:language\\/ENG ;
  foaf:homepage <{BASE}/> ;
  dct:modified \"{}\"^^xsd:dateTime ;
  dcat:service <{BASE}/service/sensors>, <{BASE}/service/maps> ;
  dcat:dataset {} .\n",
        time(moment.modified()),
        datasets.join(", ")
    )
}

const AGENTS: &str = "
<https://observatory.example.org/agent/observatory> a foaf:Agent ;
  foaf:name \"海峽河川觀測聯盟\"@zh-Hant, \"Strait River Observatory\"@en ;
  dct:type <http://purl.org/adms/publishertype/Academia-ScientificOrganisation> ;
  foaf:homepage <https://observatory.example.org/> .

<https://observatory.example.org/agent/hydrology> a foaf:Agent ;
  foaf:name \"觀測聯盟水文組\"@zh-Hant, \"Observatory hydrology group\"@en .

<https://observatory.example.org/agent/biology> a foaf:Agent ;
  foaf:name \"觀測聯盟生物組\"@zh-Hant, \"Observatory biology group\"@en .
";

fn services(moment: Moment) -> String {
    let live: Vec<_> = moment
        .items(DATASETS)
        .filter(|item| has_service(variable(*item)))
        .map(|item| format!("<{}>", iri(item)))
        .collect();
    format!(
        "\n<{BASE}/service/sensors> a dcat:DataService ;
  dct:title \"感測資料服務\"@zh-Hant, \"Sensor data service\"@en ;
  dct:description \"OGC SensorThings 1.1\"@en ;
  dct:publisher <{BASE}/agent/hydrology> ;
  dcat:endpointURL <{BASE}/sta/v1.1/> ;
  dcat:endpointDescription <{BASE}/sta/openapi.json> ;
  dct:license <https://creativecommons.org/licenses/by/4.0/> ;
  dcat:servesDataset {} .

<{BASE}/service/maps> a dcat:DataService ;
  dct:title \"河川圖磚服務\"@zh-Hant, \"River map service\"@en ;
  dct:publisher <{BASE}/agent/observatory> ;
  dcat:endpointURL <{BASE}/wms> ;
  dct:conformsTo <http://www.opengis.net/def/serviceType/ogc/wms> .\n",
        live.join(", ")
    )
}

fn series([slug, zh, en, ..]: &[&str; 9]) -> String {
    format!(
        "\n<{BASE}/series/{slug}> a dcat:DatasetSeries ;
  dct:title \"河川{zh}長期觀測\"@zh-Hant, \"Long-term observations of {en}\"@en ;
  dct:description \"各河川{zh}之長期觀測系列。\"@zh-Hant, \"One dataset for each river.\"@en ;
  dct:publisher <{BASE}/agent/observatory> .\n"
    )
}

fn dataset(item: Item) -> String {
    let row = variable(item);
    let [
        slug,
        zh,
        en,
        unit,
        frequency,
        keywords_zh,
        keywords_en,
        about_zh,
        about_en,
    ] = *row;
    let [_, river_zh, river_en, longitude, latitude] = *river(item);
    let year = edition(item).map_or_else(String::new, |year| format!(" {year}"));
    let group = if slug == "fish" {
        "biology"
    } else {
        "hydrology"
    };
    let iri = iri(item);
    let keywords: Vec<_> = keywords_zh
        .split(';')
        .map(|word| format!("\"{word}\"@zh-Hant"))
        .chain(keywords_en.split(';').map(|word| format!("\"{word}\"@en")))
        .collect();
    format!(
        "\n<{iri}> a dcat:Dataset ;
  dct:identifier \"{}\" ;
  dct:title \"{river_zh}{zh}觀測{year}\"@zh-Hant, \"{} of the {river_en}{year}\"@en ;
  dct:description \"{}\"@zh-Hant, \"{} Unit: {unit}. Revision {}.\"@en ;
  dcat:keyword {} ;
  dcat:theme eu:data-theme\\/ENVI ;
  dct:accrualPeriodicity eu:frequency\\/{frequency} ;
  dct:accessRights eu:access-right\\/PUBLIC ;
  dct:language eu:language\\/ZHO, eu:language\\/ENG ;
  dct:publisher <{BASE}/agent/{group}> ;
  dcat:contactPoint [ a vcard:Organization ; vcard:fn \"{group} desk\"@en ; vcard:hasEmail <mailto:{group}@observatory.example.org> ] ;
  dcat:landingPage <{iri}.html> ;
  dcat:inSeries <{BASE}/series/{slug}> ;
  dct:issued \"{}\"^^xsd:dateTime ;
  dct:modified \"{}\"^^xsd:dateTime ;
  dct:temporal [ a dct:PeriodOfTime ; dcat:startDate \"{}-01-01\"^^xsd:date ] ;
  dct:spatial [ a dct:Location ; skos:prefLabel \"{river_zh}\"@zh-Hant, \"{river_en}\"@en ;
    dcat:centroid \"POINT({longitude} {latitude})\"^^gsp:wktLiteral ;
    dcat:bbox \"{}\"^^gsp:wktLiteral ] ;
  adms:versionNotes \"Unit: {unit}\"@en ;
{} .\n",
        iri.rsplit('/').next().unwrap_or_default(),
        capitalised(en),
        about_zh.replace("{river}", river_zh),
        about_en.replace("{river}", river_en),
        item.revision,
        keywords.join(", "),
        time(item.created),
        time(item.modified),
        1990 + item.number % 30,
        bbox(longitude, latitude),
        distributions(item, &iri, row)
    )
}

/// A CSV with an IRI of its own, a blank node in NetCDF, and the service where the variable is served live.
fn distributions(item: Item, iri: &str, row: &[&str; 9]) -> String {
    let size = 120_000 + item.number * 1_531 + item.revision * 640;
    let mut ttl = format!(
        "  dcat:distribution <{iri}/csv> , [ a dcat:Distribution ;
      dct:title \"NetCDF\"@en ;
      dcat:accessURL <{iri}.html> ;
      dcat:downloadURL <{iri}.nc> ;
      dcat:mediaType <http://www.iana.org/assignments/media-types/application/x-netcdf> ;
      dct:license <https://creativecommons.org/licenses/by/4.0/> ;
      dcat:byteSize \"{}\"^^xsd:nonNegativeInteger ]",
        size * 2
    );
    if has_service(row) {
        let _ = write!(
            ttl,
            " , [ a dcat:Distribution ;
      dct:title \"感測資料服務\"@zh-Hant, \"Sensor data service\"@en ;
      dcat:accessURL <{BASE}/sta/v1.1/> ;
      dcat:accessService <{BASE}/service/sensors> ;
      dct:license <https://creativecommons.org/licenses/by/4.0/> ]"
        );
    }
    let _ = write!(
        ttl,
        " .
<{iri}/csv> a dcat:Distribution ;
  dct:title \"逗號分隔值\"@zh-Hant, \"Comma-separated values\"@en ;
  dcat:accessURL <{iri}.html> ;
  dcat:downloadURL <{iri}.csv> ;
  dct:format eu:file-type\\/CSV ;
  dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ;
  dct:license <https://creativecommons.org/licenses/by/4.0/> ;
  dcat:byteSize \"{size}\"^^xsd:nonNegativeInteger"
    );
    ttl
}

fn has_service([slug, ..]: &[&str; 9]) -> bool {
    matches!(*slug, "level" | "temperature")
}

fn variable(item: Item) -> &'static [&'static str; 9] {
    &OBSERVATORY_VARIABLES[index(item.number) % OBSERVATORY_VARIABLES.len()]
}

fn river(item: Item) -> &'static [&'static str; 5] {
    let variables = OBSERVATORY_VARIABLES.len();
    let (variable, turn) = (
        index(item.number) % variables,
        index(item.number) / variables,
    );
    &OBSERVATORY_RIVERS[(turn + variable * 5) % OBSERVATORY_RIVERS.len()]
}

/// Nothing for the running series, else the year of a closed edition.
fn edition(item: Item) -> Option<u64> {
    let once = (OBSERVATORY_VARIABLES.len() * OBSERVATORY_RIVERS.len()) as u64;
    match item.number / once {
        0 => None,
        back => Some(2026_u64.saturating_sub(back)),
    }
}

fn iri(item: Item) -> String {
    let year = edition(item).map_or_else(String::new, |year| format!("-{year}"));
    format!(
        "{BASE}/dataset/{}-{}{year}",
        variable(item)[0],
        river(item)[0]
    )
}

/// A square of a fifth of a degree around the point.
fn bbox(longitude: &str, latitude: &str) -> String {
    let (x, y): (f64, f64) = (
        longitude.parse().unwrap_or(0.0),
        latitude.parse().unwrap_or(0.0),
    );
    let (west, east, south, north) = (x - 0.1, x + 0.1, y - 0.1, y + 0.1);
    format!(
        "POLYGON(({west:.2} {south:.2},{east:.2} {south:.2},{east:.2} {north:.2},{west:.2} {north:.2},{west:.2} {south:.2}))"
    )
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::world::World;
    use super::*;
    use oxrdfio::JsonLdProfileSet;
    use std::collections::BTreeSet;

    const ADDRESS: &str = "http://127.0.0.1:1/dcat/catalog";

    fn triples(bytes: &[u8], format: RdfFormat) -> Vec<String> {
        RdfParser::from_format(format)
            .for_slice(bytes)
            .map(|quad| quad.unwrap().to_string())
            .collect()
    }

    fn subjects_of(ttl: &str, class: &str) -> BTreeSet<String> {
        let end = format!("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{class}>");
        triples(ttl.as_bytes(), RdfFormat::Turtle)
            .iter()
            .filter_map(|t| Some(t.strip_suffix(&end)?.trim().to_owned()))
            .collect()
    }

    #[test]
    fn every_page_parses_and_says_the_same_in_every_syntax() {
        let began = "2026-11-02T01:00:00Z".parse().unwrap();
        let world = World::standing(began);
        for step in 0..90 {
            let moment = world.moment(began);
            for paging in [Paging::PagedCollection, Paging::PartialCollectionView] {
                let ttl = page(moment, paging, ADDRESS, 1 + step % 4).unwrap();
                let expected = triples(ttl.as_bytes(), RdfFormat::Turtle).len();
                assert!(expected > 300, "{expected}");
                for format in [
                    RdfFormat::NTriples,
                    RdfFormat::RdfXml,
                    RdfFormat::JsonLd {
                        profile: JsonLdProfileSet::empty(),
                    },
                ] {
                    let bytes = translate(&ttl, format).unwrap();
                    assert_eq!(triples(&bytes, format).len(), expected, "{format}");
                }
            }
            world.advance();
        }
    }

    #[test]
    fn the_pages_hold_every_dataset_once_and_what_it_refers_to() {
        let began = "2026-11-02T01:00:00Z".parse().unwrap();
        let moment = World::standing(began).moment(began);
        let mut datasets = BTreeSet::new();
        let mut all = String::new();
        for number in 1..=4 {
            let ttl = page(moment, Paging::PagedCollection, ADDRESS, number).unwrap();
            let found = subjects_of(&ttl, "http://www.w3.org/ns/dcat#Dataset");
            assert_eq!(found.len(), 10);
            assert!(datasets.is_disjoint(&found));
            datasets.extend(found);
            assert_eq!(ttl.contains("hydra:nextPage"), number < 4);
            all += &ttl;
        }
        assert_eq!(datasets.len() as u64, DATASETS);
        assert_eq!(
            subjects_of(&all, "http://www.w3.org/ns/dcat#DatasetSeries").len(),
            6
        );
        assert_eq!(
            subjects_of(&all, "http://www.w3.org/ns/dcat#DataService").len(),
            2
        );
        assert_eq!(
            subjects_of(&all, "http://xmlns.com/foaf/0.1/Agent").len(),
            3
        );
        assert!(page(moment, Paging::PagedCollection, ADDRESS, 0).is_none());
        assert!(page(moment, Paging::PagedCollection, ADDRESS, 5).is_none());
    }

    #[test]
    fn no_dataset_is_named_twice_over_time() {
        let began = "2026-11-02T01:00:00Z".parse().unwrap();
        let moment = World::standing(began).moment(began);
        let iris: BTreeSet<_> = moment.items(2_000).map(iri).collect();
        assert_eq!(iris.len(), 2_000);
    }
}
