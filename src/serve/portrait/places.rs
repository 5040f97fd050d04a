//! Where a dataset is about, as schema.org says it: a name, a point, a box. Start at [`places`].

use super::Said;
use crate::serve::geo;
use harvestd_vocab::terms::{dcat, dct, geosparql, locn};
use oxigraph::model::NamedNodeRef;
use serde_json::{Value, json};

const GEOMETRIES: [NamedNodeRef<'_>; 4] = [
    dcat::BBOX,
    dcat::CENTROID,
    locn::GEOMETRY,
    geosparql::AS_WKT,
];

pub fn places(said: &Said) -> Vec<Value> {
    let spatial = said.iris(&said.entity, dct::SPATIAL);
    spatial.filter_map(|node| place(said, node)).collect()
}

fn place(said: &Said, node: &str) -> Option<Value> {
    let name = said.called(node).map(|name| name.value().to_owned());
    let mut geometries = GEOMETRIES.iter().flat_map(|p| said.values(node, *p));
    let bounds = geometries.find_map(geo::bounds);
    let mut place = json!({ "@type": "Place" });
    // A place that others describe is named by its IRI.
    if said.all(node).is_empty() {
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
