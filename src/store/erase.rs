//! For erasing: every record about an IRI, and the store written once more, without what it does not say any more.
//!
//! The engine keeps every string that it was ever given, and what was deleted until its files are compacted: only new files
//! are without it. Start at [`Store::write_anew`].

use super::{Store, StoreError};
use harvestd_harvesters::RecordId;
use harvestd_vocab::iris::parse_record_iri;
use oxigraph::store::Store as Quads;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::Path,
};

/// Quads between two words of how far it is.
const TOLD_EVERY: u64 = 10_000;

/// A record, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    pub source: String,
    pub id: RecordId,
    /// The record's IRI.
    pub record: String,
    /// What it is about, as its source calls it.
    pub entity: String,
}

impl Store {
    /// Would anything be left, were these entities gone?
    pub fn holds_but(&self, gone: &BTreeSet<String>) -> Result<bool, StoreError> {
        let entities = self.entities_in_order()?;
        Ok(entities
            .iter()
            .any(|entity| !gone.contains(entity.as_str())))
    }

    /// Every record about what an IRI means: that of a record, or of an entity as a source calls it, as it is published, or
    /// as it was before it was joined to another. Of a dataset that several sources hold, the records of all.
    pub fn every_record_about(&self, iri: &str) -> Result<BTreeSet<About>, StoreError> {
        let entity = match self.record_meant(iri)? {
            Some((_, entity)) => entity,
            None => iri.to_owned(),
        };
        let kept = self.published_as(&entity)?;
        let mut names = self.replaced_by(&kept)?;
        names.extend([entity, kept]);
        let mut all = BTreeSet::new();
        for name in &names {
            for placed in self.about(name)? {
                let record = placed.record.into_string();
                let source = parse_record_iri(&self.base, &record).map(|name| name.source);
                let (Some(source), Some(id)) = (source, self.record_id(&record)?) else {
                    continue;
                };
                all.insert(About {
                    source,
                    id,
                    record,
                    entity: placed.entity.into_string(),
                });
            }
        }
        Ok(all)
    }

    /// Writes all that the store says into a new store at `dir`, on whose disk it is when this returns. What was there goes.
    /// `tell` is called with the number of quads so far; gives how many there are.
    pub fn write_anew(&self, dir: &Path, tell: &dyn Fn(u64)) -> Result<u64, StoreError> {
        let doing = "writing the store anew";
        let failed = StoreError::storage(doing);
        match fs::remove_dir_all(dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(StoreError::log(doing)(e)),
            _ => {}
        }
        let new = Quads::open(dir).map_err(&failed)?;
        let mut loader = new
            .bulk_loader()
            .with_num_threads(1)
            .with_max_memory_size_in_megabytes(self.limits.bulk_batch_quads.div_ceil(1000));
        let mut written = 0;
        let all = self.quads.iter().map(|quad| {
            written += 1;
            if written % TOLD_EVERY == 0 {
                tell(written);
            }
            quad.map_err(&failed)
        });
        loader.load_ok_quads::<StoreError, StoreError>(all)?;
        loader.commit().map_err(&failed)?;
        // Of an older generation the first page's graph stays, and is empty.
        for graph in self.quads.named_graphs() {
            let graph = graph.map_err(&failed)?;
            new.insert_named_graph(graph.as_ref()).map_err(&failed)?;
        }
        new.optimize().map_err(&failed)?;
        new.flush().map_err(&failed)?;
        let count = |quads: &Quads| quads.len().map_err(&failed);
        let counts = (count(&self.quads)?, count(&new)?);
        if counts.0 != counts.1 {
            return Err(StoreError::Broken(format!(
                "the store written anew holds {} quads, and {} were expected",
                counts.1, counts.0
            )));
        }
        drop(new);
        synced(dir).map_err(StoreError::log(doing))?;
        Ok(counts.1 as u64)
    }
}

/// Everything in a folder survives a power cut.
fn synced(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(dir)?.sync_all()
}
