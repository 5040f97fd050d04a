//! Whom a run asks: the source over the network, or the answers kept of it.

use super::{Rooms, RunError};
use crate::answers::Kept;
use crate::config::Source;
use crate::diagnosis::Symptom;
use crate::network::{Asked, Spooled, Validators};
use harvestd_harvesters::Request;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// The questions of a run, in order, each asked once.
pub struct Questions {
    waiting: VecDeque<Request>,
    kept: VecDeque<Kept>,
    replay: bool,
    asked: HashSet<blake3::Hash>,
    bodies: HashSet<[u8; 32]>,
    /// What makes the first question conditional, by URL.
    pub validators: BTreeMap<String, Validators>,
    pub new_validators: BTreeMap<String, Validators>,
    requests_max: u64,
    pub(super) sent: AtomicU64,
    /// The source asked us to come back no earlier than after this.
    pub retry_after: Option<std::time::Duration>,
    /// Asking ended in an error of the network that may pass.
    pub may_pass: bool,
    /// What the asking ended in, where it did not come to its end.
    pub symptom: Option<Symptom>,
    /// The source has failed for long: its first question is asked once, and the others only where that is answered.
    pub canary: bool,
    /// Answers that a run before had when it was killed or broke off, by question.
    left: HashMap<blake3::Hash, Kept>,
    /// Each stands whatever became of the others, as the pages of a feed do.
    apart: bool,
    /// How many of them were taken.
    pub resumed: u64,
    /// How many of these without asking whether they are still so.
    unasked: u64,
}

impl Questions {
    /// Is this a page of records that came before under another address? Then the pages lead in a circle.
    pub fn came_before(&mut self, page: [u8; 32]) -> bool {
        !self.bodies.insert(page)
    }

    pub fn of_source(
        first: Vec<Request>,
        validators: BTreeMap<String, Validators>,
        requests_max: u64,
    ) -> Self {
        Self {
            waiting: first.into(),
            kept: VecDeque::new(),
            replay: false,
            asked: HashSet::new(),
            bodies: HashSet::new(),
            validators,
            new_validators: BTreeMap::new(),
            requests_max,
            sent: AtomicU64::new(0),
            retry_after: None,
            may_pass: false,
            symptom: None,
            canary: false,
            left: HashMap::new(),
            apart: false,
            resumed: 0,
            unasked: 0,
        }
    }

    /// The same, going on from what an earlier run was answered. `feed`: what the source says first tells which of its pages
    /// count, and is asked for anew; else what comes after an answer that is not the earlier run's is asked for as well.
    pub fn going_on(mut self, answers: Vec<Kept>, feed: bool) -> Self {
        let named = answers.into_iter();
        self.left = named
            .map(|kept| (digest_of(&kept.head.request), kept))
            .collect();
        self.apart = feed;
        if feed {
            for first in &self.waiting {
                self.left.remove(&digest_of(first));
            }
        }
        self
    }

    /// Are there pages among the answers that may not fit the others, since the source was asked for them by an earlier
    /// run?
    pub fn is_of_two_runs(&self) -> bool {
        self.unasked > 0 && self.asked.len() > 1
    }

    pub fn of_kept(kept: Vec<Kept>) -> Self {
        Self {
            kept: kept.into(),
            replay: true,
            ..Self::of_source(Vec::new(), BTreeMap::new(), u64::MAX)
        }
    }

    /// The answer to the first question is there, and there is no further question.
    pub fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The first of the questions that wait, which is then not asked.
    pub fn first(&mut self) -> Option<Request> {
        self.waiting.pop_front()
    }

    /// HTTP requests sent so far, retries and redirects included.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Further questions; the kept answers hold the answers to theirs already.
    pub fn add(&mut self, questions: Vec<Request>) {
        if !self.replay {
            self.waiting.extend(questions);
        }
    }

    /// Further questions that go before those that wait, each address once.
    pub fn add_before(&mut self, questions: Vec<Request>) {
        for question in questions.into_iter().rev() {
            let waits = |other: &Request| other.url == question.url;
            if !self.asked.contains(&digest_of(&question)) && !self.waiting.iter().any(waits) {
                self.waiting.push_front(question);
            }
        }
    }

