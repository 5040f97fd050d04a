//! What of a table lies where: a column of geometries in WKT or GeoJSON, else one of latitudes beside one of longitudes.
//! Start at [`of`].

use crate::serve::portrait;
use harvestd_web::{
    map::{Extent, Position},
    sparql::{Cell, Table},
};
use oxigraph::model::{Literal, Term};
use serde_json::Value;

/// Rows of which a map shows the places: more are one blot.
const PLACES_MAX: usize = 1_000;
/// What columns of degrees are called.
const LATITUDES: [&str; 3] = ["lat", "latitude", "緯度"];
const LONGITUDES: [&str; 5] = ["lon", "long", "lng", "longitude", "經度"];

/// The places of the rows, in their order; none where the table has no column of them.
pub fn of(table: &Table) -> Vec<Extent> {
    let rows = table.rows.iter();
    let geometries = rows.clone().filter_map(|row| {
        let mut cells = row.iter().flatten();
        cells.find_map(of_cell)
    });
    let found: Vec<Extent> = geometries.take(PLACES_MAX).collect();
    if !found.is_empty() {
        return found;
    }
    let column = |names: &[&str]| {
        let is_of = |head: &String| names.contains(&head.to_lowercase().as_str());
        table.heads.iter().position(is_of)
    };
    let (Some(y), Some(x)) = (column(&LATITUDES), column(&LONGITUDES)) else {
        return Vec::new();
    };
    let degrees = |row: &[Option<Cell>], place: usize| {
        let cell = row.get(place)?.as_ref()?;
        cell.text.trim().parse::<f64>().ok()
    };
    let points = rows.filter_map(|row| Some((degrees(row, x)?, degrees(row, y)?)));
    let points = points.filter(|(x, y)| (-180.0..=180.0).contains(x) && (-90.0..=90.0).contains(y));
    points.map(Extent::Point).take(PLACES_MAX).collect()
}

/// By its datatype, or a plain text that begins as WKT does.
fn of_cell(cell: &Cell) -> Option<Extent> {
    match cell.datatype.as_deref() {
        Some("geoJSONLiteral") => of_geojson(&cell.text),
        Some("wktLiteral") => of_wkt(&cell.text),
        None if cell.link.is_none() && names_a_geometry(&cell.text) => of_wkt(&cell.text),
        _ => None,
    }
}

fn names_a_geometry(text: &str) -> bool {
    let name = text.split(['(', ' ']).next().unwrap_or_default();
    let known = ["POINT", "LINESTRING", "POLYGON"];
    let name = name.strip_prefix("MULTI").unwrap_or(name);
    known.contains(&name) || name == "GEOMETRYCOLLECTION"
}

fn of_wkt(text: &str) -> Option<Extent> {
    let plain = Literal::new_simple_literal(text);
    portrait::places::extent(&Term::from(plain))
}

/// A geometry of RFC 7946: areas by their rings, lines and many points by the box around them.
fn of_geojson(text: &str) -> Option<Extent> {
    let geometry: Value = serde_json::from_str(text).ok()?;
    let coordinates = geometry.get("coordinates")?;
    let kind = geometry.get("type")?.as_str()?;
    let mut lines = Vec::new();
    let extent = match kind {
        "Point" => return position(coordinates).map(Extent::Point),
        "Polygon" | "MultiPolygon" => {
            gather(coordinates, &mut lines);
            Extent::Rings(lines)
        }
        _ => {
            gather(coordinates, &mut lines);
            let all = lines.into_iter().flatten();
            let nothing = [
                f64::INFINITY,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::NEG_INFINITY,
            ];
            Extent::Box(all.fold(nothing, |[w, s, e, n], (x, y)| {
                [w.min(x), s.min(y), e.max(x), n.max(y)]
            }))
        }
    };
    Some(extent)
}

/// Every list of positions in nested lists of coordinates.
fn gather(coordinates: &Value, lines: &mut Vec<Vec<Position>>) {
    let Some(items) = coordinates.as_array() else {
        return;
    };
    let line: Option<Vec<Position>> = items.iter().map(position).collect();
    match line {
        Some(line) => lines.push(line),
        None => items.iter().for_each(|item| gather(item, lines)),
    }
}

fn position(coordinates: &Value) -> Option<Position> {
    let number = |place: usize| coordinates.get(place)?.as_f64();
    Some((number(0)?, number(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(heads: &[&str], row: &[(&str, Option<&str>)]) -> Table {
        let cell = |(text, datatype): &(&str, Option<&str>)| {
            Some(Cell {
                text: (*text).to_owned(),
                datatype: datatype.map(str::to_owned),
                ..Cell::default()
            })
        };
        Table {
            heads: heads.iter().map(|head| (*head).to_owned()).collect(),
            rows: vec![row.iter().map(cell).collect()],
            ..Table::default()
        }
    }

    #[test]
    fn geometries_are_known_by_their_datatype_or_as_wkt() {
        let taipei = Extent::Point((121.5, 25.0));
        let bounds = Extent::Box([121.0, 24.0, 122.0, 25.0]);
        let ring = vec![(121.0, 24.0), (122.0, 24.0), (122.0, 25.0), (121.0, 24.0)];
        for (text, datatype, expected) in [
            (
                "POINT(121.5 25.0)",
                Some("wktLiteral"),
                Some(taipei.clone()),
            ),
            ("POINT (121.5 25)", None, Some(taipei.clone())),
            ("POINTS of interest (2)", None, None),
            ("POINT(121.5 25.0)", Some("xsd:token"), None),
            ("POINT(elsewhere)", Some("wktLiteral"), None),
            (
                r#"{"type":"Point","coordinates":[121.5,25.0,3]}"#,
                Some("geoJSONLiteral"),
                Some(taipei),
            ),
            (
                r#"{"type":"MultiPolygon","coordinates":[[[[121,24],[122,24],[122,25],[121,24]]]]}"#,
                Some("geoJSONLiteral"),
                Some(Extent::Rings(vec![ring.clone()])),
            ),
            (
                "POLYGON((121 24, 122 24, 122 25, 121 24))",
                Some("wktLiteral"),
                Some(Extent::Rings(vec![ring])),
            ),
            (
                r#"{"type":"LineString","coordinates":[[121,25],[122,24]]}"#,
                Some("geoJSONLiteral"),
                Some(bounds),
            ),
            (r#"{"type":"Point"}"#, Some("geoJSONLiteral"), None),
            ("{", Some("geoJSONLiteral"), None),
        ] {
            let found = of(&table(
                &["title", "place"],
                &[("x", None), (text, datatype)],
            ));
            assert_eq!(found.first(), expected.as_ref(), "{text}");
        }
    }

    #[test]
    fn latitudes_and_longitudes_are_known_by_their_names() {
        let number = Some("xsd:decimal");
        let row = [("25.0", number), ("121.5", number)];
        let point = vec![Extent::Point((121.5, 25.0))];
        assert_eq!(of(&table(&["Lat", "lng"], &row)), point);
        assert_eq!(of(&table(&["緯度", "經度"], &row)), point);
        assert_eq!(of(&table(&["a", "b"], &row)), []);
        let nowhere = [("250", number), ("121.5", number)];
        assert_eq!(of(&table(&["lat", "long"], &nowhere)), []);
    }
}
