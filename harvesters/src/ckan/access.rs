//! Who may have the data, how to apply for them, on which conditions, and what they cost.
//!
//! CKAN has no field for this; each portal says it with fields of its own, with licences, or not at all. So rules say it:
//! those of the source's settings, then those that come with the connector (`access.json`). The first that fits decides
//! the **tier**:
//!
//! | tier | `dct:accessRights` (EU) | type of the rights statement |
//! |---|---|---|
//! | `open` | PUBLIC | `harvestd:OpenAccess` |
//! | `application` | RESTRICTED | `harvestd:OnApplication` |
//! | `paid` | RESTRICTED, which by the EU's definition includes what requires payment | `harvestd:Paid` |
//! | `closed` | NON_PUBLIC | `harvestd:NotOpen` |
//!
//! The EU's three values do not tell an application from a fee, so a **rights statement** (`dct:rights`) stands beside
//! them: the tier as its `dct:type`, the source's own words as its `rdfs:label`, the conditions as its `dct:description`,
//! and the page on which one applies as its `foaf:page`. Why `foaf:page`: it is the property of DCAT-AP for a document
//! that a person is meant to read; `dcat:landingPage` leads to the data and not to a form, a `dcat:accessURL` is a
//! distribution's, and an ODRL policy would have to be invented from words. One question finds all:
//! `?dataset dct:rights [ dct:type harvestd:OnApplication ; foaf:page ?form ]`.
//!
//! A **fee** is apart from access: `schema:conditionsOfAccess` keeps the words, and a fee's page and law are a rights
//! statement of type `harvestd:Fee`. A portal that says nothing of access gets no tier: that a package is listed does not
//! say that its data are open.
//!
//! Start reading at [`Ckan::say_access`].

use super::{
    Ckan,
    fields::{Fields, Text},
    say::{Saying, link, segment, thing},
};
use harvestd_vocab::{
    tables::fold,
    terms::{authority, dct, foaf, harvestd, rdfs},
};
use oxrdf::{NamedNode, NamedNodeRef, NamedOrBlankNode};
use serde::Deserialize;
use std::{collections::BTreeSet, sync::LazyLock};

/// `[source.options.access]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Access {
    /// The first that fits decides.
    rules: Vec<Rule>,
    /// Do the connector's own rules come after these?
    built_in: bool,
    /// Fields in which the source says where to apply.
    application_fields: Vec<String>,
    /// Where to apply for what is on application or paid and says no address: `{name}` and `{id}` stand for the package's.
    application_url: Option<String>,
    /// Fields in which the source says on which conditions.
    condition_fields: Vec<String>,
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
enum Tier {
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
    LazyLock::new(|| serde_json::from_str(include_str!("access.json")).unwrap_or_default());

impl Access {
    /// What is wrong with the settings: where, what was found, what would be right.
    pub(super) fn fault(&self) -> Option<(String, String, &'static str)> {
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

    /// Is there a rule for private packages?
    pub(super) fn speaks_of_private(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.when.private == Some(true))
    }

