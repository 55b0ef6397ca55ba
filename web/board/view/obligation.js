// One obligation, whole: what is owed and until when, both clocks, every revision with what changed, reviews, more
// time, alerts; and the decisions that this account may take, by button or by key.

import { html, useLayoutEffect, useState } from "../shared/dom.js";
import { ControlDialog, ExtensionDialog, ReviewDialog } from "../dialog.js";
import { BodyLink, Facts, Loaded, Mark, Table, Title, useBoard, useGet, useNames, useSubject } from "../parts.js";
import { link } from "../shared/route.js";
import { markOf, mayDo, waits } from "../marks.js";
import { day, dayOf, instant, percent, progress, t, word } from "../shared/text.js";
import { Revision } from "./revision.js";

function History({ title, rows, text }) {
    if (!rows?.length) return null;
    return html`<section><h2>${title}</h2><ul class="history">${rows.map((row) => html`<li>
        <time datetime=${row.at}>${instant(row.at)}</time> ${row.who && html`<strong>${row.who}</strong> `}${text(row)}
        </li>`)}</ul></section>`;
}

const inOrder = (...lists) => lists.flatMap((l) => l || []).sort((a, b) => a.log_index - b.log_index);

const decisionText = (e) => html`${t(`event.${e.kind}`, { day: e.until ? day(e.until) : "" })}
    ${e.reason_code && `: ${word("reason", e.reason_code)}`} ${e.document && html`<cite>${e.document}</cite>`}
    ${(e.comment || e.reason) && html` <q>${e.comment || e.reason}</q>`}
    ${e.again_by && ` ${t("due.again", { day: day(e.again_by) })}`}`;
const alertText = (e) => e.items.map((a) => t(`alert.${a.kind}`,
    { n: a.kind === "still_overdue" ? a.weeks : a.days_left })).join(", ");

function actsOf(session, o) {
    const report = waits(o) && o.heads?.length === 1 && mayDo(session, "review", o.body);
    return [
        report && ["accept", "a", "main"], report && ["return", "r", "danger"],
        mayDo(session, "extend", o.body) && ["extend", "e", ""],
        mayDo(session, "control", o.body) && [o.control === "removed" ? "restore" : "remove", "c", ""],
    ].filter(Boolean);
}

/** a, r, e, c open the dialogs, from when their buttons are shown, but not while something is typed or a dialog is open. */
function useKeys(acts, onAct) {
    useLayoutEffect(() => {
        const pressed = (event) => {
            if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
            if (event.target.closest("input, textarea, select, dialog")) return;
            const act = acts.find((a) => a[1] === event.key);
            if (act) {
                event.preventDefault();
                onAct(act[0]);
            }
        };
        document.addEventListener("keydown", pressed);
        return () => document.removeEventListener("keydown", pressed);
    });
}

function Decisions({ o }) {
    const { session, grew } = useBoard();
    const names = useNames();
    const subject = useSubject();
    const [act, setAct] = useState("");
    const acts = actsOf(session, o);
    useKeys(acts, setAct);
    const own = session.body && session.body === o.body && waits(o);
    const what = `${names.short(o.body)}: ${subject(o)}`;
    const shared = { what, obligation: o.key, onClose: () => setAct(""), onDone: grew };
    const asked = o.control === "extension_asked" ? o.extension_requests.at(-1)?.until : "";
    const newest = o.heads?.at(-1)?.log_index;
    return html`${own && html`<p class="note">${t("review.own")}</p>`}
        ${acts.length > 0 && html`<div class="buttons">${acts.map(([name, key, look]) => html`
            <button type="button" class=${look} aria-keyshortcuts=${key} onClick=${() => setAct(name)}>
                ${t(`act.${name}`)} <kbd>${key.toUpperCase()}</kbd></button>`)}</div>`}
        ${(act === "accept" || act === "return") && html`<${ReviewDialog} ...${shared} reportIndex=${newest} start=${act} />`}
        ${act === "extend" && html`<${ExtensionDialog} ...${shared} from=${dayOf(o.due)} asked=${asked} />`}
        ${(act === "remove" || act === "restore") && html`<${ControlDialog} ...${shared} act=${act} />`}`;
}

function Sheet({ o }) {
    return html`<${Facts} pairs=${[
        [t("list.state"), html`<${Mark} mark=${markOf(o)} />`],
        [t("list.body"), html`<${BodyLink} code=${o.body} long=${true} />`],
        [t("list.action"), o.action && html`<a href=${link("action", o.action)}>${o.action}</a>`],
        [t("list.kind"), word("kind", o.kind)],
        [t("list.role"), o.upon_agreement ? `${word("executor", o.role)}, ${t("upon_agreement")}` : word("executor", o.role)],
        [t("list.window"), `${day(o.window_start)} – ${day(o.window_end)}`],
        [t("list.due"), instant(o.due)],
        [t("due.original"), o.original_due && o.original_due !== o.due && instant(o.original_due)],
        [t("due.again_name"), o.again_by && day(o.again_by)],
        [t("axis.timeliness"), word("timeliness", o.timeliness)],
        [t("axis.submission"), word("submission", o.submission)],
        [t("axis.fulfilment"), o.fulfilment ? word("fulfilment", o.fulfilment) : t("no_data")],
        [t("report.percent"), progress(o)],
        [t("axis.control"), word("control", o.control)],
        [t("axis.assessment"), o.assessment && word("assessment", o.assessment)],
        [t("clock.received"), o.first_received_at && instant(o.first_received_at)],
        [t("clock.promised"), o.first_committed_at && instant(o.first_committed_at)],
        [t("came_by"), o.came_by && t(`came_by.${o.came_by}`)],
        [t("owner"), o.owner && o.owner !== o.body && html`<${BodyLink} code=${o.owner} long=${true} />`],
    ]} />`;
}

