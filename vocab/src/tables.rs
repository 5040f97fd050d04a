//! Source words -> controlled IRIs. The words are data (`tables/*.tsv`); this file only looks them up.
//!
//! Words are compared folded: NFKC, lower case, one kind of dash, single spaces, no edges. Tables are parsed once.

use oxrdf::NamedNodeRef;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Raised when normalisation changes in a way that no table shows.
pub const NORMALISE_VERSION: u32 = 5;

const FREQUENCY: &str = include_str!("../tables/frequency.tsv");
const FORMAT: &str = include_str!("../tables/format.tsv");
const LICENCE: &str = include_str!("../tables/licence.tsv");
const LANGUAGE: &str = include_str!("../tables/language.tsv");
const THEME: &str = include_str!("../tables/theme.tsv");
const ACCESS_RIGHT: &str = include_str!("../tables/access-right.tsv");
const ENCODING: &str = include_str!("../tables/encoding.tsv");
const FEE: &str = include_str!("../tables/fee.tsv");
const RIGHTS: &str = include_str!("../tables/rights.tsv");

/// 32 hexadecimal digits that change whenever a table or [`NORMALISE_VERSION`] does: unchanged records must then be
/// described again.
pub fn tables_version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&NORMALISE_VERSION.to_le_bytes());
        for table in [
            FREQUENCY,
            FORMAT,
            LICENCE,
            LANGUAGE,
            THEME,
            ACCESS_RIGHT,
            ENCODING,
            FEE,
            RIGHTS,
            crate::agents::TABLE,
            crate::concepts::TABLE,
        ] {
            hasher.update(&(table.len() as u64).to_le_bytes());
            hasher.update(table.as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    });
    &VERSION
}

/// One table: folded word -> row.
pub struct Table {
    rows: HashMap<String, Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    iri: &'static str,
    media_type: &'static str,
}

impl Row {
    fn iri(&self) -> Option<NamedNodeRef<'static>> {
        (!self.iri.is_empty()).then(|| NamedNodeRef::new_unchecked(self.iri))
    }

    fn format(&self) -> Format {
        let media_type = (!self.media_type.is_empty()).then_some(self.media_type);
        Format {
            file_type: self.iri(),
            media_type,
        }
    }
}

impl Table {
    /// The IRI of a word, in any case, width, dash or spacing.
    pub fn iri(&self, word: &str) -> Option<NamedNodeRef<'static>> {
        self.row(word).and_then(Row::iri)
    }

    /// What stands beside a word; empty where the word says nothing on purpose.
    pub fn cell(&self, word: &str) -> Option<&'static str> {
        self.row(word).map(|row| row.iri)
    }

    /// Most words come as they stand in the table.
    fn row(&self, word: &str) -> Option<&Row> {
        self.rows
            .get(word)
            .or_else(|| self.rows.get(fold(word).as_ref()))
    }

    fn parse(text: &'static str, columns: usize) -> Self {
        let mut rows = HashMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('\t');
            let word = cells.next().unwrap_or_default();
            let iri = cells.next().unwrap_or_default();
            let media_type = if columns > 3 {
                cells.next().unwrap_or_default()
            } else {
                ""
            };
            rows.entry(fold(word).into_owned())
                .or_insert(Row { iri, media_type });
        }
        Self { rows }
    }
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident = $text:ident) => {
        $(#[$doc])*
        pub fn $name() -> &'static Table {
            static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse($text, 3));
            &TABLE
        }
    };
}

/// The rows of the frequency table: word and IRI.
pub(crate) fn frequency_rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(FREQUENCY)
}

/// Word and IRI of each row.
fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| {
        let (word, rest) = line.split_once('\t')?;
        Some((word, rest.split('\t').next()?))
    })
}

table!(/** Update frequencies -> EU frequency. [`crate::frequency`] adds the rule for `每N單位`. */ frequencies = FREQUENCY);
table!(/** Licences -> EU licence, or the licence's own IRI. */ licences = LICENCE);
table!(/** Languages -> EU language. */ languages = LANGUAGE);
table!(/** Themes and service categories -> EU data theme. */ themes = THEME);
table!(/** Access words -> EU access right. */ access_rights = ACCESS_RIGHT);

