//! OAI-PMH: what a harvester gets by paging, what it is told of deletions, and what is refused.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// The answer to a request, as XML.
async fn ask(daemon: &Serving, query: &str) -> String {
    let response = daemon.get(&format!("/oai?{query}")).send().await.unwrap();
    assert_eq!(response.status(), 200, "{query}");
    assert_eq!(
        response.headers()["content-type"],
        "text/xml; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    sound(&text);
    text
}

/// It is XML to its end.
fn sound(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{error}\n{text}"),
        }
    }
}

/// What stands in each element of that name.
fn all<'t>(text: &'t str, element: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let pieces = text.split(open.as_str()).skip(1);
    let inner = pieces.filter(|piece| piece.starts_with(['>', ' ']));
    inner
        .filter_map(|piece| piece.split_once('>')?.1.split(close.as_str()).next())
        .collect()
}

/// Every header of a list, followed to its end: identifier, and whether it is deleted.
async fn harvest(daemon: &Serving, query: &str) -> BTreeMap<String, bool> {
    let (mut items, mut query) = (BTreeMap::new(), query.to_owned());
    let verb = query.split('&').next().unwrap().to_owned();
    loop {
        let text = ask(daemon, &query).await;
        for header in text.split("<header").skip(1) {
            let identifier = all(header, "identifier")[0].to_owned();
            items.insert(identifier, header.starts_with(" status=\"deleted\""));
        }
        match all(&text, "resumptionToken").first() {
            Some(token) if !token.is_empty() => query = format!("{verb}&resumptionToken={token}"),
            _ => return items,
        }
    }
}

