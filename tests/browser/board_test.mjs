// The commission's page in Debian's Chromium, over the real server and the country of scripts/demo: every page in three
// languages, wide and narrow, without an error of the console, a violation of the Content-Security-Policy, a find of axe
// (WCAG 2.2 AA) or a page wider than its window; then what a secretary does in a year, by keyboard and with real agents.
// run.py BIN node board_test.mjs

import assert from "node:assert/strict";
import {
    address, confirm, decide, download, enter, facts, faults, go, keyOf, LANGUAGES, launch, look, NARROW, office, open, PASSWORD, report,
    settled, speak, WIDE,
} from "./country.mjs";
import { theConflict, theRegionsOfToday } from "./disputes.mjs";
import { thePaper } from "./paper.mjs";

const YEAR = "2012-01-01..2012-12-31";
const PAGES = {
    glance: "glance", matrix: "matrix", map: "map", tiles: "map?view=tiles&show=rate", list: "list?state=to_review",
    obligation: `obligation/${encodeURIComponent(keyOf("annual", "kostanay", YEAR))}`, body: "body/karaganda", action: "action/24",
    offices: "offices", feed: "feed", timeline: "timeline", money: "money", indicators: "indicators",
    exports: "exports",
};
const who = {}; // name -> what a context needs to be logged in

/** What a part provoked is no fault. Once its window is closed: a browser tells of its errors when it comes to it. */
const forgive = (provoked) => faults.splice(0, faults.length, ...faults.filter((f) => !provoked.test(f)));

const rows = (page) => page.locator(".cards tbody tr").count();

/** Who comes for the first time has an invitation; who is wrong is told so, and no more. */
async function theDoor(browser) {
    for (const name of ["aigul", "berik", "dana"]) {
        const page = await open(browser, NARROW, "en");
        if (name === "berik") {
            await page.goto(address);
            await page.waitForSelector("input[name=name]");
            await look(page, "login");
            await page.fill("input[name=name]", name);
            await page.fill("input[name=password]", "not his password");
            await page.keyboard.press("Enter");
            await page.waitForSelector("[role=alert]");
            await look(page, "login-wrong");
        }
        await enter(page, name, true);
        who[name] = await page.context().storageState();
        who[name].origins = []; // the language is each test's own
        await page.context().close();
    }
    const page = await open(browser, WIDE, "en");
    await enter(page, "berik");
    await page.click(".account button");
    await page.waitForSelector("input[name=password]");
    await page.reload();
    await page.waitForSelector("input[name=password]");
    await page.context().close();
}

async function theAddress(browser) {
    const page = await open(browser, WIDE, "ru", who.aigul);
    await go(page, "list");
    await page.selectOption("select[name=state]", "overdue");
    await page.selectOption("select[name=body]", "mia");
    await page.waitForFunction(() => location.hash.includes("state=overdue") && location.hash.includes("body=mia"));
    await page.waitForFunction(() => document.querySelectorAll(".cards tbody tr").length > 0 && !document.querySelector(".busy"));
    await page.waitForFunction(() => [...document.querySelectorAll('.cards a[href^="#/body/"]')].every((a) => a.hash === "#/body/mia"));
    const count = await rows(page);
    await page.reload();
    await page.waitForSelector(".cards tbody tr");
    assert.equal(await rows(page), count, "the same list after a reload");
    assert.equal(await page.inputValue("select[name=body]"), "mia");
    await page.evaluate(() => { globalThis.before = true; });
    for (const [language, head] of [["en", "Obligations"], ["kk", "Міндеттемелер"], ["ru", "Обязательства"]]) {
        await page.click(`button[lang=${language}]`);
        await page.waitForFunction(([h, l]) => document.querySelector("h1").textContent === h && document.documentElement.lang === l,
            [head, language]);
    }
    assert.equal(await page.evaluate(() => globalThis.before), true, "no reload for another language");
    assert.match(page.url(), /state=overdue/, "the filters stay");
    await page.fill("input[name=q]", "zzzz");
    await page.waitForFunction(() => !document.querySelector(".cards"));
    await page.click(".filters a.button");
    await page.waitForFunction(() => location.hash === "#/list" && document.querySelectorAll(".cards tbody tr").length === 100);
    await page.goto(`${address}some/other/path`);
    await settled(page);
    await page.context().close();
}

