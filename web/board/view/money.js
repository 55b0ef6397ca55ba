// Money by year and source: planned by the plan, allocated and spent as accepted and current reports say. A year's sum is
// of what is known, and says so; what belongs to no year stands last.

import { html } from "../shared/dom.js";
import { Bar } from "../chart.js";
import { Loaded, Table, Title, useGet } from "../parts.js";
import { refine } from "../shared/route.js";
import { money, percent, t, word } from "../shared/text.js";

const SUMS = ["planned_tiyn", "allocated_tiyn", "spent_tiyn"];
const none = (text) => html`<span class="aside">${text}</span>`;

/** Null is no figure, and not 0: of no figures at all there is no sum. */
function sumOf(rows, name) {
    const known = rows.map((m) => m[name]).filter((v) => v !== null);
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

/** The sources of each year, and below them their sum where there is more than one. */
function withSums(rows) {
    const years = [...new Set(rows.map((m) => m.year))].sort((a, b) => (a || Infinity) - (b || Infinity));
    return years.flatMap((year) => {
        const own = rows.filter((m) => m.year === year);
        if (year === null || own.length < 2) return own;
        return [...own, { year, sum: true, ...Object.fromEntries(SUMS.map((name) => [name, sumOf(own, name)])) }];
    });
}

function planned(m) {
    const said = !m.sum && m.reported_planned_tiyn !== null && m.reported_planned_tiyn !== m.planned_tiyn &&
        html`<br /><span class="aside">${t("money.reported", { sum: money(m.reported_planned_tiyn) })}</span>`;
    if (m.planned_tiyn === null) return html`${none(t(m.plan_within_allotted > 0 ? "money.within" : "money.not_planned"))}${said}`;
    return html`<span class="whole">${money(m.planned_tiyn)}</span>${said}`;
}

function allocated(m) {
    if (m.allocated_tiyn === null) return none(t(m.reports_within_allotted > 0 ? "money.within" : "no_data"));
    return html`<span class="whole">${money(m.allocated_tiyn)}</span>`;
}

function columnsOf(most) {
    const strong = (m, text) => (m.sum ? html`<strong>${text}</strong>` : text);
    return [
        { head: t("money.year"), cell: (m) => strong(m, m.year ? String(m.year) : t("money.whole")) },
        { head: t("money.source"), grow: true, cell: (m) => strong(m, m.sum ? t("money.sum") : word("source", m.source)) },
        { head: t("money.planned"), numeric: true, cell: (m) => strong(m, planned(m)) },
        { head: t("money.allocated"), numeric: true, cell: (m) => strong(m, allocated(m)) },
        {
            head: t("money.spent"), numeric: true,
            cell: (m) => strong(m, m.spent_tiyn === null ? none(t("no_data")) : html`<span class="whole">${money(m.spent_tiyn)}</span>`),
        },
        {
            head: t("money.share"), numeric: true,
            cell: (m) => (m.allocated_tiyn > 0 && m.spent_tiyn !== null ? percent((100 * m.spent_tiyn) / m.allocated_tiyn) : none(t("none"))),
        },
        {
            head: "", wide: true, cell: (m) => (m.allocated_tiyn === null && m.spent_tiyn === null ? null
                : html`<${Bar} value=${m.spent_tiyn} target=${m.allocated_tiyn} most=${most} />`),
        },
    ];
}

export function Money({ filters }) {
    const answer = useGet("money", {});
    return html`<${Title} text=${t("menu.money")} />
        <p class="aside">${t("money.note")}</p>
        <${Loaded} of=${answer}>${(value) => {
            const years = [...new Set(value.rows.map((m) => m.year).filter(Boolean))].sort();
            const rows = withSums(value.rows.filter((m) => !filters.year || String(m.year || "") === filters.year));
            const most = Math.max(1, ...rows.flatMap((m) => [m.allocated_tiyn ?? 0, m.spent_tiyn ?? 0]));
            return html`<form class="filters" onSubmit=${(e) => e.preventDefault()}><label class="field"><span>${t("money.year")}</span>
                <select value=${filters.year || ""} onChange=${(e) => refine({ year: e.target.value })}>
                <option value="">${t("all")}</option>${years.map((y) => html`<option value=${y}>${y}</option>`)}</select></label></form>
                ${rows.length === 0 ? html`<p role="status">${t("money.empty")}</p>` : html`<${Table} caption=${t("money.caption")}
                    columns=${columnsOf(most)} rows=${rows} keyOf=${(m) => `${m.year} ${m.source} ${m.sum}`} />`}
                ${rows.some((m) => m.overflow) && html`<p class="failure" role="note">${t("money.overflow")}</p>`}
                <p class="aside">${t("money.none_required", { n: value.actions_without_money })}</p>
                ${value.conflicts_left_out > 0 && html`<p class="aside">${t("conflicts_left_out", { n: value.conflicts_left_out })}</p>`}`;
        }}</${Loaded}>`;
}
