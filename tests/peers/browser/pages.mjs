// The pages that a trial looks at: the only list of them. A page is {name, at, says}: `at` is its address or asks for it,
// `says` is text by language that has to be on it (a string: in every language).

/** The address of a dataset's page, as the sitemap names it, at the base that is looked at. */
async function dataset(base) {
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

/** At the public address. */
export const PUBLIC = [
  { name: "home", at: "/" },
  { name: "status", at: "/status", says: "demo-ckan" },
  { name: "sparql", at: "/sparql", says: "SPARQL" },
  { name: "dataset", at: dataset, says: "" },
  { name: "openapi", at: "/openapi", says: "/sparql" },
  { name: "feedback", at: "/feedback" },
  { name: "report", at: "/sources/demo-ckan/report", says: "demo-ckan" },
  { name: "snapshots", at: "/snapshots" },
];

/** At the operator's address, with the token in HARVESTD_ADMIN_TOKEN. */
export const OPERATOR = [{ name: "operator-openapi", at: "/openapi", says: "/sources" }];
