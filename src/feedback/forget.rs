//! What was said of datasets that are erased: its words go, its number stays, so that no other takes it.
//!
//! Start at [`forget`].

use super::{
    Judged, Said, Verdict,
    journal::{self, Line},
    shelf::Kept,
};
use std::{collections::BTreeSet, io, path::Path};

/// Rewrites the file of feedback without what was said of these, by whom, and what was answered. Says how many items that
/// concerns. Nobody may have the file open for writing.
pub fn forget(data_dir: &Path, datasets: &BTreeSet<String>) -> io::Result<usize> {
    let (journal, lines) = journal::Journal::open(data_dir, true)?;
    drop(journal);
    let mut gone = BTreeSet::new();
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        match line {
            Line::Sent(sent) if datasets.contains(&sent.item.said.dataset) => {
                let (id, at_ms) = (sent.item.id, sent.item.at_ms);
                gone.insert(id);
                kept.push(Line::Sent(Box::new(blank(*sent))));
                let judged = Judged {
                    verdict: Verdict::Declined,
                    who: "harvestd erase".to_owned(),
                    why: "erased".to_owned(),
                    at_ms,
                    corrected_by: None,
                    withheld: true,
                };
                kept.push(Line::Judged { id, judged });
            }
            Line::Judged { id, .. } if gone.contains(&id) => {}
            other => kept.push(other),
        }
    }
    if !gone.is_empty() {
        journal::rewrite(data_dir, &kept)?;
    }
    Ok(gone.len())
}

fn blank(mut sent: Kept) -> Kept {
    let said = &sent.item.said;
    sent.item.said = Said::nothing(&said.dataset, said.kind);
    sent.item.publishers = Vec::new();
    sent.item.judged = None;
    sent.without_words()
}
