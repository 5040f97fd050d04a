//! `geof:distance` of OGC GeoSPARQL: how far two geometries are from each other, so that nearness can be asked.
//!
//! Pure. Geometries are `geo:wktLiteral`s (or plain strings) in longitude and latitude: without a coordinate reference
//! system, in CRS84, or in EPSG:4326 and then latitude first. What cannot be read is an error of the expression, so that
//! a FILTER drops the row. Start at [`distance`].
//!
//! Distances are on a sphere of the mean Earth radius (haversine): within 0.6 % of the ellipsoid. Between lines and areas
//! it is the least distance, zero where they meet; edges are straight in longitude and latitude and do not cross the
//! antimeridian.

use oxigraph::model::{Literal, NamedNodeRef, Term, vocab::xsd};
use std::str::FromStr;
use wkt::{Wkt, types::Coord};

/// The name of the function: GeoSPARQL 1.0, requirement 19.
pub const DISTANCE: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://www.opengis.net/def/function/geosparql/distance");

const WKT_LITERAL: &str = "http://www.opengis.net/ont/geosparql#wktLiteral";
const CRS84: &[&str] = &[
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "https://www.opengis.net/def/crs/OGC/1.3/CRS84",
];
const EPSG_4326: &[&str] = &[
    "http://www.opengis.net/def/crs/EPSG/0/4326",
    "https://www.opengis.net/def/crs/EPSG/0/4326",
    "http://www.opengis.net/def/crs/EPSG/9.9.1/4326",
];
/// IUGG mean radius R1.
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// A geometry longer than this is not read: it would be parsed again for each row.
const WKT_BYTES_MAX: usize = 256 * 1024;

/// `geof:distance(a, b)` in metres, or `geof:distance(a, b, unit)` with a unit of OGC's: metre, kilometre, degree, radian.
pub fn distance(arguments: &[Term]) -> Option<Term> {
    let (a, b, unit) = match arguments {
        [a, b] => (a, b, Unit::Metre),
        [a, b, unit] => (a, b, Unit::of(unit)?),
        _ => return None,
    };
    let angle = Shape::of(a)?.angle_to(&Shape::of(b)?)?;
    Some(Literal::from(unit.of_radians(angle)).into())
}

/// The least box around a geometry, in degrees: west, south, east, north. None where it cannot be read or is empty.
pub fn bounds(geometry: &Term) -> Option<[f64; 4]> {
    let shape = Shape::of(geometry)?;
    let first = shape.positions().next()?;
    let point = [
        first.longitude,
        first.latitude,
        first.longitude,
        first.latitude,
    ];
    Some(shape.positions().fold(point, |[w, s, e, n], p| {
        [
            w.min(p.longitude),
            s.min(p.latitude),
            e.max(p.longitude),
            n.max(p.latitude),
        ]
    }))
}

/// Longitude and latitude, in degrees.
pub type LonLat = (f64, f64);

/// The rings of the areas of a geometry. None where it has none, cannot be read, or has more than `most` positions.
pub fn rings(geometry: &Term, most: usize) -> Option<Vec<Vec<LonLat>>> {
    let shape = Shape::of(geometry)?;
    let rings = shape.areas.iter().flatten();
    let rings: Vec<Vec<LonLat>> = rings
        .map(|ring| ring.iter().map(|p| (p.longitude, p.latitude)).collect())
        .collect();
    let positions: usize = rings.iter().map(Vec::len).sum();
    (1..=most).contains(&positions).then_some(rings)
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Metre,
    Kilometre,
    Degree,
    Radian,
}

impl Unit {
    fn of(term: &Term) -> Option<Self> {
        let iri = match term {
            Term::NamedNode(node) => node.as_str(),
            Term::Literal(literal) => literal.value(),
            Term::BlankNode(_) => return None,
        };
        let name = iri
            .strip_prefix("http://www.opengis.net/def/uom/OGC/1.0/")
            .or_else(|| iri.strip_prefix("https://www.opengis.net/def/uom/OGC/1.0/"))?;
        match name {
            "metre" => Some(Self::Metre),
            "kilometre" => Some(Self::Kilometre),
            "degree" => Some(Self::Degree),
            "radian" => Some(Self::Radian),
            _ => None,
        }
    }

