//! `identity explain`, and the way to the others: what was found is listed in [`list`], what people decide is in [`decide`].
//!
//! To explain, the daemon gives what tells of each record ([`Features`], a few hundred bytes each); comparing is done
//! here, so that it takes no memory of the daemon's. Start at [`identity`].

mod decide;
mod list;

use super::{
    args::{self, Common, Place},
    client::{Reached, well},
    exit::Exit,
    out,
};
use crate::{
    daemon::Purpose,
    identity::{
        Decision, Features, Link, Standing, Thresholds, Verdict,
        candidates::{self, links},
    },
    network::local::Local,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Write, io};
use tokio::io::{AsyncBufReadExt, BufReader};

/// `harvestd identity …`
pub async fn identity(args: &args::Identity, common: &Common) -> Exit {
    match args {
        args::Identity::List(args) => list::list(args, common).await,
        args::Identity::Explain(args) => explain(args, common).await,
        args::Identity::Join(args) => decide::decide(args, Verdict::Join, common).await,
        args::Identity::Split(args) => decide::decide(args, Verdict::Split, common).await,
        args::Identity::Forget(args) => decide::forget(args, common).await,
        args::Identity::Decisions(args) => decide::list(args, common).await,
    }
}

async fn explain(args: &args::IdentityExplain, common: &Common) -> Exit {
    let (all, decisions, thresholds) = match gathered(&args.place).await {
        Ok(gathered) => gathered,
        Err(exit) => return exit,
    };
    let mut places = Vec::new();
    for iri in [Some(&args.iri), args.other.as_ref()].into_iter().flatten() {
        match meant(&all, iri) {
            found if found.is_empty() => {
                let text = format!("no record of a dataset is held under {iri}, and no dataset");
                return out::complain(&text, Exit::Failed);
            }
            found => places.push(found),
        }
    }
    let found = match places.as_slice() {
        [a, b] => pairs(&all, a, b),
        _ => links(&all, Some(&places.concat().into_iter().collect())),
    };
    let found = explained(&all, found, decisions, &places);
    if common.json {
        return json(&found);
    }
    let mut text = String::new();
    for Explained { link, decision } in &found {
        let verdict = match decision {
            Some(decision) => by_decision(decision.verdict),
            None => verdict(link, thresholds),
        };
        let _ = write!(text, "{}", Shown(link, verdict));
        if let Some(decision) = decision {
            let _ = writeln!(text, "        decided {}", decide::said(decision));
        }
        text.push('\n');
    }
    if found.is_empty() {
        text.push_str("No record of another source has anything in common with it.\n");
    }
    out::print(&out::printable(&text))
}

/// A link, and what was decided of its two records.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    link: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

/// The links, and what was decided of the records at these places, whether they have anything in common or not: what was
/// decided comes first, then the best.
fn explained(
    all: &[Features],
    found: Vec<Link>,
    decisions: Vec<Decision>,
    places: &[Vec<u32>],
) -> Vec<Explained> {
    let found = found.into_iter().map(|link| Explained {
        link,
        decision: None,
    });
    let mut found: Vec<Explained> = found.collect();
    let at = |record: &str| all.binary_search_by(|f| (*f.record).cmp(record)).ok();
    let within = |place: &[u32], record: Option<usize>| {
        record.is_some_and(|r| place.iter().any(|at| *at as usize == r))
    };
    for decision in decisions {
        let (a, b) = (at(&decision.a), at(&decision.b));
        let concerned = match places {
            [x, y] => within(x, a) && within(y, b) || within(x, b) && within(y, a),
            _ => places.iter().any(|x| within(x, a) || within(x, b)),
        };
        let same = |e: &&mut Explained| *e.link.a == *decision.a && *e.link.b == *decision.b;
        if let Some(there) = found.iter_mut().find(same) {
            there.decision = Some(decision);
        } else if concerned {
            let link = match (a, b) {
                (Some(a), Some(b)) => candidates::explain(all, a, b),
                // One of them is away.
                _ => Link {
                    a: decision.a.as_str().into(),
                    b: decision.b.as_str().into(),
                    score: 0.0,
                    evidence: Vec::new(),
                },
            };
            let decision = Some(decision);
            found.push(Explained { link, decision });
        }
    }
    found.sort_by(|x, y| {
        let decided = |e: &Explained| e.decision.is_some();
        let better = y.link.score.total_cmp(&x.link.score);
        decided(y).cmp(&decided(x)).then(better)
    });
    found
}

