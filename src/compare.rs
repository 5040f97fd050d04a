//! What a run has seen against what it had: the raw bytes' hash first, so that an unchanged record is never described.
//!
//! [`Intake`] is where a connector's `read` puts what it finds. It asks nothing and writes nothing.

mod loose;
mod pieces;
mod versions;

pub use pieces::Pieces;

use crate::describe::Describers;
use crate::report::{Account, Counts, Fate, RefusedRow, Row, Section};
use crate::run::Progress;
use crate::state::{Had, digest, id_digest, part_name};
use harvestd_harvesters::{
    Bookmark, Completeness, Location, Page, PartName, Record, RecordId, Request, Stop,
};
use harvestd_vocab::{Class, Refusal};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::ControlFlow,
};

/// Longest key of a record in bytes.
const KEY_BYTES_MAX: usize = 2_000;

/// Everything the answers of a run say, as far as it is not staged.
pub struct Intake {
    pub had: Had,
    pub describers: Describers,
    pub said: Said,
    /// Answers come newest run first, so what was seen is newer than what comes.
    pub replay: bool,
    /// Rows that the report shows as examples.
    examples_max: usize,
    /// For a source whose records come in parts.
    pub pieces: Option<Pieces>,
    /// Digest of each key that came with a time -> the latest time, in microseconds since 1970.
    versions: std::collections::HashMap<[u8; 16], i64>,
    /// Digest of each record of this run -> digest of its bytes.
    seen: std::collections::HashMap<[u8; 16], [u8; 16]>,
    gone: HashSet<[u8; 16]>,
}

/// What was said besides records.
#[derive(Debug, Default)]
pub struct Said {
    pub datasets: Counts,
    pub referents: Counts,
    /// The first ones.
    pub refused: Vec<RefusedRow>,
    /// The rows of the account that reading comes to.
    pub rows: Section,
    /// Refused records whose key could not be read.
    pub refused_nameless: u64,
    /// The first remarks of each kind.
    pub noticed: Vec<(String, String)>,
    pub questions: Vec<Request>,
    pub proof: Option<Completeness>,
    pub bookmark: Option<Bookmark>,
    /// Records that the source withdrew.
    pub withdrawn: Vec<RecordId>,
    /// Distinct datasets seen, refused ones with a key included.
    pub distinct: u64,
    /// How many parts of each name came.
    pub parts: BTreeMap<String, u64>,
    /// What a feed says of itself: another harvestd's, whose bodies are kept as they come. None: nothing yet.
    pub mirrors: Option<bool>,
    /// The address that the feed names for who waits for news of it.
    pub listens: Option<url::Url>,
    /// Keeping what came failed: the run ends.
    pub broken: Option<std::io::Error>,
}

impl Said {
    /// The counts of datasets, or of other records.
    pub fn count(&mut self, class: Class) -> &mut Counts {
        if class == Class::Dataset {
            &mut self.datasets
        } else {
            &mut self.referents
        }
    }
}

impl Intake {
    pub fn new(had: Had, describers: Describers, replay: bool, account: &Account) -> Self {
        let said = Said {
            rows: account.section(),
            ..Said::default()
        };
        Self {
            had,
            describers,
            said,
            replay,
            examples_max: account.examples_max,
            pieces: None,
            versions: std::collections::HashMap::new(),
            seen: std::collections::HashMap::new(),
            gone: HashSet::new(),
        }
    }

    /// The source says that nothing has changed: everything held is seen, but for what it did not name before either, and
    /// which a person `kept`.
    pub fn not_modified(&mut self, kept: &BTreeSet<RecordId>) {
        for known in self.had.records.values_mut() {
            known.seen = true;
        }
        let mut datasets = self.had.datasets;
        for id in kept {
            if let Some(known) = self.had.records.get_mut(&id_digest(id)) {
                known.seen = false;
                datasets -= u64::from(id.class == Class::Dataset);
            }
        }
        self.said.datasets.received = datasets;
        self.said.datasets.unchanged = datasets;
        self.said.distinct = datasets;
        self.said.proof = Some(Completeness::ClosedDocument);
    }

