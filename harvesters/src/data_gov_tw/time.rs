//! Dates and times of the portal, in every form in which it writes them: `2026-05-07 10:00:19`, the same with
//! `.000000`, RFC 3339, a day alone, and (read in [`super::columns`]) an object of date and zone.
//!
//! What names no zone is in Taiwan: UTC+8 all year. It never reads the clock.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use oxrdf::{Literal, vocab::xsd};

const TAIWAN_SECONDS: i32 = 8 * 3600;

/// A point in time; None where the text is none.
pub(super) fn instant(text: &str) -> Option<DateTime<FixedOffset>> {
    let taiwan = FixedOffset::east_opt(TAIWAN_SECONDS)?;
    let separated = text.replacen('T', " ", 1).replacen('Z', "+00:00", 1);
    if let Ok(zoned) = DateTime::parse_from_str(&separated, "%Y-%m-%d %H:%M:%S%.f%#z") {
        return Some(zoned.with_timezone(&taiwan));
    }
    let local = NaiveDateTime::parse_from_str(&separated, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    local.and_local_timezone(taiwan).single()
}

/// As a literal: a time, a day, or the text that is neither.
pub(super) fn literal(text: &str) -> Option<Literal> {
    if text.is_empty() {
        return None;
    }
    Some(if let Some(time) = instant(text) {
        let text = time.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string();
        Literal::new_typed_literal(text, xsd::DATE_TIME)
    } else if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Literal::new_typed_literal(date.to_string(), xsd::DATE)
    } else {
        Literal::new_simple_literal(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let time = |text| Some(Literal::new_typed_literal(text, xsd::DATE_TIME));
        let cases = [
            ("2026-05-07 10:00:19", time("2026-05-07T10:00:19+08:00")),
            (
                "2026-05-07 10:00:19.000000",
                time("2026-05-07T10:00:19+08:00"),
            ),
            (
                "2026-05-07 10:00:19.250000",
                time("2026-05-07T10:00:19.250+08:00"),
            ),
            ("2026-05-07T02:00:19Z", time("2026-05-07T10:00:19+08:00")),
            (
                "2026-05-07 02:00:19.000000+00:00",
                time("2026-05-07T10:00:19+08:00"),
            ),
            (
                "2026-05-07T10:00:19+08:00",
                time("2026-05-07T10:00:19+08:00"),
            ),
            (
                "2026-05-07",
                Some(Literal::new_typed_literal("2026-05-07", xsd::DATE)),
            ),
            (
                "115年5月7日",
                Some(Literal::new_simple_literal("115年5月7日")),
            ),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(literal(text), expected, "{text}");
        }
    }
}
