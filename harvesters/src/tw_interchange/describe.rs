//! A dataset of the standard in RDF, in the words of its platform: 每日 stays 每日, and an address stays what was written.
//!
//! The fields are those of the 資料集詮釋資料標準規範 of 2015; in brackets their names in its successor.
//!
//! | field | said as |
//! |---|---|
//! | identifier, (datasetId) | `dct:identifier`, else the identifier that it was asked for by |
//! | title, description, keyword | `dct:title`, `dct:description`, `dcat:keyword` |
//! | fieldDescription, (resourceField) | `dct:tableOfContents` |
//! | categoryCode (categoryService), type | `dcat:theme`, `dct:type` |
//! | license, licenseURL | `dct:license`, of the dataset and of each distribution; code 1 is the standard's code for 政府資料開放授權條款-第1版 |
//! | cost | `schema:conditionsOfAccess`; a fee does not decide who has access, but 免費 is `dct:accessRights` as well |
//! | costURL, costLaw | `dct:rights`: what is paid, and by which law |
//! | publisher (dataProvider), publisherOID, publisherOrgCode | `dct:publisher`: [`super::agent`] |
//! | organization | `dct:creator`, contained: the agency above the publisher, unless it is the publisher |
//! | publisherContact…, organizationContact… | `dcat:contactPoint`, only where the source's settings ask for contact persons |
//! | accrualPeriodicity (updateFrequency) | `dct:accrualPeriodicity`; detectFrequency where there is neither |
//! | temporalCoverageFrom, …To (coverageStartedDate, …EndedDate) | `dct:temporal` |
//! | issued (publishedDate) | `dct:issued` |
//! | modified (modifiedDate) | `dct:modified` of the catalogue record: the standard defines it as the metadata's last change |
//! | spatial (spatialCoverage), language | `dct:spatial`, `dct:language` |
//! | landingPage, (relatedUrl) | `dcat:landingPage`, `foaf:page` |
//! | numberOfData (resourceAmount) | `dct:extent`; 0 means unknown and is left out |
//! | notes (resourceNotes) | `rdfs:comment` |
//! | distribution\[\]: resourceID, resourceDescription, resourceModified | `dct:identifier`, `dct:description`, `dct:modified` |
//! | … format (resourceFormat), characterSetCode (resourceCharacterEncoding) | `dct:format`, `cnt:characterEncoding` |
//! | … accessURL, downloadURL (resourceDownloadUrl) | `dcat:accessURL`, `dcat:downloadURL`, which is where the data are accessed as well |
//! | … metadataSourceOfData, (resourceOasUrl) | `dct:conformsTo`: the metadata of the field; `foaf:page`: the interface's description |
//!
//! Times name no zone: they are Taiwan's. What readers left behind (comments, counters) is no metadata and is left out.
//!
//! Start reading at [`Interchange::describe_dataset`].

use super::{Interchange, agent, fields::Fields};
use crate::saying::Saying;
use chrono::{NaiveDate, NaiveDateTime};
use harvestd_vocab::{
    Class, Description,
    terms::{cnt, dcat, dct, foaf, vcard},
};
use oxrdf::{
    Literal, NamedNode, NamedNodeRef, NamedOrBlankNode,
    vocab::{rdfs, xsd},
};
use serde_json::Value;

pub(super) const MODIFIED: &[&str] = &["modified", "modifieddate"];
const FREE: [&str; 4] = ["免費", "無償", "free", "0"];
/// The standard's own code for its licence.
const LICENCE_1: &str = "政府資料開放授權條款-第1版";

const TABLE_OF_CONTENTS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");
const CONDITIONS_OF_ACCESS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://schema.org/conditionsOfAccess");

impl Interchange {
    pub(super) fn describe_dataset(&self, key: &str, value: &Value) -> Description {
        let dataset = Fields::of(value);
        let mut out = Saying::of(Class::Dataset, None, dcat::DATASET);
        let node = out.node();
        identifiers(&mut out, &node, key, &dataset);
        texts(&mut out, &node, &dataset);
        for keyword in dataset.words(&["keyword", "keywords"]) {
            out.text(&node, dcat::KEYWORD, keyword);
        }
        let licence = licence(&mut out, &node, &dataset);
        cost(&mut out, &node, &dataset);
        self.agencies(&mut out, &node, &dataset);
        times(&mut out, &node, &dataset);
        links(&mut out, &node, &dataset);
        out.text(&node, dct::ACCRUAL_PERIODICITY, frequency(&dataset));
        if self.options.contact_persons {
            contacts(&mut out, &node, &dataset);
        }
        for resource in dataset.objects(&["distribution", "distributions"]) {
            distribution(&mut out, &node, &Fields::of(resource), &licence);
        }
        self.record(&mut out, &node, key, &dataset);
        out.done()
    }

