//! Distributions as CKAN's resources. Pure.

use super::{Source, Written, dates, groups, names};
use crate::facts::{CHINESE_FIRST, Facts, last_part};
use harvestd_vocab::terms::{MEDIA_TYPES, dcat, dct, rdfs, spdx};
use oxrdf::NamedNodeRef;
use serde::Serialize;
use std::borrow::Cow;

/// A resource as `package_show` has it. Its fields are sorted, as all JSON here is.
#[derive(Serialize)]
pub(super) struct Resource<'a> {
    access_url: Option<&'a str>,
    cache_last_updated: (),
    cache_url: (),
    created: Cow<'a, str>,
    description: &'a str,
    download_url: Option<&'a str>,
    format: String,
    hash: &'a str,
    id: String,
    last_modified: &'a str,
    license: Option<String>,
    metadata_modified: &'a str,
    mimetype: Option<&'a str>,
    mimetype_inner: (),
    name: Option<&'a str>,
    package_id: &'a str,
    position: usize,
    resource_type: (),
    size: Option<u64>,
    /// The file's own date, as its source has it.
    source_modified: Option<String>,
    state: &'static str,
    uri: &'a str,
    url: &'a str,
    url_type: (),
}

impl<'a> Resource<'a> {
    /// CKAN's id of it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As CKAN shows it: `CSV`. None where nobody says one.
    pub fn format(&self) -> Option<&str> {
        (!self.format.is_empty()).then_some(&self.format)
    }

    fn of(
        facts: &'a Facts<'a>,
        node: &'a str,
        position: usize,
        package: &'a str,
        times: &'a Written,
    ) -> Self {
        let date = |property: NamedNodeRef<'_>| {
            let text = facts.texts(node, property).next()?;
            dates::read(text.value()).map(dates::ckan)
        };
        let checksum = facts.iri(node, spdx::CHECKSUM).unwrap_or_default();
        let size = facts.texts(node, dcat::BYTE_SIZE).next();
        let licence = facts.iri(node, dct::LICENSE);
        let media_type = facts.iri(node, dcat::MEDIA_TYPE);
        let access_url = facts.iri(node, dcat::ACCESS_URL);
        let download_url = facts.iri(node, dcat::DOWNLOAD_URL);
        let created = date(dct::ISSUED).map(Cow::Owned);
        Self {
            access_url,
            cache_last_updated: (),
            cache_url: (),
            created: created.unwrap_or(Cow::Borrowed(&times.created)),
            description: facts
                .text(node, dct::DESCRIPTION, CHINESE_FIRST)
                .unwrap_or_default(),
            download_url,
            format: format(facts, node).unwrap_or_default(),
            hash: facts
                .text(checksum, spdx::CHECKSUM_VALUE, CHINESE_FIRST)
                .unwrap_or_default(),
            id: names::id_of(node),
            last_modified: &times.modified,
            license: licence.map(|iri| groups::licence_of(facts, iri).title),
            metadata_modified: &times.modified,
            mimetype: media_type.and_then(|iri| iri.strip_prefix(MEDIA_TYPES)),
            mimetype_inner: (),
            name: facts.text(node, dct::TITLE, CHINESE_FIRST),
            package_id: package,
            position,
            resource_type: (),
            size: size.and_then(|text| text.value().parse().ok()),
            source_modified: date(dct::MODIFIED),
            state: "active",
            uri: node,
            url: download_url.or(access_url).unwrap_or_default(),
            url_type: (),
        }
    }
}

/// All distributions, in the order of their IRIs.
pub(super) fn of<'a>(
    source: &Source<'a>,
    package: &'a str,
    times: &'a Written,
) -> Vec<Resource<'a>> {
    let facts = source.facts;
    let distributions = facts.iris(source.entity, dcat::HAS_DISTRIBUTION);
    let resource = |(position, node)| Resource::of(facts, node, position, package, times);
    distributions.enumerate().map(resource).collect()
}

/// The format as people write it: `CSV`; of an interface, its kind.
fn format(facts: &Facts<'_>, node: &str) -> Option<String> {
    let format = facts.iri(node, dct::FORMAT);
    let kind = || facts.iri(node, dct::TYPE);
    let media_type = || facts.iri(node, dcat::MEDIA_TYPE);
    if let Some(label) = format.and_then(|node| facts.text(node, rdfs::LABEL, CHINESE_FIRST)) {
        return Some(label.to_owned());
    }
    let iri = format.or_else(kind).or_else(media_type)?;
    Some(last_part(iri).replace('_', " ").to_uppercase())
}

/// A mail address that CKAN takes: without `mailto:`, of plain characters, with one `@` and a host.
pub(super) fn mail(facts: &Facts<'_>, node: &str, property: NamedNodeRef<'_>) -> Option<String> {
    facts.iris(node, property).find_map(|iri| {
        let address = iri.strip_prefix("mailto:")?;
        let (name, host) = address.split_once('@')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        let label = |part: &str| {
            let edge = |c: char| c.is_ascii_alphanumeric();
            part.starts_with(edge)
                && part.ends_with(edge)
                && part.chars().all(|c| edge(c) || c == '-')
        };
        let fits = !name.is_empty() && name.chars().all(plain) && host.split('.').all(label);
        fits.then(|| address.to_owned())
    })
}
