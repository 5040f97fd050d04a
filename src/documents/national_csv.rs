//! A dataset as a row of the export of data.gov.tw: its 22 columns, named and written as there.
//!
//! Lists (formats, addresses, encodings, amounts) are parted by `;` and have as many items as there are distributions, in
//! the order of the distributions' IRIs; an amount that nobody knows is 0. A dataset of data.gov.tw has its number as the
//! identifier, any other its IRI, so that no two are the same. Times are Taiwan's; 詮釋資料更新時間 is our commit time. Start at
//! [`row`].

use super::entry::Entry;
use crate::{
    facts::{CHINESE_FIRST, Text},
    log::date_time,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use harvestd_vocab::{
    concepts,
    terms::{TAIWAN_LICENCE, cnt, dcat, dct, dqv, foaf, harvestd, oa, rdfs, schema, vcard},
};
use oxrdf::NamedNodeRef;

/// The columns' names; one has its first character twice, as in the export.
pub const COLUMNS: [&str; 22] = [
    "資料集識別碼",
    "資料集名稱",
    "資料提供屬性",
    "服務分類",
    "品質檢測",
    "檔案格式",
    "資料下載網址",
    "編碼格式",
    "資資料集上架方式",
    "資料集描述",
    "主要欄位說明",
    "提供機關",
    "更新頻率",
    "授權方式",
    "相關網址",
    "計費方式",
    "提供機關聯絡人姓名",
    "提供機關聯絡人電話",
    "上架日期",
    "詮釋資料更新時間",
    "備註",
    "資料量",
];

/// What a spreadsheet would calculate begins with one of these, also in full width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
const AT_THE_PORTAL: &str = "https://data.gov.tw/dataset/";
/// What the export has where the format has no name.
const OTHER_FORMAT: &str = "其他";
const ACCRUAL_METHOD: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/accrualMethod");
const TABLE_OF_CONTENTS: NamedNodeRef<'_> =
    NamedNodeRef::new_unchecked("http://purl.org/dc/terms/tableOfContents");
const TAIWAN_S: i32 = 8 * 3600;

/// A dataset's row, in the order of [`COLUMNS`].
pub fn row(entry: &Entry<'_>) -> [String; 22] {
    let one = |predicate| {
        entry
            .facts
            .text(entry.iri, predicate, CHINESE_FIRST)
            .unwrap_or_default()
            .to_owned()
    };
    let contact = |predicate| contact(entry, predicate);
    let issued = entry.facts.texts(entry.iri, dct::ISSUED).next();
    let issued = issued.map(Text::value);
    let changed = entry.changed_us.map(date_time);
    [
        identifier(entry).to_owned(),
        one(dct::TITLE),
        kind(entry).to_owned(),
        themes(entry),
        badge(entry),
        list(entry, |file| format(entry, file)),
        list(entry, |file| address(entry, file)),
        list(entry, |file| said(entry, file, cnt::CHARACTER_ENCODING)),
        one(ACCRUAL_METHOD),
        one(dct::DESCRIPTION),
        one(TABLE_OF_CONTENTS),
        entry
            .publisher(CHINESE_FIRST)
            .unwrap_or_default()
            .to_owned(),
        frequency(entry),
        licence(entry),
        related(entry),
        charge(entry),
        contact(vcard::FN),
        contact(vcard::HAS_TELEPHONE),
        issued.map(time).unwrap_or_default(),
        changed.as_deref().map(time).unwrap_or_default(),
        one(rdfs::COMMENT),
        list(entry, |file| amount(entry, file)),
    ]
}

/// The cell as text, whatever a spreadsheet takes it for.
pub fn safe(cell: &str) -> String {
    if cell.starts_with(FORMULA) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn identifier<'t>(entry: &Entry<'t>) -> &'t str {
    entry.iri.strip_prefix(AT_THE_PORTAL).unwrap_or(entry.iri)
}

/// Files or an interface; or what else the portal calls it, whose word for the kind is the dataset's type.
fn kind<'e>(entry: &'e Entry<'_>) -> &'e str {
    let served = |file| {
        entry
            .facts
            .iris(file, dcat::ACCESS_SERVICE)
            .next()
            .is_some()
    };
    let has_files = entry.distributions().next().is_some();
    if entry.distributions().any(served) {
        return "API服務";
    }
    let mut types = entry.facts.iris(entry.iri, dct::TYPE);
    let called = types.find_map(|kind| entry.facts.name(kind, CHINESE_FIRST));
    match called {
        Some(word) if !has_files || entry.iri.starts_with(AT_THE_PORTAL) => word,
        _ if has_files => "檔案資料",
        _ => "",
    }
}

/// The service categories; what other schemes say has no place in this column.
fn themes(entry: &Entry<'_>) -> String {
    let category = |theme: &&str| theme.contains("/tw/service-category/");
    let themes = entry.facts.iris(entry.iri, dcat::THEME).filter(category);
    joined(
        themes.filter_map(|theme| concepts::of_iri(theme).map(|concept| concept.label("zh-Hant"))),
    )
}

fn badge(entry: &Entry<'_>) -> String {
    let annotations = entry.facts.iris(entry.iri, dqv::HAS_QUALITY_ANNOTATION);
    let mut bodies = annotations.flat_map(|annotation| entry.facts.iris(annotation, oa::HAS_BODY));
    let badge = bodies.find_map(concepts::of_iri);
    badge
        .map(|concept| concept.label("zh-Hant"))
        .unwrap_or_default()
        .to_owned()
}

fn list(entry: &Entry<'_>, of: impl Fn(&str) -> String) -> String {
    entry.distributions().map(of).collect::<Vec<_>>().join(";")
}

