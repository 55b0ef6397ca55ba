// A country for the page: decree 1347 as esep-collector reads it, and reports of its bodies made by rule, so that every
// state is there and every run is the same. The forms are those of collector/web/json.h.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "yaml";

export const NOW = "2013-01-21T12:00:00+06:00";
const ZONE_HOURS = 6;
const TEXTS = {
    narrative: [
        "Өткізілген жұмыс туралы ақпарат. Проведены семинары для сотрудников, подготовлены памятки.",
        "Проведены семинары для 120 сотрудников, подготовлены и разосланы памятки на двух языках.",
    ],
    obstacles: ["", "Не хватает переводчиков."],
    next_steps: ["Провести второй семинар.", "Провести второй семинар в марте, подвести итоги."],
};

const sha = (text) => createHash("sha256").update(text).digest("hex");
const draw = (text, sides) => parseInt(sha(text).slice(0, 8), 16) % sides;
const at = (ms) => new Date(ms + ZONE_HOURS * 3600e3).toISOString().slice(0, 19) + "+06:00";
const DAY = 86400e3;

function obligationsOf(collector, file) {
    const out = execFileSync(collector, ["obligations", "--plan", file, "--as-of", NOW, "--json"],
        { maxBuffer: 1 << 24 });
    return JSON.parse(out).obligations;
}

function bodyForm(b) {
    return {
        code: b.code, name: b.name, short: b.short, kind: b.kind, agreement: Boolean(b.upon_agreement), parent: null,
        successor: null, valid_from: null, valid_to: null,
    };
}

function actionForms(plan) {
    const form = (a, parent) => ({
        number: String(a.number), title: a.title, text: "", completion: a.completion, period: a.period,
        executors: (a.executors || []).map((e) => ({
            body: e.body || null, group: e.group || null, role: e.role === "lead" ? "lead" : "co_executor",
            upon_agreement: Boolean(e.upon_agreement),
        })),
        has_parts: Boolean(a.parts), parent,
    });
    return plan.actions.flatMap((a) => [form(a, null),
        ...(a.parts || []).map((p) => form({ ...a, parts: undefined, ...p }, String(a.number)))]);
}

/** One office's journal into one log, as the rule of this country wills it. */
export class Country {
    constructor(collector, file) {
        const plan = parse(readFileSync(file, "utf8"), { merge: true });
        this.plan = {
            id: plan.id, revision: 1, title: plan.title, first_year: plan.years[0], last_year: plan.years[1], parent: null,
            secretariat: plan.secretariat, zone: plan.zone,
        };
        this.bodies = plan.bodies.map(bodyForm);
        this.actions = actionForms(plan);
        this.log = [];
        this.offices = this.bodies.map((b, i) => ({
            office: i + 1, body: b.code, label: b.name.ru, state: ["mtc", "atyrau"].includes(b.code) ? "silent" : "active",
            seen_at: at(Date.parse(NOW) - (["mtc", "atyrau"].includes(b.code) ? 9 * DAY : 60e3 * (i + 1))), epoch: 1, seq: 0,
            promised: 0, mail_last: 0, mail_acked: 0, refused_entries: 0, forks: 0,
        }));
        this.obligations = obligationsOf(collector, file).map((o) => this.#withState(o));
        this.byKey = new Map(this.obligations.map((o) => [o.key, o]));
        for (const o of this.obligations) this.#live(o);
        this.log.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
        const places = new Map();
        this.log.forEach((e, i) => {
            places.set(e.log_index, 1000 + i);
            e.log_index = 1000 + i;
        });
        for (const o of this.obligations) this.#renumber(o, places);
    }

    #withState(o) {
        const action = this.actions.find((a) => a.number === o.action);
        return {
            ...o, came_at: null, original_due: o.due, extended_to: null, fulfilment: null, percent: null, submission: "none",
            control: "on", assessment: "self_reported", again_by: null, reports: 0, first_received_at: null,
            first_committed_at: null, conflict: false, heads: [], state: "no_report", title: action ? action.title : null,
            owner: o.body, came_by: null, revisions: [], withdrawals: [], extension_requests: [], reviews: [], extensions: [],
            controls: [], alerts: [], unreadable: [], older_left_out: false,
        };
    }

