// A clerk's day in Chromium, on real daemons (office_run.py): the first report by the keyboard alone, a report written without
// a connection with its scan, through a power cut, what two windows do to one draft, the link back, the receipt, the return, the correction,
// the acceptance; a lead body that cites what a co-executor reported; and every page in three languages, wide and narrow, for everybody (axe).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { faults, launch, LANGUAGES, look, open, PATIENCE_MS, settled, speak, WIDE } from "./browser.mjs";

const SMALL = { width: 360, height: 740 };
const PLAN = "kz-1347-2012";
const ANNUAL = `${PLAN}/annual/-/akmola/2012-01-01..2012-12-31`;
const CENTRES = `${PLAN}/fulfilment/24/akmola/2012-01-01..2012-12-31`;
const NOTED = `${PLAN}/fulfilment/40/akmola/2013-01-01..2013-12-31`;
const LEADS = `${PLAN}/fulfilment/13/mia/2013-01-01..2013-06-30`;
const WORDS = "Өткізілді: он семинар, обучено сто двадцать человек; сведения обезличены. ";
const HARD = /status of 41[25]|status of 401|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_NETWORK|ERR_FAILED/;

const line = new Socket({ fd: 3, readable: true, writable: true });
const answers = createInterface({ input: line })[Symbol.asyncIterator]();

/** What a hand at the machine does: see office_run.py. */
async function hand(...words) {
    line.write(`${JSON.stringify(words)}\n`);
    const { value } = await answers.next();
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer.value;
}

let address = "";
const go = async (page, hash) => {
    await page.evaluate((h) => { location.hash = h; }, `#/${hash}`);
    await page.waitForFunction((h) => document.querySelector("main")?.dataset.at === h, `#/${hash}`);
    await settled(page);
};
const duty = (key) => `duty/${encodeURIComponent(key)}`;
/** The daemon has this in the draft on its disk, as it says itself. (What is awaited inside waitForFunction it takes for
 * true, so the asking is done from here.) */
async function stored(page, field, value) {
    const form = () => page.evaluate(async (path) => {
        const reply = await fetch(path, { headers: { "X-Esep-Key": localStorage.getItem("esep-office-key") } });
        return reply.ok ? (await reply.json()).draft.form : {};
    }, `/api/v1/obligations/${encodeURIComponent(CENTRES)}`).catch(() => ({})); // the daemon is down, or not up yet
    for (const end = Date.now() + PATIENCE_MS; (await form())[field] !== value;) {
        assert.ok(Date.now() < end, `${field} is not stored: ${value}`);
        await new Promise((done) => { setTimeout(done, 300); });
    }
}
const delivery = (page, mark, text) => page.waitForSelector(`main > .marks .mark-${mark}:has-text("${text}")`);

/** As `esep-agent open` does it. */
async function enter(page) {
    const url = await hand("url");
    address = new URL(url).origin;
    await page.goto(url);
    await page.waitForSelector(".deck");
    assert.equal(page.url(), `${address}/`, "the key does not stay in the address");
}

/** Tab until what has the focus answers to a selector. */
async function tabTo(page, selector) {
    for (let i = 0; i < 120; i++) {
        await page.keyboard.press("Tab");
        if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
    }
    throw new Error(`no way by the keyboard to ${selector}`);
}

