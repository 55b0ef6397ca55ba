// What several views use: the office, how to read from the daemon, the two marks of a duty, names of a duty and its fields.

import { createContext, html, useCallback, useContext, useEffect, useState } from "./shared/dom.js";
import { get } from "./api.js";
import { GLYPHS } from "./shared/glyphs.js";
import { day, monthOf, own, period, t, word } from "./shared/text.js";

/** office: who this is and what a form may hold; status: the connection; version: rises when anything may be another;
 * changed(): it is now; say(text): for a screen reader. */
export const Desk = createContext(null);
export const useDesk = () => useContext(Desk);

/** Reads once, and again whenever something changed. What was read stays on the screen meanwhile. */
export function useGet(path) {
    const { version } = useDesk();
    const [answer, setAnswer] = useState({ value: null, problem: null });
    const [tries, setTries] = useState(0);
    useEffect(() => {
        const stop = new AbortController();
        get(path, stop.signal).then((value) => setAnswer({ value, problem: null }), (problem) => problem.name !== "AbortError" &&
            setAnswer((old) => ({ value: old.value, problem })));
        return () => stop.abort();
    }, [path, version, tries]);
    const again = useCallback(() => setTries((n) => n + 1), []);
    return { ...answer, again };
}

/** What went wrong and what to do: by the daemon's code where it gave one. */
export function problemText(problem) {
    if (problem.status === 0) return t("problem.unreachable");
    const code = problem.body.code || (problem.status === 413 ? "too_large" : ""); // what was refused unread has none
    const text = t(`problem.${code}`);
    return code && text !== `problem.${code}` ? text : t("problem.other", { n: problem.status });
}

export function Trouble({ problem, again }) {
    return html`<div class="failure" role="alert"><p>${problemText(problem)}</p>
        ${again && html`<button type="button" onClick=${again}>${t("again")}</button>`}</div>`;
}

export function Loaded({ of, children }) {
    return html`${of.problem && of.problem.status !== 0 && html`<${Trouble} problem=${of.problem} again=${of.again} />`}
        ${of.value ? children(of.value) : (!of.problem || of.problem.status === 0) && html`<p class="busy" role="status">${t("loading")}</p>`}`;
}

/** The delivery axis: how far the newest report is. */
const DELIVERY = {
    none: ["not_due", "○"], draft: ["not_due", "✎"], saved: ["due_soon", "▣"], committed: ["due_soon", "▣"], sent: ["due_soon", "➚"],
    received: ["to_review", "◉"], under_review: ["to_review", "◉"], returned: ["returned", "↩"], accepted: ["on_time", "✔"],
    withdrawn: ["not_due", "⤺"], refused: ["overdue", "✖"],
};

export function Delivery({ value }) {
    const [look, glyph] = DELIVERY[value] || ["not_due", "·"];
    return html`<span class="mark mark-${look}"><span class="glyph" aria-hidden="true">${glyph}</span> ${word("delivery", value)}</span>`;
}

/** How long there is, or how long it is over: "in 3 days", "today", "5 days ago". */
export function daysLeft(n) {
    if (n === null || n === undefined) return "";
    if (n === 0) return t("days.today");
    return n > 0 ? t("days.left", { n }) : t("days.over", { n: -n });
}

/** The deadline axis. */
export function Deadline({ duty }) {
    if (!duty.open) return html`<span class="mark"><span class="glyph" aria-hidden="true">${GLYPHS.removed}</span> ${t("not_owed")}</span>`;
    if (!duty.deadline) return t("none");
    return html`<span class="mark mark-${duty.deadline}"><span class="glyph" aria-hidden="true">${GLYPHS[duty.deadline]}</span>
        ${" "}${word("timeliness", duty.deadline)}</span>`;
}

/** The day that counts, and how far it is while something is still to be done. */
export function dueText(duty) {
    const counts = duty.delivery === "returned" && duty.again_by ? duty.again_by : duty.due_day;
    const open = duty.group === "needs_you" || duty.group === "not_due";
    return open && duty.days_left !== null ? `${day(counts)}, ${daysLeft(duty.days_left)}` : day(counts);
}

/** When an action is to be done, from the windows that the plan's phrase means: "4 квартал 2012 г." in the reader's language. */
export function planPeriod(windows) {
    const [first] = windows;
    const last = windows[windows.length - 1];
    const year = (d) => d.slice(0, 4);
    const span = { from: year(first.start), to: year(last.end) };
    if (windows.length > 1) return t("period.annual", span);
    const [from, to] = [first.start.slice(5), first.end.slice(5)];
    const month = Number(from.slice(0, 2));
    const months = Number(to.slice(0, 2)) - month + 1;
    const whole = from.endsWith("-01") && new Date(`${first.end}T00:00:00Z`).getTime() + 86400000 === Date.UTC(Number(span.to), month + months - 1, 1);
    if (span.from !== span.to) return whole && from === "01-01" && to === "12-31" ? t("period.years", span) : period(first.start, first.end);
    if (!whole) return period(first.start, first.end);
    if (months === 12) return t("period.year", { year: span.from });
    if (months === 6 && month % 6 === 1) return t("period.half", { n: (month + 5) / 6, year: span.from });
    if (months === 3 && month % 3 === 1) return t("period.quarter", { n: (month + 2) / 3, year: span.from });
    return months === 1 ? monthOf(first.start) : period(first.start, first.end);
}

/** What a duty is about: its action, else its kind. */
export const subjectOf = (duty) => (duty.action ? `${duty.action}. ${own(duty.title)}` : word("kind", duty.kind));
export const periodOf = (of) => (of.window_start ? period(of.window_start, of.window_end) : "");

/** Whose report it is, where the office reports for several. */
export function Whose({ duty }) {
    const { office } = useDesk();
    if (!office || office.bodies.length < 2 || !duty.body) return null;
    return html`<strong class="whose">${own(duty.body_name) || duty.body}</strong> `;
}

/** "money/0/spent" -> "Money, row 1: Spent"; the id of its place on the screen is by the same path. */
export function fieldName(path) {
    const [field, row, part] = path.split("/");
    const name = t(`form.${field}`);
    if (part !== undefined) return t("form.in_row", { name, n: Number(row) + 1, part: t(`form.${field}.${part}`) });
    if (row !== undefined) return Number.isNaN(Number(row)) ? `${name}: ${t(`form.person.${row}`)}` : t("form.row", { name, n: Number(row) + 1 });
    return name;
}
export const idOf = (path) => `f-${path.replace(/\//g, "-")}`;

export function errorText(error) {
    return t(`error.${error.code}`, { ...error.params, n: error.params.max });
}

export function Person({ of }) {
    return of ? [of.name, of.position, of.phone].filter(Boolean).join(", ") : "";
}

const encoder = new TextEncoder();
export const bytesOf = (text) => encoder.encode(text).length;
