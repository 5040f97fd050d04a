//! `identity list`: which datasets several records are about, what each is published as, and which pairs are for a person
//! to look at.
//!
//! Reads what was found, pair by pair, as the newest snapshot has it, and compares nothing; only for a `--min` below what
//! the configuration lists are all records compared here. Start at [`list`].

use super::{Shown, each_line, json, lines};
use crate::{
    cli::{
        args::{self, Common},
        client::Reached,
        exit::Exit,
        out,
    },
    daemon::Purpose,
    identity::{Features, Link, Linked, Standing, Thresholds, candidates::links},
    serve::wire::{Paired, PairedLine},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};

pub async fn list(args: &args::IdentityList, common: &Common) -> Exit {
    let listing = match read(args).await {
        Ok(listing) => listing.sorted(),
        Err(exit) => return exit,
    };
    if common.json {
        return json(&listing);
    }
    out::print(&out::printable(&listing.to_string()))
}

async fn read(args: &args::IdentityList) -> Result<Listing, Exit> {
    let reached = Reached::reach(&args.place, Purpose::Read).await?;
    let thresholds = reached.config.identity;
    let min = args.min.unwrap_or(thresholds.list_min);
    let told = async {
        let mut listing = Listing::new(thresholds, min);
        each_line(&reached.local, "/identity/pairs", |line| listing.take(line)).await?;
        if min < thresholds.list_min {
            listing.take_lower(lines(&reached.local, "/identity/features").await?);
        }
        Ok(listing)
    };
    let told: Result<Listing, Exit> = told.await;
    let exit = told.as_ref().map_or_else(|exit| *exit, |_| Exit::Ok);
    reached.done(exit).await;
    told
}

/// What `identity list` prints, and with --json writes.
#[derive(Serialize)]
struct Listing {
    merge_min: f64,
    list_min: f64,
    records: u64,
    sources: u64,
    /// What is taken for one dataset.
    clusters: Vec<Cluster>,
    /// What a person should look at, and what was split.
    unsure: Vec<Linked>,
    #[serde(skip)]
    min: f64,
    /// By the IRI under which it is published.
    #[serde(skip)]
    by_published: BTreeMap<String, Cluster>,
}

#[derive(Default, Serialize)]
struct Cluster {
    /// The IRI under which it is published.
    published: String,
    /// IRIs, as the sources have them.
    datasets: BTreeSet<String>,
    links: Vec<Linked>,
}

impl Listing {
    fn new(thresholds: Thresholds, min: f64) -> Self {
        Self {
            merge_min: thresholds.merge_min,
            list_min: thresholds.list_min,
            records: 0,
            sources: 0,
            clusters: Vec::new(),
            unsure: Vec::new(),
            min,
            by_published: BTreeMap::new(),
        }
    }

    fn take(&mut self, line: PairedLine) {
        match line {
            PairedLine::Of { records, sources } => {
                (self.records, self.sources) = (records, sources)
            }
            PairedLine::Pair(pair) => self.take_pair(pair),
        }
    }

    fn take_pair(&mut self, pair: Paired) {
        let Paired {
            linked,
            datasets,
            published,
        } = pair;
        let listed = linked.link.score >= self.min;
        match published {
            [Some(published), _] if linked.standing == Standing::One => {
                let cluster = self.by_published.entry(published).or_default();
                cluster.datasets.extend(datasets.into_iter().flatten());
                if listed {
                    cluster.links.push(linked);
                }
            }
            _ if listed => self.unsure.push(linked),
            _ => {}
        }
    }

    /// Pairs with a lower score than the configuration lists. They make nothing one.
    fn take_lower(&mut self, mut all: Vec<Features>) {
        all.sort_unstable_by(|a, b| a.record.cmp(&b.record));
        let key = |l: &Link| (l.a.clone(), l.b.clone());
        let there = self.by_published.values().flat_map(|c| &c.links);
        let there = there.chain(&self.unsure).map(|l| key(&l.link));
        let there: HashSet<_> = there.collect();
        let more = links(&all, None).into_iter();
        let more = more.filter(|l| l.score >= self.min && !there.contains(&key(l)));
        let standing = Standing::Unsure;
        let more: Vec<Linked> = more.map(|link| Linked { link, standing }).collect();
        self.unsure.extend(more);
    }

    fn sorted(mut self) -> Self {
        let by_records = |x: &Linked, y: &Linked| {
            let (x, y) = (&x.link, &y.link);
            (&x.a, &x.b).cmp(&(&y.a, &y.b))
        };
        for (published, mut cluster) in std::mem::take(&mut self.by_published) {
            cluster.links.sort_by(by_records);
            cluster.published = published;
            if !cluster.links.is_empty() {
                self.clusters.push(cluster);
            }
        }
        self.unsure.sort_by(|x, y| {
            let better = y.link.score.total_cmp(&x.link.score);
            better.then_with(|| by_records(x, y))
        });
        self
    }
}

impl std::fmt::Display for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{} of {}: {} that several have, {} to look at",
            count(self.records, "record"),
            count(self.sources, "source"),
            count(self.clusters.len() as u64, "dataset"),
            count(self.unsure.len() as u64, "pair")
        )?;
        for cluster in &self.clusters {
            writeln!(f, "\nONE DATASET, published as {}", cluster.published)?;
            for dataset in &cluster.datasets {
                let mark = if *dataset == cluster.published {
                    "*"
                } else {
                    " "
                };
                writeln!(f, "{mark} {dataset}")?;
            }
            for linked in &cluster.links {
                write!(f, "{}", Shown(&linked.link, linked.standing.word()))?;
            }
        }
        if !self.unsure.is_empty() {
            writeln!(f, "\nTO LOOK AT")?;
        }
        for linked in &self.unsure {
            write!(f, "{}", Shown(&linked.link, linked.standing.word()))?;
        }
        Ok(())
    }
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
