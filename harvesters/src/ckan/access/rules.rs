//! The rules that say who may have a package's data: what they are, whether they make sense, which one fits.
//!
//! They are data: those of the source's settings, then `rules.json`. It says nothing in RDF. Start at [`Access::tier`].

use crate::ckan::{fields::Fields, say::link};
use harvestd_vocab::tables::fold;
use serde::Deserialize;
use std::{collections::BTreeSet, sync::LazyLock};

/// `[source.options.access]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::ckan) struct Access {
    /// The first that fits decides.
    rules: Vec<Rule>,
    /// Do the connector's own rules come after these?
    built_in: bool,
    /// Fields in which the source says where to apply.
    pub(in crate::ckan) application_fields: Vec<String>,
    /// Where to apply for what is on application or paid and says no address: `{name}` and `{id}` stand for the package's.
    pub(in crate::ckan) application_url: Option<String>,
    /// Fields in which the source says on which conditions.
    pub(in crate::ckan) condition_fields: Vec<String>,
}

impl Default for Access {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            rules: Vec::new(),
            built_in: true,
            application_fields: words(&[
                "application_url",
                "apply_url",
                "access_request_url",
                "申請網址",
            ]),
            application_url: None,
            condition_fields: words(&[
                "access_conditions",
                "conditions",
                "terms_of_use",
                "使用條件",
                "申請條件",
                "使用規範",
            ]),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    when: When,
    tier: Tier,
}

/// Everything that is given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct When {
    /// Fields or extras; the first that says something counts. Without `is` and `contains`: that it says something.
    field: Words,
    /// One of these, in any case, width or spacing.
    is: Words,
    contains: Words,
    /// The package's licence, by id, title or address.
    licence: Words,
    /// The package's own flag. A rule that asks for private packages brings them into the catalogue, which else leaves
    /// them out.
    private: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::ckan) enum Tier {
    Open,
    Application,
    Paid,
    Closed,
}

/// One word or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Words {
    fn all(&self) -> &[String] {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Several(words) => words,
        }
    }

    fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    fn any(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.all().iter().any(|word| fits(&fold(word)))
    }
}

static BUILT_IN: LazyLock<Vec<Rule>> =
    LazyLock::new(|| serde_json::from_str(include_str!("rules.json")).unwrap_or_default());

impl Access {
    /// What is wrong with the settings: where, what was found, what would be right.
    pub(in crate::ckan) fn fault(&self) -> Option<(String, String, &'static str)> {
        for (at, Rule { when, .. }) in self.rules.iter().enumerate() {
            let key = format!("options.access.rules[{at}].when");
            if when.field.is_empty() && when.licence.is_empty() && when.private.is_none() {
                let expected = "field (with is or contains, or alone), licence or private";
                return Some((key, "no condition".to_owned(), expected));
            }
            if when.field.is_empty() && !(when.is.is_empty() && when.contains.is_empty()) {
                let expected = "field: whose value is or contains that";
                return Some((key, "is or contains without field".to_owned(), expected));
            }
        }
        let page = self.application_url.as_deref()?;
        let sample = page.replace("{name}", "x").replace("{id}", "x");
        link(&sample).is_none().then(|| {
            let expected = "an http(s) address; {name} and {id} stand for the package's";
            (
                "options.access.application_url".to_owned(),
                page.to_owned(),
                expected,
            )
        })
    }

    /// The built-in rules about `access_rights` are about that field as well, and first.
    pub(in crate::ckan) fn reads_as_access_rights(&mut self, key: &str) {
        if !std::mem::take(&mut self.built_in) {
            return;
        }
        for mut rule in BUILT_IN.iter().cloned() {
            let mut fields = rule.when.field.all().to_vec();
            if fields.iter().any(|field| field == "access_rights") {
                fields.insert(0, key.to_owned());
            }
            rule.when.field = Words::Several(fields);
            self.rules.push(rule);
        }
    }

    /// Is there a rule for private packages?
    pub(in crate::ckan) fn speaks_of_private(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.when.private == Some(true))
    }

    /// The tier of the first rule that fits, and the source's words that made it fit.
    pub(in crate::ckan) fn tier(&self, package: &Fields<'_>) -> Option<(Tier, BTreeSet<String>)> {
        let built_in = self.built_in.then(|| BUILT_IN.iter()).into_iter().flatten();
        self.rules.iter().chain(built_in).find_map(|rule| {
            let words = rule.when.fits(package)?;
            Some((rule.tier, words))
        })
    }
}

impl When {
    /// The source's words that fit. None: it does not fit.
    fn fits(&self, package: &Fields<'_>) -> Option<BTreeSet<String>> {
        let mut said = BTreeSet::new();
        if !self.field.is_empty() {
            said.insert(self.field_that_fits(package)?);
        }
        if !self.licence.is_empty() {
            let licences = [
                "license_id",
                "license_title",
                "license_url",
                "license",
                "licence",
            ]
            .into_iter()
            .filter_map(|key| package.text(&[key]));
            let licences: Vec<String> = licences.collect();
            let fits = |words: &&String| self.licence.any(|word| fold(words) == word);
            licences.iter().find(fits)?;
            // The title is for people, the id is not.
            said.extend(
                package
                    .text(&["license_title"])
                    .or(licences.first().cloned()),
            );
        }
        let private = package
            .text(&["private"])
            .is_some_and(|word| fold(&word) == "true");
        self.private
            .is_none_or(|wanted| wanted == private)
            .then_some(said)
    }

    fn field_that_fits(&self, package: &Fields<'_>) -> Option<String> {
        let values = self
            .field
            .all()
            .iter()
            .filter_map(|key| package.text(&[&key.trim().to_lowercase()]));
        let fits = |value: &String| {
            let value = fold(value);
            let any = self.is.is_empty() && self.contains.is_empty();
            any || self.is.any(|word| value == word)
                || self.contains.any(|word| value.contains(word))
        };
        values.into_iter().find(fits)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