    /// Asks the next question; None when there is none left. An `Err` text is the trouble that ends the asking.
    pub async fn ask(
        &mut self,
        rooms: &Rooms,
        source: &Source,
    ) -> Result<Option<(Request, Result<Asked, String>)>, RunError> {
        if self.replay {
            let Some(kept) = self.kept.pop_front() else {
                return Ok(None);
            };
            let spooled = kept
                .spool(&rooms.spool_dir)
                .map_err(RunError::io("reading a kept answer"))?;
            return Ok(Some((kept.head.request, Ok(Asked::Answer(spooled)))));
        }
        let Some(request) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let canary = self.canary && self.asked.is_empty();
        if let Some(trouble) = self.is_loop(&request) {
            return Ok(Some((request, Err(trouble))));
        }
        let left = self.left_answer(rooms, &request);
        let known = left.as_ref().map(|left| left.validators.clone());
        let known = known.filter(|v| request.conditional && *v != Validators::default());
        let left = match (left, &known) {
            // Nobody can say whether it is still so: it is what the pages after it go on from.
            (Some(spooled), None) => {
                self.resumed += 1;
                self.unasked += 1;
                let asked = self.looked_at(&request, Asked::Answer(spooled));
                return Ok(Some((request, asked)));
            }
            (left, _) => left,
        };
        let validators = self
            .validators
            .get(request.url.as_str())
            .filter(|_| request.conditional);
        let validators = known.as_ref().or(validators);
        let once = canary.then(|| asked_once(source));
        let source = once.as_ref().unwrap_or(source);
        let asked = rooms
            .network
            .ask_counted(source, &request, validators, &rooms.spool_dir, &self.sent)
            .await;
        let asked = asked
            .inspect_err(|e| {
                self.retry_after = e.retry_after;
                self.may_pass = e.kind.may_pass();
                self.symptom = Some(Symptom::Network(e.clone()));
            })
            .map_err(|e| e.to_string())
            .map(|asked| match (asked, left) {
                (Asked::NotModified, Some(spooled)) => {
                    self.resumed += 1;
                    Asked::Answer(spooled)
                }
                (asked, _) => {
                    self.leave_the_way();
                    asked
                }
            })
            .and_then(|asked| self.looked_at(&request, asked));
        Ok(Some((request, asked)))
    }

    /// The source has answered something else than it did: what the earlier run was answered after it does not fit.
    fn leave_the_way(&mut self) {
        if !self.apart {
            self.left.clear();
        }
    }

    /// What an earlier run was answered, if it is whole.
    fn left_answer(&mut self, rooms: &Rooms, request: &Request) -> Option<Spooled> {
        let kept = self.left.remove(&digest_of(request))?;
        let spooled = kept.spool_whole(&rooms.spool_dir);
        spooled
            .inspect_err(|error| {
                let url = crate::network::redact(&request.url);
                tracing::info!(url, %error, "an answer that an interrupted run had is asked for again");
            })
            .ok()
    }

    fn is_loop(&mut self, request: &Request) -> Option<String> {
        let url = crate::network::redact(&request.url);
        if !self.asked.insert(digest_of(request)) {
            self.symptom = Some(Symptom::Circle { url: url.clone() });
            return Some(format!("paging loop: {url} was asked before in this run"));
        }
        (self.asked.len() as u64 > self.requests_max).then(|| {
            format!(
                "more than {} requests in one run (limits.requests_per_run_max), last {url}",
                self.requests_max
            )
        })
    }

    fn looked_at(&mut self, request: &Request, asked: Asked) -> Result<Asked, String> {
        if let Asked::Answer(spooled) = &asked
            && request.conditional
            && spooled.validators != Validators::default()
        {
            self.new_validators
                .insert(request.url.to_string(), spooled.validators.clone());
        }
        Ok(asked)
    }
}

/// The source, without a second try.
fn asked_once(source: &Source) -> Source {
    let mut once = source.clone();
    once.network.limits.tries_max = 1;
    once
}

/// What makes two questions the same.
fn digest_of(request: &Request) -> blake3::Hash {
    let body = request.post.as_ref().map_or("", |post| post.body.as_str());
    let mut hasher = blake3::Hasher::new();
    hasher.update(request.url.as_str().as_bytes());
    hasher.update(body.as_bytes());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::answers::Answers;
    use url::Url;

    fn request(page: usize) -> Request {
        let url = Url::parse(&format!("http://127.0.0.1/{page}")).unwrap();
        Request::get(url, "*/*")
    }

    #[test]
    fn a_feed_says_anew_which_of_its_pages_count() {
        let dir = tempfile::tempdir().unwrap();
        let answers = Answers::new(dir.path());
        let mut keeping = answers.begin("s", "100-s", true, 100).unwrap();
        for page in 0..3 {
            let spooled = Spooled {
                file: tempfile::NamedTempFile::new_in(dir.path()).unwrap(),
                status: 200,
                url: request(page).url,
                media_type: None,
                charset: None,
                link_next: None,
                validators: Validators::default(),
                bytes: 0,
                had_bytes: 0,
                hash: *blake3::hash(b"").as_bytes(),
                framed: true,
            };
            keeping.keep(&request(page), &spooled).unwrap();
        }
        keeping.leave(false).unwrap();
        // How many are gone on with: at first, and when a page has been asked for.
        for (feed, expected) in [(false, (3, 0)), (true, (2, 2))] {
            let left = answers.left("s", None, 0).unwrap().answers;
            let asked = Questions::of_source(vec![request(0)], BTreeMap::new(), 10);
            let mut questions = asked.going_on(left, feed);
            let first = questions.left.len();
            questions.leave_the_way();
            assert_eq!((first, questions.left.len()), expected, "{feed}");
        }
    }
}