    fn agencies(&self, out: &mut Saying, node: &NamedOrBlankNode, dataset: &Fields<'_>) {
        let name = agent::name_of(dataset);
        let iri = agent::record_of(dataset).and_then(|agency| self.agency_iri(&agency));
        match iri {
            Some(iri) => out.say(node, dct::PUBLISHER, iri),
            None if !name.is_empty() => {
                let agent = out.part(node, dct::PUBLISHER, foaf::AGENT);
                out.text(&agent, foaf::NAME, &name);
            }
            None => {}
        }
        let above = dataset.text(&["organization", "organisation"]);
        if !above.is_empty() && above != name {
            let agent = out.part(node, dct::CREATOR, foaf::AGENT);
            out.text(&agent, foaf::NAME, above);
        }
    }

    /// The platform's own record: where it is, and when it changed.
    fn record(&self, out: &mut Saying, node: &NamedOrBlankNode, key: &str, dataset: &Fields<'_>) {
        let record = out.blank(dcat::CATALOG_RECORD);
        out.say(&record, foaf::PRIMARY_TOPIC, node.clone());
        let address = format!("{}/{}", self.datasets, crate::saying::segment(key));
        out.address(&record, dct::SOURCE, &address);
        time(out, &record, dct::MODIFIED, &dataset.text(MODIFIED));
    }
}

fn identifiers(out: &mut Saying, node: &NamedOrBlankNode, key: &str, dataset: &Fields<'_>) {
    let mut said = Vec::new();
    for name in ["identifier", "datasetid"] {
        let identifier = dataset.text(&[name]);
        if !identifier.is_empty() && !said.contains(&identifier) {
            said.push(identifier);
        }
    }
    if said.is_empty() {
        said.push(key.to_owned());
    }
    for identifier in said {
        out.text(node, dct::IDENTIFIER, identifier);
    }
}

fn texts(out: &mut Saying, node: &NamedOrBlankNode, dataset: &Fields<'_>) {
    for (predicate, names) in [
        (dct::TITLE, ["title", ""]),
        (dct::DESCRIPTION, ["description", ""]),
        (TABLE_OF_CONTENTS, ["fielddescription", ""]),
        (dcat::THEME, ["categorycode", "categoryservice"]),
        (dct::TYPE, ["type", ""]),
        (dct::SPATIAL, ["spatial", "spatialcoverage"]),
        (rdfs::COMMENT, ["notes", ""]),
    ] {
        out.text(node, predicate, dataset.unless_nothing(&names));
    }
    for language in dataset.words(&["language"]) {
        out.text(node, dct::LANGUAGE, language);
    }
    extent(out, node, dataset, "numberofdata");
}

fn extent(out: &mut Saying, node: &NamedOrBlankNode, fields: &Fields<'_>, name: &str) {
    let amount = fields.unless_nothing(&[name]);
    if amount != "0" {
        out.text(node, dct::EXTENT, amount);
    }
}

/// Says the dataset's licence. What its distributions say is returned.
fn licence(out: &mut Saying, node: &NamedOrBlankNode, dataset: &Fields<'_>) -> String {
    let mut word = dataset.unless_nothing(&["license", "licence"]);
    if word == "1" {
        LICENCE_1.clone_into(&mut word);
    }
    let address = dataset.unless_nothing(&["licenseurl", "licenceurl"]);
    out.text(node, dct::LICENSE, &word);
    out.address(node, dct::LICENSE, &address);
    if word.is_empty() { address } else { word }
}

fn cost(out: &mut Saying, node: &NamedOrBlankNode, dataset: &Fields<'_>) {
    let cost = dataset.text(&["cost"]);
    out.text(node, CONDITIONS_OF_ACCESS, &cost);
    if FREE.iter().any(|free| cost.eq_ignore_ascii_case(free)) {
        out.text(node, dct::ACCESS_RIGHTS, FREE[0]);
    }
    for name in ["costurl", "costlaw"] {
        out.address(node, dct::RIGHTS, &dataset.unless_nothing(&[name]));
    }
}

fn times(out: &mut Saying, node: &NamedOrBlankNode, dataset: &Fields<'_>) {
    time(
        out,
        node,
        dct::ISSUED,
        &dataset.text(&["issued", "publisheddate"]),
    );
    let from = dataset.text(&["temporalcoveragefrom", "coveragestarteddate"]);
    let to = dataset.text(&["temporalcoverageto", "coverageendeddate"]);
    if from.is_empty() && to.is_empty() {
        return;
    }
    let period = out.part(node, dct::TEMPORAL, dct::PERIOD_OF_TIME);
    time(out, &period, dcat::START_DATE, &from);
    time(out, &period, dcat::END_DATE, &to);
}

fn links(out: &mut Saying, node: &NamedOrBlankNode, dataset: &Fields<'_>) {
    let landing = dataset.unless_nothing(&["landingpage"]);
    out.address(node, dcat::LANDING_PAGE, &landing);
    let related = dataset.unless_nothing(&["relatedurl"]);
    out.address(node, foaf::PAGE, &related);
}

