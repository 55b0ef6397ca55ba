// One field of the form: its name, what it is for, what is wrong with it, whether it is saved, and what another window wrote
// into it. A field is drawn again when it changed, and not when another one did: an old machine types as fast as a new one.

import { html, useEffect, useRef, useState } from "../shared/dom.js";
import { bytesOf, errorText, idOf, Person, useDesk } from "../parts.js";
import { hour, number, t, word } from "../shared/text.js";

/** What is to be seen of a field; draws again when any of it is another. */
export function useField(draft, name) {
    const read = () => [draft.form[name], draft.savedAt[name], draft.isDirty(name), draft.conflicts.get(name),
        Boolean(draft.problem), JSON.stringify(draft.errorsOf(name))];
    const [, redraw] = useState(0);
    const seen = useRef(null);
    seen.current = read();
    useEffect(() => draft.listen(() => {
        if (read().some((value, i) => value !== seen.current[i])) redraw((n) => n + 1);
    }), [draft, name]);
    return { value: draft.form[name], errors: draft.errorsOf(name) };
}

/** Handlers that tell the draft where the reader is. */
export const handled = (draft, name) => ({ onFocus: () => draft.enter(name), onBlur: () => draft.leave(name) });

export function Errors({ errors, id }) {
    if (errors.length === 0) return null;
    return html`<span class="error" id="${id}-error"><span class="glyph" aria-hidden="true">✖</span>
        ${" "}${[...new Set(errors.map(errorText))].join(" ")}</span>`;
}

/** A value in words, whatever field it is of. */
function Shown({ name, value }) {
    if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return t("field.empty");
    if (name === "fulfilment" || name === "access") return word(name, value);
    if (Array.isArray(value)) return html`<ul>${value.map((row) => html`<li>${typeof row === "string" ? row.slice(0, 12) : Object.values(row).filter((v) => v && v !== true).join(" · ")}</li>`)}</ul>`;
    if (typeof value === "object") return html`<${Person} of=${value} />`;
    return typeof value === "boolean" ? t(value ? "yes" : "no") : String(value);
}

/** Both windows have changed it: the other one's words, and the choice. */
function Other({ draft, name }) {
    if (!draft.conflicts.has(name)) return null;
    return html`<div class="note other" role="alert"><p>${t("other.wrote")}</p>
        <blockquote><${Shown} name=${name} value=${draft.conflicts.get(name)} /></blockquote>
        <div class="buttons"><button type="button" onClick=${() => draft.choose(name, true)}>${t("other.mine")}</button>
            <button type="button" onClick=${() => draft.choose(name, false)}>${t("other.theirs")}</button></div></div>`;
}

/** "saved 13:58", or that it is not. Not spoken by itself: it would interrupt whoever types. */
export function Saved({ draft, name }) {
    const { status } = useDesk();
    const unread = draft.errorsOf(name).some((e) => !e.saved);
    if (draft.isDirty(name) || unread) return html`<span class="saved">${unread || draft.problem ? t("field.not_saved") : "…"}</span>`;
    const at = draft.savedAt[name];
    return html`<span class="saved">${at ? html`<span class="glyph" aria-hidden="true">✔</span> ${t("field.saved", { at: hour(at, (status && status.now) || at) })}` : ""}</span>`;
}

/** Why the report came back, beside what the reason is about. */
export function Reason({ o, name }) {
    const WHERE = {
        incomplete: "narrative", period: "narrative", figures: "indicators", evidence: "attachments", form: "fulfilment",
        duplicate: "narrative", other: "narrative",
    };
    if (!o.returned || o.duty.delivery !== "returned" || (WHERE[o.returned.reason_code] || "narrative") !== name) return null;
    return html`<p class="reason"><span class="glyph" aria-hidden="true">↩</span> ${word("reason", o.returned.reason_code)}${o.returned.comment && `: ${o.returned.comment}`}</p>`;
}

export function Frame({ draft, name, note, o, children, required }) {
    const id = idOf(name);
    const { errors } = useField(draft, name);
    const described = [note && `${id}-note`, errors.length > 0 && `${id}-error`].filter(Boolean).join(" ") || undefined;
    return html`<div class="field" data-field=${name}>
        <label for=${id}>${t(`form.${name}`)}${required && html` <span class="aside">(${t("required")})</span>`}</label>
        ${note && html`<small id="${id}-note">${note}</small>`}
        ${o && html`<${Reason} o=${o} name=${name} />`}
        ${children({ id, "aria-describedby": described, "aria-invalid": errors.length > 0 ? "true" : undefined, ...handled(draft, name) })}
        <${Errors} errors=${errors} id=${id} /><${Saved} draft=${draft} name=${name} />
        <${Other} draft=${draft} name=${name} /></div>`;
}

