// At a glance: is it on time, is it complete, who is silent, and what waits for us. Each tile leads to its list.

import { html } from "../shared/dom.js";
import { Title, useBoard } from "../parts.js";
import { link } from "../shared/route.js";
import { GLYPHS } from "../marks.js";
import { number, own, percent, t } from "../shared/text.js";

const TILES = [
    ["overdue", GLYPHS.overdue, () => link("list", "", { state: "overdue" })],
    ["due_week", GLYPHS.due_soon, () => link("list", "", { state: "due_week" })],
    ["to_review", GLYPHS.to_review, () => link("list", "", { state: "to_review" })],
    ["returned", GLYPHS.returned, () => link("list", "", { state: "returned" })],
    ["silent", "∅", () => link("offices", "", { state: "silent" })],
];
const CONFLICT = ["conflict", GLYPHS.conflict, () => link("list", "", { state: "conflict" })]; // seldom, and never to be missed

/** of nothing is no rate: not 0 %, and not 100 %. */
function Rate({ name, part, whole, value, note }) {
    const known = whole > 0;
    const shown = known ? value ?? (100 * part) / whole : null;
    return html`<section class="rate"><h2>${t(`glance.${name}`)}</h2>
        <p class="figure">${known ? percent(shown) : t("no_data")}</p>
        ${known && html`<progress max="100" value=${shown} aria-label=${t(`glance.${name}`)}></progress>`}
        <p class="aside">${t(`glance.${name}.of`, { part: number(part), n: whole })}</p>
        ${note && html`<p class="aside">${note}</p>`}</section>`;
}

export function Glance() {
    const { summary: s, about } = useBoard();
    return html`<${Title} text=${t("menu.glance")} />
        <p class="lead">${own(about.title)}</p>
        <div class="rates">
            <${Rate} name="rate" part=${s.rate.on_time} whole=${s.rate.due} value=${s.rate.percent} />
            <${Rate} name="completeness" part=${s.completeness.reported} whole=${s.completeness.owed}
                value=${s.completeness.percent} />
            <section class="rate"><h2>${t("glance.agreement")}</h2>
                <p class="figure">${number(s.agreement.reported)} / ${number(s.agreement.owed)}</p>
                <p class="aside">${t("glance.agreement.of", { n: s.agreement.owed, part: number(s.agreement.reported) })}</p>
                <p class="aside">${t("glance.agreement.rate", { n: s.agreement.due, part: number(s.agreement.on_time) })}</p>
                <p class="aside">${t("glance.agreement.note")}</p></section>
        </div>
        <ul class="tiles">${[...TILES, ...(s.tiles.conflict > 0 ? [CONFLICT] : [])].map(([name, glyph, to]) => html`
            <li><a class="tile tile-${name}" href=${to()}>
                <span class="figure"><span class="glyph" aria-hidden="true">${glyph}</span> ${number(s.tiles[name])}</span>
                <span>${t(`glance.tile.${name}`)}</span></a></li>`)}</ul>`;
}
