//! What the doors that list datasets stand on: the log remembered up to the newest snapshot, and the descriptions of some
//! datasets in it.
//!
//! 2026-11: the memory is made when somebody first asks (a log of 55,000 datasets is read in some seconds), goes on from
//! there with each snapshot, and is never written: the log is at hand. Start at [`House::chronicle`].

use super::{
    House,
    pool::{self, Piece},
    problem::Problem,
    wire::{Described, Question, Unlogged},
};
use crate::{
    chronicle::Chronicle,
    log::{Activity, Log, Verb},
    snapshot::Published,
};
use serde::de::DeserializeOwned;
use std::{io, sync::Arc};
use tokio::sync::Mutex;

/// What is remembered, for all doors of a house.
pub type Remembered = Arc<Mutex<Option<Arc<Chronicle>>>>;

impl House {
    /// The newest snapshot and all that led to it. Who comes while the log is read waits for the same reading.
    pub(crate) async fn chronicle(&self) -> Result<(Arc<Published>, Arc<Chronicle>), Problem> {
        let mut remembered = self.remembered.lock().await;
        let snapshot = self.snapshot()?;
        let of_this_log = |known: &&Arc<Chronicle>| {
            known.generation == snapshot.generation && known.seq <= snapshot.seq
        };
        let known = remembered.as_ref().filter(of_this_log);
        if let Some(known) = known.filter(|known| known.seq == snapshot.seq) {
            return Ok((snapshot, Arc::clone(known)));
        }
        let log = Log::at(self.config.data_dir.join("log"), self.base());
        let (looked_at, generation) = (log.clone(), snapshot.generation);
        let begins = tokio::task::spawn_blocking(move || looked_at.begins(generation)).await;
        let begins = begins.map_err(io::Error::other).flatten();
        let begins = begins.map_err(unreadable)?.unwrap_or(snapshot.seq + 1);
        let known = match known.filter(|known| known.seq + 1 >= begins) {
            Some(known) => Arc::clone(known),
            None => Arc::new(self.before(&snapshot, begins).await?),
        };
        let up_to = Arc::clone(&snapshot);
        let read = tokio::task::spawn_blocking(move || read_on(&known, &log, &up_to));
        let chronicle = read.await.map_err(io::Error::other).flatten();
        let chronicle = Arc::new(chronicle.map_err(unreadable)?);
        *remembered = Some(Arc::clone(&chronicle));
        Ok((snapshot, chronicle))
    }

    /// What is left of the time before the log begins: the datasets that have not changed since.
    async fn before(&self, snapshot: &Arc<Published>, begins: u64) -> Result<Chronicle, Problem> {
        let mut chronicle = Chronicle::new(self.base(), snapshot.generation);
        if begins > 1 {
            let question = Question::Unlogged {
                snapshot: snapshot.path.clone(),
                base: self.base().to_owned(),
                generation: snapshot.generation,
                before: begins,
            };
            let mut all: Vec<Unlogged> = self.lines(question, snapshot).await?;
            all.sort_by_key(|unlogged| unlogged.seq);
            for unlogged in all {
                chronicle.apply(&Activity {
                    seq: unlogged.seq,
                    verb: Verb::Create,
                    entity: unlogged.entity,
                    published_us: unlogged.published_us,
                    body: unlogged.body,
                });
            }
        }
        chronicle.seq = begins - 1;
        Ok(chronicle)
    }

    /// The descriptions of these datasets in the snapshot, each with its IRI, in their order.
    pub(crate) async fn descriptions(
        &self,
        snapshot: &Arc<Published>,
        iris: Vec<String>,
    ) -> Result<Vec<(String, Described)>, Problem> {
        if iris.is_empty() {
            return Ok(Vec::new());
        }
        let question = Question::Told {
            snapshot: snapshot.path.clone(),
            iris: iris.clone(),
        };
        let described: Vec<Described> = self.lines(question, snapshot).await?;
        Ok(iris.into_iter().zip(described).collect())
    }

    /// The entity that is told of under an IRI of ours. None: there is none.
    pub(crate) async fn whose(
        &self,
        snapshot: &Arc<Published>,
        iri: &str,
    ) -> Result<Option<String>, Problem> {
        let question = Question::Whose {
            snapshot: snapshot.path.clone(),
            iri: iri.to_owned(),
            base: self.base().to_owned(),
        };
        let found: Vec<Option<String>> = self.lines(question, snapshot).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// The answer of a reader that is a line of JSON for each thing.
    async fn lines<T: DeserializeOwned>(
        &self,
        question: Question,
        snapshot: &Arc<Published>,
    ) -> Result<Vec<T>, Problem> {
        let answer = self.readers.ask(question, snapshot).await?;
        let bytes = match answer.body {
            pool::Body::Whole(bytes) => bytes.to_vec(),
            pool::Body::Stream(mut pieces) => {
                let mut bytes = Vec::new();
                loop {
                    match pieces.recv().await {
                        Some(Piece::Bytes(piece)) => bytes.extend_from_slice(&piece),
                        Some(Piece::End) => break bytes,
                        None => return Err(Problem::internal()),
                    }
                }
            }
        };
        let lines = serde_json::Deserializer::from_slice(&bytes).into_iter();
        lines
            .collect::<Result<_, _>>()
            .map_err(|_| Problem::internal())
    }
}

fn read_on(known: &Chronicle, log: &Log, up_to: &Published) -> io::Result<Chronicle> {
    let mut chronicle = known.clone();
    if chronicle.seq < up_to.seq {
        for activity in log.after(chronicle.generation, chronicle.seq, up_to.seq)? {
            chronicle.apply(&activity?);
        }
    }
    Ok(chronicle)
}

fn unreadable(error: io::Error) -> Problem {
    tracing::error!(%error, "the change log could not be read");
    Problem::internal()
}
