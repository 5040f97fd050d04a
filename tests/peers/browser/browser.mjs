// A real browser for trials of our pages: Debian's Chromium, driven by playwright-core, judged by axe-core.
//
// What it sees to on every page, whatever the trial does: no request to another host, no error on the console, no
// violation of the Content-Security-Policy, a policy without 'unsafe-inline' and 'unsafe-eval', no answer of 4xx or 5xx,
// nothing wider than the window. What is found is a list of faults, each one line; an empty list is what is wanted.
//
// Needs node 20, Chromium (CHROMIUM=path, else /usr/bin/chromium), and the packages of package.json:
//   mkdir -p ~/.cache/harvestd-peers/node-browser
//   cp tests/peers/browser/package*.json ~/.cache/harvestd-peers/node-browser/
//   npm ci --prefix ~/.cache/harvestd-peers/node-browser
import { createRequire } from "node:module";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

const peers = process.env.HARVESTD_PEERS ?? join(homedir(), ".cache/harvestd-peers");
const require = createRequire(join(peers, "node-browser/package.json"));
const { chromium } = require("playwright-core");
const axe = require("axe-core");

/** The success criteria of WCAG 2.2, levels A and AA. */
const CRITERIA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];

export const LANGUAGES = { en: "en-GB", "zh-Hant": "zh-TW" };
export const WIDTHS = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
export const SCHEMES = ["light", "dark"];

/** Starts Chromium. Its own sandbox cannot be had as root. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      // It asks nobody but us: no updates, no field trials, no lists of bad addresses.
      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
      ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
    ],
  });
}

/** The name of a way: en.light.desk, or en.light.desk.no-scripts. */
export function called({ language, scheme, width, scripts }) {
  return [language, scheme, width, ...(scripts ? [] : ["no-scripts"])].join(".");
}

/** One way to look at the pages: a language, light or dark, a width, with or without scripts. */
export class Visit {
  /**
   * @param hosts origins that may be asked, for example ["http://127.0.0.1:8080"]
   * @param way   {language, scheme, width, scripts}: keys of the tables above, and a boolean
   */
  static async begin(browser, hosts, way) {
    const context = await browser.newContext({
      locale: LANGUAGES[way.language],
      colorScheme: way.scheme,
      viewport: WIDTHS[way.width],
      javaScriptEnabled: way.scripts,
      reducedMotion: "reduce",
      extraHTTPHeaders: way.headers ?? {},
    });
    const visit = new Visit(context, hosts, way);
    await context.route("**/*", (route) => visit.#passes(route));
    const page = await context.newPage();
    visit.#listen(page);
    visit.page = page;
    return visit;
  }

  constructor(context, hosts, way) {
    this.context = context;
    this.hosts = new Set(hosts.map((host) => new URL(host).origin));
    this.way = way;
    this.faults = [];
    /** How many requests the pages made, all of them passed. */
    this.requests = 0;
    /** Answers of 4xx and 5xx that the trial means to get, as addresses. */
    this.expected = new Set();
  }

  /** How this visit is called in file names and faults. */
  get name() {
    return called(this.way);
  }

  fault(what) {
    this.faults.push(`${this.name}: ${this.page?.url() ?? ""}: ${what}`);
  }

  #passes(route) {
    this.requests += 1;
    const url = new URL(route.request().url());
    if (["data:", "blob:"].includes(url.protocol) || this.hosts.has(url.origin)) return route.continue();
    this.fault(`asks another host: ${url}`);
    return route.abort();
  }

  #listen(page) {
    page.on("console", (message) => {
      if (message.type() === "error" && !this.expected.has(message.location().url)) {
        this.fault(`console: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => this.fault(`script: ${error}`));
    page.on("response", (response) => {
      if (response.status() >= 400 && !this.expected.has(response.url())) {
        this.fault(`${response.status()} for ${response.url()}`);
      }
    });
  }

  /** Opens an address and looks at its policy. False: no page is there. */
  async open(url, status = null) {
    const response = await this.page.goto(url, { waitUntil: "load" }).catch((error) => {
      this.fault(`${url} cannot be opened: ${error.message.split("\n")[0]}`);
      return null;
    });
    if (!response) return false;
    if (status !== null && response.status() !== status) this.fault(`is answered with ${response.status()}, not ${status}`);
    const type = response.headers()["content-type"] ?? "nothing";
    if (!type.startsWith("text/html")) {
      this.fault(`is no page, but ${type}`);
      return false;
    }
    const policy = response.headers()["content-security-policy"];
    if (!policy) this.fault("has no Content-Security-Policy");
    for (const word of ["'unsafe-inline'", "'unsafe-eval'", "*"]) {
      if (policy?.split(/[\s;]+/).includes(word)) this.fault(`its Content-Security-Policy allows ${word}`);
    }
    return true;
  }

  /** Judges the page as it now is. */
  async judge() {
    const { page } = this;
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) this.fault(`is ${wide} pixels wider than the window`);
    if (!this.way.scripts) return;
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
    const { violations } = await page.evaluate(
      (values) => window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] }),
      CRITERIA,
    );
    for (const { id, help, nodes } of violations) {
      const places = nodes.slice(0, 3).map((node) => node.target.join(" "));
      this.fault(`axe: ${id}: ${help} (${nodes.length}: ${places.join(", ")})`);
    }
  }

  /** A picture of the whole page, or of what the window shows. */
  async shot(folder, name, fullPage = false) {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${name}.${this.name}.png`);
    await this.page.screenshot({ path, fullPage, animations: "disabled" });
    return path;
  }

  async end() {
    await this.context.close();
    return this.faults;
  }
}

/** Prints faults and ends the program: 0 only where there are none. */
export function conclude(faults, looked) {
  for (const fault of faults) console.error(`FAULT ${fault}`);
  console.log(`${looked} looks, ${faults.length} faults`);
  process.exit(faults.length === 0 && looked > 0 ? 0 : 1);
}
