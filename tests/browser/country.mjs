// What the tests know of the country that run.py plays: its address, who may log in, and its offices' agents. With the
// browser's part (browser.mjs), which they take from here.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { settled } from "./browser.mjs";

export * from "./browser.mjs";

const country = JSON.parse(process.env.ESEP_COUNTRY);
export const PASSWORD = "correct horse battery";
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

/** Another page by its address, in the document that is open or in a new one. */
export async function go(page, hash) {
    if (page.url().startsWith(address)) await page.evaluate((h) => { location.hash = h; }, `#/${hash}`);
    else await page.goto(`${address}#/${hash}`);
    await page.waitForFunction((h) => document.querySelector("main")?.dataset.at === h, `#/${hash}`);
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

/** A decision's dialog by its key, once the page offers it. */
export async function decide(page, key) {
    await page.waitForSelector(`main [aria-keyshortcuts=${key}]`);
    await page.keyboard.press(key);
    await page.waitForSelector("dialog[open]");
}

/** A dialog's decision, by the keyboard. */
export async function confirm(page) {
    await page.focus("dialog button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog", { state: "detached" });
}

/** The fact sheet of what is open says this, now or when the log has grown. */
export const facts = (page, text) => page.waitForFunction((t) => document.querySelector(".facts")?.textContent.includes(t), text);
