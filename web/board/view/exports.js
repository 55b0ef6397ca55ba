// The consolidated report and the other files to be handed in: asked for here, made beside the server, fetched when
// done. What was asked for earlier, or in another window, is there too: the server keeps the list, an hour or so.

import { html, useEffect, useRef, useState } from "../shared/dom.js";
import { get, post, remove, urlOf } from "../api.js";
import { failureText, Title, useBoard } from "../parts.js";
import { mayDo } from "../marks.js";
import { Calendar } from "./calendar.js";
import { bytes, current, t } from "../shared/text.js";

const FORMATS = ["docx", "pdf", "xlsx", "csv", "json", "ics"];
const LANGUAGE_NAMES = { kk: "Қазақша", ru: "Русский", en: "English" };
const LOOK_MS = 500;

const pathOf = (e, more) => `exports/${encodeURIComponent(e.id)}${more || ""}`;
const ended = (e) => e.state === "done" || e.state === "failed";

function Work({ e, onDrop }) {
    const name = `${e.name || e.format}, ${LANGUAGE_NAMES[e.language]}`;
    return html`<li class="work work-${e.state}"><strong>${name}</strong>
        ${e.state === "queued" && html`<span>${t("export.queued", { n: e.before || 0 })}</span>`}
        ${e.state === "running" && html`<span>${t("export.working")}</span>
            <progress max=${e.total} value=${e.done} aria-label=${name}></progress>`}
        ${e.state === "done" && html`<a class="button main" href=${urlOf(pathOf(e, "/file"))} download=${e.name}>${t("export.fetch")}</a>
            <span class="aside">${bytes(e.size_bytes)}, ${t("export.as_of", { n: e.log_size })}</span>`}
        ${e.state === "failed" && html`<span class="failure">${t("export.failed")} ${e.reason}</span>`}
        <button type="button" aria-label="${t("export.drop")}: ${name}" onClick=${() => onDrop(e)}>${t("export.drop")}</button></li>`;
}

/** The list, read again while something in it is not done; look() reads it at once. */
function useWorks(may) {
    const [works, setWorks] = useState([]);
    const [problem, setProblem] = useState(null);
    const [round, setRound] = useState(0);
    const timer = useRef(0);
    useEffect(() => {
        if (!may) return undefined;
        const stop = new AbortController();
        get("exports", {}, stop.signal).then((value) => {
            setWorks(value.exports);
            setProblem(null);
            if (!value.exports.every(ended)) timer.current = setTimeout(() => setRound((n) => n + 1), LOOK_MS);
        }, (error) => error.name !== "AbortError" && setProblem(error));
        return () => {
            stop.abort();
            clearTimeout(timer.current);
        };
    }, [round, may]);
    return { works, problem, look: () => setRound((n) => n + 1) };
}

function Wish({ onMade }) {
    const { about, summary } = useBoard();
    const [format, setFormat] = useState(FORMATS[0]);
    const [problem, setProblem] = useState(null);
    const go = async (event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        setProblem(null);
        try {
            await post("exports", {
                plan: about.id, format, language: form.get("language"),
                ...(format === "ics" ? {} : { year: Number(form.get("year")) }),
                ...(format === "csv" ? { semicolon: form.has("semicolon") } : {}),
            });
        } catch (error) {
            setProblem(error);
        }
        onMade();
    };
    // What is handed in is about the year before.
    const usual = Math.min(about.last_year, Math.max(about.first_year, Number(summary.as_of.slice(0, 4)) - 1));
    const years = Array.from({ length: about.last_year - about.first_year + 1 }, (_, i) => about.first_year + i);
    return html`<form class="filters" onSubmit=${go} aria-label=${t("export.wanted")}>
        <label class="field"><span>${t("export.format")}</span><select name="format" value=${format}
            onChange=${(e) => setFormat(e.target.value)}>${FORMATS.map((f) => html`
            <option value=${f}>${t(`export.${f}`)}</option>`)}</select></label>
        ${format !== "ics" && html`<label class="field"><span>${t("money.year")}</span><select name="year" value=${usual}>${years.map((y) => html`
            <option value=${y}>${y}</option>`)}</select></label>`}
        <label class="field"><span>${t("language")}</span><select name="language" value=${current()}>
            ${Object.entries(LANGUAGE_NAMES).map(([code, name]) => html`<option value=${code} lang=${code}>${name}</option>`)}</select></label>
        ${format === "csv" && html`<label class="choice"><input type="checkbox" name="semicolon" checked />${t("export.semicolon")}</label>`}
        <button type="submit" class="main">${t("export.make")}</button></form>
        ${problem && html`<p class="failure" role="alert">${failureText(problem)}</p>`}`;
}

export function Exports() {
    const { session, about, say } = useBoard();
    const may = mayDo(session, "export");
    const { works, problem, look } = useWorks(may);
    const done = works.filter((e) => e.state === "done").length;
    useEffect(() => {
        if (done > 0) say(`${t("export.mine")}: ${done}`);
    }, [done]);
    const drop = (e) => remove(pathOf(e)).catch(() => {}).finally(look);
    return html`<${Title} text=${t("menu.exports")} />
        ${may ? html`<p class="aside">${t("export.note")}</p><${Wish} onMade=${look} />` : html`<p class="note">${t("export.denied")}</p>`}
        ${problem && html`<p class="failure" role="alert">${failureText(problem)}</p>`}
        ${works.length > 0 && html`<h2>${t("export.mine")}</h2>
            <ul class="works">${works.map((e) => html`<${Work} key=${e.id} e=${e} onDrop=${drop} />`)}</ul>`}
        <p><a href=${urlOf("calendar.ics", { plan: about.id, lang: current() })} download="${about.id}.ics">${t("export.calendar")}</a></p>
        <${Calendar} />`;
}
