//! Lists that stand side by side in several fields, as `CSV;JSON` beside two addresses: which items belong together.
//!
//! Start reading at [`Rows::of`].

use super::{terms::Term, value::From};
use serde_json::Value;

/// The distributions that lists side by side describe.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows<'p> {
    /// The values of each distribution, by term.
    pub(super) rows: Vec<Vec<(&'p Term, String)>>,
    /// Lists that have neither one item nor as many as there are distributions: nobody can say what belongs to what.
    pub(super) unequal: Vec<(&'p Term, Vec<String>)>,
}

impl<'p> Rows<'p> {
    /// The items of the fields by their place. A list of one says it of all.
    pub(super) fn of(
        fields: &'p [(&'static Term, From)],
        separator: &str,
        lead: usize,
        record: &Value,
    ) -> Self {
        let Some((_, leading)) = fields.get(lead) else {
            return Self::default();
        };
        let count = leading.list(record, record, separator).len();
        let mut out = Self {
            rows: vec![Vec::new(); count],
            unequal: Vec::new(),
        };
        for (term, from) in fields {
            out.put(term, from, record, separator);
        }
        out
    }

    fn put(&mut self, term: &'p Term, from: &From, record: &Value, separator: &str) {
        let count = self.rows.len();
        if from.is_same() {
            if let Some(text) = from.texts(record, record).first() {
                self.put_everywhere(term, text);
            }
            return;
        }
        let items = from.list(record, record, separator);
        let by_place = items.len() == count || from.places(record, separator) == count;
        match items.first() {
            None => {}
            Some(_) if by_place => {
                for (row, item) in self.rows.iter_mut().zip(&items) {
                    if !item.is_empty() {
                        row.push((term, item.clone()));
                    }
                }
            }
            Some(first) if items.iter().all(|item| item == first) => {
                self.put_everywhere(term, first);
            }
            Some(_) => self.unequal.push((term, items)),
        }
    }

    fn put_everywhere(&mut self, term: &'p Term, text: &str) {
        for row in &mut self.rows {
            row.push((term, text.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::mapped::terms::{Place, find_at};
    use serde_json::json;

    /// What becomes of formats, encodings and a constant beside a list of addresses.
    fn rows(url: &str, format: &str, encoding: &str) -> String {
        let field = |word: &str, from: Value| {
            let term = find_at(Place::Distribution, word).unwrap();
            (term, From::read(&from).unwrap())
        };
        let fields = [
            field(
                "access_url",
                json!({"path": "url", "split": ";", "before_scheme": true}),
            ),
            field("format", json!("format")),
            field("encoding", json!({"path": "encoding", "skip": ["null"]})),
            field("license", json!({"value": "L"})),
        ];
        let record = json!({"url": url, "format": format, "encoding": encoding});
        let found = Rows::of(&fields, ";", 0, &record);
        let said = found.rows.iter().map(|row| {
            let texts: Vec<_> = row.iter().map(|(_, text)| text.as_str()).collect();
            texts.join(" ")
        });
        let unequal = found
            .unequal
            .iter()
            .map(|(t, items)| format!("{} {items:?}", t.name));
        said.chain(unequal).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn items_belong_together_by_their_place() {
        let two = "https://a.example/1;https://b.example/2";
        let cases = [
            (
                "CSV;JSON",
                "",
                "https://a.example/1 CSV L | https://b.example/2 JSON L",
            ),
            (
                "CSV;JSON;",
                "UTF-8;null;",
                "https://a.example/1 CSV UTF-8 L | https://b.example/2 JSON L",
            ),
            (
                "CSV;",
                "UTF-8",
                "https://a.example/1 CSV UTF-8 L | https://b.example/2 CSV UTF-8 L",
            ),
            (
                "CSV; ",
                "null;Big5",
                "https://a.example/1 CSV L | https://b.example/2 Big5 L",
            ),
            (
                "ZIP;ZIP;ZIP",
                "",
                "https://a.example/1 ZIP L | https://b.example/2 ZIP L",
            ),
            (
                "CSV;JSON;XML",
                "",
                "https://a.example/1 L | https://b.example/2 L | format [\"CSV\", \"JSON\", \"XML\"]",
            ),
        ];
        for (format, encoding, expected) in cases {
            assert_eq!(rows(two, format, encoding), expected, "{format} {encoding}");
        }
        assert_eq!(rows("", "CSV", ""), "");
        assert_eq!(
            rows("https://a.example/?x=1;2;https://b.example/", "A;B", ""),
            "https://a.example/?x=1;2 A L | https://b.example/ B L"
        );
    }
}
