//! Which activities a receiver wants, and the message that tells them.
//!
//! Pure: the same activities give the same bytes and the same id, whenever and however often they are told. Start at
//! [`Batch::of`].

use super::{keep::Cursor, settings::Webhook};
use crate::{
    diagnosis::health::{Change, Standing},
    log::{Activity, date_time},
    serve::changes::Told,
};
use harvestd_vocab::Class;
use serde_json::json;
use sha2::{Digest, Sha256};

const TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The same at each try: the receiver knows by it what it has already.
    pub id: String,
    pub body: String,
    pub activities: usize,
}

impl Batch {
    /// What tells of activities after `after`, up to and with `last`.
    pub fn of(after: Cursor, last: u64, told: &[Told]) -> Self {
        let timestamp = told.last().map_or("", |told| told.published.as_str());
        let data = json!({
            "generation": after.generation,
            "first": after.seq + 1,
            "last": last,
            "activities": told,
        });
        let body = json!({ "type": "harvestd.changes", "timestamp": timestamp, "data": data });
        Self::named(
            &format!("{}-{}-{last}", after.generation, after.seq + 1),
            body.to_string(),
            told.len(),
        )
    }

    /// History began anew: what the receiver has is to be taken again from the whole catalogue, or from the activities
    /// that follow.
    pub fn generation(was: Cursor, now: u64, published_us: i64) -> Self {
        let data = json!({ "generation": now, "was": was.generation });
        let timestamp = date_time(published_us);
        let body = json!({ "type": "harvestd.generation", "timestamp": timestamp, "data": data });
        Self::named(&format!("{now}-begins"), body.to_string(), 0)
    }

    /// The log does not hold what comes after the cursor any more: `last` is the last activity that is gone for good,
    /// `published_us` the time of the first that is kept.
    pub fn pruned(after: Cursor, last: u64, published_us: i64) -> Self {
        let (generation, first) = (after.generation, after.seq + 1);
        let data = json!({ "generation": generation, "first": first, "last": last });
        let timestamp = date_time(published_us);
        let body = json!({ "type": "harvestd.pruned", "timestamp": timestamp, "data": data });
        Self::named(
            &format!("{generation}-{first}-{last}-pruned"),
            body.to_string(),
            0,
        )
    }

    /// A source has fallen sick or got well.
    pub fn health(change: &Change) -> Self {
        let kind = match change.state {
            Standing::Well => "harvestd.source.well",
            Standing::Sick | Standing::Stale => "harvestd.source.sick",
        };
        let timestamp = date_time(change.at_ms.saturating_mul(1000));
        let body = json!({ "type": kind, "timestamp": timestamp, "data": change });
        Self::named(&format!("health-{}", change.n), body.to_string(), 0)
    }

    fn named(range: &str, body: String, activities: usize) -> Self {
        let hash = hex::encode(&Sha256::digest(&body)[..6]);
        Self {
            id: format!("{range}-{hash}"),
            body,
            activities,
        }
    }
}

impl Webhook {
    /// Does the receiver want to be told? What an activity does not tell of itself (a deletion has no body, and an IRI of
    /// the source's own names no source) is no reason to leave it out.
    pub fn wants(&self, base: &str, activity: &Activity) -> bool {
        let verb = self.verbs.is_empty() || self.verbs.contains(&activity.verb);
        verb && self.wants_source(base, activity) && self.wants_class(base, activity)
    }

    fn wants_source(&self, base: &str, activity: &Activity) -> bool {
        if self.sources.is_empty() {
            return true;
        }
        let records = format!("<{base}record/");
        let named = activity
            .body
            .match_indices(&records)
            .filter_map(|(at, _)| activity.body[at + records.len()..].split(['/', '>']).next());
        let mut sources: Vec<&str> = named.collect();
        sources.extend(own(base, &activity.entity).map(|(_, source)| source));
        sources.is_empty() || sources.iter().any(|s| self.sources.iter().any(|w| w == s))
    }

