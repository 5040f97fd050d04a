//! Lists, page by page, and the feed for readers of news.

use super::*;
use quick_xml::{Reader, events::Event};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn lists_by_publisher_source_dataset_and_status() {
    let bed = Bed::with("page_max = 2", "").await;
    bed.holds("other", "snow", "Snow", "Office of Snow").await;
    let mut snow = remark("on snow");
    snow["dataset"] = "https://other.example/dataset/snow".into();
    answer(bed.say(&remark("a")), 201).await;
    answer(bed.say(&snow), 201).await;
    answer(bed.say(&remark("b")), 201).await;
    answer(bed.say(&correction("Rainfall")), 201).await;
    for (query, ids) in [
        (
            "publisher=https://centre.example/office&limit=9",
            &[1, 3][..],
        ),
        ("publisher=Office+of+Rain&after=3", &[4]),
        ("publisher=Office+of+Snow", &[2]),
        ("publisher=Nobody", &[]),
        ("source=other", &[2]),
        ("source=centre&after=1", &[3, 4]),
        ("sender=other", &[]),
        ("dataset=https://other.example/dataset/snow", &[2]),
        ("kind=correction", &[4]),
        ("status=declined", &[]),
        ("status=open&limit=1", &[1]),
    ] {
        assert_eq!(bed.ids(&format!("/feedback?{query}")).await, ids, "{query}");
    }
    for query in ["status=gone", "after=x", "page=2", "kind=x"] {
        let request = bed.request("GET", &format!("/feedback?{query}"));
        problem(request, 400, "query").await;
    }
    // Whoever publishes it now reads what was said before.
    bed.holds("centre", "rain", "Rain", "Bureau of Rain").await;
    bed::eventually("it is another's now", async || {
        bed.ids("/feedback?publisher=Bureau+of+Rain").await == [1, 3]
    })
    .await;
    assert_eq!(bed.ids("/feedback?publisher=Office+of+Rain").await, [1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other() {
    let bed = Bed::with("page_max = 2", "").await;
    for text in ["a", "b", "c", "d", "e"] {
        answer(bed.say(&remark(text)), 201).await;
    }
    let (mut next, mut all) = ("/feedback?status=open".to_owned(), Vec::new());
    loop {
        let page = bed.json(&next).await;
        let ids = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["id"].as_u64().unwrap());
        all.push(ids.collect::<Vec<u64>>());
        match page["next"].as_str() {
            Some(address) => next = address.to_owned(),
            None => break,
        }
    }
    assert_eq!(all, [vec![1, 2], vec![3, 4], vec![5]]);
    let turtle = bed
        .request("GET", "/feedback?limit=1")
        .header("accept", "text/turtle")
        .send()
        .await
        .unwrap();
    assert_eq!(
        turtle.headers()["link"],
        "<https://hub.example/feedback?limit=1&after=1>; rel=\"next\""
    );
    let tag = turtle.headers()["etag"].clone();
    let text = turtle.text().await.unwrap();
    assert!(
        text.contains("dqv:UserQualityFeedback")
            && text.contains("feedback/1>")
            && !text.contains("feedback/2>"),
        "{text}"
    );
    let again = bed
        .request("GET", "/feedback?limit=1")
        .header("accept", "text/turtle");
    assert_eq!(
        again
            .header("if-none-match", tag)
            .send()
            .await
            .unwrap()
            .status(),
        304
    );
}

/// Texts of elements, by name, in the order of the document; panics where it is no well-formed XML.
fn elements(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let (mut open, mut all) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                open.push(tag.name().as_ref().to_owned());
                all.push((open.join("/"), String::new()));
            }
            Event::Empty(tag) => {
                let name = tag.name().as_ref().to_owned();
                let attributes: Vec<String> = tag
                    .attributes()
                    .map(|a| a.unwrap().value.into_owned())
                    .collect();
                all.push((format!("{}/{name}", open.join("/")), attributes.join(" ")));
            }
            Event::Text(text) => {
                // Before the first element stands nothing but a line's end.
                if let Some((_, said)) = all.last_mut() {
                    said.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                let name: &str = &name;
                let text = quick_xml::escape::resolve_predefined_entity(name).unwrap();
                all.last_mut().unwrap().1.push_str(text);
            }
            Event::End(_) => {
                open.pop().unwrap();
                // What follows belongs to what is still open.
                all.push((String::new(), String::new()));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, Vec::<String>::new());
    all
}

fn of(xml: &str, name: &str) -> Vec<String> {
    elements(xml)
        .into_iter()
        .filter(|(n, _)| n == name)
        .map(|(_, text)| text)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_atom_and_its_ids_stay() {
    let mut bed = Bed::with("page_max = 2", "").await;
    let empty = bed.text("/feedback/feed", "*/*").await;
    assert_eq!(of(&empty, "feed/id"), ["https://hub.example/feedback/feed"]);
    answer(bed.say(&correction("Rainfall <&> \"mm\"")), 201).await;
    answer(bed.say(&remark("壞了 ]]> </content>")), 201).await;
    answer(bed.say(&remark("third")), 201).await;
    let response = bed.request("GET", "/feedback/feed").send().await.unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "application/atom+xml; charset=utf-8"
    );
    let tag = response.headers()["etag"].clone();
    let feed = response.text().await.unwrap();
    let ids = [
        "https://hub.example/feedback/3",
        "https://hub.example/feedback/2",
    ];
    assert_eq!(of(&feed, "feed/entry/id"), ids);
    assert!(
        of(&feed, "feed/entry/content")[1].contains("壞了 ]]> </content>"),
        "{feed}"
    );
    for required in [
        "feed/title",
        "feed/updated",
        "feed/entry/title",
        "feed/entry/updated",
        "feed/entry/author/name",
    ] {
        assert!(
            of(&feed, required).iter().all(|text| !text.is_empty()),
            "{required}: {feed}"
        );
        assert!(!of(&feed, required).is_empty(), "{required}: {feed}");
    }
    let next = of(&feed, "feed/link")
        .into_iter()
        .find_map(|link| link.strip_prefix("next ").map(str::to_owned));
    let older = bed.text(&next.unwrap(), "*/*").await;
    assert_eq!(
        of(&older, "feed/entry/id"),
        ["https://hub.example/feedback/1"]
    );
    assert!(
        of(&older, "feed/entry/content")[0].contains("Rainfall <&>"),
        "{older}"
    );
    let again = bed
        .request("GET", "/feedback/feed")
        .header("if-none-match", tag.clone());
    assert_eq!(again.send().await.unwrap().status(), 304);

    // Judged and restarted: the same ids, and later than before.
    let updated = of(&feed, "feed/entry/updated")[1].clone();
    let decline = serde_json::json!({ "verdict": "decline", "who": "Lin", "why": "It works." });
    answer(bed.judge(2, &decline), 200).await;
    bed.restart("").await;
    let again = bed
        .request("GET", "/feedback/feed")
        .header("if-none-match", tag);
    let feed = again.send().await.unwrap().text().await.unwrap();
    assert_eq!(of(&feed, "feed/entry/id"), ids);
    // As times: of texts, one that ends in a nought is the greater.
    let time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    let later = time(&of(&feed, "feed/entry/updated")[1]);
    assert!(later > time(&updated), "{feed}");
    assert_eq!(
        of(
            &bed.text("/feedback/feed?status=declined", "*/*").await,
            "feed/entry/id"
        ),
        [ids[1]]
    );
    let doors: Value = bed.json("/").await;
    assert_eq!(doors["feedback_feed"], "https://hub.example/feedback/feed");
}
