//! Everything that was said, in memory as in its file. Start at [`Shelf::add`].

use super::{
    FeedbackError, FeedbackLimits, Held, Item, Judged, Row, Sent, Status, Taken,
    journal::{Journal, Line},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, HashMap},
    io,
    path::Path,
    sync::Arc,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What is kept of one thing that was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// `remark` in files of November 2026.
    #[serde(alias = "remark")]
    pub item: Item,
    #[serde(flatten)]
    pub private: Private,
    /// The Idempotency-Key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Names the request, byte for byte.
    request: String,
}

impl Kept {
    /// Without what was sent beside the item.
    pub fn without_words(self) -> Self {
        Self {
            item: self.item,
            private: Private::default(),
            key: None,
            request: String::new(),
        }
    }
}

/// What goes out at the operator's door alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Private {
    /// Where whoever sent it can be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub open: usize,
    pub accepted: usize,
    pub declined: usize,
}

pub(super) struct Shelf {
    journal: Journal,
    /// By number: the first is 1.
    items: Vec<Arc<Item>>,
    private: Vec<Private>,
    /// Sender and key -> number.
    keys: HashMap<(Option<String>, String), (u64, String)>,
    /// Sender and what was said -> number of the newest.
    contents: HashMap<[u8; 32], u64>,
    counts: Counts,
    /// Numbers of those that have changed since they were last published.
    changed: BTreeSet<u64>,
    revision: u64,
}

