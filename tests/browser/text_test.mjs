// The texts of both pages: the same keys in every language, the plurals each language needs, the same {holes}, no key
// asked for by name that is not there, and none of a page's own that shared/ has already.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "../../web");
const LANGUAGES = ["kk", "ru", "en"];
const faults = [];
const holes = (text) => [...new Set(text.match(/\{\w+\}/g) || [])].sort().join();
const textsOf = (folder) => Object.fromEntries(LANGUAGES.map((l) => [l,
    JSON.parse(readFileSync(join(web, folder, `text/${l}.json`), "utf8"))]));

/** The keys of a folder, each looked at in every language. */
function examine(folder) {
    const texts = textsOf(folder);
    const all = new Set(LANGUAGES.flatMap((l) => Object.keys(texts[l])));
    for (const key of all) {
        for (const l of LANGUAGES) {
            const text = texts[l][key];
            if (text === undefined) {
                faults.push(`${folder}/${l}: ${key} is missing`);
                continue;
            }
            const forms = typeof text === "string" ? { other: text } : text;
            const wanted = typeof text === "string" ? [] : new Intl.PluralRules(l).resolvedOptions().pluralCategories;
            for (const form of wanted) if (!forms[form]) faults.push(`${folder}/${l}: ${key} has no form "${form}"`);
            const model = texts.en[key]?.other ?? texts.en[key] ?? "";
            if (holes(forms.other) !== holes(model)) faults.push(`${folder}/${l}: ${key} has other holes than en`);
            if (Object.values(forms).some((f) => !f.trim())) faults.push(`${folder}/${l}: ${key} is empty`);
        }
    }
    return all;
}

/** What the modules of a folder ask for by name must be among `known`. How many modules. */
function ask(folder, known) {
    const sources = readdirSync(join(web, folder), { recursive: true }).filter((f) => f.endsWith(".js"));
    for (const file of sources) {
        const text = readFileSync(join(web, folder, file), "utf8");
        for (const [, key] of text.matchAll(/\bt\("([^"]+)"/g)) if (!known.has(key)) faults.push(`${folder}/${file}: t("${key}") is no text`);
    }
    return sources.length;
}

const shared = examine("shared");
for (const page of ["board", "office"].filter((p) => existsSync(join(web, p)))) {
    const its = examine(page);
    for (const key of its) if (shared.has(key)) faults.push(`${page}: ${key} is in shared/ already`);
    const known = new Set([...its, ...shared]);
    const modules = ask(page, known) + ask("shared", known);
    console.log(`${page}: ${known.size} texts in ${LANGUAGES.length} languages, ${modules} modules`);
    if (its.size === 0) faults.push(`${page}: no texts`);
}
for (const fault of faults) console.error(fault);
process.exit(faults.length ? 1 : 0);
