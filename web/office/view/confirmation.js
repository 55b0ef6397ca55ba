// A confirmation for a superior, to be printed: what was reported, when it came, by whose clock, and the receipt that proves
// it. Without a receipt it says so, and what is certain already.

import { html } from "../shared/dom.js";
import { pathOf } from "../api.js";
import { Loaded, subjectOf, useGet } from "../parts.js";
import { NoteFacts, sawText } from "./note.js";
import { Facts, Title } from "../shared/look.js";
import { link } from "../shared/route.js";
import { instant, own, period, t, word, zoneName } from "../shared/text.js";

function headline(r) {
    if (r.receipt) return t("confirmation.received", { at: instant(r.receipt.accepted_at), n: r.receipt.log_index });
    if (r.commitment) return t("confirmation.committed", { at: instant(r.commitment.accepted_at), n: r.commitment.log_index });
    return r.ingress ? sawText(r.ingress) : t("confirmation.waiting");
}

function Proof({ of, name }) {
    return html`<section><h2>${t(name)}</h2><${Facts} pairs=${[
        [t("confirmation.log_index"), of.log_index],
        [t("confirmation.accepted_at"), `${instant(of.accepted_at)}, ${t("clock_of.collector")}`],
        [t("confirmation.witnessed_at"), of.witnessed_at && `${instant(of.witnessed_at)}, ${t("clock_of.witness")}`],
        [t("confirmation.through"), `${of.epoch}/${of.first_seq}–${of.through_seq}`],
        [t("confirmation.chain"), html`<code class="hash">${of.chain_hash}</code>`],
        [t("confirmation.leaf"), of.leaf_hash && html`<code class="hash">${of.leaf_hash}</code>`],
    ]} /></section>`;
}

function Whole({ r, of }) {
    const proved = r.receipt || r.commitment;
    return html`<p class="lead">${headline(r)}</p>
        <div class="buttons"><button type="button" class="main" onClick=${() => window.print()}>${t("confirmation.print")}</button></div>
        <${Facts} pairs=${[
            [t("confirmation.body"), `${own(r.body_name) || r.body}${r.label && `, ${r.label}`}`],
            [t("confirmation.subject"), subjectOf({ action: r.action, title: r.title, kind: r.obligation ? r.obligation.split("/")[1] : "" })],
            [t("list.period"), r.window_start && period(r.window_start, r.window_end)],
            [t("list.due"), r.due && instant(r.due)],
            [t("confirmation.timeliness"), r.deadline && word("timeliness", r.deadline)],
            [t("form.fulfilment"), r.fulfilment && word("fulfilment", r.fulfilment)],
            [t("confirmation.version"), r.revision],
            [t("form.outgoing_number"), r.outgoing_number],
            [t("way.saved"), r.saved_at && `${instant(r.saved_at)}, ${t("clock_of.office")}, ${t("way.entry", { n: r.seq })}`],
            [t("confirmation.counts_from"), r.counts_from && `${instant(r.counts_from)}${r.by_commitment ? `, ${t("confirmation.by_commitment")}` : ""}`],
            [t("confirmation.content"), r.content_hash && html`<code class="hash">${r.content_hash}</code>`],
        ]} />
        ${r.receipt && html`<${Proof} of=${r.receipt} name="confirmation.receipt" />`}
        ${r.commitment && html`<${Proof} of=${r.commitment} name="confirmation.commitment" />`}
        ${r.ingress && html`<${NoteFacts} n=${r.ingress} obligation=${r.obligation} of=${of.replace("?", "&")} />`}
        ${proved && html`<p>${t(r.verified ? "confirmation.verified" : "confirmation.not_verified")}</p>
            <p class="aside">${t("confirmation.log")} <code class="hash">${r.log_id}</code>. ${t("confirmation.key")} <code class="hash">${r.log_key}</code></p>`}
        <p class="signing">${t("confirmation.signing")}</p>
        <p class="aside">${t("confirmation.printed", { at: instant(r.printed_at), zone: zoneName() })}</p>`;
}

export function Confirmation({ argument, filters }) {
    const of = filters.seq ? `?epoch=${Number(filters.epoch)}&seq=${Number(filters.seq)}` : "";
    const answer = useGet(pathOf("receipts", argument) + of);
    return html`<p class="back"><a href=${link("duty", argument)}>← ${t("confirmation.back")}</a></p>
        <${Title} text=${t("confirmation.title")} />
        <${Loaded} of=${answer}>${(r) => html`<${Whole} r=${r} of=${of} />`}</${Loaded}>`;
}