impl Shelf {
    pub fn open(data_dir: &Path, writes: bool) -> io::Result<Self> {
        let (journal, lines) = Journal::open(data_dir, writes)?;
        let mut shelf = Self {
            journal,
            items: Vec::new(),
            private: Vec::new(),
            keys: HashMap::new(),
            contents: HashMap::new(),
            counts: Counts::default(),
            changed: BTreeSet::new(),
            revision: 0,
        };
        for line in lines {
            let wrong = match line {
                Line::Sent(kept) if kept.item.id == shelf.items.len() as u64 + 1 => {
                    shelf.put(*kept);
                    continue;
                }
                Line::Sent(kept) => kept.item.id,
                Line::Judged { id, judged } => match shelf.settle(id, judged) {
                    Some(_) => continue,
                    None => id,
                },
            };
            let text = format!("the file of feedback has number {wrong} where it does not belong");
            return Err(io::Error::other(text));
        }
        Ok(shelf)
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The same that was sent before: under the same key, or the same words while they wait.
    pub fn before(
        &self,
        sender: Option<&str>,
        key: Option<&str>,
        request: &str,
    ) -> Result<Option<Taken>, FeedbackError> {
        let Some(key) = key else { return Ok(None) };
        let name = (sender.map(str::to_owned), key.to_owned());
        match self.keys.get(&name) {
            Some((_, before)) if before != request => Err(FeedbackError::KeyUsed),
            Some((id, _)) => Ok(self.get(*id).map(|item| Taken {
                item,
                again: true,
                replayed: true,
            })),
            None => Ok(None),
        }
    }

    /// Keeps something new; what is open already word for word is not kept again.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that is known of one request"
    )]
    pub fn add(
        &mut self,
        sender: Option<String>,
        sent: Sent,
        held: Held,
        key: Option<String>,
        request: &str,
        now_ms: i64,
        limits: &FeedbackLimits,
    ) -> Result<Taken, FeedbackError> {
        if !self.journal.writes() {
            return Err(FeedbackError::ReadOnly);
        }
        let private = Private {
            contact: sent.contact,
        };
        let item = Item {
            id: self.items.len() as u64 + 1,
            at_ms: now_ms,
            sender,
            said: sent.said.published_as(held.kept),
            publishers: held.publishers,
            sources: held.sources,
            judged: None,
        };
        let same = self
            .contents
            .get(&content(&item))
            .and_then(|id| self.get(*id));
        if let Some(item) = same.filter(|same| key.is_none() && same.status() == Status::Open) {
            return Ok(Taken {
                item,
                again: true,
                replayed: false,
            });
        }
        if self.counts.open >= limits.open_max || self.journal.bytes() >= limits.kept_bytes_max {
            return Err(FeedbackError::Full);
        }
        let kept = Kept {
            item,
            private,
            key,
            request: request.to_owned(),
        };
        self.write(&Line::Sent(Box::new(kept.clone())))?;
        Ok(Taken {
            item: self.put(kept),
            again: false,
            replayed: false,
        })
    }

    /// Keeps a decision; the last one counts.
    pub fn judge(&mut self, id: u64, judged: Judged) -> Result<Arc<Item>, FeedbackError> {
        if self.get(id).is_none() {
            return Err(FeedbackError::Unknown(id));
        }
        self.write(&Line::Judged {
            id,
            judged: judged.clone(),
        })?;
        self.settle(id, judged).ok_or(FeedbackError::Unknown(id))
    }

    /// Refuses a centre that has sent enough today.
    pub fn room_today(&self, centre: &str, now_ms: i64, most: usize) -> Result<(), FeedbackError> {
        let today = now_ms.div_euclid(DAY_MS) * DAY_MS;
        let sent = self
            .items
            .iter()
            .rev()
            .take_while(|item| item.at_ms >= today);
        let own = sent.filter(|item| item.sender.as_deref() == Some(centre));
        if own.take(most).count() < most {
            return Ok(());
        }
        let left_ms = today + DAY_MS - now_ms;
        Err(FeedbackError::TooMany {
            whose: "this source",
            retry_after_s: u32::try_from(left_ms / 1_000 + 1).unwrap_or(u32::MAX),
        })
    }

    fn write(&mut self, line: &Line) -> Result<(), FeedbackError> {
        if !self.journal.writes() {
            return Err(FeedbackError::ReadOnly);
        }
        let written = self.journal.append(line);
        written.map_err(|e| FeedbackError::Failed(format!("keeping feedback: {e}")))
    }

    fn put(&mut self, kept: Kept) -> Arc<Item> {
        let item = Arc::new(kept.item);
        if let Some(key) = kept.key {
            let name = (item.sender.clone(), key);
            self.keys.insert(name, (item.id, kept.request));
        }
        self.contents.insert(content(&item), item.id);
        self.counts.open += 1;
        self.items.push(item.clone());
        self.private.push(kept.private);
        self.touch(item.id);
        item
    }

    fn settle(&mut self, id: u64, judged: Judged) -> Option<Arc<Item>> {
        let at = usize::try_from(id).ok()?.checked_sub(1)?;
        let before = self.items.get(at)?.clone();
        let mut item = (*before).clone();
        item.judged = Some(judged);
        let item = Arc::new(item);
        *self.counts.of(before.status()) -= 1;
        *self.counts.of(item.status()) += 1;
        self.items[at] = item.clone();
        self.touch(id);
        Some(item)
    }

    fn touch(&mut self, id: u64) {
        self.changed.insert(id);
        self.revision += 1;
    }

    pub fn get(&self, id: u64) -> Option<Arc<Item>> {
        let at = usize::try_from(id).ok()?.checked_sub(1)?;
        self.items.get(at).cloned()
    }

    pub fn private(&self, id: u64) -> Option<Private> {
        let at = usize::try_from(id).ok()?.checked_sub(1)?;
        self.private.get(at).cloned()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Item>> {
        self.items.iter()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Those that have changed since the last time.
    pub fn changed(&mut self) -> Vec<Arc<Item>> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|id| self.get(id)).collect()
    }

    pub fn unpublished(&mut self, items: &[Arc<Item>]) {
        self.changed.extend(items.iter().map(|item| item.id));
    }

    /// Says in the metrics how much waits.
    pub fn tell(&self) {
        for status in Status::ALL {
            let count = self.counts.clone().of(status).to_owned();
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            metrics::gauge!("harvestd_feedback_items", "status" => status.word()).set(count);
        }
    }
}

impl Counts {
    fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Open => &mut self.open,
            Status::Accepted => &mut self.accepted,
            Status::Declined => &mut self.declined,
        }
    }
}

/// Names what was said by whom.
fn content(item: &Item) -> [u8; 32] {
    let said = serde_json::to_vec(&(&item.sender, &item.said)).unwrap_or_default();
    blake3::hash(&said).into()
}

impl Row {
    pub(super) fn new(key: &str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}
