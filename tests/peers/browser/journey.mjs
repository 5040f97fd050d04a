#!/usr/bin/env node
// A visitor's and an operator's way through the pages, in both languages, with scripts and without: search, facet, dataset,
// SPARQL query and its picture, language switched; signed in, held deletions approved, signed out. Every page on the way is
// judged (browser.mjs).
//
//   node tests/peers/browser/journey.mjs target/debug/harvestd [OUT]
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { LANGUAGES, Visit, conclude, launch } from "./browser.mjs";
import { startDemo } from "./demo.mjs";
import { signIn } from "./pages.mjs";

const [binary, out = "journey"] = process.argv.slice(2);
if (!binary) {
  console.error("usage: journey.mjs BINARY [OUT]");
  process.exit(2);
}
const WORDS = { en: "air", "zh-Hant": "空氣" };
/** The source of config/sick.toml that loses nearly everything once it is well harvested. */
const LOSES = "halved";

async function settings() {
  const config = (name) => readFile(fileURLToPath(new URL(`../../../config/${name}.toml`, import.meta.url)), "utf8");
  const loses = (await config("sick")).split("[[source]]").find((source) => source.includes(`id = "${LOSES}"`));
  if (!loses) throw new Error(`config/sick.toml has no ${LOSES}`);
  return `${await config("demo")}\n[[source]]${loses}`;
}

let steps = 0;
async function step(visit, name) {
  steps += 1;
  await visit.judge();
  await visit.shot(out, `${String(steps).padStart(2, "0")}-${name}`);
}

async function visitor(visit, base) {
  const { page } = visit;
  const language = visit.way.language;
  await visit.open(base);
  await step(visit, "home");

  await page.fill("input[type=search]", WORDS[language]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/search\?/);
  const found = await page.locator(".hits li").count();
  if (found === 0) visit.fault(`finds nothing for ${WORDS[language]}`);
  await step(visit, "search");

  // A facet that leaves fewer than there are, whatever it is called.
  const facet = page.locator("details.facet").first();
  if (!(await facet.evaluate((details) => details.open))) await facet.locator("summary").click();
  await facet.locator("a:not([aria-current])").first().click();
  await page.locator(".chosen a").first().waitFor();
  if ((await page.locator(".hits li").count()) > found) visit.fault("a facet finds more, not less");
  await step(visit, "facet");

  await page.locator(".hits h3 a").first().click();
  await page.locator("#get").waitFor();
  await step(visit, "dataset");

  await visit.open(new URL("/sparql", base).href);
  await page.locator(".cards a").first().click();
  await page.locator("#answer").waitFor();
  await step(visit, "sparql-example");
  await page.fill("#query", `PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX dct: <http://purl.org/dc/terms/>
    SELECT ?catalogue (COUNT(?d) AS ?datasets) WHERE { ?c dcat:dataset ?d ; dct:title ?catalogue }
    GROUP BY ?catalogue ORDER BY DESC(?datasets)`);
  await page.locator("form.query button").click();
  await page.locator("select[name=chart]").waitFor();
  await page.selectOption("select[name=chart]", { index: 1 });
  await page.locator("form:has(select[name=chart]) button").click();
  await page.locator("main svg").first().waitFor();
  await step(visit, "sparql-picture");

  const before = await page.locator("html").getAttribute("lang");
  await page.locator("a.language").first().click();
  await page.locator(`html:not([lang="${before}"])`).waitFor();
  await visit.open(new URL("/sources", base).href);
  if ((await page.locator("html").getAttribute("lang")) === before) visit.fault("the language is not remembered");
  await step(visit, "language");
}

async function operator(visit, demo, approves) {
  const { page } = visit;
  await signIn(visit, demo.adminBase, demo.token);
  await step(visit, "signed-in");
  await visit.open(new URL(`/operator/sources/${LOSES}`, demo.adminBase).href);
  await step(visit, "held");
  if (approves) {
    await page.locator("button[name=verdict][value=approve]").click();
    await page.locator("button[name=verdict]").first().waitFor({ state: "detached" });
    await step(visit, "approved");
    const told = await (await fetch(new URL("/status.json", demo.base))).json();
    const source = told.sources.find(({ id }) => id === LOSES);
    if ((source.gate?.held ?? 0) !== 0) visit.fault(`still held: ${JSON.stringify(source.gate)}`);
  }
  await page.locator("form[action$='/sign-out'] button").first().click();
  await page.waitForURL(/sign-in/);
  await step(visit, "signed-out");
}

/** Until deletions are held. */
async function held(demo) {
  const deadline = Date.now() + 180_000;
  while (Date.now() < deadline) {
    const { sources } = await (await fetch(new URL("/status.json", demo.base))).json();
    if (sources.some(({ id, health }) => id === LOSES && health.diagnosis?.code === "too-much-gone")) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("nothing was held");
}

const demo = await startDemo(binary, await settings());
const browser = await launch();
const faults = [];
try {
  await held(demo);
  for (const language of Object.keys(LANGUAGES)) {
    for (const scripts of [true, false]) {
      const way = { language, scheme: "light", width: scripts ? "desk" : "phone", scripts };
      for (const walk of [
        (visit) => visitor(visit, demo.base),
        (visit) => operator(visit, demo, language === "zh-Hant" && !scripts),
      ]) {
        const visit = await Visit.begin(browser, [demo.base, demo.adminBase], way);
        try {
          await walk(visit);
        } catch (error) {
          visit.fault(`the way ends: ${error.message.split("\n")[0]}`);
          await visit.shot(out, "ended");
        }
        faults.push(...(await visit.end()));
      }
    }
  }
} finally {
  await browser.close();
  await demo.stop();
}
conclude(faults, steps);
