//! Which days' changes a run asks for: the days since the bookmark, which is the last day read to its end.
//!
//! A day is a day in Taiwan, and is over before it is asked for. The day of the bookmark is asked for once more, since
//! what it says may have come late. The newest day comes first: where a dataset changed on two days, the newer word is
//! the first, and the first one counts. It knows no clock: the time of the run comes as an argument.
//!
//! Start reading at [`questions`].

use super::{ACCEPT, Note};
use crate::{Bookmark, Request};
use chrono::{DateTime, Days, NaiveDate};
use url::Url;

/// Taiwan has had no summer time since 1979.
const TAIWAN_MS: i64 = 8 * 3_600_000;

/// The last day in Taiwan that is over at `now_ms`.
pub(super) fn yesterday(now_ms: i64) -> Option<NaiveDate> {
    let there = DateTime::from_timestamp_millis(now_ms.checked_add(TAIWAN_MS)?)?;
    there.date_naive().pred_opt()
}

/// A question for each day, newest first. None where the full export has to be asked for: no bookmark that we can
/// read, one of a day that is yet to come (a clock was wrong), or more than `days_max` days missed.
pub(super) fn questions(
    changes: &Url,
    since: Option<&Bookmark>,
    now_ms: i64,
    days_max: u64,
) -> Option<Vec<Request>> {
    let newest = yesterday(now_ms)?;
    let since: NaiveDate = since?.0.parse().ok()?;
    let missed = u64::try_from((newest - since).num_days()).ok()?;
    if missed > days_max {
        return None;
    }
    let days = (0..=missed).map_while(|back| newest.checked_sub_days(Days::new(back)));
    let question = |day: NaiveDate| {
        let mut url = changes.clone();
        url.query_pairs_mut()
            .append_pair("report_date", &day.to_string());
        let covers = (day == since).then_some(newest);
        Request::get(url, ACCEPT).note(&Note::Day { day, covers })
    };
    Some(days.map(question).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(time: &str) -> i64 {
        DateTime::parse_from_rfc3339(time)
            .unwrap()
            .timestamp_millis()
    }

    fn days(since: &str, now: &str) -> Option<Vec<String>> {
        let url = "https://data.gov.tw/changed/export?format=json"
            .parse()
            .unwrap();
        let asked = questions(&url, Some(&Bookmark(since.to_owned())), at(now), 14)?;
        let day = |r: Request| {
            let (_, day) = r.url.as_str().rsplit_once("format=json&report_date=")?;
            Some(day.to_owned())
        };
        asked.into_iter().map(day).collect()
    }

    #[test]
    fn a_day_is_over_at_midnight_in_taiwan() {
        let day = |now| yesterday(at(now)).unwrap().to_string();
        assert_eq!(day("2026-11-21T15:59:59Z"), "2026-11-20");
        assert_eq!(day("2026-11-21T16:00:00Z"), "2026-11-21");
        assert_eq!(day("2026-01-01T00:00:00+08:00"), "2025-12-31");
    }

    #[test]
    fn every_missed_day_is_asked_for_newest_first_and_the_last_one_again() {
        let now = "2026-11-21T03:37:00+08:00";
        let expected = ["2026-11-20", "2026-11-19", "2026-11-18"].map(str::to_owned);
        assert_eq!(days("2026-11-18", now), Some(expected.to_vec()));
        assert_eq!(days("2026-11-20", now), Some(vec!["2026-11-20".to_owned()]));
        assert_eq!(days("2026-11-06", now).map(|d| d.len()), Some(15));
    }

    #[test]
    fn the_full_export_where_the_days_cannot_be_told_or_are_too_many() {
        let now = "2026-11-21T03:37:00+08:00";
        for since in ["2026-11-05", "2026-11-21", "2027-01-01", "", "page 3"] {
            assert_eq!(days(since, now), None, "{since}");
        }
    }
}
