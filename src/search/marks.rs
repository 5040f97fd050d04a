//! Where in a text the words stand that were looked for, so that they can be shown. Pure. Start at [`Wanted::pieces`].
//!
//! A word is found here as the index finds it: 台北 in 臺北市, `station` in Stations.

use super::{
    grammar::{self, Tree, Value},
    text::{self, Kind},
};
use std::{collections::HashSet, ops::Range};

/// What a query looks for in texts.
#[derive(Debug, Default)]
pub struct Wanted {
    words: HashSet<String>,
    besides: Vec<&'static str>,
}

impl Wanted {
    /// Of words or a query, as [`super::View::search`] takes it. Nothing, where it is neither.
    pub fn of(q: &str) -> Self {
        let mut wanted = Self::default();
        let tree = match q.contains(':') {
            true => grammar::parse(q),
            false => grammar::words(q),
        };
        if let Ok(tree) = tree {
            wanted.add(&tree);
            wanted.besides = tree.besides();
        }
        wanted
    }

    fn add(&mut self, tree: &Tree) {
        match tree {
            Tree::And(trees) | Tree::Or(trees) => trees.iter().for_each(|tree| self.add(tree)),
            Tree::Same(typed, others) => {
                typed.iter().for_each(|tree| self.add(tree));
                others.iter().for_each(|other| self.add_words(other));
            }
            Tree::Leaf {
                field: None | Some("title" | "notes" | "text"),
                value: Value::Word(text) | Value::Phrase(text),
            } => self.add_words(text),
            Tree::Everything | Tree::Not(_) | Tree::Leaf { .. } => {}
        }
    }

    fn add_words(&mut self, text: &str) {
        let words = text::words(text).into_iter();
        // The characters of a run are looked for in pairs.
        let sought = words.filter(|word| word.kind != Kind::One { alone: false });
        self.words.extend(sought.map(|word| word.text));
    }

    /// Phrases that are looked for besides what was typed, in the other language.
    pub fn besides(&self) -> &[&'static str] {
        &self.besides
    }

    /// The text in pieces, each with whether it was looked for.
    pub fn pieces(&self, text: &str) -> Vec<(String, bool)> {
        let mut pieces = Vec::new();
        let mut at = 0;
        for range in self.found(text) {
            if at < range.start {
                pieces.push((text[at..range.start].to_owned(), false));
            }
            pieces.push((text[range.clone()].to_owned(), true));
            at = range.end;
        }
        if at < text.len() {
            pieces.push((text[at..].to_owned(), false));
        }
        pieces
    }

    /// A part of a long text, of about so many characters, around what was looked for first.
    pub fn excerpt(&self, text: &str, chars_max: usize) -> Vec<(String, bool)> {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        if ends.len() <= chars_max {
            return self.pieces(text);
        }
        let first = self.found(text).first().map_or(0, |range| range.start);
        let first = ends.partition_point(|at| *at < first);
        let begin = match first {
            near if near < chars_max * 3 / 4 => 0,
            far => (far - chars_max / 4).min(ends.len() - chars_max),
        };
        let from = ends[begin];
        let to = ends.get(begin + chars_max).copied().unwrap_or(text.len());
        let mut pieces = self.pieces(&text[from..to]);
        if begin > 0 {
            pieces.insert(0, ("…".to_owned(), false));
        }
        if to < text.len() {
            pieces.push(("…".to_owned(), false));
        }
        pieces
    }

    /// Bytes of the text, in order, none of them twice.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        if self.words.is_empty() {
            return Vec::new();
        }
        // Where each byte of the folded text comes from.
        let (mut folded, mut origin) = (String::with_capacity(text.len()), Vec::new());
        for (at, c) in text.char_indices() {
            folded.push_str(&text::fold(c.encode_utf8(&mut [0; 4])));
            origin.resize(folded.len(), at..at + c.len_utf8());
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        text::scan(&folded, &mut |word, range| {
            if range.is_empty() || !self.words.contains(&word.text) {
                return;
            }
            let (start, end) = (origin[range.start].start, origin[range.end - 1].end);
            match found.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(end),
                _ => found.push(start..end),
            }
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(q: &str, text: &str) -> String {
        let pieces = Wanted::of(q).pieces(text).into_iter();
        let pieces = pieces.map(|(text, marked)| if marked { format!("[{text}]") } else { text });
        pieces.collect()
    }

    #[test]
    fn what_was_looked_for_is_marked_as_the_index_finds_it() {
        for (q, text, expected) in [
            ("台北 公車", "臺北市公車站牌", "[臺北]市[公車]站牌"),
            ("空氣品質", "空氣品質即時監測", "[空氣品質]即時監測"),
            ("水", "水庫蓄水量", "[水]庫蓄[水]量"),
            ("水庫", "資料庫與水準", "資料庫與水準"),
            (
                "air station",
                "Air-quality STATIONS",
                "[Air]-quality [STATIONS]",
            ),
            ("ＭＲＴ", "Metro (MRT)", "Metro ([MRT])"),
            ("統計 -病例", "病例統計", "病例[統計]"),
            ("title:雨量 AND organization:水", "雨量與水", "[雨量]與水"),
            ("rainfall", "日雨量, rainfalls", "日[雨量], [rainfalls]"),
            ("", "雨量", "雨量"),
            ("(", "雨量", "雨量"),
            ("㎞", "10 ㎞ 內", "10 [㎞] 內"),
        ] {
            assert_eq!(shown(q, text), expected, "{q}");
        }
    }

    #[test]
    fn of_a_long_text_the_part_is_shown_in_which_it_stands() {
        let text = format!("{}雨量站{}", "字".repeat(500), "尾".repeat(500));
        let pieces = Wanted::of("雨量").excerpt(&text, 100);
        let whole: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(whole.chars().count(), 102);
        assert!(pieces.contains(&("雨量".to_owned(), true)), "{pieces:?}");
        assert_eq!(Wanted::of("雨量").excerpt("雨量", 100).len(), 1);
        let none = Wanted::of("風").excerpt(&text, 100);
        assert!(none[0].0.starts_with("字字") && none.len() == 2, "{none:?}");
    }
}
