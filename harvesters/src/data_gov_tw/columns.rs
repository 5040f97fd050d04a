//! The columns of the export, and a row of it: a JSON object with the columns' names as keys, in any order.
//!
//! Names are taken with white space or a byte order mark around them, values in whatever JSON type they come: an
//! identifier that is a number stays the text that was written. Start reading at [`Row::parse`].

use harvestd_vocab::Refusal;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, collections::BTreeSet, fmt};

/// A column that we know. The order is that of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Identifier,
    Title,
    Kind,
    Theme,
    Quality,
    Formats,
    Urls,
    Encodings,
    Accrual,
    Description,
    Fields,
    Publisher,
    Frequency,
    Licence,
    RelatedUrls,
    Charge,
    ContactName,
    ContactPhone,
    Issued,
    RecordModified,
    Remarks,
    Amounts,
    /// Only in the changes of a day.
    Change,
}

/// Each with the name that the export gives it.
pub(super) const COLUMNS: [(Column, &str); 23] = [
    (Column::Identifier, "資料集識別碼"),
    (Column::Title, "資料集名稱"),
    (Column::Kind, "資料提供屬性"),
    (Column::Theme, "服務分類"),
    (Column::Quality, "品質檢測"),
    (Column::Formats, "檔案格式"),
    (Column::Urls, "資料下載網址"),
    (Column::Encodings, "編碼格式"),
    // The export doubles the first character.
    (Column::Accrual, "資資料集上架方式"),
    (Column::Description, "資料集描述"),
    (Column::Fields, "主要欄位說明"),
    (Column::Publisher, "提供機關"),
    (Column::Frequency, "更新頻率"),
    (Column::Licence, "授權方式"),
    (Column::RelatedUrls, "相關網址"),
    (Column::Charge, "計費方式"),
    (Column::ContactName, "提供機關聯絡人姓名"),
    (Column::ContactPhone, "提供機關聯絡人電話"),
    (Column::Issued, "上架日期"),
    (Column::RecordModified, "詮釋資料更新時間"),
    (Column::Remarks, "備註"),
    (Column::Amounts, "資料量"),
    (Column::Change, "資料集變動狀態"),
];

/// How many of them the export itself has.
pub(super) const OF_EXPORT: usize = 22;

/// What [`Column::Accrual`] is called where somebody has mended the export.
const ACCRUAL_MENDED: &str = "資料集上架方式";

impl Column {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let name = tidy(name);
        let known = COLUMNS.iter().find(|(_, known)| *known == name);
        known
            .map(|(column, _)| *column)
            .or_else(|| (name == ACCRUAL_MENDED).then_some(Self::Accrual))
    }

    pub(super) fn name(self) -> &'static str {
        COLUMNS[self as usize].1
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        COLUMNS.iter().map(|(column, _)| *column)
    }
}

/// Without white space (the ideographic space included) and byte order marks around it.
pub(super) fn tidy(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// A row, its values tidy and empty where the row says nothing.
#[derive(Debug, Default)]
pub(super) struct Row<'a>([Cow<'a, str>; COLUMNS.len()]);

impl<'a> Row<'a> {
    pub(super) fn parse(raw: &'a [u8]) -> Result<Self, Refusal> {
        let text = utf_8(raw, "")?;
        let mut row = Self::default();
        each_member(
            text,
            &mut Members {
                wanted: |_| true,
                unknown: None,
                row: &mut row,
            },
        )?;
        Ok(row)
    }

    pub(super) fn get(&self, column: Column) -> &str {
        tidy(&self.0[column as usize])
    }

    /// Says it anew, unless that would be nothing.
    pub(super) fn set(&mut self, column: Column, value: Cow<'a, str>) {
        if !tidy(&value).is_empty() {
            self.0[column as usize] = value;
        }
    }

    /// Says it where nothing is said yet.
    pub(super) fn fill(&mut self, column: Column, value: String) {
        if self.get(column).is_empty() {
            self.set(column, Cow::Owned(value));
        }
    }

    pub(super) fn take(&mut self, column: Column) -> Cow<'a, str> {
        std::mem::take(&mut self.0[column as usize])
    }
}

