// A body: who it is, its offices and when they were last seen, and all it owes.

import { html } from "../shared/dom.js";
import { BodyLink, Facts, Loaded, Obligations, Title, useGet, useNames } from "../parts.js";
import { link } from "../shared/route.js";
import { day, own, t, word } from "../shared/text.js";
import { OfficeTable } from "./offices.js";

export function Body({ argument }) {
    const names = useNames();
    const answer = useGet(`bodies/${encodeURIComponent(argument)}`, {});
    return html`<${Title} text=${names.body(argument)} />
        <${Loaded} of=${answer}>${(b) => html`
            <${Facts} pairs=${[
                [t("body.short"), own(b.short)], [t("list.kind"), word("body", b.kind)],
                [t("upon_agreement"), b.agreement ? t("yes") : ""],
                [t("body.from"), b.valid_from && day(b.valid_from)], [t("body.to"), b.valid_to && day(b.valid_to)],
                [t("body.successor"), b.successor && html`<${BodyLink} code=${b.successor} long=${true} />`],
            ]} />
            <h2>${t("menu.offices")}</h2>
            ${b.offices.length === 0 ? html`<p>${t("offices.empty")}</p>`
                : html`<${OfficeTable} offices=${b.offices} caption=${t("offices.count", { n: b.offices.length })} />`}
            <h2>${t("body.owes")}</h2>
            <p><a href=${link("list", "", { body: argument })}>${t("body.filter")}</a></p>
            <${Obligations} items=${b.obligations} without=${["body"]} caption=${t("list.count", { n: b.obligations.length })} />`}
        </${Loaded}>`;
}
