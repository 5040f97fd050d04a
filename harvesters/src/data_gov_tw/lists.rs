//! The lists that the export writes into one field with `;`, and which of their items belong together.
//!
//! 2026-11: the export has `;` where the original address had `,`, so that a plain split gives pieces that are no
//! addresses (`BBOX=240817;2572538;…`, `locationId=F-D0047-001;F-D0047-003`). Of 230,070 addresses in the full export
//! not one has a comma, and the services named there (WMS, the weather bureau, the ministry's statistics) want commas.
//! So a new address begins only before a scheme, and what was taken apart is joined with `,` again.
//!
//! Start reading at [`addresses`].

use super::columns::tidy;
use crate::saying::has_scheme;

/// The addresses of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) items: Vec<Address>,
    /// How many pieces a plain split at `;` gives.
    pieces: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) text: String,
    /// The piece it begins with.
    piece: usize,
}

pub(super) fn addresses(list: &str) -> Addresses {
    let mut items: Vec<Address> = Vec::new();
    let mut pieces = 0;
    // Commas owed to empty pieces: paid where the address goes on, forgiven at its end.
    let mut empty = 0;
    for (piece, text) in list.split(';').enumerate() {
        pieces += 1;
        let open = items.last_mut().filter(|address| has_scheme(&address.text));
        match open {
            _ if tidy(text).is_empty() => empty += 1,
            Some(address) if !has_scheme(tidy(text)) => {
                address.text.extend(std::iter::repeat_n(',', empty + 1));
                address.text.push_str(text);
                empty = 0;
            }
            _ => {
                items.push(Address {
                    text: tidy(text).to_owned(),
                    piece,
                });
                empty = 0;
            }
        }
    }
    for address in &mut items {
        address.text.truncate(tidy(&address.text).len());
    }
    Addresses { items, pieces }
}

/// The same address, where one of the two may have been taken apart at its commas.
pub(super) fn same_address(a: &str, b: &str) -> bool {
    let joined = |c: char| if c == ';' { ',' } else { c };
    a == b || a.chars().map(joined).eq(b.chars().map(joined))
}

impl Addresses {
    /// The items of another list, one for each address, empty where it has none. None where nobody can say which item
    /// belongs to which address.
    ///
    /// They belong together by their place: among the addresses, or among the pieces of a plain split where the other
    /// list has as many. A list that says one thing only says it of every address, unless it counts something.
    pub(super) fn align<'l>(&self, list: &'l str, counts: bool) -> Option<Vec<&'l str>> {
        let mut items: Vec<&str> = list.split(';').map(tidy).collect();
        while items.len() > self.items.len().max(1)
            && items.len() != self.pieces
            && items.last() == Some(&"")
        {
            items.pop();
        }
        if items.iter().all(|item| item.is_empty()) {
            return Some(vec![""; self.items.len()]);
        }
        if self.items.is_empty() {
            return None;
        }
        if items.len() == self.items.len() {
            return Some(items);
        }
        if items.len() == self.pieces {
            return Some(
                self.items
                    .iter()
                    .map(|address| items[address.piece])
                    .collect(),
            );
        }
        let says_one_thing = items.iter().all(|item| *item == items[0]);
        (says_one_thing && !counts).then(|| vec![items[0]; self.items.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &str) -> Vec<String> {
        addresses(list).items.into_iter().map(|a| a.text).collect()
    }

    #[test]
    fn a_list_splits_only_before_a_scheme() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("https://a.example/1", &["https://a.example/1"]),
            (
                "https://a.example/1;http://b.example/2; FTP://c.example/3",
                &[
                    "https://a.example/1",
                    "http://b.example/2",
                    "FTP://c.example/3",
                ],
            ),
            (
                "https://a.example/?x=A;B;https://b.example/?BBOX=1.5;2;3&y=4",
                &[
                    "https://a.example/?x=A,B",
                    "https://b.example/?BBOX=1.5,2,3&y=4",
                ],
            ),
            (
                "https://a.example/?f=0;3;;&g=1",
                &["https://a.example/?f=0,3,,&g=1"],
            ),
            (
                "https://a.example/1;;https://b.example/2;",
                &["https://a.example/1", "https://b.example/2"],
            ),
            ("無;https://a.example/1", &["無", "https://a.example/1"]),
            (
                "www.a.example/1;www.b.example/2",
                &["www.a.example/1", "www.b.example/2"],
            ),
            (
                "https://a.example/資料 表.csv ",
                &["https://a.example/資料 表.csv"],
            ),
        ];
        for (list, expected) in cases {
            assert_eq!(texts(list), expected, "{list}");
        }
    }

    #[test]
    fn lists_belong_together_by_place() {
        let two = addresses("https://a.example/1;https://b.example/2");
        assert_eq!(two.align("CSV; JSON", false), Some(vec!["CSV", "JSON"]));
        assert_eq!(two.align("CSV;", false), Some(vec!["CSV", ""]));
        assert_eq!(two.align("CSV;JSON;", false), Some(vec!["CSV", "JSON"]));
        assert_eq!(two.align("", false), Some(vec!["", ""]));
        assert_eq!(two.align("UTF-8", false), Some(vec!["UTF-8", "UTF-8"]));
        assert_eq!(two.align("ZIP;ZIP;ZIP", false), Some(vec!["ZIP", "ZIP"]));
        assert_eq!(two.align("ZIP;CSV;ZIP", false), None);
        assert_eq!(two.align("12", true), None);
    }

    #[test]
    fn a_list_may_count_the_pieces_of_taken_apart_addresses() {
        let apart = addresses("https://a.example/?x=1;2;https://b.example/2");
        assert_eq!(apart.align("WMS;WMS;ZIP", false), Some(vec!["WMS", "ZIP"]));
        assert_eq!(apart.align("WMS;ZIP", false), Some(vec!["WMS", "ZIP"]));
        assert_eq!(apart.align("5;;7", true), Some(vec!["5", "7"]));
        assert_eq!(addresses("").align("CSV", false), None);
    }
}
