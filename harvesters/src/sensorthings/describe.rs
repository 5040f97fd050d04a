//! The service and its datasets in RDF.
//!
//! | what | said as |
//! |---|---|
//! | the root | `dcat:DataService`, its address both its name and `dcat:endpointURL`; `dct:conformsTo` OGC's document of its version |
//! | group and observed property | `dct:title`; the pair is the key, so the dataset has an IRI of ours: SensorThings has none for it |
//! | how many, of what, in what unit | `dct:description` |
//! | observed property | `sosa:observedProperty`: its definition where that is an address, else a `sosa:ObservableProperty` with the name as its label; the name is a keyword as well. The dataset is typed `sosa:ObservationCollection`, for which SOSA defines it |
//! | unit | `qudt:hasUnit`: its definition where that is an address, else a `qudt:Unit` with name and symbol |
//! | observationType | `dct:type` |
//! | authority | `dct:publisher` where all Things agree, else a `dct:creator` each; contained, since a name is no identifier |
//! | Locations, observedArea | `dct:spatial`: `dcat:bbox` (a rectangle; a point where all stand at one) and `dcat:centroid` (the mean of all places) |
//! | place properties, addresses of Things without coordinates | `dct:spatial`, each a place with a name or an address |
//! | phenomenonTime | `dct:temporal`; no `dcat:endDate` where a Datastream says that it has no end |
//! | ways in | distributions, each with `dcat:accessService`: the Datastreams, the Observations, and where the service has these formats the newest Observation of each Datastream as CSV and GeoJSON |
//! | no Observation at all | `dqv:hasQualityAnnotation` with the body `no-observations`, on the service and its datasets |
//!
//! Start reading at [`SensorThings::describe_dataset`].

use super::{
    SensorThings,
    gather::Sum,
    note::{Facts, Version},
    place::Places,
    row::words,
    say::{iri, link},
    sums::{Few, Sums},
    terms::{
        ADDRESS, BODY_VALUE, FULL_ADDRESS, HAS_UNIT, OBSERVABLE_PROPERTY, OBSERVATION_COLLECTION,
        OBSERVED_PROPERTY, QUALITY_ASSESSMENT, SENSORTHINGS_1_0, SENSORTHINGS_1_1, SYMBOL, UNIT,
    },
    times::Times,
};
use crate::saying::Saying;
use harvestd_vocab::{
    Class, Description,
    terms::{dcat, dct, dqv, foaf, geosparql, locn, oa, rdfs, skos, xsd},
};
use oxrdf::{Literal, NamedOrBlankNode, vocab::rdf};

impl SensorThings {
    pub(super) fn describe_service(&self, facts: &Facts) -> Description {
        let mut out = Saying::of(
            Class::DataService,
            Some(iri(&self.root)),
            dcat::DATA_SERVICE,
        );
        let node = out.node();
        out.text(&node, dct::TITLE, &self.options.title);
        out.say(&node, dcat::ENDPOINT_URL, iri(&self.root));
        out.say(
            &node,
            dct::CONFORMS_TO,
            match facts.version {
                Version::V1_0 => SENSORTHINGS_1_0,
                Version::V1_1 => SENSORTHINGS_1_1,
            },
        );
        out.texts(
            &node,
            dcat::KEYWORD,
            self.options.keywords.iter().map(String::as_str),
        );
        out.link_or_text(&node, dct::LICENSE, &self.options.licence);
        if facts.observations == Some(false) {
            no_observations(&mut out, &node);
        }
        out.done()
    }

    pub(super) fn describe_dataset(&self, key: &str, sum: &Sum) -> Description {
        let (sums, options) = (&sum.sums, &self.options);
        let mut out = Saying::of(Class::Dataset, None, dcat::DATASET);
        let node = out.node();
        out.say(&node, rdf::TYPE, OBSERVATION_COLLECTION);
        out.text(&node, dct::IDENTIFIER, key);
        out.text(&node, dct::TITLE, self.title(sum));
        out.say(
            &node,
            dct::DESCRIPTION,
            Literal::new_language_tagged_literal_unchecked(self.description(sum), "en"),
        );
        out.texts(
            &node,
            dcat::KEYWORD,
            sums.observed_names().chain(sums.keywords.iter()),
        );
        out.texts(
            &node,
            dcat::KEYWORD,
            options.keywords.iter().map(String::as_str),
        );
        out.link_or_text(&node, dct::LICENSE, &options.licence);
        out.texts_or_links(&node, dct::TYPE, &sums.types);
        say_observed(&mut out, &node, sums);
        say_units(&mut out, &node, sums);
        say_agents(&mut out, &node, &sums.authorities);
        say_places(&mut out, &node, &sums.places, &sums.place_names);
        say_times(&mut out, &node, &sums.times);
        if sum.facts.observations == Some(false) || (sum.facts.times && sums.times.is_empty()) {
            no_observations(&mut out, &node);
        }
        self.say_ways(&mut out, &node, sum);
        out.done()
    }

