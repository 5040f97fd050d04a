//! Distributions as CKAN's resources. Pure.

use super::{Source, dates, groups, last, names};
use crate::facts::Facts;
use harvestd_vocab::terms::{MEDIA_TYPES, dcat, dct, rdfs, spdx};
use oxrdf::NamedNodeRef;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Ids, resources and formats of all distributions, in the order of their IRIs.
pub(super) fn of(
    source: &Source<'_>,
    package: &str,
) -> (Vec<String>, Vec<Value>, BTreeSet<String>) {
    let (mut ids, mut resources, mut formats) = (Vec::new(), Vec::new(), BTreeSet::new());
    let distributions = source.facts.iris(source.entity, dcat::HAS_DISTRIBUTION);
    for (position, distribution) in distributions.enumerate() {
        let resource = resource(source, package, distribution, position);
        if let Some(format) = resource["format"]
            .as_str()
            .filter(|format| !format.is_empty())
        {
            formats.insert(format.to_owned());
        }
        ids.push(names::id_of(distribution));
        resources.push(resource);
    }
    (ids, resources, formats)
}

fn resource(source: &Source<'_>, package: &str, node: &str, position: usize) -> Value {
    let facts = source.facts;
    let address = |property| facts.iri(node, property);
    let date = |property: NamedNodeRef<'_>| {
        let text = facts.texts(node, property).next()?;
        dates::read(&text.value()).map(dates::ckan)
    };
    let checksum = facts.iri(node, spdx::CHECKSUM).unwrap_or_default();
    let size = facts.texts(node, dcat::BYTE_SIZE).next();
    let licence = facts.iri(node, dct::LICENSE);
    let media_type = facts.iri(node, dcat::MEDIA_TYPE);
    json!({
        "id": names::id_of(node),
        "package_id": package,
        "position": position,
        "name": facts.text(node, dct::TITLE),
        "description": facts.text(node, dct::DESCRIPTION).unwrap_or_default(),
        "url": address(dcat::DOWNLOAD_URL).or_else(|| address(dcat::ACCESS_URL)).unwrap_or_default(),
        "format": format(facts, node).unwrap_or_default(),
        "mimetype": media_type.and_then(|iri| iri.strip_prefix(MEDIA_TYPES)),
        "mimetype_inner": null,
        "size": size.and_then(|text| text.value().parse::<u64>().ok()),
        "hash": facts.text(checksum, spdx::CHECKSUM_VALUE).unwrap_or_default(),
        "license": licence.map(|iri| groups::licence_of(facts, iri).title),
        "created": date(dct::ISSUED).unwrap_or_else(|| dates::ckan(source.created_us)),
        "last_modified": date(dct::MODIFIED),
        "metadata_modified": dates::ckan(source.modified_us),
        "access_url": address(dcat::ACCESS_URL),
        "download_url": address(dcat::DOWNLOAD_URL),
        "uri": node,
        "state": "active",
        "resource_type": null,
        "url_type": null,
        "cache_url": null,
        "cache_last_updated": null,
    })
}

/// The format as people write it: `CSV`; of an interface, its kind.
fn format(facts: &Facts<'_>, node: &str) -> Option<String> {
    let format = facts.iri(node, dct::FORMAT);
    let kind = || facts.iri(node, dct::TYPE);
    let media_type = || facts.iri(node, dcat::MEDIA_TYPE);
    if let Some(label) = format.and_then(|node| facts.text(node, rdfs::LABEL)) {
        return Some(label.into_owned());
    }
    let iri = format.or_else(kind).or_else(media_type)?;
    Some(last(iri).replace('_', " ").to_uppercase())
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
