//! What came from an address against what was declared of it.
//!
//! Pure: values in, a verdict out. Start at [`judge`].

use super::{
    declared::{Declared, Role},
    sniff::{Look, Page, Type},
    trouble::Trouble,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use url::Url;

/// What came when an address was asked, as far as it matters later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Came {
    /// Why there was no answer.
    pub fault: Option<Trouble>,
    /// The same in words.
    pub said: Option<String>,
    pub status: Option<u16>,
    /// How many redirects were followed, and where they led.
    pub redirects: usize,
    pub landed: Option<String>,
    /// As the answer has it, lower case.
    pub media_type: Option<String>,
    pub charset: Option<String>,
    /// Bytes of the whole file, where the server says so.
    pub bytes: Option<u64>,
    /// Bytes that were looked at, and whether these are all.
    pub seen: usize,
    pub whole: bool,
    pub look: Look,
    /// Names this state of the file, where the server gives it an entity tag or a time.
    pub mark: Option<String>,
    /// The server wants to be left alone for so long.
    pub retry_after_ms: Option<u64>,
    pub took_ms: u64,
}

/// The five checks of the national portal, under the names that its interface gives them. None: it cannot be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checks {
    /// 連結有效: the address leads to something.
    pub linkable: Option<bool>,
    /// 可直接下載: what comes is the file itself.
    pub downloadable: Option<bool>,
    /// 結構化: the file is of a form that programs read, of the declared type, and well formed.
    pub structure: Option<bool>,
    /// 編碼相符: its encoding is the declared one.
    pub encoding_match: Option<bool>,
    /// 欄位說明相符: its columns are those that are described.
    pub desc_match: Option<bool>,
}

/// How an address fares for one dataset that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The gravest of what is wrong; [`Trouble::Ok`] where nothing is.
    pub trouble: Trouble,
    /// All that is wrong.
    pub troubles: Vec<Trouble>,
    #[serde(flatten)]
    pub checks: Checks,
    /// Described fields that the file does not have, and columns that are not described.
    pub missing: Vec<String>,
    pub undescribed: Vec<String>,
}

/// By so many percent a file may differ from its declared size: it may have grown since.
const SIZE_PERCENT_MAX: u64 = 10;

/// Judges what came from `url`.
pub fn judge(url: &str, role: Role, declared: &Declared, came: &Came) -> Verdict {
    let mut verdict = Verdict {
        trouble: Trouble::Ok,
        troubles: Vec::new(),
        checks: Checks::default(),
        missing: Vec::new(),
        undescribed: Vec::new(),
    };
    if let Some(fault) = came.fault.or_else(|| of_status(came.status)) {
        verdict.troubles.push(fault);
        if fault.is_fault() {
            verdict.checks.linkable = Some(false);
            verdict.checks.downloadable = (role == Role::Download).then_some(false);
        }
    } else {
        of_content(url, role, declared, came, &mut verdict);
    }
    verdict.troubles.sort_unstable();
    verdict.troubles.dedup();
    verdict.trouble = verdict.troubles.first().copied().unwrap_or(Trouble::Ok);
    verdict
}

fn of_status(status: Option<u16>) -> Option<Trouble> {
    match status? {
        200..=299 => None,
        404 | 410 => Some(Trouble::Gone),
        401 | 402 | 403 | 407 | 451 => Some(Trouble::Forbidden),
        429 => Some(Trouble::Busy),
        500..=599 => Some(Trouble::ServerError),
        _ => Some(Trouble::OddStatus),
    }
}