async function theMatrix(browser) {
    const page = await open(browser, WIDE, "en", who.berik);
    await go(page, "matrix");
    await page.focus('[data-at="0 0"]');
    for (const key of ["ArrowDown", "ArrowRight", "End", "Home"]) await page.keyboard.press(key);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.at), "1 0");
    assert.equal(await page.locator('.matrix [data-at][tabindex="0"]').count(), 1, "one stop of the Tab key");
    const words = await page.evaluate(() => [...document.querySelectorAll(".matrix .cell")].every((c) => c.innerText.trim().length > 2));
    assert.ok(words, "words in every cell");
    assert.ok(await page.locator(".matrix tbody tr").count() >= 40);
    assert.equal(await page.locator(".matrix thead th").count(), 32);
    await page.evaluate(() => { document.querySelector(".matrix-frame").scrollTo(900, 900); });
    const stick = await page.evaluate(() => {
        const frame = document.querySelector(".matrix-frame").getBoundingClientRect();
        const corner = document.querySelector(".matrix thead th").getBoundingClientRect();
        return Math.abs(frame.left - corner.left) < 3 && Math.abs(frame.top - corner.top) < 3;
    });
    assert.ok(stick, "the heads stay");
    await page.focus('[data-at="1 1"]');
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.hash.startsWith("#/obligation/"));
    await page.context().close();
}

/** Every page as it stands in each language: switched as a person does, without another reading. Once light, once dark.
 * axe, which asks nothing of the language but that it is named, sees each page light in one by turns and dark in the next. */
async function everyPage(browser, size, viewport, scheme) {
    const page = await open(browser, viewport, LANGUAGES[0], who.aigul, scheme);
    for (const [number, [name, hash]] of Object.entries(PAGES).entries()) {
        await go(page, hash);
        const turn = LANGUAGES[(number + (size === "wide" ? 0 : 1)) % LANGUAGES.length];
        for (const language of LANGUAGES) {
            await speak(page, language);
            await look(page, `${name}-${language}-${size}`, language === turn);
        }
    }
    await page.context().close();
}

const everyWidePage = (browser) => everyPage(browser, "wide", WIDE, "light");
const everyNarrowPage = (browser) => everyPage(browser, "narrow", NARROW, "dark");

/** What the plan says in one language is read in each: an action's period as days, the plan's words beside them. */
async function thePeriod(browser) {
    const page = await open(browser, WIDE, "kk", who.berik);
    await go(page, "action/24");
    for (const [language, days, words] of [["kk", "2012 ж. 1 қаң. – 2012 ж. 31 жел.", "жоспарда: «On an annual basis»"],
        ["ru", "1 янв. 2012", "в плане: «On an annual basis»"], ["en", "1 Jan 2012 – 31 Dec 2012", "in the plan: “On an annual basis”"]]) {
        await speak(page, language);
        await facts(page, days);
        await facts(page, words);
    }
    await page.context().close();
}

/** What offices counted, as lines over the years and as a table; and money, with a year's sum of what is known. */
async function theNumbers(browser) {
    const page = await open(browser, WIDE, "en", who.berik);
    await go(page, "indicators?action=24");
    await page.waitForSelector(".chart svg .line");
    const centres = page.locator(".indicator", { hasText: "Кризисные центры" });
    assert.equal(await centres.locator(".chart svg[role=img] path.line").count(), 3, "a line for each body");
    assert.equal(await centres.locator(".chart svg[role=img] .target").count(), 2, "the target of each year");
    assert.deepEqual(await centres.locator("tbody tr", { hasText: "Karaganda" }).allInnerTexts().then((all) => all.map((text) => text.split(/\s+/)
        .filter((word) => /^\d/.test(word)).join(" "))), ["2012 4 5 80%", "2013 5 5 100%"]);
    const broken = page.locator(".indicator", { hasText: "Обратилось за помощью" });
    assert.equal(await broken.locator("tbody tr", { hasText: "женщины" }).count(), 6, "three bodies, two years");
    assert.equal(await broken.locator(".chart svg[role=img] path.line").count(), 6);
    await page.selectOption(".filters select", "annual");
    const trained = page.locator(".indicator", { hasText: "Обучено специалистов" });
    await trained.waitFor();
    assert.equal(await page.locator(".indicator", { hasText: "Кризисные центры" }).count(), 0);
    assert.ok(await trained.locator("tbody tr", { hasText: "2012" }).count() > 10, "each body's own of the year");
    assert.equal(await trained.locator(".level-target").count(), await trained.locator("tbody tr").count(), "each against its target");
    await go(page, "money?year=2012");
    await page.waitForSelector(".cards");
    const sum = await page.locator("tbody tr", { hasText: "Sum of what is known" }).innerText();
    assert.match(sum.replace(/[\u00a0\u202f]/g, " "), /960,000 ₸\s+3,600,000 ₸\s+2,941,350.75 ₸\s+81.7%/);
    await page.context().close();
}