/// What a person said. Whether the two are one by now, `list` says.
fn by_decision(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Join => "one by decision",
        Verdict::Split => "two by decision",
    }
}

/// All features of the newest snapshot, sorted by record, what was decided, and the configured thresholds.
async fn gathered(place: &Place) -> Result<(Vec<Features>, Vec<Decision>, Thresholds), Exit> {
    let reached = Reached::reach(place, Purpose::Read).await?;
    let thresholds = reached.config.identity;
    let told = async {
        let features: Vec<Features> = lines(&reached.local, "/identity/features").await?;
        Ok((
            features,
            lines(&reached.local, "/identity/decisions").await?,
        ))
    };
    let told: Result<_, Exit> = told.await;
    let exit = told.as_ref().map_or_else(|exit| *exit, |_| Exit::Ok);
    reached.done(exit).await;
    let (mut features, decisions) = told?;
    features.sort_unstable_by(|a, b| a.record.cmp(&b.record));
    Ok((features, decisions, thresholds))
}

/// What the daemon tells line by line, all of it.
async fn lines<T: DeserializeOwned>(local: &Local, path: &str) -> Result<Vec<T>, Exit> {
    let mut all = Vec::new();
    each_line(local, path, |line| all.push(line)).await?;
    Ok(all)
}

/// The same, one line after the other.
async fn each_line<T: DeserializeOwned>(
    local: &Local,
    path: &str,
    mut each: impl FnMut(T),
) -> Result<(), Exit> {
    let answered = well(local.inquire(path).await).await?;
    let broken =
        |e: io::Error| out::complain(&format!("the answer is not whole: {e}"), Exit::Failed);
    let mut lines = BufReader::new(answered.body()).lines();
    while let Some(line) = lines.next_line().await.map_err(broken)? {
        each(serde_json::from_str(&line).map_err(|e| broken(e.into()))?);
    }
    Ok(())
}

/// The record, or all records of the dataset, that `iri` names.
fn meant(all: &[Features], iri: &str) -> Vec<u32> {
    let numbered = (0_u32..).zip(all);
    numbered
        .filter(|(_, f)| *f.record == *iri || *f.entity == *iri)
        .map(|(at, _)| at)
        .collect()
}

fn pairs(all: &[Features], a: &[u32], b: &[u32]) -> Vec<Link> {
    let both = a.iter().flat_map(|a| b.iter().map(move |b| (*a, *b)));
    both.filter(|(a, b)| a != b)
        .map(|(a, b)| candidates::explain(all, a as usize, b as usize))
        .collect()
}

/// What the score alone says. Whether another record is as good, `list` says.
fn verdict(link: &Link, thresholds: Thresholds) -> &'static str {
    if link.score >= thresholds.merge_min {
        "one by its score"
    } else if link.score >= thresholds.list_min {
        Standing::Unsure.word()
    } else {
        "two"
    }
}

/// A link for people: two lines, and one for each reason.
struct Shown<'a>(&'a Link, &'a str);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(link, standing) = self;
        writeln!(
            f,
            "  {:.3} {standing}: {}\n        = {}",
            link.score, link.a, link.b
        )?;
        for reason in &link.evidence {
            let (code, found) = (&reason.code, &reason.found);
            let sign = if reason.limits { "at most " } else { "" };
            writeln!(f, "        {code} ({sign}{}): {found}", reason.weight)?;
        }
        Ok(())
    }
}

fn json(value: &impl Serialize) -> Exit {
    match serde_json::to_string(value) {
        Ok(text) => out::print(&format!("{text}\n")),
        Err(e) => out::complain(&format!("writing JSON: {e}"), Exit::Failed),
    }
}