table!(/** Names of character encodings -> the name that IANA prefers. */ encodings = ENCODING);
table!(/** Words for a fee -> `true` where the data are free. */ fees = FEE);
table!(/** Rules of use in licence fields. */ rights_statements = RIGHTS);

/// The first word of the tables of licences and themes for an IRI: what people call it.
pub fn word_of(iri: &str) -> Option<&'static str> {
    static WORDS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        let mut words = HashMap::new();
        for (word, iri) in [LICENCE, THEME].into_iter().flat_map(rows) {
            words.entry(iri).or_insert(word);
        }
        words
    });
    WORDS.get(iri).copied()
}

/// Is the word in a licence field the name of rules of use, or says that there is no licence?
pub fn is_rights_statement(word: &str) -> bool {
    rights_statements().row(word).is_some()
        || rights_statements().row(&according_to(word)).is_some()
}

/// The licence of a word, with or without 依 (according to) before it and brackets around it.
pub fn licence(word: &str) -> Option<NamedNodeRef<'static>> {
    licences()
        .iri(word)
        .or_else(|| licences().iri(&according_to(word)))
}

fn according_to(word: &str) -> String {
    let folded = fold(word);
    let bare = folded.trim_start_matches(['依', '據', '照']);
    let brackets = ['「', '」', '『', '』', '《', '》', '。'];
    bare.replace(brackets, "").trim().to_owned()
}

/// What the format table knows of a word: EU file type and media type (`type/subtype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    pub file_type: Option<NamedNodeRef<'static>>,
    pub media_type: Option<&'static str>,
}

struct Formats {
    words: Table,
    /// The first row of a media type names its file type.
    by_media_type: HashMap<&'static str, &'static str>,
    /// The first row of a file type names its media type.
    by_file_type: HashMap<&'static str, &'static str>,
}

static FORMATS: LazyLock<Formats> = LazyLock::new(|| {
    let words = Table::parse(FORMAT, 4);
    let (mut by_media_type, mut by_file_type) = (HashMap::new(), HashMap::new());
    for line in FORMAT.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t').skip(1);
        let iri = cells.next().unwrap_or_default();
        let media_type = cells.next().unwrap_or_default();
        if !iri.is_empty() && !media_type.is_empty() {
            by_media_type.entry(media_type).or_insert(iri);
            by_file_type.entry(iri).or_insert(media_type);
        }
    }
    Formats {
        words,
        by_media_type,
        by_file_type,
    }
});

/// A label (`CSV`), an extension (`.csv`) or a media type (`text/csv; charset=utf-8`).
pub fn format(word: &str) -> Option<Format> {
    if let Some(row) = FORMATS.words.row(word) {
        return Some(row.format());
    }
    let folded = fold(word);
    let bare = folded.trim_matches('.');
    if let Some(row) = FORMATS.words.rows.get(bare) {
        return Some(row.format());
    }
    let essence = bare.split(';').next().unwrap_or_default().trim_end();
    let (media_type, iri) = FORMATS.by_media_type.get_key_value(essence)?;
    Some(Format {
        file_type: Some(NamedNodeRef::new_unchecked(iri)),
        media_type: Some(media_type),
    })
}

/// The media type of an EU file type, where it has one.
pub fn media_type_of(file_type: &str) -> Option<&'static str> {
    FORMATS.by_file_type.get(file_type).copied()
}

/// The EU file type of a media type (`text/csv`), where it has one.
pub fn file_type_of(media_type: &str) -> Option<&'static str> {
    FORMATS.by_media_type.get(media_type).copied()
}

/// A language by ISO 639 code, BCP 47 tag or name.
pub fn language(word: &str) -> Option<NamedNodeRef<'static>> {
    let table = languages();
    table.iri(word).or_else(|| {
        let folded = fold(word);
        let primary = folded.split(['-', '_']).next()?;
        let is_tag = primary.len() < folded.len() && (2..=3).contains(&primary.len());
        is_tag.then(|| table.iri(primary)).flatten()
    })
}

/// How words are compared: NFKC, lower case, every dash a hyphen, runs of white space one space, no edges.
pub fn fold(word: &str) -> Cow<'_, str> {
    let word = word.trim();
    if word.is_ascii() {
        let plain = |b: u8| !b.is_ascii_uppercase() && !matches!(b, b'\t' | b'\n' | b'\r');
        return if word.bytes().all(plain) && !word.contains("  ") {
            Cow::Borrowed(word)
        } else {
            Cow::Owned(squeeze(word.chars()))
        };
    }
    Cow::Owned(squeeze(word.nfkc()))
}

