//! The invented ministry: its catalogue as one export of 22 columns, in the form of data.gov.tw (JSON and CSV).
//!
//! Keeps the form's oddities: lists split by `;`, the doubled 資 of the ninth column, times of Taipei without a zone,
//! lists of unequal length, a comma inside an address that came out as `;`. Knows no HTTP.

use super::{
    tables::{MINISTRY_SUBJECTS, PLACES},
    world::{Item, Moment},
};
use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;
use std::io;

/// Rows of the demo's export. The sequence is endless: [`rows`] gives as many as asked.
pub const ROWS: u64 = 120;

/// The export as a JSON array, a row on a line.
pub fn write_json(moment: Moment, rows_wanted: u64, out: &mut impl io::Write) -> io::Result<()> {
    let mut open = "[\n";
    for row in rows(moment, rows_wanted) {
        out.write_all(open.as_bytes())?;
        serde_json::to_writer(&mut *out, &row)?;
        open = ",\n";
    }
    out.write_all(b"\n]\n")
}

/// The export as CSV with a byte order mark.
pub fn write_csv(moment: Moment, rows_wanted: u64, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut csv = csv::Writer::from_writer(out);
    for row in rows(moment, rows_wanted) {
        csv.serialize(row).map_err(io::Error::other)?;
    }
    csv.flush()
}

/// The rows of the export at one moment.
pub fn rows(moment: Moment, wanted: u64) -> impl Iterator<Item = Row> {
    moment.items(wanted).map(row)
}

/// One row; the fields in the order of the export's columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    #[serde(rename = "資料集識別碼")]
    pub id: String,
    #[serde(rename = "資料集名稱")]
    pub title: String,
    #[serde(rename = "資料提供屬性")]
    pub attribute: &'static str,
    #[serde(rename = "服務分類")]
    pub category: &'static str,
    #[serde(rename = "品質檢測")]
    pub quality: &'static str,
    #[serde(rename = "檔案格式")]
    pub formats: &'static str,
    #[serde(rename = "資料下載網址")]
    pub urls: String,
    #[serde(rename = "編碼格式")]
    pub encodings: String,
    #[serde(rename = "資資料集上架方式")]
    pub method: &'static str,
    #[serde(rename = "資料集描述")]
    pub description: String,
    #[serde(rename = "主要欄位說明")]
    pub fields: &'static str,
    #[serde(rename = "提供機關")]
    pub agency: &'static str,
    #[serde(rename = "更新頻率")]
    pub frequency: &'static str,
    #[serde(rename = "授權方式")]
    pub licence: &'static str,
    #[serde(rename = "相關網址")]
    pub related: String,
    #[serde(rename = "計費方式")]
    pub charge: &'static str,
    #[serde(rename = "提供機關聯絡人姓名")]
    pub contact: &'static str,
    #[serde(rename = "提供機關聯絡人電話")]
    pub telephone: &'static str,
    #[serde(rename = "上架日期")]
    pub issued: String,
    #[serde(rename = "詮釋資料更新時間")]
    pub modified: String,
    #[serde(rename = "備註")]
    pub remarks: String,
    #[serde(rename = "資料量")]
    pub amounts: String,
}

/// What stands in the title of a monthly issue.
pub(super) const MONTH: &str = "（115年4月份）";
/// Of each [`ROWS`] rows, this one is a monthly issue.
pub(super) const MONTHLY: u64 = 81;

pub(super) fn row(item: Item) -> Row {
    let subjects = MINISTRY_SUBJECTS.len() as u64;
    let places = PLACES.len() as u64;
    let (subject, turn) = (item.number % subjects, item.number / subjects);
    let period = turn / places;
    let [
        slug,
        title,
        category,
        agency,
        attribute,
        frequency,
        formats,
        fields,
        description,
    ] = MINISTRY_SUBJECTS[index(subject)];
    let [place_slug, place, _, _, _] = PLACES[index((turn + subject * 7) % places)];
    Row {
        id: (700_001 + item.number).to_string(),
        title: title.replace("{place}", place) + &period_suffix(period) + month(item.number),
        attribute,
        category,
        quality: QUALITY[index(item.number * 7 % QUALITY.len() as u64)],
        formats,
        urls: urls(slug, place_slug, period, formats, attribute),
        encodings: encodings(slug, formats),
        method: if attribute == "API服務" {
            "系統介接程式"
        } else {
            "原始資料"
        },
        description: description.replace("{place}", place),
        fields,
        agency,
        frequency,
        licence: "政府資料開放授權條款-第1版",
        related: related(item.number, slug),
        charge: if slug == "land-price" {
            "付費"
        } else {
            "免費"
        },
        contact: "開放資料窗口",
        telephone: "02-0000-0000",
        issued: taipei(item.created, "%Y-%m-%d 00:00:00"),
        modified: taipei(item.modified, "%Y-%m-%d %H:%M:%S"),
        remarks: match item.revision {
            0 => String::new(),
            n => format!("第{n}次更正"),
        },
        amounts: amounts(item, formats),
    }
}

