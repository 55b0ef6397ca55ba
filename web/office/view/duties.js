// The first screen: what this office owes, in the order in which it matters to the clerk. What needs a hand comes as cards
// with the reason, the rest as tables. Delivery and deadline are two marks, never one.

import { html, useState } from "../shared/dom.js";
import { Deadline, Delivery, dueText, Loaded, periodOf, subjectOf, useDesk, useGet, Whose } from "../parts.js";
import { Table, Title } from "../shared/look.js";
import { link } from "../shared/route.js";
import { instant, number, own, t, word } from "../shared/text.js";

const SHOWN = 8; // of what needs nobody's hand; the rest opens

const ACTS = { returned: "correct", refused: "correct", draft: "continue", none: "write", withdrawn: "write" };
const actOf = (duty) => t(`act.${(duty.draft && "continue") || ACTS[duty.delivery] || "open"}`);

/** Why a duty needs somebody. */
function Why({ duty }) {
    if (duty.delivery === "returned") {
        return html`<p class="why">${t("why.returned", { reason: word("reason", duty.reason_code) })}</p>`;
    }
    if (duty.refused) return html`<p class="why">${t("why.refused", { verdict: word("verdict", duty.refused) })}</p>`;
    if (duty.conflict) return html`<p class="why">${t("why.conflict")}</p>`;
    if (duty.reminder && duty.reminder.kind === "still_overdue") return html`<p class="why">${t("why.still_overdue", { n: duty.reminder.weeks })}</p>`;
    if (duty.upon_agreement) return html`<p class="why">${t("why.agreement")}</p>`;
    return null;
}

function Card({ duty }) {
    return html`<li class="card">
        <h3><a href=${link("duty", duty.key)}>${subjectOf(duty)}</a></h3>
        <p class="marks"><${Deadline} duty=${duty} /> <${Delivery} value=${duty.delivery} /></p>
        <p><${Whose} duty=${duty} />${t("due.by", { day: dueText(duty) })}<br /><span class="aside">${t("due.for", { period: periodOf(duty) })}${duty.action && `, ${word("executor", duty.role)}`}</span></p>
        <${Why} duty=${duty} />
        ${duty.cited_ready > 0 && html`<p class="aside">${t("cite.ready", { n: duty.cited_ready })}</p>`}
        <p><a class="button main" href=${link("duty", duty.key)} aria-label="${actOf(duty)}: ${subjectOf(duty)}">${actOf(duty)}</a></p>
    </li>`;
}

function Rows({ group, duties }) {
    const [all, setAll] = useState(false);
    const columns = [
        { head: t("list.what"), grow: true, cell: (d) => html`<a href=${link("duty", d.key)}>${subjectOf(d)}</a>
            <br /><span class="aside"><${Whose} duty=${d} />${periodOf(d)}${d.action && `, ${word("executor", d.role)}`}${d.draft && `. ${t("draft.begun")}`}</span>` },
        { head: t("list.deadline"), cell: (d) => html`<${Deadline} duty=${d} /><br /><span class="aside">${dueText(d)}</span>` },
        { head: t("list.delivery"), cell: (d) => html`<${Delivery} value=${d.delivery} />${d.came && html`<br />
            <span class="aside">${instant(d.came)}</span>`}` },
    ];
    const shown = all ? duties : duties.slice(0, SHOWN);
    return html`<${Table} caption=${t(`group.${group}.caption`)} columns=${columns} rows=${shown} keyOf=${(d) => d.key} />
        ${shown.length < duties.length && html`<p><button type="button" onClick=${() => setAll(true)}>
            ${t("list.more", { n: duties.length - shown.length })}</button></p>`}`;
}

/** What came back first, then what can still be in time, then what is over; the daemon's order, by day, within each. */
function urgency(duty) {
    if (duty.delivery === "returned" || duty.refused || duty.conflict) return 0;
    return duty.deadline === "overdue" ? 2 : 1;
}

/** Nothing to do is an answer too: then what comes next. */
function Nothing({ duties }) {
    const next = duties.find((d) => d.group === "not_due" && d.due_day);
    return html`<p>${t("group.needs_you.none")} ${next && t("group.needs_you.next", { day: dueText(next) })}</p>`;
}

function Whole({ answer }) {
    const { duties, plans } = answer;
    const of = (group) => duties.filter((d) => d.group === group);
    if (plans.length === 0) return html`<p class="note">${t("no_plan")}</p>`;
    const needs = of("needs_you").sort((a, b) => urgency(a) - urgency(b));
    const unknown = plans.filter((p) => !p.zone_known);
    return html`${unknown.length > 0 && html`<p class="note">${t("zone_unknown", { zone: unknown[0].zone })}</p>`}
        <section><h2>${t("group.needs_you")} <span class="count">${number(needs.length)}</span></h2>
            ${needs.length === 0 ? html`<${Nothing} duties=${duties} />`
                : html`<ul class="bare deck">${needs.map((d) => html`<${Card} key=${d.key} duty=${d} />`)}</ul>`}</section>
        ${["waiting", "done", "not_due"].map((group) => {
            const its = group === "done" ? of(group).reverse() : of(group);
            return its.length > 0 && html`<section key=${group}><h2>${t(`group.${group}`)} <span class="count">${number(its.length)}</span></h2>
                <${Rows} group=${group} duties=${its} /></section>`;
        })}`;
}

export function Duties() {
    const answer = useGet("duties");
    const { office } = useDesk();
    const plans = answer.value ? answer.value.plans : [];
    return html`<${Title} text=${t("duties.title")} />
        ${plans.length > 0 && html`<p class="aside">${plans.map((p) => own(p.title)).join("; ")}. ${office.bodies.map((b) => own(b.name) || b.code).join(", ")}.</p>`}
        <${Loaded} of=${answer}>${(value) => html`<${Whole} answer=${value} />`}</${Loaded}>`;
}
