//! Who may do what: every operation of every door, by everybody. What is not opened here is closed.

use crate::{DOORS, Hub, hub, operator, tokens};
use harvestd::serve::{
    admin,
    openapi::{
        self,
        door::{Door, Operation, Token, Verb},
    },
};
use std::collections::BTreeSet;

/// What may be sent to a public door without a token. All but the last change nothing.
const OPEN: &[(Verb, &str)] = &[
    (Verb::Post, "/sparql"),
    (Verb::Post, "/sparql/"),
    (Verb::Post, "/oai"),
    (Verb::Post, "/api/3/action/{name}"),
    (Verb::Post, "/api/action/{name}"),
    // Only where the configuration opens it.
    (Verb::Post, "/feedback"),
];

fn operations(doors: &'static [Door]) -> impl Iterator<Item = (&'static Door, &'static Operation)> {
    let of = |door: &'static Door| door.operations.iter().map(move |does| (door, does));
    doors.iter().flat_map(of)
}

#[test]
fn what_can_be_sent_without_a_token_is_listed() {
    let sends = operations(openapi::doors()).filter(|(_, does)| does.verb != Verb::Get);
    let free = sends.filter(|(_, does)| does.token != Some(Token::Needed));
    let free: BTreeSet<_> = free
        .map(|(door, does)| (does.verb, door.path.as_str()))
        .collect();
    assert_eq!(free, OPEN.iter().copied().collect());
}

/// Nobody, a token of nobody's, another centre's, and the operator's.
async fn strangers(hub: &Hub) -> Vec<(&'static str, Option<String>)> {
    let data = hub.bed.data_dir();
    let other = tokens::make(&data, "other", 0).unwrap().1.0;
    let operators = std::fs::read_to_string(data.join("admin-token")).unwrap();
    vec![
        ("nobody", None),
        ("an unknown token", Some("hd_unknown".to_owned())),
        ("another centre", Some(other)),
        ("the operator", Some(operators.trim().to_owned())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_s_doors_open_to_its_own_token_only() {
    let hub = hub().await;
    let before = hub.daemon.json("/changes").await;
    let mut tried = 0;
    for (door, does) in operations(openapi::doors()) {
        if does.token != Some(Token::Needed) {
            continue;
        }
        let method = does.verb.word().to_uppercase();
        let template = door.template();
        let asks = DOORS
            .iter()
            .filter(|ask| ask.template == template && ask.method == method);
        let ask = asks.clone().find(|ask| ask.with_token && ask.status < 300);
        let ask = ask.unwrap_or_else(|| panic!("{method} {template} is in no example"));
        for (who, token) in strangers(&hub).await {
            // Any centre may try a document.
            if template == "/validate" && who == "another centre" {
                continue;
            }
            let url = format!("http://{}{}", hub.daemon.listen, ask.path);
            let mut request = hub.client.request(method.parse().unwrap(), url);
            for (name, value) in ask.headers {
                request = request.header(*name, *value);
            }
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            let status = request.body(ask.body).send().await.unwrap().status();
            assert!(
                [401, 403].contains(&status.as_u16()),
                "{who}: {method} {template}: {status}"
            );
            tried += 1;
        }
    }
    assert!(tried >= 4 * 5, "{tried}");
    let after = hub.daemon.json("/changes").await;
    assert!(before["activities"].is_array(), "{before}");
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_s_token_opens_nothing_of_the_operator_s() {
    let hub = hub().await;
    let mut tried = 0;
    for (door, does) in operations(admin::doors()) {
        let path = operator::DOORS
            .iter()
            .find(|ask| ask.template == door.template());
        let path = path.map_or(door.path.as_str(), |ask| ask.path);
        let url = format!("http://{}{path}", hub.daemon.admin);
        let method = does.verb.word().to_uppercase().parse().unwrap();
        let request = hub.client.request(method, url).bearer_auth(&hub.token);
        let status = request.send().await.unwrap().status();
        assert_eq!(status, 401, "{} {}", does.verb.word(), door.path);
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}
