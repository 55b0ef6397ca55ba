// The offices: who is heard, who is silent. Silent is not late: silence is of the machine, lateness of the report.

import { html } from "../shared/dom.js";
import { BodyLink, Loaded, Table, Title, useGet } from "../parts.js";
import { refine } from "../shared/route.js";
import { instant, number, t, word } from "../shared/text.js";

const STATES = ["active", "silent", "pending", "revoked"];
const GLYPHS = { active: "●", silent: "∅", pending: "◌", revoked: "⊘" };

export function OfficeTable({ offices, caption }) {
    const columns = [
        {
            head: t("list.state"), cell: (o) => html`<span class="mark office-${o.state}"><span class="glyph"
                aria-hidden="true">${GLYPHS[o.state]}</span> ${word("office", o.state)}</span>`,
        },
        { head: t("offices.label"), grow: true, cell: (o) => o.label || `№ ${o.office}` },
        { head: t("offices.reports_for"), cell: (o) => html`${o.bodies.map((b, i) => html`${i > 0 && ", "}<${BodyLink} code=${b} />`)}${
            o.plans.length > 0 && html` <span class="aside">${t("offices.in_plans", { plans: o.plans.join(", ") })}</span>`}` },
        { head: t("offices.seen"), cell: (o) => (o.seen_at ? instant(o.seen_at) : t("offices.never")) },
        {
            head: t("offices.awaited"), numeric: true,
            cell: (o) => (o.promised === null || o.promised === undefined ? t("no_data")
                : number(Math.max(0, o.promised - o.seq))),
        },
    ];
    return html`<${Table} caption=${caption} columns=${columns} rows=${offices} keyOf=${(o) => o.office} />`;
}

export function Offices({ filters }) {
    const answer = useGet("offices", {});
    return html`<${Title} text=${t("menu.offices")} />
        <p class="aside">${t("offices.note")}</p>
        <form class="filters" onSubmit=${(e) => e.preventDefault()}>
            <label class="field"><span>${t("list.state")}</span><select value=${filters.state || ""}
                onChange=${(e) => refine({ state: e.target.value })}><option value="">${t("all")}</option>
                ${STATES.map((s) => html`<option value=${s}>${word("office", s)}</option>`)}</select></label></form>
        <${Loaded} of=${answer}>${(value) => {
            const rows = value.offices.filter((o) => !filters.state || o.state === filters.state);
            return rows.length === 0 ? html`<p role="status">${t("offices.empty")}</p>`
                : html`<${OfficeTable} offices=${rows} caption=${t("offices.count", { n: rows.length })} />`;
        }}</${Loaded}>`;
}
