// The browser of the tests: Debian's Chromium, with every fault of a page gathered in one list.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(process.env.ESEP_NPM ? `${process.env.ESEP_NPM}/` : join(here, "../../build/npm/browser/"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const shots = process.env.ESEP_SHOTS; // a folder to leave pictures in, for a person

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };
export const PATIENCE_MS = 120000; // for what hangs: nothing is measured by it
export const LANGUAGES = ["kk", "ru", "en"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const KEY = new RegExp(`\\b(?:${[ // the first words of texts' names, which nobody is to see
    "access", "act", "axis", "bulk", "clock", "clock_of", "confirmation", "control", "days", "delivery", "demands", "due", "error", "event",
    "export", "failure", "feed", "field", "files", "filter", "form", "glance", "group", "kind", "line", "list", "mail", "map", "mark", "menu",
    "outcome", "problem", "report", "review", "state", "way", "why",
].join("|")})\\.[a-z_]+\\b`);

export const faults = [];

export const launch = () => chromium.launch({ timeout: PATIENCE_MS, executablePath: process.env.ESEP_CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A window of its own. state: what storageState() of another gave, so that it is logged in already. */
export async function open(browser, viewport, language, state, scheme) {
    const context = await browser.newContext({ viewport, storageState: state, colorScheme: scheme || "light", reducedMotion: "reduce" });
    await context.addInitScript((l) => {
        if (location.protocol !== "about:" && !localStorage.getItem("esep-language")) localStorage.setItem("esep-language", l);
    }, language);
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("console", (m) => m.type() === "error" && !/status of 40[13]|status of 422/.test(m.text()) &&
        faults.push(`${page.url()}: console: ${m.text()}`));
    page.on("pageerror", (e) => faults.push(`${page.url()}: ${e.message}`));
    page.on("response", (r) => r.status() >= 404 && r.status() !== 422 && faults.push(`${r.url()}: ${r.status()}`));
    return page;
}

export async function settled(page) {
    await page.waitForSelector("main h1");
    await page.waitForFunction(() => !document.querySelector(".busy"));
}

/** The page that is open, in another language. */
export async function speak(page, language) {
    await page.click(`button[lang=${language}]`);
    await page.waitForFunction((l) => document.documentElement.lang === l &&
        document.querySelector(`button[lang=${l}]`)?.ariaPressed === "true", language);
    await settled(page);
}

/** Folds a long table away, since axe looks at every point of it and its rows are alike: the first rows stay, and each
 * that has a cell of another look. folded = false: all of them are there again. */
function fold(folded) {
    const seen = new Set();
    const gone = [];
    for (const row of folded ? document.querySelectorAll(".matrix tbody tr, .cards tbody tr") : []) {
        const looks = [...row.querySelectorAll(".cell, .mark")].map((cell) => cell.className);
        if (row.sectionRowIndex >= 5 && looks.every((l) => seen.has(l))) gone.push(`tr:nth-child(${row.sectionRowIndex + 1})`);
        for (const l of looks) seen.add(l);
    }
    const sheet = new CSSStyleSheet();
    if (gone.length) sheet.replaceSync(`:is(.matrix, .cards) tbody :is(${gone.join()}) { display: none !important }`);
    document.adoptedStyleSheets = folded ? [...document.adoptedStyleSheets, sheet] : document.adoptedStyleSheets.slice(0, -1);
}

async function examine(page, name) {
    // Through the debugger's protocol, since the page's own policy lets no script in.
    if (!await page.evaluate(() => Boolean(globalThis.axe))) await page.evaluate(axe);
    await page.evaluate(fold, true);
    const { violations } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags, resultTypes: ["violations"] }), TAGS);
    await page.evaluate(fold, false);
    for (const v of violations) {
        faults.push(`${name}: axe: ${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 160)} ${v.nodes[0].failureSummary?.split("\n")[1] || ""}`);
    }
}

/** What is downloaded when this is clicked. */
export async function download(page, selector) {
    const [file] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

/** Is what stands there right for everybody? And a picture of it. examined: axe, which takes most of the time, looks too. */
export async function look(page, name, examined = true) {
    if (examined) await examine(page, name);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) faults.push(`${name}: ${over} px wider than the window`);
    const text = await page.evaluate(() => document.body.innerText);
    const missing = text.match(KEY);
    if (missing) faults.push(`${name}: shows the key ${missing[0]}`);
    const hollow = text.match(/\b(?:undefined|NaN|null|Invalid Date)\b|\[object|\bM(?:0\d|1[0-2])\b/); // "2013 M01 22": no such locale
    if (hollow) faults.push(`${name}: shows ${hollow[0]}`);
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}
