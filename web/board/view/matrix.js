// Actions down, bodies across: one cell for what a body owes on an action, the worst of it where it is
// several. Each cell has a glyph and words; "no data", "0 %" and "owes nothing" are three things. One cell takes the
// focus; arrows, Home and End move it, Enter opens it: forty times thirty-one stops of the Tab key are none.

import { html, useRef, useState } from "../shared/dom.js";
import { Title, useBoard, useNames } from "../parts.js";
import { hyphenated } from "../hyphen.js";
import { link, refine } from "../shared/route.js";
import { GLYPHS, MARKS, markOf } from "../marks.js";
import { own, percent, progress, t, word } from "../shared/text.js";

const KINDS = { central: (b) => b.kind !== "akimat", akimats: (b) => b.kind === "akimat" };
const STEPS = {
    ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
    Home: [0, -Infinity], End: [0, Infinity], PageUp: [-10, 0], PageDown: [10, 0],
};

function Cell({ cell, row: what, body, at, here, onFocus, dim }) {
    const mark = markOf(cell);
    const names = useNames();
    const stop = here ? 0 : -1;
    const [row, column] = at;
    if (!cell) {
        return html`<td role="gridcell" class="cell mark-not_applicable" tabindex=${stop} data-at="${row} ${column}"
            onFocus=${onFocus}><span aria-hidden="true">${GLYPHS.not_applicable}<span class="word"> ${t("mark.not_applicable.short")}</span></span>
            <span class="unseen">${t("mark.not_applicable")}</span></td>`;
    }
    const to = cell.n > 1 ? link("list", "", { ...what.filter, body }) : link("obligation", cell.key);
    const whose = `${names.short(body)}, ${what.name}: `;
    return html`<td role="gridcell" class="cell mark-${mark} ${dim ? "dim" : ""}">
        <a href=${to} tabindex=${stop} data-at="${row} ${column}" onFocus=${onFocus}
            title="${whose}${t(`mark.${mark}`)}, ${progress(cell)}"><span class="unseen">${whose}</span>
            <span><span class="glyph" aria-hidden="true">${GLYPHS[mark]}</span><span class="word"> ${t(`mark.${mark}.short`)}</span></span>
            <span class=${cell.percent === null ? "nothing" : "percent"}>${progress(cell)}</span>
            ${cell.n > 1 && html`<sup><span aria-hidden="true">×${cell.n}</span><span class="unseen">
                ${t("matrix.several", { n: cell.n })}</span></sup>`}</a></td>`;
}

/** The actions, and below them what every body owes apart from any action: the yearly information and so on. */
function rowsOf(matrix) {
    return [
        ...matrix.actions.map((a, i) => ({
            name: a.number, number: a.number, title: own(a.title), to: link("action", a.number),
            filter: { action: a.number }, cells: matrix.cells[i],
        })),
        ...(matrix.kinds || []).map((k) => ({
            name: word("kind", k.kind), number: "", title: word("kind", k.kind), to: link("list", "", { kind: k.kind }),
            filter: { kind: k.kind }, cells: k.cells,
        })),
    ];
}

export function Matrix({ filters }) {
    const { matrix } = useBoard();
    const [here, setHere] = useState([0, 0]);
    const at = useRef(null);
    const chosen = KINDS[filters.bodies] || (() => true);
    const rows = rowsOf(matrix);
    const columns = matrix.bodies.map((b, i) => [b, i]).filter(([b]) => chosen(b));
    const move = (event) => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
        const next = [within(here[0] + step[0], rows.length), within(here[1] + step[1], columns.length)];
        at.current.querySelector(`[data-at="${next[0]} ${next[1]}"]`)?.focus();
    };
    const draw = (row, i) => html`<tr role="row" key=${row.name}>
        <th role="rowheader" scope="row"><a href=${row.to}>${row.number && `${row.number}. `}
            <span class="title">${hyphenated(row.title)}</span></a></th>
        ${columns.map(([body, c], j) => {
            const cell = row.cells[c];
            return html`<${Cell} key=${body.code} cell=${cell} row=${row} body=${body.code} at=${[i, j]}
                here=${here[0] === i && here[1] === j} onFocus=${() => setHere([i, j])}
                dim=${Boolean(filters.mark) && markOf(cell) !== filters.mark} />`;
        })}</tr>`;
    return html`<${Title} text=${t("menu.matrix")} />
        <form class="filters" onSubmit=${(e) => e.preventDefault()}>
            <label class="field"><span>${t("matrix.bodies")}</span><select value=${filters.bodies || ""}
                onChange=${(e) => refine({ bodies: e.target.value })}>
                <option value="">${t("all")}</option>
                ${Object.keys(KINDS).map((k) => html`<option value=${k}>${t(`matrix.${k}`)}</option>`)}</select></label>
            <label class="field"><span>${t("matrix.show")}</span><select value=${filters.mark || ""}
                onChange=${(e) => refine({ mark: e.target.value })}>
                <option value="">${t("all")}</option>
                ${MARKS.map((m) => html`<option value=${m}>${GLYPHS[m]} ${t(`mark.${m}`)}</option>`)}</select></label>
        </form>
        <div class="matrix-frame"><table class="matrix" role="grid" ref=${at} onKeyDown=${move} aria-label=${t("menu.matrix")}
            aria-describedby="matrix-help">
            <thead><tr role="row"><th role="columnheader" scope="col">${t("list.what")}</th>
                ${columns.map(([b]) => html`<th role="columnheader" scope="col" key=${b.code}>
                    <a href=${link("body", b.code)} title=${own(b.name)}>${own(b.short)}</a>
                    ${b.agreement && html`<abbr title=${t("upon_agreement")}>*</abbr>`}</th>`)}</tr></thead>
            <tbody>${rows.map(draw)}</tbody>
        </table></div>
        <p class="aside" id="matrix-help">${t("matrix.help")}</p>
        <section><h2>${t("matrix.legend")}</h2><ul class="legend">${MARKS.map((m) => html`
            <li><span class="mark mark-${m}"><span class="glyph" aria-hidden="true">${GLYPHS[m]}</span>
                ${" "}${t(`mark.${m}.short`)}</span> ${t(`mark.${m}`)}</li>`)}
            <li>${t("no_data")}: ${t("matrix.no_data")}</li><li>${percent(0)}: ${t("matrix.zero")}</li>
            <li>*: ${t("upon_agreement")}</li></ul></section>`;
}