fn squeeze(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in chars {
        match c {
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            '\u{2010}'..='\u{2015}'
            | '\u{2212}'
            | '\u{2500}'
            | '\u{30FC}'
            | '\u{FE58}'
            | '\u{FE63}' => {
                out.push('-');
            }
            '\u{200B}' | '\u{FEFF}' => {}
            c => out.extend(c.to_lowercase()),
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use oxrdf::NamedNode;

    fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
        text.lines().filter(|l| !l.starts_with('#')).map(|l| {
            let mut cells = l.split('\t');
            (cells.next().unwrap(), cells.collect())
        })
    }

    #[test]
    fn every_row_is_whole_and_no_word_stands_twice() {
        for (text, columns) in [
            (FREQUENCY, 3),
            (FORMAT, 4),
            (LICENCE, 3),
            (LANGUAGE, 3),
            (THEME, 3),
            (ACCESS_RIGHT, 3),
            (FEE, 3),
            (RIGHTS, 3),
        ] {
            let mut seen = HashMap::new();
            for (word, cells) in rows(text) {
                assert_eq!(cells.len() + 1, columns, "{word}");
                assert!(
                    !word.is_empty() && cells.iter().any(|c| !c.is_empty()),
                    "{word}"
                );
                assert!(
                    !cells[0].contains(':') || NamedNode::new(cells[0]).is_ok(),
                    "{word}: {}",
                    cells[0]
                );
                let before = seen.insert(fold(word).into_owned(), word);
                assert_eq!(before, None, "{word}");
            }
        }
    }

    #[test]
    fn encodings_have_one_name_and_some_words_say_nothing() {
        for (word, name) in [
            ("UTF8", "UTF-8"),
            ("utf-8 ", "UTF-8"),
            ("BIG-5", "Big5"),
            ("BIG-5碼", "Big5"),
            ("其他", ""),
        ] {
            assert_eq!(encodings().cell(word), Some(name), "{word}");
        }
        assert_eq!(encodings().cell("ANSI"), None);
    }

    #[test]
    fn rules_of_use_are_no_licences() {
        for word in [
            "依臺北市政府資料開放使用規範",
            "依「菸酒管理法」相關規定",
            "notspecified",
        ] {
            assert!(is_rights_statement(word), "{word}");
            assert_eq!(licence(word), None, "{word}");
        }
        assert!(!is_rights_statement("依政府資料開放授權條款-第1版"));
        assert!(licence("依《政府資料開放授權條款－第1版》").is_some());
    }

    #[test]
    fn the_national_licence_is_known_in_every_dash() {
        for word in [
            "政府資料開放授權條款-第1版",
            "政府資料開放授權條款－第1版",
            "政府資料開放授權條款–第１版",
            " 政府資料開放授權條款—第1版　",
            "依政府資料開放授權條款─第1版",
        ] {
            assert_eq!(
                licence(word).unwrap().as_str(),
                "https://data.gov.tw/license",
                "{word}"
            );
        }
    }

    #[test]
    fn formats_by_label_extension_and_media_type() {
        for word in [
            "CSV",
            ".csv",
            "CSV.",
            "ＣＳＶ",
            "text/csv",
            "text/csv; charset=utf-8",
        ] {
            let found = format(word).unwrap();
            assert!(
                found
                    .file_type
                    .unwrap()
                    .as_str()
                    .ends_with("/file-type/CSV"),
                "{word}"
            );
            assert_eq!(found.media_type, Some("text/csv"), "{word}");
        }
        let nothing = Format {
            file_type: None,
            media_type: None,
        };
        assert_eq!(format("其他"), Some(nothing));
        assert_eq!(format("什麼"), None);
    }

    #[test]
    fn languages_by_code_tag_and_name() {
        for word in ["zh", "zho", "zh-TW", "zh_Hant_TW", "中文", "Chinese"] {
            assert!(
                language(word).unwrap().as_str().ends_with("/language/ZHO"),
                "{word}"
            );
        }
        assert_eq!(language("zz"), None);
        assert_eq!(language("english-speaking"), None);
    }
}
