// What is printed: no form, no button, nothing cut, every word on the sheet, and the table's heads on each of its sheets.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { go, keyOf, LANGUAGES, open, shots, speak } from "./country.mjs";

const SHEET = { width: 1032, height: 702 }; // A4 across, without its margins, at 96 to the inch
const HEADS = {
    kk: ["Күйі", "Орган", "Мерзімі"], ru: ["Состояние", "Орган", "Срок"], en: ["State", "Body", "Due"],
};
const PRINTED = { matrix: ["ru"], list: LANGUAGES }; // as sheets, too
const PAGES = {
    matrix: "matrix", list: "list?state=overdue", obligation: `obligation/${encodeURIComponent(keyOf("annual", "kostanay", "2012-01-01..2012-12-31"))}`,
    money: "money", indicators: "indicators", timeline: "timeline", regions: "map?view=tiles",
};

/** What of a page is there to be used and not read, or is wider than its frame. */
function unprintable() {
    const shown = (at) => at.getClientRects().length > 0;
    const used = [...document.querySelectorAll("nav, button, input, select, textarea, form")].filter(shown);
    const cut = [...document.querySelectorAll("main *")].filter((at) => shown(at) && !at.closest(".unseen, svg") &&
        getComputedStyle(at).overflow !== "visible" && (at.scrollWidth > at.clientWidth + 1 || at.scrollHeight > at.clientHeight + 1));
    const over = document.documentElement.scrollWidth - innerWidth;
    return [...[...used, ...cut].map((at) => at.outerHTML.slice(0, 120)), ...(over > 0 ? [`${over} px wider than the sheet`] : [])];
}

/** Sheets of words, each with its place, as pdftotext finds them. */
function sheetsOf(pdf) {
    const folder = mkdtempSync(join(shots || tmpdir(), "paper-"));
    try {
        writeFileSync(join(folder, "page.pdf"), pdf);
        const text = execFileSync("pdftotext", ["-bbox", join(folder, "page.pdf"), "-"], { encoding: "utf8" });
        return text.split("<page ").slice(1).map((page) => {
            const [width, height] = [/width="([\d.]+)"/, /height="([\d.]+)"/].map((what) => Number(what.exec(page)[1]));
            const words = [...page.matchAll(/<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)<\/word>/g)];
            return {
                words: words.map((w) => w[5]),
                outside: words.filter(([, left, top, right, bottom]) => left < 0 || top < 0 || right > width || bottom > height).map((w) => w[5]),
            };
        });
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

export async function thePaper(browser, who) {
    const page = await open(browser, SHEET, "kk", who.aigul, "dark");
    for (const [name, hash] of Object.entries(PAGES)) {
        await page.emulateMedia({ media: "screen" });
        await go(page, hash);
        for (const language of PRINTED[name] || ["ru"]) {
            await page.emulateMedia({ media: "screen" });
            await speak(page, language);
            await page.emulateMedia({ media: "print" });
            assert.deepEqual(await page.evaluate(unprintable), [], `${name}, ${language}`);
            if (shots) await page.screenshot({ path: join(shots, `paper-${name}-${language}.png`), fullPage: true });
            if (!PRINTED[name]) continue;
            const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
            if (shots) writeFileSync(join(shots, `paper-${name}-${language}.pdf`), pdf);
            const sheets = sheetsOf(pdf);
            for (const { words, outside } of sheets) {
                assert.deepEqual(outside, [], `${name}, ${language}: off the sheet`);
                if (name === "list") for (const head of HEADS[language]) assert.ok(words.includes(head), `${language}: "${head}" on each sheet`);
            }
            if (name === "list") assert.ok(sheets.length > 1, "a list of more than a sheet");
        }
    }
    await page.context().close();
}