/// As much of a row as `read` needs. The whole row is checked to be JSON.
pub(super) struct Head<'a>(Row<'a>);

impl<'a> Head<'a> {
    /// Names of columns that nobody knows are put into `unknown`.
    pub(super) fn parse(raw: &'a [u8], unknown: &mut BTreeSet<String>) -> Result<Self, Refusal> {
        let text = utf_8(raw, "")?;
        let mut row = Row::default();
        let wanted = |column| matches!(column, Column::Identifier | Column::Kind | Column::Change);
        each_member(
            text,
            &mut Members {
                wanted,
                unknown: Some(unknown),
                row: &mut row,
            },
        )?;
        Ok(Self(row))
    }

    /// The identifier, which must be there.
    pub(super) fn key(&self) -> Result<&str, Refusal> {
        identifier(self.0.get(Column::Identifier))
    }

    pub(super) fn kind(&self) -> &str {
        self.0.get(Column::Kind)
    }

    pub(super) fn change(&self) -> &str {
        self.0.get(Column::Change)
    }
}

/// A dataset's identifier as a record's key.
pub(super) fn identifier(text: &str) -> Result<&str, Refusal> {
    const KEY_BYTES_MAX: usize = 2000;
    let name = Column::Identifier.name();
    match tidy(text) {
        "" => Err(Refusal::new(
            "no-identifier",
            name,
            "nothing",
            "the number of a dataset",
        )),
        key if key.len() > KEY_BYTES_MAX => Err(Refusal::new(
            "identifier-too-long",
            name,
            key,
            format!("at most {KEY_BYTES_MAX} bytes"),
        )),
        key => Ok(key),
    }
}

/// The identifier of a row that is no JSON, where it can still be made out: so that its dataset is not taken for
/// deleted.
pub(super) fn salvaged_identifier(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let (_, after) = text.split_once(Column::Identifier.name())?;
    let value = after.trim_start_matches(['"', ' ', ':', '\t', '\r', '\n']);
    let end = value.find(['"', ',', '}', '\n']).unwrap_or(value.len());
    identifier(&value[..end]).ok().map(str::to_owned)
}

/// `path`: where in the row, for the refusal.
pub(super) fn utf_8<'a>(raw: &'a [u8], path: &str) -> Result<&'a str, Refusal> {
    str::from_utf8(raw).map_err(|e| {
        let at = e.valid_up_to();
        let around = &raw[at.saturating_sub(20)..raw.len().min(at + 20)];
        let found = format!("{} (byte {at})", String::from_utf8_lossy(around));
        Refusal::new("invalid-utf-8", path, &found, "UTF-8")
    })
}

fn each_member<'a, W: Fn(Column) -> bool>(
    text: &'a str,
    members: &mut Members<'a, '_, W>,
) -> Result<(), Refusal> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_map(members).and_then(|()| json.end());
    read.map_err(|e| {
        let code = if e.is_data() {
            "not-an-object"
        } else {
            "not-json"
        };
        Refusal::new(
            code,
            "",
            &format!("{e}, in {text}"),
            "a JSON object, one key a column",
        )
    })
}

/// Puts the wanted members of an object into a row.
struct Members<'a, 'm, W> {
    wanted: W,
    unknown: Option<&'m mut BTreeSet<String>>,
    row: &'m mut Row<'a>,
}

/// More unknown columns than this are not counted: the report has room for names, not for data.
const UNKNOWN_MAX: usize = 20;

