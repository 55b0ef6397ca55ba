// One duty: what is owed and until when, how far the report is, the form (or what was sent), and beside it what helps to fill
// it in: what the action demands, last period's report, the co-executors', and what came by mail.

import { html, useEffect, useRef, useState } from "../shared/dom.js";
import { Deadline, Delivery, dueText, Loaded, periodOf, planPeriod, subjectOf, useDesk, useGet, Whose } from "../parts.js";
import { Facts, Title } from "../shared/look.js";
import { link } from "../shared/route.js";
import { day, instant, money, own, t, word } from "../shared/text.js";
import { pathOf } from "../api.js";
import { Form } from "../form/form.js";
import { AskTime, Withdraw } from "./orders.js";
import { NoteOnly } from "./note.js";
import { Sheet } from "./sheet.js";
import { Way } from "./way.js";

const EDITED = ["none", "draft", "returned", "refused", "withdrawn"];

function Head({ o }) {
    const { duty } = o;
    const changed = duty.original_due_day && duty.original_due_day !== duty.due_day;
    return html`<p class="marks"><${Deadline} duty=${duty} /> <${Delivery} value=${duty.delivery} /></p>
        <p><${Whose} duty=${duty} />${t("due.by", { day: dueText(duty) })}${changed && ` (${t("due.was", { day: day(duty.original_due_day) })})`}<br />
            <span class="aside">${t("due.for", { period: periodOf(duty) })}, ${word("kind", duty.kind)}${duty.action && `, ${word("executor", duty.role)}`}${duty.upon_agreement && `, ${t("upon_agreement")}`}</span></p>`;
}

/** Why it came back, in the reviewer's words, before anything else. */
function Returned({ o }) {
    if (!o.returned || o.duty.delivery !== "returned") return null;
    const { reason_code: reason, comment, again_by: again } = o.returned;
    return html`<div class="note returned"><p><span class="glyph" aria-hidden="true">↩</span> <strong>${t("why.returned", { reason: word("reason", reason) })}</strong>
        ${again && ` ${t("why.again_by", { day: day(again) })}`}</p>
        ${comment && html`<blockquote>${comment}</blockquote>`}<p>${t("returned.what_now")}</p></div>`;
}

function Notes({ o }) {
    const { duty } = o;
    return html`${duty.refused && html`<p class="note">${t("why.refused", { verdict: word("verdict", duty.refused) })}</p>`}
        ${duty.conflict && html`<p class="note">${t("why.conflict")} ${t("conflict.how")}</p>`}
        ${!duty.open && html`<p class="note">${t("not_owed.why")}</p>`}`;
}

/** Beside the form what helps is open; above it, where there is no room beside, it is closed at first. */
const roomy = () => window.matchMedia("(min-width: 60.01rem)").matches;

function Demands({ action }) {
    const sum = (m) => (m.within_allotted ? t("money.within") : money(m.amount_tiyn));
    return html`<details class="panel" open=${roomy()}><summary>${t("demands")}</summary>
        ${action.text && html`<p>${action.text}</p>`}
        <${Facts} pairs=${[
            [t("demands.completion"), own(action.completion)],
            [t("demands.period"), action.windows.length > 0 ? planPeriod(action.windows) : action.period],
            [t("demands.executors"), html`<ul class="bare">${action.executors.map((e) => html`<li>${own(e.name) || e.body || e.group}${e.is_us && ` (${t("us")})`}, ${word("executor", e.role)}</li>`)}</ul>`],
            [t("demands.money"), action.money.length > 0 ? html`<ul class="bare">${action.money.map((m) => html`
                <li>${m.year || t("whole_plan")}: ${word("source", m.source)}${m.programme && ` ${m.programme}`}, ${sum(m)}</li>`)}</ul>` : word("financing", action.financing)],
        ]} /></details>`;
}

const mailText = (m) => [t(`mail.${m.type}`), word("outcome", m.outcome), m.reason_code && word("reason", m.reason_code), m.until && t("mail.until", { day: day(m.until) }), m.document]
    .filter(Boolean).join(", ");

