//! Where a dataset is about, as schema.org says it: a name, a point, a box. Start at [`places`].

use super::Said;
use crate::{facts::Text, serve::geo};
use harvestd_vocab::terms::{dcat, dct, geosparql, locn};
use oxigraph::model::{Literal, NamedNodeRef};
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

fn bounds(text: &Text<'_>) -> Option<[f64; 4]> {
    let datatype = NamedNodeRef::new_unchecked(text.datatype());
    geo::bounds(&Literal::new_typed_literal(text.value(), datatype).into())
}
