// The regions, as a map of those of 2012 or as tiles; and as a table, for who sees neither. What a region's ground and
// glyph say, its words say too. A plan whose regions are not the map's is shown by tiles alone.

import { html, useEffect, useState } from "../shared/dom.js";
import { BodyLink, Loaded, Table, Title, useGet, useNames } from "../parts.js";
import { hyphenated } from "../hyphen.js";
import { link, refine } from "../shared/route.js";
import { GLYPHS } from "../marks.js";
import { number, own, percent, t } from "../shared/text.js";

/** The map's names for them -> ours. Astana and Almaty are too small for words: theirs stand beside, at the end of a line. */
const ON_MAP = {
    "KZ.AM": "akmola", "KZ.AT": "aktobe", "KZ.AA": "almaty-oblast", "KZ.AR": "atyrau", "KZ.EK": "east-kazakhstan",
    "KZ.ZM": "zhambyl", "KZ.WK": "west-kazakhstan", "KZ.QG": "karaganda", "KZ.QS": "kostanay", "KZ.QO": "kyzylorda",
    "KZ.MG": "mangystau", "KZ.PA": "pavlodar", "KZ.NK": "north-kazakhstan", "KZ.SK": "south-kazakhstan",
    "KZ.AS": "astana", "KZ.AC": "almaty",
};
const CALLOUTS = { astana: [820, 50], almaty: [900, 520] };
/** Where a name would leave its region or meet another's: how far it moves. */
const NUDGES = { mangystau: [0, 10], akmola: [-12, 4], atyrau: [0, -16], pavlodar: [12, 20], "north-kazakhstan": [0, -14], kyzylorda: [0, 26], "almaty-oblast": [6, -18], "south-kazakhstan": [0, 22] };

const TILES_2012 = [
    ["", "kostanay", "north-kazakhstan", "akmola", "pavlodar"],
    ["west-kazakhstan", "aktobe", "karaganda", "astana", "east-kazakhstan"],
    ["atyrau", "kyzylorda", "south-kazakhstan", "zhambyl", "almaty-oblast"],
    ["mangystau", "", "", "", "almaty"],
];
const TILES_TODAY = [
    ["", "", "kostanay", "north-kazakhstan", "akmola", "pavlodar", ""],
    ["west-kazakhstan", "aktobe", "ulytau", "astana", "karaganda", "abai", "east-kazakhstan"],
    ["atyrau", "", "kyzylorda", "turkistan", "zhambyl", "almaty-oblast", "zhetisu"],
    ["mangystau", "", "", "shymkent", "", "almaty", ""],
];

const WORST_FIRST = ["overdue", "returned", "to_review", "late", "due_soon", "on_time", "not_due"];
const SHOWN = {
    state: (tally) => {
        const mark = WORST_FIRST.find((m) => tally[m] > 0) || "not_due";
        return { mark, glyph: GLYPHS[mark], text: `${number(tally[mark])} ${t(`mark.${mark}.short`)}` };
    },
    rate: (tally) => share(tally.on_time_rate),
    completeness: (tally) => share(tally.completeness),
};

/** A part of one in four steps; of nothing it is none of them. */
function share(part) {
    if (part === null || part === undefined) return { mark: "not_applicable", glyph: GLYPHS.not_applicable, text: t("no_data") };
    const step = Math.min(3, Math.floor(part * 4));
    return { mark: `step-${step}`, glyph: "○◔◑●"[step], text: percent(100 * part) };
}

function Shape({ region, body, look, called }) {
    const names = useNames();
    const [x, y] = called || [0, 1].map((i) => region.at[i] + (NUDGES[body.code]?.[i] || 0));
    const name = names.short(body.code);
    const parts = name.length > 11 ? name.split(/(?<=-)|\s+(?=\S{4,})/) : [name];
    const words = parts.length > 2 ? parts.filter((part) => !part.endsWith(".")) : parts; // on a map all are oblasts
    return html`<a href=${link("body", body.code)} class="region">
        <path d=${region.path} />
        ${called && html`<line x1=${region.at[0]} y1=${region.at[1]} x2=${x} y2=${y > region.at[1] ? y - 26 : y + 18} />`}
        <text x=${x} y=${y - 7 * (words.length - 1)} text-anchor="middle">${words.map((w, i) => html`
            <tspan x=${x} dy=${i ? 14 : 0}>${w} </tspan>`)}<tspan x=${x} dy="15" class="what"><tspan class="glyph"
            aria-hidden="true">${look.glyph}</tspan> ${look.text}</tspan></text></a>`;
}