    /// A page of a feed is as it was when it was read: it has nothing new. Other pages may have.
    pub fn no_changes(&mut self) {
        self.said.proof.get_or_insert(Completeness::Changes);
    }

    fn counts(&mut self, class: Class) -> &mut Counts {
        self.said.count(class)
    }

    fn see(&mut self, name: [u8; 16], class: Class) {
        if let Some(known) = self.had.records.get_mut(&name) {
            known.seen = true;
        }
        self.said.distinct += u64::from(class == Class::Dataset);
    }

    /// The same record once more in this run: the first one counts.
    fn again(&mut self, id: &RecordId, differs: bool) {
        if self.replay {
            return;
        }
        if id.class == Class::Dataset {
            self.said.datasets.received += 1;
            self.said.datasets.duplicate += 1;
            self.said.rows.push(&Row::duplicate(id));
            self.show(
                "duplicate-identifier",
                format!("{id} came more than once in this run; the first one counts"),
            );
        } else if differs {
            self.notice(
                "referent-differs",
                format!("{id} is described differently in one run; the first one counts"),
            );
        }
    }

    /// Takes a remark into the account.
    pub fn notice(&mut self, code: &str, text: String) {
        self.said.rows.push(&Row::remark(code, &text));
        self.show(code, text);
    }

    /// Shows a remark, of which the account has a row, in the report itself: not more of one kind than leave room for others.
    fn show(&mut self, code: &str, text: String) {
        const OF_A_KIND_MAX: usize = 20;
        let noticed = &mut self.said.noticed;
        let of_this = noticed.iter().filter(|(known, _)| known == code).count();
        if noticed.len() < self.examples_max && of_this < OF_A_KIND_MAX {
            noticed.push((code.to_owned(), text));
        }
    }
}

fn bad_identifier(key: &str) -> Refusal {
    let expected = format!("1 to {KEY_BYTES_MAX} bytes");
    Refusal::new("bad-identifier", "identifier", key, expected)
}

/// Lends an intake to a connector for one answer, and shows its progress.
pub struct Reading<'a> {
    pub intake: &'a mut Intake,
    pub progress: &'a Progress,
}

