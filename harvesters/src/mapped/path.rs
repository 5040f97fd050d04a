//! Where in a record something stands: `agency.name`, `resources[*].url`, `tags[0]`, `"a.b"`, `$.licence`.
//!
//! Keys are separated by dots; one that holds a dot, a bracket or a quote is put in double quotes. `[n]` is an item of a
//! list, counted from zero, `[*]` every item. `$.` begins at the record itself, where a path stands inside a list of its own.
//! Keys are compared as they are written. Start reading at [`Path::parse`].

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    from_record: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
    Every,
}

/// Why a text is no path, and at which character.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoPath {
    pub(super) found: String,
    pub(super) expected: &'static str,
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, NoPath> {
        let (from_record, rest) = match text.strip_prefix("$.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut parser = Parser { text, rest };
        let mut steps = vec![parser.key()?];
        while !parser.rest.is_empty() {
            let step = match parser.rest.as_bytes()[0] {
                b'.' => {
                    parser.rest = &parser.rest[1..];
                    parser.key()?
                }
                b'[' => parser.item()?,
                _ => return Err(parser.problem("a dot or a bracket")),
            };
            steps.push(step);
        }
        Ok(Self { from_record, steps })
    }

    /// What stands there: in `scope`, or in `record` where the path begins with `$.`.
    pub(super) fn find<'v>(&self, scope: &'v Value, record: &'v Value) -> Vec<&'v Value> {
        let mut here = vec![if self.from_record { record } else { scope }];
        for step in &self.steps {
            here = here.into_iter().flat_map(|v| step.of(v)).collect();
        }
        here
    }

    /// The keys of a path that has nothing else.
    pub(super) fn keys(&self) -> Option<Vec<&str>> {
        let key = |step: &'_ Step| match step {
            Step::Key(_) => true,
            Step::Item(_) | Step::Every => false,
        };
        (!self.from_record && self.steps.iter().all(key)).then(|| {
            let keys = self.steps.iter().filter_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                _ => None,
            });
            keys.collect()
        })
    }

    /// The key that the path begins with.
    pub(super) fn first_key(&self) -> &str {
        match self.steps.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }
}

impl Step {
    fn of<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        match self {
            Self::Key(key) => value.get(key).into_iter().collect(),
            Self::Item(index) => value.get(index).into_iter().collect(),
            Self::Every => match value {
                Value::Array(items) => items.iter().collect(),
                Value::Null => Vec::new(),
                // XML and careless servers write a list of one as the one.
                single => vec![single],
            },
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
}

impl Parser<'_> {
    fn key(&mut self) -> Result<Step, NoPath> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let end = quoted.find('"').filter(|end| *end > 0);
            let end = end.ok_or_else(|| self.problem("a closing quote after a key"))?;
            self.rest = &quoted[end + 1..];
            return Ok(Step::Key(quoted[..end].to_owned()));
        }
        let end = self.rest.find(['.', '[', ']', '"']);
        let end = end.unwrap_or(self.rest.len());
        let key = self.rest[..end].trim();
        if key.is_empty() {
            return Err(self.problem("a key"));
        }
        self.rest = &self.rest[end..];
        Ok(Step::Key(key.to_owned()))
    }

    fn item(&mut self) -> Result<Step, NoPath> {
        const EXPECTED: &str = "[*] or the number of an item, as [0]";
        let end = self.rest.find(']').ok_or_else(|| self.problem(EXPECTED))?;
        let step = match &self.rest[1..end] {
            "*" => Step::Every,
            digits => Step::Item(digits.parse().map_err(|_| self.problem(EXPECTED))?),
        };
        self.rest = &self.rest[end + 1..];
        Ok(step)
    }

    fn problem(&self, expected: &'static str) -> NoPath {
        let at = self.text.chars().count() - self.rest.chars().count();
        NoPath {
            found: format!("{:?}, character {}", self.text, at + 1),
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_to_values() {
        let record = json!({"name": "n", "a.b": 1, "agency": {"name": "x"}, "tags": ["p", "q"],
            "resources": [{"url": "1"}, {"url": "2"}, {}], "one": {"url": "3"}, "收錄期間(起)": "2020"});
        let cases = [
            ("name", json!(["n"])),
            ("agency.name", json!(["x"])),
            ("\"a.b\"", json!([1])),
            ("tags", json!([["p", "q"]])),
            ("tags[1]", json!(["q"])),
            ("resources[*].url", json!(["1", "2"])),
            ("one[*].url", json!(["3"])),
            ("收錄期間(起)", json!(["2020"])),
            ("missing.name", json!([])),
        ];
        for (path, expected) in cases {
            let found = Path::parse(path).unwrap();
            assert_eq!(json!(found.find(&record, &record)), expected, "{path}");
        }
        let item = &record["resources"][0];
        assert_eq!(
            Path::parse("$.name").unwrap().find(item, &record),
            [&json!("n")]
        );
    }

    #[test]
    fn what_is_no_path_is_said_with_its_place() {
        for (text, found, expected) in [
            ("", "\"\", character 1", "a key"),
            ("a..b", "\"a..b\", character 3", "a key"),
            (
                "資料[x]",
                "\"資料[x]\", character 3",
                "[*] or the number of an item, as [0]",
            ),
            (
                "a[0",
                "\"a[0\", character 2",
                "[*] or the number of an item, as [0]",
            ),
            ("a]b", "\"a]b\", character 2", "a dot or a bracket"),
            (
                "\"a",
                "\"\\\"a\", character 1",
                "a closing quote after a key",
            ),
            ("a.", "\"a.\", character 3", "a key"),
        ] {
            let problem = Path::parse(text).unwrap_err();
            assert_eq!(
                (problem.found.as_str(), problem.expected),
                (found, expected)
            );
        }
    }
}
