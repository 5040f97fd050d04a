//! What a query found, as a page.

use super::*;
use reqwest::Response;

const BOTH: &str = "PREFIX dct: <http://purl.org/dc/terms/> SELECT ?title (COUNT(?d) AS ?n) \
                    { ?d a <http://www.w3.org/ns/dcat#Dataset> ; dct:title ?title } GROUP BY ?title ORDER BY ?title";

async fn page(doors: &doors::Doors, query: &str, more: &str) -> (u16, String) {
    let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let path = format!("/sparql?query={encoded}&format=html{more}");
    let request = doors.get(&path).header("accept-language", "en");
    text(request.send().await.unwrap()).await
}

async fn text(response: Response) -> (u16, String) {
    let kind = response.headers()["content-type"].clone();
    assert_eq!(kind, "text/html; charset=utf-8");
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_is_answered_as_a_page_with_table_picture_and_downloads() {
    let doors = open(Plan::default()).await;
    let (status, found) = page(&doors, BOTH, "").await;
    assert_eq!(status, 200, "{found}");
    for wanted in [
        "3 rows",
        "lang=\"zh\">人口統計",
        "<table class=\"bars\">",
        "&#38;format=csv",
        "<option value=\"bars\" selected>",
    ] {
        assert!(found.contains(wanted), "{wanted}: {found}");
    }
    let (_, columns) = page(&doors, BOTH, "&chart=columns&x=title&y=n").await;
    assert!(
        columns.contains("<svg class=\"chart\"") && !columns.contains("<table class=\"bars\">")
    );
    // The download is what the page shows.
    let at = found.find("&#38;format=csv").unwrap();
    let from = found[..at].rfind("href=\"").unwrap() + 6;
    let address = format!("{}&format=csv", &found[from..at]);
    let csv = doors.get(&address).send().await.unwrap();
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.text().await.unwrap().lines().count(), 4);
    let (_, yes) = page(&doors, "ASK {}", "").await;
    assert!(yes.contains("Yes (true)"), "{yes}");
    let (_, graph) = page(&doors, "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", "").await;
    assert!(
        graph.contains(&format!("{CATALOGUE_TRIPLES} rows")),
        "{graph}"
    );
    assert!(
        graph.contains("&#38;format=ttl") && !graph.contains("format=csv"),
        "{graph}"
    );
    assert!(graph.contains("href=\"/dataset/moi/1\""), "{graph}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_shows_less_says_so_and_leads_to_the_rest() {
    let doors = open(with_query_limits(|limits| limits.page_rows_max = 2)).await;
    let (status, found) = page(&doors, BOTH, "").await;
    assert_eq!(status, 200);
    assert!(
        found.contains("only the first 2 rows") && !found.contains("3 rows"),
        "{found}"
    );
    assert!(found.contains("Everything as CSV"), "{found}");
    // An answer without an end is read as far as the page goes, and its worker is free again.
    let doors = open(with_query_limits(|limits| limits.page_bytes_max = 4096)).await;
    let (status, endless) = page(&doors, ENDLESS_STREAM, "").await;
    assert_eq!(status, 200);
    assert!(endless.contains("There is more"), "{endless}");
    doors.at_rest().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_on_the_page_and_the_query_stays() {
    let doors = open(with_query_limits(|limits| limits.query_bytes_max = 2048)).await;
    let (status, wrong) = page(&doors, "SELECT ?a {\n  ?a <b>> ?c }", "").await;
    assert_eq!(status, 400);
    assert!(wrong.contains("role=\"alert\" data-line=\"2\""), "{wrong}");
    assert!(wrong.contains("?a &#60;b&#62;&#62; ?c"), "{wrong}");
    let long = format!("ASK {{}} #{}", "x".repeat(3_000));
    let (status, long) = page(&doors, &long, "").await;
    assert!(
        status >= 400 && long.contains("role=\"alert\""),
        "{status} {long}"
    );
    // Programs have their answer as ever, whatever they accept.
    let posted = doors.post("/sparql").header("accept", "text/html");
    let posted = fields(posted, &[("query", "ASK {}"), ("format", "html")]);
    assert_eq!(text(posted.send().await.unwrap()).await.0, 200);
    let program = doors
        .get("/sparql?query=ASK%7B%7D")
        .header("accept", "text/html");
    let (status, page) = text(program.send().await.unwrap()).await;
    assert_eq!(status, 406);
    assert!(page.contains("406 not-acceptable"), "{page}");
}