/** Sixteen regions, as a map and as tiles; each leads to its body. */
async function theMap(browser) {
    const page = await open(browser, WIDE, "kk", who.berik);
    await go(page, "map?view=map");
    await page.waitForSelector("svg.country");
    assert.equal(await page.locator("svg.country a").count(), 16);
    assert.equal(await page.locator("svg.country .ground").count(), 16);
    assert.equal(await page.locator("svg.country line").count(), 2, "Astana and Almaty stand beside");
    const outside = await page.evaluate(() => {
        const frame = document.querySelector("svg.country").getBoundingClientRect();
        return [...document.querySelectorAll("svg.country text")].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
        }).map((text) => text.textContent);
    });
    assert.deepEqual(outside, []);
    await page.selectOption("select[name=view]", "tiles");
    await page.waitForSelector(".country-tiles");
    assert.equal(await page.locator(".country-tiles li").count(), 16);
    const places = await page.evaluate(() => new Set([...document.querySelectorAll(".country-tiles li")]
        .map((li) => `${li.offsetLeft} ${li.offsetTop}`)).size);
    assert.equal(places, 16, "no tile on another");
    await page.click('.country-tiles a[href="#/body/karaganda"]');
    await page.waitForFunction(() => location.hash === "#/body/karaganda");
    await page.context().close();
}

/** On 10 February the consolidated report is handed in: as a document, as a spreadsheet, as a table. */
async function theExport(browser) {
    const page = await open(browser, WIDE, "ru", who.aigul);
    await go(page, "exports");
    assert.equal(await page.inputValue("select[name=year]"), "2012", "the year before");
    for (const [format, begins] of [["docx", "PK"], ["xlsx", "PK"], ["pdf", "%PDF-"], ["csv", "\u00ef\u00bb\u00bf"]]) {
        await page.selectOption("select[name=format]", format);
        await page.click("form button[type=submit]");
        const ready = `.work-done a[download$=".${format}"]`;
        await page.waitForSelector(ready);
        const file = await download(page, ready);
        assert.ok(file.name.endsWith(`.${format}`), file.name);
        assert.equal(file.bytes.subarray(0, begins.length).toString("latin1"), begins);
        assert.ok(file.bytes.length > 1000);
    }
    await look(page, "exports-done");
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll(".work-done").length === 4);
    await page.click(".work button:not(.main)");
    await page.waitForFunction(() => document.querySelectorAll(".work-done").length === 3);
    const calendar = await download(page, 'a[href*="calendar.ics"]');
    assert.match(calendar.bytes.toString("utf8"), /^BEGIN:VCALENDAR/);
    await page.context().close();
    const viewer = await open(browser, WIDE, "ru", who.berik);
    await go(viewer, "exports");
    await viewer.waitForSelector(".note");
    assert.equal(await viewer.locator("main form").count(), 0);
    await viewer.context().close();
}

/** An address for a calendar program, which cannot log in: made, copied, read without a login, and void when it is revoked. */
async function theCalendar(browser) {
    const page = await open(browser, WIDE, "ru", who.berik);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await go(page, "exports");
    await page.click("text=Создать адрес");
    await page.waitForSelector(".address input");
    const given = await page.inputValue(".address input");
    await page.click("text=Копировать");
    await page.waitForSelector("text=Адрес скопирован.", { state: "attached" });
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), given);
    await look(page, "calendar");
    const feed = await fetch(given);
    assert.equal(feed.status, 200);
    assert.match(await feed.text(), /^BEGIN:VCALENDAR/);
    await page.reload();
    await page.waitForSelector("text=Адрес создан");
    assert.equal(await page.locator(".address").count(), 0, "shown once");
    await page.click("text=Отозвать адрес");
    await page.waitForSelector("text=Адреса ещё нет.");
    assert.equal((await fetch(given)).status, 404);
    await page.context().close();
}

