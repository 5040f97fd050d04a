#!/usr/bin/env node
// A visitor's and an operator's way through the pages, in both languages, with scripts and without: search, facet, dataset,
// feedback, SPARQL query and its picture, changes, language switched; signed in, a forged approval refused, held deletions approved,
// signed out. With scripts also: answers while typing, the query's editor, changes that come by themselves. Every page on the
// way is judged, and every request that it makes (browser.mjs).
//
//   node tests/peers/browser/journey.mjs target/debug/harvestd [OUT]
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { LANGUAGES, Visit, conclude, launch } from "./browser.mjs";
import { startDemo } from "./demo.mjs";
import { COUNTED, signIn } from "./pages.mjs";

const [binary, out = "journey"] = process.argv.slice(2);
if (!binary) {
  console.error("usage: journey.mjs BINARY [OUT]");
  process.exit(2);
}
const WORDS = { en: "air", "zh-Hant": "空氣" };
/** A word of which people type the beginning first. */
const TYPED = { en: ["riv", "river"], "zh-Hant": ["河", "河川"] };
/** The source of config/sick.toml that loses nearly everything once it is well harvested. */
const SICK = "halved";
/** So it is called here, twice: for who approves with scripts, and for who does without. */
const LOSES = { true: "halved-scripts", false: "halved-plain" };

async function settings() {
  const config = (name) => readFile(fileURLToPath(new URL(`../../../config/${name}.toml`, import.meta.url)), "utf8");
  const loses = (await config("sick")).split("[[source]]").find((source) => source.includes(`id = "${SICK}"`));
  if (!loses) throw new Error(`config/sick.toml has no ${SICK}`);
  const called = (id) => `[[source]]${loses.replace(`id = "${SICK}"`, `id = "${id}"`)}`;
  return [await config("demo"), ...Object.values(LOSES).map(called)].join("\n");
}

let steps = 0;
let requests = 0;
async function step(visit, name) {
  steps += 1;
  await visit.judge();
  await visit.shot(out, `${String(steps).padStart(2, "0")}-${name}`);
}

async function visitor(visit, base) {
  const { page } = visit;
  await visit.open(base);
  await step(visit, "home");
  await search(visit);
  await page.locator(".hits h3 a").first().click();
  await page.locator("#get").waitFor();
  await step(visit, "dataset");
  await feedback(visit);
  await query(visit, base);
  await changes(visit, base);

  const before = await page.locator("html").getAttribute("lang");
  await page.locator("a.language").first().click();
  await page.locator(`html:not([lang="${before}"])`).waitFor();
  await visit.open(new URL("/sources", base).href);
  if ((await page.locator("html").getAttribute("lang")) === before) visit.fault("the language is not remembered");
  await step(visit, "language");
}

async function search(visit) {
  const { page } = visit;
  const { language, scripts } = visit.way;
  await page.fill("input[type=search]", WORDS[language]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/search\?/);
  await step(visit, "search");
  if (scripts) await type(visit, TYPED[language]);

  const found = await page.locator(".hits li").count();
  if (found === 0) visit.fault("finds nothing");
  // A facet that leaves fewer than there are, whatever it is called.
  const facet = page.locator("details.facet").first();
  if (!(await facet.evaluate((details) => details.open))) await facet.locator("summary").click();
  await facet.locator("a:not([aria-current])").first().click();
  await page.locator(".chosen a").first().waitFor();
  if ((await page.locator(".hits li").count()) > found) visit.fault("a facet finds more, not less");
  await step(visit, "facet");
}

/** Answers come while somebody types, on the same page, and its address follows. */
async function type(visit, [beginning, word]) {
  const { page } = visit;
  await page.evaluate(() => { window.stayed = true; });
  await page.fill("input[type=search]", "");
  for (const letters of [beginning, word.slice(beginning.length)]) {
    const part = page.waitForResponse((response) => response.url().includes("part=found"));
    await page.locator("input[type=search]").pressSequentially(letters);
    await part;
  }
  await page.locator(".hits mark").first().waitFor();
  if (new URL(page.url()).searchParams.get("q") !== word) visit.fault("the address does not follow what is typed");
  if (!(await page.evaluate(() => window.stayed === true))) visit.fault("the page went while somebody typed");
  await step(visit, "typed");
}

/** Something is said of the dataset: first what cannot be taken, which stays, then what can. */
async function feedback(visit) {
  const { page } = visit;
  const said = `A trial: ${visit.name}`;
  await page.fill("#feedback-text", said);
  await page.fill("#feedback-who", "trial@people.example");
  visit.expected.add(new URL("/feedback", page.url()).href);
  await page.locator("form.feedback button").click();
  await page.locator("[role=alert]").waitFor();
  if ((await page.inputValue("#feedback-text")) !== said) visit.fault("what was typed is gone");
  await step(visit, "feedback-refused");
  await page.fill("#feedback-who", "Trial");
  await page.locator("form.feedback button").click();
  await page.waitForURL(/\/feedback\/\d+$/);
  if (!(await page.locator("main").innerText()).includes(said)) visit.fault("what was said is not shown");
  await step(visit, "feedback");
}

