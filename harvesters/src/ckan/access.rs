//! Who may have the data, how to apply for them, on which conditions, and what they cost.
//!
//! CKAN has no field for this; each portal says it with fields of its own, with licences, or not at all. So rules say it:
//! those of the source's settings, then those that come with the connector (`access/rules.json`). The first that fits decides
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

mod rules;

pub(super) use rules::Access;

use super::{
    Ckan,
    fields::{Fields, Text},
    say::{Saying, link, segment, thing},
};
use harvestd_vocab::terms::{authority, dct, foaf, harvestd, rdfs};
use oxrdf::{NamedNode, NamedNodeRef, NamedOrBlankNode};
use rules::Tier;
use std::collections::BTreeSet;

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
