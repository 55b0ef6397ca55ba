// What both pages look like beyond their style: the choice of language, a table that fits any width, headings, facts.

import { html, useEffect, useLayoutEffect, useRef } from "./dom.js";
import { current, LANGUAGES, t } from "./text.js";

const LANGUAGE_NAMES = { kk: "Қазақша", ru: "Русский", en: "English" };

export function Languages({ onChoose }) {
    return html`<div class="languages" role="group" aria-label=${t("language")}>${LANGUAGES.map((l) => html`
        <button type="button" lang=${l} aria-pressed=${String(l === current())} onClick=${() => onChoose(l)}>
            ${LANGUAGE_NAMES[l]}</button>`)}</div>`;
}

/** A table that becomes a stack of cards where there is no room. The roles keep it a table for a screen reader
 * when CSS takes its layout away. columns: {head, cell(row), numeric, grow, wide}. */
export function Table({ caption, columns, rows, keyOf, hiddenCaption }) {
    return html`<table class="cards" role="table">
        <caption class=${hiddenCaption ? "unseen" : ""}>${caption}</caption>
        <thead role="rowgroup"><tr role="row">${columns.map((c) => html`
            ${c.head ? html`<th role="columnheader" scope="col" class=${c.numeric ? "numeric" : ""}>${c.head}</th>` : html`<td role="cell"></td>`}`)}</tr></thead>
        <tbody role="rowgroup">${rows.map((row) => html`<tr role="row" key=${keyOf(row)}>${columns.map((c) => html`
            <td role="cell" data-head=${c.head || undefined} class="${c.numeric ? "numeric" : ""} ${c.grow ? "grow" : ""} ${c.wide ? "bar-cell" : ""}">
                <div>${c.cell(row)}</div></td>`)}</tr>`)}</tbody>
    </table>`;
}

/** A heading that takes the focus when its page opens, so that the reader's place is there: at once, since later it would
 * take it from what the reader has gone on to. */
export function Title({ children, text }) {
    const at = useRef(null);
    useLayoutEffect(() => {
        if (document.activeElement === document.body || document.activeElement?.closest("nav, main") ||
            document.activeElement === null) at.current?.focus({ preventScroll: true });
    }, []);
    useEffect(() => {
        document.title = `${text} · Esep`;
    });
    return html`<h1 tabindex="-1" ref=${at}>${text}${children}</h1>`;
}

/** The pairs of a fact sheet. What there is nothing to say of is left out. */
export function Facts({ pairs }) {
    return html`<dl class="facts">${pairs.filter((p) => p && (p[1] || p[1] === 0))
        .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
