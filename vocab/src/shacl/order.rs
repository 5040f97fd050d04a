//! Literals by value: is one well-formed, and which of two is less, as SPARQL's `<` has it.

use super::facts::Literal;
use crate::terms::xsd;
use oxsdatatypes::{
    Boolean, Date, DateTime, DayTimeDuration, Decimal, Double, Duration, Float, GDay, GMonth,
    GMonthDay, GYear, GYearMonth, Time, YearMonthDuration,
};
use std::cmp::Ordering;
use std::str::FromStr;

/// A value of a kind that has an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ordered {
    Decimal(Decimal),
    Double(Double),
    Boolean(bool),
    Text(String),
    DateTime(DateTime),
    Date(Date),
    Time(Time),
    GYear(GYear),
    GYearMonth(GYearMonth),
    Duration(Duration),
}

impl Ordered {
    /// None: of no such kind, or not well-formed.
    pub fn of(literal: &Literal<'_>) -> Option<Self> {
        let value = &*literal.value;
        let local = literal.datatype.strip_prefix(xsd::NS)?;
        if whole_range(local).is_some() {
            // What is too large for a decimal still has its place among the numbers.
            return is_well_formed(value, &literal.datatype).then(|| {
                let exact = value.parse().map(Self::Decimal);
                exact.unwrap_or_else(|_| Self::Double(value.parse().unwrap_or_default()))
            });
        }
        Some(match local {
            "decimal" => Self::Decimal(value.parse().ok()?),
            "double" => Self::Double(value.parse().ok()?),
            "float" => Self::Double(value.parse::<Float>().ok()?.into()),
            "boolean" => Self::Boolean(value.parse::<Boolean>().ok()?.into()),
            "string" => Self::Text(value.to_owned()),
            "dateTime" | "dateTimeStamp" => Self::DateTime(value.parse().ok()?),
            "date" => Self::Date(value.parse().ok()?),
            "time" => Self::Time(value.parse().ok()?),
            "gYear" => Self::GYear(value.parse().ok()?),
            "gYearMonth" => Self::GYearMonth(value.parse().ok()?),
            "duration" => Self::Duration(value.parse().ok()?),
            "dayTimeDuration" => Self::Duration(value.parse::<DayTimeDuration>().ok()?.into()),
            "yearMonthDuration" => Self::Duration(value.parse::<YearMonthDuration>().ok()?.into()),
            _ => return None,
        })
    }

    /// None: the two have no order, being of different kinds, or of times with and without a zone that are too near.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Decimal(a), Self::Decimal(b)) => a.partial_cmp(b),
            (Self::Decimal(a), Self::Double(b)) => Double::from(*a).partial_cmp(b),
            (Self::Double(a), Self::Decimal(b)) => a.partial_cmp(&Double::from(*b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.partial_cmp(b),
            (Self::DateTime(a), Self::DateTime(b)) => a.partial_cmp(b),
            (Self::Date(a), Self::Date(b)) => a.partial_cmp(b),
            (Self::Time(a), Self::Time(b)) => a.partial_cmp(b),
            (Self::GYear(a), Self::GYear(b)) => a.partial_cmp(b),
            (Self::GYearMonth(a), Self::GYearMonth(b)) => a.partial_cmp(b),
            (Self::Duration(a), Self::Duration(b)) => a.partial_cmp(b),
            _ => None,
        }
    }
}

/// Is the text in the lexical space of the datatype? Of datatypes that are not XML Schema's nothing is known, and any text is.
pub(super) fn is_well_formed(value: &str, datatype: &str) -> bool {
    let Some(local) = datatype.strip_prefix(xsd::NS) else {
        return true;
    };
    if let Some((least, most)) = whole_range(local) {
        return is_whole(value, least, most);
    }
    let is = match local {
        "decimal" => parses::<Decimal>,
        "double" => parses::<Double>,
        "float" => parses::<Float>,
        "boolean" => parses::<Boolean>,
        "dateTime" => parses::<DateTime>,
        "dateTimeStamp" => is_stamp,
        "date" => parses::<Date>,
        "time" => parses::<Time>,
        "gYear" => parses::<GYear>,
        "gYearMonth" => parses::<GYearMonth>,
        "gMonth" => parses::<GMonth>,
        "gMonthDay" => parses::<GMonthDay>,
        "gDay" => parses::<GDay>,
        "duration" => parses::<Duration>,
        "dayTimeDuration" => parses::<DayTimeDuration>,
        "yearMonthDuration" => parses::<YearMonthDuration>,
        "hexBinary" => is_hex,
        _ => return true,
    };
    is(value)
}

