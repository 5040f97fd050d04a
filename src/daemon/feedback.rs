//! Feedback at work: what the operator decides of it, and how it becomes visible in SPARQL.
//!
//! Accepting a correction writes it as an override, puts that in force as a reload would, and then notes the decision: a
//! kill in between leaves the correction in force and the feedback open, and accepting it again comes to the same. Start
//! at [`Daemon::judged`].

use super::Daemon;
use crate::config::Config;
use crate::feedback::{
    FeedbackError, Item, Judged, Verdict, Wanted, correction, draft, meant, rdf, values_of,
};
use crate::overrides::{self, Override, Overrides, Standing, State};
use crate::run::{RunError, now_ms};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

impl Daemon {
    /// Does with an item what the operator wants. Waits for a commit under way: never on a thread that others need.
    pub(super) fn judged(&self, id: u64, wanted: &Wanted) -> Result<Arc<Item>, FeedbackError> {
        if !self.purpose.writes() {
            return Err(FeedbackError::ReadOnly);
        }
        let _turn = self.turn.blocking_lock();
        let item = self.feedback.get(id).ok_or(FeedbackError::Unknown(id))?;
        let config = self.config();
        may_be_judged(&item, &config)?;
        let judged = match wanted {
            Wanted::Decline { who, why, withhold } => declined(who, why, *withhold)?,
            Wanted::Accept {
                who,
                why,
                property,
                lang,
                set,
            } => {
                let meant = meant(&item.said, property.as_ref(), lang.as_ref(), set.as_ref());
                let why = reason(&item, why, &config);
                let corrected_by = match meant {
                    Some(said) => self.correct_by(&config, &said, who, &why)?,
                    None if property.is_some() || lang.is_some() => {
                        let text =
                            "a property without the value that it should have: say `set` as well";
                        return Err(FeedbackError::Conflict(text.to_owned()));
                    }
                    None => None,
                };
                accepted(who, &why, corrected_by)
            }
        };
        crate::crash_point!("feedback-judge");
        let (verdict, made) = (judged.verdict, judged.corrected_by.clone());
        let item = self.feedback.judge(id, judged)?;
        tracing::info!(
            id,
            ?verdict,
            correction = made,
            "feedback was judged by hand"
        );
        Ok(item)
    }

    /// Writes the override and puts it in force. None: the source says so by now, and nothing is to be corrected.
    fn correct_by(
        &self,
        config: &Config,
        said: &crate::feedback::Said,
        who: &str,
        why: &str,
    ) -> Result<Option<String>, FeedbackError> {
        let dir = &config.overrides_dir;
        if dir.as_os_str().is_empty() {
            let text = "the configuration is part of the program, so no file of corrections would be read: start with --config";
            return Err(FeedbackError::Conflict(text.to_owned()));
        }
        let mut draft = draft(said, who, why, chrono::Utc::now().date_naive());
        let mut made = correction(draft.clone(), String::new())?;
        let standing = self.standing(&made)?;
        if said.found.is_none() {
            draft.expect = values_of(&standing.found, draft.lang.as_deref());
        }
        match standing.state {
            State::Fulfilled => return Ok(None),
            State::Unplaced => {
                let note = standing.note.unwrap_or_default();
                return Err(FeedbackError::Conflict(note));
            }
            State::Applied | State::Drifted | State::Absent => {}
        }
        let file = dir.join(format!("{}.toml", made.id()));
        made = correction(draft, format!("{}:1:1", file.display()))?;
        let all = with(&config.overrides, &made, &file)?;
        let before = std::fs::read(&file).ok();
        let io = |doing: &str, e: std::io::Error| {
            FeedbackError::Failed(format!("{doing} {}: {e}", file.display()))
        };
        overrides::write(dir, &made).map_err(|e| io("writing", e))?;
        crate::crash_point!("feedback-override");
        if let Err(error) = self.correct_to(all.into()) {
            let undone = match before {
                Some(bytes) => std::fs::write(&file, bytes),
                None => std::fs::remove_file(&file),
            };
            undone.map_err(|e| io("taking back", e))?;
            return Err(failed(error));
        }
        Ok(Some(made.id()))
    }

    /// How a correction would stand.
    fn standing(&self, of: &Override) -> Result<Standing, FeedbackError> {
        let mut alone = Overrides::default();
        // The first one meets no other.
        let _ = alone.add(of.clone());
        let writer = self.rooms.writer().map_err(failed)?;
        let standings = writer.store.standings(&alone);
        let mut standings = standings.map_err(|e| failed(e.into()))?;
        Ok(standings
            .remove(&of.id())
            .unwrap_or_else(|| overrides::absent(of)))
    }

