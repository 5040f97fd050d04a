//! How text becomes words to be found by: of what is indexed and of what is asked for, in the same way.
//!
//! NFKC, lower case, 臺 as 台, Latin letters without their accents. What is written in Chinese characters or kana comes as
//! single characters and as pairs of neighbours, so no dictionary is needed; other letters and digits come as words, English
//! plurals without their ending. Pure. Start at [`words`].

use std::{borrow::Cow, ops::Range};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::{UnicodeNormalization, char::decompose_canonical};

/// The name under which the index knows [`Analyzer`].
pub const ANALYZER: &str = "harvestd";
/// Raised when the same text would become other words: the index is then built anew.
pub const VERSION: u32 = 2;
/// Longer words are cut: nobody types them, and the index takes no term beyond 64 kB.
const WORD_CHARS_MAX: usize = 64;

/// A word, and where it stands: words that follow each other have positions that do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub position: usize,
    pub kind: Kind,
}

/// What a word is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters and digits between spaces.
    Plain,
    /// One Chinese character. `alone`: its neighbours are none.
    One { alone: bool },
    /// Two of them, side by side.
    Pair,
}

/// The words of a text, in order of their positions.
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    scan(&fold(text), &mut |word, _| words.push(word));
    words
}

/// Hands out each word of a folded text, with the bytes of it where it stands.
pub(super) fn scan(folded: &str, take: &mut impl FnMut(Word, Range<usize>)) {
    let (mut position, mut at) = (0, 0);
    while let Some(first) = folded[at..].chars().next() {
        let rest = &folded[at..];
        if is_han(first) {
            let end = rest.find(|c| !is_han(c)).unwrap_or(rest.len());
            position = grams(&rest[..end], position, at, take);
            at += end;
        } else if first.is_alphanumeric() {
            let end = plain_end(rest);
            let text = stem(&rest[..end]);
            let text = text.chars().take(WORD_CHARS_MAX).collect();
            let word = Word {
                text,
                position,
                kind: Kind::Plain,
            };
            take(word, at..at + end);
            position += 1;
            at += end;
        } else {
            at += first.len_utf8();
        }
    }
}

/// The text as it is compared: NFKC, lower case, 臺 as 台, Latin letters bare.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        match c {
            '臺' => out.push('台'),
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                let mut bare = None;
                decompose_canonical(c, |part| {
                    bare.get_or_insert(part);
                });
                out.push(bare.unwrap_or(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// One- and two-grams of a run that begins at byte `begins`: each character at its place, each pair at the place of its
/// first.
fn grams(
    run: &str,
    from: usize,
    begins: usize,
    take: &mut impl FnMut(Word, Range<usize>),
) -> usize {
    let alone = run.chars().nth(1).is_none();
    let mut at = from;
    let mut rest = run.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let mut give = |range: Range<usize>, kind| {
            let word = Word {
                text: run[range.clone()].to_owned(),
                position: at,
                kind,
            };
            take(word, begins + range.start..begins + range.end);
        };
        let end = start + c.len_utf8();
        give(start..end, Kind::One { alone });
        if let Some((_, next)) = rest.peek() {
            give(start..end + next.len_utf8(), Kind::Pair);
        }
        at += 1;
    }
    at
}

/// Where a run of letters and digits ends. A full stop or comma between digits is part of it: PM2.5.
fn plain_end(text: &str) -> usize {
    let mut before = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let within = c.is_alphanumeric() && !is_han(c) || c == '.' && digit(before) && digit(next);
        if !within {
            return at;
        }
        before = Some(c);
    }
    text.len()
}

/// English plurals without their ending, where the word is long enough to have one: stations, cities, analyses.
fn stem(word: &str) -> Cow<'_, str> {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Cow::Borrowed(word);
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|s| s.len() > 1) {
        return Cow::Owned(format!("{stem}y"));
    }
    if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return Cow::Borrowed(word);
    }
    let hissing = ["sses", "xes", "ches", "shes", "zes"];
    if hissing.iter().any(|end| word.ends_with(end)) || is_of_us(word) {
        return Cow::Borrowed(&word[..word.len() - 2]);
    }
    Cow::Borrowed(word.strip_suffix('s').unwrap_or(word))
}

/// Buses and censuses are of words that end in `us`; houses and causes are not.
fn is_of_us(word: &str) -> bool {
    let before = word
        .strip_suffix("uses")
        .and_then(|stem| stem.chars().last());
    before.is_some_and(|letter| !"aeiou".contains(letter))
}

/// Chinese characters, kana and bopomofo: what is written without spaces.
fn is_han(c: char) -> bool {
    matches!(c,
        '\u{3005}' | '\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3100}'..='\u{312f}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// [`words`], for the index.
#[derive(Clone, Default)]
pub struct Analyzer;

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Words;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Words {
        Words {
            words: words(text).into_iter(),
            token: Token::default(),
        }
    }
}

/// The words of one text. Offsets are not kept: nothing here shows where in a text a word was found.
pub struct Words {
    words: std::vec::IntoIter<Word>,
    token: Token,
}

impl TokenStream for Words {
    fn advance(&mut self) -> bool {
        let Some(word) = self.words.next() else {
            return false;
        };
        self.token = Token {
            position: word.position,
            text: word.text,
            ..Token::default()
        };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let words = words(text).into_iter();
        words
            .map(|w| format!("{}:{}", w.position, w.text))
            .collect()
    }

    #[test]
    fn chinese_comes_as_characters_and_pairs() {
        assert_eq!(
            texts("臺北市 water"),
            ["0:台", "0:台北", "1:北", "1:北市", "2:市", "3:water"]
        );
        assert_eq!(texts("水"), ["0:水"]);
        assert_eq!(texts("PM2.5監測"), ["0:pm2.5", "1:監", "1:監測", "2:測"]);
    }

    #[test]
    fn latin_comes_as_words() {
        assert_eq!(
            texts("Air-quality STATIONS, cities; Ａｎａｌｙｓｉｓ"),
            ["0:air", "1:quality", "2:station", "3:city", "4:analysis"]
        );
        assert_eq!(texts("frequência Zürich"), ["0:frequencia", "1:zurich"]);
        assert_eq!(
            texts("boxes bus gas class"),
            ["0:box", "1:bus", "2:gas", "3:class"]
        );
        assert_eq!(
            texts("buses houses uses censuses"),
            ["0:bus", "1:house", "2:use", "3:census"]
        );
        assert_eq!(texts("3.14. v2.0 ..."), ["0:3.14", "1:v2.0"]);
    }

    #[test]
    fn a_word_without_end_is_cut() {
        let words = words(&"x".repeat(100_000));
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].text.len(), WORD_CHARS_MAX);
    }
}
