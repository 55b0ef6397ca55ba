// The connection, in one quiet sentence. To be without one is this page's everyday: it is grey, never red, and says what is
// already certain. What a person must do something about is said as such.

import { html, useState } from "./shared/dom.js";
import { tryNow } from "./api.js";
import { useDesk } from "./parts.js";
import { bytes, hour, span, t, word } from "./shared/text.js";

const FOR_OPERATOR = ["fork", "behind", "split", "gap", "older", "journal", "too_large", "protocol"];

/** What is on its way: how much, and how long it may take. */
function sendingText({ sending, waiting }) {
    const amount = t("line.waiting", { n: waiting.reports, size: bytes(sending ? sending.bytes_left : waiting.bytes) });
    if (!sending || sending.seconds_left === null) return amount;
    return `${amount}, ${t("line.left", { span: span(sending.seconds_left) })}`;
}

const evidenceText = ({ evidence }) => (evidence && evidence.files > 0
    ? t("line.evidence", { n: evidence.files, size: bytes(evidence.bytes_left) }) : "");

/** What the office's own budget lets wait. */
function budgetText({ budget }) {
    if (!budget || !(budget.files_wait || budget.text_waits)) return "";
    const bound = budget.day_bytes || budget.day_bytes_out || budget.day_bytes_in;
    return t(budget.text_waits ? "line.budget_all" : "line.budget_files", { size: bytes(bound) });
}

/** An operator wants the office to have new keys: the daemon makes them, and nobody has to do anything. */
const renewalText = ({ renewal }) => renewal && t("line.renewal", { by: renewal.by });

function online(status) {
    const { connection, now } = status;
    const waits = status.waiting.reports > 0 || status.sending;
    const parts = [waits && `${t("line.sending")} ${sendingText(status)}.`, evidenceText(status)];
    const until = connection.window && connection.window.open_until;
    return [
        t("line.online"), ...parts, !parts[0] && !parts[1] && t("line.all_sent"), budgetText(connection),
        until && t("line.window_until", { at: hour(until, now) }), renewalText(status),
    ].filter(Boolean).join(" ");
}

/** Why there is none now: by the office's own rules that is as it should be. */
function reason({ connection, now }) {
    const { why, since } = connection;
    if (why === "window") return t("line.window_next", { at: hour(connection.next_try_at, now) });
    if (why === "budget") return budgetText(connection);
    return [since ? t("line.offline_since", { at: hour(since, now) }) : t("line.offline"), budgetText(connection)].filter(Boolean).join(" ");
}

function dueText({ connection, now }) {
    const due = connection.window && connection.window.due_at;
    return due && t(connection.window.due_sent_anyway ? "line.due_anyway" : "line.due_late", { at: hour(due, now) });
}

function offline(status) {
    const { connection, waiting, now } = status;
    const ruled = connection.why === "window" || connection.why === "budget";
    if (FOR_OPERATOR.includes(connection.why)) return t("line.operator", { why: word("line.why", connection.why) });
    return [
        reason(status), dueText(status), t("line.kept"), waiting.reports > 0 && `${t("line.queue")} ${sendingText(status)}.`, evidenceText(status),
        !ruled && connection.next_try_at && t("line.next", { at: hour(connection.next_try_at, now) }),
    ].filter(Boolean).join(" ");
}

/** line: whether the daemon answers at all. */
export function Connection({ line, problem }) {
    const { status } = useDesk();
    const [asked, setAsked] = useState(false);
    if (problem && problem.status === 401) return null;
    if (!line || (problem && problem.status === 0)) {
        return html`<p class="line line-stopped" role="status"><span class="glyph" aria-hidden="true">○</span> <span>${t("line.stopped")}</span></p>`;
    }
    if (!status) return null;
    const { state, why, budget } = status.connection;
    const trying = state === "connecting" || state === "greeting";
    const up = state === "online" || state === "drained";
    const go = () => {
        setAsked(true);
        tryNow().catch(() => {}).then(() => setTimeout(() => setAsked(false), 2000));
    };
    return html`<p class="line ${FOR_OPERATOR.includes(why) && !up ? "line-operator" : up ? "line-on" : "line-off"}" role="status">
        <span class="glyph" aria-hidden="true">${up ? "●" : trying ? "◌" : "○"}</span>${" "}
        <span>${up ? online(status) : trying && why !== "none" && !status.connection.since ? t("line.trying") : offline(status)}</span>
        ${!up && !(budget && budget.text_waits) && html` <button type="button" disabled=${asked} onClick=${go}>${t(asked ? "line.trying" : "line.try")}</button>`}</p>`;
}
