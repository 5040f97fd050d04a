//! What a person orders: held deletions, runs taken back, records restored, sources described again.

use super::{ASKED, Bed};
use crate::{look::Name, model::Run, world::Datasets};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Bed {
    /// The list that waits for a person, and its name.
    pub(super) async fn listed(
        &mut self,
        source: &'static str,
    ) -> Option<(String, BTreeSet<Name>)> {
        let asked = self.process().operator("GET", &format!("/held/{source}"));
        let response = asked.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let told: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        let list = told["held"]["list"].as_str()?.to_owned();
        let records = told["records"].as_array().unwrap().iter();
        let datasets = records.filter(|record| record["id"]["class"] == "dataset");
        let key = |record: &Value| {
            let key = record["id"]["key"].as_str().unwrap();
            let digits = key.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap();
            (source, digits.parse().unwrap())
        };
        Some((list, datasets.map(key).collect()))
    }

    /// A person lets held deletions pass, refuses them, or takes refusals back.
    pub(super) async fn decide(&mut self) {
        let source = *self.dice.of(&ASKED);
        let what = *self.dice.of(&["approve", "approve", "reject", "release"]);
        let listed = self.listed(source).await;
        self.say(format!("{source}: {what} of {listed:?}"));
        let death = self.death().await;
        let path = match &listed {
            Some((list, _)) if what != "release" => format!("/held/{source}/{what}?list={list}"),
            _ => format!("/held/{source}/{what}"),
        };
        let request = self.process().operator("POST", &path);
        let answer = self.asks(request, death).await;
        let names = listed.map(|(_, names)| names).unwrap_or_default();
        let known = answer.is_some();
        if let Some((status, answer)) = &answer {
            let done = what == "release" || !names.is_empty();
            assert_eq!(*status == 200, done, "{status} {answer}");
        }
        match what {
            "approve" => {
                let to_be = self
                    .model
                    .held
                    .clone()
                    .into_iter()
                    .filter(|(name, _)| !names.contains(name));
                self.changed(source, to_be.collect(), known).await;
            }
            "reject" if known => self.model.kept.extend(names),
            "reject" => self.model.soft.extend(names),
            _ => {
                let of = |name: &Name| name.0 == source;
                let kept: Vec<Name> = self
                    .model
                    .kept
                    .iter()
                    .filter(|name| of(name))
                    .copied()
                    .collect();
                self.model.kept.retain(|name| !of(name));
                if !known {
                    self.model.soft.extend(kept);
                } else {
                    self.model.soft.retain(|name| !of(name));
                }
            }
        }
    }

    /// A person's order was carried out, or died on the way.
    pub(super) async fn changed(
        &mut self,
        source: &'static str,
        to_be: BTreeMap<Name, u32>,
        known: bool,
    ) {
        self.model.settled.remove(source);
        let seen = match known {
            true => self.seen_as(&to_be).await,
            false => {
                let seen = self.seen().await;
                let own = to_be.iter().filter(|((of, _), _)| *of == source);
                let own: Datasets = own.map(|((_, key), revision)| (*key, *revision)).collect();
                self.totals.checks += self.model.judge_killed(source, &own, &seen);
                self.model.killed.push((source, self.model.runs.len()));
                seen
            }
        };
        let run = self.new_run(source).await;
        self.model.becomes(source, &seen, run.as_deref());
    }

    pub(super) async fn undo(&mut self) {
        let back = 1 + self.dice.below(5);
        let known = |run: &&Run| !run.name.is_empty();
        let mut runs = self.model.runs.iter().rev().filter(known);
        let Some(run) = runs.nth(back - 1).cloned() else {
            return;
        };
        self.say(format!(
            "{} is taken back, {} records",
            run.name,
            run.before.len()
        ));
        let death = self.death().await;
        let request = self
            .process()
            .operator("POST", &format!("/runs/{}/undo", run.name));
        let answer = self.asks(request, death).await;
        let to_be = self.model.undone(&run);
        let built_on = self.model.is_built_on(&run);
        match answer {
            Some((200, _)) => {
                assert!(!built_on, "later runs built on {}", run.name);
                self.model
                    .kept
                    .retain(|name| !run.before.contains_key(name));
                self.model
                    .soft
                    .retain(|name| !run.before.contains_key(name));
                self.changed(run.source, to_be, true).await;
            }
            Some((status, answer)) => {
                // The graph's agent may be what others refer to; and what was taken back once may have come again since.
                let again = run.name.ends_with(".undo");
                let maybe = self.model.may_be_built_on(&run);
                let refused = built_on || maybe || again || run.source == "graph";
                assert!(refused && (400..500).contains(&status), "{status} {answer}");
                let as_is = self.model.held.clone();
                self.seen_as(&as_is).await;
            }
            None => {
                let kept = self
                    .model
                    .kept
                    .iter()
                    .filter(|name| run.before.contains_key(name));
                let kept: Vec<Name> = kept.copied().collect();
                self.model.kept.retain(|name| !kept.contains(name));
                self.model.soft.extend(kept);
                self.changed(run.source, to_be, false).await;
            }
        }
    }

    pub(super) async fn restore(&mut self) {
        let at = self.dice.below(1_000);
        let gone: Vec<(Name, u32)> = self.model.gone.iter().map(|(n, r)| (*n, *r)).collect();
        if gone.is_empty() {
            return;
        }
        let (name, revision) = gone[at % gone.len()];
        let iri = self.records[&name].clone();
        self.say(format!("{iri} is restored"));
        let death = self.death().await;
        let path: String = url::form_urlencoded::byte_serialize(iri.as_bytes()).collect();
        let request = self
            .process()
            .operator("POST", &format!("/restore?iri={path}"));
        let answer = self.asks(request, death).await;
        let mut to_be = self.model.held.clone();
        to_be.insert(name, revision);
        if let Some((status, answer)) = &answer {
            assert_eq!(*status, 200, "{answer}");
            self.model.kept.insert(name);
        } else {
            self.model.soft.insert(name);
        }
        self.changed(name.0, to_be, answer.is_some()).await;
    }

    /// What was kept of a source's answers says what is held, where nobody has decided anything since.
    pub(super) async fn redescribe(&mut self) {
        let source = *self.dice.of(&ASKED);
        // Of a feed that said nothing, nothing is kept.
        if !self.model.settled.contains(source) || self.model.of(source).is_empty() {
            return;
        }
        self.say(format!("{source} is described again"));
        let death = self.death().await;
        let request = self.process().operator(
            "POST",
            &format!("/sources/{source}/run?what=redescribe&wait=true"),
        );
        if let Some((status, report)) = self.asks(request, death).await {
            assert_eq!(
                (status, &report["outcome"]),
                (200, &"complete".into()),
                "{report}"
            );
        }
        let as_is = self.model.held.clone();
        self.seen_as(&as_is).await;
    }
}
