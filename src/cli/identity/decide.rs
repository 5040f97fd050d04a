//! `identity join`, `split`, `forget` and `decisions`: what people decide of two records.
//!
//! The daemon decides and publishes; here it is only asked. Start at [`decide`].

use super::{json, lines};
use crate::{
    cli::{
        args::{self, Common, Place},
        client::{Reached, body},
        exit::Exit,
        out,
    },
    daemon::Purpose,
    identity::{Decision, Verdict},
    serve::desk::{Decided, Wanted},
};

pub async fn decide(args: &args::IdentityDecide, verdict: Verdict, common: &Common) -> Exit {
    let wanted = Wanted {
        verdict: Some(verdict),
        a: args.a.clone(),
        b: args.b.clone(),
        who: args.who.clone(),
        why: args.why.clone(),
    };
    asked(&args.place, &wanted, common).await
}

pub async fn forget(args: &args::IdentityForget, common: &Common) -> Exit {
    let wanted = Wanted {
        verdict: None,
        a: args.a.clone(),
        b: args.b.clone(),
        who: String::new(),
        why: String::new(),
    };
    asked(&args.place, &wanted, common).await
}

async fn asked(place: &Place, wanted: &Wanted, common: &Common) -> Exit {
    let reached = match Reached::reach_held(place, Purpose::Work).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let said = serde_json::to_string(wanted).unwrap_or_default();
    let answer = body(reached.local.order_with("/identity/decide", said).await).await;
    let exit = answer.and_then(|answer| {
        serde_json::from_slice::<Decided>(&answer)
            .map_err(|e| out::complain(&format!("the answer is not whole: {e}"), Exit::Failed))
    });
    let exit = match exit {
        Ok(decided) if common.json => json(&decided),
        Ok(decided) => out::print(&out::printable(&told(&decided))),
        Err(exit) => exit,
    };
    reached.done(exit).await
}

fn told(decided: &Decided) -> String {
    let Decided {
        decision,
        published: [a, b],
        ..
    } = decided;
    let done = match (decided.taken_back, decision.verdict, decided.is_one()) {
        (true, _, _) => "Taken back.",
        (false, Verdict::Join, true) | (false, Verdict::Split, false) => "Decided.",
        (false, Verdict::Join, false) => {
            "Decided, but they cannot be one as it is: a source would be in it twice, or other records of them were split. `harvestd identity list` says more."
        }
        (false, Verdict::Split, true) => "Decided, but other decisions hold them together.",
    };
    let now = if decided.is_one() {
        format!("They are one dataset, published as {a}")
    } else {
        format!("They are two datasets, published as {a} and {b}")
    };
    format!("{done} {now}\n")
}

/// `harvestd identity decisions`
pub async fn list(args: &args::IdentityDecisions, common: &Common) -> Exit {
    let reached = match Reached::reach(&args.place, Purpose::Read).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    let decisions: Result<Vec<Decision>, Exit> = lines(&reached.local, "/identity/decisions").await;
    let exit = match decisions {
        Ok(decisions) if common.json => json(&decisions),
        Ok(decisions) => {
            let lines: String = decisions.iter().map(line).collect();
            let none = "Nothing was decided.\n".to_owned();
            out::print(&out::printable(if lines.is_empty() {
                &none
            } else {
                &lines
            }))
        }
        Err(exit) => exit,
    };
    reached.done(exit).await
}

fn line(d: &Decision) -> String {
    let (verdict, a, b) = (d.verdict.word(), &d.a, &d.b);
    format!("{verdict} {a}\n      {b}\n      {}\n", said(d))
}

/// When, who and why.
pub(super) fn said(d: &Decision) -> String {
    let at = crate::log::date_time(d.at_ms * 1000);
    format!("{at} {}: {}", d.who, d.why)
}
