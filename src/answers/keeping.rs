//! The answers of a run under way: kept as they come, they count when the run has ended. Start at [`Answers::begin`].

use super::{Answers, Head, Kept, LEFT, PLAIN, folders};
use crate::network::Spooled;
use harvestd_harvesters::Request;
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

/// zstd level of kept answers.
const LEVEL: i32 = 1;
/// An answer so large is not worth compressing for one run: its file gets another name.
pub(super) const LINKED_BYTES_MIN: u64 = 4 << 20;

impl Answers {
    /// Begins to keep a run's answers. They count when [`Keeping::finish`] is called.
    /// `passing`: they are there for the next run alone, should this one not come to its end. `began_ms`: when the run
    /// began, or the one that it goes on from.
    pub fn begin(
        &self,
        source: &str,
        run: &str,
        passing: bool,
        began_ms: i64,
    ) -> io::Result<Keeping> {
        let dir = self.dir.join(source);
        let temporary = dir.join(format!("{run}.tmp"));
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir_all(&temporary)?;
        // What was asked stands beside each answer, with the keys that are in addresses.
        fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700))?;
        Ok(Keeping {
            before: self.kept(source)?,
            passing,
            began_ms,
            dir,
            temporary,
            run: run.to_owned(),
            count: 0,
        })
    }
}

/// The answers of a run under way. Dropped before they count, they go.
pub struct Keeping {
    dir: PathBuf,
    temporary: PathBuf,
    run: String,
    count: u64,
    before: Vec<Kept>,
    passing: bool,
    began_ms: i64,
}

impl Keeping {
    /// Keeps an answer; one whose bytes are kept already is linked, not compressed again.
    pub fn keep(&mut self, request: &Request, spooled: &Spooled) -> io::Result<()> {
        let head = Head {
            request: request.clone(),
            status: spooled.status,
            url: spooled.url.clone(),
            media_type: spooled.media_type.clone(),
            charset: spooled.charset.clone(),
            link_next: spooled.link_next.clone(),
            bytes: spooled.bytes,
            hash: hex::encode(spooled.hash),
            framed: spooled.framed,
            validators: spooled.validators.clone(),
            began_ms: self.began_ms,
        };
        if self.passing && spooled.bytes >= LINKED_BYTES_MIN {
            let path = self.temporary.join(format!("{}.{PLAIN}", self.count));
            // The spooled file under another name: it costs nothing.
            if fs::hard_link(spooled.file.path(), &path).is_err() {
                fs::copy(spooled.file.path(), &path)?;
            }
            return self.name(&head);
        }
        let path = self.temporary.join(format!("{}.zst", self.count));
        match self
            .before
            .iter()
            .find(|k| k.head.hash == head.hash && k.head.bytes == head.bytes)
        {
            Some(same) => fs::hard_link(&same.path, &path)?,
            None => {
                let mut out = zstd::Encoder::new(BufWriter::new(File::create(&path)?), LEVEL)?;
                io::copy(&mut File::open(spooled.file.path())?, &mut out)?;
                out.finish()?.flush()?;
            }
        }
        self.name(&head)
    }

    /// From here on the answer counts: its bytes are there.
    fn name(&mut self, head: &Head) -> io::Result<()> {
        let named = self.temporary.join(format!("{}.json", self.count));
        fs::write(named, serde_json::to_vec(head)?)?;
        self.count += 1;
        Ok(())
    }

    /// The run broke off, and the next one is to go on from here. `counts`: it was committed as far as it came, and what is
    /// kept for good counts as well.
    pub fn leave(self, counts: bool) -> io::Result<()> {
        match counts && !self.passing {
            true => self.finish(false),
            false => fs::rename(&self.temporary, self.temporary.with_extension(LEFT)),
        }
    }

    /// Counts from now on; after a run that saw everything, the answers before it go.
    pub fn finish(self, saw_everything: bool) -> io::Result<()> {
        if self.count == 0 || self.passing {
            return fs::remove_dir_all(&self.temporary);
        }
        let old = folders(&self.dir)?;
        let place = self.dir.join(&self.run);
        fs::rename(&self.temporary, &place)?;
        if saw_everything {
            for run in old
                .into_iter()
                .filter(|r| *r != self.temporary && *r != place)
            {
                fs::remove_dir_all(run)?;
            }
        }
        Ok(())
    }

    /// Nothing of the run is kept.
    pub fn drop_all(self) -> io::Result<()> {
        fs::remove_dir_all(&self.temporary)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.temporary.display(), %error, "answers of a failed run could not be removed; they go at the next start");
            }
            _ => {}
        }
    }
}
