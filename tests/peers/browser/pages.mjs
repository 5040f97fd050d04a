// The pages that a trial looks at: the only list of them. A page is {name, at, says, status}: `at` is its address or finds
// it, `says` a selector of what has to be on it, `status` what it is answered with where that is not 200.

/** The address of a dataset's page, as the sitemap names it, at the base that is looked at. */
export async function dataset(base) {
  const first = async (url) => /<loc>([^<]+)<\/loc>/.exec(await text(url))?.[1].replaceAll("&amp;", "&");
  const part = await first(new URL("/sitemap.xml", base));
  const page = part?.endsWith(".xml") ? await first(at(base, part)) : part;
  if (!page) throw new Error("no page in the sitemap");
  return at(base, page);
}

/** The same path at another base: public_url need not be where the trial reaches the daemon. */
function at(base, url) {
  const { pathname, search } = new URL(url);
  return new URL(pathname + search, base).href;
}

async function text(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
}

/** A query whose answer has words and numbers, and so a picture. */
export const COUNTED =
  "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/> " +
  "SELECT ?catalogue (COUNT(?d) AS ?datasets) WHERE { ?c dcat:dataset ?d ; dct:title ?catalogue } " +
  "GROUP BY ?catalogue ORDER BY DESC(?datasets)";
const MONTHS =
  "PREFIX dct: <http://purl.org/dc/terms/> SELECT ?month (COUNT(?d) AS ?datasets) WHERE { ?d dct:issued ?issued . " +
  "BIND(SUBSTR(STR(?issued), 1, 7) AS ?month) } GROUP BY ?month ORDER BY ?month";
/** Has places, whatever the catalogue holds. */
const PLACES =
  'SELECT * { VALUES (?name ?lat ?long) { ("臺北" 25.04 121.51) ("臺南" 22.99 120.21) ("花蓮" 23.98 121.6) } }';

/** The address of a query's answer as a page. */
function answered(query, more = "") {
  return `/sparql?format=html${more}&query=${encodeURIComponent(query)}`;
}

/** Where the first link of a page leads that fits. */
function linked(page, pattern) {
  return async (base) => {
    const answer = await fetch(new URL(page, base), { headers: { Accept: "text/html" } });
    const href = pattern.exec(await answer.text())?.[1];
    if (!href) throw new Error(`${page} has no link like ${pattern}`);
    return new URL(href.replaceAll("&#38;", "&").replaceAll("&amp;", "&"), base).href;
  };
}

/** The same, with the page's own eyes: for pages that one has to sign in for. */
function followed(page, selector) {
  return async (base, visit) => {
    await visit.open(new URL(page, base).href);
    return new URL(await visit.page.locator(selector).first().getAttribute("href"), base).href;
  };
}

async function statuses(base) {
  return JSON.parse(await text(new URL("/status.json", base))).sources;
}

/** The page of the source whose last run refused most, below a path. */
function source(path, query = "") {
  return async (base) => {
    const refused = (one) => one.last?.counts?.refused ?? 0;
    const sources = await statuses(base);
    const worst = sources.reduce((worst, one) => (refused(one) > refused(worst) ? one : worst));
    return new URL(`${path}/${worst.id}${query}`, base).href;
  };
}

/** At the public address. `status`: what is answered, where it is not 200. */
export const PUBLIC = [
  { name: "home", at: "/", says: "input[type=search]" },
  { name: "search", at: "/search?q=air+quality", says: ".hits li" },
  { name: "search-narrowed", at: linked("/search", /<li><a rel="nofollow" href="([^"]+)"/), says: ".chosen a" },
  { name: "nothing-found", at: "/search?q=zzzzqqqq", says: "input[type=search]" },
  { name: "not-understood", at: "/search?q=%EF%BC%88%EF%BC%89", says: ".note" },
  { name: "dataset", at: dataset, says: "h1" },
  { name: "publishers", at: "/publishers", says: "main a" },
  { name: "publisher", at: linked("/publishers", /href="([^"]*\/publishers\/[^"]+)"/), says: "h1" },
  { name: "sources", at: "/sources", says: "table a" },
  { name: "source", at: source("/sources"), says: "table" },
  { name: "quality", at: "/quality", says: "table" },
  { name: "quality-source", at: source("/quality/source"), says: "h1" },
  { name: "quality-publisher", at: linked("/quality", /href="([^"]*\/quality\/publisher\/[^"]+)"/), says: "h1" },
  { name: "changes", at: "/changes", says: "ol.changes li" },
  { name: "changes-older", at: linked("/changes", /href="([^"]+)" rel="next"/), says: "ol.changes li" },
  { name: "sparql", at: "/sparql", says: "textarea" },
  { name: "sparql-bars", at: answered(COUNTED), says: "table.answer" },
  { name: "sparql-columns", at: answered(COUNTED, "&chart=columns"), says: "svg.chart" },
  { name: "sparql-line", at: answered(MONTHS, "&chart=line"), says: "svg.chart" },
  { name: "sparql-map", at: answered(PLACES), says: "svg.map" },
  { name: "sparql-yes", at: answered("ASK { ?s ?p ?o }"), says: "#answer" },
  { name: "sparql-graph", at: answered("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 20"), says: "table.answer" },
  { name: "sparql-empty", at: answered("SELECT * { ?s <http://nobody.example/says> ?o }"), says: "#answer" },
  { name: "sparql-wrong", at: answered("SELECT * { ?s ?p }"), says: "[role=alert]", status: 400 },
  { name: "feedback", at: "/feedback", says: "h1" },
  { name: "openapi", at: "/openapi", says: "main h3" },
  { name: "not-found", at: "/nothing/here", says: ".note", status: 404 },
  { name: "no-such-source", at: "/sources/nobody", says: ".note", status: 404 },
  { name: "not-read", at: "/changes?before=x", says: ".note", status: 400 },
];

/** At the operator's address, signed in. */
export const OPERATOR = [
  { name: "operator-sources", at: "/operator/sources", says: "table a" },
  { name: "operator-source", at: followed("/operator/sources", "main table a"), says: "form button" },
  { name: "operator-nobody", at: "/operator/sources/nobody", says: "body", status: 404 },
];

/** Signs in, as a person does. */
export async function signIn(visit, base, token) {
  await visit.open(new URL("/operator/sign-in", base).href);
  await visit.judge();
  await visit.page.fill("#token", token);
  await visit.page.locator("main form button").first().click();
  await visit.page.waitForURL((url) => !url.pathname.endsWith("/sign-in"));
}
