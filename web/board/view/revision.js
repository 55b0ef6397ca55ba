// One revision of a report, and what changed in it since the one it builds on.

import { html } from "../shared/dom.js";
import { Facts } from "../parts.js";
import { diff } from "../diff.js";
import { bytes, instant, money, percent, span, t, word } from "../shared/text.js";

/** How a single revision stands: the ground of its mark, and its glyph. */
const LOOKS = {
    accepted: ["on_time", "✔"], returned: ["returned", "↩"], received: ["to_review", "◉"], under_review: ["to_review", "◉"],
    conflict: ["conflict", "≠"], superseded: ["removed", "…"], withdrawn: ["removed", "⤺"], refused: ["overdue", "✖"],
};
const TEXTS = ["narrative", "obstacles", "delay_reasons", "next_steps", "nil_reason"];

function Changed({ before, after }) {
    if (before === undefined || before === after) return html`<p class="prose">${after}</p>`;
    return html`<p class="prose">${diff(before, after).map((part) => {
        if (part.kind === "same") return part.text;
        const said = html`<span class="unseen">${t(`diff.${part.kind}`)} </span>`;
        return part.kind === "gone" ? html`<del>${said}${part.text}</del>` : html`<ins>${said}${part.text}</ins>`;
    })}</p>`;
}

function figures(report) {
    return [
        [t("list.fulfilment"), word("fulfilment", report.fulfilment)],
        [t("report.percent"), percent(report.percent)],
        [t("report.nil"), report.nil_report ? t("yes") : ""],
        [t("report.outgoing"), report.outgoing_number],
        [t("report.preparer"), report.preparer && `${report.preparer.name}, ${report.preparer.position}`],
        [t("report.signatory"), report.signatory && `${report.signatory.name}, ${report.signatory.position}`],
    ];
}

/** Pairs of [name, value] with what stood there before, where it was something else. */
function withBefore(pairs, before) {
    return pairs.map(([name, value], i) => {
        const old = before ? before[i][1] : value;
        return old === value || !old ? [name, value] : [name, html`<del><span class="unseen">${t("diff.gone")} </span>${old}</del>
            ${" "}<ins><span class="unseen">${t("diff.new")} </span>${value || t("none")}</ins>`];
    });
}

function Money({ rows }) {
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t("menu.money")}><table class="plain">
        <caption>${t("menu.money")}</caption>
        <thead><tr><th scope="col">${t("money.source")}</th>${["planned", "allocated", "spent"].map((k) => html`
            <th scope="col" class="numeric">${t(`money.${k}`)}</th>`)}</tr></thead>
        <tbody>${rows.map((m) => html`<tr><th scope="row">${word("source", m.source)} ${m.programme}</th>
            ${m.within_allotted ? html`<td colspan="2">${t("money.within")}</td>` : html`
                <td class="numeric">${money(m.planned_tiyn)}</td><td class="numeric">${money(m.allocated_tiyn)}</td>`}
            <td class="numeric">${money(m.spent_tiyn)}</td></tr>`)}</tbody></table></div>`;
}

function Indicators({ rows }) {
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t("menu.indicators")}><table class="plain">
        <caption>${t("menu.indicators")}</caption>
        <thead><tr><th scope="col">${t("indicator.name")}</th><th scope="col" class="numeric">${t("indicator.value")}</th>
            <th scope="col" class="numeric">${t("indicator.target")}</th></tr></thead>
        <tbody>${rows.map((n) => html`<tr><th scope="row">${n.name} ${n.breakdown && `(${n.breakdown})`}</th>
            <td class="numeric">${n.value} ${n.unit}</td><td class="numeric">${n.target || t("none")}</td></tr>`)}</tbody>
    </table></div>`;
}

function Attachments({ rows, index }) {
    return html`<h4>${t("report.attachments")}</h4><ul>${rows.map((a) => html`<li>${a.complete ? html`
        <a href=${`/api/v1/attachments/${index}/${a.sha256}`} download=${a.name}>${a.name}</a>` : a.name} (${bytes(a.size_bytes)},
        ${" "}${a.media_type}${!a.complete && `; ${t("report.attachment_missing")}`}) <code class="hash" title=${a.sha256}>SHA-256 ${a.sha256.slice(0, 16)}…</code></li>`)}</ul>`;
}

/** r: a revision; before: the revision it builds on, or undefined. open: shown whole from the start. */
export function Revision({ r, before, open }) {
    const report = r.report;
    const [mark, glyph] = LOOKS[r.state] || ["removed", "·"];
    return html`<details class="revision" id="entry-${r.log_index}" open=${open}>
        <summary>${t("revision.title", { n: report?.revision ?? t("none") })} · <span class="mark mark-${mark}"><span class="glyph"
            aria-hidden="true">${glyph}</span> ${word("submission", r.state)}</span> · ${instant(r.accepted_at)}</summary>
        <${Facts} pairs=${[
            [t("clock.office"), instant(r.written_at)], [t("clock.collector"), instant(r.accepted_at)],
            [t("clock.skew"), r.skew_s === 0 ? t("clock.none") : t(r.skew_s < 0 ? "clock.ahead" : "clock.after", { span: span(r.skew_s) })],
            [t("verdict"), r.verdict !== "taken" && word("verdict", r.verdict)],
            [t("receipt"), html`${t("receipt.entry", { n: r.log_index })}, ${r.receipt.office}/${r.receipt.epoch}/${r.receipt.seq} · <code class="hash" title=${r.content_hash}>
                ${(r.content_hash || "").slice(0, 16)}…</code>`],
        ]} />
        ${!report ? html`<p>${t("revision.no_report")}</p>` : html`
            <${Facts} pairs=${withBefore(figures(report), before && figures(before.report))} />
            ${TEXTS.filter((name) => report[name] || before?.report[name]).map((name) => html`
                <h4>${t(`report.${name}`)}</h4>
                <${Changed} before=${before ? before.report[name] || "" : undefined} after=${report[name] || ""} />`)}
            ${report.indicators?.length > 0 && html`<${Indicators} rows=${report.indicators} />`}
            ${report.money?.length > 0 && html`<${Money} rows=${report.money} />`}
            ${report.attachments?.length > 0 && html`<${Attachments} rows=${report.attachments} index=${r.log_index} />`}`}
    </details>`;
}
