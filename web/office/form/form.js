// The form of a report. Each field saves itself; sending checks the whole, and what is wrong comes as a list that leads to the
// fields. A draft that could not be saved yet is kept here while the page is open, whichever view is shown.

import { html, useEffect, useMemo, useRef, useState } from "../shared/dom.js";
import { get, pathOf, post, put, remove } from "../api.js";
import { Draft } from "../draft.js";
import { errorText, fieldName, idOf, problemText, useDesk } from "../parts.js";
import { newKey } from "../shared/http.js";
import { hour, t } from "../shared/text.js";
import { Choice, Fulfilment, LongText, Percent, ShortText, useField } from "./field.js";
import { Files } from "./files.js";
import { Others } from "./others.js";
import { Indicators, Money, PersonFields } from "./rows.js";

const open = new Map(); // key -> Draft: the one on the screen, and those that wait for the daemon

function draftOf(key, answer) {
    if (!open.has(key)) {
        open.set(key, new Draft(answer, (changes, etag, keepalive) => put(pathOf("drafts", key), changes, { etag, keepalive })));
    }
    return open.get(key);
}

window.addEventListener("pagehide", () => open.forEach((draft) => draft.flush(true)));
window.addEventListener("beforeunload", (event) => {
    if (![...open.values()].some((draft) => draft.unsaved)) return;
    open.forEach((draft) => draft.flush(true));
    event.preventDefault();
    event.returnValue = "";
});

/** To the field of a path, or the nearest that is there. */
function goTo(path) {
    for (let at = path; at; at = at.split("/").slice(0, -1).join("/")) {
        const field = document.getElementById(idOf(at));
        if (field) return field.focus();
    }
    return undefined;
}

/** What is to be mended, each a link to its field. It takes the focus when it comes. */
function Summary({ errors, asked }) {
    const at = useRef(null);
    useEffect(() => {
        if (asked > 0) at.current.focus();
    }, [asked]);
    const go = (path) => (event) => {
        event.preventDefault();
        goTo(path);
    };
    return html`<div class="failure summary" tabindex="-1" ref=${at} aria-labelledby="summary-title" role="group">
        <h2 id="summary-title">${t("summary.title", { n: errors.length })}</h2>
        <ul>${errors.map((e) => html`<li>${e.field ? html`<a href="#${idOf(e.field)}" onClick=${go(e.field)}>${fieldName(e.field)}: ${errorText(e)}</a>` : errorText(e)}</li>`)}</ul></div>`;
}

/** Draws again when the draft as a whole is in another state. */
function useDraft(draft) {
    const read = () => [draft.tried, draft.gone, draft.problem, draft.unsaved, draft.conflicts.size, draft.form.nil_report, draft.etag, JSON.stringify(draft.errors)].join();
    const [, redraw] = useState(0);
    const seen = useRef("");
    seen.current = read();
    useEffect(() => draft.listen(() => read() !== seen.current && redraw((n) => n + 1)), [draft]);
}

/** The state of the whole: saved, being saved, or why not. What is not saved never goes unseen. */
function State({ draft }) {
    const { status } = useDesk();
    if (draft.gone) {
        return html`<div class="note unsaved" role="alert"><p>${t("gone.text")}</p>
            <button type="button" onClick=${() => draft.keep()}>${t("gone.keep")}</button></div>`;
    }
    if (draft.problem) {
        return html`<p class="note unsaved" role="alert">${t("unsaved.text")} ${problemText(draft.problem)}</p>`;
    }
    if (draft.conflicts.size > 0) return html`<p class="note unsaved" role="alert">${t("state.conflict")}</p>`;
    const times = Object.values(draft.savedAt).sort();
    const last = times[times.length - 1];
    return html`<p class="aside" data-unsaved=${String(draft.unsaved)}>${draft.unsaved ? t("state.saving") : last ? t("state.saved", { at: hour(last, (status && status.now) || last) })
        : t(draft.etag ? "state.as_draft" : "state.untouched")}</p>`;
}

function Nil({ draft, limits }) {
    const { value } = useField(draft, "nil_report");
    const change = (on) => {
        draft.set("nil_report", on);
        if (!on) draft.set("nil_reason", "");
    };
    return html`<div class="field" data-field="nil_report"><label class="choice"><input type="checkbox" id=${idOf("nil_report")} checked=${value}
        onChange=${(e) => change(e.target.checked)} /> ${t("form.nil_report.long")}</label></div>
        ${value && html`<${LongText} draft=${draft} name="nil_reason" max=${limits.long_text} rows=${3} />`}`;
}