function Drawn({ map, bodies, look }) {
    const byCode = new Map(bodies.map((b) => [b.code, b]));
    const land = map.regions.filter((r) => !byCode.has(ON_MAP[r.id]));
    const regions = map.regions.filter((r) => byCode.has(ON_MAP[r.id])).map((r) => [r, byCode.get(ON_MAP[r.id])]);
    const small = ([, b]) => b.code in CALLOUTS;
    // The grounds first, so that none covers a name that reaches into it.
    return html`<svg class="country" viewBox="0 0 ${map.width} ${map.height}" role="group" aria-label=${t("menu.map")}>
        ${land.map((r) => html`<path class="land" d=${r.path} />`)}
        ${regions.map(([region, body]) => html`<path key=${body.code} class="ground mark-${look(body).mark}" d=${region.path} />`)}
        ${[...regions.filter((r) => !small(r)), ...regions.filter(small)].map(([region, body]) => html`
            <${Shape} key=${body.code} region=${region} body=${body} look=${look(body)} called=${CALLOUTS[body.code]} />`)}</svg>`;
}

function Tiles({ bodies, look }) {
    const names = useNames();
    const all = new Set(bodies.map((b) => b.code));
    const grid = all.has("south-kazakhstan") ? TILES_2012 : TILES_TODAY;
    const places = new Map(grid.flatMap((row, i) => row.map((code, j) => [code, [i + 1, j + 1]])));
    const unknown = bodies.filter((b) => !places.has(b.code));
    const placeOf = (b) => places.get(b.code) || [grid.length + 1, 1 + unknown.indexOf(b)];
    const inOrder = [...bodies].sort((a, b) => placeOf(a)[0] - placeOf(b)[0] || placeOf(a)[1] - placeOf(b)[1]);
    return html`<ul class="country-tiles tiles-${grid[0].length}">${inOrder.map((b) => {
        const [row, column] = placeOf(b);
        const { mark, glyph, text } = look(b);
        return html`<li key=${b.code} style=${{ gridRow: row, gridColumn: column }}><a href=${link("body", b.code)}
            class="mark-${mark}"><span>${hyphenated(names.short(b.code))}</span>
            <span class="what"><span class="glyph" aria-hidden="true">${glyph}</span> ${text}</span></a></li>`;
    })}</ul>`;
}

function useMap() {
    const [map, setMap] = useState(null);
    useEffect(() => {
        fetch("/vendor/kaz.json").then((reply) => (reply.ok ? reply.json() : null)).then(setMap, () => setMap(null));
    }, []);
    return map;
}

function RegionTable({ bodies }) {
    const count = (name) => ({ head: t(`filter.${name}`), numeric: true, cell: (b) => number(b.tally.bound[name]) });
    const columns = [
        { head: t("list.body"), grow: true, cell: (b) => html`<${BodyLink} code=${b.code} long=${true} />` },
        ...["overdue", "returned", "to_review", "late", "due_soon", "on_time", "not_due"].map(count),
        { head: t("glance.rate"), numeric: true, cell: (b) => share(b.tally.bound.on_time_rate).text },
        { head: t("glance.completeness"), numeric: true, cell: (b) => share(b.tally.bound.completeness).text },
    ];
    return html`<${Table} caption=${t("map.table")} columns=${columns} rows=${bodies} keyOf=${(b) => b.code} />`;
}

export function Regions({ filters }) {
    const answer = useGet("bodies", {});
    const map = useMap();
    const narrow = window.matchMedia("(max-width: 48rem)").matches;
    const shown = filters.show in SHOWN ? filters.show : "state";
    const look = (body) => SHOWN[shown](body.tally.bound);
    return html`<${Title} text=${t("menu.map")} />
        <${Loaded} of=${answer}>${(value) => {
            const bodies = value.bodies.filter((b) => b.kind === "akimat").sort((a, b) => own(a.name).localeCompare(own(b.name)));
            const known = map !== null && bodies.length > 0 && bodies.every((b) => Object.values(ON_MAP).includes(b.code));
            const view = known && (filters.view || (narrow ? "tiles" : "map")) === "map" ? "map" : "tiles";
            return html`<form class="filters" onSubmit=${(e) => e.preventDefault()}>
                ${known && html`<label class="field"><span>${t("map.view")}</span><select name="view" value=${view}
                    onChange=${(e) => refine({ view: e.target.value })}>
                    ${["map", "tiles"].map((v) => html`<option value=${v}>${t(`map.${v}`)}</option>`)}</select></label>`}
                <label class="field"><span>${t("matrix.show")}</span><select name="show" value=${shown}
                    onChange=${(e) => refine({ show: e.target.value })}>
                    <option value="state">${t("map.state")}</option><option value="rate">${t("glance.rate")}</option>
                    <option value="completeness">${t("glance.completeness")}</option></select></label></form>
                ${bodies.length === 0 ? html`<p role="status">${t("no_data")}</p>` : html`
                    ${view === "map" ? html`<${Drawn} map=${map} bodies=${bodies} look=${look} />`
                        : html`<${Tiles} bodies=${bodies} look=${look} />`}
                    <p class="aside">${t("map.note")}</p><${RegionTable} bodies=${bodies} />`}`;
        }}</${Loaded}>`;
}
