//! `verify`: the kept digest against what the store holds, what the log says, and what another harvestd holds.
//!
//! Reads only. A daemon may go on working meanwhile: where it publishes between two looks, they are taken again. Start
//! at [`verify`].

use super::{
    args::{self, Common},
    client::{Reached, body, well},
    exit::Exit,
    out,
};
use crate::{
    daemon::Purpose,
    digest::{
        BUCKETS, Bucket, Change, Difference, Entity, METHOD, Side, State, Sum, Sums, between,
        bucket,
    },
    log::Log,
    network::{local::Local, peer::Peer},
    serve::wire::Orphans,
};
use indicatif::ProgressBar;
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write, io, io::IsTerminal, path::Path, time::Duration};
use tokio::io::{AsyncBufReadExt, BufReader};

/// How often a look is taken again where something was published meanwhile.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// `harvestd verify`
pub async fn verify(args: &args::Verify, common: &Common) -> Exit {
    let reached = match Reached::reach(&args.place, Purpose::Read).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let exit = match verified(&reached, args, common).await {
        Ok(verified) => verified.told(common),
        Err(Trouble::Told(exit)) => exit,
        Err(Trouble::Moved) => out::complain(
            &format!(
                "something was published during each of {LOOKS} looks: try again when less is harvested"
            ),
            Exit::Failed,
        ),
        Err(Trouble::Io(e)) => out::complain(&e.to_string(), Exit::Failed),
    };
    reached.done(exit).await
}

/// Why a comparison did not come to an end.
enum Trouble {
    /// Something was published between two looks.
    Moved,
    /// The reason is on standard error already.
    Told(Exit),
    Io(io::Error),
}

impl From<Exit> for Trouble {
    fn from(exit: Exit) -> Self {
        Self::Told(exit)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What was compared with the kept digest.
#[derive(Serialize)]
struct Verified {
    #[serde(flatten)]
    place: Place,
    entities: u64,
    sum: Sum,
    checks: Vec<Check>,
}

/// Up to where a side has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Place {
    generation: u64,
    seq: u64,
    /// The time of that activity. None: there is none yet.
    published: Option<String>,
}

impl Place {
    fn of(state: &State) -> Self {
        Self {
            generation: state.generation,
            seq: state.seq,
            published: state.published.clone(),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "activity {} of generation {}", self.seq, self.generation)?;
        match &self.published {
            Some(time) => write!(f, " ({time})"),
            None => Ok(()),
        }
    }
}

/// One comparison: `first` in its differences is the kept digest's, `second` the other's.
#[derive(Serialize)]
struct Check {
    /// `store`, `log`, or the address of another harvestd.
    with: String,
    /// Up to where another harvestd has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    entities: u64,
    differences: Vec<Difference>,
    /// Triples of the store that belong to no entity.
    #[serde(flatten)]
    orphans: Option<Orphans>,
}

async fn verified(
    reached: &Reached,
    args: &args::Verify,
    common: &Common,
) -> Result<Verified, Trouble> {
    let bar = if std::io::stderr().is_terminal() && !common.json {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    let limits = &reached.config.limits.network;
    let peer = args.against.clone().map(|base| Peer::new(base, limits));
    let peer = peer.transpose()?;
    let own = Holder::Own(&reached.local);
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let state = own.state().await?;
        let checked = async {
            let mut checks = vec![store(&own, &state, &bar).await?];
            if args.replay {
                checks.push(log(&own, &state, &reached.config.data_dir, &bar).await?);
            }
            if let Some(peer) = &peer {
                checks.push(another(&own, &state, peer).await?);
            }
            Ok::<_, Trouble>(checks)
        };
        match checked.await {
            Err(Trouble::Moved) => {}
            checks => {
                bar.finish_and_clear();
                return Ok(Verified {
                    place: Place::of(&state),
                    entities: state.entities,
                    sum: state.sum,
                    checks: checks?,
                });
            }
        }
    }
    bar.finish_and_clear();
    Err(Trouble::Moved)
}

/// Whose digest is read.
enum Holder<'a> {
    Own(&'a Local),
    Peer(&'a Peer),
}

impl Holder<'_> {
    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        match self {
            Self::Own(local) => {
                let bytes = body(local.get(&format!("/{path}"), "application/json").await).await?;
                Ok(serde_json::from_slice(&bytes).map_err(io::Error::from)?)
            }
            Self::Peer(peer) => Ok(peer.get(path).await?),
        }
    }

