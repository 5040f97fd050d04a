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
            let items = match from.is_same() {
                true => from.texts(record, record).into_iter().take(1).collect(),
                false => from.list(record, record, separator),
            };
            match items.as_slice() {
                [] => {}
                [only] => out
                    .rows
                    .iter_mut()
                    .for_each(|row| row.push((term, only.clone()))),
                items if items.iter().all(|item| *item == items[0]) => {
                    for row in &mut out.rows {
                        row.push((term, items[0].clone()));
                    }
                }
                // Items that are left out at the end hold no place.
                items
                    if items.len() <= count
                        && (items.len() == count || is_gappy(from, record, separator, count)) =>
                {
                    for (row, item) in out.rows.iter_mut().zip(items) {
                        if !item.is_empty() {
                            row.push((term, item.clone()));
                        }
                    }
                }
                _ => out.unequal.push((term, items.to_vec())),
            }
        }
        out
    }
}

/// Does the field have as many places as there are distributions, the last of them empty?
fn is_gappy(from: &From, record: &Value, separator: &str, count: usize) -> bool {
    from.places(record, separator) >= count
}
