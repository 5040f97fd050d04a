//! How good a dataset is, told with reasons: points by dimension, what costs points, what shapes say, and how its addresses
//! fare. Pure. Start at [`told`].

use crate::links::{judge::Checks, told::Checked};
use crate::serve::{
    pages::quality::{rated, scheme_key, spoken, timely_key},
    quality::{Detail, Judged, Shaped},
};
use harvestd_vocab::quality::{Met, Scheme};
use harvestd_web::{
    Language, Words,
    frame::encoded,
    judged::{self, Address, Dimension, Reason, Violation},
    moment::Moment,
    said::Said,
    values::Link,
};

pub fn told(words: &Words, of: &Detail, prefix: &str) -> judged::Judged {
    let reasons = |is_wanted: &dyn Fn(&Judged) -> bool| -> Vec<Reason> {
        let wanted = of.indicators.iter().filter(|judged| is_wanted(judged));
        wanted.map(|judged| reason(words, judged)).collect()
    };
    let mut lost = reasons(&|judged| {
        let asks = &judged.indicator;
        asks.scheme == Scheme::Mqa && judged.gets < asks.points
    });
    lost.sort_by_key(|reason| std::cmp::Reverse(reason.points));
    judged::Judged {
        words: *words,
        points: of.mqa,
        rating: rated(*words, of.rating),
        fair: of.fair,
        ai_ready: of.ai_ready,
        timely: words.say(timely_key(of.timeliness.state)).to_owned(),
        dimensions: dimensions(words, of),
        lost,
        indicators: reasons(&|_| true),
        conformance: conformance(words, of),
        violations: violations(words, of),
        badge: of.checks.as_ref().map(|checks| badge(words, checks)),
        addresses: of.checks.as_ref().map_or_else(Vec::new, |checks| {
            let places = checks.places.iter();
            places.map(|place| address(words, place)).collect()
        }),
        json: format!(
            "{prefix}/quality/dataset?iri={}&format=json",
            encoded(&of.dataset)
        ),
    }
}

fn reason(words: &Words, judged: &Judged) -> Reason {
    let asks = &judged.indicator;
    Reason {
        scheme: words.say(scheme_key(asks.scheme)).to_owned(),
        name: spoken(words, &asks.name).to_owned(),
        explanation: spoken(words, &asks.explanation).to_owned(),
        found: spoken(words, &judged.found).to_owned(),
        points: asks.points,
        gets: judged.gets,
        is_unchecked: judged.met == Met::Unchecked,
    }
}

/// Of the 405 points, in the order of the indicators.
fn dimensions(words: &Words, of: &Detail) -> Vec<Dimension> {
    let mut all: Vec<(&str, Dimension)> = Vec::new();
    for judged in &of.indicators {
        let asks = &judged.indicator;
        if asks.scheme != Scheme::Mqa {
            continue;
        }
        if all.last().is_none_or(|(last, _)| *last != asks.dimension) {
            let key = format!("dimension-{}", asks.dimension);
            let name = words.say(&key).to_owned();
            all.push((
                asks.dimension,
                Dimension {
                    name,
                    ..Dimension::default()
                },
            ));
        }
        if let Some((_, dimension)) = all.last_mut() {
            dimension.points += judged.gets;
            dimension.of += asks.points;
        }
    }
    all.into_iter().map(|(_, dimension)| dimension).collect()
}

fn conformance(words: &Words, of: &Detail) -> String {
    let Some(found) = of.conformance else {
        return String::new();
    };
    let (eu, taiwan) = (found.dcat_ap, found.taiwan);
    let counts = [
        eu.violations,
        eu.warnings,
        taiwan.violations,
        taiwan.warnings,
    ];
    words.fill(
        "judged-conformance",
        &counts.map(|many| words.number(u64::from(many))),
    )
}

/// What is the same of several files stands once.
fn violations(words: &Words, of: &Detail) -> Vec<Violation> {
    let mut all: Vec<Violation> = Vec::new();
    for result in &of.results {
        let one = violation(words, result);
        let same = all.iter_mut().find(|other| {
            (&other.path, &other.said, &other.severity, &other.profile)
                == (&one.path, &one.said, &one.severity, &one.profile)
        });
        match same {
            Some(other) => other.times += 1,
            None => all.push(one),
        }
    }
    all.sort_by_key(|one| !one.is_grave);
    all
}

fn violation(words: &Words, result: &Shaped) -> Violation {
    let severity = words.known(&format!("severity-{}", result.severity));
    Violation {
        profile: words.say(&format!("profile-{}", result.profile)).to_owned(),
        severity: severity.unwrap_or(&result.severity).to_owned(),
        is_grave: result.severity == "violation",
        path: result.path.clone().unwrap_or_default(),
        said: match &result.message {
            Some(message) => spoken(words, message).to_owned(),
            None => result.component.clone(),
        },
        found: result.found.clone(),
        times: 1,
    }
}

/// What the portal found, as far as it told, and that the rest is not its finding.
fn badge(words: &Words, checks: &Checked) -> String {
    match &checks.badge {
        Some(badge) => words.fill("judged-badge", &[badge]),
        None => words.say("judged-no-badge").to_owned(),
    }
}

fn address(words: &Words, place: &crate::links::told::Fares) -> Address {
    let verdict = place.verdict.as_ref();
    let came = verdict.map(|verdict| verdict.trouble.words());
    let (came, advice) = match (came, words.0) {
        (None, _) => (words.say("judged-unchecked"), ""),
        (Some(came), Language::Chinese) => (came.zh_hant, came.advice_zh_hant),
        (Some(came), Language::English) => (came.en, came.advice),
    };
    let checked = place.checked_ms.filter(|_| verdict.is_some());
    let Checks {
        linkable,
        downloadable,
        structure,
        encoding_match,
        desc_match,
    } = verdict.map(|verdict| verdict.checks).unwrap_or_default();
    let all = [
        linkable,
        downloadable,
        structure,
        encoding_match,
        desc_match,
    ];
    Address {
        link: Link::out(Said::of(&place.url), &place.url),
        came: came.to_owned(),
        advice,
        checked: checked.and_then(Moment::of_ms),
        checks: all.map(|check| {
            words.say(match check {
                Some(true) => "check-yes",
                Some(false) => "check-no",
                None => "check-unknown",
            })
        }),
    }
}
