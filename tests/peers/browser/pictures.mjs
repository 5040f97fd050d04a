#!/usr/bin/env node
// Takes the pictures that the documents show, of a daemon that runs, as WebP: what the window shows.
//
//   node tests/peers/browser/pictures.mjs BASE [docs/pictures]
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LANGUAGES, Visit, conclude, launch } from "./browser.mjs";

const [base, out = "docs/pictures"] = process.argv.slice(2);
if (!base) {
  console.error("usage: pictures.mjs BASE [OUT]");
  process.exit(2);
}
const WORDS = { en: "air quality", "zh-Hant": "空氣品質" };
/** All pictures together, in bytes. */
const MOST = 1_200_000;

/** An example of the page's own. */
const QUERY = await readFile(fileURLToPath(new URL("../../../web/queries/publishers.rq", import.meta.url)), "utf8");

const PICTURES = [
  { name: "search", at: (language) => `/search?q=${encodeURIComponent(WORDS[language])}`, scheme: "light", says: ".hits li" },
  { name: "quality", at: () => "/quality", scheme: "light", says: "svg" },
  { name: "sparql", at: () => `/sparql?format=html&query=${encodeURIComponent(QUERY.split("\n").slice(2).join("\n").trim())}`, scheme: "dark", says: "main svg", from: "table.bars" },
];

/** A picture in PNG as WebP: the browser does it. */
async function webp(page, png) {
  const text = await page.evaluate(async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.86 });
    const all = new Uint8Array(await blob.arrayBuffer());
    let letters = "";
    for (const byte of all) letters += String.fromCharCode(byte);
    return btoa(letters);
  }, png.toString("base64"));
  return Buffer.from(text, "base64");
}

const browser = await launch();
const faults = [];
let taken = 0;
let bytes = 0;
await mkdir(out, { recursive: true });
for (const language of Object.keys(LANGUAGES)) {
  for (const { name, at, scheme, says, from } of PICTURES) {
    const visit = await Visit.begin(browser, [base], { language, scheme, width: "desk", scripts: true });
    await visit.open(new URL(at(language), base).href);
    if ((await visit.page.locator(says).count()) === 0) visit.fault(`has no ${says}`);
    await visit.judge();
    if (from) await visit.page.locator(from).evaluate((place) => scrollTo(0, place.getBoundingClientRect().top));
    const picture = await webp(visit.page, await visit.page.screenshot({ animations: "disabled" }));
    await writeFile(join(out, `${name}.${language}.webp`), picture);
    bytes += picture.length;
    taken += 1;
    faults.push(...(await visit.end()));
  }
}
await browser.close();
console.log(`${bytes} bytes`);
if (bytes > MOST) faults.push(`the pictures have ${bytes} bytes, more than ${MOST}`);
conclude(faults, taken);
