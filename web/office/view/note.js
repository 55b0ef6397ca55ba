// What a broker saw, where the commission has not answered: the weakest of the proofs, and it says so. Its files are for
// whoever is to check it, with the broker's public key (docs/verify.md).

import { html, useState } from "../shared/dom.js";
import { fetchFile, pathOf } from "../api.js";
import { problemText } from "../parts.js";
import { Facts } from "../shared/look.js";
import { instant, t } from "../shared/text.js";

/** "tcp://relay.gov.kz:7301" -> "relay.gov.kz:7301"; where the configuration names it no longer, how its key begins. */
const nameOf = (n) => (n.broker ? n.broker.replace(/^tcp:\/\//, "") : `${n.broker_key.slice(0, 16)}…`);

export const sawText = (n) => t("note.saw", { broker: nameOf(n), at: instant(n.received_at) });

/** of: which report, as the query of its receipt is written. */
function Files({ obligation, of }) {
    const [problem, setProblem] = useState(null);
    const save = (part) => {
        setProblem(null);
        fetchFile(`${pathOf("notes", obligation)}?part=${part}${of}`).then(({ name, bytes }) => {
            const at = document.createElement("a");
            at.href = URL.createObjectURL(bytes);
            at.download = name;
            at.click();
            setTimeout(() => URL.revokeObjectURL(at.href), 60000);
        }, setProblem);
    };
    return html`<div class="buttons"><button type="button" onClick=${() => save("proof")}>${t("note.save_proof")}</button>
            <button type="button" onClick=${() => save("report")}>${t("note.save_report")}</button></div>
        ${problem && html`<p class="failure" role="alert">${problemText(problem)}</p>`}`;
}

/** Beside the report's way, for as long as there is nothing better. */
export function NoteOnly({ n, duty }) {
    return html`<div class="note noted"><p><strong>${sawText(n)}</strong> ${t("note.weakest")}</p>
        <${Files} obligation=${duty.key} of="" />
        <p class="aside">${t("note.how")} <code class="hash">${n.broker_key}</code></p></div>`;
}

/** In a confirmation: all that it says. */
export function NoteFacts({ n, obligation, of }) {
    return html`<section class="noted"><h2>${t("note.title")}</h2><${Facts} pairs=${[
        [t("note.received_at"), `${instant(n.received_at)}, ${t("clock_of.broker")}`],
        [t("note.broker"), nameOf(n)],
        [t("note.key"), html`<code class="hash">${n.broker_key}</code>`],
        [t("note.through"), n.through_seq],
        [t("note.office_clock"), `${instant(n.office_clock)}, ${t("clock_of.office")}`],
    ]} /><p>${t(n.says_more ? "note.weakest" : "note.stays")}</p><${Files} obligation=${obligation} of=${of} /></section>`;
}
