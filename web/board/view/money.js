// Money by year and source: planned by the plan, allocated and spent as accepted and current reports say.

import { html } from "../dom.js";
import { Loaded, Table, Title, useGet } from "../parts.js";
import { refine } from "../route.js";
import { money, percent, t, word } from "../text.js";

export function Money({ filters }) {
    const answer = useGet("money", {});
    const columns = [
        { head: t("money.year"), cell: (m) => (m.year ? String(m.year) : t("money.whole")) },
        { head: t("money.source"), grow: true, cell: (m) => word("source", m.source) },
        { head: t("money.planned"), numeric: true, cell: (m) => (m.planned_tiyn === null && m.plan_within_allotted > 0
            ? t("money.within") : money(m.planned_tiyn)) },
        { head: t("money.allocated"), numeric: true, cell: (m) => (m.allocated_tiyn === null && m.reports_within_allotted > 0
            ? t("money.within") : money(m.allocated_tiyn)) },
        { head: t("money.spent"), numeric: true, cell: (m) => money(m.spent_tiyn) },
        {
            head: t("money.share"), numeric: true,
            cell: (m) => (m.allocated_tiyn > 0 && m.spent_tiyn !== null ? percent((100 * m.spent_tiyn) / m.allocated_tiyn) : t("no_data")),
        },
    ];
    return html`<${Title} text=${t("menu.money")} />
        <${Loaded} of=${answer}>${(value) => {
            const years = [...new Set(value.rows.map((m) => m.year).filter(Boolean))].sort();
            const rows = value.rows.filter((m) => !filters.year || String(m.year || "") === filters.year);
            return html`<form class="filters" onSubmit=${(e) => e.preventDefault()}><label class="field"><span>${t("money.year")}</span>
                <select value=${filters.year || ""} onChange=${(e) => refine({ year: e.target.value })}>
                <option value="">${t("all")}</option>${years.map((y) => html`<option value=${y}>${y}</option>`)}</select></label></form>
                ${rows.length === 0 ? html`<p role="status">${t("no_data")}</p>`
                    : html`<${Table} caption=${t("money.caption")} columns=${columns} rows=${rows} keyOf=${(m) => `${m.year} ${m.source}`} />`}
                ${rows.some((m) => m.overflow) && html`<p class="failure" role="note">${t("money.overflow")}</p>`}
                <p class="aside">${t("money.none_required", { n: value.actions_without_money })}</p>
                ${value.conflicts_left_out > 0 && html`<p class="aside">${t("conflicts_left_out", { n: value.conflicts_left_out })}</p>`}`;
        }}</${Loaded}>`;
}
