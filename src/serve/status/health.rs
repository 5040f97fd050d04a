//! What is wrong with a source, for the page of how things stand.

use crate::serve::{desk::SourceStatus, html::escape};

/// The name of what is wrong, what was seen, and what to do; nothing where nothing is wrong.
pub fn cell(source: &SourceStatus) -> String {
    let Some(diagnosis) = &source.health.diagnosis else {
        return String::new();
    };
    let [what, advice] = diagnosis.lines();
    format!(
        "<br><small class=\"bad\">{}: {}</small><br><small>{}</small>",
        source.health.state.word(),
        escape(&what),
        escape(&advice)
    )
}
