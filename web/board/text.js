// Words, numbers and days in the reader's language. Texts are text/{kk,ru,en}.json, all with the same keys; a value
// is a text with {holes}, or one for each plural category of that language. Days are said in the plan's zone,
// never in the browser's.

const LOCALES = { kk: "kk-KZ", ru: "ru-RU", en: "en-GB" };
const LANGUAGES = Object.keys(LOCALES);
const KEPT_AS = "esep-language";

const texts = {};
let language = "kk";
let zone = "Asia/Almaty";
const made = new Map(); // formatters are dear to make

export { LANGUAGES };

export const current = () => language;

export function setZone(name) {
    zone = name || zone;
}

/** What was chosen before, else what the browser asks for, else Kazakh. */
export function firstChoice() {
    const wanted = [localStorage.getItem(KEPT_AS), ...navigator.languages.map((l) => l.slice(0, 2))];
    return wanted.find((l) => LANGUAGES.includes(l)) || "kk";
}

export async function choose(next) {
    if (!texts[next]) {
        const reply = await fetch(`/text/${next}.json`);
        if (!reply.ok) throw new Error(`text/${next}.json: ${reply.status}`);
        texts[next] = await reply.json();
    }
    language = next;
    localStorage.setItem(KEPT_AS, next);
    document.documentElement.lang = next;
}

function formatter(kind, options) {
    const name = `${language} ${zone} ${kind.name} ${JSON.stringify(options)}`;
    if (!made.has(name)) made.set(name, new kind(LOCALES[language], options));
    return made.get(name);
}

/** t("list.count", {n: 3}): the plural goes by n. A key that is missing shows itself. */
export function t(key, holes) {
    let text = texts[language] && texts[language][key];
    if (text && typeof text === "object") {
        text = text[formatter(Intl.PluralRules, {}).select(holes.n)] ?? text.other;
    }
    if (text === undefined) return key;
    return text.replace(/\{(\w+)\}/g, (_, name) => {
        const value = holes && holes[name];
        return typeof value === "number" ? number(value) : String(value ?? "");
    });
}

/** A word that the server may know and this page not yet: then the word itself. */
export function word(axis, value) {
    if (value === null || value === undefined || value === "") return t("none");
    const text = t(`${axis}.${value}`);
    return text === `${axis}.${value}` ? String(value).replaceAll("_", " ") : text;
}

/** {kk, ru, en} -> the reader's; where that is missing, whatever there is. */
export function own(name) {
    if (!name || typeof name === "string") return name || "";
    return name[language] || name.ru || name.kk || name.en || "";
}

export const number = (value, options) => formatter(Intl.NumberFormat, options || {}).format(value);

/** No report, a report without a figure, "does not apply", and a figure that may be 0: four things. */
export function progress(o) {
    if (o.state === "no_report") return t("no_report");
    if (o.state === "not_applicable") return word("fulfilment", "not_applicable");
    return percent(o.percent);
}

export function percent(value) {
    if (value === null || value === undefined) return t("no_data");
    return formatter(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 1 })
        .format(value / 100);
}

/** Tiyn to tenge; whole tenge where there are no tiyn. */
export function money(tiyn) {
    if (tiyn === null || tiyn === undefined) return t("no_data");
    return `${number(tiyn / 100, { minimumFractionDigits: tiyn % 100 ? 2 : 0, maximumFractionDigits: 2 })} ₸`;
}

/** "2013-01-20": a day that no zone can move. */
export function day(text) {
    if (!text) return t("none");
    const at = new Date(`${text.slice(0, 10)}T00:00:00Z`);
    return formatter(Intl.DateTimeFormat, { dateStyle: "medium", timeZone: "UTC" }).format(at);
}

export function instant(text) {
    if (!text) return t("none");
    return formatter(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short", timeZone: zone })
        .format(new Date(text));
}

/** The day of an instant in the plan's zone: of a due instant, say. */
export function dayOf(text) {
    if (!text) return t("none");
    return formatter(Intl.DateTimeFormat, { dateStyle: "medium", timeZone: zone }).format(new Date(text));
}

export function monthOf(text) {
    return formatter(Intl.DateTimeFormat, { month: "long", year: "numeric", timeZone: "UTC" })
        .format(new Date(`${text.slice(0, 7)}-01T00:00:00Z`));
}

export function bytes(count) {
    const kilo = count >= 1024;
    return number(kilo ? count / 1024 : count, {
        style: "unit", unit: kilo ? "kilobyte" : "byte", maximumFractionDigits: kilo ? 1 : 0,
    });
}

/** Seconds to what a person says of a skew: with the greatest unit that fits. */
export function span(seconds) {
    const size = Math.abs(seconds);
    const [unit, by] = size >= 86400 ? ["day", 86400] : size >= 3600 ? ["hour", 3600]
        : size >= 60 ? ["minute", 60] : ["second", 1];
    return number(Math.round(size / by), { style: "unit", unit, unitDisplay: "long" });
}

export const zoneName = () => zone;
