// What several views use: how to read from the server, how a failure, a mark, a table of obligations looks.

import { createContext, html, useCallback, useContext, useEffect, useRef, useState } from "./shared/dom.js";
import { get } from "./api.js";
import { markOf } from "./marks.js";
import { GLYPHS } from "./shared/glyphs.js";
import { Facts, Table, Title } from "./shared/look.js";
import { link } from "./shared/route.js";
import { dayOf, instant, own, progress, t, word } from "./shared/text.js";

export { Facts, Table, Title };

/** Session, summary, plan, version of the log, and say(text) for what a screen reader should hear. */
export const Board = createContext(null);
export const useBoard = () => useContext(Board);

/** Reads once, and again whenever the log grows. While it reads again the old answer stays on the screen. */
export function useGet(path, parameters) {
    const { version, plan } = useBoard();
    const asked = JSON.stringify({ plan, ...parameters });
    const [answer, setAnswer] = useState({ asked: "", value: null, problem: null });
    const [tries, setTries] = useState(0);
    const name = `${path} ${asked}`;
    useEffect(() => {
        if (!path) return undefined;
        const stop = new AbortController();
        get(path, JSON.parse(asked), stop.signal).then(
            (value) => setAnswer({ asked: name, value, problem: null }),
            (problem) => {
                if (problem.name !== "AbortError") {
                    setAnswer((old) => ({ asked: name, value: old.asked === name ? old.value : null, problem }));
                }
            });
        return () => stop.abort();
    }, [name, version, tries]);
    const again = useCallback(() => setTries((n) => n + 1), []);
    const mine = answer.asked === name;
    return { value: mine ? answer.value : null, old: answer.value, problem: mine ? answer.problem : null, again };
}

/** What happened and what to do, ours; the server's own words are in it where they are in the reader's language, and where
 * they alone say what is wrong. */
export function failureText(problem) {
    const text = problem.detail || problem.title;
    if (problem.status === 0) return t("failure.unreachable");
    if (problem.status === 403) return problem.own && problem.detail ? t("failure.denied_for", { text }) : t("failure.denied");
    if (problem.status === 404) return t("failure.not_found");
    if (problem.status === 429) return t("failure.throttled", { n: problem.retryAfter || 60 });
    if (!text) return t("failure.other", { n: problem.status });
    return t(problem.status >= 500 ? "failure.busy" : "failure.refused", { text });
}

export function Failure({ problem, again }) {
    return html`<div class="failure" role="alert"><p>${failureText(problem)}</p>
        ${again && problem.status !== 404 && html`<button type="button" onClick=${again}>${t("again")}</button>`}</div>`;
}

/** The usual shape of a view: failed, waiting, or here. An old answer stays under a failure. */
export function Loaded({ of, children }) {
    const value = of.value ?? of.old;
    return html`${of.problem && html`<${Failure} problem=${of.problem} again=${of.again} />`}
        ${value ? children(value) : !of.problem && html`<p class="busy" role="status">${t("loading")}</p>`}`;
}

export function Mark({ mark, long }) {
    return html`<span class="mark mark-${mark}"><span class="glyph" aria-hidden="true">${GLYPHS[mark]}</span>
        ${" "}${t(long === false ? `mark.${mark}.short` : `mark.${mark}`)}</span>`;
}

export function useNames() {
    const { names } = useBoard();
    return {
        body: (code) => own(names.bodies.get(code)?.name) || code,
        short: (code) => own(names.bodies.get(code)?.short) || code,
        action: (number) => own(names.actions.get(String(number))?.title),
    };
}

export function BodyLink({ code, long }) {
    const names = useNames();
    if (!code) return t("none");
    return html`<a href=${link("body", code)} title=${names.body(code)}>${long ? names.body(code) : names.short(code)}</a>`;
}

/** What an obligation is about, in words: "Action 12: …", or its kind where it has no action. */
export function useSubject() {
    const names = useNames();
    return (o) => (o.action ? `${o.action}. ${names.action(o.action)}` : word("kind", o.kind));
}

function dueCell(o) {
    return html`<span class="whole">${dayOf(o.due)}</span>${o.original_due && o.original_due !== o.due && html`
        <br /><span class="aside">${t("due.was", { day: dayOf(o.original_due) })}</span>`}${o.again_by && html`
        <br /><span class="aside">${t("due.again", { day: dayOf(o.again_by) })}</span>`}`;
}

/** select: {has(key), toggle(key), may(o)} where rows can be chosen. without: columns that say nothing here. */
export function Obligations({ caption, items, select, without }) {
    const subject = useSubject();
    const leave = new Set(without || []);
    const columns = [
        select && {
            name: "select", head: t("list.choose"), cell: (o) => (select.may(o)
                ? html`<input type="checkbox" checked=${select.has(o.key)} onChange=${() => select.toggle(o.key)}
                    aria-label=${t("list.choose_one", { what: subject(o), body: o.body })} />`
                : html`<span class="aside" aria-hidden="true">·</span>`),
        },
        { name: "state", head: t("list.state"), cell: (o) => html`<${Mark} mark=${markOf(o)} />` },
        {
            name: "subject", head: t("list.what"), grow: true,
            cell: (o) => html`<a href=${link("obligation", o.key)}>${subject(o)}</a>
                ${o.upon_agreement && html`<br /><span class="aside">${t("upon_agreement")}</span>`}`,
        },
        { name: "body", head: t("list.body"), cell: (o) => html`<${BodyLink} code=${o.body} />` },
        { name: "due", head: t("list.due"), cell: dueCell },
        { name: "came", head: t("list.came"), cell: (o) => (o.came_at ? instant(o.came_at) : t("nothing_came")) },
        { name: "fulfilment", head: t("list.fulfilment"), cell: (o) => word("fulfilment", o.fulfilment) },
        { name: "percent", head: "%", numeric: true, cell: (o) => progress(o) },
    ].filter((c) => c && !leave.has(c.name));
    return html`<${Table} caption=${caption} columns=${columns} rows=${items} keyOf=${(o) => o.key} />`;
}