    fn of_radians(self, angle: f64) -> f64 {
        match self {
            Self::Metre => angle * EARTH_RADIUS_M,
            Self::Kilometre => angle * EARTH_RADIUS_M / 1000.0,
            Self::Degree => angle.to_degrees(),
            Self::Radian => angle,
        }
    }
}

/// A position in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Position {
    longitude: f64,
    latitude: f64,
}

impl Position {
    /// The central angle to `other`, in radians.
    fn angle_to(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_north = ((b - a) / 2.0).sin();
        let half_east = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let h = half_north * half_north + a.cos() * b.cos() * half_east * half_east;
        2.0 * h.sqrt().min(1.0).asin()
    }
}

/// One edge, from its start to its end.
type Edge = (Position, Position);

/// A geometry as its points, its edges, and the areas that its rings enclose.
#[derive(Debug, Default)]
struct Shape {
    points: Vec<Position>,
    edges: Vec<Edge>,
    /// Each area is its outer ring and its holes.
    areas: Vec<Vec<Vec<Position>>>,
}

impl Shape {
    fn of(term: &Term) -> Option<Self> {
        let Term::Literal(literal) = term else {
            return None;
        };
        let readable =
            literal.datatype().as_str() == WKT_LITERAL || literal.datatype() == xsd::STRING;
        if !readable || literal.value().len() > WKT_BYTES_MAX {
            return None;
        }
        let text = literal.value().trim_start();
        let (latitude_first, text) =
            match text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                Some((crs, text)) if CRS84.contains(&crs) => (false, text),
                Some((crs, text)) if EPSG_4326.contains(&crs) => (true, text),
                Some(_) => return None,
                None => (false, text),
            };
        // The reader recurses for each collection in a collection.
        if text.bytes().filter(|byte| *byte == b'(').count() > 100_000 || collections(text) > 16 {
            return None;
        }
        let geometry = Wkt::<f64>::from_str(text.trim()).ok()?;
        let mut shape = Self::default();
        shape.add(&geometry, latitude_first)?;
        Some(shape)
    }

    fn add(&mut self, geometry: &Wkt<f64>, latitude_first: bool) -> Option<()> {
        let read = |coordinates: &[Coord<f64>]| {
            coordinates
                .iter()
                .map(|c| position(c, latitude_first))
                .collect::<Option<Vec<_>>>()
        };
        match geometry {
            Wkt::Point(point) => self
                .points
                .extend(read(point.coord().map_or(&[], std::slice::from_ref))?),
            Wkt::MultiPoint(points) => {
                for point in points.points() {
                    self.points
                        .extend(read(point.coord().map_or(&[], std::slice::from_ref))?);
                }
            }
            Wkt::LineString(line) => self.add_line(&read(line.coords())?),
            Wkt::MultiLineString(lines) => {
                for line in lines.line_strings() {
                    self.add_line(&read(line.coords())?);
                }
            }
            Wkt::Polygon(polygon) => self.add_area(
                polygon
                    .rings()
                    .iter()
                    .map(|ring| read(ring.coords()))
                    .collect::<Option<_>>()?,
            ),
            Wkt::MultiPolygon(polygons) => {
                for polygon in polygons.polygons() {
                    self.add_area(
                        polygon
                            .rings()
                            .iter()
                            .map(|ring| read(ring.coords()))
                            .collect::<Option<_>>()?,
                    );
                }
            }
            Wkt::GeometryCollection(collection) => {
                for member in collection.geometries() {
                    self.add(member, latitude_first)?;
                }
            }
        }
        Some(())
    }

    fn add_line(&mut self, line: &[Position]) {
        match line {
            [only] => self.points.push(*only),
            _ => self
                .edges
                .extend(line.windows(2).map(|pair| (pair[0], pair[1]))),
        }
    }

    fn add_area(&mut self, rings: Vec<Vec<Position>>) {
        for ring in &rings {
            self.add_line(ring);
        }
        self.areas.push(rings);
    }

    /// The least central angle between two shapes, in radians. None where one of them is empty.
    fn angle_to(&self, other: &Self) -> Option<f64> {
        if self.positions().any(|p| other.encloses(p))
            || other.positions().any(|p| self.encloses(p))
        {
            return Some(0.0);
        }
        if self
            .edges
            .iter()
            .any(|a| other.edges.iter().any(|b| cross(*a, *b)))
        {
            return Some(0.0);
        }
        let between_points = self
            .positions()
            .flat_map(|a| other.positions().map(move |b| a.angle_to(b)));
        let to_edges = self
            .positions()
            .flat_map(|p| other.edges.iter().map(move |edge| angle_to_edge(p, *edge)));
        let from_edges = other
            .positions()
            .flat_map(|p| self.edges.iter().map(move |edge| angle_to_edge(p, *edge)));
        between_points
            .chain(to_edges)
            .chain(from_edges)
            .min_by(f64::total_cmp)
    }

    fn positions(&self) -> impl Iterator<Item = Position> {
        self.points
            .iter()
            .copied()
            .chain(self.edges.iter().flat_map(|(start, end)| [*start, *end]))
    }

    fn encloses(&self, position: Position) -> bool {
        self.areas
            .iter()
            .any(|rings| rings.iter().filter(|ring| within(position, ring)).count() % 2 == 1)
    }
}

