// What the tests know of the country that run.py plays: its address, who may log in, and its offices' agents. And the
// browser: Debian's Chromium, with every fault of a page gathered in one list.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(process.env.ESEP_NPM ? `${process.env.ESEP_NPM}/` : join(here, "../../build/npm/browser/"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const country = JSON.parse(process.env.ESEP_COUNTRY);
export const shots = process.env.ESEP_SHOTS; // a folder to leave pictures in, for a person

export const PASSWORD = "correct horse battery";
export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };
export const LANGUAGES = ["kk", "ru", "en"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const KEY = /\b(?:act|axis|bulk|clock|control|event|export|failure|feed|filter|glance|kind|list|map|mark|menu|report|review)\.[a-z_]+\b/;

export const faults = [];
export const { address, conflict, invitations, plan } = country;
export const keyOf = (kind, body, window) => `${plan}/${kind}/-/${body}/${window}`;

/** An office writes, with its real agent, and has its receipt when this returns. */
export function report(body, ...words) {
    execFileSync(country.agent, ["report", "--config", join(country.offices, body, "agent.yaml"), "--plan", plan, ...words,
        "--wait"], { stdio: ["ignore", "ignore", "inherit"] });
}

/** A command of the operator's, on the log that the page shows. */
export const operator = (...words) => execFileSync(country.collector[0], [...words.slice(0, 1), "--config", country.collector[1],
    ...words.slice(1)], { encoding: "utf8" });

/** What the office itself sees of it. */
export const office = (body, ...words) => execFileSync(country.agent,
    [words[0], "--config", join(country.offices, body, "agent.yaml"), ...words.slice(1)], { encoding: "utf8" });

export const launch = () => chromium.launch({ executablePath: process.env.ESEP_CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A window of its own. state: what storageState() of another gave, so that it is logged in already. */
export async function open(browser, viewport, language, state, scheme) {
    const context = await browser.newContext({ viewport, storageState: state, colorScheme: scheme || "light", reducedMotion: "reduce" });
    await context.addInitScript((l) => {
        if (location.protocol !== "about:" && !localStorage.getItem("esep-language")) localStorage.setItem("esep-language", l);
    }, language);
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

/** Another page by its address, in the document that is open or in a new one. */
export async function go(page, hash) {
    if (page.url().startsWith(address)) await page.evaluate((h) => { location.hash = h; }, `#/${hash}`);
    else await page.goto(`${address}#/${hash}`);
    await page.waitForFunction((h) => document.querySelector("main")?.dataset.at === h, `#/${hash}`);
    await settled(page);
}

/** The page that is open, in another language. */
export async function speak(page, language) {
    await page.click(`button[lang=${language}]`);
    await page.waitForFunction((l) => document.documentElement.lang === l &&
        document.querySelector(`button[lang=${l}]`)?.ariaPressed === "true", language);
    await settled(page);
}

/** By the door, as a person: with an invitation the first time, with the password then. */
export async function enter(page, name, invited) {
    await page.goto(address);
    await page.waitForSelector("input[name=name]");
    if (invited) await page.click("form button[type=button]");
    await page.fill("input[name=name]", name);
    if (invited) await page.fill("input[name=invitation]", invitations[name]);
    await page.fill("input[name=password]", PASSWORD);
    await page.press("input[name=password]", "Enter");
    await page.waitForSelector(".tiles");
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

async function examine(page, name, whole) {
    // Through the debugger's protocol, since the page's own policy lets no script in.
    if (!await page.evaluate(() => Boolean(globalThis.axe))) await page.evaluate(axe);
    if (!whole) await page.evaluate(fold, true);
    const { violations } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags, resultTypes: ["violations"] }), TAGS);
    if (!whole) await page.evaluate(fold, false);
    for (const v of violations) {
        faults.push(`${name}: axe: ${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 160)} ${v.nodes[0].failureSummary?.split("\n")[1] || ""}`);
    }
}

/** A dialog's decision, by the keyboard. */
export async function confirm(page) {
    await page.focus("dialog button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog", { state: "detached" });
}

/** The fact sheet of what is open says this, now or when the log has grown. */
export const facts = (page, text) => page.waitForFunction((t) => document.querySelector(".facts")?.textContent.includes(t), text);

/** What is downloaded when this is clicked. */
export async function download(page, selector) {
    const [file] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

/** Is what stands there right for everybody? And a picture of it. whole: every row of every table. */
export async function look(page, name, whole) {
    await examine(page, name, whole);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) faults.push(`${name}: ${over} px wider than the window`);
    const text = await page.evaluate(() => document.body.innerText);
    const missing = text.match(KEY);
    if (missing) faults.push(`${name}: shows the key ${missing[0]}`);
    const hollow = text.match(/\b(?:undefined|NaN|null|Invalid Date)\b|\[object|\bM(?:0\d|1[0-2])\b/); // "2013 M01 22": no such locale
    if (hollow) faults.push(`${name}: shows ${hollow[0]}`);
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}