    fn wants_class(&self, base: &str, activity: &Activity) -> bool {
        if self.classes.is_empty() {
            return true;
        }
        let prefix = format!("<{}> <{TYPE}> <", activity.entity);
        let typed = activity
            .body
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix))
            .filter_map(|rest| class(rest.trim_end_matches("> .")));
        let mut classes: Vec<Class> = typed.collect();
        // A series is typed dataset as well; nobody who asks for datasets means it.
        if classes.contains(&Class::DatasetSeries) {
            classes.retain(|class| *class != Class::Dataset);
        }
        if classes.is_empty()
            && let Some((segment, _)) = own(base, &activity.entity)
        {
            classes.extend(Class::ALL.into_iter().find(|c| c.segment() == segment));
        }
        classes.is_empty() || classes.iter().any(|class| self.classes.contains(class))
    }
}

/// Segment and source of an IRI of ours.
fn own<'i>(base: &str, iri: &'i str) -> Option<(&'i str, &'i str)> {
    let (segment, rest) = iri.strip_prefix(base)?.split_once('/')?;
    Some((segment, rest.split('/').next()?))
}

fn class(iri: &str) -> Option<Class> {
    Some(match iri {
        "http://www.w3.org/ns/dcat#Dataset" => Class::Dataset,
        "http://www.w3.org/ns/dcat#DatasetSeries" => Class::DatasetSeries,
        "http://www.w3.org/ns/dcat#DataService" => Class::DataService,
        "http://www.w3.org/ns/dcat#Catalog" => Class::Catalog,
        "http://xmlns.com/foaf/0.1/Agent" => Class::Agent,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{config::Secret, log::Verb};

    fn activity(entity: &str, verb: Verb, body: &str) -> Activity {
        Activity {
            seq: 7,
            verb,
            entity: entity.to_owned(),
            published_us: 1,
            body: body.to_owned(),
        }
    }

    #[test]
    fn what_is_wanted_and_what_is_not() {
        let dataset = |source: &str| {
            format!(
                "<https://x/1> <{TYPE}> <http://www.w3.org/ns/dcat#Dataset> .\n\
                 <https://h/record/{source}/1> <http://xmlns.com/foaf/0.1/primaryTopic> <https://x/1> .\n"
            )
        };
        let mut hook = Webhook {
            id: "a".to_owned(),
            url: "https://r/".parse().unwrap(),
            secret: Secret(String::new()),
            changes: true,
            health: false,
            from_start: false,
            sources: Vec::new(),
            classes: Vec::new(),
            verbs: Vec::new(),
            allow_ranges: Vec::new(),
        };
        let ours = activity("https://x/1", Verb::Update, &dataset("moi"));
        let theirs = activity("https://x/1", Verb::Create, &dataset("other"));
        let agent = activity("https://h/agent/moi/9", Verb::Delete, "");
        let untold = activity("https://x/1", Verb::Delete, "");
        let mut check = |change: &dyn Fn(&mut Webhook), expected: [bool; 4]| {
            change(&mut hook);
            let found = [&ours, &theirs, &agent, &untold].map(|a| hook.wants("https://h/", a));
            assert_eq!(found, expected, "{hook:?}");
        };
        check(&|_| {}, [true; 4]);
        check(
            &|h| h.sources = vec!["moi".to_owned()],
            [true, false, true, true],
        );
        check(
            &|h| h.classes = vec![Class::Dataset],
            [true, false, false, true],
        );
        check(&|h| h.sources.clear(), [true, true, false, true]);
        check(
            &|h| h.verbs = vec![Verb::Delete],
            [false, false, false, true],
        );
    }

    #[test]
    fn the_same_activities_make_the_same_message() {
        let after = Cursor {
            generation: 1,
            seq: 4,
        };
        let told = Told {
            id: "1-5".to_owned(),
            seq: 5,
            kind: "Delete".to_owned(),
            object: "https://x/1".to_owned(),
            published: "2026-11-20T08:00:00Z".to_owned(),
            activity: "https://h/activity/1/5".to_owned(),
        };
        let one = Batch::of(after, 6, std::slice::from_ref(&told));
        assert_eq!(one, Batch::of(after, 6, std::slice::from_ref(&told)));
        assert!(one.id.starts_with("1-5-6-"), "{}", one.id);
        assert_ne!(one.id, Batch::of(after, 6, &[]).id);
    }
}