    async fn state(&self) -> Result<State, Trouble> {
        let state: State = self.get("feed/state").await?;
        if state.method != METHOD || state.buckets.len() != BUCKETS {
            let found = format!(
                "the digest is made by {:?} in {} buckets, expected {METHOD:?} in {BUCKETS}",
                state.method,
                state.buckets.len()
            );
            return Err(io::Error::other(found).into());
        }
        Ok(state)
    }

    /// The entities of a bucket at the same place in the log as `state`.
    async fn bucket(&self, number: usize, state: &State) -> Result<Vec<Entity>, Trouble> {
        let bucket: Bucket = self.get(&format!("feed/state?bucket={number}")).await?;
        if (bucket.generation, bucket.seq) != (state.generation, state.seq) {
            return Err(Trouble::Moved);
        }
        Ok(bucket.entities)
    }
}

/// What differs between the kept digest and a list of all entities, sorted by IRI.
async fn differences(
    own: &Holder<'_>,
    state: &State,
    entities: &[Entity],
) -> Result<Vec<Difference>, Trouble> {
    let mut sums = Sums::default();
    for entity in entities {
        sums.add(&entity.iri, entity.sha256);
    }
    let mut found = Vec::new();
    for number in differing(&state.buckets, sums.buckets()) {
        let kept = own.bucket(number, state).await?;
        let of_bucket = |e: &&Entity| usize::from(bucket(&e.iri)) == number;
        let there: Vec<Entity> = entities.iter().filter(of_bucket).cloned().collect();
        found.extend(between(&kept, &there));
    }
    Ok(found)
}

fn differing(a: &[Sum], b: &[Sum]) -> Vec<usize> {
    let pairs = a.iter().zip(b).enumerate();
    pairs.filter(|(_, (a, b))| a != b).map(|(n, _)| n).collect()
}

/// The store, entity by entity, computed anew.
async fn store(own: &Holder<'_>, state: &State, bar: &ProgressBar) -> Result<Check, Trouble> {
    let Holder::Own(local) = own else {
        return Err(io::Error::other("another's store cannot be read").into());
    };
    let answered = well(local.inquire("/state/hashes").await).await?;
    let of = format!("{}-{}", state.generation, state.seq);
    if answered.header("harvestd-published") != Some(&of) {
        return Err(Trouble::Moved);
    }
    let mut lines = BufReader::new(answered.body()).lines();
    let (mut entities, mut orphans) = (Vec::new(), None);
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str::<Entity>(&line) {
            Ok(entity) => entities.push(entity),
            Err(_) => orphans = Some(serde_json::from_str(&line).map_err(io::Error::from)?),
        }
        bar.set_message(format!(
            "the store: {} of {}",
            entities.len(),
            state.entities
        ));
        bar.tick();
    }
    if orphans.is_none() {
        return Err(io::Error::other("the daemon broke off before the end of the store").into());
    }
    entities.sort_unstable();
    Ok(Check {
        with: "store".to_owned(),
        place: None,
        entities: entities.len() as u64,
        differences: differences(own, state, &entities).await?,
        orphans,
    })
}

/// The log, replayed from its beginning to the place where the digest is.
async fn log(
    own: &Holder<'_>,
    state: &State,
    data_dir: &Path,
    bar: &ProgressBar,
) -> Result<Check, Trouble> {
    let (dir, bar, head) = (
        data_dir.join("log"),
        bar.clone(),
        (state.generation, state.seq),
    );
    let replaying = tokio::task::spawn_blocking(move || replayed(&dir, head, &bar));
    let entities = replaying.await.map_err(io::Error::other)??;
    Ok(Check {
        with: "log".to_owned(),
        place: None,
        entities: entities.len() as u64,
        differences: differences(own, state, &entities).await?,
        orphans: None,
    })
}

fn replayed(
    dir: &Path,
    (generation, seq): (u64, u64),
    bar: &ProgressBar,
) -> io::Result<Vec<Entity>> {
    let mut all: BTreeMap<String, Sum> = BTreeMap::new();
    let mut last = 0;
    // The base is needed to write a log only.
    for segment in Log::open(dir.to_owned(), "")?.segments(generation)? {
        for activity in segment.read()? {
            let activity = activity?;
            if activity.seq > seq {
                break;
            }
            if activity.seq != last + 1 {
                let found = format!(
                    "the log goes from activity {last} to {}, expected {}: what was pruned cannot be replayed",
                    activity.seq,
                    last + 1
                );
                return Err(io::Error::other(found));
            }
            last = activity.seq;
            let Change { entity, now } = Change::of(&activity);
            match now {
                Some(now) => all.insert(entity, now),
                None => all.remove(&entity),
            };
            bar.set_message(format!("the log: {last} of {seq}"));
            bar.tick();
        }
    }
    if last < seq {
        let found = format!("the log ends at activity {last}, expected {seq}");
        return Err(io::Error::other(found));
    }
    let entity = |(iri, sha256)| Entity { iri, sha256 };
    Ok(all.into_iter().map(entity).collect())
}

