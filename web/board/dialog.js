// Decisions: accept or return a report, grant or refuse more time, take off control or put back. One dialog, one
// form, one key for its decision however often it is sent. The browser's own <dialog> keeps the focus
// inside, closes by Escape and gives the focus back.

import { html, useEffect, useRef, useState } from "./shared/dom.js";
import { post } from "./api.js";
import { failureText, useBoard } from "./parts.js";
import { newKey } from "./shared/http.js";
import { t } from "./shared/text.js";

export const REASONS = ["incomplete", "figures", "evidence", "period", "form", "duplicate", "other"];

function Dialog({ title, send, submit, onClose, children, danger }) {
    const { say } = useBoard();
    const at = useRef(null);
    const key = useRef(newKey());
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    useEffect(() => {
        at.current.showModal();
    }, []);
    const go = async (event) => {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        try {
            await send(key.current);
            say(t("dialog.done"));
            at.current.close();
        } catch (error) {
            // A refusal is final for this key; what did not arrive is sent again under the same one.
            if (error.status >= 400 && error.status < 500) key.current = newKey();
            setProblem(error);
            setBusy(false);
        }
    };
    return html`<dialog ref=${at} onClose=${onClose} aria-labelledby="dialog-title">
        <form onSubmit=${go}>
            <h2 id="dialog-title">${title}</h2>
            ${children}
            ${problem && html`<p class="failure" role="alert">${failureText(problem)}</p>`}
            <div class="buttons">
                <button type="submit" class=${danger ? "main danger" : "main"} disabled=${busy}>${submit}</button>
                <button type="button" onClick=${() => at.current.close()}>${t("cancel")}</button>
            </div>
        </form>
    </dialog>`;
}

function Field({ label, note, children }) {
    return html`<label class="field"><span>${label}</span>${children}${note && html`<small>${note}</small>`}</label>`;
}

/** One report: report_index is its place in the log. only: no other decision than `start`. */
export function ReviewDialog({ what, reportIndex, start, only, onClose, onDone }) {
    const [accept, setAccept] = useState(start !== "return");
    const [reason, setReason] = useState("");
    const [comment, setComment] = useState("");
    const [again, setAgain] = useState("");
    const send = async (key) => {
        await post("reviews", {
            report_index: reportIndex, accept, comment,
            ...(accept ? {} : { reason_code: reason, again_by: again }),
        }, key);
        onDone();
    };
    return html`<${Dialog} title=${t("review.title")} submit=${t(accept ? "review.accept" : "review.return")}
            danger=${!accept} send=${send} onClose=${onClose}>
        <p>${what}</p>
        ${!only && html`<fieldset><legend>${t("review.decision")}</legend>
            <label class="choice"><input type="radio" name="accept" checked=${accept} autofocus=${start !== "return"} onChange=${() => setAccept(true)} />
                ${t("review.accept")}</label>
            <label class="choice"><input type="radio" name="accept" checked=${!accept} autofocus=${start === "return"} onChange=${() => setAccept(false)} />
                ${t("review.return")}</label>
        </fieldset>`}
        ${!accept && html`
            <${Field} label=${t("review.reason")}><select required value=${reason}
                onChange=${(e) => setReason(e.target.value)}>
                <option value="">${t("choose")}</option>
                ${REASONS.map((r) => html`<option value=${r}>${t(`reason.${r}`)}</option>`)}</select></${Field}>
            <${Field} label=${t("review.again_by")} note=${t("review.again_note")}><input type="date" required
                value=${again} onInput=${(e) => setAgain(e.target.value)} /></${Field}>`}
        <${Field} label=${t("review.comment")} note=${t("review.comment_note")}><textarea rows="4" maxlength="4000"
            required=${!accept} value=${comment} onInput=${(e) => setComment(e.target.value)}></textarea></${Field}>
    </${Dialog}>`;
}

/** Many at once, and only to accept: a return needs a reason of its own. */
export function BulkDialog({ indexes, onClose, onDone }) {
    const send = async (key) => {
        await post("reviews", { accept: true, report_indexes: indexes }, key);
        onDone();
    };
    return html`<${Dialog} title=${t("bulk.title")} submit=${t("review.accept")} send=${send} onClose=${onClose}>
        <p>${t("bulk.text", { n: indexes.length })}</p></${Dialog}>`;
}

/** A right of its own, with the document that grants it. The first date stays on the page. */
export function ExtensionDialog({ what, obligation, from, asked, onClose, onDone }) {
    const [refuse, setRefuse] = useState(false);
    const [until, setUntil] = useState(asked || "");
    const [document, setDocument] = useState("");
    const [reason, setReason] = useState("");
    const send = async (key) => {
        await post("extensions", {
            obligation, document, reason, ...(refuse ? { refuse: true } : { until }),
        }, key);
        onDone();
    };
    return html`<${Dialog} title=${t("extension.title")} submit=${t(refuse ? "extension.refuse" : "extension.grant")}
            danger=${refuse} send=${send} onClose=${onClose}>
        <p>${what}</p>
        <fieldset><legend>${t("review.decision")}</legend>
            <label class="choice"><input type="radio" name="refuse" checked=${!refuse} onChange=${() => setRefuse(false)} />
                ${t("extension.grant")}</label>
            <label class="choice"><input type="radio" name="refuse" checked=${refuse} onChange=${() => setRefuse(true)} />
                ${t("extension.refuse")}</label>
        </fieldset>
        ${!refuse && html`<${Field} label=${t("extension.until")} note=${t("extension.until_note", { day: from })}>
            <input type="date" required value=${until} onInput=${(e) => setUntil(e.target.value)} /></${Field}>`}
        <${Field} label=${t("extension.document")} note=${t("extension.document_note")}><input required maxlength="200"
            value=${document} onInput=${(e) => setDocument(e.target.value)} /></${Field}>
        <${Field} label=${t("extension.reason")}><textarea rows="3" required maxlength="4000" value=${reason}
            onInput=${(e) => setReason(e.target.value)}></textarea></${Field}>
    </${Dialog}>`;
}

/** act: remove or restore. */
export function ControlDialog({ what, obligation, act, onClose, onDone }) {
    const [reason, setReason] = useState("");
    const send = async (key) => {
        await post("controls", { obligation, act, reason }, key);
        onDone();
    };
    return html`<${Dialog} title=${t(`control.${act}.title`)} submit=${t(`control.${act}.act`)} send=${send}
            onClose=${onClose}>
        <p>${what}</p>
        <${Field} label=${t("extension.reason")}><textarea rows="3" required maxlength="4000" value=${reason}
            onInput=${(e) => setReason(e.target.value)}></textarea></${Field}>
    </${Dialog}>`;
}
