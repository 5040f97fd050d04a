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
    let Some(local) = datatype.as_str().strip_prefix(xsd::NS) else {
        return Literal::new_typed_literal(value, datatype);
    };
    let (rendered, renamed) = render(local, &value);
    match (rendered, renamed) {
        (Some(rendered), Some(datatype)) => Literal::new_typed_literal(rendered, datatype),
        (Some(rendered), None) => Literal::new_typed_literal(rendered, datatype),
        (None, _) => Literal::new_typed_literal(value, datatype),
    }
}

/// The rendered value, where it parses; and the datatype it comes back with, where that is another.
fn render(datatype: &str, value: &str) -> (Option<String>, Option<NamedNode>) {
    let same = |rendered| (rendered, None);
    match datatype {
        "boolean" => same(via::<Boolean>(value)),
        "float" => same(via::<Float>(value)),
        "double" => same(via::<Double>(value)),
        "decimal" => same(via::<Decimal>(value)),
        "integer" => same(via::<Integer>(value)),
        "byte" | "short" | "int" | "long" | "unsignedByte" | "unsignedShort" | "unsignedInt"
        | "unsignedLong" | "positiveInteger" | "negativeInteger" | "nonPositiveInteger"
        | "nonNegativeInteger" => (via::<Integer>(value), Some(xsd::INTEGER.into_owned())),
        "dateTime" => same(via::<DateTime>(value)),
        "dateTimeStamp" => (via::<DateTime>(value), Some(xsd::DATE_TIME.into_owned())),
        "time" => same(via::<Time>(value)),
        "date" => same(via::<Date>(value)),
        "gYearMonth" => same(via::<GYearMonth>(value)),
        "gYear" => same(via::<GYear>(value)),
        "gMonthDay" => same(via::<GMonthDay>(value)),
        "gDay" => same(via::<GDay>(value)),
        "gMonth" => same(via::<GMonth>(value)),
        "duration" => same(via::<Duration>(value)),
        "yearMonthDuration" => same(via::<YearMonthDuration>(value)),
        "dayTimeDuration" => same(via::<DayTimeDuration>(value)),
        _ => (None, None),
    }
}

fn via<T: FromStr + ToString>(value: &str) -> Option<String> {
    value.parse::<T>().ok().map(|parsed| parsed.to_string())
}

/// Does the value parse as this datatype of XML Schema, as the store reads it?
pub fn is_valid(value: &str, datatype: &NamedNode) -> bool {
    datatype
        .as_str()
        .strip_prefix(xsd::NS)
        .is_some_and(|local| render(local, value).0.is_some())
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