fn format(entry: &Entry<'_>, file: &str) -> String {
    entry
        .format(file, CHINESE_FIRST)
        .unwrap_or(OTHER_FORMAT)
        .to_owned()
}

fn related(entry: &Entry<'_>) -> String {
    let pages = entry.facts.iris(entry.iri, foaf::PAGE);
    joined(pages.chain(entry.facts.iris(entry.iri, dcat::LANDING_PAGE)))
}

/// Where a file is; some agencies write there whom to ask.
fn address(entry: &Entry<'_>, file: &str) -> String {
    let mut addresses = entry
        .facts
        .iris(file, dcat::DOWNLOAD_URL)
        .chain(entry.facts.iris(file, dcat::ACCESS_URL));
    let words = || entry.facts.text(file, dcat::ACCESS_URL, CHINESE_FIRST);
    addresses
        .next()
        .or_else(words)
        .unwrap_or_default()
        .to_owned()
}

/// A list's item: what would part it is taken out.
fn said(entry: &Entry<'_>, node: &str, predicate: NamedNodeRef<'_>) -> String {
    let text = entry
        .facts
        .text(node, predicate, CHINESE_FIRST)
        .unwrap_or_default();
    text.replace(';', ",")
}

/// How many rows a file has; 0 is what the export has where nobody knows.
fn amount(entry: &Entry<'_>, file: &str) -> String {
    match said(entry, file, dct::EXTENT) {
        none if none.is_empty() => "0".to_owned(),
        some => some,
    }
}

fn frequency(entry: &Entry<'_>) -> String {
    if let Some(stated) = entry
        .facts
        .text(entry.iri, harvestd::STATED_FREQUENCY, CHINESE_FIRST)
    {
        return stated.to_owned();
    }
    let interval = entry
        .facts
        .texts(entry.iri, harvestd::UPDATE_INTERVAL)
        .next();
    interval
        .and_then(|interval| in_words(interval.value()))
        .unwrap_or_default()
}

/// `P3M` is 每3月. Durations of several parts have no word.
fn in_words(interval: &str) -> Option<String> {
    let (time, parts) = match interval.strip_prefix("PT") {
        Some(parts) => (true, parts),
        None => (false, interval.strip_prefix('P')?),
    };
    let number = parts.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let unit = match (time, &parts[number.len()..]) {
        (false, "Y") => "年",
        (false, "M") => "月",
        (false, "D") => "日",
        (true, "H") => "時",
        (true, "M") => "分",
        _ => return None,
    };
    Some(format!("每{number}{unit}"))
}

fn licence(entry: &Entry<'_>) -> String {
    let files = entry
        .distributions()
        .flat_map(|file| entry.facts.iris(file, dct::LICENSE));
    let Some(licence) = entry
        .facts
        .iris(entry.iri, dct::LICENSE)
        .chain(files)
        .next()
    else {
        return String::new();
    };
    if licence == TAIWAN_LICENCE {
        return "政府資料開放授權條款-第1版".to_owned();
    }
    entry
        .facts
        .name(licence, CHINESE_FIRST)
        .unwrap_or(licence)
        .to_owned()
}

fn charge(entry: &Entry<'_>) -> String {
    let said = entry
        .facts
        .texts(entry.iri, schema::IS_ACCESSIBLE_FOR_FREE)
        .next();
    let conditions = || {
        entry
            .facts
            .text(entry.iri, schema::CONDITIONS_OF_ACCESS, CHINESE_FIRST)
    };
    let word = match said.map(Text::value) {
        Some("true") => Some("免費"),
        Some("false") => conditions().or(Some("收費")),
        _ => conditions(),
    };
    word.unwrap_or_default().to_owned()
}

fn contact(entry: &Entry<'_>, predicate: NamedNodeRef<'_>) -> String {
    let persons: Vec<&str> = entry.facts.iris(entry.iri, dcat::CONTACT_POINT).collect();
    let text = persons
        .iter()
        .find_map(|person| entry.facts.text(person, predicate, CHINESE_FIRST));
    let iri = || {
        persons
            .iter()
            .find_map(|person| entry.facts.iris(person, predicate).next())
    };
    let found = text.or_else(iri).unwrap_or_default();
    found.strip_prefix("tel:").unwrap_or(found).to_owned()
}

fn joined<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.collect::<Vec<_>>().join(";")
}

/// As the export writes times: `2025-03-02 09:30:15`.
fn time(text: &str) -> String {
    let taiwan = FixedOffset::east_opt(TAIWAN_S);
    if let (Ok(time), Some(taiwan)) = (DateTime::parse_from_rfc3339(text), taiwan) {
        return time
            .with_timezone(&taiwan)
            .format("%Y-%m-%d %H:%M:%S")
            .to_string();
    }
    let day = text.get(..10).and_then(|day| day.parse::<NaiveDate>().ok());
    day.map_or_else(|| text.to_owned(), |day| format!("{day} 00:00:00"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_calculate_is_text() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+886-2", "'+886-2"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("人口=1", "人口=1"),
            ("", ""),
        ] {
            assert_eq!(safe(cell), expected);
        }
    }

    #[test]
    fn intervals_and_times_are_written_as_the_portal_writes_them() {
        assert_eq!(in_words("P1M").unwrap(), "每1月");
        assert_eq!(in_words("PT10M").unwrap(), "每10分");
        for none in ["P1Y6M", "P", "PT", "1M", "P1.5D"] {
            assert_eq!(in_words(none), None, "{none}");
        }
        assert_eq!(time("2025-03-02T01:30:15.7Z"), "2025-03-02 09:30:15");
        assert_eq!(time("2025-03-02"), "2025-03-02 00:00:00");
        assert_eq!(time("2025"), "2025");
    }
}
