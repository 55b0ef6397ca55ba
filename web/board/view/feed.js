// What happened, newest first, live: the log in words. What came since the page was opened is marked as new.

import { html, useEffect, useRef, useState } from "../shared/dom.js";
import { BodyLink, Loaded, Title, useBoard, useGet, useNames } from "../parts.js";
import { link, refine } from "../shared/route.js";
import { day, instant, t, word } from "../shared/text.js";

const KINDS = ["report", "withdrawal", "extension_request", "accepted", "returned", "extension_granted",
    "extension_refused", "removed_from_control", "restored_to_control", "alert", "plan", "office", "rights", "alarm"];
const GLYPHS = {
    report: "✉", withdrawal: "⤺", extension_request: "◷", accepted: "✔", returned: "↩", extension_granted: "◷",
    extension_refused: "✖", removed_from_control: "⊘", restored_to_control: "○", alert: "!", plan: "§", office: "⌂", rights: "⚿", alarm: "✖",
};

/** Of an office's entry `who` is its own body, though it should report for another; of a decision, the account that took it. */
const FROM_OFFICE = new Set(["report", "withdrawal", "extension_request"]);
const subjectOf = (names, key) => {
    const [, kind, action] = key.split("/");
    return names.action(action) ? `${action}. ${names.action(action)}` : word("kind", kind);
};
const bodyOf = (e) => e.body || (e.obligation ? e.obligation.split("/")[3] : FROM_OFFICE.has(e.kind) && e.who);

function alertWords(items) {
    const kinds = [...new Set(items.map((i) => i.kind))];
    return kinds.map((k) => t(`feed.alert.${k}`, { n: items.filter((i) => i.kind === k).length })).join(", ");
}

function sentence(e, names) {
    if (e.kind === "alert") return alertWords(e.items);
    if (e.kind === "office") return `${t("event.office")}: ${word("office", e.state)}`;
    if (e.kind === "rights") {
        return `${t("event.rights")}: ${e.bodies.length > 0 ? e.bodies.map((b) => names.short(b)).join(", ") : t("feed.rights.own")}` +
            (e.plans.length > 0 ? `; ${t("offices.in_plans", { plans: e.plans.join(", ") })}` : "");
    }
    return t(`event.${e.kind}`, { day: e.until ? day(e.until) : "" }) +
        (e.kind === "report" ? `, ${t("revision.inline", { n: e.revision })}` : "");
}

function Entry({ e, fresh }) {
    const body = bodyOf(e);
    const names = useNames();
    const note = e.comment || e.reason || e.text || e.label;
    return html`<li class=${fresh ? "fresh" : ""}><span class="glyph" aria-hidden="true">${GLYPHS[e.kind] || "·"}</span>
        <time datetime=${e.at}>${instant(e.at)}</time>
        <span class="what">${fresh && html`<strong class="new">${t("feed.new")}</strong> `}${body && html`<${BodyLink} code=${body} /> `}
            ${FROM_OFFICE.has(e.kind) && e.who && e.who !== body && html`(<${BodyLink} code=${e.who} />) `}${sentence(e, names)}${e.who && !FROM_OFFICE.has(e.kind) && html` <strong>${e.who === "enrolment" ? t("feed.who.enrolment") : e.who}</strong>`}
            ${e.obligation && html` · <a href=${link("obligation", e.obligation)}>${subjectOf(names, e.obligation)}</a>`}
            ${note && html`<br /><span class="aside">${note}</span>`}</span>
        <span class="aside index">${t("receipt.entry", { n: e.log_index })}</span></li>`;
}

export function Feed({ filters }) {
    const { say } = useBoard();
    const answer = useGet("feed", {});
    const first = useRef(null); // the newest entry as the page was opened
    const [newest, setNewest] = useState(0);
    const items = (answer.value ?? answer.old)?.items;
    useEffect(() => {
        if (!items?.length) return;
        const top = Math.max(...items.map((e) => e.log_index));
        if (first.current === null) first.current = top;
        else if (top > newest) say(t("feed.said", { n: top - Math.max(newest, first.current) }));
        setNewest(top);
    }, [items]);
    return html`<${Title} text=${t("menu.feed")} />
        <form class="filters" onSubmit=${(e) => e.preventDefault()}>
            <label class="field"><span>${t("feed.type")}</span><select value=${filters.kind || ""}
                onChange=${(e) => refine({ kind: e.target.value })}><option value="">${t("all")}</option>
                ${KINDS.map((k) => html`<option value=${k}>${t(`event.${k}`, { day: "…" })}</option>`)}</select></label></form>
        <${Loaded} of=${answer}>${(value) => {
            const rows = value.items.filter((e) => !filters.kind || e.kind === filters.kind);
            return rows.length === 0 ? html`<p role="status">${t("feed.empty")}</p>` : html`<ol class="feed">${rows.map((e) => html`
                <${Entry} key=${e.log_index} e=${e} fresh=${first.current !== null && e.log_index > first.current} />`)}</ol>`;
        }}</${Loaded}>`;
}
