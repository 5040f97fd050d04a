//! A small map: where a dataset is about, on a simplified outline of Taiwan, drawn as SVG. Start at [`Map::of`].
//!
//! The outlines are ours, of some dozens of points each, and good for seeing where something is, not for measuring.

use crate::Template;

/// West, south, east, north, in degrees.
pub type Bounds = [f64; 4];
/// Longitude and latitude, in degrees.
pub type Position = (f64, f64);

/// What lies where: a point, or a box, or the rings of an area.
#[derive(Debug, Clone, PartialEq)]
pub enum Extent {
    Point(Position),
    Box(Bounds),
    Rings(Vec<Vec<Position>>),
}

impl Extent {
    fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Point((x, y)) => Some([*x, *y, *x, *y]),
            Self::Box(bounds) => Some(*bounds),
            Self::Rings(rings) => {
                let mut positions = rings.iter().flatten();
                let (x, y) = *positions.next()?;
                Some(positions.fold([x, y, x, y], |[w, s, e, n], (x, y)| {
                    [w.min(*x), s.min(*y), e.max(*x), n.max(*y)]
                }))
            }
        }
    }
}

/// The map as it is drawn: everything in units of the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "map.html")]
pub struct Map {
    /// What it shows, for those who do not see it.
    pub said: String,
    width: i64,
    height: i64,
    /// Each as the `d` of a path.
    land: Vec<String>,
    areas: Vec<String>,
    /// Centres of circles.
    points: Vec<(i64, i64)>,
}

/// The picture is so wide.
const WIDTH: f64 = 320.0;
/// No taller than so many times its width.
const TALL: f64 = 1.6;
/// Taiwan with Penghu, Kinmen and Matsu.
const TAIWAN: Bounds = [118.0, 21.75, 122.3, 26.45];
/// What is smaller than this, in degrees, is drawn as a point.
const SMALL: f64 = 0.04;
/// Space around what is elsewhere: this part of its size.
const AROUND: f64 = 0.35;

impl Map {
    /// None where nothing of it can be shown.
    pub fn of(extents: &[Extent], said: String) -> Option<Self> {
        let seen: Vec<(&Extent, Bounds)> = extents
            .iter()
            .filter_map(|extent| Some((extent, extent.bounds()?)))
            .filter(|(_, bounds)| is_on_earth(bounds))
            .collect();
        let all = seen.iter().map(|(_, bounds)| *bounds).reduce(union)?;
        let view = view(all);
        let scale = Scale::of(view);
        let mut map = Self {
            said,
            width: whole(WIDTH),
            height: whole(scale.height),
            land: LAND
                .iter()
                .filter(|land| land.iter().any(|at| is_within(*at, &view)))
                .map(|land| scale.path(land))
                .collect(),
            ..Self::default()
        };
        for (extent, bounds) in seen {
            let [w, s, e, n] = bounds;
            match extent {
                _ if (e - w).max(n - s) < SMALL * (view[2] - view[0]) / (TAIWAN[2] - TAIWAN[0]) => {
                    let (x, y) = scale.at(((w + e) / 2.0, (s + n) / 2.0));
                    map.points.push((whole(x), whole(y)));
                }
                Extent::Rings(rings) => {
                    let paths: Vec<String> = rings.iter().map(|ring| scale.path(ring)).collect();
                    map.areas.push(paths.concat());
                }
                _ => {
                    let corners = [(w, s), (e, s), (e, n), (w, n)];
                    map.areas.push(scale.path(&corners));
                }
            }
        }
        Some(map)
    }
}

/// From degrees to the picture. Degrees of longitude are as much narrower as they are in the middle of the view.
struct Scale {
    west: f64,
    north: f64,
    narrow: f64,
    factor: f64,
    height: f64,
    left: f64,
}

impl Scale {
    fn of([west, south, east, north]: Bounds) -> Self {
        let narrow = ((south + north) / 2.0).to_radians().cos().max(0.1);
        let (wide, tall) = ((east - west) * narrow, north - south);
        let factor = (WIDTH / wide).min(WIDTH * TALL / tall);
        Self {
            west,
            north,
            narrow,
            factor,
            height: tall * factor,
            left: (WIDTH - wide * factor) / 2.0,
        }
    }

    fn at(&self, (longitude, latitude): Position) -> Position {
        (
            self.left + (longitude - self.west) * self.narrow * self.factor,
            (self.north - latitude) * self.factor,
        )
    }

    fn path(&self, ring: &[Position]) -> String {
        let mut path = String::new();
        for (number, position) in ring.iter().enumerate() {
            let (x, y) = self.at(*position);
            let step = if number == 0 { 'M' } else { 'L' };
            path.push_str(&format!("{step}{x:.1} {y:.1}"));
        }
        path.push('Z');
        path
    }
}

fn whole(value: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a place in the picture: it saturates"
    )]
    let whole = value.round() as i64;
    whole
}

fn is_on_earth([w, s, e, n]: &Bounds) -> bool {
    w <= e && s <= n && *w >= -180.0 && *e <= 180.0 && *s >= -90.0 && *n <= 90.0
}

fn is_within((x, y): Position, [w, s, e, n]: &Bounds) -> bool {
    (*w..=*e).contains(&x) && (*s..=*n).contains(&y)
}

fn union([w, s, e, n]: Bounds, [x, t, f, o]: Bounds) -> Bounds {
    [w.min(x), s.min(t), e.max(f), n.max(o)]
}

