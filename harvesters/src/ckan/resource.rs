//! Resources: the distributions of a package, and the services that give access to them.
//! Start reading at [`Ckan::say_resources`].

use super::{
    Ckan,
    fields::{Fields, Text, text_of},
    say::{Saying, link, name, segment, thing, utc},
};
use crate::{PartName, RecordId};
use harvestd_vocab::{
    Class, Description, Refusal,
    terms::{adms, cnt, dcat, dcatap, dct, foaf, rdfs, spdx, xsd},
};
use oxrdf::{Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, vocab::rdf};
use serde_json::Value;
use std::collections::HashSet;

/// Fields that are said word for word: an address as an IRI, everything else as a literal.
const THINGS: [(&[&str], NamedNodeRef<'static>); 12] = [
    (&["language"], dct::LANGUAGE),
    (&["status"], adms::STATUS),
    (&["availability"], dcatap::AVAILABILITY),
    (&["applicable_legislation"], dcatap::APPLICABLE_LEGISLATION),
    (&["mimetype"], dcat::MEDIA_TYPE),
    (&["compress_format"], dcat::COMPRESS_FORMAT),
    (&["package_format"], dcat::PACKAGE_FORMAT),
    (&["documentation"], foaf::PAGE),
    (&["temporal_resolution"], dcat::TEMPORAL_RESOLUTION),
    (
        &["spatial_resolution_in_meters"],
        dcat::SPATIAL_RESOLUTION_IN_METERS,
    ),
    (&["access_rights"], dct::ACCESS_RIGHTS),
    (&["encoding", "編碼格式"], cnt::CHARACTER_ENCODING),
];

/// `4326`, `EPSG:3826`, `epsg 4326 (WGS 84)`: a coordinate reference system by the register's number.
fn reference_system(words: &str) -> Option<NamedNode> {
    let bare = words.trim();
    let after = bare
        .get(..4)
        .filter(|begin| begin.eq_ignore_ascii_case("epsg"))
        .map_or(bare, |_| {
            bare[4..].trim_start_matches([':', ' ', '/', '-', '_'])
        });
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    let alone = after.len() == digits.len() || after.len() < bare.len();
    ((4..=6).contains(&digits.len()) && alone)
        .then(|| NamedNode::new(format!("{EPSG}{digits}")).ok())
        .flatten()
}

/// What the register's own IRIs begin with.
const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0/";

impl Ckan {
    /// Says the package's resources. `licence` is the package's own, for those that have none.
    pub(super) fn say_resources(
        &self,
        saying: &mut Saying,
        package: &Fields<'_>,
        base: &str,
        licence: Option<&str>,
    ) {
        let mut met = HashSet::new();
        let resources = package.value().get("resources").and_then(Value::as_array);
        for resource in resources
            .into_iter()
            .flatten()
            .filter(|r| r.is_object() && !is_deleted(r))
        {
            let fields = Fields::of(resource);
            let iri = fields
                .text(&["id"])
                .filter(|id| met.insert(id.clone()))
                .and_then(|id| NamedNode::new(format!("{base}/resource/{}", segment(&id))).ok());
            let node: NamedOrBlankNode =
                match fields.text(&["uri"]).as_deref().and_then(name).or(iri) {
                    Some(iri) => {
                        saying.say(&iri.clone().into(), rdf::TYPE, dcat::DISTRIBUTION);
                        iri.into()
                    }
                    None => saying.blank(dcat::DISTRIBUTION),
                };
            let of = saying.node.clone();
            saying.say(&of, dcat::HAS_DISTRIBUTION, node.clone());
            say_resource(saying, &node, &fields);
            if let Some(words) = licence_of(&fields).as_deref().or(licence) {
                saying.say(&node, dct::LICENSE, thing(words));
            }
        }
    }

    /// A data service with an address of its own.
    pub(super) fn describe_service(&self, service: &Value) -> Result<Description, Refusal> {
        let fields = Fields::of(service);
        let iri = fields
            .text(&["uri"])
            .as_deref()
            .and_then(name)
            .ok_or_else(|| {
                Refusal::new(
                    "no-identifier",
                    "resources[].access_services[].uri",
                    &service.to_string(),
                    "an http(s) uri",
                )
            })?;
        let mut saying = Saying::of(iri.into(), dcat::DATA_SERVICE);
        let node = saying.node.clone();
        say_service(&mut saying, &node, &fields);
        Ok(saying.done(Class::DataService))
    }
}

/// The data services with an address of their own: each a record of its own.
pub(super) fn services(package: &Fields<'_>) -> Vec<(RecordId, PartName, Value)> {
    let resources = package.value().get("resources").and_then(Value::as_array);
    let services = resources
        .into_iter()
        .flatten()
        .flat_map(|r| Fields::of(r).objects(&["access_services"]));
    services
        .filter_map(|service| {
            let iri = Fields::of(&service)
                .text(&["uri"])
                .as_deref()
                .and_then(name)?;
            let id = RecordId::new(Class::DataService, iri.into_string());
            (id.key.len() <= 2000).then_some((id, "service", service))
        })
        .collect()
}

/// What the package or the resource says of its licence: an address before a word, a word before a sentence.
pub(super) fn licence_of(fields: &Fields<'_>) -> Option<String> {
    let address = ["license_url", "licenseurl", "license", "licence"]
        .into_iter()
        .filter_map(|key| fields.text(&[key]))
        .find(|words| link(words).is_some());
    let id = fields
        .text(&["license_id"])
        .filter(|id| id != "notspecified");
    // "other-open" and the like are CKAN's own boxes; the title says what was meant.
    let telling =
        id.filter(|id| !id.starts_with("other") || fields.get(&["license_title"]).is_none());
    let title = || {
        fields
            .text(&["license_title"])
            .filter(|_| fields.text(&["license_id"]).as_deref() != Some("notspecified"))
    };
    address
        .or(telling)
        .or_else(title)
        .or_else(|| fields.text(&["license", "licence"]))
}

fn is_deleted(resource: &Value) -> bool {
    resource.get("state").and_then(Value::as_str) == Some("deleted")
}

fn say_resource(saying: &mut Saying, node: &NamedOrBlankNode, resource: &Fields<'_>) {
    saying.texts(node, dct::TITLE, resource.texts(&["name", "title"]));
    saying.texts(node, dct::DESCRIPTION, resource.texts(&["description"]));
    say_addresses(saying, node, resource);
    say_format(saying, node, resource);
    for (keys, predicate) in THINGS {
        saying.things(node, predicate, resource.words(keys));
    }
    for standard in resource.words(&["conforms_to"]) {
        saying.labelled(
            node,
            dct::CONFORMS_TO,
            dct::STANDARD,
            rdfs::LABEL,
            vec![Text::plain(standard)],
        );
    }
    for words in resource.words(&["resource_crs", "crs"]) {
        match reference_system(&words) {
            Some(system) => saying.say(node, dct::CONFORMS_TO, system),
            None => {
                let words = vec![Text::plain(words)];
                saying.labelled(node, dct::CONFORMS_TO, dct::STANDARD, rdfs::LABEL, words);
            }
        }
    }
    saying.labelled(
        node,
        dct::RIGHTS,
        dct::RIGHTS_STATEMENT,
        rdfs::LABEL,
        resource.texts(&["rights"]),
    );
    say_dates(saying, node, resource);
    if let Some(size) = resource.text(&["size"]).filter(|size| size != "0") {
        let whole = size.bytes().all(|b| b.is_ascii_digit());
        let literal = if whole {
            Literal::new_typed_literal(size, xsd::NON_NEGATIVE_INTEGER)
        } else {
            size.into()
        };
        saying.say(node, dcat::BYTE_SIZE, literal);
    }
    say_checksum(saying, node, resource);
    for service in resource.objects(&["access_services"]) {
        let fields = Fields::of(&service);
        match fields.text(&["uri"]).as_deref().and_then(name) {
            Some(iri) => saying.say(node, dcat::ACCESS_SERVICE, iri),
            None if fields.get(&["title", "endpoint_url"]).is_some() => {
                let service = saying.blank(dcat::DATA_SERVICE);
                saying.say(node, dcat::ACCESS_SERVICE, service.clone());
                say_service(saying, &service, &fields);
            }
            None => {}
        }
    }
}

/// "zip+csv" is a file of one format in an archive of another.
fn say_format(saying: &mut Saying, node: &NamedOrBlankNode, resource: &Fields<'_>) {
    let Some(format) = resource.text(&["format"]) else {
        return;
    };
    let is_archive = |word: &str| {
        ["zip", "tar", "7z", "rar"]
            .iter()
            .any(|a| word.eq_ignore_ascii_case(a))
    };
    let two = format
        .split_once(['+', ':'])
        .map(|(one, other)| (one.trim(), other.trim()));
    let packed = match two {
        Some((archive, inner)) if is_archive(archive) && !inner.is_empty() => {
            Some((archive, inner))
        }
        Some((inner, archive)) if is_archive(archive) && !inner.is_empty() => {
            Some((archive, inner))
        }
        _ => None,
    };
    if let Some((archive, _)) = packed {
        saying.say(node, dcat::PACKAGE_FORMAT, thing(archive));
    }
    saying.say(
        node,
        dct::FORMAT,
        thing(packed.map_or(format.as_str(), |(_, inner)| inner)),
    );
}

/// `url` is a page or a file; a file where the portal keeps it or where its name ends with its format.
fn say_addresses(saying: &mut Saying, node: &NamedOrBlankNode, resource: &Fields<'_>) {
    let url = resource.text(&["url"]);
    let access = resource.text(&["access_url"]).or_else(|| url.clone());
    let download = resource
        .text(&["download_url"])
        .or_else(|| url.filter(|url| is_file(url, resource)));
    for (predicate, address) in [(dcat::ACCESS_URL, access), (dcat::DOWNLOAD_URL, download)] {
        if let Some(address) = address {
            saying.say(node, predicate, thing(&address));
        }
    }
}

fn is_file(url: &str, resource: &Fields<'_>) -> bool {
    if resource.text(&["url_type"]).as_deref() == Some("upload") {
        return true;
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ending = path
        .rsplit('/')
        .next()
        .and_then(|file| file.rsplit_once('.'))
        .map(|(_, ending)| ending);
    let format = resource.text(&["format"]).unwrap_or_default();
    let mut formats = format
        .split(['+', '/', '.', ' ', '#'])
        .filter(|word| !word.is_empty());
    ending.is_some_and(|ending| formats.any(|word| word.eq_ignore_ascii_case(ending)))
}

fn say_dates(saying: &mut Saying, node: &NamedOrBlankNode, resource: &Fields<'_>) {
    let dates = [
        (
            dct::ISSUED,
            ["issued", "date_published", "resource_date_published"],
            "created",
        ),
        (
            dct::MODIFIED,
            ["modified", "date_modified", "date_updated"],
            "last_modified",
        ),
    ];
    for (predicate, own, portals) in dates {
        match (resource.text(&own), resource.text(&[portals])) {
            (Some(date), _) => saying.say(node, predicate, Literal::from(date)),
            (None, Some(date)) => saying.say(node, predicate, utc(&date)),
            (None, None) => {}
        }
    }
}

/// CKAN's `hash` is free text: a checksum only where it is one.
fn say_checksum(saying: &mut Saying, node: &NamedOrBlankNode, resource: &Fields<'_>) {
    let Some(hash) = resource.text(&["hash"]) else {
        return;
    };
    let (prefix, digits) = hash.split_once(':').unwrap_or(("", &hash));
    if digits.is_empty()
        || !digits.len().is_multiple_of(2)
        || !digits.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return;
    }
    let by_length = match digits.len() {
        32 => "md5",
        40 => "sha1",
        64 => "sha256",
        128 => "sha512",
        _ => prefix,
    };
    let algorithm = resource
        .text(&["hash_algorithm"])
        .unwrap_or_else(|| by_length.to_owned());
    let node_of_algorithm = link(&algorithm).or_else(|| {
        let word = algorithm.to_ascii_lowercase().replace('-', "");
        let known = ["md5", "sha1", "sha256", "sha384", "sha512"].contains(&word.as_str());
        known.then(|| NamedNode::new(format!("{}checksumAlgorithm_{word}", spdx::NS)).ok())?
    });
    let Some(algorithm) = node_of_algorithm else {
        return;
    };
    let checksum = saying.blank(spdx::CHECKSUM_CLASS);
    saying.say(node, spdx::CHECKSUM, checksum.clone());
    saying.say(&checksum, spdx::ALGORITHM, algorithm);
    let digits = Literal::new_typed_literal(digits.to_ascii_lowercase(), xsd::HEX_BINARY);
    saying.say(&checksum, spdx::CHECKSUM_VALUE, digits);
}

fn say_service(saying: &mut Saying, node: &NamedOrBlankNode, service: &Fields<'_>) {
    saying.texts(node, dct::TITLE, service.texts(&["title"]));
    saying.texts(node, dct::DESCRIPTION, service.texts(&["description"]));
    saying.things(node, dcat::ENDPOINT_URL, service.words(&["endpoint_url"]));
    saying.things(
        node,
        dcat::ENDPOINT_DESCRIPTION,
        service.words(&["endpoint_description"]),
    );
    if let Some(words) = licence_of(service) {
        saying.say(node, dct::LICENSE, thing(&words));
    }
    if let Some(word) = service.value().get("access_rights").and_then(text_of) {
        saying.say(node, dct::ACCESS_RIGHTS, thing(&word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_systems_by_the_numbers_of_the_register() {
        for (words, expected) in [
            ("4326", Some("4326")),
            ("EPSG:3826", Some("3826")),
            ("epsg 4326 (WGS 84)", Some("4326")),
            ("EPSG:102443", Some("102443")),
            ("3826 或 3828", None),
            ("TWD97", None),
            ("EPSG", None),
            ("121", None),
            ("經緯度", None),
        ] {
            let expected = expected.map(|number| format!("{EPSG}{number}"));
            let found = reference_system(words).map(NamedNode::into_string);
            assert_eq!(found, expected, "{words}");
        }
    }
}
