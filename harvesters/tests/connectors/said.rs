//! What became of one record: its description, normalised, and what must hold of every one.
//!
//! Start reading at [`described`].

use harvestd_harvesters::{Harvester, Record};
use harvestd_vocab::{Context, normalise};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(PartialEq)]
pub struct Said {
    pub entity: String,
    pub body: String,
    pub findings: Vec<String>,
}

pub fn described(harvester: &dyn Harvester, record: &Record, cx: &Context) -> Result<Said, String> {
    let description = harvester.describe(record).map_err(|r| r.to_string())?;
    if description.class != record.id.class {
        return Err(format!("described as {:?}", description.class));
    }
    let normal = normalise(description, &record.id.key, cx).map_err(|r| r.to_string())?;
    let findings = normal.findings.iter().map(ToString::to_string).collect();
    Ok(Said {
        entity: normal.entity.into_string(),
        body: normal.body,
        findings,
    })
}

/// What every body must be, whatever it says.
pub fn body_faults(body: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines: Vec<&str> = body.lines().collect();
    if !lines.windows(2).all(|w| w[0] < w[1]) {
        faults.push("its lines are not sorted, each once".to_owned());
    }
    for triple in oxrdfio::RdfParser::from_format(oxrdfio::RdfFormat::NTriples).for_slice(body) {
        match triple {
            Err(e) => faults.push(format!("no N-Triples: {e}")),
            Ok(t) if t.subject.is_blank_node() || t.object.is_blank_node() => {
                faults.push(format!("a blank node: {t}"))
            }
            Ok(_) => {}
        }
    }
    faults
}

/// What the work gives, or the text of its panic.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "without a text".to_owned())
    })
}
