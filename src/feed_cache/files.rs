//! What a closed page's file is called, and how its bytes are packed.
//!
//! The name says all that the tree above the page needs. Start at [`file_name`].

use crate::feed::{Bounds, Syntax};
use flate2::{Compression, write::GzEncoder};
use std::{
    io::{self, Write},
    path::Path,
};

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub page: u64,
    pub bounds: Bounds,
    pub tag: String,
    pub syntax: Syntax,
}

pub fn file_name(page: u64, bounds: Bounds, tag: &str, syntax: Syntax) -> String {
    let Bounds { from_us, until_us } = bounds;
    format!(
        "{page}.{from_us}-{until_us}.{tag}.{}.gz",
        syntax.extension()
    )
}

/// The inverse of [`file_name`].
pub fn named(path: &Path) -> Option<Named> {
    let name = path.file_name()?.to_str()?.strip_suffix(".gz")?;
    let mut parts = name.split('.');
    let page = parts.next()?.parse().ok()?;
    let (from_us, until_us) = parts.next()?.split_once('-')?;
    let bounds = Bounds {
        from_us: from_us.parse().ok()?,
        until_us: until_us.parse().ok()?,
    };
    let tag = parts.next()?.to_owned();
    let extension = parts.next()?;
    let syntax = Syntax::ALL
        .into_iter()
        .find(|syntax| syntax.extension() == extension)?;
    parts.next().is_none().then_some(Named {
        page,
        bounds,
        tag,
        syntax,
    })
}

/// Compresses what is written, and names it by its hash.
pub struct Packing<W: Write> {
    gzip: GzEncoder<W>,
    hash: blake3::Hasher,
}

impl<W: Write> Packing<W> {
    /// Small: what is made once and kept.
    pub fn into(inner: W) -> Self {
        Self::at(Compression::default(), inner)
    }

    /// Quick: what somebody waits for, and what is made anew with the next publication.
    pub fn quickly_into(inner: W) -> Self {
        Self::at(Compression::fast(), inner)
    }

    fn at(level: Compression, inner: W) -> Self {
        Self {
            gzip: GzEncoder::new(inner, level),
            hash: blake3::Hasher::new(),
        }
    }

    pub fn finish(self) -> io::Result<(W, String)> {
        let tag = self.hash.finalize().to_hex()[..20].to_owned();
        Ok((self.gzip.finish()?, tag))
    }
}

impl<W: Write> Write for Packing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.gzip.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gzip.flush()
    }
}
