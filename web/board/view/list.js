// The list that everything leads to: obligations by state, body, action, kind and words, all of it in the address.
// What waits for a decision can be chosen and accepted together.

import { html, useState } from "../shared/dom.js";
import { BulkDialog } from "../dialog.js";
import { Loaded, Obligations, Title, useBoard, useGet } from "../parts.js";
import { link, refine } from "../shared/route.js";
import { mayDo, waits } from "../marks.js";
import { day, own, t, word } from "../shared/text.js";

const PAGE = 100; // the server's, and as many as it takes decisions on at once
const STATES = ["overdue", "due_week", "due_soon", "to_review", "returned", "conflict", "extension_asked", "late", "on_time",
    "not_due", "accepted", "withdrawn", "removed"];
const KINDS = ["fulfilment", "annual", "consolidated", "regional-plan"];
const ASKED = ["state", "body", "action", "kind", "agreement", "q", "from", "to", "page"];

function Choice({ name, label, value, options }) {
    return html`<label class="field"><span>${label}</span><select name=${name} value=${value || ""}
        onChange=${(e) => refine({ [name]: e.target.value, page: "" })}>
        <option value="">${t("all")}</option>
        ${options.map(([v, text]) => html`<option value=${v}>${text}</option>`)}</select></label>`;
}

function Filters({ filters }) {
    const { matrix } = useBoard();
    const bodies = matrix.bodies.map((b) => [b.code, own(b.name)]);
    const actions = matrix.actions.map((a) => [String(a.number), `${a.number}. ${own(a.title)}`]);
    const any = ASKED.some((name) => filters[name]);
    return html`<form class="filters" role="search" onSubmit=${(e) => e.preventDefault()}>
        <label class="field wide"><span>${t("list.search")}</span><input type="search" name="q" value=${filters.q || ""}
            maxlength="100" onInput=${(e) => refine({ q: e.target.value, page: "" }, true)} /></label>
        <${Choice} name="state" label=${t("list.state")} value=${filters.state}
            options=${STATES.map((s) => [s, t(`filter.${s}`)])} />
        <${Choice} name="body" label=${t("list.body")} value=${filters.body} options=${bodies} />
        <${Choice} name="action" label=${t("list.action")} value=${filters.action} options=${actions} />
        <${Choice} name="kind" label=${t("list.kind")} value=${filters.kind}
            options=${KINDS.map((k) => [k, word("kind", k)])} />
        <${Choice} name="agreement" label=${t("list.agreement")} value=${filters.agreement}
            options=${["no", "yes"].map((a) => [a, t(`agreement.${a}`)])} />
        <label class="field"><span>${t("list.from")}</span><input type="date" value=${filters.from || ""}
            onChange=${(e) => refine({ from: e.target.value, page: "" })} /></label>
        <label class="field"><span>${t("list.to")}</span><input type="date" value=${filters.to || ""}
            onChange=${(e) => refine({ to: e.target.value, page: "" })} /></label>
        ${any && html`<a class="button" href=${link("list")}>${t("list.clear")}</a>`}
    </form>`;
}

/** On paper there is no form: what it asked for, in words. */
function Asked({ filters }) {
    const { matrix } = useBoard();
    const said = {
        q: (v) => `${t("list.search")}: ${v}`,
        state: (v) => `${t("list.state")}: ${t(`filter.${v}`)}`,
        body: (v) => `${t("list.body")}: ${own(matrix.bodies.find((b) => b.code === v)?.name) || v}`,
        action: (v) => `${t("list.action")}: ${v}`,
        kind: (v) => `${t("list.kind")}: ${word("kind", v)}`,
        agreement: (v) => `${t("list.agreement")}: ${t(`agreement.${v}`)}`,
        from: (v) => `${t("list.from")}: ${day(v)}`,
        to: (v) => `${t("list.to")}: ${day(v)}`,
    };
    const asked = Object.keys(said).filter((name) => filters[name]).map((name) => said[name](filters[name]));
    return asked.length > 0 && html`<p class="paper">${asked.join("; ")}</p>`;
}

function Pages({ total, page, filters }) {
    const last = Math.max(1, Math.ceil(total / PAGE));
    if (last === 1) return null;
    const to = (n, text) => (n < 1 || n > last ? html`<span class="aside">${text}</span>`
        : html`<a href=${link("list", "", { ...filters, page: n === 1 ? "" : n })}>${text}</a>`);
    return html`<nav class="pages" aria-label=${t("list.pages")}>${to(page - 1, t("list.before"))}
        <span>${t("list.page", { page, n: last })}</span>${to(page + 1, t("list.after"))}</nav>`;
}

/** The log entry of the report that a decision on this obligation would be about. */
function waitingReport(o) {
    return waits(o) && !o.conflict && o.heads?.length === 1 ? o.heads[0].log_index : null;
}

export function List({ filters }) {
    const { session, grew } = useBoard();
    const [chosen, setChosen] = useState(new Map()); // key -> log index
    const [asking, setAsking] = useState(false);
    const asked = Object.fromEntries(ASKED.map((name) => [name, filters[name]]));
    const answer = useGet("obligations", asked);
    const may = (o) => mayDo(session, "review", o.body) && waitingReport(o) !== null;
    const put = (items, on) => setChosen((old) => {
        const next = new Map(old);
        for (const o of items) {
            if (on(o)) next.set(o.key, waitingReport(o));
            else next.delete(o.key);
        }
        return next;
    });
    const select = {
        has: (key) => chosen.has(key), may,
        toggle: (key) => put((answer.value ?? answer.old).items.filter((o) => o.key === key), (o) => !chosen.has(o.key)),
    };
    const page = Number(filters.page) || 1;
    return html`<${Title} text=${t("menu.list")} /><${Filters} filters=${filters} /><${Asked} filters=${filters} />
        <${Loaded} of=${answer}>${(value) => html`
            ${value.items.some(may) && html`<div class="buttons bulk">
                <button type="button" onClick=${() => setChosen(new Map(value.items.filter(may).map((o) => [o.key, waitingReport(o)])))}>${t("bulk.all")}</button>
                <button type="button" disabled=${chosen.size === 0} onClick=${() => setChosen(new Map())}>${t("bulk.none")}</button>
                <button type="button" class="main" disabled=${chosen.size === 0 || chosen.size > PAGE} onClick=${() => setAsking(true)}>
                    ${chosen.size > 0 ? t("bulk.accept", { n: chosen.size }) : t("bulk.accept_none")}</button></div>`}
            ${value.total === 0 ? html`<p role="status">${t("list.empty")}</p>`
                : html`<${Obligations} caption=${t("list.count", { n: value.total })} items=${value.items}
                    select=${value.items.some(may) ? select : null} />`}
            <${Pages} total=${value.total} page=${page} filters=${filters} />`}</${Loaded}>
        ${asking && html`<${BulkDialog} indexes=${[...chosen.values()]} onClose=${() => setAsking(false)}
            onDone=${() => { setChosen(new Map()); grew(); }} />`}`;
}
