//! The present of the catalogue entity by entity: `/catalog.nq`, from which a replica goes on with the feed.
//!
//! First what it is of, in the default graph; then the body of each entity, as the feed has it, in the graph that is
//! named by the entity; last how many there were, so that nobody takes a part for the whole. Runs in the worker's
//! process only. Start at [`write`].

use super::Failure;
use crate::{log::date_time, serve::worker::Reply, store::Head, store_read};
use harvestd_vocab::terms::harvestd::NS;
use oxigraph::store::Store;
use std::{collections::BTreeSet, io::Write};

const PUBLISHED: &str = "https://www.w3.org/ns/activitystreams#published";
const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

pub fn write(
    store: &Store,
    stream: &str,
    head: Head,
    reply: &mut Reply<'_>,
) -> Result<(), Failure> {
    reply.is("application/n-quads");
    let number = |reply: &mut Reply<'_>, word: &str, n: u64| {
        writeln!(reply, "<{stream}> <{NS}{word}> \"{n}\"^^<{XSD}integer> .")
    };
    number(reply, "generation", head.generation)?;
    number(reply, "sequence", head.seq)?;
    let time = date_time(head.published_us);
    writeln!(
        reply,
        "<{stream}> <{PUBLISHED}> \"{time}\"^^<{XSD}dateTime> ."
    )?;
    let mut entities = 0;
    for described in store_read::scan(store) {
        let described = described?;
        let lines: BTreeSet<String> = described.triples.iter().map(ToString::to_string).collect();
        for line in lines {
            writeln!(reply, "{line} {} .", described.entity)?;
        }
        entities += 1;
    }
    number(reply, "entities", entities)?;
    Ok(())
}
