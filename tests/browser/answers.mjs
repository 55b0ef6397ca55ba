// The read half of /api/v1 over a country, in the forms of collector/web/json.h.

import { NOW } from "./country.mjs";

const PAGE = 100;
const TIMELINESS = ["not_due", "due_soon", "on_time", "late", "overdue"];
const KINDS = ["annual", "consolidated", "regional-plan"];
const waits = (o) => ["received", "under_review"].includes(o.submission);
const dueWeek = (o) => !o.came_at && Date.parse(o.due) >= Date.parse(NOW) && Date.parse(o.due) - Date.parse(NOW) < 7 * 86400e3;
const percentOf = (part, whole) => (whole ? Math.floor((1000 * part) / whole) / 10 : null);

const STATES = {
    ...Object.fromEntries(TIMELINESS.map((t) => [t, (o) => o.timeliness === t])), due_week: dueWeek, to_review: waits,
    ...Object.fromEntries(["returned", "accepted", "withdrawn"].map((s) => [s, (o) => o.submission === s])),
    conflict: (o) => o.conflict, extension_asked: (o) => o.control === "extension_asked", removed: (o) => o.control === "removed",
};
const BOUND = new Set(["overdue", "due_soon", "due_week"]);

function tally(list) {
    const count = (t) => list.filter((o) => o.timeliness === t).length;
    return { ...Object.fromEntries(TIMELINESS.map((t) => [t, count(t)])), all: list.length };
}

function rates(list) {
    const t = tally(list);
    const due = t.on_time + t.late + t.overdue;
    const reported = list.filter((o) => o.came_at).length;
    return { on_time: t.on_time, due, reported, owed: list.length };
}

export function summary(c) {
    const bound = c.obligations.filter((o) => !o.upon_agreement);
    const r = rates(bound);
    const of = (state, list) => list.filter(STATES[state]).length;
    return {
        plan: c.plan.id, plans: [c.plan], as_of: NOW, live: true, log_size: 1000 + c.log.length, log_root: "5f".repeat(32),
        rate: { on_time: r.on_time, due: r.due, percent: percentOf(r.on_time, r.due) },
        completeness: { reported: r.reported, owed: r.owed, percent: percentOf(r.reported, r.owed) },
        agreement: rates(c.obligations.filter((o) => o.upon_agreement)),
        tiles: {
            overdue: of("overdue", bound), due_soon: of("due_soon", bound), due_week: of("due_week", bound),
            to_review: of("to_review", c.obligations), returned: of("returned", c.obligations),
            conflict: of("conflict", c.obligations), silent: c.offices.filter((o) => o.state === "silent").length,
        },
    };
}

const weight = (o) => 2 * { not_due: 2, due_soon: 4, on_time: 1, late: 3, overdue: 8 }[o.timeliness] +
    (o.submission === "returned" ? 12 : o.conflict ? 11 : waits(o) ? 5 : 0);

function cell(list) {
    if (list.length === 0) return null;
    const o = list.reduce((a, b) => (weight(b) > weight(a) ? b : a));
    return {
        n: list.length, state: o.state, timeliness: o.timeliness, fulfilment: o.fulfilment, percent: o.percent,
        submission: o.submission, control: o.control, conflict: o.conflict, key: o.key,
    };
}

export function matrix(c) {
    const row = (match) => c.bodies.map((b) => cell(c.obligations.filter((o) => o.body === b.code && match(o))));
    return {
        plan: c.plan.id, actions: c.actions.map(({ number, title, has_parts }) => ({ number, title, has_parts })), bodies: c.bodies,
        cells: c.actions.map((a) => row((o) => o.action === a.number)),
        kinds: KINDS.map((kind) => ({ kind, cells: row((o) => o.kind === kind) })),
    };
}

function found(o, q) {
    const text = [o.key, o.title?.kk, o.title?.ru, o.title?.en, o.body].join(" ").toLowerCase();
    return q.toLowerCase().split(/\s+/).every((w) => text.includes(w));
}

