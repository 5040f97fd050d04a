//! Sitemaps (sitemaps.org, 0.9): every dataset that is described here, with our commit time.
//!
//! A dataset is in the sitemap that the hash of its IRI names, so that it stays there while the catalogue moves. There are
//! as many sitemaps, a power of two, as keep each below the 50,000 addresses that are allowed. Runs in the worker's
//! process only. Start at [`write`].

use super::{Failure, portray};
use crate::{
    digest::{self, BUCKETS},
    log::date_time,
    serve::{guard, wire::Site, worker::Reply},
    store_read::{self, Times},
};
use harvestd_vocab::terms::dcat;
use oxigraph::{
    model::{GraphNameRef, NamedNode, NamedOrBlankNode, vocab::rdf},
    store::{StorageError, Store},
};
use quick_xml::escape::escape;
use std::{
    collections::HashMap,
    io::{BufWriter, Write},
};

/// What one sitemap may hold.
const ADDRESSES_MAX: usize = 50_000;
/// So many on average: far enough below what is allowed that no hash fills one beyond it.
const ADDRESSES: usize = 40_000;
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

pub fn write(
    store: &Store,
    number: Option<u16>,
    site: &Site,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    let datasets = datasets(store)?;
    let sitemaps = sitemaps(datasets.len());
    let times = store_read::times(store, &site.base, site.generation, site.seq)?;
    reply.is("application/xml");
    let mut out = BufWriter::with_capacity(16 * 1024, reply);
    match number {
        None => index(&datasets, sitemaps, &times, site, &mut out)?,
        Some(number) if number < sitemaps => {
            let own = |dataset: &NamedNode| sitemap_of(dataset.as_str(), sitemaps) == number;
            let mut datasets: Vec<_> = datasets.into_iter().filter(own).collect();
            datasets.sort_unstable();
            pages(store, &datasets, &times, site, &mut out)?;
        }
        Some(number) => {
            let detail = format!("There is no sitemap {number}; there are {sitemaps}, from 0.");
            return Err(guard::refuse(404, "no-such-sitemap", detail).into());
        }
    }
    out.flush().map_err(Failure::Output)
}

/// The datasets that have a description: with a record, and no part of another's.
fn datasets(store: &Store) -> Result<Vec<NamedNode>, StorageError> {
    let graph = Some(GraphNameRef::DefaultGraph);
    let class = Some(dcat::DATASET.into());
    let mut datasets = Vec::new();
    for quad in store.quads_for_pattern(None, Some(rdf::TYPE), class, graph) {
        if let NamedOrBlankNode::NamedNode(dataset) = quad?.subject
            && !store_read::records_about(store, dataset.as_ref())?.is_empty()
        {
            datasets.push(dataset);
        }
    }
    Ok(datasets)
}

fn sitemaps(datasets: usize) -> u16 {
    let most = u16::try_from(BUCKETS).unwrap_or(u16::MAX);
    let needed = datasets.div_ceil(ADDRESSES).max(1).next_power_of_two();
    u16::try_from(needed).map_or(most, |needed| needed.min(most))
}

fn sitemap_of(dataset: &str, sitemaps: u16) -> u16 {
    digest::bucket(dataset) % sitemaps
}

fn index(
    datasets: &[NamedNode],
    sitemaps: u16,
    times: &HashMap<String, Times>,
    site: &Site,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut newest = vec![None; usize::from(sitemaps)];
    for dataset in datasets {
        let at = usize::from(sitemap_of(dataset.as_str(), sitemaps));
        newest[at] = newest[at].max(times.get(dataset.as_str()).map(|times| times.modified_us));
    }
    let mut text = format!("{HEAD}<sitemapindex xmlns=\"{NAMESPACE}\">\n");
    for (number, newest) in newest.into_iter().enumerate() {
        let address = format!("{}sitemap/{number}.xml", site.base);
        text.push_str(&entry("sitemap", &address, newest));
    }
    text.push_str("</sitemapindex>\n");
    out.write_all(text.as_bytes()).map_err(Failure::Output)
}

fn pages(
    store: &Store,
    datasets: &[NamedNode],
    times: &HashMap<String, Times>,
    site: &Site,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if datasets.len() > ADDRESSES_MAX {
        return Err(super::internal("a sitemap would hold too many addresses"));
    }
    let head = format!("{HEAD}<urlset xmlns=\"{NAMESPACE}\">\n");
    out.write_all(head.as_bytes()).map_err(Failure::Output)?;
    for dataset in datasets {
        let Some(address) = portray::address(store, &site.base, dataset.as_ref())? else {
            continue;
        };
        let newest = times.get(dataset.as_str()).map(|times| times.modified_us);
        let entry = entry("url", &address, newest);
        out.write_all(entry.as_bytes()).map_err(Failure::Output)?;
    }
    out.write_all(b"</urlset>\n").map_err(Failure::Output)
}

fn entry(name: &str, address: &str, newest: Option<i64>) -> String {
    let date = newest.map(|us| format!("<lastmod>{}</lastmod>", date_time(us)));
    format!(
        "<{name}><loc>{}</loc>{}</{name}>\n",
        escape(address),
        date.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sitemap_comes_near_its_limit() {
        for (datasets, expected) in [
            (0, 1),
            (40_000, 1),
            (40_001, 2),
            (80_001, 4),
            (usize::MAX / 2, 4096),
        ] {
            assert_eq!(sitemaps(datasets), expected, "{datasets}");
        }
    }

    #[test]
    fn a_dataset_is_in_one_of_them() {
        let mut of = [0_usize; 4];
        for n in 0..4_000 {
            of[usize::from(sitemap_of(&format!("http://e.example/{n}"), 4))] += 1;
        }
        assert_eq!(of.iter().sum::<usize>(), 4_000);
        assert!(of.iter().all(|n| (800..1_200).contains(n)), "{of:?}");
    }
}
