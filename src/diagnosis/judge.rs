//! From what a run saw to what is wrong: what ended the asking first, then what the gate holds, then what was noticed.
//!
//! Pure. Start at [`of_run`].

use super::{Ailment, Diagnosis, Seen};
use crate::gate::Cause;
use crate::network::{ErrorPage, NetworkError, NetworkErrorKind as Kind, TlsFault, Vitals};
use crate::report::{Outcome, Report};
use harvestd_harvesters::{ReadError, ReadErrorKind, guard::PageKind};

/// What ended the asking before its end.
#[derive(Debug, Clone)]
pub enum Symptom {
    /// There was no answer.
    Network(NetworkError),
    /// The answer could not be read.
    Unreadable {
        error: ReadError,
        url: String,
        status: u16,
        begin: ErrorPage,
    },
    /// Pages lead in a circle, or to the same page.
    Circle { url: String },
    /// A person, or the end of the daemon.
    Stopped,
}

/// What is known of a run beside its report.
#[derive(Debug, Clone, Default)]
pub struct Course {
    pub symptom: Option<Symptom>,
    pub vitals: Vitals,
    /// Datasets held before the run.
    pub had: u64,
    /// Records that were refused when the source last ran, and had the form that it always had.
    pub refused_before: u64,
    /// Clocks may differ by so much.
    pub clock_skew_s_max: u64,
}

/// The notices of connectors that say that a source does not do what it was asked for.
const FILTER_NOTICES: [&str; 4] = [
    "filter-ignored",
    "filter-broken",
    "filter-refused",
    "sort-ignored",
];

/// What is wrong with the source, as this run shows. None: nothing is.
pub fn of_run(report: &Report, course: &Course) -> Option<Diagnosis> {
    let whole = report.outcome == Outcome::Complete;
    let found = match &course.symptom {
        Some(Symptom::Stopped) => return None,
        Some(symptom) => Some(of_symptom(symptom, course)),
        None => held(report)
            .or_else(|| schema(report, course))
            .or_else(|| counted(report))
            .or_else(|| noticed(report))
            .or_else(|| (!whole).then(|| unproved(report)))
            .or_else(|| clock(course))
            .or_else(|| moved(course)),
    };
    match whole {
        true => found.map(Diagnosis::mild),
        false => found,
    }
}

/// The run broke off for a reason of ours.
pub fn of_error(error: &str) -> Diagnosis {
    seen(Ailment::OwnTrouble, error)
}

fn seen(ailment: Ailment, text: impl Into<String>) -> Diagnosis {
    let text = text.into();
    Diagnosis::new(
        ailment,
        Seen {
            text,
            ..Seen::default()
        },
    )
}

fn of_symptom(symptom: &Symptom, course: &Course) -> Diagnosis {
    match symptom {
        Symptom::Network(error) => Diagnosis::new(
            of_network(error, course),
            Seen {
                text: error.to_string(),
                url: Some(error.trace.url.clone()),
                status: status(error.kind),
                first_line: error
                    .trace
                    .page
                    .as_ref()
                    .map(|page| page.first_line.clone()),
            },
        ),
        Symptom::Unreadable {
            error,
            url,
            status,
            begin,
        } => Diagnosis::new(
            of_answer(error, *status, begin, course),
            Seen {
                text: error.to_string(),
                url: Some(url.clone()),
                status: Some(*status),
                first_line: Some(begin.first_line.clone()),
            },
        ),
        Symptom::Circle { url } => {
            let mut found = seen(Ailment::RepeatedPage, format!("{url} leads in a circle"));
            found.seen.url = Some(url.clone());
            found
        }
        Symptom::Stopped => seen(Ailment::NoProof, "the run was stopped"),
    }
}

fn status(kind: Kind) -> Option<u16> {
    match kind {
        Kind::Status(status) => Some(status),
        _ => None,
    }
}

fn of_network(error: &NetworkError, course: &Course) -> Ailment {
    match error.kind {
        Kind::Refused if error.trace.redirected => Ailment::Moved,
        Kind::Refused => Ailment::ForbiddenAddress,
        Kind::Robots => Ailment::Robots,
        Kind::Dns => Ailment::NoAddress,
        Kind::Connect => Ailment::Unreachable,
        Kind::Tls => match error.trace.tls {
            Some(TlsFault::UnknownIssuer) => Ailment::TlsChain,
            Some(TlsFault::NotValidYet) => Ailment::Clock,
            Some(TlsFault::Expired) if clock(course).is_some() => Ailment::Clock,
            Some(TlsFault::Expired | TlsFault::OtherName | TlsFault::Other) | None => Ailment::Tls,
        },
        Kind::Timeout | Kind::Deadline | Kind::Drip => Ailment::Slow,
        Kind::TooLarge => Ailment::TooLarge,
        Kind::Truncated => Ailment::Cut,
        Kind::Redirect => Ailment::Moved,
        Kind::RetryLater => Ailment::Quota,
        Kind::Protocol => Ailment::NotHttp,
        Kind::Disk => Ailment::OwnTrouble,
        Kind::Status(status) => {
            let page = error.trace.page.as_ref().and_then(|page| page.kind);
            of_status(status, page).unwrap_or(Ailment::NotACatalogue)
        }
    }
}

