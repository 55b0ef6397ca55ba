// Deadlines by day: how much falls due, bodies upon agreement among it, and how much of it is done. The bar is drawn, the numbers stand beside it.

import { html } from "../shared/dom.js";
import { Loaded, Title, useGet } from "../parts.js";
import { link } from "../shared/route.js";
import { GLYPHS } from "../marks.js";
import { day, monthOf, number, t } from "../shared/text.js";

const PARTS = ["on_time", "late", "overdue", "due_soon", "not_due"];

function Day({ day: at, most }) {
    const count = (p) => at.bound[p] + at.upon_agreement[p];
    const sum = at.bound.all + at.upon_agreement.all;
    return html`<tr role="row"><th role="rowheader" scope="row"><a href=${link("list", "", { from: at.day, to: at.day })}>${day(at.day)}</a></th>
        <td role="cell" class="bar-cell"><div class="bar" aria-hidden="true">${PARTS.filter((p) => count(p)).map((p) => html`
            <span class="part mark-${p}" style=${{ width: `${(100 * count(p)) / most}%` }}></span>`)}</div></td>
        ${PARTS.map((p) => html`<td role="cell" data-head=${t(`timeliness.${p}`)} class="numeric ${count(p) ? "" : "zero"}">
            <div>${count(p) ? html`<span class="mark mark-${p}"><span class="glyph" aria-hidden="true">${GLYPHS[p]}</span> ${number(count(p))}</span>` : number(0)}</div></td>`)}
        <td role="cell" data-head=${t("timeline.sum")} class="numeric"><div>${number(sum)}</div></td></tr>`;
}

export function Timeline() {
    const answer = useGet("timeline", {});
    return html`<${Title} text=${t("menu.timeline")} />
        <${Loaded} of=${answer}>${(value) => {
            const most = Math.max(1, ...value.days.map((d) => d.bound.all + d.upon_agreement.all));
            const today = value.today;
            const rows = [];
            let month = "";
            let passed = false;
            for (const d of value.days) {
                if (!passed && d.day >= today) {
                    passed = true;
                    rows.push(html`<tr role="row" class="today"><td role="cell" colspan="8">${t("timeline.today", { day: day(today) })}</td></tr>`);
                }
                if (d.day.slice(0, 7) !== month) {
                    month = d.day.slice(0, 7);
                    rows.push(html`<tr role="row" class="month"><th role="rowheader" scope="rowgroup" colspan="8">${monthOf(d.day)}</th></tr>`);
                }
                rows.push(html`<${Day} key=${d.day} day=${d} most=${most} />`);
            }
            return html`<table class="cards timeline" role="table"><caption>${t("timeline.caption", { n: value.days.length })}</caption>
                <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${t("list.due")}</th>
                    <td role="cell"></td>${PARTS.map((p) => html`
                    <th role="columnheader" scope="col" class="numeric">${t(`timeliness.${p}`)}</th>`)}
                    <th role="columnheader" scope="col" class="numeric">${t("timeline.sum")}</th></tr></thead>
                <tbody role="rowgroup">${rows}</tbody></table>`;
        }}</${Loaded}>`;
}
