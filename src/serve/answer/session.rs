//! What a worker keeps from one question to the next: the snapshot that is open, and the list that was asked for last.
//!
//! Runs in the worker's process only. Start at [`Session`].

use super::{Failure, internal, page, unreadable};
use crate::{
    serve::{
        guard,
        negotiate::GraphFormat,
        wire::{ListAsked, PageAsked, Refused},
    },
    store::Head,
    store_read::{Which, members},
};
use oxigraph::store::Store;
use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

/// What a worker keeps from one question to the next.
pub struct Session {
    open: Option<(PathBuf, Store)>,
    /// A merge of several graphs (two `FROM`s) is made in memory, up to so many triples.
    pub(super) merge_triples_max: usize,
    /// The list that was asked for last: whoever takes one page takes the next.
    listed: Option<Listed>,
    /// Where its last page begins, for a format and a number of datasets on a page.
    lasts: Vec<((GraphFormat, usize), Option<usize>)>,
}

impl Session {
    pub fn new(merge_triples_max: usize) -> Self {
        Self {
            open: None,
            merge_triples_max,
            listed: None,
            lasts: Vec::new(),
        }
    }

    /// The IRIs of a list's datasets, sorted.
    pub(super) fn list(
        &mut self,
        snapshot: &Path,
        asked: &ListAsked,
    ) -> Result<Rc<[String]>, Failure> {
        let known = self
            .listed
            .as_ref()
            .filter(|(path, list, _)| path == snapshot && list == asked);
        if let Some((.., members)) = known {
            return Ok(Rc::clone(members));
        }
        self.listed = None;
        self.lasts.clear();
        let head = Head {
            generation: asked.generation,
            seq: asked.seq,
            published_us: 0,
        };
        let members = members(self.store(snapshot)?, &asked.base, head, &asked.which)?;
        let members: Rc<[String]> = members.ok_or_else(|| no_source(&asked.which))?.into();
        self.listed = Some((snapshot.to_owned(), asked.clone(), Rc::clone(&members)));
        Ok(members)
    }

    /// Where the last page of the list begins, which is the one that was asked for last.
    pub(super) fn last(
        &mut self,
        snapshot: &Path,
        asked: &PageAsked,
        members: &[String],
    ) -> Result<Option<usize>, Failure> {
        let such = (asked.format, asked.datasets_max);
        if let Some((_, last)) = self.lasts.iter().find(|(of, _)| *of == such) {
            return Ok(*last);
        }
        let last = page::last(self.store(snapshot)?, asked, members)?;
        self.lasts.push((such, last));
        Ok(last)
    }

    pub(super) fn store(&mut self, snapshot: &Path) -> Result<&Store, Failure> {
        if self.open.as_ref().is_none_or(|(path, _)| path != snapshot) {
            // The old one goes first: open stores hold descriptors and cache.
            self.open = None;
            let store = Store::open_read_only(snapshot).map_err(|e| {
                let doing = format!("opening the snapshot {}", snapshot.display());
                unreadable(&doing, Some(snapshot), &e)
            })?;
            self.open = Some((snapshot.to_owned(), store));
        }
        match &self.open {
            Some((_, store)) => Ok(store),
            None => Err(internal("no snapshot is open")),
        }
    }
}

/// A list: of which snapshot, what was asked, and the IRIs.
type Listed = (PathBuf, ListAsked, Rc<[String]>);

fn no_source(which: &Which) -> Refused {
    let source = which.source.as_deref().unwrap_or_default();
    guard::refuse(
        404,
        "no-such-source",
        format!("There is no catalogue of a source {source:?} here."),
    )
}