/// How often the data change. The successor standard takes it apart: `{regularupdate: 1, frequency: 1, unittime: 日}`.
fn frequency(dataset: &Fields<'_>) -> String {
    let said = dataset.text(&["accrualperiodicity", "updatefrequency"]);
    if !said.is_empty() {
        return said;
    }
    let apart = dataset.objects(&["updatefrequency"]);
    let Some(apart) = apart.first().map(|value| Fields::of(value)) else {
        return dataset.text(&["detectfrequency"]);
    };
    let (number, unit) = (apart.text(&["frequency"]), apart.text(&["unittime"]));
    match (apart.text(&["regularupdate"]).as_str(), unit.is_empty()) {
        ("2", true) => "不定期更新".to_owned(),
        (_, true) => number,
        _ => format!("每{number}{unit}"),
    }
}

fn contacts(out: &mut Saying, node: &NamedOrBlankNode, dataset: &Fields<'_>) {
    for (of, agency) in [
        ("publisher", agent::name_of(dataset)),
        ("organization", dataset.text(&["organization"])),
    ] {
        let said = ["name", "phone", "email"]
            .map(|what| dataset.unless_nothing(&[format!("{of}contact{what}").as_str()]));
        let [name, phone, email] = &said;
        if said.iter().all(String::is_empty) {
            continue;
        }
        let person = out.part(node, dcat::CONTACT_POINT, vcard::INDIVIDUAL);
        out.text(
            &person,
            vcard::FN,
            if name.is_empty() { &agency } else { name },
        );
        out.text(&person, vcard::ORGANIZATION_NAME, agency.as_str());
        out.text(&person, vcard::HAS_TELEPHONE, phone);
        out.text(&person, vcard::HAS_EMAIL, email);
    }
}

fn distribution(
    out: &mut Saying,
    dataset: &NamedOrBlankNode,
    resource: &Fields<'_>,
    licence: &str,
) {
    let node = out.part(dataset, dcat::HAS_DISTRIBUTION, dcat::DISTRIBUTION);
    for (predicate, names) in [
        (dct::IDENTIFIER, ["resourceid", ""]),
        (dct::DESCRIPTION, ["resourcedescription", ""]),
        (dct::FORMAT, ["format", "resourceformat"]),
        (
            cnt::CHARACTER_ENCODING,
            ["charactersetcode", "resourcecharacterencoding"],
        ),
        (rdfs::COMMENT, ["resourcenotes", ""]),
    ] {
        out.text(&node, predicate, resource.unless_nothing(&names));
    }
    out.text(&node, TABLE_OF_CONTENTS, field_list(resource));
    extent(out, &node, resource, "resourceamount");
    let modified = resource.text(&["resourcemodified", "resourcemodifieddate"]);
    time(out, &node, dct::MODIFIED, &modified);
    let download = resource.text(&["downloadurl", "resourcedownloadurl"]);
    let access = resource.text(&["accessurl", "resourceaccessurl"]);
    let access = if access.is_empty() {
        &download
    } else {
        &access
    };
    out.address(&node, dcat::ACCESS_URL, access);
    out.address(&node, dcat::DOWNLOAD_URL, &download);
    let conforms_to = resource.unless_nothing(&["metadatasourceofdata"]);
    out.address(&node, dct::CONFORMS_TO, &conforms_to);
    let description = resource.unless_nothing(&["resourceoasurl"]);
    out.address(&node, foaf::PAGE, &description);
    out.address(&node, dct::LICENSE, licence);
}

/// The fields of a file: a text, or objects of a name and a description.
fn field_list(resource: &Fields<'_>) -> String {
    let text = resource.unless_nothing(&["resourcefield"]);
    if !text.is_empty() {
        return text;
    }
    let listed = resource.objects(&["resourcefield"]);
    let one = |value: &&Value| {
        let field = Fields::of(value);
        let (name, said) = (field.text(&["name"]), field.text(&["description"]));
        if said.is_empty() || said == name {
            name
        } else {
            format!("{name}({said})")
        }
    };
    listed.iter().map(one).collect::<Vec<_>>().join(";")
}

/// A date or time, in Taiwan: UTC+8 all year, without being said. What is neither stays text.
fn time(out: &mut Saying, of: &NamedOrBlankNode, predicate: NamedNodeRef<'_>, text: &str) {
    const FORM: &str = "%Y-%m-%dT%H:%M:%S%.f";
    let separated = text.replacen(' ', "T", 1);
    let typed = |value: String, datatype: NamedNodeRef<'static>| {
        Literal::new_typed_literal(value, NamedNode::from(datatype))
    };
    if let Ok(time) = NaiveDateTime::parse_from_str(&separated, FORM) {
        let value = format!("{}+08:00", time.format(FORM));
        out.say(of, predicate, typed(value, xsd::DATE_TIME));
    } else if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        out.say(of, predicate, typed(date.to_string(), xsd::DATE));
    } else {
        out.text(of, predicate, text);
    }
}
