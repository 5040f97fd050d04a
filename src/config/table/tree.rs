//! A whole table at once: as JSON for a kind of source to read, or laid over defaults.

use super::Table;
use serde_json::Value;
use std::borrow::Cow;
use toml::{Spanned, de::DeValue};

impl Table<'_> {
    /// Everything in the table, for somebody else to read.
    pub fn json(&self) -> Value {
        let member = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &Cow<'_, str> = key.get_ref();
            (key.to_string(), self.json_of(key, value))
        };
        Value::Object(self.entries.iter().map(member).collect())
    }

    fn json_of(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Value {
        match value.get_ref() {
            DeValue::String(text) => match self.expand(key, text, value.span().start) {
                Some(text) => Value::String(text.value),
                None => Value::Null,
            },
            DeValue::Integer(_) => self
                .whole_of(key, value, i64::MIN.into()..=i64::MAX.into())
                .and_then(|number| i64::try_from(number).ok())
                .map_or(Value::Null, Value::from),
            DeValue::Float(float) => float
                .as_str()
                .parse::<f64>()
                .map_or(Value::Null, Value::from),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.json_of(key, item)).collect())
            }
            DeValue::Table(entries) => {
                let path = format!("{}{key}.", self.path);
                Table::new(self.cx, &path, value.span().start, entries).json()
            }
        }
    }

    /// `defaults` with what the table says: every key must be one of theirs, and every number in its range.
    pub fn over(&self, defaults: &mut Value, range: &dyn Fn(&str) -> (u64, u64), name: &str) {
        let Value::Object(defaults) = defaults else {
            return;
        };
        for (key, value) in self.entries.iter() {
            let written: &str = key.get_ref();
            let name = format!("{name}{written}");
            match (defaults.get_mut(written), value.get_ref()) {
                (None, _) => {
                    let known: Vec<&str> = defaults.keys().map(String::as_str).collect();
                    self.unknown(key, &known);
                }
                (Some(under @ Value::Object(_)), DeValue::Table(entries)) => {
                    let path = format!("{}{written}.", self.path);
                    Table::new(self.cx, &path, value.span().start, entries).over(
                        under,
                        range,
                        &format!("{name}."),
                    );
                }
                (Some(Value::Object(_)), _) => self.wrong_type(written, value, "a table"),
                (Some(default), _) => {
                    let (least, most) = range(&name);
                    if let Some(number) = self.whole_of(written, value, least.into()..=most.into())
                    {
                        *default = u64::try_from(number).map_or(Value::Null, Value::from);
                    }
                }
            }
        }
    }
}
