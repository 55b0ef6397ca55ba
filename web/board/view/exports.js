// The consolidated report and the other exports: asked for here, made by a worker, fetched when done.

import { html, useEffect, useState } from "../dom.js";
import { get, newKey, post, urlOf } from "../api.js";
import { failureText, Title, useBoard } from "../parts.js";
import { mayDo } from "../marks.js";
import { current, t } from "../text.js";

const FORMATS = ["docx", "pdf", "xlsx", "csv", "json", "ics"];
const LOOK_MS = 700;

function Work({ id, name }) {
    const [state, setState] = useState({ state: "queued", done: 0, total: 0 });
    const [problem, setProblem] = useState(null);
    useEffect(() => {
        let timer = 0;
        const stop = new AbortController();
        const look = () => get(`exports/${encodeURIComponent(id)}`, {}, stop.signal).then((value) => {
            setState(value);
            if (value.state !== "done" && value.state !== "failed") timer = setTimeout(look, LOOK_MS);
        }, (error) => error.name !== "AbortError" && setProblem(error));
        look();
        return () => {
            stop.abort();
            clearTimeout(timer);
        };
    }, [id]);
    return html`<li><strong>${name}</strong> ${problem ? html`<span class="failure" role="alert">${failureText(problem)}</span>`
        : state.state === "done" ? html`<a href=${urlOf(`exports/${encodeURIComponent(id)}/file`)} download>${t("export.fetch")}</a>`
            : state.state === "failed" ? html`<span role="alert">${t("export.failed")}</span>`
                : html`<span role="status">${t("export.working")}</span> <progress max=${state.total || 1} value=${state.done}
                    aria-label=${name}></progress>`}</li>`;
}

export function Exports() {
    const { session, about } = useBoard();
    const [works, setWorks] = useState([]);
    const [problem, setProblem] = useState(null);
    const go = async (event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        const wish = { plan: about.id, format: form.get("format"), year: Number(form.get("year")), language: form.get("language") };
        setProblem(null);
        try {
            const { id } = await post("exports", wish, newKey());
            setWorks((old) => [{ id, name: `${wish.format.toUpperCase()}, ${wish.year}, ${wish.language}` }, ...old]);
        } catch (error) {
            setProblem(error);
        }
    };
    const years = Array.from({ length: about.last_year - about.first_year + 1 }, (_, i) => about.first_year + i);
    return html`<${Title} text=${t("menu.exports")} />
        ${!mayDo(session, "export") ? html`<p class="note">${t("export.denied")}</p>` : html`
        <form class="filters" onSubmit=${go}>
            <label class="field"><span>${t("export.format")}</span><select name="format">${FORMATS.map((f) => html`
                <option value=${f}>${t(`export.${f}`)}</option>`)}</select></label>
            <label class="field"><span>${t("money.year")}</span><select name="year">${years.map((y) => html`<option value=${y}>${y}</option>`)}</select></label>
            <label class="field"><span>${t("language")}</span><select name="language" value=${current()}>
                <option value="kk" lang="kk">Қазақша</option><option value="ru" lang="ru">Русский</option>
                <option value="en" lang="en">English</option></select></label>
            <button type="submit" class="main">${t("export.make")}</button></form>
        ${problem && html`<p class="failure" role="alert">${failureText(problem)}</p>`}
        <ul class="works">${works.map((w) => html`<${Work} key=${w.id} ...${w} />`)}</ul>`}`;
}
