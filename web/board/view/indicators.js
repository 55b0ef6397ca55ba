// Indicators as the offices report them: a line for each body, the target beside it, and the same as a table, for who
// does not see the line. Nothing is summed here: a sum of percentages would be a lie.

import { html, useEffect, useRef } from "../dom.js";
import uPlot from "../vendor/uplot.js";
import { BodyLink, Loaded, Title, useBoard, useGet, useNames } from "../parts.js";
import { link, refine } from "../route.js";
import { current, day, number, t } from "../text.js";

const LINES_MAX = 8;
const HALF_MONTH_S = 15 * 86400;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

const seconds = (text) => Date.parse(`${text}T00:00:00Z`) / 1000;
const valueOf = (text) => (text === "" || text === null || text === undefined ? null : Number(text));

/** points -> uPlot's columns: days, then a column of values for each body. */
function columnsOf(points) {
    const days = [...new Set(points.map((p) => p.day))].sort();
    const bodies = [...new Set(points.map((p) => p.body))].slice(0, LINES_MAX);
    const cell = (body, d) => valueOf(points.find((p) => p.body === body && p.day === d)?.value);
    return { bodies, data: [days.map(seconds), ...bodies.map((b) => days.map((d) => cell(b, d)))] };
}

function Chart({ indicator }) {
    const at = useRef(null);
    const names = useNames();
    const language = current();
    useEffect(() => {
        const { bodies, data } = columnsOf(indicator.points);
        const style = getComputedStyle(document.documentElement);
        const colour = (i) => style.getPropertyValue(`--line-${i % 4}`).trim();
        const ink = style.getPropertyValue("--ink").trim();
        const grid = { stroke: style.getPropertyValue("--rule").trim(), width: 1 };
        const plot = new uPlot({
            width: at.current.clientWidth, height: 240, tzDate: (s) => uPlot.tzDate(new Date(s * 1e3), "Etc/UTC"),
            // One day alone is a point in the middle of a month, not of years.
            scales: { x: { range: (_, from, to) => (from === to ? [from - HALF_MONTH_S, to + HALF_MONTH_S] : [from, to]) } },
            series: [{ label: t("list.due"), value: (_, s) => (s === null ? "" : day(new Date(s * 1e3).toISOString())) },
                ...bodies.map((b, i) => ({
                    label: names.short(b), stroke: colour(i), width: 2, dash: DASHES[Math.floor(i / 4) % 4], points: { size: 8 },
                    spanGaps: false,
                    // Without a pointer on a day there is no value to speak of.
                    value: (_, v, series, at) => (at === null || at === undefined ? "" : v === null || v === undefined ? t("no_data") : number(v)),
                }))],
            axes: [{ stroke: ink, grid, values: (_, all) => all.map((s) => day(new Date(s * 1e3).toISOString())), space: 90 },
                { stroke: ink, grid, values: (_, all) => all.map((v) => number(v)), size: 60 }],
        }, data, at.current);
        const resize = new ResizeObserver(() => plot.setSize({ width: at.current.clientWidth, height: 240 }));
        resize.observe(at.current);
        return () => {
            resize.disconnect();
            plot.destroy();
        };
    }, [JSON.stringify(indicator.points), language]);
    return html`<div class="chart" ref=${at} role="img" aria-label=${t("indicator.chart", { name: indicator.name })}></div>`;
}

function Points({ indicator }) {
    return html`<details><summary>${t("indicator.table")}</summary><div class="scroll" tabindex="0" role="region"
        aria-label=${indicator.name}><table class="plain"><caption class="unseen">${indicator.name}</caption>
        <thead><tr><th scope="col">${t("list.due")}</th><th scope="col">${t("list.body")}</th>
            <th scope="col" class="numeric">${t("indicator.value")}</th><th scope="col" class="numeric">${t("indicator.target")}</th></tr></thead>
        <tbody>${indicator.points.map((p) => html`<tr><td>${day(p.day)}</td><td><${BodyLink} code=${p.body} /></td>
            <td class="numeric">${valueOf(p.value) === null ? t("no_data") : number(valueOf(p.value))} ${indicator.unit}</td>
            <td class="numeric">${valueOf(p.target) === null ? t("none") : number(valueOf(p.target))}</td></tr>`)}</tbody></table></div></details>`;
}

export function Indicators({ filters }) {
    const { matrix } = useBoard();
    const answer = useGet("indicators", {});
    const names = useNames();
    return html`<${Title} text=${t("menu.indicators")} />
        <${Loaded} of=${answer}>${(value) => {
            const actions = matrix.actions.map((a) => String(a.number)).filter((n) => value.series.some((i) => i.action === n));
            const shown = value.series.filter((i) => !filters.action || i.action === filters.action);
            return html`<form class="filters" onSubmit=${(e) => e.preventDefault()}><label class="field wide"><span>${t("list.action")}</span>
                <select value=${filters.action || ""} onChange=${(e) => refine({ action: e.target.value })}>
                <option value="">${t("all")}</option>${actions.map((n) => html`<option value=${n}>${n}. ${names.action(n)}</option>`)}
                </select></label></form>
                ${shown.length === 0 && html`<p role="status">${t("no_data")}</p>`}
                ${shown.map((i) => html`<section class="indicator" key=${`${i.action} ${i.name} ${i.breakdown}`}>
                    <h2>${i.name}${i.breakdown && ` (${i.breakdown})`}${i.unit && `, ${i.unit}`}</h2>
                    ${i.action && html`<p><a href=${link("action", i.action)}>${i.action}. ${names.action(i.action)}</a></p>`}
                    <${Chart} indicator=${i} />
                    ${new Set(i.points.map((p) => p.body)).size > LINES_MAX && html`<p class="aside">${t("indicator.some", { n: LINES_MAX })}</p>`}
                    <${Points} indicator=${i} /></section>`)}
                ${value.truncated && html`<p class="note">${t("indicator.truncated")}</p>`}
                ${value.conflicts_left_out > 0 && html`<p class="aside">${t("conflicts_left_out", { n: value.conflicts_left_out })}</p>`}`;
        }}</${Loaded}>`;
}