/** A report goes back to its office with a reason, comes again, and is accepted; the page shows each step by itself. */
async function theReturn(browser) {
    const page = await open(browser, WIDE, "en", who.aigul);
    const feed = await open(browser, WIDE, "en", who.berik);
    const key = keyOf("annual", "zhambyl", YEAR);
    await go(feed, "feed");
    await go(page, "glance");
    const waiting = Number((await page.innerText(".tile-to_review .figure")).replace(/\D/g, ""));
    assert.ok(waiting > 0, "reports wait for a decision");
    await page.click(".tile-to_review");
    await page.waitForFunction((n) => document.querySelectorAll(".cards tbody tr").length === n, waiting);
    await page.click(`.cards a[href="#/obligation/${encodeURIComponent(key)}"]`);
    await page.waitForSelector(".revision");
    await decide(page, "r");
    await look(page, "dialog-return");
    await page.selectOption("dialog select", "figures");
    await page.fill("dialog input[type=date]", "2013-02-05");
    await page.fill("dialog textarea", "See table 2.");
    await confirm(page);
    await facts(page, "returned");
    await feed.waitForFunction(() => [...document.querySelectorAll(".feed .fresh")].some((li) => li.textContent.includes("See table 2.")));
    while (!office("zhambyl", "duties").includes("See table 2.")) await new Promise((done) => { setTimeout(done, 100); });
    report("zhambyl", "--kind", "annual", "--window", "2012", "--fulfilment", "executed", "--percent", "90", "--narrative", "Table 2 is right now.");
    await page.waitForFunction(() => document.querySelectorAll(".revision").length === 2);
    await page.waitForSelector(".revision ins");
    await feed.waitForFunction(() => document.querySelector(".feed .fresh")?.textContent.includes("revision 2"));
    await decide(page, "a");
    await confirm(page);
    await facts(page, "verified");
    await page.context().close();
    await feed.context().close();
}

async function theBulk(browser) {
    const page = await open(browser, WIDE, "en", who.aigul);
    await go(page, "list?state=to_review&kind=regional-plan");
    await page.waitForSelector(".cards tbody tr");
    const count = await rows(page);
    assert.ok(count > 2);
    await page.check(".cards tbody tr:first-child input");
    await page.waitForSelector("text=Accept 1 report");
    await page.click(".bulk button:first-child");
    await page.click(`text=Accept ${count} reports`);
    await page.waitForSelector("dialog[open]");
    await look(page, "dialog-bulk");
    await confirm(page);
    await page.waitForFunction(() => !document.querySelector(".cards"));
    await go(page, "list?state=accepted&kind=regional-plan");
    await page.waitForFunction((n) => document.querySelectorAll(".cards tbody tr").length === n, count);
    await page.context().close();
}

/** A refusal is in the language that the page shows, the server's reason too. */
async function theRefusal(browser) {
    const page = await open(browser, WIDE, "kk", who.aigul);
    await go(page, "list?state=overdue&body=mfa");
    await page.click(".cards tbody tr:first-child td.grow a");
    await page.waitForSelector(".facts");
    for (const [language, said] of [["kk", /^Орындалмады: [^a-z]{10,}\. Түзетіп, қайталаңыз\.$/i], ["ru", /^Не выполнено: [^a-z]{10,}\. Исправьте и повторите\.$/i]]) {
        await speak(page, language);
        await decide(page, "e");
        await page.fill("dialog input[type=date]", "2012-01-01");
        await page.fill("dialog input:not([type])", "№ 15-2/77");
        await page.fill("dialog textarea", "Елшіліктер");
        await page.focus("dialog button[type=submit]");
        await page.keyboard.press("Enter");
        await page.waitForSelector("dialog [role=alert]");
        assert.match(await page.innerText("dialog [role=alert]"), said);
        await look(page, `refusal-${language}`);
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog", { state: "detached" });
    }
    await page.context().close();
}

/** More time, with the first date still there; off control and back; what is refused says why. */
async function theTerms(browser) {
    const page = await open(browser, WIDE, "en", who.aigul);
    await go(page, "list?state=overdue&body=mfa");
    await page.click(".cards tbody tr:first-child td.grow a");
    await page.waitForSelector(".facts");
    await decide(page, "e");
    await look(page, "dialog-extension");
    await page.fill("dialog input[type=date]", "2012-01-01");
    await page.fill("dialog input:not([type])", "No. 15-2/77");
    await page.fill("dialog textarea", "The embassies answer late.");
    await page.focus("dialog button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog [role=alert]");
    await page.fill("dialog input[type=date]", "2013-03-01");
    await confirm(page);
    await facts(page, "extended");
    await facts(page, "1 Mar 2013");
    await facts(page, "Original date31 Dec 2012");
    await page.waitForFunction(() => [...document.querySelectorAll(".history")].some((h) => h.textContent.includes("No. 15-2/77")));
    for (const [after, button] of [["removed from control", "Restore to control"], ["restored", "Remove from control"]]) {
        await decide(page, "c");
        await page.fill("dialog textarea", "By decision of the commission.");
        await confirm(page);
        await facts(page, after);
        await page.waitForSelector(`text=${button}`);
    }
    await decide(page, "e");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    assert.equal(await page.locator(".history li", { hasText: "No. 15-2/77" }).count(), 1, "Escape decides nothing");
    await page.context().close();
}

