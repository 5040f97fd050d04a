//! The Atom feed: every change once, the newest first, and what is gone.

use super::*;

async fn page(daemon: &Serving, path: &str) -> String {
    let response = daemon.get(path).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "application/atom+xml; charset=utf-8");
    response.text().await.unwrap()
}

/// The ids of a feed's entries and tombstones, page by page to its end.
async fn followed(daemon: &Serving, path: &str) -> (Vec<String>, Vec<String>) {
    let (mut entries, mut gone, mut path) = (Vec::new(), Vec::new(), path.to_owned());
    loop {
        let text = page(daemon, &path).await;
        let after = |mark: &'static str, end: &'static str| {
            let pieces = text.split(mark).skip(1);
            let found = pieces.map(move |piece| piece.split(end).next().unwrap().to_owned());
            found.collect::<Vec<_>>()
        };
        entries.extend(after("<entry>\n<id>", "</id>"));
        gone.extend(after("<at:deleted-entry ref=\"", "\""));
        match after("<link rel=\"next\" href=\"https://hub.example", "\"").first() {
            Some(next) => path = next.replace("&amp;", "&"),
            None => return (entries, gone),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_changes_come_first_and_what_goes_leaves_a_tombstone() {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    let sources = source("c", "dcat", &bed.origin.at("/c.ttl"), "");
    bed.configure("[limits.lists]\natom_entries_max = 2\n", &sources);
    city(&bed, &[("1", "Trees"), ("2", "Lamps"), ("3", "Banks")]);
    let daemon = bed.serve().await;
    run(&daemon, "a").await;
    run(&daemon, "c").await;
    let (entries, gone) = followed(&daemon, "/atom.xml").await;
    let everything = count(&daemon, "?dataset a dcat:Dataset").await;
    assert_eq!((entries.len() as u64, gone.len()), (everything, 0));
    assert!(
        entries[0].starts_with("https://city.example/"),
        "{entries:?}"
    );

    city(&bed, &[("1", "Trees"), ("2", "Street lamps")]);
    run(&daemon, "c").await;
    let (entries, gone) = followed(&daemon, "/atom.xml?source=c").await;
    assert_eq!(entries[0], "https://city.example/dataset/2");
    assert_eq!(
        (entries.len(), &*gone),
        (2, &["https://city.example/dataset/3".to_owned()][..])
    );
    let office = "/atom.xml?publisher=https://city.example/office";
    let (of_the_office, gone) = followed(&daemon, office).await;
    assert_eq!((of_the_office.len(), gone.len()), (2, 1));

    let text = page(&daemon, "/atom.xml?source=c").await;
    assert!(
        text.contains("<id>https://hub.example/atom.xml?source=c</id>"),
        "{text}"
    );
    assert!(text.contains("<title>Street lamps</title>") && text.contains("<name>Office</name>"));
    let changed = committed(&daemon, "https://city.example/dataset/2").await;
    assert!(
        text.contains(&format!("<updated>{changed}</updated>")),
        "{changed}\n{text}"
    );
    for (path, status) in [("/atom.xml?source=nobody", 404), ("/atom.xml?page=2", 400)] {
        assert_eq!(
            daemon.get(path).send().await.unwrap().status(),
            status,
            "{path}"
        );
    }

    // Another's from now on: who follows the first publisher is told that it went there.
    let moved = turtle(&[("1", "Trees", ""), ("2", "Street lamps", "")]);
    let works = "<https://city.example/works> a foaf:Agent ; foaf:name \"Works\"@en .\n";
    let own = "d:1 a dcat:Dataset ; dct:title \"Trees\" ; dct:publisher <https://city.example/";
    let moved = moved.replace(&format!("{own}office>"), &format!("{own}works>")) + works;
    bed.origin.say("/c.ttl", "text/turtle", moved);
    run(&daemon, "c").await;
    let one = "https://city.example/dataset/1".to_owned();
    let (entries, gone) = followed(&daemon, office).await;
    assert_eq!((entries.len(), gone.contains(&one)), (1, true), "{gone:?}");
    assert!(!entries.contains(&one));
    let works = "/atom.xml?publisher=https://city.example/works";
    assert_eq!(followed(&daemon, works).await, (vec![one.clone()], vec![]));
    let (entries, gone) = followed(&daemon, "/atom.xml?source=c").await;
    assert!(entries.contains(&one) && !gone.contains(&one));
    city(&bed, &[("1", "Trees"), ("2", "Street lamps")]);
    run(&daemon, "c").await;
    let (entries, gone) = followed(&daemon, office).await;
    assert!(
        entries.contains(&one) && !gone.contains(&one),
        "it came back"
    );
}