/// Another harvestd, by its digest.
async fn another(own: &Holder<'_>, state: &State, peer: &Peer) -> Result<Check, Trouble> {
    let there = Holder::Peer(peer);
    let theirs = there.state().await?;
    let mut differences = Vec::new();
    for number in differing(&state.buckets, &theirs.buckets) {
        let first = own.bucket(number, state).await?;
        let second = there.bucket(number, &theirs).await?;
        differences.extend(between(&first, &second));
    }
    Ok(Check {
        with: peer.address(),
        place: Some(Place::of(&theirs)),
        entities: theirs.entities,
        differences,
        orphans: None,
    })
}

impl Check {
    fn is_well(&self) -> bool {
        self.differences.is_empty() && self.orphans.as_ref().is_none_or(|o| o.orphans == 0)
    }

    /// `holds` is whether the store here is what the digest kept here says.
    fn tell(&self, own: &Place, holds: bool, text: &mut String) -> std::fmt::Result {
        let (with, entities) = (&self.with, self.entities);
        if self.is_well() && self.place.is_some() && !holds {
            return writeln!(
                text,
                "{with}: the digest kept here is the same, {entities} entities, but the store here is not what it says"
            );
        }
        if self.is_well() {
            return writeln!(text, "{with}: the same, {entities} entities");
        }
        let count = self.differences.len();
        writeln!(text, "{with}: {count} of {entities} entities differ")?;
        if let Some(place) = &self.place {
            writeln!(text, "  here: {own}")?;
            writeln!(text, "  there: {place}")?;
            writeln!(
                text,
                "  each numbers its own activities; where one follows the other, it may be on its way: try again after its next run"
            )?;
        }
        for difference in &self.differences {
            let how = match difference.lacking() {
                Side::Neither => "differs".to_owned(),
                Side::First if self.place.is_some() => "not held here".to_owned(),
                Side::First => "not in the digest kept here".to_owned(),
                Side::Second => format!("not in {with}"),
            };
            writeln!(text, "  {how}: {difference}")?;
        }
        if let Some(Orphans { orphans, subjects }) = self.orphans.as_ref().filter(|o| o.orphans > 0)
        {
            writeln!(
                text,
                "  {orphans} triples belong to no entity; their subjects:"
            )?;
            for subject in subjects {
                writeln!(text, "    {subject}")?;
            }
        }
        Ok(())
    }
}

impl Verified {
    fn told(&self, common: &Common) -> Exit {
        let text = if common.json {
            serde_json::to_string(self).map(|text| text + "\n")
        } else {
            Ok(self.text())
        };
        let printed = match text {
            Ok(text) => out::print(&out::printable(&text)),
            Err(e) => out::complain(&format!("writing JSON: {e}"), Exit::Failed),
        };
        let well = self.checks.iter().all(Check::is_well);
        if printed == Exit::Ok && !well {
            return Exit::Differs;
        }
        printed
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} entities, sum {}\n",
            self.place, self.entities, self.sum
        );
        let holds = self.checks.first().is_none_or(Check::is_well);
        for check in &self.checks {
            let _ = check.tell(&self.place, holds, &mut text);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_not_what_its_digest_says_is_the_same_as_nobody() {
        let sum = crate::digest::hash("urn:1", "a");
        let check = |with: &str, place: Option<Place>, second: Option<Sum>| Check {
            with: with.to_owned(),
            place,
            entities: 1,
            differences: second
                .map(|second| Difference {
                    entity: "urn:1".to_owned(),
                    first: Some(sum),
                    second: Some(second),
                })
                .into_iter()
                .collect(),
            orphans: None,
        };
        let place = Place {
            generation: 1,
            seq: 1,
            published: None,
        };
        let text = |second| {
            let there = check("http://hub.example/", Some(place.clone()), None);
            Verified {
                place: place.clone(),
                entities: 1,
                sum,
                checks: vec![check("store", None, second), there],
            }
            .text()
        };
        assert!(text(None).ends_with("http://hub.example/: the same, 1 entities\n"));
        let changed = text(Some(crate::digest::hash("urn:1", "b")));
        assert!(changed.contains("differs: urn:1"), "{changed}");
        assert!(
            changed.ends_with("but the store here is not what it says\n"),
            "{changed}"
        );
    }
}