/// Taiwan where it lies there, else what lies around it.
fn view(all: Bounds) -> Bounds {
    let [w, s, e, n] = all;
    if is_within((w, s), &TAIWAN) && is_within((e, n), &TAIWAN) {
        return TAIWAN;
    }
    let (wide, tall) = ((e - w).max(1.0) * AROUND, (n - s).max(1.0) * AROUND);
    let around = [w - wide, s - tall, e + wide, n + tall];
    // What holds Taiwan whole is seen around it.
    [
        around[0].max(-180.0),
        around[1].max(-90.0),
        around[2].min(180.0),
        around[3].min(90.0),
    ]
}

/// Coasts, clockwise from the north.
const LAND: [&[Position]; 8] = [
    // Taiwan
    &[
        (121.54, 25.30),
        (121.63, 25.22),
        (121.75, 25.16),
        (121.92, 25.13),
        (122.01, 25.01),
        (121.92, 24.95),
        (121.83, 24.83),
        (121.83, 24.65),
        (121.88, 24.55),
        (121.80, 24.42),
        (121.74, 24.28),
        (121.64, 24.13),
        (121.64, 23.98),
        (121.57, 23.80),
        (121.52, 23.58),
        (121.48, 23.35),
        (121.40, 23.13),
        (121.32, 23.01),
        (121.20, 22.82),
        (121.11, 22.75),
        (121.01, 22.61),
        (120.95, 22.47),
        (120.90, 22.33),
        (120.88, 22.15),
        (120.86, 22.00),
        (120.85, 21.90),
        (120.76, 21.95),
        (120.70, 22.05),
        (120.70, 22.17),
        (120.62, 22.29),
        (120.53, 22.40),
        (120.40, 22.46),
        (120.28, 22.55),
        (120.24, 22.68),
        (120.18, 22.82),
        (120.10, 22.98),
        (120.05, 23.09),
        (120.11, 23.27),
        (120.13, 23.43),
        (120.13, 23.60),
        (120.18, 23.76),
        (120.27, 23.85),
        (120.38, 24.00),
        (120.46, 24.13),
        (120.53, 24.26),
        (120.61, 24.41),
        (120.71, 24.60),
        (120.85, 24.73),
        (120.93, 24.87),
        (121.03, 25.01),
        (121.12, 25.08),
        (121.28, 25.12),
        (121.38, 25.16),
        (121.45, 25.25),
    ],
    // Penghu
    &[
        (119.60, 23.66),
        (119.66, 23.61),
        (119.69, 23.57),
        (119.62, 23.51),
        (119.56, 23.52),
        (119.57, 23.58),
        (119.51, 23.56),
        (119.50, 23.62),
        (119.55, 23.66),
    ],
    // Kinmen
    &[
        (118.40, 24.53),
        (118.44, 24.51),
        (118.47, 24.44),
        (118.43, 24.40),
        (118.37, 24.42),
        (118.31, 24.40),
        (118.29, 24.44),
        (118.33, 24.49),
        (118.37, 24.48),
    ],
    // Lieyu, by Kinmen
    &[
        (118.25, 24.45),
        (118.26, 24.42),
        (118.23, 24.41),
        (118.22, 24.44),
    ],
    // Matsu: Nangan and Beigan
    &[
        (119.93, 26.17),
        (119.96, 26.16),
        (119.94, 26.14),
        (119.90, 26.14),
    ],
    &[
        (119.99, 26.24),
        (120.02, 26.23),
        (120.00, 26.21),
        (119.97, 26.21),
    ],
    // Green Island
    &[
        (121.49, 22.68),
        (121.51, 22.66),
        (121.49, 22.64),
        (121.47, 22.65),
    ],
    // Orchid Island
    &[
        (121.55, 22.09),
        (121.61, 22.04),
        (121.58, 22.00),
        (121.51, 22.04),
    ],
];

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_taipei_lies_on_the_north_of_the_island() {
        let point = Extent::Point((121.56, 25.03));
        let map = Map::of(&[point], "\"><script>".to_owned()).unwrap();
        assert_eq!(map.land.len(), LAND.len());
        let [(x, y)] = map.points.as_slice() else {
            panic!("{map:?}");
        };
        assert!((240..300).contains(x) && (90..150).contains(y), "{map:?}");
        let svg = map.to_string();
        assert!(
            svg.contains("<circle") && !svg.contains("<script>"),
            "{svg}"
        );
        assert!(!svg.contains("style="));
    }

    #[test]
    fn boxes_and_rings_are_areas_and_what_is_elsewhere_is_seen_too() {
        let county = Extent::Box([120.0, 23.0, 121.0, 24.0]);
        let rings = Extent::Rings(vec![vec![(120.0, 23.0), (121.0, 23.0), (120.5, 24.0)]]);
        let map = Map::of(&[county, rings], String::new()).unwrap();
        assert_eq!((map.areas.len(), map.points.len()), (2, 0));
        // Norway: nothing of Taiwan is in the picture.
        let norway = Extent::Box([5.0, 58.0, 31.0, 71.0]);
        let map = Map::of(&[norway], String::new()).unwrap();
        assert_eq!((map.areas.len(), map.land.len()), (1, 0));
        let world = Extent::Box([-180.0, -90.0, 180.0, 90.0]);
        let map = Map::of(&[world], String::new()).unwrap();
        assert_eq!(map.areas.len(), 1);
        assert!(
            map.height > 0 && map.height <= whole(WIDTH * TALL),
            "{map:?}"
        );
    }

    #[test]
    fn what_is_nowhere_has_no_map() {
        for nowhere in [
            vec![],
            vec![Extent::Rings(vec![])],
            vec![Extent::Point((f64::NAN, 1.0))],
            vec![Extent::Box([121.0, 95.0, 122.0, 99.0])],
        ] {
            assert_eq!(Map::of(&nowhere, String::new()), None, "{nowhere:?}");
        }
    }
}
