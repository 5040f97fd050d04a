//! A package as a dataset (or a series of datasets) in DCAT, in the source's own words.
//!
//! Which field says what follows the well-known mapping between CKAN and DCAT (the fields of CKAN itself, of schemas
//! at the top, of legacy extras) and what portals were seen to call the same thing.
//! Start reading at [`Ckan::describe_package`]; the tables say which field becomes which property.

use super::{
    Ckan,
    contact::say_contacts,
    fields::{Fields, Text},
    place::{say_places, say_times},
    resource::licence_of,
    say::{Saying, link, name, segment, thing, utc},
};
use crate::RecordId;
use harvestd_vocab::{
    Class, Description, Refusal,
    terms::{adms, dcat, dcatap, dct, foaf, prov, rdfs, skos},
};
use oxrdf::{Literal, NamedNode, NamedNodeRef, NamedOrBlankNode};
use serde_json::Value;

type Table<const N: usize> = [(&'static [&'static str], NamedNodeRef<'static>); N];

/// One value, of the first field that has one.
const ONE: Table<6> = [
    (&["identifier", "guid", "id", "name"], dct::IDENTIFIER),
    (&["version", "dcat_version"], dcat::VERSION),
    (
        &[
            "frequency",
            "accrualperiodicity",
            "accrual_periodicity",
            "update_frequency",
            "update frequency",
            "frequency-of-update",
            "update_cycle",
            "更新頻率",
            "frequência de atualização",
            "frequência atualização",
            "periodicidade",
            "periodicidade de atualização",
            "periodicidade atualização",
        ],
        dct::ACCRUAL_PERIODICITY,
    ),
    (
        &["temporal_resolution", "temp_res"],
        dcat::TEMPORAL_RESOLUTION,
    ),
    (
        &["spatial_resolution_in_meters"],
        dcat::SPATIAL_RESOLUTION_IN_METERS,
    ),
    (&["dcat_type"], dct::TYPE),
];

/// Every value, an address as an IRI and everything else as a word.
const MANY: Table<10> = [
    (
        &[
            "theme",
            "themes",
            "theme-primary",
            "服務分類",
            "categorycode",
        ],
        dcat::THEME,
    ),
    (&["data_type", "data type"], dct::TYPE),
    (&["is_referenced_by"], dct::IS_REFERENCED_BY),
    (&["has_version"], dcat::HAS_VERSION),
    (&["is_version_of"], dct::IS_VERSION_OF),
    (&["source"], dct::SOURCE),
    (&["related_resource"], dct::RELATION),
    (&["sample"], adms::SAMPLE),
    (&["applicable_legislation"], dcatap::APPLICABLE_LEGISLATION),
    (&["hvd_category"], dcatap::HVD_CATEGORY),
];

/// Texts, in every language they come in.
const TEXTS: Table<5> = [
    (&["title", "name"], dct::TITLE),
    (&["notes", "description"], dct::DESCRIPTION),
    (&["version_notes"], adms::VERSION_NOTES),
    (&["remarks", "備註", "extra note"], rdfs::COMMENT),
    (&["fielddescription", "主要欄位說明"], TABLE_OF_CONTENTS),
];

/// What a dataset's files hold: as in the national export.
const TABLE_OF_CONTENTS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");

/// The dataset's own date, and the portal's date of its entry where there is none.
const DATES: [(NamedNodeRef<'static>, &[&str], &str); 2] = [
    (
        dct::ISSUED,
        &["issued", "dcat_issued", "date_published", "release_date"],
        "metadata_created",
    ),
    (
        dct::MODIFIED,
        &["modified", "dcat_modified", "date_modified", "date_updated"],
        "metadata_modified",
    ),
];

impl Ckan {
    pub(super) fn describe_package(
        &self,
        id: &RecordId,
        package: Fields<'_>,
    ) -> Result<Description, Refusal> {
        let base = format!("{}/dataset/{}", self.portal, segment(&id.key));
        let own = package.text(&["uri"]).as_deref().and_then(name);
        let iri = own.or_else(|| NamedNode::new(&base).ok()).ok_or_else(|| {
            Refusal::new(
                "no-identifier",
                "id",
                &id.key,
                "an id that a portal's address can end with",
            )
        })?;
        let class = if id.class == Class::DatasetSeries {
            dcat::DATASET_SERIES
        } else {
            dcat::DATASET
        };
        let mut saying = Saying::of(iri.into(), class);
        say_tables(&mut saying, &package);
        self.say_access(&mut saying, &package);
        say_standing(&mut saying, &package);
        self.say_pages(&mut saying, &package);
        say_keywords(&mut saying, &package);
        self.say_series(&mut saying, &package);
        self.say_agents(&mut saying, &package);
        say_contacts(&mut saying, &package);
        say_places(&mut saying, &package);
        say_times(&mut saying, &package);
        let licence = licence_of(&package);
        self.say_resources(&mut saying, &package, &base, licence.as_deref());
        if let Some(words) = licence.filter(|_| !has_resources(&package)) {
            let node = saying.node.clone();
            saying.say(&node, dct::LICENSE, thing(&words));
        }
        self.say_record(&mut saying, &package, &id.key);
        Ok(saying.done(id.class))
    }

    /// The page where a person finds the dataset: its own, else the portal's.
    fn say_pages(&self, saying: &mut Saying, package: &Fields<'_>) {
        let node = saying.node.clone();
        let portals = package
            .text(&["name", "id"])
            .and_then(|name| link(&format!("{}/dataset/{}", self.portal, segment(&name))));
        let own = ["url", "landing_page"]
            .iter()
            .find_map(|key| link(&package.text(&[key])?));
        // A page that is the dataset's own IRI would say nothing: a package without a name has no other.
        let page = own.or(portals);
        if let Some(page) = page.filter(|page| NamedOrBlankNode::from(page.clone()) != node) {
            saying.say(&node, dcat::LANDING_PAGE, page);
        }
        for page in package
            .words(&["documentation"])
            .iter()
            .filter_map(|word| link(word))
        {
            saying.say(&node, foaf::PAGE, page);
        }
    }

    /// The series that the dataset is in: addresses, or ids of packages of the same portal.
    fn say_series(&self, saying: &mut Saying, package: &Fields<'_>) {
        let node = saying.node.clone();
        for word in package.words(&["in_series"]) {
            let portals =
                || NamedNode::new(format!("{}/dataset/{}", self.portal, segment(&word))).ok();
            if let Some(series) = link(&word).or_else(portals) {
                saying.say(&node, dcat::IN_SERIES, series);
            }
        }
    }

    /// What the portal says of its entry, which is not what it says of the data. The entry is asked for at an address of
    /// its API, and is no CatalogRecord with an IRI of its own: the record derives from it (`prov:wasDerivedFrom`), and
    /// has no `dct:source`.
    fn say_record(&self, saying: &mut Saying, package: &Fields<'_>, key: &str) {
        let node = saying.node.clone();
        let record = saying.blank(dcat::CATALOG_RECORD);
        saying.say(&record, foaf::PRIMARY_TOPIC, node);
        for (predicate, key) in [
            (dct::ISSUED, "metadata_created"),
            (dct::MODIFIED, "metadata_modified"),
        ] {
            if let Some(date) = package.text(&[key]) {
                saying.say(&record, predicate, utc(&date));
            }
        }
        let entry = format!(
            "{}/api/3/action/package_show?id={}",
            self.portal,
            segment(key)
        );
        if let Ok(entry) = NamedNode::new(entry) {
            saying.say(&record, prov::WAS_DERIVED_FROM, entry);
        }
        say_way(saying, &record, package);
    }
}

/// Where the portal itself has the entry from: the records that it went through, as harvestd's own API names them, and the
/// catalogue or entry that CKAN's harvesters note.
fn say_way(saying: &mut Saying, record: &NamedOrBlankNode, package: &Fields<'_>) {
    let through = package.words(&["harvest_chain"]);
    for source in through.iter().filter_map(|word| link(word)) {
        saying.say(record, dct::SOURCE, source);
    }
    let noted = ["harvest_source_url", "source_catalog_homepage", "guid"];
    let noted = noted.iter().filter_map(|key| package.text(&[key]));
    for origin in noted.filter_map(|word| link(&word)) {
        if NamedOrBlankNode::from(origin.clone()) != saying.node {
            saying.say(record, prov::WAS_DERIVED_FROM, origin);
        }
    }
}

fn say_tables(saying: &mut Saying, package: &Fields<'_>) {
    let node = saying.node.clone();
    for (keys, predicate) in TEXTS {
        saying.texts(&node, predicate, package.texts(keys));
    }
    for (keys, predicate) in ONE {
        if let Some(word) = package.text(keys) {
            saying.say(&node, predicate, thing(&word));
        }
    }
    for (keys, predicate) in MANY {
        saying.things(&node, predicate, package.words(keys));
    }
    for (predicate, own, portals) in DATES {
        match (package.text(own), package.text(&[portals])) {
            (Some(date), _) => saying.say(&node, predicate, Literal::from(date)),
            (None, Some(date)) => saying.say(&node, predicate, utc(&date)),
            (None, None) => {}
        }
    }
}

fn has_resources(package: &Fields<'_>) -> bool {
    package
        .value()
        .get("resources")
        .and_then(Value::as_array)
        .is_some_and(|resources| !resources.is_empty())
}

/// Rights, provenance, standards, languages and further identifiers.
fn say_standing(saying: &mut Saying, package: &Fields<'_>) {
    let node = saying.node.clone();
    let provenance = package.texts(&["provenance", "process_step"]);
    saying.labelled(
        &node,
        dct::PROVENANCE,
        dct::PROVENANCE_STATEMENT,
        rdfs::LABEL,
        provenance,
    );
    saying.labelled(
        &node,
        dct::RIGHTS,
        dct::RIGHTS_STATEMENT,
        rdfs::LABEL,
        package.texts(&["rights"]),
    );
    let standards = package.words(&["conforms_to"]);
    for standard in standards {
        saying.labelled(
            &node,
            dct::CONFORMS_TO,
            dct::STANDARD,
            rdfs::LABEL,
            vec![Text::plain(standard)],
        );
    }
    let languages = package.words(&["language", "languages", "metadata-language"]);
    // Old extras have "en,es,ca" in one.
    for word in languages
        .iter()
        .flat_map(|words| words.split(','))
        .map(str::trim)
        .filter(|w| !w.is_empty())
    {
        saying.say(&node, dct::LANGUAGE, thing(word));
    }
    for other in package.words(&["alternate_identifier"]) {
        let identifier = saying.blank(adms::IDENTIFIER_CLASS);
        saying.say(&node, adms::IDENTIFIER, identifier.clone());
        saying.say(&identifier, skos::NOTATION, Literal::from(other));
    }
}

/// Tags are keywords, groups are themes: the vocabulary knows which of them it has an IRI for.
fn say_keywords(saying: &mut Saying, package: &Fields<'_>) {
    let node = saying.node.clone();
    let translated: Vec<Text> = [
        package.texts(&["tags"]),
        package.texts(&["keywords", "keyword"]),
    ]
    .into_iter()
    .flatten()
    .filter(|text| text.language.is_some())
    .collect();
    let mut words: Vec<String> = titles(package.value().get("tags"), &["display_name", "name"]);
    match package
        .words(&["keywords", "keyword", "tag_string"])
        .as_slice()
    {
        [one] => words.extend(one.split(',').map(|word| word.trim().to_owned())),
        several => words.extend_from_slice(several),
    }
    words.retain(|word| !word.is_empty() && !translated.iter().any(|text| text.words == *word));
    saying.texts(&node, dcat::KEYWORD, translated);
    for word in words {
        match wikidata(&word) {
            Some(subject) => saying.say(&node, dct::SUBJECT, subject),
            None => saying.say(&node, dcat::KEYWORD, Literal::from(word)),
        }
    }
    for group in titles(
        package.value().get("groups"),
        &["title", "display_name", "name"],
    ) {
        saying.say(&node, dcat::THEME, Literal::from(group));
    }
}

/// What each member of a list is called: an object by the first of the keys, or the words themselves.
fn titles(list: Option<&Value>, keys: &[&str]) -> Vec<String> {
    let members = list.and_then(Value::as_array).into_iter().flatten();
    members
        .filter(|member| member.get("state").and_then(Value::as_str) != Some("deleted"))
        .filter_map(|member| {
            Fields::of(member)
                .text(keys)
                .or_else(|| super::fields::text_of(member))
        })
        .collect()
}

/// Portals of research data tag with Wikidata's identifiers, which no person searches for.
fn wikidata(word: &str) -> Option<NamedNode> {
    let digits = word
        .strip_prefix('Q')
        .filter(|d| d.len() >= 2 && d.bytes().all(|b| b.is_ascii_digit()))?;
    NamedNode::new(format!("http://www.wikidata.org/entity/Q{digits}")).ok()
}
