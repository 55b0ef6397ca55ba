// Fields that come in rows: indicators, and money by source. Each cell has its own name and its own place for what is wrong;
// the rows are one field of the draft, so that a row added here and one added in another window are not mixed up.

import { html, useRef } from "../shared/dom.js";
import { errorText, idOf, useDesk } from "../parts.js";
import { t, word } from "../shared/text.js";
import { Group, handled, useField } from "./field.js";

function Cell({ draft, name, row, part, value, onChange, errors, wide, unit, children, ...more }) {
    const path = `${name}/${row}/${part}`;
    const id = idOf(path);
    const own = errors.filter((e) => e.field === path);
    const attributes = {
        id, "aria-invalid": own.length > 0 ? "true" : undefined, "aria-describedby": own.length > 0 ? `${id}-error` : undefined,
        ...handled(draft, name), ...more,
    };
    return html`<div class="field ${wide ? "wide" : ""}"><label for=${id}>${t(`form.${name}.${part}`)}</label>
        ${children ? children(attributes) : html`<span class="with-unit"><input ...${attributes} autocomplete="off" value=${value || ""}
            onInput=${(e) => onChange(e.target.value)} />${unit && html` <span aria-hidden="true">${unit}</span>`}</span>`}
        ${own.length > 0 && html`<span class="error" id="${id}-error"><span class="glyph" aria-hidden="true">✖</span> ${own.map(errorText).join(" ")}</span>`}</div>`;
}

/** cells(row, place, change) draws a row. empty: what a new one is. first: the cell that a new one begins with. */
function Rows({ draft, name, note, o, max, empty, first, cells, offered }) {
    const { value, errors } = useField(draft, name);
    const { say } = useDesk();
    const at = useRef(null);
    const focus = (id) => setTimeout(() => (document.getElementById(id) || at.current).focus(), 0);
    const add = (rows) => {
        draft.set(name, [...value, ...rows]);
        focus(idOf(`${name}/${value.length}/${first}`));
    };
    const drop = (place) => {
        draft.set(name, value.filter((_, i) => i !== place));
        say(t("row.dropped"));
        focus("");
    };
    const change = (place) => (part, text) => draft.set(name, value.map((row, i) => (i === place ? { ...row, [part]: text } : row)));
    return html`<${Group} draft=${draft} name=${name} note=${note} o=${o}>
        ${value.map((row, i) => html`<div class="row" key=${i} role="group" aria-label=${t("form.row", { name: t(`form.${name}`), n: i + 1 })}>
            ${cells({ draft, name, row: i, errors }, row, change(i))}
            <button type="button" class="drop" onClick=${() => drop(i)} aria-label=${t("row.drop_one", { n: i + 1 })}>${t("row.drop")}</button></div>`)}
        <div class="buttons"><button type="button" id=${idOf(name)} ref=${at} disabled=${value.length >= max} onClick=${() => add([empty])}>${t(`form.${name}.add`)}</button>
            ${value.length === 0 && offered.length > 0 && html`<button type="button" onClick=${() => add(offered)}>${t(`form.${name}.as_last`)}</button>`}</div>
        ${value.length >= max && html`<small>${t("row.max", { n: max })}</small>`}</${Group}>`;
}

/** Last period's rows without their figures: the same indicators are asked for again. */
const without = (rows, parts) => rows.map((row) => ({ ...row, ...Object.fromEntries(parts.map((p) => [p, ""])) }));

export function Indicators({ draft, o, max }) {
    const offered = o.last ? without(o.last.form.indicators, ["value"]) : [];
    const before = (row) => {
        const last = o.last && o.last.form.indicators.find((n) => n.name === row.name && n.breakdown === row.breakdown);
        return last ? t("form.indicators.before", { value: `${last.value} ${last.unit}` }) : "";
    };
    return html`<${Rows} draft=${draft} name="indicators" o=${o} max=${max} first="name" offered=${offered} note=${t("form.indicators.note")}
        empty=${{ name: "", value: "", unit: "", target: "", breakdown: "" }} cells=${(cell, row, change) => html`
            ${["name", "value", "unit", "target", "breakdown"].map((part) => html`<${Cell} ...${cell} part=${part} wide=${part === "name"} value=${row[part]}
                inputmode=${part === "value" || part === "target" ? "decimal" : undefined} onChange=${(text) => change(part, text)} />`)}
            ${before(row) && html`<small class="wide">${before(row)}</small>`}`} />`;
}

export function Money({ draft, o, max, sources }) {
    const offered = o.last ? without(o.last.form.money, ["planned", "allocated", "spent"]) : [];
    const planned = o.action && o.action.money.find((m) => sources.includes(m.source));
    const choose = (row) => [...new Set([...sources, row.source].filter(Boolean))];
    return html`<${Rows} draft=${draft} name="money" o=${o} max=${max} first="source" offered=${offered} note=${t("form.money.note")}
        empty=${{ source: planned ? planned.source : sources[0] || "", programme: "", planned: "", allocated: "", spent: "", within_allotted: false }} cells=${(cell, row, change) => html`
            <${Cell} ...${cell} part="source">${(attributes) => html`<select ...${attributes} value=${row.source} onChange=${(e) => change("source", e.target.value)}>
                ${choose(row).map((s) => html`<option value=${s}>${word("source", s)}</option>`)}</select>`}</${Cell}>
            <${Cell} ...${cell} part="programme" value=${row.programme} onChange=${(text) => change("programme", text)} />
            ${["planned", "allocated"].filter(() => !row.within_allotted).map((part) => html`<${Cell} ...${cell} key=${part} part=${part} value=${row[part]}
                unit="₸" inputmode="decimal" onChange=${(text) => change(part, text)} />`)}
            <${Cell} ...${cell} key="spent" part="spent" value=${row.spent} unit="₸" inputmode="decimal" onChange=${(text) => change("spent", text)} />
            <label class="choice wide"><input type="checkbox" checked=${row.within_allotted} ...${handled(draft, "money")}
                onChange=${(e) => draft.set("money", draft.form.money.map((m, i) => (i === cell.row
                    ? { ...m, within_allotted: e.target.checked, ...(e.target.checked ? { planned: "", allocated: "" } : {}) } : m)))} /> ${t("money.within")}</label>`} />`;
}

const PARTS = ["name", "position", "phone"];

/** preparer or signatory. offered: who it was last time. */
export function PersonFields({ draft, name, offered }) {
    const { value, errors } = useField(draft, name);
    const change = (part, text) => {
        const next = { ...value, [part]: text };
        draft.set(name, PARTS.some((p) => next[p]) ? next : null);
    };
    return html`<${Group} draft=${draft} name=${name}>
        <div class="row person">${PARTS.map((part) => {
            const path = `${name}/${part}`;
            const own = errors.filter((e) => e.field === path);
            return html`<div class="field"><label for=${idOf(path)}>${t(`form.person.${part}`)}</label>
                <input id=${idOf(path)} autocomplete="off" value=${(value && value[part]) || ""} aria-invalid=${own.length > 0 ? "true" : undefined}
                    aria-describedby=${own.length > 0 ? `${idOf(path)}-error` : undefined} ...${handled(draft, name)} onInput=${(e) => change(part, e.target.value)} />
                ${own.length > 0 && html`<span class="error" id="${idOf(path)}-error">${own.map(errorText).join(" ")}</span>`}</div>`;
        })}</div>
        ${!value && offered && html`<p><button type="button" onClick=${() => draft.set(name, offered)}>${t("form.person.as_last", { name: offered.name })}</button></p>`}</${Group}>`;
}
