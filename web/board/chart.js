// Lines over periods, as SVG that the page draws itself: a line, a form of point and a dash for each row, so that no colour
// says anything alone; the target as a rule beside them. It knows nothing of indicators: the view gives it names, numbers
// and how a number is said, and shows the same as a table.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./shared/dom.js";

export const LINES_MAX = 8;
const HEIGHT = 260;
const PAD = { left: 64, right: 16, top: 12, bottom: 30 };
const DASHES = ["", "8 4", "2 3", "10 3 2 3"];
const POINT = 4.5;
const FORMS = [
    (x, y) => html`<circle cx=${x} cy=${y} r=${POINT} />`,
    (x, y) => html`<rect x=${x - POINT} y=${y - POINT} width=${2 * POINT} height=${2 * POINT} />`,
    (x, y) => html`<path d="M${x} ${y - 6}L${x + 6} ${y + 5}H${x - 6}Z" />`,
    (x, y) => html`<path d="M${x} ${y - 6}L${x + 6} ${y}L${x} ${y + 6}L${x - 6} ${y}Z" />`,
];

/** From 0, or below it, in steps that a person would choose, to above the greatest. */
export function ticksOf(values) {
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const rough = (high - low || 1) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((s) => s * power >= rough) * power;
    const from = Math.floor(low / step);
    const count = Math.max(1, Math.ceil(high / step)) - from;
    return Array.from({ length: count + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
}

/** Where a value is missing the line breaks: nothing is drawn that nobody reported. */
function pathOf(points) {
    let pen = "M";
    return points.map((p) => {
        const said = p ? `${pen}${p[0]} ${p[1]}` : "";
        pen = p ? "L" : "M";
        return said;
    }).join("");
}

function useWidth() {
    const at = useRef(null);
    const [width, setWidth] = useState(0);
    useLayoutEffect(() => setWidth(at.current.clientWidth), []);
    useEffect(() => {
        const watch = new ResizeObserver(() => setWidth(at.current?.clientWidth || 0));
        watch.observe(at.current);
        return () => watch.disconnect();
    }, []);
    return [at, width];
}

function Axes({ ticks, y, width, say, periods, x }) {
    return html`<g class="axes">${ticks.map((v) => html`<line x1=${PAD.left} x2=${width - PAD.right} y1=${y(v)} y2=${y(v)} />
        <text x=${PAD.left - 8} y=${y(v) + 4} text-anchor="end">${say(v)}</text>`)}
        ${periods.map((name, i) => html`<text x=${x(i)} y=${HEIGHT - 8} text-anchor="middle">${name}</text>`)}</g>`;
}

/** rows: [{name, values, targets}], a value for each of periods, null where there is none; say(number) -> text. */
export function Lines({ label, periods, rows, say, targetName }) {
    const [at, width] = useWidth();
    const shown = rows.slice(0, LINES_MAX);
    const numbers = shown.flatMap((r) => [...r.values, ...r.targets]).filter((v) => v !== null);
    const ticks = ticksOf(numbers);
    const [low, high] = [ticks[0], ticks.at(-1)];
    const band = Math.max(1, width - PAD.left - PAD.right) / periods.length;
    const x = (i) => PAD.left + (i + 0.5) * band;
    const y = (v) => PAD.top + ((high - v) / (high - low)) * (HEIGHT - PAD.top - PAD.bottom);
    const pointsOf = (values) => values.map((v, i) => (v === null ? null : [x(i), y(v)]));
    const marks = periods.map((_, i) => [...new Set(shown.map((r) => r.targets[i]).filter((v) => v !== null))]);
    return html`<figure class="chart" ref=${at}>
        ${width > 0 && html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${label}>
            <${Axes} ticks=${ticks} y=${y} width=${width} say=${say} periods=${periods} x=${x} />
            ${marks.map((values, i) => values.map((v) => html`<line class="target" x1=${x(i) - band * 0.4} x2=${x(i) + band * 0.4}
                y1=${y(v)} y2=${y(v)} />`))}
            ${shown.map((row, i) => html`<g class="line-${i % 4}"><path class="line" d=${pathOf(pointsOf(row.values))}
                stroke-dasharray=${DASHES[Math.floor(i / 4) % 4]} />${pointsOf(row.values).map((p) => p && FORMS[i % 4](p[0], p[1]))}</g>`)}
        </svg>`}
        <figcaption><ul class="keys">${shown.map((row, i) => html`<li><svg class="line-${i % 4}" width="34" height="16" aria-hidden="true">
            <path class="line" d="M1 8H33" stroke-dasharray=${DASHES[Math.floor(i / 4) % 4]} />${FORMS[i % 4](17, 8)}</svg> ${row.name}</li>`)}
            ${marks.some((m) => m.length) && html`<li><svg width="34" height="16" aria-hidden="true"><line class="target" x1="1" x2="33" y1="8" y2="8" />
                </svg> ${targetName}</li>`}</ul></figcaption></figure>`;
}

/** One value as a bar, its target as a mark across it: a picture beside the number, in a table. most: the longest bar. */
export function Bar({ value, target, most }) {
    const part = (v) => `${Math.max(0, Math.min(98, (98 * v) / most))}%`; // room for the mark of the greatest
    return html`<svg class="level" width="100%" height="16" aria-hidden="true">
        ${value !== null && html`<rect class="level-value" x="0" y="2" height="12" width=${part(value)} />`}
        ${target !== null && html`<rect class="level-target" x=${part(target)} y="0" width="3" height="16" />`}</svg>`;
}
