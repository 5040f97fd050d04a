//! Documents that never change again, as files: closed pages, and closed nodes above them.
//!
//! Never made twice: whose turn it is makes one. Start at [`FeedCache::closed`].

use super::{
    CacheError, FeedCache, Prepared, Source,
    files::{Named, Packing, file_name},
    locked,
};
use crate::{
    feed::{Bounds, Feed, Relation, Syntax, tree},
    log::Activity,
    store::{Head, PAGE},
};
use std::{
    fs::{self, File},
    io::{self, BufWriter},
    ops::Range,
};

impl FeedCache {
    /// A document that never changes again: from its file, which is made where it is missing.
    pub(super) fn closed(
        &self,
        head: Head,
        pages: &Range<u64>,
        syntax: Syntax,
    ) -> Result<Prepared, CacheError> {
        if let Some(found) = self.opened(head, pages, syntax)? {
            return Ok(found);
        }
        let _turn = self.turn(syntax);
        if let Some(found) = self.opened(head, pages, syntax)? {
            return Ok(found);
        }
        let feed = self.feed(head);
        if pages.end - pages.start > 1 {
            self.make_node(head, &feed, pages, syntax)?;
        } else {
            let (after, last) = (pages.start * PAGE, pages.end * PAGE);
            let mut activities = self.log.after(head.generation, after, last)?;
            self.make_page(&feed, pages.start, syntax, &mut activities)?;
        }
        self.opened(head, pages, syntax)?
            .ok_or_else(|| io::Error::other("a document that was just made is gone").into())
    }

    /// The document's file, if there is one. A file that somebody removed is forgotten.
    fn opened(
        &self,
        head: Head,
        pages: &Range<u64>,
        syntax: Syntax,
    ) -> io::Result<Option<Prepared>> {
        let mut kept = self.at(head)?;
        let key = (pages.clone(), syntax);
        let Some(Named { bounds, tag, .. }) = kept.files.get(&key) else {
            return Ok(None);
        };
        let (name, tag) = (file_name(pages, *bounds, tag, syntax), tag.clone());
        match File::open(self.folder(head.generation).join(name)) {
            Ok(file) => {
                let bytes = file.metadata()?.len();
                Ok(Some(Prepared {
                    tag,
                    closed: true,
                    gzip: Source::File { file, bytes },
                }))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                kept.files.remove(&key);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// Makes a closed page's file; `activities` begin with its first. Only whose turn it is calls it.
    pub(super) fn make_page(
        &self,
        feed: &Feed,
        page: u64,
        syntax: Syntax,
        activities: &mut dyn Iterator<Item = io::Result<Activity>>,
    ) -> io::Result<()> {
        self.make(feed, page..page + 1, syntax, |out| {
            feed.page(page, (page + 1) * PAGE, activities, syntax, out)
        })
    }

    /// Makes the file of a closed node above pages. Only whose turn it is calls it.
    fn make_node(
        &self,
        head: Head,
        feed: &Feed,
        pages: &Range<u64>,
        syntax: Syntax,
    ) -> io::Result<()> {
        let children = tree::children(pages).into_iter();
        let relations: Vec<Relation> = children
            .map(|child| self.relation(head, child))
            .collect::<io::Result<_>>()?;
        let bounds = Bounds {
            from_us: self.bounds(head, pages.start)?.from_us,
            until_us: self.bounds(head, pages.end - 1)?.until_us,
        };
        self.make(feed, pages.clone(), syntax, |out| {
            feed.inner(pages, &relations, syntax, out).map(|()| bounds)
        })
    }

    /// Writes a file, and gives it its name when it is whole.
    fn make(
        &self,
        feed: &Feed,
        pages: Range<u64>,
        syntax: Syntax,
        write: impl FnOnce(&mut Packing<BufWriter<File>>) -> io::Result<Bounds>,
    ) -> io::Result<()> {
        let dir = self.folder(feed.generation);
        let (name, extension) = (tree::name(&pages), syntax.extension());
        let temporary = dir.join(format!("{name}.{extension}.tmp"));
        fs::create_dir_all(&dir)?;
        let file = BufWriter::with_capacity(1 << 16, File::create(&temporary)?);
        let mut out = Packing::into(file);
        let bounds = write(&mut out)?;
        let (file, tag) = out.finish()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let name = file_name(&pages, bounds, &tag, syntax);
        fs::rename(&temporary, dir.join(name))?;
        let mut kept = locked(&self.kept);
        if kept.generation == Some(feed.generation) {
            kept.take(Named {
                pages,
                bounds,
                tag,
                syntax,
            });
        }
        Ok(())
    }
}