impl Page for Reading<'_> {
    fn part(&mut self, id: RecordId, part: PartName, raw: &[u8]) -> ControlFlow<Stop> {
        if id.key.is_empty() || id.key.len() > KEY_BYTES_MAX {
            return self.refused(Location::default(), bad_identifier(&id.key));
        }
        let intake = &mut *self.intake;
        let (name, hash) = (id_digest(&id), digest(raw));
        if intake.pieces.as_ref().is_some_and(|p| p.knows(part)) {
            let class = id.class;
            match intake.piece(id, name, part, raw, hash) {
                Ok(true) => self.progress.received(class),
                Ok(false) => {}
                Err(error) => {
                    intake.said.broken = Some(error);
                    return ControlFlow::Break(Stop);
                }
            }
            return self.progress.flow();
        }
        if let Some(before) = intake.seen.get(&name) {
            let differs = *before != hash;
            intake.again(&id, differs);
            return self.progress.flow();
        }
        if intake.gone.contains(&name) {
            return self.progress.flow();
        }
        intake.seen.insert(name, hash);
        intake.see(name, id.class);
        intake.counts(id.class).received += 1;
        self.progress.received(id.class);
        let key = part_name(part);
        let same = intake
            .had
            .records
            .get(&name)
            .is_some_and(|known| known.parts.contains(&(key, hash)));
        if same {
            intake.counts(id.class).unchanged += 1;
        } else {
            intake.describers.push(
                Record {
                    id,
                    parts: vec![(part, raw.to_vec())],
                },
                vec![(key, hash)],
            );
        }
        self.progress.flow()
    }

    fn gone(&mut self, id: RecordId) -> ControlFlow<Stop> {
        let name = id_digest(&id);
        let intake = &mut *self.intake;
        if intake.seen.contains_key(&name) || !intake.gone.insert(name) {
            return self.progress.flow();
        }
        if let Some(known) = intake.had.records.get_mut(&name) {
            known.seen = true;
            intake.counts(id.class).gone += 1;
            if !intake.replay {
                intake.said.withdrawn.push(id);
            }
        }
        self.progress.flow()
    }

    fn part_at(
        &mut self,
        id: RecordId,
        part: PartName,
        raw: &[u8],
        time_us: i64,
    ) -> ControlFlow<Stop> {
        self.version(id, part, raw, time_us)
    }

    fn gone_at(&mut self, id: RecordId, time_us: i64) -> ControlFlow<Stop> {
        if let Err(error) = self.intake.version_gone(id, time_us) {
            self.intake.said.broken = Some(error);
            return ControlFlow::Break(Stop);
        }
        self.progress.flow()
    }

    fn piece_at(&mut self, key: &str, raw: Option<&[u8]>, time_us: i64) -> ControlFlow<Stop> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return self.refused(Location::default(), bad_identifier(key));
        }
        if let Err(error) = self.intake.loose(key, raw, time_us) {
            self.intake.said.broken = Some(error);
            return ControlFlow::Break(Stop);
        }
        self.progress.flow()
    }

    fn mirrors(&mut self, mirrors: bool) -> ControlFlow<Stop> {
        self.intake.said.mirrors = Some(mirrors);
        self.progress.flow()
    }

    fn listens(&mut self, door: &url::Url) -> ControlFlow<Stop> {
        self.intake.said.listens = Some(door.clone());
        self.progress.flow()
    }

    fn refused(&mut self, at: Location, why: Refusal) -> ControlFlow<Stop> {
        let intake = &mut *self.intake;
        match &at.key {
            Some(key) => intake.see(id_digest(&RecordId::dataset(key.as_str())), Class::Dataset),
            None => {
                intake.said.refused_nameless += 1;
                intake.said.distinct += 1;
            }
        }
        intake.said.datasets.received += 1;
        let row = Row::refused_at(&at, &why);
        match row.fate {
            Fate::Unreadable => intake.said.datasets.unreadable += 1,
            _ => intake.said.datasets.refused += 1,
        }
        intake.said.rows.push(&row);
        if intake.said.refused.len() < intake.examples_max {
            intake.said.refused.push(RefusedRow { at, why });
        }
        self.progress.flow()
    }

    fn filtered(&mut self, id: RecordId, why: &'static str) -> ControlFlow<Stop> {
        let intake = &mut *self.intake;
        let counts = intake.counts(id.class);
        counts.received += 1;
        counts.filtered += 1;
        intake.said.distinct += u64::from(id.class == Class::Dataset);
        intake.said.rows.push(&Row::filtered(&id, why));
        intake.show(why, id.to_string());
        self.progress.flow()
    }

    fn noticed(&mut self, code: &'static str, text: String) -> ControlFlow<Stop> {
        self.intake.notice(code, text);
        self.progress.flow()
    }

    fn next(&mut self, question: Request) -> ControlFlow<Stop> {
        self.intake.said.questions.push(question);
        self.progress.flow()
    }

    fn declares(&mut self, total: u64) -> ControlFlow<Stop> {
        self.intake.said.datasets.declared = Some(total);
        self.progress.declared(total);
        self.progress.flow()
    }

    fn complete(&mut self, proof: Completeness) -> ControlFlow<Stop> {
        self.intake.said.proof = Some(proof);
        self.progress.flow()
    }

    fn bookmark(&mut self, b: Bookmark) -> ControlFlow<Stop> {
        self.intake.said.bookmark = Some(b);
        self.progress.flow()
    }
}
