//! Where Datastreams are: a rectangle around all of them, and the middle of their places.
//!
//! A Thing's Locations count; without one that has coordinates, the area that its Observations were made in. Longitude
//! comes first (RFC 7946, section 3.1.1). A place at 0°, 0° is no place: that is what a sensor without one reports.
//! Start at [`Places::add`].

use super::{row::Row, sums::Few};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Nested deeper than any geometry of GeoJSON.
const DEPTH_MAX: usize = 6;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Places {
    /// West, south, east, north.
    pub(super) bounds: Option<[f64; 4]>,
    /// Of the middles of all places, summed up while the walk goes on, then divided by their number.
    pub(super) middle: [f64; 2],
    pub(super) placed: u64,
    /// Places without possible coordinates.
    pub(super) bad: u64,
    /// Addresses of Things that have no coordinates.
    pub(super) addresses: Few<String, 240>,
}

impl Places {
    pub(super) fn add(&mut self, row: &Row) {
        let mut found = false;
        let locations = row.get("/Thing/Locations").and_then(Value::as_array);
        for location in locations.into_iter().flatten() {
            if let Some(shape) = location.get("location") {
                found |= self.add_shape(shape);
            }
        }
        if !found && let Some(area) = row.get("/observedArea") {
            found = self.add_shape(area);
        }
        if !found {
            for location in locations.into_iter().flatten() {
                self.addresses
                    .word(location.get("location").and_then(address));
            }
        }
    }

    /// True if it was a shape with possible coordinates.
    fn add_shape(&mut self, shape: &Value) -> bool {
        let mut around = Around::default();
        around.shape(shape, 0);
        self.bad += around.bad;
        let Some([west, south, east, north]) = around.bounds else {
            return false;
        };
        self.middle[0] += f64::midpoint(west, east);
        self.middle[1] += f64::midpoint(south, north);
        self.placed += 1;
        self.bounds = Some(match self.bounds {
            None => [west, south, east, north],
            Some([w, s, e, n]) => [w.min(west), s.min(south), e.max(east), n.max(north)],
        });
        true
    }

    /// The middle of all places, to some 10 cm: sums of floating numbers differ with their order.
    pub(super) fn settle(&mut self) {
        if self.placed > 0 {
            let rounded = |sum: f64| (sum / self.placed as f64 * 1e6).round() / 1e6;
            self.middle = self.middle.map(rounded);
        }
        self.addresses.0.sort_unstable();
    }
}

/// An address is a text, or an object that holds one under `address`.
fn address(location: &Value) -> Option<&str> {
    let text = location
        .as_str()
        .or_else(|| location.get("address")?.as_str())?
        .trim();
    (!text.is_empty()).then_some(text)
}

/// What lies around the coordinates of one shape.
#[derive(Default)]
struct Around {
    bounds: Option<[f64; 4]>,
    bad: u64,
}

impl Around {
    fn shape(&mut self, shape: &Value, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        if let Some(coordinates) = shape.get("coordinates") {
            self.coordinates(coordinates, 0);
        } else if let Some(geometry) = shape.get("geometry") {
            self.shape(geometry, depth + 1);
        } else {
            let inner = shape.get("geometries").or_else(|| shape.get("features"));
            for shape in inner.and_then(Value::as_array).into_iter().flatten() {
                self.shape(shape, depth + 1);
            }
        }
    }

    fn coordinates(&mut self, value: &Value, depth: usize) {
        let Some(items) = value.as_array().filter(|_| depth <= DEPTH_MAX) else {
            return;
        };
        if items.first().is_some_and(Value::is_array) {
            for item in items {
                self.coordinates(item, depth + 1);
            }
        } else if !items.is_empty() {
            self.position(items);
        }
    }

    fn position(&mut self, position: &[Value]) {
        let at = |index: usize| match position.get(index)? {
            Value::String(text) => text.trim().parse().ok(),
            number => number.as_f64(),
        };
        let possible = |(x, y): &(f64, f64)| {
            (-180.0..=180.0).contains(x)
                && (-90.0..=90.0).contains(y)
                && (x.abs() > 1e-9 || y.abs() > 1e-9)
        };
        let Some((x, y)) = at(0).zip(at(1)).filter(possible) else {
            self.bad += 1;
            return;
        };
        self.bounds = Some(match self.bounds {
            None => [x, y, x, y],
            Some([w, s, e, n]) => [w.min(x), s.min(y), e.max(x), n.max(y)],
        });
    }
}
