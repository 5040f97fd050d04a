//! The tables the sample federation is made from: tab-separated, one heading line that begins with `#`.
//!
//! Parses text that is part of the binary; reads no file.

use std::sync::LazyLock;

/// Rows of one table, each with `N` columns.
pub(super) type Rows<const N: usize> = Vec<[&'static str; N]>;

/// slug, zh, en, longitude, latitude
pub(super) static PLACES: LazyLock<Rows<5>> =
    LazyLock::new(|| rows(include_str!("tables/places.tsv")));
/// slug, title, category, agency, attribute, frequency, formats, fields, description
pub(super) static MINISTRY_SUBJECTS: LazyLock<Rows<9>> =
    LazyLock::new(|| rows(include_str!("tables/ministry_subjects.tsv")));
/// slug, title, description, telephone
pub(super) static CITY_ORGANISATIONS: LazyLock<Rows<4>> =
    LazyLock::new(|| rows(include_str!("tables/city_organisations.tsv")));
/// slug, title
pub(super) static CITY_GROUPS: LazyLock<Rows<2>> =
    LazyLock::new(|| rows(include_str!("tables/city_groups.tsv")));
/// slug, zh, en, longitude, latitude
pub(super) static CITY_DISTRICTS: LazyLock<Rows<5>> =
    LazyLock::new(|| rows(include_str!("tables/city_districts.tsv")));
/// slug, language, title, organisation, group, frequency, licence, formats, tags, notes
pub(super) static CITY_SUBJECTS: LazyLock<Rows<10>> =
    LazyLock::new(|| rows(include_str!("tables/city_subjects.tsv")));
/// slug, zh, en, longitude, latitude
pub(super) static OBSERVATORY_RIVERS: LazyLock<Rows<5>> =
    LazyLock::new(|| rows(include_str!("tables/observatory_rivers.tsv")));
/// slug, zh, en, unit, frequency, zh keywords, en keywords, zh description, en description
pub(super) static OBSERVATORY_VARIABLES: LazyLock<Rows<9>> =
    LazyLock::new(|| rows(include_str!("tables/observatory_variables.tsv")));

/// The rows of a table. A line of another width is left out; a test sees to it that there is none.
fn rows<const N: usize>(table: &'static str) -> Rows<N> {
    lines(table)
        .filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok())
        .collect()
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn check<const N: usize>(table: &Rows<N>, text: &'static str) {
        assert_eq!(table.len(), lines(text).count(), "lines of another width");
        let slugs: BTreeSet<_> = table.iter().map(|row| row[0]).collect();
        assert_eq!(slugs.len(), table.len(), "slugs twice");
        for row in table {
            for cell in row {
                assert!(!cell.is_empty() && cell.trim() == *cell, "{row:?}");
                assert!(
                    !cell.contains(['"', '\\']),
                    "needs escaping in Turtle: {cell}"
                );
            }
        }
    }

    #[test]
    fn every_line_of_every_table_is_a_row() {
        check(&PLACES, include_str!("tables/places.tsv"));
        check(
            &MINISTRY_SUBJECTS,
            include_str!("tables/ministry_subjects.tsv"),
        );
        check(
            &CITY_ORGANISATIONS,
            include_str!("tables/city_organisations.tsv"),
        );
        check(&CITY_GROUPS, include_str!("tables/city_groups.tsv"));
        check(&CITY_DISTRICTS, include_str!("tables/city_districts.tsv"));
        check(&CITY_SUBJECTS, include_str!("tables/city_subjects.tsv"));
        check(
            &OBSERVATORY_RIVERS,
            include_str!("tables/observatory_rivers.tsv"),
        );
        check(
            &OBSERVATORY_VARIABLES,
            include_str!("tables/observatory_variables.tsv"),
        );
    }

    #[test]
    fn references_between_tables_hold() {
        for subject in CITY_SUBJECTS.iter() {
            assert!(
                CITY_ORGANISATIONS.iter().any(|o| o[0] == subject[3]),
                "{subject:?}"
            );
            assert!(
                CITY_GROUPS.iter().any(|g| g[0] == subject[4]),
                "{subject:?}"
            );
        }
    }
}
