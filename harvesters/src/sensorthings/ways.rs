//! The ways to a dataset's data: queries that are ready to be asked, each a distribution.
//!
//! Any service gives the Datastreams with their places, and the Observations. Where it has the formats, a table and a map
//! of the newest Observation of each Datastream besides: all Observations of a dataset would be too many for either.
//! Start at [`SensorThings::say_ways`].

use super::{SensorThings, gather::Sum, say::iri};
use crate::saying::Saying;
use harvestd_vocab::terms::{dcat, dct};
use oxrdf::{Literal, NamedOrBlankNode};

struct Way {
    title: &'static str,
    format: &'static str,
    media_type: &'static str,
    set: &'static str,
    parameters: &'static [(&'static str, &'static str)],
}

const DATASTREAMS: Way = Way {
    title: "Datastreams, with their Things and places (JSON)",
    format: "JSON",
    media_type: "application/json",
    set: "Datastreams",
    parameters: &[("$expand", "Thing($expand=Locations),ObservedProperty")],
};

const OBSERVATIONS: Way = Way {
    title: "Observations (JSON)",
    format: "JSON",
    media_type: "application/json",
    set: "Observations",
    parameters: &[],
};

const TABLE: Way = Way {
    title: "The newest Observation of each Datastream (CSV)",
    format: "CSV",
    media_type: "text/csv",
    set: "Datastreams",
    parameters: &[
        ("$select", "name,description,unitOfMeasurement"),
        (
            "$expand",
            "Thing($select=name,properties),ObservedProperty($select=name),Observations($select=phenomenonTime,result;$orderby=phenomenonTime desc;$top=1)",
        ),
        ("$resultFormat", "CSV"),
    ],
};

const MAP: Way = Way {
    title: "The newest Observation of each Datastream (GeoJSON)",
    format: "GeoJSON",
    media_type: "application/geo+json",
    set: "Datastreams",
    parameters: &[
        ("$select", "name,description,unitOfMeasurement"),
        (
            "$expand",
            "Thing($select=name,properties;$expand=Locations($select=location)),ObservedProperty($select=name),Observations($select=phenomenonTime,result;$orderby=phenomenonTime desc;$top=1)",
        ),
        ("$resultFormat", "GeoJSON"),
    ],
};

impl SensorThings {
    pub(super) fn say_ways(&self, out: &mut Saying, dataset: &NamedOrBlankNode, sum: &Sum) {
        let there = [
            (DATASTREAMS, true),
            (OBSERVATIONS, true),
            (TABLE, sum.facts.csv),
            (MAP, sum.facts.geo_json),
        ];
        for (way, _) in there.into_iter().filter(|(_, there)| *there) {
            self.say_way(out, dataset, sum, &way);
        }
    }

    fn say_way(&self, out: &mut Saying, dataset: &NamedOrBlankNode, sum: &Sum, way: &Way) {
        let path = if way.set == "Observations" {
            "Datastream/"
        } else {
            ""
        };
        let filter = self.filter(path, &sum.pair);
        let filter = filter.as_deref().map(|filter| ("$filter", filter));
        let parameters: Vec<_> = filter
            .into_iter()
            .chain(way.parameters.iter().copied())
            .collect();
        let node = out.part(dataset, dcat::HAS_DISTRIBUTION, dcat::DISTRIBUTION);
        let english = |text: &str| Literal::new_language_tagged_literal_unchecked(text, "en");
        out.say(&node, dct::TITLE, english(way.title));
        if !self.says_all(&sum.pair) {
            const MORE: &str = "Answers with Datastreams of others as well: no filter finds only those that have no such property";
            out.say(&node, dct::DESCRIPTION, english(MORE));
        }
        out.say(
            &node,
            dcat::ACCESS_URL,
            iri(&self.address(way.set, &parameters)),
        );
        out.say(&node, dcat::ACCESS_SERVICE, iri(&self.root));
        out.text(&node, dct::FORMAT, way.format);
        out.text(&node, dcat::MEDIA_TYPE, way.media_type);
        out.link_or_text(&node, dct::LICENSE, &self.options.licence);
    }
}