/** A viewer decides nothing, and nobody decides on the own body's report. */
async function theRights(browser) {
    const hash = "list?state=to_review&body=mia&action=8";
    for (const [name, own] of [["berik", false], ["dana", true]]) {
        const page = await open(browser, WIDE, "en", who[name]);
        await go(page, hash);
        await page.click(".cards tbody tr:first-child td.grow a");
        await page.waitForSelector(".revision");
        assert.equal(await page.locator("main .buttons button").count(), 0, `${name} has no button`);
        assert.equal(await page.locator(".note").count(), own ? 1 : 0);
        await page.keyboard.press("a");
        assert.equal(await page.locator("dialog").count(), 0, `${name} has no key`);
        await page.context().close();
    }
}

/** An address that leads nowhere, and one of a record that is not there, say so in the reader's language. */
async function theWrongWay(browser) {
    const page = await open(browser, WIDE, "kk", who.berik);
    for (const [hash, said] of [["nowhere", "Мұндай бет жоқ"], ["obligation/none", "Міндеттеме"], ["body/none", "none"]]) {
        await go(page, hash);
        assert.equal(await page.innerText("h1"), said);
        await look(page, `wrong-${hash.replace("/", "-")}`);
        if (hash !== "nowhere") await page.waitForSelector("main [role=alert]");
    }
    await page.context().close();
    forgive(/\/none: 404|obligations\/none|bodies\/none|status of 404/);
}

/** A line that breaks and a login that ends are said; the page comes back by itself. */
async function theLine(browser) {
    const page = await open(browser, WIDE, "en", who.berik);
    await go(page, "glance");
    await page.waitForSelector(".live.on");
    const context = page.context();
    await context.setOffline(true);
    await page.click('nav a[href="#/money"]');
    await page.waitForSelector("main [role=alert]");
    await page.waitForSelector(".live.off");
    await context.setOffline(false);
    // Whoever is first: the page comes back by itself, and the button is gone then.
    const tried = page.click("main [role=alert] button").catch(() => {});
    await Promise.race([tried, page.waitForSelector(".cards")]);
    await page.waitForSelector(".cards");
    await context.clearCookies();
    await page.click('nav a[href="#/offices"]');
    await page.waitForSelector("input[name=password]");
    await page.waitForSelector(".note:text-is('The session has ended. Log in again: the same page will open.')");
    await look(page, "login-lost");
    await page.fill("input[name=name]", "berik");
    await page.fill("input[name=password]", PASSWORD);
    await page.press("input[name=password]", "Enter");
    await page.waitForSelector("h1:text-is('Offices')");
    await context.close();
    forgive(/ERR_INTERNET_DISCONNECTED/);
}

const begun = Date.now();
const browser = await launch();
const run = async (part) => {
    const from = Date.now();
    await part(browser, who).catch((error) => faults.push(`${part.name}: ${error.stack.split("\n").slice(0, 8).join(" ")}`));
    console.log(`${part.name}: ${((Date.now() - from) / 1000).toFixed(1)} s, ${faults.length} faults so far`);
};
const inOrder = async (...parts) => {
    for (const part of parts) await run(part);
};
try {
    await run(theDoor);
    // What only looks goes side by side: a window is a process of its own. What decides goes one after another.
    await Promise.all([inOrder(everyWidePage), inOrder(theAddress, theMatrix, theMap, thePeriod, theNumbers, theRights, thePaper, everyNarrowPage)]);
    await inOrder(theReturn, theConflict, theBulk, theRefusal, theTerms, theExport, theCalendar, theLine, theWrongWay, theRegionsOfToday);
} finally {
    await browser.close();
}
console.log(`${((Date.now() - begun) / 1000).toFixed(1)} s`);
for (const fault of new Set(faults)) console.error(fault);
process.exit(faults.length ? 1 : 0);
