//! Where a dataset is about, as schema.org says it: a name, a point, a box. Start at [`places`].

use super::Said;
use crate::{facts::Text, serve::geo};
use harvestd_vocab::terms::{dcat, dct, geosparql, locn};
use harvestd_web::map::Extent;
use oxigraph::model::{Literal, NamedNodeRef, Term};
use serde_json::{Value, json};

const GEOMETRIES: [NamedNodeRef<'_>; 4] = [
    dcat::BBOX,
    dcat::CENTROID,
    locn::GEOMETRY,
    geosparql::AS_WKT,
];

pub fn places(said: &Said<'_>) -> Vec<Value> {
    let spatial = said.facts.iris(&said.entity, dct::SPATIAL);
    spatial.filter_map(|node| place(said, node)).collect()
}

fn place(said: &Said<'_>, node: &str) -> Option<Value> {
    let name = said.called(node).map(|name| name.value().to_owned());
    let mut geometries = GEOMETRIES.iter().flat_map(|p| said.facts.texts(node, *p));
    let bounds = geometries.find_map(bounds);
    let mut place = json!({ "@type": "Place" });
    // A place that others describe is named by its IRI.
    if !said.facts.knows(node) {
        place["@id"] = node.into();
    } else if name.is_none() && bounds.is_none() {
        return None;
    }
    if let Some(name) = name {
        place["name"] = name.into();
    }
    if let Some([west, south, east, north]) = bounds {
        place["geo"] = if west == east && south == north {
            json!({ "@type": "GeoCoordinates", "latitude": south, "longitude": west })
        } else {
            json!({ "@type": "GeoShape", "box": format!("{south} {west} {north} {east}") })
        };
    }
    Some(place)
}

/// The same, as a map shows it: of each place what says most.
pub fn extents(said: &Said<'_>) -> Vec<Extent> {
    let shapes = [
        locn::GEOMETRY,
        geosparql::AS_WKT,
        dcat::BBOX,
        dcat::CENTROID,
    ];
    let of_place = |node| {
        let mut texts = shapes.iter().flat_map(|p| said.facts.texts(node, *p));
        texts.find_map(|text| extent(&literal(text)))
    };
    let spatial = said.facts.iris(&said.entity, dct::SPATIAL);
    spatial.filter_map(of_place).collect()
}

/// A geometry as a map shows it. None: it cannot be read.
pub fn extent(geometry: &Term) -> Option<Extent> {
    /// An area with more positions is shown by its box.
    const POSITIONS_MAX: usize = 2_000;
    let [west, south, east, north] = geo::bounds(geometry)?;
    if west == east && south == north {
        return Some(Extent::Point((west, south)));
    }
    let rings = geo::rings(geometry, POSITIONS_MAX);
    Some(rings.map_or(Extent::Box([west, south, east, north]), Extent::Rings))
}

fn bounds(text: &Text<'_>) -> Option<[f64; 4]> {
    geo::bounds(&literal(text))
}

fn literal(text: &Text<'_>) -> Term {
    let datatype = NamedNodeRef::new_unchecked(text.datatype());
    Literal::new_typed_literal(text.value(), datatype).into()
}