/// What a status says, with the page that came with it. None: a status that is none of trouble.
fn of_status(status: u16, page: Option<PageKind>) -> Option<Ailment> {
    Some(match (status, page) {
        (400.., Some(PageKind::Challenge)) => Ailment::Challenge,
        (401 | 407, _) | (403, Some(PageKind::Login)) => Ailment::Login,
        (403 | 406 | 451, _) => Ailment::Blocked,
        (404 | 410 | 421, _) => Ailment::Moved,
        (429, _) => Ailment::Quota,
        (500.., Some(PageKind::Maintenance)) => Ailment::Maintenance,
        (500.., _) | (408 | 425, _) => Ailment::ServerTrouble,
        (400..500, _) => Ailment::NotACatalogue,
        _ => return None,
    })
}

fn of_answer(error: &ReadError, status: u16, begin: &ErrorPage, course: &Course) -> Ailment {
    if let Some(ailment) = of_status(status, begin.kind) {
        return ailment;
    }
    let of_the_document = matches!(
        error.kind,
        ReadErrorKind::NotACatalogue | ReadErrorKind::Malformed
    );
    match (begin.kind, error.kind) {
        (Some(PageKind::Challenge), _) => Ailment::Challenge,
        (Some(PageKind::Login), _) => Ailment::Login,
        (Some(PageKind::Firewall), _) => Ailment::Blocked,
        (Some(PageKind::Maintenance), _) => Ailment::Maintenance,
        (None, _) if of_the_document && course.had > 0 => Ailment::SchemaChange,
        (_, ReadErrorKind::NotACatalogue | ReadErrorKind::Malformed) => Ailment::NotACatalogue,
        (_, ReadErrorKind::Truncated) => Ailment::Cut,
        (_, ReadErrorKind::Limit) => Ailment::TooLarge,
        (_, ReadErrorKind::SourceFailed) => Ailment::ServerTrouble,
        (_, ReadErrorKind::Denied) => Ailment::Login,
        (_, ReadErrorKind::Io) => Ailment::OwnTrouble,
    }
}

/// What the gate holds, by its cause.
fn held(report: &Report) -> Option<Diagnosis> {
    let held = report.held.as_ref()?;
    let ailment = match held.cause {
        Cause::Empty => Ailment::Empty,
        Cause::Churn => Ailment::IdentifiersChanged,
        Cause::Share => Ailment::TooMuchGone,
        Cause::Nameless => Ailment::UnnamedRecords,
    };
    Some(seen(ailment, why(report)))
}

/// Most of what came is refused, and was not before; or all of it, from the beginning.
fn schema(report: &Report, course: &Course) -> Option<Diagnosis> {
    let c = &report.counts;
    let refused = c.not_taken();
    let (all, most) = (refused == c.received, refused * 2 > c.received);
    if refused == 0 || !most {
        return None;
    }
    let text = format!("{refused} of {} records were refused", c.received);
    match course.had {
        0 if all => Some(seen(Ailment::NotACatalogue, text)),
        1.. if refused > course.refused_before * 2 => Some(seen(Ailment::SchemaChange, text)),
        _ => None,
    }
}

fn counted(report: &Report) -> Option<Diagnosis> {
    if let Some(text) = notice(report, &["count-lies"]) {
        return Some(seen(Ailment::LyingTotal, text));
    }
    let declared = report.disagreements.first();
    let told = declared.filter(|said| said.starts_with("the source declares"));
    let why = report.why.as_ref();
    let why = why.filter(|said| said.starts_with("the source declares"));
    let text = why.or(told)?;
    Some(seen(Ailment::LyingTotal, text))
}

fn noticed(report: &Report) -> Option<Diagnosis> {
    if let Some(text) = notice(report, &["paging-ignored"]) {
        return Some(seen(Ailment::RepeatedPage, text));
    }
    notice(report, &FILTER_NOTICES).map(|text| seen(Ailment::IgnoredFilter, text))
}

fn notice<'r>(report: &'r Report, codes: &[&str]) -> Option<&'r str> {
    let mut all = report.noticed.iter();
    let found = all.find(|(code, _)| codes.contains(&code.as_str()));
    found.map(|(_, text)| text.as_str())
}

fn unproved(report: &Report) -> Diagnosis {
    seen(Ailment::NoProof, why(report))
}

fn why(report: &Report) -> String {
    report
        .why
        .clone()
        .unwrap_or_else(|| format!("the run is {}", report.outcome))
}

fn clock(course: &Course) -> Option<Diagnosis> {
    let ahead_s = course.vitals.ahead_s?;
    (ahead_s.unsigned_abs() > course.clock_skew_s_max).then(|| {
        let way = if ahead_s > 0 { "ahead of" } else { "behind" };
        let text = format!(
            "the source's clock is {} {way} this machine's",
            in_words(ahead_s.unsigned_abs())
        );
        seen(Ailment::Clock, text)
    })
}