const QUALITY: [&str; 6] = ["白金", "金", "銀", "銅", "無(未做品檢)", "無(品檢未過)"];

/// Nothing for the newest edition, else the month of an older one in the calendar of the Republic (115 is 2026).
fn period_suffix(period: u64) -> String {
    match period {
        0 => String::new(),
        back => {
            let months = (115 * 12 + 9_u64).saturating_sub(back - 1);
            format!("（{}年{}月）", months / 12, months % 12 + 1)
        }
    }
}

fn month(number: u64) -> &'static str {
    if number % ROWS == MONTHLY { MONTH } else { "" }
}

fn urls(slug: &str, place: &str, period: u64, formats: &str, attribute: &str) -> String {
    let edition = match period {
        0 => "latest".to_owned(),
        back => format!("back-{back}"),
    };
    let one = |format: &str| match (attribute, slug, format) {
        ("API服務", ..) => format!(
            "https://api.lands.example.gov.tw/v1/{slug}?county={place}&edition={edition}&format={}",
            format.to_lowercase()
        ),
        // The commas of the bounding box, as they come out of such exports.
        (_, "zoning", "KML") => format!(
            "https://maps.lands.example.gov.tw/kml?layer=zoning-{place}-{edition}&bbox=119.9;21.8;122.1;25.4"
        ),
        _ => format!(
            "https://opendata.lands.example.gov.tw/{slug}/{place}/{edition}.{}",
            format.to_lowercase()
        ),
    };
    formats.split(';').map(one).collect::<Vec<_>>().join(";")
}

fn encodings(slug: &str, formats: &str) -> String {
    match slug {
        // Fewer encodings than formats.
        "heritage" => "UTF-8".to_owned(),
        "accounts" => vec!["BIG5"; formats.split(';').count()].join(";"),
        _ => vec!["UTF-8"; formats.split(';').count()].join(";"),
    }
}

fn related(number: u64, slug: &str) -> String {
    if number.is_multiple_of(3) {
        format!("https://www.lands.example.gov.tw/topics/{slug}")
    } else {
        String::new()
    }
}

/// Rows of each file. 0 means unknown.
fn amounts(item: Item, formats: &str) -> String {
    let rows = (item.number * 37 % 5_000) + item.revision * 12;
    vec![rows.to_string(); formats.split(';').count()].join(";")
}

fn taipei(time: DateTime<Utc>, format: &str) -> String {
    const OFFSET_S: i32 = 8 * 3600;
    match FixedOffset::east_opt(OFFSET_S) {
        Some(offset) => time.with_timezone(&offset).format(format).to_string(),
        None => time.format(format).to_string(),
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::world::World;
    use super::*;
    use std::collections::BTreeSet;

    fn moment() -> Moment {
        let began = "2026-11-02T01:00:00Z".parse().unwrap();
        World::standing(began).moment(began)
    }

    #[test]
    fn the_export_has_22_columns_in_order_in_both_forms() {
        let (mut json, mut csv) = (Vec::new(), Vec::new());
        write_json(moment(), ROWS, &mut json).unwrap();
        write_csv(moment(), ROWS, &mut csv).unwrap();

        let rows: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_slice(&json).unwrap();
        assert_eq!(rows.len() as u64, ROWS);
        assert!(rows.iter().all(|row| row.len() == 22));

        let text = csv.strip_prefix("\u{feff}".as_bytes()).unwrap();
        let mut reader = csv::Reader::from_reader(text);
        let headers: Vec<_> = reader
            .headers()
            .unwrap()
            .iter()
            .map(str::to_owned)
            .collect();
        assert_eq!(headers.len(), 22);
        assert_eq!(headers[8], "資資料集上架方式");
        for (record, row) in reader.records().zip(&rows) {
            let record = record.unwrap();
            for (header, value) in headers.iter().zip(record.iter()) {
                assert_eq!(row[header], value);
            }
        }
    }

    #[test]
    fn a_national_export_has_no_title_and_no_address_twice() {
        let mut titles = BTreeSet::new();
        let mut urls = BTreeSet::new();
        for row in rows(moment(), 52_547) {
            assert!(
                titles.insert(row.title.clone()),
                "title twice: {}",
                row.title
            );
            assert!(urls.insert(row.urls.clone()), "address twice: {}", row.urls);
        }
    }

    #[test]
    fn dates_are_those_of_taipei() {
        assert_eq!(
            taipei("2026-11-01T18:30:05Z".parse().unwrap(), "%Y-%m-%d %H:%M:%S"),
            "2026-11-02 02:30:05"
        );
    }

    #[test]
    fn what_the_banner_asks_for_is_there() {
        assert!(rows(moment(), ROWS).any(|row| row.title.contains("空氣品質")));
    }
}
