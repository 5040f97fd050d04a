//! GeoJSON geometries as well-known text, which is what stores compute with. Start reading at [`well_known_text`].
//!
//! Coordinates are taken as they are, longitude first, as GeoJSON has it (RFC 7946, section 3.1.1); a third one is
//! left out. Nothing is checked but the shape.

use serde_json::Value;

/// Nested deeper than any geometry of GeoJSON.
const DEPTH_MAX: u32 = 4;

/// None where it is no geometry that can be said so.
pub(super) fn well_known_text(geometry: &Value) -> Option<String> {
    let kind = geometry.get("type")?.as_str()?;
    let (word, depth) = match kind.to_ascii_lowercase().as_str() {
        "point" => ("POINT", 0),
        "multipoint" => ("MULTIPOINT", 1),
        "linestring" => ("LINESTRING", 1),
        "multilinestring" => ("MULTILINESTRING", 2),
        "polygon" => ("POLYGON", 2),
        "multipolygon" => ("MULTIPOLYGON", 3),
        "feature" => return well_known_text(geometry.get("geometry")?),
        _ => return None,
    };
    let coordinates = geometry.get("coordinates")?;
    Some(match depth {
        0 => format!("{word} ({})", position(coordinates)?),
        depth => format!("{word} {}", nested(coordinates, depth)?),
    })
}

/// The rectangle between these.
pub(super) fn rectangle(west: f64, south: f64, east: f64, north: f64) -> String {
    format!(
        "POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"
    )
}

fn nested(value: &Value, depth: u32) -> Option<String> {
    let items = value
        .as_array()
        .filter(|items| !items.is_empty() && depth < DEPTH_MAX)?;
    let said: Option<Vec<String>> = items
        .iter()
        .map(|item| {
            if depth == 1 {
                position(item)
            } else {
                nested(item, depth - 1)
            }
        })
        .collect();
    Some(format!("({})", said?.join(", ")))
}

fn position(value: &Value) -> Option<String> {
    let longitude = value.get(0)?.as_f64().filter(|n| n.is_finite())?;
    let latitude = value.get(1)?.as_f64().filter(|n| n.is_finite())?;
    Some(format!("{longitude} {latitude}"))
}
