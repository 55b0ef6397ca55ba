// Indicators as the offices report them, against their targets: bars for one period, lines over several, and every number
// as text. What is broken down ("women", "men") stands together. Nothing is summed: a sum of percentages would be a lie.

import { html } from "../shared/dom.js";
import { Bar, Lines, LINES_MAX } from "../chart.js";
import { BodyLink, Loaded, Table, Title, useBoard, useGet, useNames } from "../parts.js";
import { link, refine } from "../shared/route.js";
import { number, percent, period, t, word } from "../shared/text.js";

const YEARLY = "annual";
const valueOf = (text) => (text === "" || text === null || text === undefined ? null : Number(text));
const said = (value, unit) => (value === null ? t("no_data") : `${number(value)}${unit && ` ${unit}`}`);

/** The days an obligation is about stand in its key: "2012-01-01..2012-12-31". */
const windowOf = (point) => /(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)/.exec(point.obligation)?.slice(1) || [point.day, point.day];

/** Series of one name and unit on one action are one indicator; each point knows its breakdown and period. */
function indicatorsOf(series) {
    const found = new Map();
    for (const s of series) {
        const key = JSON.stringify([s.action, s.name, s.unit]);
        if (!found.has(key)) found.set(key, { key, action: s.action, name: s.name, unit: s.unit, points: [] });
        found.get(key).points.push(...s.points.map((p) => ({
            ...p, breakdown: s.breakdown, window: windowOf(p), value: valueOf(p.value), target: valueOf(p.target),
        })));
    }
    for (const i of found.values()) i.points.sort((a, b) => a.window[1].localeCompare(b.window[1]));
    return [...found.values()];
}

function Chart({ indicator: i, periods }) {
    const names = useNames();
    const rows = new Map();
    for (const p of i.points) {
        const key = JSON.stringify([p.body, p.breakdown]);
        const empty = () => periods.map(() => null);
        if (!rows.has(key)) {
            rows.set(key, { name: `${names.short(p.body)}${p.breakdown && `, ${p.breakdown}`}`, values: empty(), targets: empty() });
        }
        const at = periods.findIndex((w) => w.join() === p.window.join());
        rows.get(key).values[at] = p.value;
        rows.get(key).targets[at] = p.target;
    }
    return html`<${Lines} label=${t("indicator.chart", { name: i.name })} periods=${periods.map((w) => period(...w))}
            rows=${[...rows.values()]} say=${(v) => number(v)} targetName=${t("indicator.target")} />
        ${rows.size > LINES_MAX && html`<p class="aside">${t("indicator.some", { n: LINES_MAX })}</p>`}`;
}

function Points({ indicator: i }) {
    const most = Math.max(1e-9, ...i.points.flatMap((p) => [p.value ?? 0, p.target ?? 0]));
    const aimed = i.points.some((p) => p.target !== null);
    const columns = [
        { head: t("list.body"), cell: (p) => html`<${BodyLink} code=${p.body} />` },
        { head: t("list.window"), cell: (p) => html`<a href=${link("obligation", p.obligation)}>${period(...p.window)}</a>` },
        i.points.some((p) => p.breakdown) && { head: t("indicator.breakdown"), cell: (p) => p.breakdown || t("none") },
        { head: t("indicator.value"), numeric: true, cell: (p) => said(p.value, i.unit) },
        aimed && { head: t("indicator.target"), numeric: true, cell: (p) => (p.target === null ? t("none") : said(p.target, i.unit)) },
        aimed && {
            head: t("indicator.reached"), numeric: true,
            cell: (p) => (p.target > 0 && p.value !== null ? percent((100 * p.value) / p.target) : t("none")),
        },
        { head: "", wide: true, cell: (p) => html`<${Bar} value=${p.value} target=${p.target} most=${most} />` },
    ].filter(Boolean);
    return html`<${Table} caption=${t("indicator.table", { name: i.name })} hiddenCaption=${true} columns=${columns} rows=${i.points}
        keyOf=${(p) => `${p.obligation} ${p.breakdown}`} />`;
}

function Indicator({ indicator: i }) {
    const names = useNames();
    const periods = [...new Map(i.points.map((p) => [p.window.join(), p.window])).values()];
    return html`<section class="indicator"><h2>${i.name}${i.unit && `, ${i.unit}`}</h2>
        <p>${i.action ? html`<a href=${link("action", i.action)}>${i.action}. ${names.action(i.action)}</a>`
            : html`<a href=${link("list", "", { kind: YEARLY })}>${word("kind", YEARLY)}</a>`}</p>
        ${periods.length > 1 && html`<${Chart} indicator=${i} periods=${periods} />`}
        <${Points} indicator=${i} /></section>`;
}

/** What actions count, and below it what the yearly information does, which is of no action. */
function useSeries() {
    const actions = useGet("indicators", {});
    const yearly = useGet("indicators", { kind: "annual" });
    const [a, b] = [actions, yearly].map((answer) => answer.value ?? answer.old);
    const again = () => [actions, yearly].forEach((answer) => answer.again());
    return {
        problem: actions.problem || yearly.problem, again,
        value: a && b && {
            series: [...a.series, ...b.series.filter((s) => !s.action)],
            truncated: a.truncated || b.truncated, conflicts: a.conflicts_left_out + b.conflicts_left_out > 0, // one may be in both
        },
    };
}

export function Indicators({ filters }) {
    const { matrix } = useBoard();
    const answer = useSeries();
    const names = useNames();
    return html`<${Title} text=${t("menu.indicators")} />
        <${Loaded} of=${answer}>${(value) => {
            const actions = matrix.actions.map((a) => String(a.number)).filter((n) => value.series.some((i) => i.action === n));
            const shown = indicatorsOf(value.series.filter((i) => !filters.action || (i.action || YEARLY) === filters.action));
            return html`<form class="filters" onSubmit=${(e) => e.preventDefault()}><label class="field wide"><span>${t("indicator.from")}</span>
                <select value=${filters.action || ""} onChange=${(e) => refine({ action: e.target.value })}>
                <option value="">${t("all")}</option>${actions.map((n) => html`<option value=${n}>${n}. ${names.action(n)}</option>`)}
                <option value=${YEARLY}>${word("kind", YEARLY)}</option></select></label></form>
                <p class="aside">${t("indicator.note")}</p>
                ${shown.length === 0 && html`<p role="status">${t("indicator.empty")}</p>`}
                ${shown.map((i) => html`<${Indicator} key=${i.key} indicator=${i} />`)}
                ${value.truncated && html`<p class="note">${t("indicator.truncated")}</p>`}
                ${value.conflicts && html`<p><a href=${link("list", "", { state: "conflict" })}>${t("indicator.conflicts")}</a></p>`}`;
        }}</${Loaded}>`;
}