    #renumber(o, places) {
        const to = (n) => places.get(n) ?? n;
        for (const r of o.revisions) {
            r.log_index = to(r.log_index);
            r.receipt.log_index = r.log_index;
            r.builds_on_index = r.builds_on_index === null ? null : to(r.builds_on_index);
        }
        for (const h of o.heads) h.log_index = to(h.log_index);
        for (const r of o.reviews) r.report_index = to(r.report_index);
    }

    #event(o, kind, who, when, more) {
        const e = { log_index: this.log.length, at: at(when), kind, who, office: null, obligation: o.key, ...more };
        this.log.push(e);
        return e;
    }

    /** A revision comes in. Public: a test lets one come while the page looks on. */
    report(o, when, change) {
        const n = o.revisions.length;
        const base = o.revisions.at(-1);
        const office = this.offices.find((f) => f.body === o.body);
        const e = this.#event(o, "report", o.body, when, {
            office: office.office, revision: n + 1, fulfilment: change.fulfilment, percent: change.percent ?? null,
            nil_report: false, verdict: "taken",
        });
        office.seq++;
        office.promised = office.seq + (draw(o.body, 4) === 0 ? 2 : 0);
        const hash = sha(`${o.key} ${n}`);
        const text = (name) => TEXTS[name][Math.min(n, 1)];
        o.revisions.push({
            log_index: e.log_index, office: office.office, body: o.body, content_hash: hash, state: "received", verdict: "taken",
            written_at: at(when - 7260e3 + (draw(o.key, 7) === 0 ? 9000e3 : 0)), accepted_at: e.at,
            skew_s: draw(o.key, 7) === 0 ? -1740 : 7260, builds_on_index: base ? base.log_index : null,
            receipt: { log_index: e.log_index, at: e.at, office: office.office, epoch: 1, seq: office.seq, chain_hash: sha(hash) },
            report: {
                obligation: o.key, revision: n + 1, fulfilment: change.fulfilment, percent: change.percent ?? null,
                narrative: text("narrative"), obstacles: text("obstacles"), delay_reasons: "", next_steps: text("next_steps"),
                indicators: [{ name: "Обучено сотрудников", value: String(100 + 20 * n), unit: "чел.", target: "150", breakdown: "" }],
                money: [{ source: "rb", programme: "001", planned_tiyn: 1250000000, allocated_tiyn: 1250000000, spent_tiyn: 400000050 * (n + 1), within_allotted: false },
                    { source: "lb", programme: "", planned_tiyn: 0, allocated_tiyn: 0, spent_tiyn: 0, within_allotted: true }],
                nil_report: false, nil_reason: "", outgoing_number: `${draw(o.key, 900) + 100}-и`, builds_on: base ? base.content_hash : null,
                settles: [], cites: [], preparer: { name: "А. Сейітова", position: "бас маман" },
                signatory: { name: "Б. Омаров", position: "департамент директоры" },
            },
        });
        if (base) base.state = "superseded";
        this.#stand(o);
        return e;
    }

    /** What the newest revision makes of the obligation's axes. */
    #stand(o) {
        const top = o.revisions.at(-1);
        Object.assign(o, {
            reports: o.revisions.length, came_at: o.revisions[0].accepted_at, first_received_at: o.revisions[0].accepted_at,
            came_by: "own", fulfilment: top.report.fulfilment, percent: top.report.percent, submission: top.state, again_by: null,
            state: top.report.fulfilment === "not_applicable" ? "not_applicable" : top.report.percent === null ? "no_data" : "percent",
            heads: [{ log_index: top.log_index, office: top.office, epoch: 1, seq: top.receipt.seq, revision: top.report.revision,
                received_at: top.accepted_at, content_hash: top.content_hash, again_by: null }],
            timeliness: Date.parse(o.revisions[0].accepted_at) <= Date.parse(o.due) ? "on_time" : "late",
        });
    }

    review(o, index, accept, who, when, more) {
        const r = o.revisions.find((x) => x.log_index === index);
        o.reviews.push(this.#event(o, accept ? "accepted" : "returned", who, when, {
            report_index: index, report_hash: r.content_hash, reason_code: null, comment: null, again_by: null, ...more,
        }));
        r.state = accept ? "accepted" : "returned";
        o.submission = r.state;
        o.again_by = accept ? null : more.again_by;
    }

    extend(o, granted, who, when, more) {
        o.extensions.push(this.#event(o, granted ? "extension_granted" : "extension_refused", who, when, more));
        o.control = granted ? "extended" : "extension_refused";
        if (granted) {
            o.extended_to = more.until;
            o.due = `${more.until}T23:59:59+06:00`;
            if (!o.came_at) o.timeliness = Date.parse(o.due) < Date.parse(NOW) ? "overdue" : "not_due";
        }
    }

    control(o, removed, who, when, reason) {
        o.controls.push(this.#event(o, removed ? "removed_from_control" : "restored_to_control", who, when, { reason }));
        o.control = removed ? "removed" : "restored";
    }

    /** The rule: what this obligation's hash says becomes of it. */
    #live(o) {
        const due = Date.parse(o.due);
        const now = Date.parse(NOW);
        const lot = draw(o.key, 100);
        if (due > now + 90 * DAY || (lot < 18 && due < now)) {
            if (due < now) {
                o.alerts.push(this.#event(o, "alert", null, due + 600e3, {
                    obligation: undefined, plan: this.plan.id, body: o.body,
                    items: [{ kind: "overdue", obligation: o.key, days_left: 0, weeks: 0, due: o.due, office: null }],
                }));
            }
            if (lot % 5 === 1 && due < now) {
                o.extension_requests.push(this.#event(o, "extension_request", o.body, due - DAY,
                    { until: "2013-02-15", reason: "Ожидаем согласования.", verdict: "taken" }));
                o.control = "extension_asked";
            }
            return;
        }
        if (due > now && lot < 60) return;
        const when = Math.min(lot < 30 ? due + 2 * DAY : due - (lot % 20) * DAY / 2 - 3600e3, now - (lot + 1) * 60e3);
        const percent = lot % 9 === 0 ? null : lot % 9 === 1 ? 0 : lot;
        this.report(o, when, { fulfilment: lot % 23 === 3 ? "not_applicable" : lot > 80 ? "executed" : lot % 9 === 1 ? "not_started" : "in_progress", percent: lot > 80 ? 100 : percent });
        if (lot % 4 === 0) {
            this.review(o, o.revisions[0].log_index, true, "aigul", Math.min(when + DAY, now - 60e3), { comment: "" });
            o.assessment = "verified";
        } else if (lot % 4 === 1) {
            this.review(o, o.revisions[0].log_index, false, "berik", Math.min(when + DAY, now - 120e3),
                { reason_code: "figures", comment: "Цифры не сходятся с приложением.", again_by: "2013-02-01" });
            if (lot % 8 === 1) this.report(o, Math.min(when + 2 * DAY, now - 60e3), { fulfilment: "partly", percent: 60 });
        }
        if (lot === 50) this.control(o, true, "berik", now - 50e3, "Исполнено, снято решением комиссии.");
        if (lot === 46 || lot === 71) {
            o.conflict = true;
            o.heads = [...o.heads, { ...o.heads[0], revision: 2 }];
        }
    }
}