fn of_content(url: &str, role: Role, declared: &Declared, came: &Came, verdict: &mut Verdict) {
    if let Some(trouble) = of_page(url, role, declared, came) {
        verdict.troubles.push(trouble);
        let reachable = trouble.is_reachable();
        verdict.checks.linkable = Some(reachable);
        verdict.checks.downloadable = (role == Role::Download).then_some(false);
        verdict.checks.structure = (reachable && declared.is_structured()).then_some(false);
        return;
    }
    verdict.checks.linkable = Some(true);
    let is_page = came.look.kind == Some(Type::Html) && !declared.is_page();
    if role != Role::Download && (is_page || role == Role::Landing) {
        // The page where the data are: nothing is declared of it.
        return;
    }
    let Some(kind) = came.look.kind else {
        return;
    };
    if kind == Type::Empty {
        verdict.troubles.push(Trouble::Empty);
        verdict.checks.downloadable = Some(false);
        return;
    }
    verdict.checks.downloadable = Some(true);
    let fitting = declared.fitting();
    let fits = fitting.is_empty() || fitting.contains(&kind);
    if !fits {
        verdict.troubles.push(Trouble::OtherType);
    }
    let well_formed = came.look.well_formed != Some(false);
    if fits && !well_formed {
        verdict.troubles.push(Trouble::Unreadable);
    }
    if declared.is_structured() {
        verdict.checks.structure = Some(fits && well_formed);
    }
    if fits {
        of_encoding(declared, came, verdict);
        of_columns(declared, came, verdict);
    }
    if let (Some(declared), Some(came)) = (declared.bytes, came.bytes)
        && declared.abs_diff(came) > declared / 100 * SIZE_PERCENT_MAX + SIZE_PERCENT_MAX
    {
        verdict.troubles.push(Trouble::OtherSize);
    }
}

/// A web page that comes where none is meant.
fn of_page(url: &str, role: Role, declared: &Declared, came: &Came) -> Option<Trouble> {
    if came.look.kind != Some(Type::Html) {
        return None;
    }
    match came.look.page {
        Some(Page::Login) if role == Role::Download => return Some(Trouble::Login),
        Some(Page::Challenge) => return Some(Trouble::Challenge),
        Some(Page::Lost) => return Some(Trouble::LostPage),
        _ => {}
    }
    let landed = came.landed.as_deref().filter(|_| came.redirects > 0);
    if landed.is_some_and(|landed| is_home(url, landed)) {
        return Some(Trouble::LostPage);
    }
    let data_meant = declared.media_type.is_some() && !declared.is_page();
    (role == Role::Download && data_meant).then_some(Trouble::Html)
}

/// Was a redirect followed from something to the front page?
fn is_home(asked: &str, landed: &str) -> bool {
    let (Ok(asked), Ok(landed)) = (Url::parse(asked), Url::parse(landed)) else {
        return false;
    };
    is_front(&landed) && !is_front(&asked)
}

fn is_front(url: &Url) -> bool {
    let last = url.path().trim_matches('/').to_ascii_lowercase();
    let stem = last.split('.').next().unwrap_or_default();
    url.query().is_none()
        && (last.is_empty() || matches!(stem, "index" | "default" | "home" | "404" | "error"))
}

fn of_encoding(declared: &Declared, came: &Came, verdict: &mut Verdict) {
    let (Some(declared), Some(found)) = (&declared.encoding, &came.look.encoding) else {
        return;
    };
    // ASCII is within all of them but UTF-16.
    let matches = declared == found || found == "US-ASCII" && !declared.starts_with("UTF-16");
    verdict.checks.encoding_match = Some(matches);
    if !matches {
        verdict.troubles.push(Trouble::OtherEncoding);
    }
}

/// Case, width and blanks make no other name.
fn folded(name: &str) -> String {
    let name = name
        .nfkc()
        .filter(|c| !c.is_whitespace() && *c != '_' && *c != '-');
    name.collect::<String>().to_lowercase()
}

/// The order of columns is nobody's promise.
fn of_columns(declared: &Declared, came: &Came, verdict: &mut Verdict) {
    let (fields, columns) = (&declared.fields, &came.look.columns);
    if fields.is_empty() || columns.is_empty() || came.look.kind == Some(Type::Text) {
        return;
    }
    let found: BTreeSet<String> = columns.iter().map(|column| folded(column)).collect();
    let has = |name: &str| {
        let name = folded(name);
        found.contains(&name)
    };
    let mut known = BTreeSet::new();
    for (name, said) in fields {
        let names = [Some(name.as_str()), said.as_deref()];
        if !names.iter().flatten().any(|name| has(name)) {
            verdict.missing.push(name.clone());
        }
        known.extend(names.iter().flatten().map(|name| folded(name)));
    }
    if !declared.fields_cut {
        let strange = columns
            .iter()
            .filter(|column| !known.contains(&folded(column)));
        verdict.undescribed = strange.cloned().collect();
    }
    let matches = verdict.missing.is_empty() && verdict.undescribed.is_empty();
    verdict.checks.desc_match = Some(matches);
    if !matches {
        verdict.troubles.push(Trouble::OtherColumns);
    }
}

#[cfg(test)]
mod tests;