async fn paged_hub() -> (Bed, Serving) {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    let city_source = source("c", "dcat", &bed.origin.at("/c.ttl"), "");
    let small = "[limits.lists]\noai_records_max = 2\noai_headers_max = 2\natom_entries_max = 2\n";
    bed.configure(small, &city_source);
    city(&bed, &[("1", "Trees"), ("2", "Lamps"), ("3", "Banks <&>")]);
    let daemon = bed.serve().await;
    for source in ["a", "c"] {
        run(&daemon, source).await;
    }
    (bed, daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harvester_gets_everything_once_and_what_is_deleted() {
    let (bed, daemon) = paged_hub().await;
    let everything = count(&daemon, "?dataset a dcat:Dataset").await;
    for query in [
        "verb=ListIdentifiers&metadataPrefix=dcat",
        "verb=ListRecords&metadataPrefix=oai_dc",
        "verb=ListRecords&metadataPrefix=dcat",
    ] {
        let items = harvest(&daemon, query).await;
        assert_eq!((items.len() as u64, everything), (6, 6), "{items:?}");
        assert!(items.values().all(|deleted| !deleted));
    }
    let of_the_city = harvest(&daemon, "verb=ListIdentifiers&metadataPrefix=dcat&set=c").await;
    let listed = count(
        &daemon,
        "<https://hub.example/catalog/c> dcat:dataset ?dataset",
    )
    .await;
    assert_eq!((of_the_city.len() as u64, listed), (3, 3));

    let first = ask(&daemon, "verb=ListIdentifiers&metadataPrefix=dcat").await;
    let token = all(&first, "resumptionToken")[0].to_owned();
    city(&bed, &[("1", "Trees"), ("2", "Street lamps")]);
    run(&daemon, "c").await;
    // A list that was begun before goes on, and has the change and the deletion at its end.
    let rest = format!("verb=ListIdentifiers&resumptionToken={token}");
    let rest = harvest(&daemon, &rest).await;
    let [two, three] = ["2", "3"].map(|n| format!("https://city.example/dataset/{n}"));
    assert_eq!(
        (rest.get(&two), rest.get(&three)),
        (Some(&false), Some(&true))
    );
    let now = harvest(&daemon, "verb=ListRecords&metadataPrefix=oai_dc&set=c").await;
    assert_eq!((now.len(), now[&three]), (3, true));
    let live = now.values().filter(|deleted| !**deleted).count() as u64;
    assert_eq!(
        live,
        count(
            &daemon,
            "<https://hub.example/catalog/c> dcat:dataset ?dataset"
        )
        .await
    );

    // By our commit time, in seconds and days.
    let changed = committed(&daemon, &two).await;
    let (day, second) = (&changed[..10], format!("{}Z", &changed[..19]));
    let asked = format!("verb=ListIdentifiers&metadataPrefix=dcat&from={second}&until={second}");
    assert!(harvest(&daemon, &asked).await.contains_key(&two));
    let today = format!("verb=ListIdentifiers&metadataPrefix=dcat&from={day}&until={day}");
    assert!(harvest(&daemon, &today).await.contains_key(&two));
    let never = ask(
        &daemon,
        "verb=ListRecords&metadataPrefix=dcat&until=2001-01-01",
    )
    .await;
    assert!(never.contains("<error code=\"noRecordsMatch\">"), "{never}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_say_what_the_catalogue_says() {
    let (bed, daemon) = paged_hub().await;
    let item = "https://city.example/dataset/3";
    let simple = ask(
        &daemon,
        &format!("verb=GetRecord&metadataPrefix=oai_dc&identifier={item}"),
    )
    .await;
    assert_eq!(
        all(&simple, "dc:title"),
        ["Banks &lt;&amp;&gt;"],
        "{simple}"
    );
    assert_eq!(all(&simple, "dc:publisher"), ["Office"]);
    assert!(all(&simple, "dc:identifier").contains(&item));
    assert_eq!(all(&simple, "setSpec"), ["c"]);

    let whole = ask(
        &daemon,
        &format!("verb=GetRecord&metadataPrefix=dcat&identifier={item}"),
    )
    .await;
    let start = whole.find("<rdf:RDF").unwrap();
    let end = whole.find("</rdf:RDF>").unwrap() + "</rdf:RDF>".len();
    let said: BTreeSet<String> =
        oxigraph::io::RdfParser::from_format(oxigraph::io::RdfFormat::RdfXml)
            .for_slice(&whole.as_bytes()[start..end])
            .map(|quad| oxigraph::model::Triple::from(quad.unwrap()).to_string())
            .collect();
    let log = harvestd::log::Log::at(bed.data_dir().join("log"), "https://hub.example/");
    let body = log
        .after(1, 0, u64::MAX)
        .unwrap()
        .map_while(Result::ok)
        .filter(|activity| activity.entity == item)
        .last()
        .unwrap()
        .body;
    let expected: BTreeSet<String> = body
        .lines()
        .map(|line| line.trim_end_matches(" .").to_owned())
        .collect();
    assert_eq!(said, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_verbs_and_what_is_refused() {
    let (_bed, daemon) = paged_hub().await;
    let identity = ask(&daemon, "verb=Identify").await;
    assert_eq!(all(&identity, "baseURL"), ["https://hub.example/oai"]);
    assert_eq!(all(&identity, "deletedRecord"), ["persistent"]);
    let sets = ask(&daemon, "verb=ListSets").await;
    assert_eq!(all(&sets, "setSpec"), ["a", "c"]);
    assert_eq!(all(&sets, "setName"), ["Source a", "Source c"]);
    let formats = ask(&daemon, "verb=ListMetadataFormats").await;
    assert_eq!(all(&formats, "metadataPrefix"), ["oai_dc", "dcat"]);
    for (query, code) in [
        ("verb=Nothing", "badVerb"),
        ("verb=Identify&x=1", "badArgument"),
        (
            "verb=ListRecords&metadataPrefix=marc",
            "cannotDisseminateFormat",
        ),
        ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        (
            "verb=GetRecord&metadataPrefix=dcat&identifier=urn:x",
            "idDoesNotExist",
        ),
        (
            "verb=ListRecords&metadataPrefix=dcat&set=nobody",
            "noRecordsMatch",
        ),
    ] {
        let text = ask(&daemon, query).await;
        assert!(
            text.contains(&format!("<error code=\"{code}\">")),
            "{query}\n{text}"
        );
    }
    let form = daemon
        .post("/oai")
        .header("content-type", "application/x-www-form-urlencoded");
    let posted = form.body("verb=Identify").send().await.unwrap();
    assert!(posted.text().await.unwrap().contains("<Identify>"));
    let tag = daemon
        .get("/oai?verb=ListSets")
        .send()
        .await
        .unwrap()
        .headers()["etag"]
        .clone();
    let again = daemon
        .get("/oai?verb=ListSets")
        .header("if-none-match", tag);
    assert_eq!(again.send().await.unwrap().status(), 304);
}

/// The token of the first page of a list.
async fn token(daemon: &Serving) -> String {
    let first = ask(daemon, "verb=ListIdentifiers&metadataPrefix=dcat").await;
    all(&first, "resumptionToken")[0].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_stands_alone_for_its_own_list_and_for_a_while() {
    let (bed, daemon) = paged_hub().await;
    let own = token(&daemon).await;
    for (query, code) in [
        (
            format!("verb=ListIdentifiers&resumptionToken={own}&metadataPrefix=dcat"),
            "badArgument",
        ),
        (
            format!("verb=ListIdentifiers&resumptionToken={own}&set=c"),
            "badArgument",
        ),
        (
            format!("verb=ListIdentifiers&from=2020-01-01&resumptionToken={own}"),
            "badArgument",
        ),
        (
            format!("verb=ListIdentifiers&resumptionToken={own}&resumptionToken={own}"),
            "badArgument",
        ),
        (
            format!("verb=ListRecords&resumptionToken={own}"),
            "badResumptionToken",
        ),
    ] {
        let text = ask(&daemon, &query).await;
        assert!(
            text.contains(&format!("<error code=\"{code}\">")),
            "{query}\n{text}"
        );
    }
    let rest = format!("verb=ListIdentifiers&resumptionToken={own}");
    assert_eq!(harvest(&daemon, &rest).await.len(), 4);
    daemon.stop().await;

    let city = source("c", "dcat", &bed.origin.at("/c.ttl"), "");
    let small = "[limits.lists]\noai_headers_max = 2\noai_token_ms = 1000\n";
    bed.configure(small, &city);
    let daemon = bed.serve().await;
    let own = token(&daemon).await;
    let rest = format!("verb=ListIdentifiers&resumptionToken={own}");
    serving::eventually("the token has expired", async || {
        let text = ask(&daemon, &rest).await;
        text.contains("<error code=\"badResumptionToken\">")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_history_is_removed_deletions_are_transient() {
    let bed = Bed::new(export(&rows(1, 3, 1))).await;
    bed.configure("", "[feed]\nkeep_days = 30\n");
    let daemon = bed.serve().await;
    run(&daemon, "a").await;
    let identity = ask(&daemon, "verb=Identify").await;
    assert_eq!(all(&identity, "deletedRecord"), ["transient"]);
}

/// Where the log was cut off, what has not changed since is listed all the same, with its time.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_has_forgotten_is_still_listed() {
    let (bed, daemon) = paged_hub().await;
    let before = ask(&daemon, "verb=ListIdentifiers&metadataPrefix=dcat&set=a").await;
    let before = all(&before, "datestamp")[0].to_owned();
    daemon.stop().await;
    let log = harvestd::log::Log::at(bed.data_dir().join("log"), "https://hub.example/");
    let first = log.segments(1).unwrap()[0].last;
    assert_eq!(log.prune(1, first + 1).unwrap(), 1);
    let daemon = bed.serve().await;
    let items = harvest(&daemon, "verb=ListIdentifiers&metadataPrefix=dcat").await;
    assert_eq!(items.len(), 6, "{items:?}");
    let after = ask(&daemon, "verb=ListIdentifiers&metadataPrefix=dcat&set=a").await;
    assert_eq!(all(&after, "datestamp")[0], before);
}