/// So many seconds, in the unit that a person would take.
fn in_words(seconds: u64) -> String {
    match seconds {
        0..7_200 => format!("{seconds} seconds"),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn moved(course: &Course) -> Option<Diagnosis> {
    let (from, to) = course.vitals.moved.as_ref()?;
    let mut found = seen(
        Ailment::Moved,
        format!("{from} has moved for good to {to}, and was followed"),
    );
    found.seen.url = Some(from.clone());
    Some(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::report::{Counts, Trigger};

    #[test]
    fn statuses_and_the_pages_that_come_with_them() {
        use PageKind::{Challenge, Firewall, Login, Maintenance, Other};
        for (status, page, expected) in [
            (200, Some(Login), None),
            (401, None, Some("login")),
            (403, None, Some("blocked")),
            (403, Some(Login), Some("login")),
            (403, Some(Challenge), Some("challenge")),
            (403, Some(Firewall), Some("blocked")),
            (404, Some(Other), Some("moved")),
            (410, None, Some("moved")),
            (429, None, Some("quota")),
            (429, Some(Challenge), Some("challenge")),
            (451, None, Some("blocked")),
            (400, None, Some("not-a-catalogue")),
            (500, None, Some("server-trouble")),
            (503, Some(Maintenance), Some("maintenance")),
            (503, Some(Challenge), Some("challenge")),
        ] {
            let found = of_status(status, page).map(Ailment::name);
            assert_eq!(found, expected, "{status} {page:?}");
        }
    }

    fn answered(kind: ReadErrorKind, text: &str, had: u64) -> &'static str {
        let error = ReadError::new(kind, "reading", "this", "that");
        let begin = ErrorPage::of(text.as_bytes(), &[]);
        let course = Course {
            had,
            ..Course::default()
        };
        of_answer(&error, 200, &begin, &course).name()
    }

    #[test]
    fn what_cannot_be_read_is_told_by_what_it_is_and_what_came_before() {
        use ReadErrorKind::{Denied, Limit, Malformed, NotACatalogue, Truncated};
        let login = "<html><input type=\"password\">";
        for (kind, text, had, expected) in [
            (NotACatalogue, login, 9, "login"),
            (NotACatalogue, "<html>captcha", 9, "challenge"),
            (NotACatalogue, "<html>系統維護", 9, "maintenance"),
            (NotACatalogue, "<html>hello", 9, "not-a-catalogue"),
            (NotACatalogue, "{}", 0, "not-a-catalogue"),
            (Malformed, "{}", 9, "schema-change"),
            (Truncated, "[{", 9, "cut"),
            (Limit, "[[[[", 9, "too-large"),
            (Denied, "{}", 9, "login"),
        ] {
            assert_eq!(answered(kind, text, had), expected, "{text}");
        }
    }

    #[test]
    fn records_that_are_refused_by_the_many_are_another_schema_until_they_are_mended() {
        let mut report = Report::begin("s", "ckan", Trigger::Hand, 1);
        report.outcome = Outcome::Complete;
        let mut found = |refused, had, refused_before| {
            report.counts = Counts {
                received: 10,
                refused,
                ..Counts::default()
            };
            let course = Course {
                had,
                refused_before,
                ..Course::default()
            };
            of_run(&report, &course).map(|d| (d.code.name(), d.grave))
        };
        assert_eq!(found(5, 10, 0), None, "half of them");
        assert_eq!(found(6, 10, 1), Some(("schema-change", false)));
        assert_eq!(found(6, 10, 5), None, "about as ever");
        assert_eq!(found(10, 0, 0), Some(("not-a-catalogue", false)));
        assert_eq!(found(9, 0, 0), None, "never otherwise");
    }

    #[test]
    fn a_clock_counts_where_nothing_else_is_wrong() {
        let mut report = Report::begin("s", "ckan", Trigger::Hand, 1);
        report.outcome = Outcome::Complete;
        let mut course = Course {
            clock_skew_s_max: 300,
            ..Course::default()
        };
        for (ahead_s, words) in [
            (None, None),
            (Some(300), None),
            (Some(301), Some("301 seconds ahead of")),
            (Some(-86_400), Some("24 hours behind")),
            (Some(-347_322_795), Some("4019 days behind")),
        ] {
            course.vitals.ahead_s = ahead_s;
            let found = of_run(&report, &course);
            assert_eq!(found.is_some(), words.is_some(), "{ahead_s:?}");
            if let Some(words) = words {
                let found = found.unwrap();
                assert!(found.seen.text.contains(words), "{found:?}");
                assert_eq!((found.code, found.grave), (Ailment::Clock, false));
            }
        }
        report.outcome = Outcome::Partial;
        report.why = Some("half of it".to_owned());
        assert_eq!(of_run(&report, &course).unwrap().code, Ailment::NoProof);
        course.symptom = Some(Symptom::Stopped);
        assert_eq!(of_run(&report, &course), None);
    }
}
