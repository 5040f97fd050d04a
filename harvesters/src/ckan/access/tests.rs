//! Rules, and the packages they fit.
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
    let rules: Vec<Rule> = serde_json::from_str(include_str!("rules.json")).unwrap();
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
fn a_field_of_the_portal_s_own_is_read_by_the_built_in_rules() {
    let mut access = Access::default();
    access.reads_as_access_rights("開放別");
    let package = json!({"開放別": "申請", "access_level": "public"});
    let found = access.tier(&Fields::of(&package));
    let words = BTreeSet::from(["申請".to_owned()]);
    assert_eq!(found, Some((Tier::Application, words)));
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
