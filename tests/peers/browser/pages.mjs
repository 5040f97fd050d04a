// The pages that a trial looks at: the only list of them. A page is {name, at, says}: `at` is its address or finds it,
// `says` a selector of what has to be on it.

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

/** At the public address. */
export const PUBLIC = [
  { name: "home", at: "/", says: "input[type=search]" },
  { name: "search", at: "/search?q=air", says: ".hits li" },
  { name: "nothing-found", at: "/search?q=zzzzqqqq", says: "input[type=search]" },
  { name: "dataset", at: dataset, says: "h1" },
  { name: "publishers", at: "/publishers", says: "main a" },
  { name: "sources", at: "/sources", says: "table a" },
  { name: "source", at: "/sources/demo-ckan", says: "table" },
  { name: "changes", at: "/changes", says: "ol.changes li" },
  { name: "sparql", at: "/sparql", says: "textarea" },
  { name: "sparql-answer", at: `/sparql?format=html&query=${encodeURIComponent(COUNTED)}`, says: "table.answer" },
  { name: "openapi", at: "/openapi", says: "main, body" },
];

/** At the operator's address, signed in. */
export const OPERATOR = [
  { name: "operator-sources", at: "/operator/sources", says: "table a" },
  { name: "operator-source", at: "/operator/sources/demo-ckan", says: "form button" },
];

/** Signs in, as a person does. */
export async function signIn(visit, base, token) {
  await visit.open(new URL("/operator/sign-in", base).href);
  await visit.judge();
  await visit.page.fill("#token", token);
  await visit.page.locator("main form button").first().click();
  await visit.page.waitForURL((url) => !url.pathname.endsWith("/sign-in"));
}
