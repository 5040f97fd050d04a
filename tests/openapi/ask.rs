//! What is asked of each door, with the status that is to come: in this order, for some of it changes what is held.

pub struct Ask {
    pub method: &'static str,
    /// The address as the document has it.
    pub template: &'static str,
    pub path: &'static str,
    pub headers: &'static [(&'static str, &'static str)],
    pub body: &'static str,
    pub with_token: bool,
    pub status: u16,
}

type Headers = &'static [(&'static str, &'static str)];

const HTML: Headers = &[("accept", "text/html")];
const TURTLE: Headers = &[("accept", "text/turtle")];
const IMAGE: Headers = &[("accept", "image/png")];
const JSON: Headers = &[("accept", "application/json")];
pub const ANY: Headers = &[];
const SENDS_TURTLE: Headers = &[("content-type", "text/turtle")];
pub const SENDS_JSON: Headers = &[("content-type", "application/json")];
const SENDS_FORM: Headers = &[("content-type", "application/x-www-form-urlencoded")];
const SENDS_QUERY: Headers = &[("content-type", "application/sparql-query")];
pub const SENDS_TEXT: Headers = &[("content-type", "text/plain")];

pub const fn get(template: &'static str, path: &'static str, headers: Headers, status: u16) -> Ask {
    Ask {
        method: "GET",
        template,
        path,
        headers,
        body: "",
        with_token: false,
        status,
    }
}

pub const fn send(
    method: &'static str,
    template: &'static str,
    path: &'static str,
    headers: Headers,
    body: &'static str,
    status: u16,
) -> Ask {
    Ask {
        method,
        template,
        path,
        headers,
        body,
        with_token: false,
        status,
    }
}

/// The same with the centre's token.
const fn bearing(ask: Ask) -> Ask {
    Ask {
        with_token: true,
        ..ask
    }
}

const RAIN: &str = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n\
    <https://centre.example/rain> a dcat:Dataset ; dct:identifier \"rain\" ; dct:title \"Rain\"@en .";
pub const CORRECTION: &str = "{\"kind\": \"remark\", \"dataset\": \"https://data.gov.tw/dataset/1\", \"text\": \"Which rows?\", \"who\": \"Mei\"}";

const ACCOUNT: &str = "/sources/{id}/report/{run}";
const PUSH: &str = "/push/{source}";
const PUSH_ONE: &str = "/push/{source}/{id}";
const ACTION: &str = "/api/3/action/{name}";
const ACTION_TOO: &str = "/api/action/{name}";
const FILE: &str = "/dumps/{set}/{file}";