/** How much there is room for yet: the limit is in bytes, and people count letters. */
function Room({ text, max }) {
    const used = bytesOf(text);
    const perLetter = text.length > 0 ? used / text.length : 2;
    const left = Math.floor((max - used) / perLetter);
    if (left < 0) return html`<span class="count-over">${t("field.too_long", { n: -left })}</span>`;
    return html`<span class="aside">${t("field.letters", { n: text.length, left: number(left) })}</span>`;
}

export function LongText({ draft, name, max, rows, note, o, counted }) {
    const { value } = useField(draft, name);
    return html`<${Frame} draft=${draft} name=${name} note=${note} o=${o}>${(attributes) => html`
        <textarea ...${attributes} rows=${rows} value=${value} onInput=${(e) => draft.set(name, e.target.value)}></textarea>
        ${(counted || bytesOf(value) > max * 0.8) && html`<${Room} text=${value} max=${max} />`}`}</${Frame}>`;
}

export function ShortText({ draft, name, note }) {
    const { value } = useField(draft, name);
    return html`<${Frame} draft=${draft} name=${name} note=${note}>${(attributes) => html`
        <input ...${attributes} value=${value} autocomplete="off" onInput=${(e) => draft.set(name, e.target.value)} />`}</${Frame}>`;
}

/** No figure is no data, and not 0 %: an empty field is null. What cannot be read goes to the daemon as it was typed. */
export function Percent({ draft }) {
    const { value } = useField(draft, "percent");
    const typed = (text) => {
        const figure = text.trim();
        draft.set("percent", figure === "" ? null : /^\d{1,3}$/.test(figure) ? Number(figure) : figure);
    };
    return html`<${Frame} draft=${draft} name="percent" note=${t("form.percent.note")}>${(attributes) => html`
        <span class="with-unit"><input ...${attributes} class="short" inputmode="numeric" autocomplete="off" value=${value === null ? "" : String(value)}
            onInput=${(e) => typed(e.target.value)} /><span aria-hidden="true">%</span></span>`}</${Frame}>`;
}

export function Choice({ draft, name, values, note }) {
    const { value } = useField(draft, name);
    return html`<${Frame} draft=${draft} name=${name} note=${note}>${(attributes) => html`
        <select ...${attributes} value=${value || ""} onChange=${(e) => draft.set(name, e.target.value || null)}>
            <option value="">${t(`${name}.none`)}</option>${values.map((v) => html`<option value=${v}>${word(name, v)}</option>`)}</select>`}</${Frame}>`;
}

/** A group of fields with one name: radio buttons, rows, people. */
export function Group({ draft, name, note, o, required, children }) {
    const id = idOf(name);
    const { errors } = useField(draft, name);
    const own = errors.filter((e) => e.field === name);
    return html`<fieldset data-field=${name} id="${id}-group" aria-describedby=${own.length > 0 ? `${id}-error` : undefined}>
        <legend>${t(`form.${name}`)}${required && html` <span class="aside">(${t("required")})</span>`}</legend>
        ${note && html`<small>${note}</small>`}
        ${o && html`<${Reason} o=${o} name=${name} />`}
        ${children}
        <${Errors} errors=${own} id=${id} /><${Saved} draft=${draft} name=${name} />
        <${Other} draft=${draft} name=${name} /></fieldset>`;
}

const FULFILMENTS = ["executed", "partly", "in_progress", "not_started", "not_executed", "not_applicable"];

export function Fulfilment({ draft, o }) {
    const { value } = useField(draft, "fulfilment");
    return html`<${Group} draft=${draft} name="fulfilment" o=${o} required=${true}><div class="choices">${FULFILMENTS.map((f, i) => html`
        <label class="choice"><input type="radio" name="fulfilment" id=${i === 0 ? idOf("fulfilment") : undefined} checked=${value === f} ...${handled(draft, "fulfilment")}
            onChange=${() => draft.set("fulfilment", f)} /> ${word("fulfilment", f)}</label>`)}</div></${Group}>`;
}
