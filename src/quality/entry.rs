//! What is kept of a measurement: bits and small numbers. Start at [`Entry`].

use crate::ckan;
use harvestd_vocab::quality::{Quality, Rating, Scheme, Timely, outcome_of_id, percent, points};
use serde::{Deserialize, Serialize};

/// Bytes of an entry in a file.
pub const BYTES: usize = 34;

/// `late_from` of what is never late.
const NEVER: i32 = i32::MAX;

/// What was measured of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// A bit for each indicator that is met, in the order of [`harvestd_vocab::quality::indicators`].
    pub met: u64,
    /// The same of those that nobody checked.
    pub unchecked: u64,
    /// Days since 1970.
    pub late_from: i32,
    /// Which of the book's groups it belongs to.
    pub group: u32,
    pub timely: Timely,
    /// Shapes were asked.
    pub is_validated: bool,
    /// Violations and warnings of DCAT-AP, then those of the profile of Taiwan.
    pub results: [u16; 4],
}

/// What sums are made of: the publisher, and the sources whose catalogues list it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Group {
    pub publisher: Option<Publisher>,
    pub sources: Vec<String>,
}

/// Whom datasets are from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Publisher {
    /// As `organization_list` has it.
    pub name: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// None: it is known by its name alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iri: Option<String>,
}

impl From<ckan::Group> for Publisher {
    fn from(group: ckan::Group) -> Self {
        Self {
            name: group.name,
            title: group.title,
            english: group.english,
            iri: Some(group.iri).filter(|iri| !iri.is_empty()),
        }
    }
}

impl Entry {
    /// Without a group yet.
    pub fn of(quality: &Quality<'_>) -> Self {
        let few = |many: u32| u16::try_from(many).unwrap_or(u16::MAX);
        let results = quality.conformance.map(|found| {
            let (eu, tw) = (found.dcat_ap, found.taiwan);
            [eu.violations, eu.warnings, tw.violations, tw.warnings].map(few)
        });
        Self {
            met: quality.met(),
            unchecked: quality.unchecked(),
            late_from: quality.timeliness.late_from.unwrap_or(NEVER),
            group: 0,
            timely: quality.timeliness.state,
            is_validated: results.is_some(),
            results: results.unwrap_or_default(),
        }
    }

    /// The same on another day.
    pub fn on(self, today: i32) -> Self {
        let (timely, is_late) = match self.late_from {
            NEVER => return self,
            day if today < day => (Timely::OnTime, false),
            _ => (Timely::Late, true),
        };
        let bit = outcome_of_id("updates-kept").map_or(0, |place| 1 << place);
        Self {
            timely,
            met: match is_late {
                true => self.met & !bit,
                false => self.met | bit,
            },
            ..self
        }
    }

    pub fn mqa(&self) -> u32 {
        points(Scheme::Mqa, self.met)
    }

    pub fn rating(&self) -> Rating {
        Rating::of(self.mqa())
    }

    pub fn fair(&self) -> u32 {
        percent(Scheme::Fair, self.met)
    }

    pub fn ai_ready(&self) -> u32 {
        percent(Scheme::AiReady, self.met)
    }

    /// Violations of DCAT-AP. None: shapes were not asked.
    pub fn violations(&self) -> Option<u32> {
        self.is_validated.then(|| u32::from(self.results[0]))
    }

    /// What the graph says of it: metric and value.
    pub fn values(&self) -> Vec<(&'static str, u32)> {
        let mut values = vec![
            (Scheme::Mqa.word(), self.mqa()),
            (Scheme::Fair.word(), self.fair()),
            (Scheme::AiReady.word(), self.ai_ready()),
        ];
        values.extend(self.violations().map(|many| ("violations", many)));
        values
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.met.to_le_bytes());
        out.extend(self.unchecked.to_le_bytes());
        out.extend(self.late_from.to_le_bytes());
        out.extend(self.group.to_le_bytes());
        out.push(self.timely as u8);
        out.push(u8::from(self.is_validated));
        for result in self.results {
            out.extend(result.to_le_bytes());
        }
    }

    /// None: it is no entry of ours.
    pub fn read(bytes: &[u8; BYTES]) -> Option<Self> {
        let mut rest = bytes.as_slice();
        let mut result = [0; 4];
        Some(Self {
            met: u64::from_le_bytes(taken(&mut rest)?),
            unchecked: u64::from_le_bytes(taken(&mut rest)?),
            late_from: i32::from_le_bytes(taken(&mut rest)?),
            group: u32::from_le_bytes(taken(&mut rest)?),
            timely: {
                let [state] = taken(&mut rest)?;
                Timely::ALL.into_iter().find(|t| *t as u8 == state)?
            },
            is_validated: {
                let [flag] = taken(&mut rest)?;
                flag == 1_u8
            },
            results: {
                for number in &mut result {
                    *number = u16::from_le_bytes(taken(&mut rest)?);
                }
                result
            },
        })
    }
}

fn taken<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        let entry = Entry {
            met: 1 << 41 | 5,
            unchecked: 16,
            late_from: 20_000,
            group: 7,
            timely: Timely::Late,
            is_validated: true,
            results: [1, 2, 3, 65_535],
        };
        let mut bytes = Vec::new();
        entry.write(&mut bytes);
        let bytes: [u8; BYTES] = bytes.try_into().unwrap_or([0; BYTES]);
        assert_eq!(Entry::read(&bytes), Some(entry));
    }
}