    /// Makes visible what is said and decided, until the daemon stops.
    pub(super) async fn publish_feedback(self: Arc<Self>) {
        let mut changed = self.feedback.watch();
        changed.mark_changed();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                told = changed.changed() => if told.is_err() { return },
            }
            let wait = Duration::from_millis(self.feedback.limits().publish_every_ms);
            tokio::select! {
                // What is kept is published at the next start.
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            changed.mark_unchanged();
            let daemon = self.clone();
            let published = tokio::task::spawn_blocking(move || daemon.publish_changed()).await;
            let error = match published {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => panic.to_string(),
            };
            tracing::error!(error, "feedback is kept, and could not be published");
        }
    }

    fn publish_changed(&self) -> Result<(), RunError> {
        let changed = self.feedback.changed();
        if changed.is_empty() {
            return Ok(());
        }
        let published = self.publish_these(&changed);
        if published.is_err() {
            self.feedback.unpublished(&changed);
        }
        published
    }

    fn publish_these(&self, changed: &[Arc<Item>]) -> Result<(), RunError> {
        let writer = &mut *self.rooms.writer()?;
        let base = writer.store.base().to_owned();
        let iris: Vec<String> = changed.iter().map(|item| item.iri(&base)).collect();
        let said = changed.iter().flat_map(|item| rdf::quads(&base, item));
        writer.store.set_feedback(Some(&iris), said.collect())?;
        writer.publish()
    }
}

/// What is decided stays so while its correction is in force.
fn may_be_judged(item: &Item, config: &Config) -> Result<(), FeedbackError> {
    let Some(judged) = &item.judged else {
        return Ok(());
    };
    let in_force = |id: &String| {
        let mut all = config.overrides.iter();
        all.find(|o| o.id() == *id).map(|o| o.at().to_owned())
    };
    if let Some(at) = judged.corrected_by.as_ref().and_then(in_force) {
        let text =
            format!("it was accepted, and its correction is in force ({at}): take that out first");
        return Err(FeedbackError::Conflict(text));
    }
    Ok(())
}

fn declined(who: &str, why: &str, withheld: bool) -> Result<Judged, FeedbackError> {
    if why.trim().is_empty() {
        let text = "say why: whoever sent it will read it";
        return Err(FeedbackError::Conflict(text.to_owned()));
    }
    Ok(Judged {
        verdict: Verdict::Declined,
        who: who.to_owned(),
        why: why.trim().to_owned(),
        at_ms: now_ms(),
        corrected_by: None,
        withheld,
    })
}

fn accepted(who: &str, why: &str, corrected_by: Option<String>) -> Judged {
    Judged {
        verdict: Verdict::Accepted,
        who: who.to_owned(),
        why: why.to_owned(),
        at_ms: now_ms(),
        corrected_by,
        withheld: false,
    }
}

/// Why a correction is made: the operator's words, and whose it was.
fn reason(item: &Item, why: &str, config: &Config) -> String {
    let said = &item.said;
    let who = said
        .who
        .as_deref()
        .or(item.sender.as_deref())
        .unwrap_or("somebody");
    let iri = item.iri(config.public_url.as_str());
    let words = match why.trim() {
        "" => said.text.as_deref().unwrap_or("as proposed"),
        why => why,
    };
    format!("{words} (feedback of {who}: {iri})")
}

/// The corrections that are in force and this one, in the place of one that was written before as this file.
fn with(all: &Overrides, made: &Override, file: &Path) -> Result<Overrides, FeedbackError> {
    let replaced = |o: &&Override| {
        let at: Option<PathBuf> = o.at().rsplitn(3, ':').nth(2).map(PathBuf::from);
        o.id() == made.id()
            && at
                .as_deref()
                .is_some_and(|at| at.file_name() == file.file_name())
    };
    let mut with = Overrides::default();
    for o in all.iter().filter(|o| !replaced(o)) {
        // They went together before.
        let _ = with.add(o.clone());
    }
    with.add(made.clone()).map_err(|at| {
        let text = format!("{at} corrects the same values already: change that one");
        FeedbackError::Conflict(text)
    })?;
    Ok(with)
}

fn failed(error: RunError) -> FeedbackError {
    FeedbackError::Failed(error.to_string())
}