/// How many geometry collections the text names: an upper bound of their nesting.
fn collections(text: &str) -> usize {
    text.as_bytes()
        .windows(10)
        .filter(|window| window.eq_ignore_ascii_case(b"COLLECTION"))
        .count()
}

fn position(coordinates: &Coord<f64>, latitude_first: bool) -> Option<Position> {
    let (longitude, latitude) = if latitude_first {
        (coordinates.y, coordinates.x)
    } else {
        (coordinates.x, coordinates.y)
    };
    let sensible = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
    sensible.then_some(Position {
        longitude,
        latitude,
    })
}

/// Whether a ring encloses a position: how often a line to the east crosses it.
fn within(position: Position, ring: &[Position]) -> bool {
    let mut inside = false;
    for pair in ring.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if (a.latitude > position.latitude) != (b.latitude > position.latitude) {
            let share = (position.latitude - a.latitude) / (b.latitude - a.latitude);
            if position.longitude < a.longitude + share * (b.longitude - a.longitude) {
                inside = !inside;
            }
        }
    }
    inside
}

/// Whether two edges cross in longitude and latitude. Edges that only touch are at distance zero by their ends.
fn cross((a, b): Edge, (c, d): Edge) -> bool {
    let side = |p: Position, q: Position, r: Position| {
        (q.longitude - p.longitude) * (r.latitude - p.latitude)
            - (q.latitude - p.latitude) * (r.longitude - p.longitude)
    };
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

/// The central angle from a position to the nearest place of an edge. The nearest place is looked for in the plane, with
/// longitudes shortened to the position's latitude, then the distance to it is taken on the sphere.
fn angle_to_edge(from: Position, (start, end): Edge) -> f64 {
    let shortened = from.latitude.to_radians().cos();
    let (east, north) = (
        (end.longitude - start.longitude) * shortened,
        end.latitude - start.latitude,
    );
    let (to_east, to_north) = (
        (from.longitude - start.longitude) * shortened,
        from.latitude - start.latitude,
    );
    let length = east * east + north * north;
    let share = if length == 0.0 {
        0.0
    } else {
        ((to_east * east + to_north * north) / length).clamp(0.0, 1.0)
    };
    from.angle_to(Position {
        longitude: start.longitude + share * (end.longitude - start.longitude),
        latitude: start.latitude + share * (end.latitude - start.latitude),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use oxigraph::model::NamedNode;

    fn wkt(text: &str) -> Term {
        Literal::new_typed_literal(text, NamedNode::new(WKT_LITERAL).unwrap()).into()
    }

    fn metres(a: &str, b: &str) -> Option<f64> {
        let unit = NamedNode::new("http://www.opengis.net/def/uom/OGC/1.0/metre").unwrap();
        match distance(&[wkt(a), wkt(b), unit.into()])? {
            Term::Literal(literal) => Some(literal.value().parse().unwrap()),
            other => panic!("{other} is no number"),
        }
    }

    #[track_caller]
    fn check(a: &str, b: &str, expected_m: f64, tolerance_m: f64) {
        for (a, b) in [(a, b), (b, a)] {
            let found = metres(a, b).unwrap();
            assert!(
                (found - expected_m).abs() <= tolerance_m,
                "{a} to {b}: {found}, expected {expected_m} ± {tolerance_m}"
            );
        }
    }

    #[test]
    fn known_distances() {
        // A degree of a great circle of the mean radius.
        check("POINT(0 0)", "POINT(1 0)", 111_195.08, 0.1);
        check("POINT(121.5 0)", "POINT(121.5 1)", 111_195.08, 0.1);
        // Half way round, over the pole, and over the antimeridian.
        check(
            "POINT(0 0)",
            "POINT(180 0)",
            std::f64::consts::PI * EARTH_RADIUS_M,
            1.0,
        );
        check("POINT(0 80)", "POINT(180 80)", 20.0 * 111_195.08, 2.0);
        check("POINT(179.5 0)", "POINT(-179.5 0)", 111_195.08, 0.1);
        // Taipei 101 to Kaohsiung's 85 Sky Tower, and London to Paris: geodesics of WGS 84 by Vincenty's formula.
        check(
            "POINT(121.5645 25.0340)",
            "POINT(120.3003 22.6116)",
            297_607.3,
            0.006 * 297_607.3,
        );
        check(
            "POINT(-0.1278 51.5074)",
            "POINT(2.3522 48.8566)",
            343_923.1,
            0.006 * 343_923.1,
        );
    }

    #[test]
    fn lines_and_areas() {
        let square = "POLYGON((121 24, 122 24, 122 25, 121 25, 121 24))";
        check(square, "POINT(121.5 24.5)", 0.0, 0.0);
        check(square, "POINT(121.5 26)", 111_195.08, 1.0);
        check(
            square,
            "POINT(123 25)",
            111_195.08 * 25_f64.to_radians().cos(),
            30.0,
        );
        check(
            square,
            "POLYGON((121.4 24.4, 121.6 24.4, 121.6 24.6, 121.4 24.6, 121.4 24.4))",
            0.0,
            0.0,
        );
        check(square, "LINESTRING(120 24.5, 123 24.6)", 0.0, 0.0);
        check("LINESTRING(0 0, 0 2)", "POINT(1 1)", 111_178.14, 20.0);
        check("MULTIPOINT((0 0), (5 0))", "POINT(6 0)", 111_195.08, 0.1);
        let ring = "POLYGON((0 0, 3 0, 3 3, 0 3, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))";
        check(ring, "POINT(1.5 1.5)", 55_580.0, 30.0);
        check(
            "GEOMETRYCOLLECTION(POINT(0 0), POINT(2 0))",
            "POINT(3 0)",
            111_195.08,
            0.1,
        );
    }

    #[test]
    fn reference_systems() {
        check(
            "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT(1 0)",
            "POINT(0 0)",
            111_195.08,
            0.1,
        );
        check(
            "<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(25 121)",
            "POINT(121 25)",
            0.0,
            0.0,
        );
        assert_eq!(
            metres(
                "<http://www.opengis.net/def/crs/EPSG/0/3826> POINT(250000 2700000)",
                "POINT(0 0)"
            ),
            None
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for bad in [
            "",
            "POINT",
            "POINT EMPTY",
            "POINT(181 0)",
            "POINT(0 91)",
            "POINT(NaN 0)",
            "121.5,25.0",
            "POLYGON EMPTY",
        ] {
            assert_eq!(metres(bad, "POINT(0 0)"), None, "{bad}");
        }
        let nested = format!(
            "{}POINT(0 0){}",
            "GEOMETRYCOLLECTION(".repeat(10_000),
            ")".repeat(10_000)
        );
        assert_eq!(metres(&nested, "POINT(0 0)"), None);
        assert_eq!(distance(&[wkt("POINT(0 0)")]), None);
        assert_eq!(
            distance(&[Literal::from(1).into(), wkt("POINT(0 0)")]),
            None
        );
    }

    #[test]
    fn units() {
        let ask = |unit: &str| {
            let unit =
                NamedNode::new(format!("http://www.opengis.net/def/uom/OGC/1.0/{unit}")).unwrap();
            distance(&[wkt("POINT(0 0)"), wkt("POINT(90 0)"), unit.into()])
        };
        let number = |unit: &str| match ask(unit) {
            Some(Term::Literal(literal)) => literal.value().parse::<f64>().unwrap(),
            other => panic!("{other:?} is no number"),
        };
        assert!((number("degree") - 90.0).abs() < 1e-9);
        assert!((number("radian") - std::f64::consts::FRAC_PI_2).abs() < 1e-9);
        assert!((number("kilometre") - 10_007.557).abs() < 0.001);
        assert_eq!(ask("fathom"), None);
    }
}
