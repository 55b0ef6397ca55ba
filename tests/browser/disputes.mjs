// What a secretary meets seldom: two offices of one body that report without knowing of each other, until one of them
// settles it; and a plan of the regions of today, which no map of 2012 shows.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { confirm, conflict, decide, facts, go, look, NARROW, office, open, operator, report, speak, LANGUAGES, WIDE } from "./country.mjs";

const REGIONS = join(dirname(fileURLToPath(import.meta.url)), "regions.yaml");
const until = async (condition) => {
    while (!condition()) await new Promise((done) => { setTimeout(done, 100); });
};

export async function theConflict(browser, who) {
    const page = await open(browser, WIDE, "en", who.aigul);
    await go(page, "matrix");
    const cell = page.locator(".matrix .mark-conflict a");
    assert.equal(await cell.count(), 1);
    assert.match(await cell.innerText(), /≠.*confl\./s);
    await go(page, "glance");
    await page.click(".tile-conflict");
    await page.waitForFunction(() => location.hash === "#/list?state=conflict");
    await page.waitForSelector(".cards tbody tr");
    await page.click(".cards tbody tr td.grow a");
    await page.waitForSelector(".conflict");
    await facts(page, "conflict: several reports stand");
    const rows = page.locator(".conflict tbody tr");
    assert.equal(await rows.count(), 2);
    assert.deepEqual((await rows.allInnerTexts()).map((text) => /(\d+)%/.exec(text)[1]).sort(), ["100", "50"]);
    assert.equal(await page.locator(".revision[open]").count(), 2, "both are open");
    assert.equal(await page.locator("main > .buttons", { hasText: "Accept" }).count(), 0, "none is accepted while both stand");
    await page.keyboard.press("a");
    assert.equal(await page.locator("dialog").count(), 0);
    for (const language of LANGUAGES) {
        await speak(page, language);
        await look(page, `conflict-${language}-wide`);
    }
    await speak(page, "en");

    const wrong = rows.filter({ hasText: "50%" });
    await wrong.locator("button").click();
    await page.waitForSelector("dialog[open]");
    assert.equal(await page.locator("dialog input[type=radio]").count(), 0, "a return and nothing else");
    await page.selectOption("dialog select", "duplicate");
    await page.fill("dialog input[type=date]", "2013-02-05");
    await page.fill("dialog textarea", "Agree between you which one holds.");
    await confirm(page);
    await page.waitForFunction(() => [...document.querySelectorAll(".conflict tbody tr")].some((row) => row.textContent.includes("returned")));
    assert.equal(await rows.count(), 2, "the body settles it, not the secretariat");
    await until(() => office(conflict.office, "duties").includes("Agree between you"));

    const entry = /log entry (\d+)/.exec(await wrong.innerText())[1];
    await until(() => office(conflict.body, "duties", "--json").includes('"conflict": true'));
    report(conflict.body, "--action", conflict.action, "--window", conflict.window, "--fulfilment", "executed", "--percent", "90",
        "--narrative", "Both offices together.", "--settles", entry);
    await page.waitForSelector(".conflict", { state: "detached" });
    await page.waitForFunction(() => document.querySelectorAll(".revision").length === 3);
    await facts(page, "to review");
    await decide(page, "a");
    await confirm(page);
    await facts(page, "verified");
    await page.context().close();
}

export async function theRegionsOfToday(browser, who) {
    operator("plan", "load", REGIONS);
    const page = await open(browser, WIDE, "ru", who.aigul);
    await go(page, "map");
    await page.waitForSelector(".head select");
    await page.selectOption(".head select", "kz-regions");
    await page.waitForFunction(() => document.querySelectorAll(".country-tiles li").length === 20);
    assert.equal(await page.locator("select[name=view]").count(), 0, "there is no map of them");
    const places = await page.evaluate(() => new Set([...document.querySelectorAll(".country-tiles li")]
        .map((li) => `${li.offsetLeft} ${li.offsetTop}`)).size);
    assert.equal(places, 20, "no tile on another");
    for (const [size, viewport] of [["wide", WIDE], ["narrow", NARROW]]) {
        await page.setViewportSize(viewport);
        for (const language of LANGUAGES) {
            await speak(page, language);
            await look(page, `regions-${language}-${size}`);
            const broken = await page.evaluate(() => [...document.querySelectorAll(".country-tiles a")].filter((tile) => {
                tile.style.overflowWrap = "normal"; // what does not fit then had been broken anywhere
                const over = tile.scrollWidth > tile.clientWidth;
                tile.style.overflowWrap = "";
                return over;
            }).map((tile) => tile.innerText));
            assert.deepEqual(broken, [], `${language}, ${size}: names break at their syllables`);
        }
    }
    await page.click('.country-tiles a[href="#/body/ulytau"]');
    await page.waitForFunction(() => document.querySelector("h1")?.textContent.includes("Ulytau"));
    await page.context().close();
}
