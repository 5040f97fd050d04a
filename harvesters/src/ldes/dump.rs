//! The dump of a harvestd: its present, entity by entity, for who comes after the feed's beginning was removed.
//!
//! N-Quads in an order: first, in the default graph, of which stream and of when it is; then each entity's body in the
//! graph that is named by the entity; last how many there were. It is read as it comes, one entity in memory at a time.
//! Start at [`Dump::read`].

use super::{bookmark::Mark, members};
use crate::{
    ReadError, ReadErrorKind,
    guard::{Guard, Utf8Guard},
};
use harvestd_vocab::{Class, terms::harvestd::NS};
use oxrdf::{GraphName, NamedNode, NamedOrBlankNode, Quad, Term, Triple, vocab::rdf};
use oxrdfio::{RdfFormat, RdfParser};
use std::{collections::BTreeSet, io::BufRead, ops::ControlFlow};

const DOING: &str = "reading the dump";
const PUBLISHED: &str = "https://www.w3.org/ns/activitystreams#published";

/// One entity of the dump.
pub struct Entity {
    /// None: of no class that we know.
    pub class: Option<Class>,
    pub iri: String,
    /// Sorted N-Triples.
    pub body: String,
    /// Of the newest activity that the dump holds, in microseconds since 1970.
    pub time_us: i64,
    pub types: String,
}

/// What the dump says of itself, as far as it is read.
#[derive(Default)]
struct Said {
    stream: Option<String>,
    generation: Option<u64>,
    time_us: Option<i64>,
    entities: Option<u64>,
}

/// Reads a dump, and hands out its entities. Some: it was read to its end, and this is where the feed goes on.
pub fn read(
    body: &mut dyn BufRead,
    give: &mut dyn FnMut(Entity) -> ControlFlow<crate::Stop>,
) -> Result<Option<Mark>, ReadError> {
    let mut guard = Utf8Guard::new(body);
    let (mut said, mut count) = (Said::default(), 0);
    let mut under_way: Option<(NamedNode, Vec<Triple>)> = None;
    let mut failed = None;
    for quad in RdfParser::from_format(RdfFormat::NQuads)
        .lenient()
        .for_reader(&mut guard)
    {
        let quad = match quad {
            Ok(quad) => quad,
            Err(e) => {
                failed = Some(e.to_string());
                break;
            }
        };
        let same = matches!((&quad.graph_name, &under_way), (GraphName::NamedNode(graph), Some((of, _))) if graph == of);
        if !same && let Some((iri, triples)) = under_way.take() {
            count += 1;
            if give(entity(iri, triples, said.time()?)).is_break() {
                return Ok(None);
            }
        }
        match (quad.graph_name.clone(), &mut under_way) {
            (_, Some((_, triples))) => triples.push(quad.into()),
            (GraphName::NamedNode(graph), none) => *none = Some((graph, vec![quad.into()])),
            (_, None) => said.take(&quad),
        }
    }
    if let Some(why) = guard.refusal() {
        return Err(why.clone());
    }
    if let Some(found) = failed {
        return Err(ReadError::new(
            ReadErrorKind::Malformed,
            DOING,
            found,
            "N-Quads",
        ));
    }
    guard.finish()?;
    // What ends within an entity does not say how many there were.
    if said.entities != Some(count) {
        let told = said
            .entities
            .map_or("no count".to_owned(), |n| format!("a count of {n}"));
        let found = format!("{count} entities and {told}");
        return Err(ReadError::new(
            ReadErrorKind::Truncated,
            DOING,
            found,
            "as many as it says at its end",
        ));
    }
    Ok(Some(Mark::of_dump(
        said.stream.clone(),
        said.generation,
        said.time()?,
    )))
}

impl Said {
    fn take(&mut self, quad: &Quad) {
        let number = || match &quad.object {
            Term::Literal(number) => number.value().parse().ok(),
            _ => None,
        };
        match (quad.predicate.as_str(), &quad.object) {
            (PUBLISHED, Term::Literal(time)) => self.time_us = members::time_us(time.value()),
            (word, _) if word.strip_prefix(NS) == Some("generation") => {
                self.generation = number();
                if let NamedOrBlankNode::NamedNode(stream) = &quad.subject {
                    self.stream = Some(stream.as_str().to_owned());
                }
            }
            (word, _) if word.strip_prefix(NS) == Some("entities") => self.entities = number(),
            _ => {}
        }
    }

    fn time(&self) -> Result<i64, ReadError> {
        let is_known = self.stream.is_some() && self.generation.is_some();
        self.time_us.filter(|_| is_known).ok_or_else(|| {
            let found = "something that does not say so at its beginning";
            let expected = "a dump that names its stream, its generation and its time";
            ReadError::new(ReadErrorKind::NotACatalogue, DOING, found, expected)
        })
    }
}

fn entity(iri: NamedNode, triples: Vec<Triple>, time_us: i64) -> Entity {
    let about = NamedOrBlankNode::NamedNode(iri.clone());
    let types: BTreeSet<String> = triples
        .iter()
        .filter(|t| t.subject == about && t.predicate == rdf::TYPE)
        .filter_map(|t| match &t.object {
            Term::NamedNode(of) => Some(of.as_str().to_owned()),
            _ => None,
        })
        .collect();
    let lines: BTreeSet<String> = triples.iter().map(|t| format!("{t} .\n")).collect();
    Entity {
        class: members::class_of(&types),
        iri: iri.into_string(),
        body: lines.into_iter().collect(),
        time_us,
        types: types.into_iter().collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HEAD: &str = "\
<https://h.example/feed#generation-3> <https://w3id.org/harvestd/ns#generation> \"3\" .
<https://h.example/feed#generation-3> <https://www.w3.org/ns/activitystreams#published> \"2026-11-21T00:00:00.000001Z\" .
";
    const BODY: &str = "\
<https://d.example/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> <https://d.example/1> .
<https://c.example/> <http://www.w3.org/ns/dcat#dataset> <https://d.example/1> <https://d.example/1> .
<https://a.example/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://xmlns.com/foaf/0.1/Agent> <https://a.example/1> .
";
    const END: &str =
        "<https://h.example/feed#generation-3> <https://w3id.org/harvestd/ns#entities> \"2\" .\n";

    fn check(text: &str) -> Result<Vec<String>, ReadErrorKind> {
        let mut all = Vec::new();
        let mut give = |e: Entity| {
            all.push(format!(
                "{:?} {} {}",
                e.class,
                e.iri,
                e.body.lines().count()
            ));
            ControlFlow::Continue(())
        };
        let mark = read(&mut text.as_bytes(), &mut give).map_err(|e| e.kind)?;
        assert!(mark.is_some());
        Ok(all)
    }

    #[test]
    fn entity_by_entity_and_only_whole() {
        assert_eq!(
            check(&format!("{HEAD}{BODY}{END}")).unwrap(),
            [
                "Some(Dataset) https://d.example/1 2",
                "Some(Agent) https://a.example/1 1"
            ]
        );
        let lines: Vec<&str> = BODY.split_inclusive('\n').collect();
        assert_eq!(
            check(&format!("{HEAD}{BODY}")),
            Err(ReadErrorKind::Truncated)
        );
        assert_eq!(
            check(&format!("{HEAD}{}{END}", lines[0])),
            Err(ReadErrorKind::Truncated)
        );
        assert_eq!(check(HEAD), Err(ReadErrorKind::Truncated));
        assert_eq!(
            check(&format!("{BODY}{END}")),
            Err(ReadErrorKind::NotACatalogue)
        );
    }
}
