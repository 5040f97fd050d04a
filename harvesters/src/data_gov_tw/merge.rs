//! What the export, a day's changes and a dataset's own page say of one dataset, as one row.
//!
//! The newer word wins field by field, and nothing (null, an empty text, white space) is no word: the changes of a day
//! leave out the formats of every dataset. Which is newer, the dates say (詮釋資料更新時間); where they are the same
//! or cannot be read, the change is, since it came after the row: a later row takes its place altogether.
//!
//! Start reading at [`row`].

use super::{
    CHANGE, DETAIL, ROW,
    columns::{Column, Row},
    detail::Detail,
    lists::{addresses, same_address},
    time::instant,
};
use crate::Record;
use harvestd_vocab::Refusal;
use std::borrow::Cow;

/// Lists that go with the addresses, one item each.
const BESIDE_ADDRESSES: [Column; 3] = [Column::Formats, Column::Encodings, Column::Amounts];

/// Everything that is held of a record.
pub(super) fn row(record: &Record) -> Result<(Row<'_>, Option<Detail>), Refusal> {
    let parse = |part| record.part(part).map(Row::parse).transpose();
    let mut row = match (parse(ROW)?, parse(CHANGE)?) {
        (Some(row), Some(change)) if !is_older(&change, &row) => over(row, change),
        (Some(row), _) | (None, Some(row)) => row,
        (None, None) => {
            let expected = "a row of the export or of a day's changes";
            return Err(Refusal::new("no-row", ROW, "no such part", expected));
        }
    };
    // A page that cannot be read says nothing, and harms nothing.
    let detail = record
        .part(DETAIL)
        .and_then(|raw| Detail::parse(raw, &record.id.key).ok());
    if let Some(detail) = &detail {
        detail.fill(&mut row);
    }
    Ok((row, detail))
}

fn is_older(change: &Row<'_>, row: &Row<'_>) -> bool {
    let time = |row: &Row<'_>| instant(row.get(Column::RecordModified));
    matches!((time(change), time(row)), (Some(change), Some(row)) if change < row)
}

/// The row, with everything that the change says.
fn over<'a>(mut row: Row<'a>, mut change: Row<'a>) -> Row<'a> {
    if !change.get(Column::Urls).is_empty() {
        for list in BESIDE_ADDRESSES {
            if change.get(list).is_empty() {
                let moved = moved(&row, list, change.get(Column::Urls));
                // Not even what it had may stay: it would stand beside addresses that it was never said of.
                row.take(list);
                row.set(list, moved);
            }
        }
    }
    for column in Column::all() {
        let said = change.take(column);
        row.set(column, said);
    }
    row
}

/// The row's items of a list, each beside its address in a new list of addresses.
fn moved<'a>(row: &Row<'a>, list: Column, new: &str) -> Cow<'a, str> {
    let before = addresses(row.get(Column::Urls));
    let now = addresses(new);
    let same = before.items.len() == now.items.len()
        && before
            .items
            .iter()
            .zip(&now.items)
            .all(|(a, b)| same_address(&a.text, &b.text));
    if same {
        return Cow::Owned(row.get(list).to_owned());
    }
    let Some(items) = before.align(row.get(list), list == Column::Amounts) else {
        return Cow::Borrowed("");
    };
    let item = |address: &str| {
        let place = before
            .items
            .iter()
            .position(|a| same_address(&a.text, address));
        place.map_or("", |place| items[place])
    };
    let moved: Vec<&str> = now.items.iter().map(|a| item(&a.text)).collect();
    if moved.iter().all(|item| item.is_empty()) {
        return Cow::Borrowed("");
    }
    Cow::Owned(moved.join(";"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::RecordId;
    use serde_json::{Value, json};

    fn merged(row: Value, change: Value) -> Vec<(Column, String)> {
        let record = Record {
            id: RecordId::dataset("1"),
            parts: vec![
                (ROW, row.to_string().into_bytes()),
                (CHANGE, change.to_string().into_bytes()),
            ],
        };
        let (row, _) = super::row(&record).unwrap();
        let said = Column::all().map(|c| (c, row.get(c).to_owned()));
        said.filter(|(_, text)| !text.is_empty()).collect()
    }

    #[test]
    fn nothing_never_overwrites() {
        let row = json!({"資料集名稱": "甲", "檔案格式": "CSV", "備註": "註", "更新頻率": "每1日", "相關網址": "https://a.example/"});
        for nothing in [json!(null), json!(""), json!(" \u{3000}"), json!([])] {
            let change = json!({"資料集名稱": "乙", "檔案格式": nothing, "備註": nothing, "更新頻率": nothing, "相關網址": nothing});
            let expected = [
                (Column::Title, "乙"),
                (Column::Formats, "CSV"),
                (Column::Frequency, "每1日"),
                (Column::RelatedUrls, "https://a.example/"),
                (Column::Remarks, "註"),
            ];
            let expected = expected.map(|(c, text)| (c, text.to_owned()));
            assert_eq!(merged(row.clone(), change), expected, "{nothing}");
        }
    }

    #[test]
    fn the_dates_say_which_is_newer_in_whatever_form_they_come() {
        let title = |row: Value, change: Value| {
            let row = json!({"資料集名稱": "列", "詮釋資料更新時間": row});
            let change = json!({"資料集名稱": "變", "詮釋資料更新時間": change});
            merged(row, change)[0].1.clone()
        };
        let object =
            |date: &str, zone: &str| json!({"date": date, "timezone_type": 3, "timezone": zone});
        let noon = "2026-05-01 12:00:00";
        for row in [
            json!(noon),
            json!("2026-05-01 12:00:00.000000"),
            object("2026-05-01 12:00:00.000000", "Asia/Taipei"),
            object("2026-05-01 04:00:00.000000", "UTC"),
            json!("2026-05-01T04:00:00Z"),
        ] {
            assert_eq!(title(row.clone(), json!(noon)), "變", "the same: {row}");
            assert_eq!(
                title(row.clone(), json!("2026-05-01 11:59:59")),
                "列",
                "{row}"
            );
            assert_eq!(
                title(row.clone(), json!("2026-05-01 12:00:00.5")),
                "變",
                "{row}"
            );
        }
        assert_eq!(title(json!(noon), json!("")), "變", "no date");
        assert_eq!(
            title(json!("五月"), json!(noon)),
            "變",
            "no date that we can read"
        );
    }

    #[test]
    fn formats_stay_beside_their_addresses() {
        let row = json!({"資料下載網址": "https://a.example/1;https://a.example/2", "檔案格式": "CSV;JSON", "資料量": "5;7"});
        let formats = |urls: &str| {
            let change = json!({"資料下載網址": urls, "檔案格式": null, "資料量": "1"});
            let said = merged(row.clone(), change);
            let text = said.iter().find(|(c, _)| *c == Column::Formats);
            text.map(|(_, text)| text.clone())
        };
        let cases = [
            ("", Some("CSV;JSON")),
            ("https://a.example/1;https://a.example/2", Some("CSV;JSON")),
            ("https://a.example/2", Some("JSON")),
            (
                "https://a.example/3;https://a.example/2;https://a.example/1",
                Some(";JSON;CSV"),
            ),
            ("https://a.example/3", None),
        ];
        for (urls, expected) in cases {
            assert_eq!(formats(urls).as_deref(), expected, "{urls}");
        }
    }
}
