// What a clerk may ask besides reporting: to take a report back, and for more time. Each opens a small form in its place.

import { html, useRef, useState } from "../shared/dom.js";
import { pathOf, post } from "../api.js";
import { problemText, useDesk } from "../parts.js";
import { newKey } from "../shared/http.js";
import { t } from "../shared/text.js";

function Order({ name, send, onClose, children }) {
    const { say, changed } = useDesk();
    const key = useRef(newKey());
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const go = (event) => {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        send(key.current).then(() => {
            say(t(`${name}.done`));
            changed();
            onClose();
        }, (error) => {
            if (error.status >= 400 && error.status < 500) key.current = newKey();
            setProblem(error);
            setBusy(false);
        });
    };
    return html`<form class="order" onSubmit=${go}><h3>${t(`${name}.title`)}</h3>${children}
        ${problem && html`<p class="failure" role="alert">${problemText(problem)}</p>`}
        <div class="buttons"><button type="submit" class="main" disabled=${busy}>${t(`${name}.send`)}</button>
            <button type="button" onClick=${onClose}>${t("cancel")}</button></div></form>`;
}

function Reason({ value, onInput }) {
    return html`<label class="field"><span>${t("order.reason")}</span>
        <textarea rows="3" required maxlength="2000" value=${value} onInput=${(e) => onInput(e.target.value)}></textarea></label>`;
}

export function Withdraw({ duty }) {
    const [open, setOpen] = useState(false);
    const [reason, setReason] = useState("");
    if (!open) return html`<button type="button" onClick=${() => setOpen(true)}>${t("withdraw.title")}</button>`;
    return html`<${Order} name="withdraw" onClose=${() => setOpen(false)} send=${(key) => post(pathOf("withdrawals", duty.key), { reason }, { key })}>
        <p>${t("withdraw.text")}</p><${Reason} value=${reason} onInput=${setReason} /></${Order}>`;
}

export function AskTime({ duty }) {
    const [open, setOpen] = useState(false);
    const [until, setUntil] = useState("");
    const [reason, setReason] = useState("");
    if (duty.control === "extension_asked") return html`<p class="aside">${t("more_time.asked")}</p>`;
    if (!open) return html`<p><button type="button" onClick=${() => setOpen(true)}>${t("more_time.title")}</button></p>`;
    return html`<${Order} name="more_time" onClose=${() => setOpen(false)} send=${(key) => post(pathOf("extensions", duty.key), { until, reason }, { key })}>
        <label class="field"><span>${t("more_time.until")}</span><input type="date" required min=${duty.due_day} value=${until}
            onInput=${(e) => setUntil(e.target.value)} /></label>
        <${Reason} value=${reason} onInput=${setReason} /></${Order}>`;
}
