//! What the centre hands in: one dataset, or its whole catalogue.

use super::Bed;
use crate::{
    look::Name,
    model,
    process::Process,
    world::{Datasets, title},
};
use std::collections::{BTreeMap, BTreeSet};

impl Bed {
    /// A dataset is pushed or withdrawn; a push without an answer is sent again, as a centre does.
    pub(super) async fn push(&mut self) {
        let key = self.dice.below(20) as u32;
        let withdrawn = self.dice.one_in(4);
        let revision = self.totals.operations as u32;
        self.say(format!(
            "centre {} {key}",
            if withdrawn { "withdraws" } else { "pushes" }
        ));
        let death = self.death().await;
        let (token, name) = (self.token.clone(), ("centre", key));
        let method = if withdrawn { "DELETE" } else { "PUT" };
        let path = format!("/push/centre/{key}");
        let sent = |process: &Process| {
            let request = process
                .push(method, &path, &token)
                .header("idempotency-key", format!("k{revision}"));
            match withdrawn {
                true => request,
                false => request
                    .header("content-type", "text/turtle")
                    .body(pushed(key, revision)),
            }
        };
        let mut to_be = self.model.held.clone();
        let held = match withdrawn {
            true => to_be.remove(&name).is_some(),
            false => to_be.insert(name, revision).is_some(),
        };
        let request = sent(self.process());
        let mut answer = self.asks(request, death).await;
        let killed = answer.is_none();
        if killed {
            let seen = self.seen().await;
            let own: Datasets = to_be
                .iter()
                .filter(|(n, _)| n.0 == "centre")
                .map(|(n, r)| (n.1, *r))
                .collect();
            self.totals.checks += self.model.judge_killed("centre", &own, &seen);
            self.model.killed.push(("centre", self.model.runs.len()));
            let request = sent(self.process());
            answer = self.asks(request, None).await;
        }
        let (status, answer) = answer.unwrap();
        let expected = match (withdrawn, held) {
            (true, true) => 204,
            (true, false) => 404,
            (false, true) => 200,
            (false, false) => 201,
        };
        assert_eq!(status, expected, "{answer}");
        // What was committed before the kill is not done again, and the gate may not have heard that it was named.
        self.model.named("centre", &[(key, 0)].into(), !killed);
        self.changed("centre", to_be, true).await;
    }

    /// The centre's whole catalogue: what it does not name goes, or is held.
    pub(super) async fn push_whole(&mut self) {
        let revision = self.totals.operations as u32;
        let keys: BTreeSet<u32> = (0..=self.dice.below(24))
            .map(|_| self.dice.below(20) as u32)
            .collect();
        self.say(format!("centre pushes its whole catalogue: {keys:?}"));
        let death = self.death().await;
        let body: String = keys.iter().map(|key| pushed(*key, revision)).collect();
        let token = self.token.clone();
        let request = self.process().push("PUT", "/push/centre", &token);
        let request = request.header("content-type", "text/turtle").body(body);
        let answer = self.asks(request, death).await;
        let said: Datasets = keys.iter().map(|key| (*key, revision)).collect();
        let stays = |name: &Name, (kept, held): (&BTreeSet<Name>, bool)| {
            held || name.0 != "centre" || kept.contains(name)
        };
        let Some((status, answer)) = answer else {
            let to_be = said
                .iter()
                .map(|(key, revision)| (("centre", *key), *revision));
            self.model.named("centre", &said, false);
            return self.changed("centre", to_be.collect(), false).await;
        };
        assert_eq!(status, 200, "{answer}");
        let held = answer["counts"]["held"].as_u64().unwrap() > 0;
        self.model.named("centre", &said, true);
        let soft = std::mem::take(&mut self.model.soft);
        let kept = &self.model.kept;
        let mut to_be: BTreeMap<Name, u32> = self.model.held.clone();
        to_be.retain(|name, _| stays(name, (kept, held)) || soft.contains(name));
        to_be.extend(
            said.iter()
                .map(|(key, revision)| (("centre", *key), *revision)),
        );
        let mut seen = self.seen().await;
        if soft.iter().any(|name| name.0 == "centre") {
            to_be.retain(|name, _| !soft.contains(name) || seen.held.contains_key(name));
        }
        self.model.soft = soft;
        seen = self.seen_as(&to_be).await;
        let was = self.model.of("centre").len();
        let went = was.saturating_sub(model::of(&seen, "centre").len());
        assert!(went <= was / 2, "{went} of {was} went");
        self.changed("centre", to_be, true).await;
    }
}

fn pushed(key: u32, revision: u32) -> String {
    let title = title("centre", key, revision);
    format!(
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
         <https://centre.example/dataset/{key}> a dcat:Dataset ; dct:identifier \"{key}\" ; dct:title \"{title}\"@en ;\n\
         dcat:distribution [ a dcat:Distribution ; dcat:accessURL <https://centre.example/{key}.csv> ] .\n"
    )
}
