// The frame of the clerk's page: who this office is, the language, whether the daemon on this computer answers, the
// connection, and which view is open. Everything works without a connection; what does not work without the daemon says so.

import { html, render, useCallback, useEffect, useMemo, useRef, useState } from "./shared/dom.js";
import { follow, get, takeKey } from "./api.js";
import { Connection } from "./connection.js";
import { Desk, Trouble } from "./parts.js";
import { Languages, Title } from "./shared/look.js";
import { link, parse } from "./shared/route.js";
import { choose, firstChoice, own, setZone, t } from "./shared/text.js";
import { Duties } from "./view/duties.js";
import { Duty } from "./view/duty.js";
import { Confirmation } from "./view/confirmation.js";

const VIEWS = { duties: Duties, duty: Duty, confirmation: Confirmation };
const SETTLE_MS = 150; // changes that come together are one reading
const PAUSE_MS = 2000; // and one follows another no sooner: each saved field is a change
const MINUTE_MS = 60000; // deadlines move though nothing happens

function useRoute() {
    const read = () => {
        takeKey();
        const route = parse(location.hash);
        return location.hash.length > 2 ? route : { ...route, view: "duties" };
    };
    const [route, setRoute] = useState(read);
    useEffect(() => {
        const moved = () => setRoute(read());
        window.addEventListener("hashchange", moved);
        return () => window.removeEventListener("hashchange", moved);
    }, []);
    return route;
}

/** {version, line, changed}: rises with each change; whether the daemon answers. */
function useDaemon() {
    const [version, setVersion] = useState(0);
    const [line, setLine] = useState(true);
    const waiting = useRef(0);
    const last = useRef(0);
    const changed = useCallback(() => {
        clearTimeout(waiting.current);
        waiting.current = setTimeout(() => {
            last.current = performance.now();
            setVersion((n) => n + 1);
        }, Math.max(SETTLE_MS, last.current + PAUSE_MS - performance.now()));
    }, []);
    useEffect(() => {
        const stop = follow(changed, setLine);
        const tick = setInterval(changed, MINUTE_MS);
        return () => {
            stop();
            clearInterval(tick);
            clearTimeout(waiting.current);
        };
    }, []);
    return { version, line, changed };
}

function Missing() {
    return html`<${Title} text=${t("missing.title")} /><p><a class="button" href=${link("duties")}>${t("to_duties")}</a></p>`;
}

/** No session: the page was opened without `esep-agent open`, or the daemon was started again. */
function Closed({ problem, again }) {
    if (problem.status !== 401) return html`<h1 tabindex="-1">Esep</h1><${Trouble} problem=${problem} again=${again} />`;
    return html`<h1 tabindex="-1">${t("closed.title")}</h1><p>${t("closed.text")}</p><p><code>esep-agent open</code></p>`;
}

function Page({ first }) {
    const route = useRoute();
    const { version, line, changed } = useDaemon();
    const [office, setOffice] = useState(first.office || null);
    const [status, setStatus] = useState(null);
    const [problem, setProblem] = useState(first.problem || null);
    const [said, setSaid] = useState("");
    const [language, redraw] = useState("");
    useEffect(() => {
        const stop = new AbortController();
        const read = async () => {
            if (!office) setOffice(await get("office", stop.signal));
            const now = await get("status", stop.signal);
            setProblem(null);
            setStatus(now);
        };
        read().catch((error) => error.name !== "AbortError" && setProblem(error));
        return () => stop.abort();
    }, [version]);
    const desk = useMemo(() => ({ office, status, version, changed, say: setSaid }), [office, status, version, language]);
    const onLanguage = async (next) => {
        await choose(next);
        redraw(next);
    };
    const skip = (event) => {
        event.preventDefault();
        document.querySelector("main h1").focus();
    };
    const View = VIEWS[route.view] || Missing;
    return html`<${Desk.Provider} value=${desk}>
        <a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
        <header class="head">
            <p class="name"><strong><a href=${link("duties")}>Esep</a></strong>
                ${office && html`<span>${own(office.body_name) || office.body}${office.label && `, ${office.label}`}</span>`}</p>
            <${Languages} onChoose=${onLanguage} />
        </header>
        <${Connection} line=${line} problem=${problem} />
        <main id="main" data-at=${route.hash}>
            ${office ? html`<${View} key=${`${route.view} ${route.argument}`} argument=${route.argument} filters=${route.filters} />`
                : problem ? html`<${Closed} problem=${problem} again=${changed} />` : html`<p class="busy" role="status">${t("loading")}</p>`}
        </main>
        <p class="unseen" role="status" aria-live="polite">${said}</p>
    </${Desk.Provider}>`;
}

async function start() {
    takeKey();
    const first = await get("office").then((office) => ({ office }), (problem) => ({ problem }));
    await choose(firstChoice(first.office && first.office.language));
    if (first.office) {
        const { plans } = await get("duties").catch(() => ({ plans: [] }));
        setZone(plans.length > 0 && plans[0].zone_known ? plans[0].zone : "");
    }
    render(html`<${Page} first=${first} />`, document.getElementById("page"));
}

start();