    fn title(&self, sum: &Sum) -> String {
        let group = sum.pair.group.as_ref().map(words);
        let named: Vec<String> = sum.pair.property.clone().into_iter().chain(group).collect();
        if named.is_empty() {
            self.options.title.clone()
        } else {
            named.join(" – ")
        }
    }

    fn description(&self, sum: &Sum) -> String {
        let sums = &sum.sums;
        let plural = if sums.datastreams == 1 { "" } else { "s" };
        let mut text = format!(
            "{} Datastream{plural} of the SensorThings service {}",
            sums.datastreams, self.options.title
        );
        let observed: Vec<&str> = sums.observed_names().collect();
        if !observed.is_empty() {
            text += &format!(", observing {}", observed.join(", "));
        }
        let units: Vec<&str> = sums
            .units
            .0
            .iter()
            .map(|unit| {
                if unit.symbol.is_empty() {
                    &unit.name
                } else {
                    &unit.symbol
                }
                .as_str()
            })
            .collect();
        if !units.is_empty() {
            text += &format!(" in {}", units.join(", "));
        }
        if let Some(group) = &sum.pair.group {
            text += &format!("; {}: {}", self.options.group_by, words(group));
        }
        text + "."
    }
}

fn say_observed(out: &mut Saying, node: &NamedOrBlankNode, sums: &Sums) {
    for observed in &sums.observed.0 {
        if let Some(iri) = link(&observed.definition) {
            out.say(node, OBSERVED_PROPERTY, iri);
            continue;
        }
        let property = out.part(node, OBSERVED_PROPERTY, OBSERVABLE_PROPERTY);
        out.text(&property, rdfs::LABEL, &observed.name);
        out.text(&property, dct::IDENTIFIER, &observed.definition);
    }
}

fn say_units(out: &mut Saying, node: &NamedOrBlankNode, sums: &Sums) {
    for unit in &sums.units.0 {
        if let Some(iri) = link(&unit.definition) {
            out.say(node, HAS_UNIT, iri);
            continue;
        }
        let part = out.part(node, HAS_UNIT, UNIT);
        let name = if unit.name.is_empty() {
            &unit.symbol
        } else {
            &unit.name
        };
        out.text(&part, rdfs::LABEL, name);
        out.text(&part, SYMBOL, &unit.symbol);
        out.text(&part, dct::IDENTIFIER, &unit.definition);
    }
}

fn say_agents(out: &mut Saying, node: &NamedOrBlankNode, authorities: &Few<String, 240>) {
    let predicate = if authorities.0.len() == 1 {
        dct::PUBLISHER
    } else {
        dct::CREATOR
    };
    for name in authorities.iter() {
        let agent = out.part(node, predicate, foaf::AGENT);
        out.text(&agent, foaf::NAME, name);
    }
}

fn say_places(
    out: &mut Saying,
    node: &NamedOrBlankNode,
    places: &Places,
    names: &Few<String, 400>,
) {
    let shape = |text: String| Literal::new_typed_literal(text, geosparql::WKT_LITERAL);
    if let Some([west, south, east, north]) = places.bounds {
        let place = out.part(node, dct::SPATIAL, dct::LOCATION);
        let around = if west == east && south == north {
            format!("POINT ({west} {south})")
        } else {
            format!(
                "POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"
            )
        };
        out.say(&place, dcat::BBOX, shape(around));
        let [longitude, latitude] = places.middle;
        out.say(
            &place,
            dcat::CENTROID,
            shape(format!("POINT ({longitude} {latitude})")),
        );
    }
    for name in names.iter() {
        let place = out.part(node, dct::SPATIAL, dct::LOCATION);
        out.text(&place, skos::PREF_LABEL, name);
    }
    for text in places.addresses.iter() {
        let place = out.part(node, dct::SPATIAL, dct::LOCATION);
        let address = out.part(&place, locn::ADDRESS, ADDRESS);
        out.text(&address, FULL_ADDRESS, text);
    }
}

fn say_times(out: &mut Saying, node: &NamedOrBlankNode, times: &Times) {
    let (start, end) = (times.start(), times.end());
    if start.is_none() && end.is_none() {
        return;
    }
    let period = out.part(node, dct::TEMPORAL, dct::PERIOD_OF_TIME);
    for (predicate, time) in [(dcat::START_DATE, start), (dcat::END_DATE, end)] {
        if let Some(time) = time {
            out.say(
                &period,
                predicate,
                Literal::new_typed_literal(time, xsd::DATE_TIME),
            );
        }
    }
}

fn no_observations(out: &mut Saying, node: &NamedOrBlankNode) {
    let annotation = out.part(node, dqv::HAS_QUALITY_ANNOTATION, dqv::QUALITY_ANNOTATION);
    out.say(&annotation, oa::MOTIVATED_BY, QUALITY_ASSESSMENT);
    out.say(&annotation, oa::HAS_TARGET, node.clone());
    out.text(&annotation, BODY_VALUE, "no-observations");
}
