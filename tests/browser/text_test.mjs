// The texts of the page: the same keys in every language, the plurals each language needs, the same {holes}, and no key
// asked for by name that is not there.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const board = join(dirname(fileURLToPath(import.meta.url)), "../../web/board");
const LANGUAGES = ["kk", "ru", "en"];
const texts = Object.fromEntries(LANGUAGES.map((l) => [l, JSON.parse(readFileSync(join(board, `text/${l}.json`), "utf8"))]));
const faults = [];
const all = new Set(LANGUAGES.flatMap((l) => Object.keys(texts[l])));
const holes = (text) => [...new Set(text.match(/\{\w+\}/g) || [])].sort().join();

for (const key of all) {
    for (const l of LANGUAGES) {
        const text = texts[l][key];
        if (text === undefined) {
            faults.push(`${l}: ${key} is missing`);
            continue;
        }
        const forms = typeof text === "string" ? { other: text } : text;
        const wanted = typeof text === "string" ? [] : new Intl.PluralRules(l).resolvedOptions().pluralCategories;
        for (const form of wanted) if (!forms[form]) faults.push(`${l}: ${key} has no form "${form}"`);
        const model = texts.en[key]?.other ?? texts.en[key] ?? "";
        if (holes(forms.other) !== holes(model)) faults.push(`${l}: ${key} has other holes than en`);
        if (Object.values(forms).some((f) => !f.trim())) faults.push(`${l}: ${key} is empty`);
    }
}
const sources = readdirSync(board, { recursive: true }).filter((f) => f.endsWith(".js") && !f.startsWith("vendor"));
for (const file of sources) {
    const text = readFileSync(join(board, file), "utf8");
    for (const [, key] of text.matchAll(/\bt\("([^"]+)"/g)) if (!all.has(key)) faults.push(`${file}: t("${key}") is no text`);
}
for (const fault of faults) console.error(fault);
console.log(`${all.size} texts in ${LANGUAGES.length} languages, ${sources.length} modules, ${faults.length} faults`);
process.exit(faults.length || all.size === 0 ? 1 : 0);
