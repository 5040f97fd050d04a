#!/usr/bin/env node
// Looks at every page of pages.mjs in both languages, light and dark, on a desk and on a phone, with scripts and without;
// takes a picture of each, and ends with 0 only if there is no fault (browser.mjs says what is one).
//
//   node tests/peers/browser/screens.mjs --demo target/debug/harvestd [OUT]   beside a demo of its own
//   node tests/peers/browser/screens.mjs BASE [ADMIN_BASE] [OUT]              beside a daemon that runs
//
// OUT is the folder for the pictures (screens). ONLY=home,status names some pages; HARVESTD_ADMIN_TOKEN is the token for the
// operator's pages of a daemon that runs. browser.mjs says what has to be installed.
import { LANGUAGES, SCHEMES, Visit, WIDTHS, conclude, launch } from "./browser.mjs";
import { startDemo } from "./demo.mjs";
import { OPERATOR, PUBLIC } from "./pages.mjs";

const words = process.argv.slice(2);
if (words.length === 0) {
  console.error("usage: screens.mjs --demo BINARY [OUT] | BASE [ADMIN_BASE] [OUT]");
  process.exit(2);
}
const demo = words[0] === "--demo" ? await startDemo(words[1]) : null;
const [base, adminBase, out = "screens"] = demo ? [demo.base, demo.adminBase, words[2]] : words;
const only = process.env.ONLY?.split(",");
const token = demo?.token ?? process.env.HARVESTD_ADMIN_TOKEN;

function ways() {
  const all = [];
  for (const language of Object.keys(LANGUAGES)) {
    for (const scheme of SCHEMES) {
      for (const width of Object.keys(WIDTHS)) all.push({ language, scheme, width, scripts: true });
    }
    all.push({ language, scheme: "light", width: "desk", scripts: false });
    all.push({ language, scheme: "light", width: "phone", scripts: false });
  }
  return all;
}

async function look(browser, where, pages, way) {
  const visit = await Visit.begin(browser, [where], way);
  let looked = 0;
  for (const { name, at, says = "" } of pages) {
    if (only && !only.includes(name)) continue;
    const url = typeof at === "function" ? await at(where) : new URL(at, where).href;
    await visit.open(url);
    const wanted = typeof says === "string" ? says : says[way.language];
    if (!(await visit.page.locator("body").innerText()).includes(wanted)) visit.fault(`does not say ${wanted}`);
    await visit.judge();
    await visit.shot(out, name);
    looked += 1;
  }
  return { looked, faults: await visit.end() };
}

/** Every page in every way. */
async function lookAtAll(browser) {
  const found = { looked: 0, faults: [] };
  for (const way of ways()) {
    const looks = [await look(browser, base, PUBLIC, way)];
    if (adminBase) {
      const headers = token ? { Authorization: `Bearer ${token}` } : {};
      looks.push(await look(browser, adminBase, OPERATOR, { ...way, headers }));
    }
    for (const one of looks) {
      found.looked += one.looked;
      found.faults.push(...one.faults);
    }
  }
  return found;
}

const browser = await launch();
let found;
try {
  found = await lookAtAll(browser);
} finally {
  await browser.close();
  await demo?.stop();
}
conclude(found.faults, found.looked);
