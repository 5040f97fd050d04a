//! Words for people: cleaned without changing what they say, and in a language.

use crate::links::is_edge;
use oxrdf::Literal;
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// U+0080 to U+009F, which nobody writes, as Windows-1252 has these bytes: what a portal meant that took one for Latin-1.
/// The same reading that HTML gives to numeric references (HTML Standard, 13.2.5.80).
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A character of the second control block as it was meant; any other as it is.
pub(crate) fn meant(c: char) -> char {
    match u32::from(c).checked_sub(0x80) {
        Some(index @ 0..32) => WINDOWS_1252[index as usize],
        _ => c,
    }
}

/// NFC, without edges (ideographic spaces and invisible marks too) and without control characters other than line
/// breaks and tabs; those of Windows-1252 taken for Latin-1 are read as they were meant. Never NFKC: width and form are
/// the publisher's.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim_matches(is_edge);
    let stray = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let composed = trimmed.is_ascii() || is_nfc_quick(trimmed.chars()) == IsNormalized::Yes;
    if composed && !trimmed.chars().any(stray) {
        return Cow::Borrowed(trimmed);
    }
    let said = trimmed.chars().map(meant);
    Cow::Owned(said.filter(|c| !stray(*c)).nfc().collect())
}

/// A BCP 47 tag as the store keeps it: lower case. None where it is not well-formed.
pub(crate) fn tag(language: &str) -> Option<String> {
    let spelled = language.trim().replace('_', "-");
    let literal = Literal::new_language_tagged_literal(String::new(), spelled).ok()?;
    literal.language().map(str::to_owned)
}

/// A cleaned literal in a language. None where nothing is left of it.
pub(crate) fn in_language(text: &str, language: Option<&str>) -> Option<Literal> {
    let text = clean(text);
    if text.is_empty() {
        return None;
    }
    Some(match language {
        Some(language) => Literal::new_language_tagged_literal_unchecked(text, language),
        None => Literal::new_simple_literal(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_cleaned() {
        assert_eq!(clean("　 水位\u{FEFF}\n"), "水位");
        assert_eq!(clean("ＡＢ　Ｃ"), "ＡＢ　Ｃ");
        assert_eq!(clean("e\u{301}"), "é");
        assert_eq!(clean("a\u{0}b\nc\u{81}"), "ab\nc");
        assert_eq!(clean("SICREDI \u{96} CC"), "SICREDI – CC");
        assert_eq!(in_language(" 　", Some("zh-hant")), None);
    }

    #[test]
    fn tags_are_lower_case_and_well_formed() {
        assert_eq!(tag("zh-Hant-TW").as_deref(), Some("zh-hant-tw"));
        assert_eq!(tag("zh_TW").as_deref(), Some("zh-tw"));
        assert_eq!(tag("no such language"), None);
    }
}
