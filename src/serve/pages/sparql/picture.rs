//! Which picture fits a table: a map of its places, else one of a column of texts or dates and one of numbers. Start at
//! [`of`].

use harvestd_web::{
    Words,
    chart::{About, Bar, Bars, Columns, Lines, Series, Tone},
    map::{Extent, Map},
    sparql::{Drawn, Picture, Table},
};

/// Rows that a picture shows: more cannot be told apart. It says so where there are more.
const BARS_MAX: usize = 40;
const POINTS_MAX: usize = 400;

/// `wanted`: the kind (`map`, `bars`, `columns`, `line`, `none`) and the heads of the two columns, as they were asked for;
/// what was not is chosen. None: nothing can be drawn, or nothing is to be.
pub fn of(
    words: Words,
    table: &Table,
    places: &[Extent],
    wanted: [Option<&str>; 3],
) -> Option<Picture> {
    if matches!(wanted[0], None | Some("map"))
        && let Some(map) = mapped(words, table, places)
    {
        return Some(map);
    }
    charted(words, table, wanted)
}

fn mapped(words: Words, table: &Table, places: &[Extent]) -> Option<Picture> {
    let counts = [places.len(), table.rows.len()].map(|count| words.number(count as u64));
    let said = words.fill("picture-map-said", &[&counts[0], &counts[1]]);
    Some(Picture {
        drawn: Drawn::Map(Map::of(places, said)?),
        label: String::new(),
        number: String::new(),
    })
}

fn charted(words: Words, table: &Table, wanted: [Option<&str>; 3]) -> Option<Picture> {
    let [kind, label, number] = wanted;
    let chosen = |heads: &[String], wanted: Option<&str>| {
        let asked = heads.iter().find(|head| Some(head.as_str()) == wanted);
        asked.or_else(|| heads.first()).cloned()
    };
    let label = chosen(&table.labels, label)?;
    let number = chosen(&table.numbers, number)?;
    let place = |head: &String| table.heads.iter().position(|known| known == head);
    let (x, y) = (place(&label)?, place(&number)?);
    let mut pairs = Vec::new();
    for row in &table.rows {
        if let (Some(Some(text)), Some(Some(value))) = (row.get(x), row.get(y))
            && let Ok(value) = value.text.parse::<f64>()
        {
            pairs.push((shown(&text.text), value));
        }
    }
    let dates = !pairs.is_empty() && pairs.iter().all(|(text, _)| is_date(text));
    let kind = match kind {
        Some("none") => return None,
        Some(kind @ ("bars" | "columns" | "line")) => kind,
        _ if dates && pairs.len() > 2 => "line",
        // Two rows of numbers are read faster than drawn, and what is below zero is no bar.
        _ if pairs.len() < 2 || pairs.iter().any(|(_, value)| *value < 0.0) => return None,
        _ => "bars",
    };
    let most = if kind == "bars" { BARS_MAX } else { POINTS_MAX };
    let cut = table.more || pairs.len() > most;
    pairs.truncate(most);
    let first = words.fill("picture-first", &[&words.number(pairs.len() as u64)]);
    let about = About {
        id: "picture".to_owned(),
        title: format!("{number} / {label}"),
        text: if cut { first } else { String::new() },
        labels: label.clone(),
    };
    let drawn = match kind {
        "bars" => {
            let bars = pairs.into_iter().map(|(text, value)| Bar::new(text, value));
            Drawn::Bars(Bars::new(words, about, bars.collect()))
        }
        kind => {
            let (labels, values): (Vec<String>, Vec<f64>) = pairs.into_iter().unzip();
            let series = vec![Series::new(number.clone(), Tone::One, values)];
            match kind {
                "columns" => Drawn::Columns(Columns::new(words, about, labels, series)),
                _ => Drawn::Lines(Lines::new(words, about, labels, series)),
            }
        }
    };
    Some(Picture {
        drawn,
        label,
        number,
    })
}

/// Of an IRI what tells it from others: its end.
fn shown(text: &str) -> String {
    match text.contains("://") {
        true => {
            let end = text.trim_end_matches('/').rsplit(['/', '#']).next();
            end.unwrap_or(text).to_owned()
        }
        false => text.to_owned(),
    }
}

/// Year, month or day of ISO 8601, with or without a time.
fn is_date(text: &str) -> bool {
    let digits = |from: usize, to: usize| {
        let part = text.get(from..to);
        part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let dash = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    match text.len() {
        4 => digits(0, 4),
        7 => digits(0, 4) && dash(4) && digits(5, 7),
        10.. => digits(0, 4) && dash(4) && digits(5, 7) && dash(7) && digits(8, 10),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harvestd_web::{Language, sparql::Cell};

    fn table(rows: &[(&str, &str)]) -> Table {
        let cell = |text: &str| {
            Some(Cell {
                text: text.to_owned(),
                ..Cell::default()
            })
        };
        Table {
            heads: vec!["x".to_owned(), "n".to_owned()],
            rows: rows.iter().map(|(x, n)| vec![cell(x), cell(n)]).collect(),
            labels: vec!["x".to_owned()],
            numbers: vec!["n".to_owned()],
            ..Table::default()
        }
    }

    fn drawn(rows: &[(&str, &str)], wanted: [Option<&str>; 3]) -> Option<&'static str> {
        let picture = of(Words(Language::English), &table(rows), &[], wanted)?;
        Some(match picture.drawn {
            Drawn::Bars(_) => "bars",
            Drawn::Columns(_) => "columns",
            Drawn::Lines(_) => "line",
            Drawn::Map(_) => "map",
        })
    }

    #[test]
    fn texts_are_bars_dates_a_line_and_what_was_asked_for_goes_first() {
        let texts = [("CSV", "3"), ("JSON", "2")];
        let dates = [("2026-01", "3"), ("2026-02", "2"), ("2026-03", "5")];
        assert_eq!(drawn(&texts, [None; 3]), Some("bars"));
        assert_eq!(drawn(&dates, [None; 3]), Some("line"));
        assert_eq!(
            drawn(&dates, [Some("columns"), None, None]),
            Some("columns")
        );
        assert_eq!(drawn(&texts, [Some("none"), None, None]), None);
        assert_eq!(drawn(&[("a", "-1"), ("b", "1")], [None; 3]), None);
        assert_eq!(drawn(&[("a", "1")], [None; 3]), None);
    }

    #[test]
    fn places_are_a_map_unless_another_picture_is_wanted() {
        let words = Words(Language::English);
        let rows = table(&[("CSV", "3"), ("JSON", "2")]);
        let places = [Extent::Point((121.5, 25.0))];
        let said = |wanted: Option<&str>| {
            let picture = of(words, &rows, &places, [wanted, None, None]);
            picture.map(|picture| picture.drawn)
        };
        let Some(Drawn::Map(map)) = said(None) else {
            panic!("no map");
        };
        assert_eq!(map.said, "1 places on the map, of 2 rows");
        assert!(matches!(said(Some("bars")), Some(Drawn::Bars(_))));
        assert!(said(Some("none")).is_none());
        assert!(matches!(
            of(words, &rows, &[], [Some("map"), None, None]).map(|picture| picture.drawn),
            Some(Drawn::Bars(_))
        ));
    }
}
