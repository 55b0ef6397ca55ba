// An action of the plan: what is to come of it, by when, who does it, and how far each of them is.

import { html } from "../shared/dom.js";
import { BodyLink, Facts, Loaded, Obligations, Title, useGet, useNames } from "../parts.js";
import { link } from "../shared/route.js";
import { day, own, t, word } from "../shared/text.js";

// Days read alike in every language; the plan's own words stand beside them.
const periodOf = (a) => (a.windows.length === 0 ? a.period
    : `${a.windows.map((w) => `${day(w.start)} – ${day(w.end)}`).join("; ")} (${t("action.written", { text: a.period })})`);

export function Action({ argument }) {
    const names = useNames();
    const answer = useGet(`actions/${encodeURIComponent(argument)}`, {});
    return html`<${Title} text=${`${argument}. ${names.action(argument)}`} />
        <${Loaded} of=${answer}>${(a) => html`
            ${a.text && html`<p class="prose">${a.text}</p>`}
            <${Facts} pairs=${[[t("action.completion"), own(a.completion)], [t("action.period"), periodOf(a)],
                [t("action.parent"), a.parent && html`<a href=${link("action", a.parent)}>${a.parent}</a>`]]} />
            <h2>${t("action.executors")}</h2>
            <ul class="executors">${a.executors.map((e) => html`<li>
                ${e.body ? html`<${BodyLink} code=${e.body} long=${true} />` : word("group", e.group)}
                ${" "}<span class="aside">${word("executor", e.role)}${e.upon_agreement && `, ${t("upon_agreement")}`}</span></li>`)}</ul>
            <h2>${t("action.obligations")}</h2>
            <p><a href=${link("list", "", { action: argument })}>${t("body.filter")}</a></p>
            <${Obligations} items=${a.obligations} caption=${t("list.count", { n: a.obligations.length })} />`}
        </${Loaded}>`;
}