function Beside({ o, way }) {
    return html`<aside class="beside" aria-label=${t("beside")}>
        ${way && html`<details class="panel" open=${roomy()}><summary>${t("way.title")}</summary><${Way} steps=${o.way} duty=${o.duty} /></details>`}
        ${o.action && html`<${Demands} action=${o.action} />`}
        ${o.last && html`<details class="panel" open=${roomy()}><summary>${t("last.title")}</summary>
            <p class="aside">${periodOf(o.last)}${o.last.came && `, ${t("last.came", { at: instant(o.last.came) })}`}</p><${Sheet} form=${o.last.form} /></details>`}
        ${o.mail.length > 0 && html`<details class="panel"><summary>${t("mail.title", { n: o.mail.length })}</summary><ul class="bare">${o.mail.map((m) => html`
            <li><time datetime=${m.at}>${instant(m.at)}</time> ${mailText(m)}${m.text && html` <q>${m.text}</q>`}</li>`)}</ul></details>`}
    </aside>`;
}

/** What was sent, to read; a correction is a new version of it. */
function Sent({ o, onCorrect }) {
    const { duty } = o;
    return html`<section><h2>${t("sent.title", { n: duty.revision })}</h2><${Sheet} form=${o.draft.form} />
        <div class="buttons">
            ${o.may.report && html`<button type="button" onClick=${onCorrect}>${t("sent.correct")}</button>`}
            ${o.may.withdraw && html`<${Withdraw} duty=${duty} />`}</div></section>`;
}

const HERE = ["none", "draft", "saved", "committed", "sent"];

/** The report is in the journal: what that means, where the reader looks. */
function Written({ it, duty }) {
    const at = useRef(null);
    useEffect(() => at.current.focus(), []);
    const arrived = duty.seq === it.seq && !HERE.includes(duty.delivery);
    return html`<div class="note done" tabindex="-1" ref=${at}><p><span class="glyph" aria-hidden="true">✔</span>
        ${" "}<strong>${t(arrived ? "written.arrived" : "written.title")}</strong>
        ${" "}${t(arrived ? "written.number" : "written.text", { n: it.seq, at: instant(it.saved_at) })}</p>
        <p><a href=${link("duties")}>${t("to_duties")}</a></p></div>`;
}

const isReceived = (o) => o.way.some((s) => s.step === "received" && s.reached);

function Whole({ o, again }) {
    const { duty } = o;
    const [correcting, setCorrecting] = useState(false);
    const [written, setWritten] = useState(null);
    const leaving = written && written.seq > duty.seq; // it is in the journal; what is shown is from before
    const edit = o.may.report && !leaving && (correcting || o.form_of === "draft" || EDITED.includes(duty.delivery));
    const { say } = useDesk();
    const onSent = (answer) => {
        setWritten(answer);
        setCorrecting(false);
        say(t("written.title"));
        again();
    };
    return html`${written && html`<${Written} key=${written.seq} it=${written} duty=${duty} />`}
        ${edit && html`<${Returned} o=${o} />`}<${Notes} o=${o} />
        ${!edit && o.way.length > 0 && html`<section><h2>${t("way.title")}</h2><${Way} steps=${o.way} duty=${duty} /></section>`}
        ${o.ingress && !isReceived(o) && o.ingress.says_more && html`<${NoteOnly} n=${o.ingress} duty=${duty} />`}
        <div class="pair"><${Beside} o=${o} way=${edit && o.way.length > 0} /><div class="main-part">
            ${edit ? html`<${Form} key=${duty.key} o=${o} onSent=${onSent} onDropped=${() => setCorrecting(false)} />`
                : leaving ? null : duty.seq > 0 ? html`<${Sent} o=${o} onCorrect=${() => setCorrecting(true)} />` : html`<p>${t("nothing_reported")}</p>`}
            ${o.may.ask_extension && html`<${AskTime} duty=${duty} />`}
        </div></div>`;
}

export function Duty({ argument }) {
    const answer = useGet(pathOf("obligations", argument));
    const o = answer.value;
    return html`<p class="back"><a href=${link("duties")}>← ${t("to_duties")}</a></p>
        <${Title} text=${o ? subjectOf(o.duty) : t("duty")} />
        ${o && html`<${Head} o=${o} />`}
        <${Loaded} of=${answer}>${(value) => html`<${Whole} o=${value} again=${answer.again} />`}</${Loaded}>`;
}
