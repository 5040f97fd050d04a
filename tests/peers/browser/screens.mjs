#!/usr/bin/env node
// Looks at every page of pages.mjs in both languages, light and dark, on a desk and on a phone, with scripts and without;
// takes a picture of each, and ends with 0 only if there is no fault (browser.mjs says what is one).
//
//   node tests/peers/browser/screens.mjs BASE [ADMIN_BASE] [OUT]      ONLY=home,status names some pages
//
// for example beside `harvestd demo`: node tests/peers/browser/screens.mjs http://127.0.0.1:8080 http://127.0.0.1:8081 out
// (HARVESTD_ADMIN_TOKEN=$(cat data/demo/admin-token) for the operator's pages).
import { LANGUAGES, SCHEMES, Visit, WIDTHS, conclude, launch } from "./browser.mjs";
import { OPERATOR, PUBLIC } from "./pages.mjs";

const [base, adminBase, out = "screens"] = process.argv.slice(2);
if (!base) {
  console.error("usage: screens.mjs BASE [ADMIN_BASE] [OUT]");
  process.exit(2);
}
const only = process.env.ONLY?.split(",");
const token = process.env.HARVESTD_ADMIN_TOKEN;

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

const browser = await launch();
const faults = [];
let looked = 0;
for (const way of ways()) {
  const looks = [await look(browser, base, PUBLIC, way)];
  if (adminBase) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    looks.push(await look(browser, adminBase, OPERATOR, { ...way, headers }));
  }
  for (const one of looks) {
    faults.push(...one.faults);
    looked += one.looked;
  }
}
await browser.close();
conclude(faults, looked);
