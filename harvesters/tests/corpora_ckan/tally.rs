//! The account of one file: every dataset found is in exactly one count.

use harvestd_vocab::Refusal;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Tally {
    pub found: u64,
    pub accepted: u64,
    pub refused: u64,
    pub gone: u64,
    pub filtered: u64,
    pub duplicates: u64,
    pub agents: u64,
    pub findings: BTreeMap<String, u64>,
    pub why: String,
    pub faults: Vec<String>,
}

impl Tally {
    pub fn refuse(&mut self, why: &Refusal) {
        self.refused += 1;
        self.why += &format!("{why}; ");
        if [&why.code, &why.path, &why.found, &why.expected]
            .iter()
            .any(|said| said.is_empty())
        {
            self.faults.push(format!("an unexplained refusal: {why}"));
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.found += other.found;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.gone += other.gone;
        self.filtered += other.filtered;
        self.duplicates += other.duplicates;
        self.agents += other.agents;
        for (code, count) in &other.findings {
            *self.findings.entry(code.clone()).or_default() += count;
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            found,
            accepted,
            refused,
            gone,
            filtered,
            agents,
            why,
            ..
        } = self;
        let again = if self.duplicates > 0 {
            format!("{} come twice; ", self.duplicates)
        } else {
            String::new()
        };
        write!(
            f,
            "| {found} | {accepted} | {refused} | {gone} | {filtered} | {agents} | {again}{why} |"
        )
    }
}