fn parses<T: FromStr>(value: &str) -> bool {
    value.parse::<T>().is_ok()
}

fn is_stamp(value: &str) -> bool {
    let parsed = value.parse::<DateTime>();
    parsed.is_ok_and(|time| time.timezone_offset().is_some())
}

fn is_hex(value: &str) -> bool {
    value.len() % 2 == 0 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The least and the most of a datatype of whole numbers; None: no bound on that side.
type Range = (Option<i128>, Option<i128>);

fn whole_range(local: &str) -> Option<Range> {
    let of = |least: i128, most: i128| Some((Some(least), Some(most)));
    match local {
        "integer" => Some((None, None)),
        "nonNegativeInteger" => Some((Some(0), None)),
        "positiveInteger" => Some((Some(1), None)),
        "nonPositiveInteger" => Some((None, Some(0))),
        "negativeInteger" => Some((None, Some(-1))),
        "byte" => of(i8::MIN.into(), i8::MAX.into()),
        "short" => of(i16::MIN.into(), i16::MAX.into()),
        "int" => of(i32::MIN.into(), i32::MAX.into()),
        "long" => of(i64::MIN.into(), i64::MAX.into()),
        "unsignedByte" => of(0, u8::MAX.into()),
        "unsignedShort" => of(0, u16::MAX.into()),
        "unsignedInt" => of(0, u32::MAX.into()),
        "unsignedLong" => of(0, u64::MAX.into()),
        _ => None,
    }
}

fn is_whole(value: &str, least: Option<i128>, most: Option<i128>) -> bool {
    let negative = value.starts_with('-');
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    match value.parse::<i128>() {
        Ok(number) => least.is_none_or(|l| number >= l) && most.is_none_or(|m| number <= m),
        // More digits than any bound has.
        Err(_) if negative => least.is_none(),
        Err(_) => most.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(value: &'static str, local: &str) -> Literal<'static> {
        Literal {
            value: value.into(),
            language: "".into(),
            datatype: format!("{}{local}", xsd::NS).into(),
        }
    }

    fn compare(a: (&'static str, &str), b: (&'static str, &str)) -> Option<Ordering> {
        let [a, b] = [a, b].map(|(value, local)| Ordered::of(&typed(value, local)));
        a?.compare(&b?)
    }

    #[test]
    fn values_have_an_order_within_their_kind() {
        use Ordering::{Equal, Greater, Less};
        assert_eq!(compare(("2", "integer"), ("10", "byte")), Some(Less));
        assert_eq!(compare(("1.0", "decimal"), ("1", "double")), Some(Equal));
        let huge = "9999999999999999999999999999999999999999999";
        assert_eq!(compare((huge, "integer"), ("1", "int")), Some(Greater));
        assert_eq!(compare(("a", "string"), ("b", "string")), Some(Less));
        assert_eq!(compare(("a", "string"), ("1", "integer")), None);
        assert_eq!(
            compare(("P1D", "duration"), ("P2D", "duration")),
            Some(Less)
        );
        let (zoned, plain) = ("2026-01-02T00:00:00Z", "2026-01-02T01:00:00");
        assert_eq!(compare((zoned, "dateTime"), (plain, "dateTime")), None);
        assert_eq!(compare(("2026", "gYear"), ("2025", "gYear")), Some(Greater));
        assert_eq!(compare(("300", "byte"), ("1", "byte")), None);
    }

    #[test]
    fn a_text_is_in_its_datatype_or_not() {
        for (value, local, well) in [
            ("127", "byte", true),
            ("128", "byte", false),
            ("-1", "nonNegativeInteger", false),
            (
                "99999999999999999999999999999999999999999",
                "nonNegativeInteger",
                true,
            ),
            (
                "-99999999999999999999999999999999999999999",
                "nonNegativeInteger",
                false,
            ),
            ("", "integer", false),
            ("+", "integer", false),
            ("1.5", "decimal", true),
            ("2026-02-30", "date", false),
            ("2026-02-03", "date", true),
            ("2026-02-03T00:00:00", "dateTimeStamp", false),
            ("2026-02-03T00:00:00Z", "dateTimeStamp", true),
            ("0aF", "hexBinary", false),
            ("0aF1", "hexBinary", true),
            ("yes", "boolean", false),
            ("anything", "anyURI", true),
        ] {
            let datatype = format!("{}{local}", xsd::NS);
            assert_eq!(is_well_formed(value, &datatype), well, "{value} {local}");
        }
        assert!(is_well_formed("x", "http://e.example/own"));
    }
}
