//! An input that nobody wrote, from those that somebody did.

use super::dice::Dice;

/// Bytes at which parsers turn.
const TURNS: &[u8] = b"\0\t\n\r \"'(),-.0:;<>?@[\\]^_`{|}~\x7f\x80\xc0\xed\xf4\xff";
const WORDS: [&str; 24] = [
    "null",
    "true",
    "1e400",
    "-1",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "<!DOCTYPE",
    "<![CDATA[",
    "]]>",
    "&#0;",
    "\u{feff}",
    "@prefix",
    "_:",
    "^^",
    "@id",
    "@graph",
    "@list",
    "2026-02-30",
    "+99:99",
    "%00",
    "\u{202e}",
    "OPTIONAL {",
    "NaN",
];

/// One to eight changes of one of the documents.
pub fn one(material: &[Vec<u8>], dice: &mut Dice, most: usize) -> Vec<u8> {
    let mut bytes = dice.of(material).clone();
    bytes.truncate(most);
    for _ in 0..=dice.below(8) {
        change(&mut bytes, material, dice);
    }
    bytes.truncate(most);
    bytes
}

fn change(bytes: &mut Vec<u8>, material: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + 1 + dice.below(64)).min(bytes.len());
    match dice.below(9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        1 if at < bytes.len() => bytes[at] = *dice.of(TURNS),
        2 if at < end => drop(bytes.drain(at..end)),
        3 => bytes.truncate(at),
        4 if at < end => {
            let piece = bytes[at..end].to_vec();
            let again = piece.repeat(1 + dice.below(4));
            bytes.splice(at..at, again);
        }
        // Depth: a turn a thousand times.
        5 if dice.one_in(8) => {
            let turn = vec![*dice.of(TURNS); 1 + dice.below(4_000)];
            bytes.splice(at..at, turn);
        }
        6 => {
            let other = dice.of(material);
            let from = dice.below(other.len() + 1);
            let until = (from + dice.below(400)).min(other.len());
            bytes.splice(at..at, other[from..until].iter().copied());
        }
        7 if at < bytes.len() && bytes[at].is_ascii_digit() => {
            bytes[at] = b'0' + dice.below(10) as u8
        }
        _ => {
            let word = dice.of(&WORDS).bytes();
            bytes.splice(at..at, word);
        }
    }
}
