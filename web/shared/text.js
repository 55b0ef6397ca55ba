// Words, numbers and days in the reader's language. Texts are text/{kk,ru,en}.json, all with the same keys: a page's own,
// and in shared/ what both pages say. A value is a text with {holes}, or one for each plural category of that language.
// Days are said in the plan's zone, never in the browser's.

// Browsers are built without Kazakh (Debian's Chromium says "2013 M01 22"): its days are put together here, and its
// numbers are those of Russian, whose comma and space it shares.
const LOCALES = { kk: "ru-RU", ru: "ru-RU", en: "en-GB" };
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

/** What was chosen before, else what the server prefers, else what the browser asks for, else Kazakh. */
export function firstChoice(preferred) {
    const wanted = [localStorage.getItem(KEPT_AS), preferred, ...navigator.languages.map((l) => l.slice(0, 2))];
    return wanted.find((l) => LANGUAGES.includes(l)) || "kk";
}

export async function choose(next) {
    if (!texts[next]) {
        const parts = await Promise.all(["/shared/text", "/text"].map(async (folder) => {
            const reply = await fetch(`${folder}/${next}.json`);
            if (!reply.ok) throw new Error(`${folder}/${next}.json: ${reply.status}`);
            return reply.json();
        }));
        texts[next] = Object.assign({}, ...parts);
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

/** Kazakh has one and other, as English does; Russian's are Russian's alone. */
function plural(n) {
    if (language === "kk") return n === 1 ? "one" : "other";
    return formatter(Intl.PluralRules, {}).select(n);
}

/** t("unit.day", {n: 3}): the plural goes by n. A key that is missing shows itself. */
export function t(key, holes) {
    let text = texts[language] && texts[language][key];
    if (text && typeof text === "object") {
        text = text[plural(holes.n)] ?? text.other;
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
    return text === `${axis}.${value}` ? String(value).replace(/_/g, " ") : text;
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
    const text = number(value / 100, { style: "percent", maximumFractionDigits: 1 });
    return language === "kk" ? text.replace(/\s/g, "") : text;
}

/** Tiyn to tenge; whole tenge where there are no tiyn. */
export function money(tiyn) {
    if (tiyn === null || tiyn === undefined) return t("no_data");
    return `${number(tiyn / 100, { minimumFractionDigits: tiyn % 100 ? 2 : 0, maximumFractionDigits: 2 })} ₸`;
}

/** "2013 ж. 22 қаң.", "2013 ж. 22 қаң., 11:00", "2013 ж. қаңтар": as the Unicode CLDR has it. */
function inKazakh(at, options) {
    const parts = Object.fromEntries(formatter(Intl.DateTimeFormat, {
        year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
        timeZone: options.timeZone,
    }).formatToParts(at).map((p) => [p.type, p.value]));
    const month = t(`month.${Number(parts.month)}`);
    if (options.month) return `${parts.year} ж. ${month}`;
    const said = `${parts.year} ж. ${Number(parts.day)} ${month.length > 3 ? `${month.slice(0, 3)}.` : month}`;
    return options.timeStyle ? `${said}, ${parts.hour}:${parts.minute}` : said;
}

function dated(at, options) {
    return language === "kk" ? inKazakh(at, options) : formatter(Intl.DateTimeFormat, options).format(at);
}

/** "2013-01-20": a day that no zone can move. */
export function day(text) {
    if (!text) return t("none");
    return dated(new Date(`${text.slice(0, 10)}T00:00:00Z`), { dateStyle: "medium", timeZone: "UTC" });
}

export function instant(text) {
    if (!text) return t("none");
    return dated(new Date(text), { dateStyle: "medium", timeStyle: "short", timeZone: zone });
}

/** "13:58" of the day that `now` is in; of another day with its date. */
export function hour(text, now) {
    const options = { timeStyle: "short", timeZone: zone };
    if (!text || dayOf(text) !== dayOf(now)) return instant(text);
    return formatter(Intl.DateTimeFormat, options).format(new Date(text));
}

/** The day of an instant in the plan's zone: of a due instant, say. */
export function dayOf(text) {
    if (!text) return t("none");
    return dated(new Date(text), { dateStyle: "medium", timeZone: zone });
}

export function monthOf(text) {
    return dated(new Date(`${text.slice(0, 7)}-01T00:00:00Z`), { month: "long", year: "numeric", timeZone: "UTC" });
}

/** The days a report is about: a calendar year by its number, else its first and last day. */
export function period(start, end) {
    const whole = start?.slice(4) === "-01-01" && end?.slice(4) === "-12-31" && start.slice(0, 4) === end.slice(0, 4);
    if (whole) return start.slice(0, 4);
    return !start || start === end ? day(end) : `${day(start)} – ${day(end)}`;
}

export function bytes(count) {
    if (count < 1024) return t("unit.byte", { n: count });
    const kilobytes = count / 1024;
    return kilobytes < 1024 ? t("unit.kilobyte", { n: Math.round(kilobytes * 10) / 10 }) : t("unit.megabyte", { n: Math.round(kilobytes / 102.4) / 10 });
}

/** Seconds to what a person says of a skew: with the greatest unit that fits. */
export function span(seconds) {
    const size = Math.abs(seconds);
    const [unit, by] = size >= 86400 ? ["day", 86400] : size >= 3600 ? ["hour", 3600]
        : size >= 60 ? ["minute", 60] : ["second", 1];
    return t(`unit.${unit}`, { n: Math.round(size / by) });
}

export const zoneName = () => zone;