/** Somebody who has never seen it: from the door to a receipt without a mouse. */
async function theFirstReport(page) {
    await tabTo(page, `.deck a.button[href*="annual"]`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("form.report");
    await page.waitForFunction(() => document.activeElement.tagName === "H1");
    await tabTo(page, "form.report button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.classList.contains("summary"));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.id === "f-fulfilment");
    await look(page, "errors");
    await page.keyboard.press("Space");
    await tabTo(page, "#f-percent");
    await page.keyboard.type("100");
    await tabTo(page, "#f-narrative");
    await page.keyboard.type(WORDS);
    await tabTo(page, "form.report button[type=submit]");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.classList.contains("done"));
    await delivery(page, "to_review", "на рассмотрении");
    const [report] = await hand("reports");
    assert.deepEqual([report.obligation, report.percent], [ANNUAL, 100]);
    await look(page, "first-report");
    await tabTo(page, ".way + p a");
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1:has-text('Подтверждение')");
    await page.waitForSelector(`.lead:has-text("№ ${report.log_index}")`);
}

const PERIODS = { kk: "жыл сайын, 2012–2014 жылдар", ru: "ежегодно, 2012–2014 годы", en: "every year, 2012 to 2014" };

/** A fieldset's name stands in its frame on one line, and the plan's period is said in the reader's language. */
async function theFrames(page, name) {
    const broken = await page.evaluate(() => [...document.querySelectorAll("legend")]
        .filter((l) => l.offsetHeight > 1.9 * parseFloat(getComputedStyle(l).fontSize) * 1.5).map((l) => l.textContent));
    assert.deepEqual(broken, [], `${name}: names over their frames`);
    const demands = await page.evaluate(() => document.querySelector(".beside").textContent);
    assert.ok(demands.includes(PERIODS[name.slice(-2)]), demands);
}

/** Every page in three languages, wide and narrow. */
async function everyPage(page) {
    for (const [name, size] of [["wide", WIDE], ["small", SMALL]]) {
        await page.setViewportSize(size);
        for (const [view, hash] of [["duties", "duties"], ["form", duty(CENTRES)], ["sent", duty(ANNUAL)], ["confirmation", `confirmation/${encodeURIComponent(ANNUAL)}`]]) {
            await go(page, hash);
            for (const language of LANGUAGES) {
                await speak(page, language);
                await look(page, `${view}-${name}-${language}`);
                if (view === "form") await theFrames(page, `${name}-${language}`);
            }
        }
    }
    await page.setViewportSize(WIDE);
    await speak(page, "ru");
}

/** Without a connection: the sentence is grey, and what is written is kept through a power cut amid typing. */
async function thePowerCut(page) {
    await hand("link_down");
    await page.waitForSelector(".line-off");
    await go(page, duty(CENTRES));
    await page.click("#f-fulfilment");
    await page.fill("#f-percent", "70");
    await page.click("#f-narrative");
    await page.keyboard.type(WORDS);
    await stored(page, "narrative", WORDS);
    await page.keyboard.type(WORDS);
    await hand("kill");
    await page.keyboard.type("Конец.");
    await page.waitForSelector(".line-stopped");
    await page.waitForSelector(".unsaved");
    await hand("start");
    const again = await page.context().newPage();
    await again.goto(await hand("url"));
    await again.waitForSelector(".deck");
    await again.close();
    // The window that was open goes on by itself with the new key, and loses nothing.
    await stored(page, "narrative", `${WORDS}${WORDS}Конец.`);
    const other = await page.context().newPage();
    await other.goto(`${address}/#/${duty(CENTRES)}`);
    await other.waitForSelector("form.report");
    assert.equal(await other.inputValue("#f-narrative"), `${WORDS}${WORDS}Конец.`);
    assert.equal(await other.inputValue("#f-percent"), "70");
    return other;
}

/** What the disk has after a cut, when no window is left to tell: all that was called saved. */
async function theCutWithoutAWindow(page) {
    await go(page, duty(CENTRES));
    await page.fill("#f-obstacles", "Нет переводчиков.");
    await stored(page, "obstacles", "Нет переводчиков.");
    await page.click("#f-delay_reasons");
    await page.keyboard.type("Обобщить");
    await hand("kill");
    await page.goto("about:blank");
    await hand("start");
    await enter(page);
    await go(page, duty(CENTRES));
    assert.equal(await page.inputValue("#f-obstacles"), "Нет переводчиков.");
    assert.ok("Обобщить".startsWith(await page.inputValue("#f-delay_reasons")));
}

/** Two windows, one draft: other fields come in by themselves, one field asks. */
async function twoWindows(page, other) {
    await other.fill("#f-outgoing_number", "01-15/77");
    await page.waitForFunction(() => document.querySelector("#f-outgoing_number").value === "01-15/77");
    await page.route("**/drafts/**", (route) => route.abort()); // this window does not get through for a while
    await page.fill("#f-next_steps", "здесь");
    await page.waitForSelector(".unsaved");
    await other.fill("#f-next_steps", "там");
    await stored(other, "next_steps", "там");
    await page.unroute("**/drafts/**");
    await page.waitForSelector(".other:has-text('там')");
    await look(page, "two-windows");
    await page.click("form.report button[type=submit]");
    await page.waitForSelector(".unsaved");
    assert.equal((await hand("reports")).length, 1, "it is not sent before that is settled");
    await page.click(".other button:first-of-type");
    await stored(page, "next_steps", "здесь");
    await other.waitForFunction(() => document.querySelector("#f-next_steps").value === "здесь");
    await other.close();
}

/** Figures as people write them; what cannot be read is said beside its field and is not lost. */
async function theFigures(page) {
    await page.click("#f-money");
    await page.waitForSelector("#f-money-0-spent");
    await page.fill("#f-money-0-planned", "много");
    await page.fill("#f-money-0-spent", "1 234,5");
    await page.click("#f-narrative");
    await page.waitForSelector("#f-money-0-planned-error");
    assert.equal(await page.inputValue("#f-money-0-planned"), "много");
    await page.fill("#f-money-0-planned", "2 000");
    await page.click("#f-narrative");
    await page.waitForFunction(() => /1.234,50/.test(document.querySelector("#f-money-0-spent").value));
    await page.click("#f-indicators");
    await page.fill("#f-indicators-0-name", "Кризисные центры");
    await page.fill("#f-indicators-0-value", "3");
}

/** A scan is taken and kept; what is no document is refused with the reason, and both are told beside the choice. */
async function theEvidence(page) {
    await page.waitForSelector("#f-attachments-group small:has-text('PDF')");
    await page.setInputFiles("#f-attachments", [
        { name: "Скан приказа.pdf", mimeType: "application/pdf", buffer: Buffer.from(`%PDF-1.7\n${"скан ".repeat(4000)}\n%%EOF\n`) },
        { name: "страница.pdf", mimeType: "application/pdf", buffer: Buffer.from("<!doctype html><script></script>") },
    ]);
    await page.waitForSelector(".files .error:has-text('страница.pdf')");
    await page.waitForSelector(".files li:has-text('Скан приказа.pdf') button:has-text('Убрать')");
    await look(page, "evidence");
    await page.click(".files li:has(.error) button");
}

/** Sent without a connection, then the link is back: saved, received, and the way says by whose clock. */
async function theLinkBack(page) {
    await page.click("form.report button[type=submit]");
    await page.waitForSelector(".done");
    await delivery(page, "due_soon", "сохранён здесь");
    await look(page, "queued");
    await go(page, "duties");
    await page.waitForSelector(".cards:has-text('Кризисные центры')");
    await hand("link_up");
    await page.waitForSelector(".line-on");
    await go(page, duty(CENTRES));
    await page.waitForSelector(".way .step-received:has-text('по часам комиссии')");
    await page.waitForSelector(".way .step-evidence_complete:has-text('в журнале комиссии')");
    await page.waitForSelector(".way .step-under_review");
}

/** Returned with a reason, opened filled in, corrected, accepted: each comes to the open window by itself. */
async function theReturn(page) {
    const report = (await hand("reports")).find((r) => r.obligation === CENTRES);
    await hand("review", report.log_index, "--return", "figures", "--comment", "В тексте сто двадцать, в показателях три.", "--again-by", "2013-07-15");
    await page.waitForSelector(".note.returned:has-text('сто двадцать')");
    await page.waitForSelector("fieldset[data-field=indicators] .reason:has-text('сто двадцать')");
    assert.equal(await page.inputValue("#f-indicators-0-value"), "3");
    for (const language of LANGUAGES) {
        await speak(page, language);
        await look(page, `returned-${language}`);
    }
    await speak(page, "ru");
    await go(page, "duties");
    await page.waitForSelector(".card .why:has-text('Возвращён')");
    await go(page, duty(CENTRES));
    await page.fill("#f-indicators-0-value", "120");
    await page.click("form.report button[type=submit]");
    await page.waitForSelector(".done:has-text('дошёл до комиссии')");
    const again = (await hand("reports")).find((r) => r.obligation === CENTRES && r.revision === 2);
    await hand("review", again.log_index, "--accept");
    await delivery(page, "on_time", "принят");
    await page.waitForSelector(".way .step-accepted");
    await look(page, "accepted");
}

/** The collector is away: what the broker saw stands beside the report's way, with both files of it to save. */
async function theBrokersWord(page) {
    await hand("collector_down");
    await go(page, duty(NOTED));
    await page.click("#f-fulfilment");
    await page.fill("#f-percent", "30");
    await page.click("#f-narrative");
    await page.keyboard.type(WORDS);
    await page.click("form.report button[type=submit]");
    await page.waitForSelector(".note.noted:has-text('самое слабое доказательство')");
    for (const [button, ending] of [["Сохранить отметку", ".ingress-proof"], ["Сохранить отчёт", ".report"]]) {
        const [download] = await Promise.all([page.waitForEvent("download"), page.click(`.noted button:has-text('${button}')`)]);
        assert.ok(download.suggestedFilename().endsWith(ending), download.suggestedFilename());
        const bytes = readFileSync(await download.path());
        if (ending === ".report") assert.ok(bytes.includes(WORDS.trim()), "the report as it was signed");
        else assert.ok(bytes.toString().startsWith("esep-ingress-proof@v1\nextra "), "the broker's note");
    }
    const confirmation = `confirmation/${encodeURIComponent(NOTED)}`;
    for (const [name, size] of [["wide", WIDE], ["small", SMALL]]) {
        await page.setViewportSize(size);
        for (const [view, hash] of [["noted", duty(NOTED)], ["noted-confirmation", confirmation]]) {
            await go(page, hash);
            for (const language of LANGUAGES) {
                await speak(page, language);
                await page.waitForSelector(".noted");
                await look(page, `${view}-${name}-${language}`);
            }
        }
    }
    await page.setViewportSize(WIDE);
    await speak(page, "ru");
    await hand("collector_up");
    await page.waitForSelector("section h2:has-text('Квитанция')");
    await page.waitForSelector(".noted h2:has-text('Отметка брокера')");
    await look(page, "noted-and-received");
    await go(page, duty(NOTED));
    await page.waitForSelector(".way .step-received");
    assert.equal(await page.locator(".note.noted").count(), 0, "what is received needs no weaker proof");
}

/** The lead body's office has its co-executor's accepted report, reads it, and cites it. */
async function theLead(page) {
    const url = await hand("lead");
    await hand("report", "--action", "13", "--window", "2013-01-01..2013-06-30", "--fulfilment", "executed", "--percent", "100", "--narrative", "Проверено восемь фирм.", "--wait");
    const helped = (await hand("reports")).find((r) => r.obligation.includes("/13/akmola/"));
    await page.goto(url);
    await page.waitForSelector(".deck");
    await hand("review", helped.log_index, "--accept");
    await page.waitForSelector(".card:has-text('соисполнителей: 1')");
    await go(page, duty(LEADS));
    await page.click("[data-field=cites] summary");
    await page.waitForSelector("[data-field=cites] .prose:has-text('Проверено восемь фирм.')");
    await look(page, "cites");
    await page.click("[data-field=cites] input");
    await page.click("#f-fulfilment");
    await page.click("form.report button[type=submit]");
    await delivery(page, "to_review", "на рассмотрении");
    const leads = (await hand("reports")).find((r) => r.obligation === LEADS);
    const [whole, cited] = [await hand("read", leads.log_index), await hand("read", helped.log_index)];
    assert.deepEqual(whole.report.cites, [cited.content_hash]);
}

const begun = Date.now();
const browser = await launch();
try {
    const page = await open(browser, WIDE, "ru");
    const run = async (part, ...more) => {
        const from = Date.now();
        const value = await part(page, ...more);
        console.log(`${part.name}: ${((Date.now() - from) / 1000).toFixed(1)} s`);
        return value;
    };
    await run(enter);
    await run(theFirstReport);
    await run(everyPage);
    const other = await run(thePowerCut);
    await run(twoWindows, other);
    await run(theCutWithoutAWindow);
    await run(theFigures);
    await run(theEvidence);
    await run(theLinkBack);
    await run(theReturn);
    await run(theBrokersWord);
    await run(theLead);
} catch (error) {
    faults.push(error.stack);
} finally {
    await browser.close();
    line.end();
}
const left = faults.filter((f) => !HARD.test(f) && !/: (?:401|412|415)$/.test(f)); // what a power cut and a second window must look like
console.log(`${((Date.now() - begun) / 1000).toFixed(1)} s`);
for (const fault of new Set(left)) console.error(fault);
process.exit(left.length ? 1 : 0);
