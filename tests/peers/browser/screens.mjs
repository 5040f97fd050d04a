#!/usr/bin/env node
// Looks at every page of pages.mjs in both languages, light and dark, on a desk and on a phone, with scripts and without;
// takes a picture of each, and ends with 0 only if there is no fault (browser.mjs says what is one).
//
//   node tests/peers/browser/screens.mjs --demo target/debug/harvestd [OUT]   beside a demo of its own
//   node tests/peers/browser/screens.mjs BASE [ADMIN_BASE] [OUT]              beside a daemon that runs
//
// OUT is the folder for the pictures (screens). ONLY=home,sources names some pages, WAYS=en.light.desk some ways to look at
// them; HARVESTD_ADMIN_TOKEN is the token for the
// operator's pages of a daemon that runs (without it they are left out). browser.mjs says what has to be installed.
import { LANGUAGES, SCHEMES, Visit, WIDTHS, called, conclude, launch } from "./browser.mjs";
import { startDemo } from "./demo.mjs";
import { OPERATOR, PUBLIC, signIn } from "./pages.mjs";

const words = process.argv.slice(2);
if (words.length === 0) {
  console.error("usage: screens.mjs --demo BINARY [OUT] | BASE [ADMIN_BASE] [OUT]");
  process.exit(2);
}
const demo = words[0] === "--demo" ? await startDemo(words[1]) : null;
const [base, adminBase, out = "screens"] = demo ? [demo.base, demo.adminBase, words[2]] : words;
const only = process.env.ONLY?.split(",");
const wanted = process.env.WAYS?.split(",");
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
  return all.filter((way) => !wanted || wanted.includes(called(way)));
}

async function look(browser, where, pages, way, before = async () => {}) {
  const visit = await Visit.begin(browser, [where], way);
  let looked = 0;
  await before(visit);
  for (const { name, at, says, status = 200 } of pages) {
    if (only && !only.includes(name)) continue;
    const url = typeof at === "function" ? await at(where, visit) : new URL(at, where).href;
    looked += 1;
    if (status !== 200) visit.expected.add(url);
    if (!(await visit.open(url, status))) continue;
    if ((await visit.page.locator(says).count()) === 0) visit.fault(`has no ${says}`);
    await visit.judge();
    await visit.shot(out, name);
  }
  return { looked, faults: await visit.end() };
}

/** Every page in every way. */
async function lookAtAll(browser) {
  const found = { looked: 0, faults: [] };
  for (const way of ways()) {
    const looks = [await look(browser, base, PUBLIC, way)];
    if (adminBase && token) {
      const signs = (visit) => signIn(visit, adminBase, token);
      looks.push(await look(browser, adminBase, OPERATOR, way, signs));
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
