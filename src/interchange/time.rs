//! Times as Taiwan's standards write them. Pure. Start at [`taiwan_time`].

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

/// A date or time as Taiwan's standards write it: `2026-11-21 08:00:00`, in UTC+8, or the date alone. What is neither
/// stays what it is.
pub fn taiwan_time(text: &str) -> String {
    const WRITTEN: &str = "%Y-%m-%d %H:%M:%S";
    if let (Ok(time), Some(zone)) = (DateTime::parse_from_rfc3339(text), taiwan()) {
        return time.with_timezone(&zone).format(WRITTEN).to_string();
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return time.format(WRITTEN).to_string();
    }
    match NaiveDate::parse_from_str(text.get(..10).unwrap_or(text), "%Y-%m-%d") {
        Ok(date) => date.to_string(),
        Err(_) => text.to_owned(),
    }
}

/// UTC+8, all year.
pub fn taiwan() -> Option<FixedOffset> {
    FixedOffset::east_opt(8 * 3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_taiwan_writes_them() {
        for (text, expected) in [
            ("2026-11-20T16:00:00Z", "2026-11-21 00:00:00"),
            ("2026-11-20T16:00:00.5+08:00", "2026-11-20 16:00:00"),
            ("2026-11-20T16:00:00", "2026-11-20 16:00:00"),
            ("2026-11-20", "2026-11-20"),
            ("民國115年", "民國115年"),
        ] {
            assert_eq!(taiwan_time(text), expected);
        }
    }
}