pub const DOORS: &[Ask] = &[
    get("/", "/", ANY, 200),
    get("/", "/", HTML, 200),
    get("/", "/", IMAGE, 406),
    get("/house.css", "/house.css", ANY, 200),
    get("/assets/{name}", "/assets/house.css", ANY, 200),
    get("/assets/{name}", "/assets/nobody.css", ANY, 404),
    get("/openapi", "/openapi", HTML, 200),
    get("/openapi", "/openapi", JSON, 200),
    get("/openapi", "/openapi", IMAGE, 406),
    get("/openapi.json", "/openapi.json", ANY, 200),
    get("/healthz", "/healthz", ANY, 200),
    get("/readyz", "/readyz", ANY, 200),
    get("/metrics", "/metrics", ANY, 200),
    get("/status", "/status", JSON, 200),
    get("/status", "/status", HTML, 200),
    get("/status", "/status", IMAGE, 406),
    get("/status.json", "/status.json", ANY, 200),
    get("/sources/{id}/report", "/sources/a/report", ANY, 200),
    get("/sources/{id}/report", "/sources/nobody/report", ANY, 404),
    get("/sources/{id}/report", "/sources/a/report", TURTLE, 200),
    get(
        "/sources/{id}/report",
        "/sources/a/report?format=csv&rows=1&fate=finding",
        ANY,
        200,
    ),
    get("/sources/{id}/report", "/sources/a/report", IMAGE, 406),
    get("/sources/{id}/report", "/sources/a/report?fate=x", ANY, 400),
    get(ACCOUNT, "/sources/a/report/1-a", ANY, 404),
    get("/sources/{id}/reports", "/sources/a/reports", ANY, 200),
    get(
        "/sources/{id}/reports",
        "/sources/a/reports?limit=0",
        ANY,
        400,
    ),
    get("/sources/{id}/reports", "/sources/nobody/reports", ANY, 404),
    // Trials.
    send("POST", "/validate", "/validate", SENDS_TURTLE, RAIN, 401),
    bearing(send(
        "POST",
        "/validate",
        "/validate",
        SENDS_TURTLE,
        RAIN,
        200,
    )),
    bearing(send(
        "POST",
        "/validate",
        "/validate?format=csv",
        SENDS_TURTLE,
        RAIN,
        200,
    )),
    bearing(send(
        "POST",
        "/validate",
        "/validate",
        SENDS_TEXT,
        RAIN,
        415,
    )),
    bearing(send(
        "POST",
        "/validate",
        "/validate?kind=none",
        SENDS_TURTLE,
        RAIN,
        422,
    )),
    // For people.
    get("/search", "/search", HTML, 200),
    get("/search", "/search?q=%E8%B3%87%E6%96%99&part=found", HTML, 200),
    get("/search", "/search", &[("if-none-match", "*")], 304),
    get("/publishers", "/publishers?q=x", HTML, 200),
    get("/publishers/{name}", "/publishers/nobody", ANY, 404),
    // SPARQL and graphs.
    get("/sparql", "/sparql?query=ASK%7B%7D", ANY, 200),
    get(
        "/sparql",
        "/sparql?query=CONSTRUCT%20WHERE%20%7B%3Fs%20a%20%3Fo%7D%20LIMIT%201",
        TURTLE,
        200,
    ),
    get("/sparql", "/sparql", TURTLE, 200),
    get("/sparql", "/sparql", HTML, 200),
    get("/sparql", "/sparql?query=SELEKT", ANY, 400),
    get("/sparql", "/sparql?update=DROP%20ALL", ANY, 403),
    get("/sparql", "/sparql?query=ASK%7B%7D", IMAGE, 406),
    get("/sparql", "/sparql?query=ASK%7B%7D&as-of=1-99999", ANY, 400),
    get("/sparql/", "/sparql/?query=ASK%7B%7D", ANY, 200),
    send("POST", "/sparql", "/sparql", SENDS_QUERY, "ASK {}", 200),
    send(
        "POST",
        "/sparql",
        "/sparql",
        SENDS_FORM,
        "query=ASK%7B%7D",
        200,
    ),
    send("POST", "/sparql", "/sparql", SENDS_TEXT, "ASK {}", 415),
    send("POST", "/sparql/", "/sparql/", SENDS_QUERY, "ASK {}", 200),
    get("/graph-store", "/graph-store?default", ANY, 200),
    get("/graph-store", "/graph-store?default", IMAGE, 406),
    get("/graph-store", "/graph-store", ANY, 400),
    get("/graph-store", "/graph-store?graph=urn:x:none", ANY, 404),
    get("/graph/{rest}", "/graph/runs", TURTLE, 200),
    get("/graph/{rest}", "/graph/none", ANY, 404),
    get("/.well-known/void", "/.well-known/void", ANY, 200),
    get("/.well-known/void", "/.well-known/void", IMAGE, 406),
    // The catalogue.
    get("/catalog", "/catalog", ANY, 200),
    get("/catalog", "/catalog?page=1", JSON, 200),
    get("/catalog", "/catalog", IMAGE, 406),
    get("/catalog.ttl", "/catalog.ttl", ANY, 200),
    get("/catalog.ttl", "/catalog.ttl?limit=2", ANY, 200),
    get(
        "/catalog.ttl",
        "/catalog.ttl",
        &[("if-none-match", "*")],
        304,
    ),
    get("/catalog.ttl", "/catalog.ttl?sorce=a", ANY, 400),
    get("/catalog.ttl", "/catalog.ttl?source=nobody", ANY, 404),
    get("/catalog.ttl", "/catalog.ttl?as-of=1-1", ANY, 410),
    get("/catalog.rdf", "/catalog.rdf", ANY, 200),
    get("/catalog.jsonld", "/catalog.jsonld", ANY, 200),
    get("/catalog.nt", "/catalog.nt", ANY, 200),
    get("/catalog.nq", "/catalog.nq", ANY, 200),
    get("/catalog.nq", "/catalog.nq?page=1", ANY, 400),
    get("/data.json", "/data.json", ANY, 200),
    get("/data.json", "/data.json?page=1", ANY, 400),
    get("/catalog.csv", "/catalog.csv?source=a", ANY, 200),
    get("/catalog.csv", "/catalog.csv?source=nobody", ANY, 404),
    get("/catalog.safe.csv", "/catalog.safe.csv", ANY, 200),
    get("/dumps", "/dumps", ANY, 200),
    get("/dumps", "/dumps", &[("if-none-match", "*")], 304),
    get("/dumps/{set}", "/dumps/latest", ANY, 307),
    get("/dumps/{set}", "/dumps/1-0", ANY, 410),
    get("/dumps/{set}", "/dumps/nothing", ANY, 404),
    get(FILE, "/dumps/latest/catalog.nt.zst", ANY, 307),
    get(FILE, "/dumps/latest/nothing", ANY, 404),
    get("/dataset/{rest}", "/dataset/a/none", ANY, 404),
    get("/record/{rest}", "/record/a/1", TURTLE, 200),
    get("/record/{rest}", "/record/a/1", HTML, 200),
    get("/record/{rest}", "/record/a/1?format=schemaorg", ANY, 200),
    get("/record/{rest}", "/record/a/1", IMAGE, 406),
    get("/record/{rest}", "/record/a/1?format=nothing", ANY, 400),
    get("/agent/{rest}", "/agent/a/none", ANY, 404),
    get("/catalog/{rest}", "/catalog/a", ANY, 200),
    get("/service/{rest}", "/service/a/none", ANY, 404),
    get("/series/{rest}", "/series/a/none", ANY, 404),
    get("/snapshots", "/snapshots", ANY, 200),
    get("/snapshots", "/snapshots?of=catalog.ttl", JSON, 200),
    get("/snapshots", "/snapshots?of=a&of=b", ANY, 400),
    get("/snapshots", "/snapshots", IMAGE, 406),
    // As others have it.
    get(
        ACTION,
        "/api/3/action/package_search?q=*:*&rows=2",
        ANY,
        200,
    ),
    get(ACTION, "/api/3/action/package_list", ANY, 200),
    get(
        ACTION,
        "/api/3/action/package_list",
        &[("if-none-match", "*")],
        304,
    ),
    get(
        ACTION,
        "/api/3/action/package_search?fq=nothing:here",
        ANY,
        400,
    ),
    get(ACTION, "/api/3/action/package_search?rows=-1", ANY, 409),
    get(ACTION, "/api/3/action/package_show?id=none", ANY, 404),
    get(ACTION, "/api/3/action/nothing", ANY, 400),
    send(
        "POST",
        ACTION,
        "/api/3/action/package_search",
        SENDS_JSON,
        "{\"rows\": 1}",
        200,
    ),
    send(
        "POST",
        ACTION,
        "/api/3/action/package_search",
        SENDS_JSON,
        "{",
        400,
    ),
    get(ACTION_TOO, "/api/action/status_show", ANY, 200),
    send(
        "POST",
        ACTION_TOO,
        "/api/action/status_show",
        SENDS_JSON,
        "{}",
        200,
    ),
    get("/api/3", "/api/3", ANY, 200),
    get("/api/3/", "/api/3/", ANY, 200),
    get(
        "/api/v1/rest/dataset",
        "/api/v1/rest/dataset?limit=5",
        ANY,
        200,
    ),
    get(
        "/api/v1/rest/dataset",
        "/api/v1/rest/dataset?limit=five",
        ANY,
        200,
    ),
    get("/api/v1/rest/dataset/", "/api/v1/rest/dataset/", ANY, 200),
    get(
        "/api/v1/rest/dataset/{identifier}",
        "/api/v1/rest/dataset/none",
        ANY,
        200,
    ),
    get("/oai", "/oai?verb=Identify", ANY, 200),
    get("/oai", "/oai?verb=Nothing", ANY, 200),
    send("POST", "/oai", "/oai", SENDS_FORM, "verb=ListSets", 200),
    send("POST", "/oai", "/oai", SENDS_TEXT, "verb=ListSets", 415),
    get("/atom.xml", "/atom.xml", ANY, 200),
    get("/atom.xml", "/atom.xml?sauce=a", ANY, 400),
    get("/atom.xml", "/atom.xml?source=nobody", ANY, 404),
    get("/robots.txt", "/robots.txt", ANY, 200),
    get("/sitemap.xml", "/sitemap.xml", ANY, 200),
    get("/sitemap/{file}", "/sitemap/0.xml", ANY, 200),
    get("/sitemap/{file}", "/sitemap/none.xml", ANY, 404),
    // Changes.
    get("/feed", "/feed", ANY, 200),
    get("/feed", "/feed", IMAGE, 406),
    get("/feed.trig", "/feed.trig", ANY, 200),
    get("/feed.jsonld", "/feed.jsonld", ANY, 200),
    get("/feed.nq", "/feed.nq", ANY, 200),
    get("/feed/{generation}/{node}", "/feed/1/0.jsonld", ANY, 200),
    get("/feed/{generation}/{node}", "/feed/1/99", ANY, 404),
    get("/feed/{generation}/{node}", "/feed/2/0", ANY, 404),
    get("/activity/{generation}/{seq}", "/activity/1/1", ANY, 303),
    get(
        "/activity/{generation}/{seq}",
        "/activity/1/99999",
        ANY,
        404,
    ),
    get("/feed/state", "/feed/state", ANY, 200),
    get("/feed/state", "/feed/state?bucket=7", ANY, 200),
    get("/feed/state", "/feed/state?bucket=9999", ANY, 400),
    get("/changes", "/changes?after=0", ANY, 200),
    get(
        "/changes",
        "/changes?after=0",
        &[("accept", "text/event-stream")],
        200,
    ),
    get("/changes", "/changes?after=nothing", ANY, 400),
    get("/changes", "/changes", IMAGE, 406),
    // What is taken in.
    send(
        "POST",
        "/feedback",
        "/feedback",
        SENDS_JSON,
        CORRECTION,
        201,
    ),
    send(
        "POST",
        "/feedback",
        "/feedback",
        SENDS_JSON,
        CORRECTION,
        200,
    ),
    send("POST", "/feedback", "/feedback", SENDS_JSON, "{}", 422),
    send("POST", "/feedback", "/feedback", SENDS_TEXT, "no", 415),
    get("/feedback", "/feedback", ANY, 200),
    get("/feedback", "/feedback", TURTLE, 200),
    get("/feedback", "/feedback?what=ever", ANY, 400),
    get("/feedback", "/feedback", IMAGE, 406),
    get("/feedback/{id}", "/feedback/1", ANY, 200),
    get("/feedback/{id}", "/feedback/99", ANY, 404),
    get("/feedback/feed", "/feedback/feed", ANY, 200),
    get("/feedback/feed", "/feedback/feed?what=ever", ANY, 400),
    send(
        "PUT",
        PUSH_ONE,
        "/push/centre/rain",
        SENDS_TURTLE,
        RAIN,
        401,
    ),
    bearing(send(
        "PUT",
        PUSH_ONE,
        "/push/a/rain",
        SENDS_TURTLE,
        RAIN,
        403,
    )),
    bearing(send(
        "PUT",
        PUSH_ONE,
        "/push/centre/rain",
        SENDS_TURTLE,
        RAIN,
        201,
    )),
    bearing(send(
        "POST",
        PUSH_ONE,
        "/push/centre/rain",
        SENDS_TURTLE,
        RAIN,
        200,
    )),
    bearing(send(
        "PUT",
        PUSH_ONE,
        "/push/centre/rain",
        SENDS_TEXT,
        RAIN,
        415,
    )),
    bearing(send(
        "PUT",
        PUSH_ONE,
        "/push/centre/rain",
        SENDS_TURTLE,
        "no Turtle",
        422,
    )),
    bearing(send("POST", PUSH, "/push/centre", SENDS_TURTLE, RAIN, 200)),
    bearing(send("PUT", PUSH, "/push/centre", SENDS_TURTLE, RAIN, 200)),
    bearing(send(
        "PUT",
        PUSH,
        "/push/centre?what=ever",
        SENDS_TURTLE,
        RAIN,
        400,
    )),
    bearing(send("DELETE", PUSH_ONE, "/push/centre/rain", ANY, "", 204)),
    bearing(send("DELETE", PUSH_ONE, "/push/centre/rain", ANY, "", 404)),
];
