//! Literals as the store will give them back.
//!
//! Oxigraph keeps numbers, dates and durations by value and renders them anew, so `"007"^^xsd:integer` comes back as
//! `"7"`. Every literal we keep is brought to the fixed point of that round trip beforehand; else each run would see
//! differences that nobody made. Two datatypes do not survive at all: whatever derives from `xsd:integer`
//! (`xsd:nonNegativeInteger`, …) comes back as `xsd:integer`, `xsd:dateTimeStamp` as `xsd:dateTime`. What does not
//! parse is kept as written, datatype included.

use crate::terms::xsd;
use oxrdf::{Literal, NamedNode};
use oxsdatatypes::{
    Boolean, Date, DateTime, DayTimeDuration, Decimal, Double, Duration, Float, GDay, GMonth,
    GMonthDay, GYear, GYearMonth, Integer, Time, YearMonthDuration,
};
use std::str::FromStr;

/// The fixed point of a typed literal. Datatypes that the store does not interpret pass as they are.
pub fn canonical(value: String, datatype: NamedNode) -> Literal {
    parsed(&value, &datatype).unwrap_or_else(|| Literal::new_typed_literal(value, datatype))
}

/// The same where the value parses as this datatype of XML Schema, as the store reads it.
pub fn parsed(value: &str, datatype: &NamedNode) -> Option<Literal> {
    let local = datatype.as_str().strip_prefix(xsd::NS)?;
    let (render, comes_back): (fn(&str) -> Option<String>, _) = match local {
        "boolean" => (via::<Boolean>, datatype.as_ref()),
        "float" => (via::<Float>, datatype.as_ref()),
        "double" => (via::<Double>, datatype.as_ref()),
        "decimal" => (via::<Decimal>, datatype.as_ref()),
        "integer" | "byte" | "short" | "int" | "long" | "unsignedByte" | "unsignedShort"
        | "unsignedInt" | "unsignedLong" | "positiveInteger" | "negativeInteger"
        | "nonPositiveInteger" | "nonNegativeInteger" => (via::<Integer>, xsd::INTEGER),
        "dateTime" | "dateTimeStamp" => (via::<DateTime>, xsd::DATE_TIME),
        "time" => (via::<Time>, datatype.as_ref()),
        "date" => (via::<Date>, datatype.as_ref()),
        "gYearMonth" => (via::<GYearMonth>, datatype.as_ref()),
        "gYear" => (via::<GYear>, datatype.as_ref()),
        "gMonthDay" => (via::<GMonthDay>, datatype.as_ref()),
        "gDay" => (via::<GDay>, datatype.as_ref()),
        "gMonth" => (via::<GMonth>, datatype.as_ref()),
        "duration" => (via::<Duration>, datatype.as_ref()),
        "yearMonthDuration" => (via::<YearMonthDuration>, datatype.as_ref()),
        "dayTimeDuration" => (via::<DayTimeDuration>, datatype.as_ref()),
        _ => return None,
    };
    render(value).map(|value| Literal::new_typed_literal(value, comes_back))
}

fn via<T: FromStr + ToString>(value: &str) -> Option<String> {
    value.parse::<T>().ok().map(|parsed| parsed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(value: &str, local: &str) -> String {
        canonical(
            value.to_owned(),
            NamedNode::new_unchecked(format!("{}{local}", xsd::NS)),
        )
        .to_string()
    }

    #[test]
    fn values_are_rendered_as_the_store_renders_them() {
        for (value, local, expected, back) in [
            ("007", "integer", "7", "integer"),
            ("+5", "nonNegativeInteger", "5", "integer"),
            ("1024", "long", "1024", "integer"),
            ("10.500", "decimal", "10.5", "decimal"),
            ("1", "boolean", "true", "boolean"),
            ("1e3", "double", "1000", "double"),
            ("INF", "float", "INF", "float"),
            (
                "2026-05-05T00:00:00.000000+08:00",
                "dateTime",
                "2026-05-05T00:00:00+08:00",
                "dateTime",
            ),
            (
                "2026-05-05T00:00:00Z",
                "dateTimeStamp",
                "2026-05-05T00:00:00Z",
                "dateTime",
            ),
            ("2026-05-05", "date", "2026-05-05", "date"),
            ("2026", "gYear", "2026", "gYear"),
            ("2026-05", "gYearMonth", "2026-05", "gYearMonth"),
            ("P12M", "duration", "P1Y", "duration"),
            ("PT60M", "dayTimeDuration", "PT1H", "dayTimeDuration"),
            ("DEADbeef", "hexBinary", "DEADbeef", "hexBinary"),
            ("never", "date", "never", "date"),
            (
                "99999999999999999999",
                "integer",
                "99999999999999999999",
                "integer",
            ),
        ] {
            assert_eq!(
                typed(value, local),
                format!("\"{expected}\"^^<{}{back}>", xsd::NS),
                "{value} {local}"
            );
        }
    }

    const LOCALS: [&str; 19] = [
        "boolean",
        "float",
        "double",
        "decimal",
        "integer",
        "nonNegativeInteger",
        "dateTime",
        "dateTimeStamp",
        "time",
        "date",
        "gYearMonth",
        "gYear",
        "gMonthDay",
        "gDay",
        "gMonth",
        "duration",
        "yearMonthDuration",
        "dayTimeDuration",
        "string",
    ];

    fn fixed(value: &str, local: &str) {
        let once = canonical(
            value.to_owned(),
            NamedNode::new_unchecked(format!("{}{local}", xsd::NS)),
        );
        let twice = canonical(once.value().to_owned(), once.datatype().into_owned());
        assert_eq!(once, twice, "{value} as {local}");
    }

    proptest! {
        #[test]
        fn canonical_is_a_fixed_point(
            n in 0..LOCALS.len(),
            value in prop_oneof![
                "-?[0-9]{1,20}(\\.[0-9]{0,20})?([eE]-?[0-9]{1,3})?",
                "-?[0-9]{4,6}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?)?(Z|[+-][01][0-9]:[0-5][0-9])?",
                "-?P([0-9]{1,4}Y)?([0-9]{1,4}M)?([0-9]{1,5}D)?(T([0-9]{1,4}H)?([0-9]{1,4}M)?([0-9]{1,5}(\\.[0-9]{1,9})?S)?)?",
                "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z?", "-?[0-9]{4}(-[01][0-9])?Z?", "--[01][0-9](-[0-3][0-9])?", "\\PC{0,12}",
            ],
        ) {
            fixed(&value, LOCALS[n]);
        }
    }
}