    /// The tier of the first rule that fits, and the source's words that made it fit.
    fn tier(&self, package: &Fields<'_>) -> Option<(Tier, BTreeSet<String>)> {
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

impl Tier {
    fn access_right(self) -> NamedNode {
        let code = match self {
            Self::Open => "PUBLIC",
            Self::Application | Self::Paid => "RESTRICTED",
            Self::Closed => "NON_PUBLIC",
        };
        NamedNode::new_unchecked(format!("{}{code}", authority::ACCESS_RIGHT))
    }

    fn class(self) -> NamedNodeRef<'static> {
        match self {
            Self::Open => harvestd::OPEN_ACCESS,
            Self::Application => harvestd::ON_APPLICATION,
            Self::Paid => harvestd::PAID,
            Self::Closed => harvestd::NOT_OPEN,
        }
    }
}

/// What a fee is called, where its page is, and the law it rests on.
const FEE: [&str; 5] = ["cost", "計費方式", "收費方式", "fee", "price"];
const FEE_PAGES: [&str; 3] = ["costurl", "cost_url", "fee_url"];
const FEE_LAWS: [&str; 3] = ["costlaw", "cost_law", "收費依據"];
/// What has to be paid, in words: as in the national export.
const CONDITIONS_OF_ACCESS: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://schema.org/conditionsOfAccess");

impl Ckan {
    pub(super) fn say_access(&self, saying: &mut Saying, package: &Fields<'_>) {
        let node = saying.node.clone();
        let own_field = self
            .options
            .access_rights_key
            .as_deref()
            .map(str::to_lowercase);
        let word = own_field
            .and_then(|key| package.text(&[&key]))
            .or_else(|| package.text(&["access_rights", "access_level"]));
        let tier = self.options.access.tier(package);
        match (&tier, &word) {
            (Some((tier, _)), _) => saying.say(&node, dct::ACCESS_RIGHTS, tier.access_right()),
            (None, Some(word)) => saying.say(&node, dct::ACCESS_RIGHTS, thing(word)),
            (None, None) => {}
        }
        self.say_how(saying, package, tier);
        say_fee(saying, package);
    }

    /// The rights statement, where there is anything to state.
    fn say_how(
        &self,
        saying: &mut Saying,
        package: &Fields<'_>,
        tier: Option<(Tier, BTreeSet<String>)>,
    ) {
        let access = &self.options.access;
        let (tier, words) =
            tier.map_or((None, BTreeSet::new()), |(tier, words)| (Some(tier), words));
        let applies = matches!(tier, Some(Tier::Application | Tier::Paid));
        let address = first_text(package, &access.application_fields)
            .or_else(|| self.application_page(package).filter(|_| applies));
        let page = address.as_deref().and_then(link);
        // Where to apply may be a mail address or an office: words for the conditions.
        let office = address.filter(|_| page.is_none()).map(Text::plain);
        let mut conditions = first_texts(package, &access.condition_fields);
        conditions.extend(office);
        if tier.is_none() && page.is_none() && conditions.is_empty() {
            return;
        }
        let statement = new_statement(saying, tier.map(Tier::class));
        saying.texts(
            &statement,
            rdfs::LABEL,
            words.into_iter().map(Text::plain).collect(),
        );
        saying.texts(&statement, dct::DESCRIPTION, conditions);
        if let Some(page) = page {
            saying.say(&statement, foaf::PAGE, page);
        }
    }