export function obligations(c, query) {
    const get = (name) => query.get(name);
    const state = get("state");
    if (state && !STATES[state]) return null;
    const agreement = get("agreement") || (BOUND.has(state) ? "no" : "any");
    const page = Number(get("page")) || 1;
    const all = c.obligations.filter((o) => (!state || STATES[state](o)) && (!get("body") || o.body === get("body")) &&
        (!get("action") || o.action === get("action")) && (!get("kind") || o.kind === get("kind")) &&
        (agreement === "any" || o.upon_agreement === (agreement === "yes")) && (!get("q") || found(o, get("q"))) &&
        (!get("from") || o.due.slice(0, 10) >= get("from")) && (!get("to") || o.due.slice(0, 10) <= get("to")))
        .sort((a, b) => Date.parse(a.due) - Date.parse(b.due));
    return { total: all.length, page, pages: Math.ceil(all.length / PAGE), items: all.slice((page - 1) * PAGE, page * PAGE) };
}

export function body(c, code) {
    const b = c.bodies.find((x) => x.code === code);
    return b && {
        ...b, plan: c.plan.id, offices: c.offices.filter((o) => o.body === code), obligations: c.obligations.filter((o) => o.body === code),
    };
}

export function action(c, number) {
    const a = c.actions.find((x) => x.number === number);
    return a && { ...a, plan: c.plan.id, obligations: c.obligations.filter((o) => o.action === number) };
}

export const offices = (c) => ({ total: c.offices.length, offices: c.offices });

export const feed = (c) => ({ log_size: 1000 + c.log.length, gone: false, items: c.log.slice(-50).reverse() });

export function timeline(c) {
    const days = [...new Set(c.obligations.map((o) => o.due.slice(0, 10)))].sort();
    const on = (d, agreed) => tally(c.obligations.filter((o) => o.due.startsWith(d) && o.upon_agreement === agreed));
    return { plan: c.plan.id, today: NOW.slice(0, 10), days: days.map((day) => ({ day, bound: on(day, false), upon_agreement: on(day, true) })) };
}

export function money(c) {
    const rows = new Map();
    for (const o of c.obligations) {
        for (const m of o.revisions.at(-1)?.report.money || []) {
            const year = Number(o.window_end.slice(0, 4));
            const name = `${year} ${m.source}`;
            const row = rows.get(name) || { source: m.source, year, planned_tiyn: m.source === "rb" ? 5120000000 : null,
                reported_planned_tiyn: null, allocated_tiyn: null, spent_tiyn: null, plan_within_allotted: m.source === "lb" ? 3 : 0,
                reports_within_allotted: 0, report_lines: 0, overflow: false };
            row.report_lines++;
            if (m.within_allotted) row.reports_within_allotted++;
            else {
                row.allocated_tiyn = (row.allocated_tiyn || 0) + m.allocated_tiyn;
                row.spent_tiyn = (row.spent_tiyn || 0) + m.spent_tiyn;
            }
            rows.set(name, row);
        }
    }
    return { plan: c.plan.id, rows: [...rows.values()].sort((a, b) => a.year - b.year), actions_without_money: 21, reports: 90, conflicts_left_out: 2 };
}

export function indicators(c) {
    const series = new Map();
    for (const o of c.obligations) {
        for (const i of (o.action && o.revisions.at(-1)?.report.indicators) || []) {
            const one = series.get(o.action) || { action: o.action, name: i.name, unit: i.unit, breakdown: i.breakdown, points: [] };
            one.points.push({ body: o.body, day: o.window_end, obligation: o.key, value: i.value, target: i.target, submission: o.submission });
            series.set(o.action, one);
        }
    }
    return { plan: c.plan.id, series: [...series.values()].slice(0, 6), truncated: false, reports: 90, conflicts_left_out: 0 };
}
