#!/usr/bin/env node
// Tries the judge: pages that are spoiled, each in one way, and the fault that has to be found on it; and one that is not.
//
//   node tests/peers/browser/spoiled.mjs
import { createServer } from "node:http";
import { Visit, launch } from "./browser.mjs";

const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'";
const page = (body) => `<!DOCTYPE html><html lang="en"><head><title>A page</title></head><body><main><h1>A page</h1>${body}</main></body></html>`;

/** Path: [body, policy, the fault that is expected: none for a page that is well]. */
const PAGES = {
  "/well": [page("<p>All is well.</p>"), POLICY, null],
  "/host": [page('<img alt="" src="http://stranger.example/x.png">'), `${POLICY} http:`, "asks another host"],
  "/missing": [page('<img alt="" src="/nothing.png">'), POLICY, "404 for"],
  "/inline": [page("<script>document.title = 'x'</script>"), POLICY, "console: "],
  "/style": [page('<p style="color: red">Red</p>'), POLICY, "console: "],
  "/unsafe": [page("<p>Well.</p>"), `${POLICY} 'unsafe-inline'`, "allows 'unsafe-inline'"],
  "/no-policy": [page("<p>Well.</p>"), null, "no Content-Security-Policy"],
  "/throws": [page('<script src="/throws.js"></script>'), POLICY, "script: "],
  "/label": [page('<form action="/well"><input name="q"></form>'), POLICY, "axe: label"],
  "/contrast": [page('<link rel="stylesheet" href="/pale.css"><p>Pale words.</p>'), POLICY, "axe: color-contrast"],
  "/lang": [page("<p>Well.</p>").replace(' lang="en"', ""), POLICY, "axe: html-has-lang"],
  "/small": [page('<link rel="stylesheet" href="/small.css"><a href="/1">1</a><a href="/2">2</a>'), POLICY, "axe: target-size"],
  "/wide": [page('<link rel="stylesheet" href="/wide.css"><p id="wide">Wide.</p>'), POLICY, "wider than the window"],
};
const FILES = {
  "/throws.js": ["text/javascript", "throw new Error('spoiled');"],
  "/pale.css": ["text/css", "p { color: #ccc; background: #fff }"],
  "/small.css": ["text/css", "a { display: inline-block; width: 8px; height: 8px; overflow: hidden; font-size: 8px }"],
  "/wide.css": ["text/css", "#wide { width: 3000px }"],
};

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  if (pathname in PAGES) {
    const [body, policy] = PAGES[pathname];
    if (policy) response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Content-Type", "text/html; charset=utf-8").end(body);
  } else if (pathname in FILES) {
    response.setHeader("Content-Type", FILES[pathname][0]).end(FILES[pathname][1]);
  } else {
    // Chromium asks for it by itself; a page without an icon is well.
    response.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
let wrong = 0;
for (const [path, [, , expected]] of Object.entries(PAGES)) {
  const visit = await Visit.begin(browser, [base], { language: "en", scheme: "light", width: "desk", scripts: true });
  await visit.open(base + path);
  await visit.judge();
  const faults = await visit.end();
  const right = expected === null ? faults.length === 0 : faults.some((fault) => fault.includes(expected));
  if (!right) wrong += 1;
  console.log(`${right ? "ok   " : "WRONG"} ${path}: ${faults.join(" | ") || "no fault"}`);
}
await browser.close();
server.close();
process.exit(wrong ? 1 : 0);