    fn application_page(&self, package: &Fields<'_>) -> Option<String> {
        let mut page = self.options.access.application_url.clone()?;
        for key in ["name", "id"] {
            if let Some(value) = package.text(&[key]) {
                page = page.replace(&format!("{{{key}}}"), &segment(&value));
            }
        }
        Some(page)
    }
}

fn say_fee(saying: &mut Saying, package: &Fields<'_>) {
    let node = saying.node.clone();
    let words = package.text(&FEE);
    if let Some(words) = &words {
        saying.say(&node, CONDITIONS_OF_ACCESS, thing(words));
    }
    let page = package.text(&FEE_PAGES).as_deref().and_then(link);
    let law = package.texts(&FEE_LAWS);
    if page.is_none() && law.is_empty() {
        return;
    }
    let statement = new_statement(saying, Some(harvestd::FEE));
    saying.texts(
        &statement,
        rdfs::LABEL,
        words.map(Text::plain).into_iter().collect(),
    );
    saying.texts(&statement, dct::DESCRIPTION, law);
    if let Some(page) = page {
        saying.say(&statement, foaf::PAGE, page);
    }
}

fn new_statement(saying: &mut Saying, kind: Option<NamedNodeRef<'_>>) -> NamedOrBlankNode {
    let node = saying.node.clone();
    let statement = saying.blank(dct::RIGHTS_STATEMENT);
    saying.say(&node, dct::RIGHTS, statement.clone());
    if let Some(kind) = kind {
        saying.say(&statement, dct::TYPE, kind);
    }
    statement
}

fn first_text(package: &Fields<'_>, keys: &[String]) -> Option<String> {
    keys.iter()
        .find_map(|key| package.text(&[&key.trim().to_lowercase()]))
}

fn first_texts(package: &Fields<'_>, keys: &[String]) -> Vec<Text> {
    keys.iter()
        .map(|key| package.texts(&[&key.trim().to_lowercase()]))
        .find(|texts| !texts.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn tier(settings: serde_json::Value, package: serde_json::Value) -> Option<(Tier, String)> {
        let access: Access = serde_json::from_value(settings).unwrap();
        assert_eq!(access.fault(), None);
        let (tier, words) = access.tier(&Fields::of(&package))?;
        Some((tier, words.into_iter().collect::<Vec<_>>().join("|")))
    }

    #[test]
    fn the_built_in_rules_are_rules() {
        let rules: Vec<Rule> = serde_json::from_str(include_str!("access.json")).unwrap();
        let built_in = Access {
            rules,
            ..Access::default()
        };
        assert!(built_in.rules.len() >= 5);
        assert_eq!(built_in.fault(), None);
    }

    #[test]
    fn words_of_access_and_of_fees_give_tiers() {
        let of = |package| tier(json!({}), package).map(|(tier, _)| tier);
        for (package, expected) in [
            (json!({"access_level": "Non-Public"}), Some(Tier::Closed)),
            (
                json!({"access_rights": "申請後使用"}),
                Some(Tier::Application),
            ),
            (
                json!({"extras": [{"key": "計費方式", "value": "收費"}]}),
                Some(Tier::Paid),
            ),
            (
                json!({"access_level": "public", "cost": "付費"}),
                Some(Tier::Paid),
            ),
            (
                json!({"access_level": "public", "cost": "免費"}),
                Some(Tier::Open),
            ),
            (json!({"cost": "免費"}), None),
            (json!({"license_id": "cc-by", "isopen": true}), None),
            (json!({}), None),
        ] {
            assert_eq!(of(package.clone()), expected, "{package}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let settings = json!({"rules": [
            {"when": {"private": true}, "tier": "closed"},
            {"when": {"field": "Data Tier", "contains": ["審核", "review"]}, "tier": "application"},
            {"when": {"licence": ["OTHER-closed"], "field": "owner"}, "tier": "closed"},
            {"when": {"field": "isopen", "is": "true"}, "tier": "open"},
        ], "built_in": false});
        for (package, expected) in [
            (
                json!({"private": true, "isopen": true}),
                Some((Tier::Closed, "")),
            ),
            (
                json!({"data tier": "須經審核"}),
                Some((Tier::Application, "須經審核")),
            ),
            (
                json!({"license_id": "other-closed", "license_title": "Other (Not Open)", "owner": "A"}),
                Some((Tier::Closed, "A|Other (Not Open)")),
            ),
            (json!({"license_id": "other-closed"}), None),
            (json!({"isopen": true}), Some((Tier::Open, "true"))),
            (json!({"access_level": "public"}), None),
        ] {
            let found = tier(settings.clone(), package.clone());
            let expected = expected.map(|(tier, words)| (tier, words.to_owned()));
            assert_eq!(found, expected, "{package}");
        }
    }

    #[test]
    fn rules_that_ask_for_nothing_are_refused() {
        for (settings, key) in [
            (
                json!({"rules": [{"when": {}, "tier": "open"}]}),
                "options.access.rules[0].when",
            ),
            (
                json!({"rules": [{"when": {"is": "x", "licence": "y"}, "tier": "open"}]}),
                "options.access.rules[0].when",
            ),
            (
                json!({"application_url": "/apply"}),
                "options.access.application_url",
            ),
        ] {
            let access: Access = serde_json::from_value(settings).unwrap();
            assert_eq!(access.fault().unwrap().0, key);
        }
    }
}
