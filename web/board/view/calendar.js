// The account's address for calendar programs: made, copied, revoked. It is a secret that opens the deadlines without a
// login; the server shows it once, and so does this page.

import { html, useEffect, useState } from "../shared/dom.js";
import { get, post, remove } from "../api.js";
import { failureText, useBoard } from "../parts.js";
import { current, instant, t } from "../shared/text.js";

function Address({ path, plan }) {
    const { say } = useBoard();
    const address = `${location.origin}${path}?${new URLSearchParams({ plan, lang: current() })}`;
    const copy = (event) => {
        const field = event.target.closest(".address").querySelector("input");
        field.select();
        navigator.clipboard.writeText(address).then(() => say(t("calendar.copied")), () => {}); // else it is selected, for Ctrl+C
    };
    return html`<div class="address"><label class="field wide"><span>${t("calendar.address")}</span>
            <input readonly value=${address} onFocus=${(e) => e.target.select()} /></label>
        <button type="button" class="main" onClick=${copy}>${t("calendar.copy")}</button></div>
        <p class="note">${t("calendar.secret")}</p>`;
}

export function Calendar() {
    const { about, say, version } = useBoard();
    const [since, setSince] = useState(undefined); // null: there is none
    const [path, setPath] = useState("");
    const [problem, setProblem] = useState(null);
    useEffect(() => {
        const stop = new AbortController();
        get("calendar", {}, stop.signal).then((value) => setSince(value.address), (error) => error.name !== "AbortError" && setProblem(error));
        return () => stop.abort();
    }, [version]);
    const act = (promise, done) => promise.then(done, setProblem);
    const make = () => act(post("calendar", {}), (value) => {
        setPath(value.path);
        setProblem(null);
    });
    const end = () => act(remove("calendar"), () => {
        setPath("");
        setSince(null);
        setProblem(null);
        say(t("calendar.ended"));
    });
    const made = Boolean(path || since);
    return html`<section><h2>${t("calendar.title")}</h2><p>${t("calendar.text")}</p>
        ${path && html`<${Address} path=${path} plan=${about.id} />`}
        ${!path && since !== undefined && html`<p class="aside">${since ? t("calendar.since", { at: instant(since.at) }) : t("calendar.none")}</p>`}
        ${problem && html`<p class="failure" role="alert">${failureText(problem)}</p>`}
        <div class="buttons"><button type="button" onClick=${make}>${t(made ? "calendar.again" : "calendar.make")}</button>
            ${made && html`<button type="button" class="danger" onClick=${end}>${t("calendar.end")}</button>`}</div></section>`;
}
