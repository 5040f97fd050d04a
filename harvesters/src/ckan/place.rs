//! Where and when: what a package covers in space and time. Start reading at [`say_places`].

use super::{
    fields::{Fields, Text, text_of},
    geometry::{rectangle, well_known_text},
    say::{Saying, link},
};
use harvestd_vocab::terms::{dcat, dct, geosparql, locn, skos};
use oxrdf::{Literal, NamedNodeRef, NamedOrBlankNode};
use serde_json::Value;

pub(super) fn say_places(saying: &mut Saying, package: &Fields<'_>) {
    for place in package.objects(&["spatial_coverage"]) {
        let fields = Fields::of(&place);
        say_uri(saying, &fields, "uri");
        let shapes = [
            ("geom", locn::GEOMETRY),
            ("bbox", dcat::BBOX),
            ("centroid", dcat::CENTROID),
        ];
        say_place(saying, &fields, fields.texts(&["text"]), &shapes);
    }
    say_uri(saying, package, "spatial_uri");
    let mut words = package.texts(&["spatial_text", "spatial_name"]);
    if words.is_empty() {
        // A name, or an address, where a geometry could stand.
        words = package
            .texts(&["spatial"])
            .into_iter()
            .filter(|t| !t.words.trim_start().starts_with('{'))
            .collect();
        words.retain(|text| match link(&text.words) {
            Some(iri) => {
                let of = saying.node.clone();
                saying.say(&of, dct::SPATIAL, iri);
                false
            }
            None => true,
        });
    }
    let shapes = [
        ("spatial", locn::GEOMETRY),
        ("spatial_bbox", dcat::BBOX),
        ("spatial_centroid", dcat::CENTROID),
    ];
    say_place(saying, package, words, &shapes);
    say_boxes(saying, package);
}

fn say_uri(saying: &mut Saying, fields: &Fields<'_>, key: &str) {
    let of = saying.node.clone();
    for iri in fields.words(&[key]).iter().filter_map(|word| link(word)) {
        saying.say(&of, dct::SPATIAL, iri);
    }
}

/// A place of its own: shared addresses of places (above) are never described here.
fn say_place(
    saying: &mut Saying,
    fields: &Fields<'_>,
    names: Vec<Text>,
    shapes: &[(&str, NamedNodeRef<'static>)],
) {
    let said: Vec<_> = shapes
        .iter()
        .filter_map(|(key, predicate)| Some((*predicate, shape(fields.get(&[key])?)?)))
        .collect();
    if said.is_empty() && names.is_empty() {
        return;
    }
    let place = new_place(saying);
    saying.texts(&place, skos::PREF_LABEL, names);
    for (predicate, shape) in said {
        saying.say(&place, predicate, shape);
    }
}

/// Well-known text where it can be said so; else the source's own JSON, if it is a geometry at all.
fn shape(value: &Value) -> Option<Literal> {
    let geometry = match value {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    geometry.get("type")?;
    Some(match well_known_text(&geometry) {
        Some(text) => Literal::new_typed_literal(text, geosparql::WKT_LITERAL),
        None => Literal::new_typed_literal(geometry.to_string(), geosparql::GEO_JSON_LITERAL),
    })
}

/// Rectangles given by their sides.
fn say_boxes(saying: &mut Saying, package: &Fields<'_>) {
    let sides = |fields: &Fields<'_>, keys: [&str; 4]| -> Option<String> {
        let [west, south, east, north] = keys.map(|key| {
            fields
                .text(&[key])?
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
        });
        Some(rectangle(west?, south?, east?, north?))
    };
    let mut boxes: Vec<String> = package
        .objects(&["bbox"])
        .iter()
        .filter_map(|bbox| sides(&Fields::of(bbox), ["west", "south", "east", "north"]))
        .collect();
    if package.get(&["spatial"]).is_none() {
        boxes.extend(sides(
            package,
            [
                "bbox-west-long",
                "bbox-south-lat",
                "bbox-east-long",
                "bbox-north-lat",
            ],
        ));
    }
    for text in boxes {
        let place = new_place(saying);
        saying.say(
            &place,
            dcat::BBOX,
            Literal::new_typed_literal(text, geosparql::WKT_LITERAL),
        );
    }
}

fn new_place(saying: &mut Saying) -> NamedOrBlankNode {
    let of = saying.node.clone();
    let place = saying.blank(dct::LOCATION);
    saying.say(&of, dct::SPATIAL, place.clone());
    place
}

pub(super) fn say_times(saying: &mut Saying, package: &Fields<'_>) {
    let mut spans: Vec<(Option<String>, Option<String>)> = package
        .objects(&["temporal_coverage"])
        .iter()
        .map(|span| {
            (
                span.get("start").and_then(text_of),
                span.get("end").and_then(text_of),
            )
        })
        .collect();
    let starts = package.words(&[
        "temporal_start",
        "temporal_coverage-from",
        "temporal_coverage_from",
        "temporal_coverage_start",
        "time_period_coverage_start",
        "temporalcoveragefrom",
        "start_time",
        "收錄期間（起）",
    ]);
    let ends = package.words(&[
        "temporal_end",
        "temporal_coverage-to",
        "temporal_coverage_to",
        "temporal_coverage_end",
        "time_period_coverage_end",
        "temporalcoverageto",
        "end_time",
        "收錄期間（迄）",
    ]);
    for at in 0..starts.len().max(ends.len()) {
        spans.push((starts.get(at).cloned(), ends.get(at).cloned()));
    }
    let of = saying.node.clone();
    for (start, end) in spans
        .into_iter()
        .filter(|(start, end)| start.is_some() || end.is_some())
    {
        let span = saying.blank(dct::PERIOD_OF_TIME);
        saying.say(&of, dct::TEMPORAL, span.clone());
        for (predicate, date) in [(dcat::START_DATE, start), (dcat::END_DATE, end)] {
            if let Some(date) = date {
                saying.say(&span, predicate, Literal::from(date));
            }
        }
    }
}
