// A report to read: last period's, a co-executor's, or one's own that was sent. In the order of the form, so that both can be
// read side by side; what it does not say is left out.

import { html } from "../shared/dom.js";
import { Person } from "../parts.js";
import { Facts } from "../shared/look.js";
import { bytes, percent, t, word } from "../shared/text.js";

const TEXTS = ["narrative", "obstacles", "delay_reasons", "next_steps", "nil_reason"];

const tenge = (text) => (text ? `${text} ₸` : "");

function sums(m) {
    const planned = m.within_allotted ? t("money.within")
        : [["planned", m.planned], ["allocated", m.allocated]].filter((p) => p[1]).map(([k, v]) => `${t(`form.money.${k}`)} ${tenge(v)}`).join(", ");
    return [planned, m.spent && `${t("form.money.spent")} ${tenge(m.spent)}`].filter(Boolean).join(", ");
}

export function Sheet({ form }) {
    return html`<div class="sheet">
        <${Facts} pairs=${[
            [t("form.fulfilment"), form.fulfilment && word("fulfilment", form.fulfilment)],
            [t("form.percent"), form.percent === null ? t("no_data") : percent(form.percent)],
            [t("form.nil_report"), form.nil_report ? t("yes") : ""],
        ]} />
        ${TEXTS.filter((name) => form[name]).map((name) => html`<h4>${t(`form.${name}`)}</h4><p class="prose">${form[name]}</p>`)}
        ${form.indicators.length > 0 && html`<h4>${t("form.indicators")}</h4><ul>${form.indicators.map((n) => html`
            <li>${n.name}${n.breakdown && ` (${n.breakdown})`}: <strong>${n.value} ${n.unit}</strong>${n.target && `, ${t("form.indicators.target")}: ${n.target}`}</li>`)}</ul>`}
        ${form.money.length > 0 && html`<h4>${t("form.money")}</h4><ul>${form.money.map((m) => html`
            <li>${word("source", m.source)}${m.programme && ` ${m.programme}`}: ${sums(m)}</li>`)}</ul>`}
        ${form.attachments.length > 0 && html`<h4>${t("form.attachments")}</h4><ul>${form.attachments.map((a) => html`
            <li>${a.name}, ${bytes(a.size_bytes)}</li>`)}</ul>`}
        <${Facts} pairs=${[
            [t("form.preparer"), form.preparer && html`<${Person} of=${form.preparer} />`],
            [t("form.signatory"), form.signatory && html`<${Person} of=${form.signatory} />`],
            [t("form.outgoing_number"), form.outgoing_number],
            [t("form.access"), form.access && t(`access.${form.access}`)],
        ]} />
    </div>`;
}