impl<'a, W: Fn(Column) -> bool> Visitor<'a> for &mut Members<'a, '_, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object, one key a column")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Text(name)) = map.next_key()? {
            match Column::of_name(&name) {
                Some(column) if (self.wanted)(column) => {
                    let Text(value) = map.next_value()?;
                    // Two spellings of one column: the one that says something.
                    let place = &mut self.row.0[column as usize];
                    if tidy(place).is_empty() {
                        *place = value;
                    }
                }
                known => {
                    map.next_value::<IgnoredAny>()?;
                    let unknown = self
                        .unknown
                        .as_deref_mut()
                        .filter(|u| known.is_none() && u.len() < UNKNOWN_MAX);
                    if let Some(unknown) = unknown {
                        unknown.insert(tidy(&name).to_owned());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Any JSON value as text: null is nothing, a list is joined with `;`, and of an object only `date` and a `timezone` of
/// UTC count, as the portal writes times in some of its answers. Times are in Taiwan's zone unless they say otherwise.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'a> de::Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'a> Visitor<'a> for TextVisitor {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed("")))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut items: S) -> Result<Text<'a>, S::Error> {
        let mut joined = String::new();
        while let Some(Text(item)) = items.next_element()? {
            if !joined.is_empty() {
                joined.push(';');
            }
            joined += &item;
        }
        Ok(Text(Cow::Owned(joined)))
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Text<'a>, M::Error> {
        let mut date = Cow::Borrowed("");
        let mut utc = false;
        while let Some(Text(name)) = map.next_key()? {
            let Text(value) = map.next_value()?;
            if name.eq_ignore_ascii_case("date") {
                date = value;
            } else if name.eq_ignore_ascii_case("timezone") {
                utc = matches!(tidy(&value), "UTC" | "Z" | "+00:00");
            }
        }
        if utc && !tidy(&date).is_empty() {
            date = Cow::Owned(format!("{}+00:00", tidy(&date)));
        }
        Ok(Text(date))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_columns() {
        for (place, (column, name)) in COLUMNS.iter().enumerate() {
            assert_eq!(*column as usize, place);
            assert_eq!(column.name(), *name);
            assert_eq!(
                Column::of_name(&format!("\u{feff} {name}　")),
                Some(*column)
            );
        }
        assert_eq!(Column::of_name("資料集上架方式"), Some(Column::Accrual));
        assert_eq!(Column::of_name("資料"), None);
    }

    #[test]
    fn values_of_any_type_are_text() {
        let raw = r#"{"資料集名稱":" 甲\u3000","資料集識別碼":41568,"備註":null,"檔案格式":["CSV","PDF"],
            "資料量":1.5,"計費方式":false,"上架日期":{"date":"2024-01-02 03:04:05.000000","timezone_type":3},
            "資資料集上架方式":"","資料集上架方式":"原始資料","更新頻率":"每1日","更新頻率":"每1年"}"#;
        let row = Row::parse(raw.as_bytes()).unwrap();
        let expected = [
            (Column::Title, "甲"),
            (Column::Identifier, "41568"),
            (Column::Remarks, ""),
            (Column::Formats, "CSV;PDF"),
            (Column::Amounts, "1.5"),
            (Column::Charge, "false"),
            (Column::Issued, "2024-01-02 03:04:05.000000"),
            (Column::Accrual, "原始資料"),
            (Column::Frequency, "每1日"),
            (Column::Theme, ""),
        ];
        for (column, text) in expected {
            assert_eq!(row.get(column), text, "{column:?}");
        }
    }

    #[test]
    fn an_identifier_is_made_out_of_bad_rows_where_it_can_be() {
        let cases = [
            (r#"{"資料集識別碼": "12", "a" "b"}"#, Some("12")),
            (r#"{"a":,"資料集識別碼":12,"#, Some("12")),
            (r#"{"資料集識別碼":"#, None),
            (r#"{"資料集識別碼":"","a""#, None),
            ("[1,2]", None),
        ];
        for (raw, expected) in cases {
            assert_eq!(
                salvaged_identifier(raw.as_bytes()).as_deref(),
                expected,
                "{raw}"
            );
        }
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        let code = |raw: &[u8]| Row::parse(raw).err().map(|refusal| refusal.code);
        assert_eq!(code(b"{\"a\":1"), Some("not-json".to_owned()));
        assert_eq!(code(b"{} {}"), Some("not-json".to_owned()));
        assert_eq!(code(b"[1]"), Some("not-an-object".to_owned()));
        assert_eq!(code(b"{\"a\":\"\xff\"}"), Some("invalid-utf-8".to_owned()));
        assert_eq!(
            identifier(" \u{feff}　").err().map(|r| r.code),
            Some("no-identifier".to_owned())
        );
        assert_eq!(
            identifier(&"9".repeat(2001)).err().map(|r| r.code),
            Some("identifier-too-long".to_owned())
        );
    }
}
