//! The page of `/changes`: the newest activities of the log, or those before one. Titles are what their bodies say; of what
//! went nothing is said any more. Start at [`page`].

use super::{answer, frame};
use crate::{
    log::{Activity, Log, Verb},
    serve::{House, problem::Problem},
    snapshot::Published,
};
use axum::{
    http::{HeaderMap, Uri},
    response::Response,
};
use harvestd_vocab::terms::{dcat, dct, foaf};
use harvestd_web::{
    Frame, Words,
    changes::{self, Change, Changes, by_day},
    moment::Moment,
    said::Said,
};
use oxigraph::{
    io::{RdfFormat, RdfParser},
    model::{NamedNode, NamedOrBlankNode, Term, vocab::rdf},
};
use std::{collections::BTreeMap, io, sync::Arc};

/// Activities on a page.
const SHOWN: u64 = 50;

pub async fn page(
    house: &House,
    before: Option<u64>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let head = house.snapshot()?;
    let frame = frame(house, uri, headers, |words| {
        words.say("changes-title").to_owned()
    });
    let last = before.map_or(head.seq, |before| before.saturating_sub(1));
    let last = last.min(head.seq);
    let log = Log::at(house.config.data_dir.join("log"), house.base());
    let (base, words) = (house.base().to_owned(), frame.words);
    let (prefix, of) = (frame.prefix.clone(), Arc::clone(&head));
    let read = tokio::task::spawn_blocking(move || {
        let (first, read) = read(&log, &of, last)?;
        let shown = read.iter().rev();
        let shown = shown.map(|activity| {
            shown_as(
                words,
                (base.as_str(), prefix.as_str()),
                of.generation,
                activity,
            )
        });
        Ok::<_, io::Error>((first, shown.collect::<Vec<_>>()))
    });
    let read = read.await.map_err(io::Error::other).flatten();
    let (first, shown) = read.map_err(|error| {
        tracing::error!(%error, "the change log could not be read");
        Problem::internal()
    })?;
    let page = Changes {
        head: format!("{}-{}", head.generation, head.seq),
        days: by_day(shown),
        older: first.map(|first| older(&frame, first)),
        newest: before.map(|_| frame.to("/changes")),
        frame,
    };
    answer(&page, uri, headers)
}

fn older(frame: &Frame, first: u64) -> String {
    format!("{}?before={first}", frame.to("/changes"))
}

/// The activities up to `last`, oldest first; and the number of the first, where there are older ones.
fn read(log: &Log, of: &Published, last: u64) -> io::Result<(Option<u64>, Vec<Activity>)> {
    let begins = log.begins(of.generation)?.unwrap_or(of.seq + 1);
    let first = (last + 1).saturating_sub(SHOWN).max(begins).max(1);
    if first > last {
        return Ok((None, Vec::new()));
    }
    let read = log.after(of.generation, first - 1, last)?;
    let read = read.collect::<io::Result<Vec<_>>>()?;
    Ok(((first > begins).then_some(first), read))
}

fn shown_as(
    words: Words,
    (base, prefix): (&str, &str),
    generation: u64,
    activity: &Activity,
) -> Change {
    let told = Told::of(activity);
    let ours = |iri: &str| {
        let path = iri.strip_prefix(base)?;
        Some(format!("{prefix}/{path}"))
    };
    // What has an address of another's is shown where our record of it is.
    let page = match activity.verb {
        Verb::Delete => None,
        _ => ours(&activity.entity).or_else(|| ours(told.record.as_deref()?)),
    };
    Change {
        verb: match activity.verb {
            Verb::Create => changes::Verb::Create,
            Verb::Update => changes::Verb::Update,
            Verb::Delete => changes::Verb::Delete,
        },
        class: told.class.map_or("", |key| words.say(key)).to_owned(),
        title: Said::chosen(&told.titles, words.0),
        iri: activity.entity.clone(),
        page,
        moment: Moment::of_us(activity.published_us),
        seq: activity.seq,
        activity: format!("{prefix}/activity/{generation}/{}", activity.seq),
    }
}

/// What an activity's body says of its entity.
#[derive(Debug, Default)]
struct Told {
    /// Language tag -> title or name; without a tag it is "".
    titles: BTreeMap<String, String>,
    class: Option<&'static str>,
    /// IRI of our record of it.
    record: Option<String>,
}

impl Told {
    fn of(activity: &Activity) -> Self {
        let mut told = Self::default();
        let triples = RdfParser::from_format(RdfFormat::NTriples).for_slice(&activity.body);
        for quad in triples.flatten() {
            let NamedOrBlankNode::NamedNode(subject) = &quad.subject else {
                continue;
            };
            match &quad.object {
                Term::NamedNode(object)
                    if object.as_str() == activity.entity
                        && quad.predicate == foaf::PRIMARY_TOPIC =>
                {
                    told.record = Some(subject.as_str().to_owned());
                }
                _ if subject.as_str() != activity.entity => {}
                Term::Literal(text) if is_name(&quad.predicate) => {
                    let tag = text.language().unwrap_or_default().to_owned();
                    told.titles.entry(tag).or_insert(text.value().to_owned());
                }
                Term::NamedNode(object) if quad.predicate == rdf::TYPE => {
                    told.class = told.class.or(class(object));
                }
                _ => {}
            }
        }
        told
    }
}

fn is_name(predicate: &NamedNode) -> bool {
    *predicate == dct::TITLE || *predicate == foaf::NAME
}

/// The key of its words.
fn class(iri: &NamedNode) -> Option<&'static str> {
    let known = [
        (dcat::DATASET_SERIES, "class-series"),
        (dcat::DATASET, "class-dataset"),
        (dcat::DATA_SERVICE, "class-service"),
        (dcat::CATALOG, "class-catalog"),
        (foaf::AGENT, "class-agent"),
    ];
    let mut known = known.into_iter();
    known.find_map(|(class, key)| (*iri == class).then_some(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use harvestd_web::Language;

    #[test]
    fn titles_and_records_are_what_the_body_says() {
        let activity = Activity {
            seq: 7,
            verb: Verb::Update,
            entity: "https://data.example/1".to_owned(),
            published_us: 0,
            body: "<https://data.example/1> <http://purl.org/dc/terms/title> \"Rain\"@en .\n\
                   <https://data.example/1> <http://purl.org/dc/terms/title> \"雨量\"@zh-hant .\n\
                   <https://data.example/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .\n\
                   <https://data.example/2> <http://purl.org/dc/terms/title> \"Other\"@en .\n\
                   <http://hub.example/record/a/1> <http://xmlns.com/foaf/0.1/primaryTopic> <https://data.example/1> .\n"
                .to_owned(),
        };
        let place = ("http://hub.example/", "/open");
        let shown = |language| shown_as(Words(language), place, 1, &activity);
        let chinese = shown(Language::Chinese);
        assert_eq!(
            chinese.title.map(|title| title.text).as_deref(),
            Some("雨量")
        );
        assert_eq!(chinese.page.as_deref(), Some("/open/record/a/1"));
        assert_eq!(chinese.activity, "/open/activity/1/7");
        let english = shown(Language::English);
        assert_eq!(
            english.title.map(|title| title.text).as_deref(),
            Some("Rain")
        );
        assert_eq!(english.class, "dataset");
        let gone = Activity {
            verb: Verb::Delete,
            body: String::new(),
            ..activity
        };
        let gone = shown_as(Words(Language::English), place, 1, &gone);
        assert_eq!((gone.page, gone.title), (None, None));
    }
}
