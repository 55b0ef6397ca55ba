// A report's way, step by step, with the hour of each and by whose clock. What is still ahead is grey, never red.

import { html } from "../shared/dom.js";
import { instant, t } from "../shared/text.js";
import { link } from "../shared/route.js";

function where(step) {
    if (step.step === "saved") return t("way.entry", { n: step.number });
    if (step.number !== null) return t("way.log", { n: step.number });
    if (step.files_total > 0) return t("way.files", { n: step.files_total, part: step.files_total - step.files_left });
    return "";
}

export function Way({ steps, duty }) {
    return html`<ol class="way">${steps.filter((s) => s.step !== "evidence_complete" || s.files_total > 0).map((s) => html`
        <li class=${s.reached ? `reached step-${s.step}` : "ahead"}><span class="glyph" aria-hidden="true">${s.reached ? (s.step === "returned" ? "↩" : "✔") : "○"}</span>
            <span><strong>${t(`way.${s.step}`)}</strong><span class="unseen">, ${t(s.reached ? "way.reached" : "way.ahead")}</span>
            ${s.at && html`<br /><span class="aside">${instant(s.at)}, ${t(`clock_of.${s.clock}`)}</span>`}
            ${(s.reached || s.step === "evidence_complete") && where(s) && html`<br /><span class="aside">${where(s)}</span>`}</span></li>`)}</ol>
        ${duty.seq > 0 && html`<p><a href=${link("confirmation", duty.key)}>${t("confirmation.open")}</a></p>`}`;
}
