//! Dates as CKAN has them: UTC, microseconds, no zone. Pure.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike as _};

/// `2026-11-21T10:00:00.000000`, of microseconds since 1970.
pub fn ckan(us: i64) -> String {
    let time = DateTime::from_timestamp_micros(us).unwrap_or_default();
    // By hand: chrono reads its pattern anew for each date, and an index has hundreds of thousands.
    let [hour, minute, second] = [time.hour(), time.minute(), time.second()];
    let (day, micros) = (time.date_naive(), time.timestamp_subsec_micros());
    format!("{day}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// Microseconds since 1970 of a date, or of a date and time with or without a zone (then it is UTC).
pub fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let utc = text.strip_suffix('Z').unwrap_or(text);
    let time = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(utc, form).ok())
    .or_else(|| {
        let day = NaiveDate::parse_from_str(utc, "%Y-%m-%d").ok()?;
        day.and_hms_opt(0, 0, 0)
    })?;
    Some(time.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_microseconds_and_no_zone() {
        let said = |text| read(text).map(ckan);
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(said("2026-05-07"), is("2026-05-07T00:00:00.000000"));
        assert_eq!(
            said("2026-05-07T08:00:19+08:00"),
            is("2026-05-07T00:00:19.000000")
        );
        assert_eq!(
            said("2026-05-07T08:00:19.123456Z"),
            is("2026-05-07T08:00:19.123456")
        );
        assert_eq!(
            said("2026-05-07T08:00:19"),
            is("2026-05-07T08:00:19.000000")
        );
        assert_eq!(said("2026"), None);
        assert_eq!(said("yesterday"), None);
    }
}