/** Reports of one body that do not know of each other. The body settles it, by a report that takes the place of all;
 * what the secretariat can do is to return the one that is wrong, and to say so. */
function Conflict({ o, session }) {
    const { grew } = useBoard();
    const names = useNames();
    const subject = useSubject();
    const [returned, setReturned] = useState(null);
    const may = mayDo(session, "review", o.body);
    const revisionOf = (head) => o.revisions.find((r) => r.log_index === head.log_index);
    const columns = [
        { head: t("receipt"), cell: (h) => html`<a href="#entry-${h.log_index}" onClick=${(e) => toEntry(e, h)}>${t("receipt.entry", { n: h.log_index })}</a>` },
        { head: t("offices.label"), cell: (h) => `№ ${h.office}` },
        { head: t("list.came"), cell: (h) => instant(h.received_at) },
        { head: t("list.fulfilment"), cell: (h) => word("fulfilment", revisionOf(h)?.report?.fulfilment) },
        { head: "%", numeric: true, cell: (h) => percent(revisionOf(h)?.report?.percent) },
        { head: t("axis.submission"), cell: (h) => (h.again_by ? t("submission.returned") : t("submission.conflict")) },
        may && {
            head: t("review.decision"), cell: (h) => html`<button type="button" class="danger" onClick=${() => setReturned(h)}
                aria-label="${t("act.return")}: ${t("receipt.entry", { n: h.log_index })}">${t("act.return")}</button>`,
        },
    ].filter(Boolean);
    return html`<section class="conflict"><h2>${t("conflict.title")}</h2><p class="note">${t("conflict.text")}</p>
        <${Table} caption=${t("conflict.caption", { n: o.heads.length })} columns=${columns} rows=${o.heads} keyOf=${(h) => h.log_index} />
        ${returned && html`<${ReviewDialog} what="${names.short(o.body)}: ${subject(o)}, ${t("receipt.entry", { n: returned.log_index })}"
            reportIndex=${returned.log_index} start="return" only=${true} onClose=${() => setReturned(null)} onDone=${grew} />`}</section>`;
}

function toEntry(event, head) {
    event.preventDefault();
    const at = document.getElementById(`entry-${head.log_index}`);
    at.open = true;
    at.querySelector("summary").focus();
    at.scrollIntoView({ block: "nearest" });
}

function Whole({ o }) {
    const { session } = useBoard();
    const { revisions } = o;
    const byIndex = new Map(revisions.map((r) => [r.log_index, r]));
    const newest = revisions.at(-1);
    return html`<${Sheet} o=${o} /><${Decisions} o=${o} />
        ${o.conflict && html`<${Conflict} o=${o} session=${session} />`}
        <section><h2>${t("revision.heading", { n: revisions.length })}</h2>
            ${revisions.length === 0 && html`<p>${t("nothing_came")}</p>`}
            ${[...revisions].reverse().map((r) => html`<${Revision} key=${r.log_index} r=${r}
                before=${byIndex.get(r.builds_on_index)} open=${r === newest || r.state === "conflict"} />`)}
            ${o.unreadable?.length > 0 && html`<p class="failure" role="note">${t("revision.unreadable", { n: o.unreadable.length })}</p>`}
            ${o.older_left_out && html`<p class="note">${t("revision.older")}</p>`}</section>
        <${History} title=${t("history.reviews")} rows=${inOrder(o.reviews, o.withdrawals)} text=${decisionText} />
        <${History} title=${t("history.extensions")} rows=${inOrder(o.extension_requests, o.extensions)} text=${decisionText} />
        <${History} title=${t("history.controls")} rows=${inOrder(o.controls)} text=${decisionText} />
        <${History} title=${t("history.alerts")} rows=${inOrder(o.alerts)} text=${alertText} />
        <p class="aside"><code class="hash">${o.key}</code></p>`;
}

export function Obligation({ argument }) {
    const answer = useGet(`obligations/${encodeURIComponent(argument)}`, {});
    const subject = useSubject();
    const o = answer.value ?? answer.old;
    return html`<${Title} text=${o ? subject(o) : t("obligation")} />
        <${Loaded} of=${answer}>${(value) => html`<${Whole} o=${value} />`}</${Loaded}>`;
}