async function query(visit, base) {
  const { page } = visit;
  await visit.open(new URL("/sparql", base).href);
  await step(visit, "sparql");
  await page.locator(".cards a").first().click();
  await page.locator("#answer").waitFor();
  await step(visit, "sparql-example");
  if (visit.way.scripts) await edit(visit, COUNTED);
  else await page.fill("#query", COUNTED);
  await page.locator("form.query button:not(.CodeMirror *)").last().click();
  await page.locator("select[name=chart]").waitFor();
  if (!(await page.locator("table.answer thead").innerText()).includes("catalogue")) visit.fault("another query was sent");
  await page.selectOption("select[name=chart]", { index: 1 });
  await page.locator("form:has(select[name=chart]) button").click();
  await page.locator("main svg").first().waitFor();
  await step(visit, "sparql-picture");
}

/** The editor in the place of the field: typed text is coloured. */
async function edit(visit, text) {
  const { page } = visit;
  const editor = page.locator(".CodeMirror");
  await editor.waitFor();
  await editor.locator(".CodeMirror-lines").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
  await editor.locator(".cm-keyword").first().waitFor();
  const colours = await editor.evaluate((place) =>
    [...new Set([...place.querySelectorAll("[class^=cm-]")].map((token) => getComputedStyle(token).color))]);
  if (colours.length < 3) visit.fault(`the query has ${colours.length} colours: ${colours}`);
  await step(visit, "sparql-editor");
}

async function changes(visit, base) {
  const { page } = visit;
  await visit.open(new URL("/changes", base).href);
  await step(visit, "changes");
  if (!visit.way.scripts) return;
  // The demo changes every 20 seconds.
  const newest = () => page.locator("#changes li").first().innerText();
  const before = await newest();
  await page.evaluate(() => { window.stayed = true; });
  const deadline = Date.now() + 60_000;
  while ((await newest()) === before && Date.now() < deadline) await page.waitForTimeout(250);
  if ((await newest()) === before) visit.fault("no change comes by itself");
  if (!(await page.evaluate(() => window.stayed === true))) visit.fault("the page was loaded again for the changes");
  await step(visit, "changes-live");
}

async function operator(visit, demo, approves) {
  const { page } = visit;
  const id = LOSES[visit.way.scripts];
  await signIn(visit, demo.adminBase, demo.token);
  await step(visit, "signed-in");
  await visit.open(new URL(`/operator/sources/${id}`, demo.adminBase).href);
  await step(visit, "held");
  if (approves) await approve(visit, demo, id);
  await page.locator("form[action$='/sign-out'] button").first().click();
  await page.waitForURL(/sign-in/);
  await step(visit, "signed-out");
}

async function approve(visit, demo, id) {
  const { page } = visit;
  const held = async () => {
    const { sources } = await (await fetch(new URL("/status.json", demo.base))).json();
    return sources.find((source) => source.id === id).gate?.held?.datasets ?? 0;
  };
  const before = await held();
  if (before === 0) visit.fault("nothing is held before the approval");
  // The same form without its secret, as another site could send it: with this browser's cookie.
  const form = page.locator("form:has(button[name=verdict][value=approve])");
  const action = await form.evaluate((form) => form.action);
  const forged = await visit.context.request.post(action, { form: { verdict: "approve", token: "forged" }, maxRedirects: 0 });
  if (forged.status() !== 403) visit.fault(`a forged approval is answered with ${forged.status()}`);
  const after = await held();
  if (after !== before) visit.fault(`a forged approval deletes: ${before} held, then ${after}`);
  await page.locator("button[name=verdict][value=approve]").click();
  await page.locator("button[name=verdict]").first().waitFor({ state: "detached" });
  await step(visit, "approved");
  if ((await held()) !== 0) visit.fault(`${await held()} are still held`);
}

/** Until deletions are held; then the sources wait, so that no later run decides instead of a person. */
async function held(demo) {
  const waiting = new Set(Object.values(LOSES));
  const deadline = Date.now() + 180_000;
  while (waiting.size > 0 && Date.now() < deadline) {
    const { sources } = await (await fetch(new URL("/status.json", demo.base))).json();
    for (const { id, health } of sources) {
      if (!waiting.has(id) || health.diagnosis?.code !== "too-much-gone") continue;
      const headers = { Authorization: `Bearer ${demo.token}` };
      await fetch(new URL(`/sources/${id}/pause`, demo.adminBase), { method: "POST", headers });
      waiting.delete(id);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  if (waiting.size > 0) throw new Error(`nothing was held of ${[...waiting]}`);
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
        (visit) => operator(visit, demo, (language === "zh-Hant") === scripts),
      ]) {
        const visit = await Visit.begin(browser, [demo.base, demo.adminBase], way);
        try {
          await walk(visit);
        } catch (error) {
          visit.fault(`the way ends: ${error.message.split("\n")[0]}`);
          await visit.shot(out, "ended");
        }
        requests += visit.requests;
        faults.push(...(await visit.end()));
      }
    }
  }
} finally {
  await browser.close();
  await demo.stop();
}
console.log(`${requests} requests`);
conclude(faults, steps);