function What({ draft, o, office }) {
    const { limits } = office;
    const overdue = o.duty.deadline === "overdue" || o.duty.deadline === "late";
    return html`
        <p class="note victim"><span class="glyph" aria-hidden="true">⚠</span> ${t("victim")}</p>
        <${LongText} draft=${draft} name="narrative" max=${limits.narrative} rows=${8} o=${o} counted=${true} note=${t("form.narrative.note")} />
        ${overdue && html`<${LongText} draft=${draft} name="delay_reasons" max=${limits.long_text} rows=${3} note=${t("form.delay_reasons.note")} />`}
        <${Indicators} draft=${draft} o=${o} max=${limits.indicators} />
        <${Money} draft=${draft} o=${o} max=${limits.money} sources=${office.sources} />
        <${LongText} draft=${draft} name="obstacles" max=${limits.long_text} rows=${3} />
        ${!overdue && html`<${LongText} draft=${draft} name="delay_reasons" max=${limits.long_text} rows=${2} />`}
        <${LongText} draft=${draft} name="next_steps" max=${limits.long_text} rows=${3} />`;
}

/** Sends what stands here, once it is saved: one order, however often it is sent. */
function useSending(draft, key, onSent) {
    const order = useRef(newKey());
    const [asked, setAsked] = useState(0);
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState(null);
    const refused = (error) => {
        order.current = newKey();
        if (error.status === 422 && error.body.errors) {
            draft.errors = error.body.errors;
            draft.tried = true;
            draft.tell();
            setAsked((n) => n + 1);
        } else if (error.status === 412 && error.body.draft) draft.meet(error.body.draft);
        else setProblem(error);
    };
    const send = async (event) => {
        event.preventDefault();
        if (busy) return;
        setBusy(true);
        setProblem(null);
        if (await draft.flush()) {
            await post(pathOf("reports", key), draft.form, { etag: draft.etag, key: order.current }).then((answer) => {
                draft.stop();
                open.delete(key);
                onSent(answer);
            }, (error) => (error.status === 0 ? setProblem(error) : refused(error)));
        }
        setBusy(false);
    };
    return { send, asked, busy, problem, setProblem };
}

export function Form({ o, onSent, onDropped }) {
    const { office } = useDesk();
    const { key } = o.duty;
    const draft = useMemo(() => draftOf(key, o.draft), [key]);
    useDraft(draft);
    const sending = useSending(draft, key, onSent);
    useEffect(() => () => {
        draft.flush().then((done) => done && open.get(key) === draft && open.delete(key));
    }, [draft]);
    useEffect(() => {
        if (o.draft.etag !== draft.etag) draft.look(() => get(pathOf("obligations", key)).then((now) => now.draft));
    }, [o]);
    const drop = () => remove(pathOf("drafts", key), { etag: draft.etag }).then(() => get(pathOf("obligations", key))).then((now) => {
        draft.forget(now.draft);
        onDropped();
    }, sending.setProblem);
    const { nil_report: nil } = draft.form;
    return html`<form class="report" noValidate onSubmit=${sending.send}>
        <h2>${t(o.duty.seq > 0 ? "form.title_again" : "form.title")}</h2>
        <p class="aside">${t("form.lead")}</p>
        ${draft.tried && draft.errors.length > 0 && html`<${Summary} errors=${draft.errors} asked=${sending.asked} />`}
        <${Fulfilment} draft=${draft} o=${o} />
        <${Nil} draft=${draft} limits=${office.limits} />
        ${!nil && html`<${Percent} draft=${draft} /><${What} draft=${draft} o=${o} office=${office} />`}
        <${Files} draft=${draft} o=${o} />
        ${o.co_executors.length > 0 && html`<${Others} draft=${draft} name="cites" reports=${o.co_executors} />`}
        ${o.conflict_with.length > 0 && html`<${Others} draft=${draft} name="settles" reports=${o.conflict_with} />`}
        <${PersonFields} draft=${draft} name="preparer" offered=${o.people.preparer} />
        <${PersonFields} draft=${draft} name="signatory" offered=${o.people.signatory} />
        <div class="row"><${ShortText} draft=${draft} name="outgoing_number" />
            <${Choice} draft=${draft} name="access" values=${["open", "official_use"]} /></div>
        <${State} draft=${draft} />
        ${sending.problem && html`<p class="failure" role="alert">${problemText(sending.problem)}</p>`}
        <div class="buttons"><button type="submit" class="main" disabled=${sending.busy}>${t("form.send")}</button>
            ${draft.etag && html`<button type="button" onClick=${drop}>${t("form.drop")}</button>`}</div>
        <p class="aside">${t("form.send.note")}</p></form>`;
}
