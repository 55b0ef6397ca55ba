// The frame: who is logged in, which page is open, in which language, and whether what stands there is live.
// It holds the summary and the names of the plan; everything else is read by the view that shows it.

import { html, render, useCallback, useEffect, useMemo, useRef, useState } from "./shared/dom.js";
import { follow, get, holdSession, remove, whenLost } from "./api.js";
import { link, parse } from "./shared/route.js";
import { Languages } from "./shared/look.js";
import { choose, current, firstChoice, instant, own, setZone, t } from "./shared/text.js";
import { Board, Failure, Title } from "./parts.js";
import { Login } from "./view/login.js";
import { Glance } from "./view/glance.js";
import { Matrix } from "./view/matrix.js";
import { List } from "./view/list.js";
import { Obligation } from "./view/obligation.js";
import { Body } from "./view/body.js";
import { Action } from "./view/action.js";
import { Offices } from "./view/offices.js";
import { Feed } from "./view/feed.js";
import { Regions } from "./view/map.js";
import { Timeline } from "./view/timeline.js";
import { Money } from "./view/money.js";
import { Indicators } from "./view/indicators.js";
import { Exports } from "./view/exports.js";

const VIEWS = {
    glance: Glance, matrix: Matrix, map: Regions, list: List, obligation: Obligation, body: Body, action: Action,
    offices: Offices, feed: Feed, timeline: Timeline, money: Money, indicators: Indicators, exports: Exports,
};
const MENU = ["glance", "matrix", "map", "list", "timeline", "offices", "feed", "money", "indicators", "exports"];
const SETTLE_MS = 300; // entries that come together are one reading

/** The plan that a summary is about: its titles, years and zone. */
const planOf = (summary) => summary?.plans.find((p) => p.id === summary.plan);

function useRoute() {
    const [route, setRoute] = useState(parse(location.hash));
    useEffect(() => {
        const moved = () => setRoute(parse(location.hash));
        window.addEventListener("hashchange", moved);
        return () => window.removeEventListener("hashchange", moved);
    }, []);
    return route;
}

/** The log's growth as a number that views read again by, and whether the line to the server stands. */
function useLog(session) {
    const [version, setVersion] = useState(0);
    const [live, setLive] = useState(false);
    const waiting = useRef(0);
    const grew = useCallback(() => {
        clearTimeout(waiting.current);
        waiting.current = setTimeout(() => setVersion((n) => n + 1), SETTLE_MS);
    }, []);
    useEffect(() => {
        if (!session) return undefined;
        const stop = follow(grew, setLive);
        return () => {
            stop();
            clearTimeout(waiting.current);
        };
    }, [session]);
    return { version, live, grew };
}

function Head({ session, summary, live, plan, onPlan, onLanguage, onLeave }) {
    const plans = summary?.plans || [];
    return html`<header class="head">
        <p class="name"><strong>Esep</strong> ${summary && html`<span class=${plans.length > 1 ? "paper plan" : "plan"}>${own(planOf(summary)?.title)}</span>`}</p>
        ${plans.length > 1 && html`<label class="choice">${t("plan")} <select value=${plan || summary.plan}
            onChange=${(e) => onPlan(e.target.value)}>${plans.map((p) => html`
            <option value=${p.id}>${own(p.title) || p.id}</option>`)}</select></label>`}
        <p class="live ${live ? "on" : "off"}" role="status"><span class="screen"><span class="dot" aria-hidden="true">${live ? "●" : "○"}</span>${" "}
            ${t(live ? "live" : "not_live")}${summary && " · "}</span>${summary && t("as_of", { at: instant(summary.as_of) })}</p>
        <${Languages} onChoose=${onLanguage} />
        <p class="account"><span>${session.display || session.name}, ${t(`role.${session.role}`)}</span>
            <button type="button" onClick=${onLeave}>${t("leave")}</button></p>
    </header>`;
}

function Menu({ view }) {
    const at = useRef(null);
    useEffect(() => {
        at.current.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }, [view, current()]);
    return html`<nav aria-label=${t("menu")} ref=${at}><ul>${MENU.map((m) => html`
        <li><a href=${link(m)} aria-current=${m === view ? "page" : undefined}>${t(`menu.${m}`)}</a></li>`)}</ul></nav>`;
}

/** An address that leads nowhere: a link that was cut, or of an older page. */
function Missing() {
    return html`<${Title} text=${t("missing.title")} /><p>${t("missing.text")}</p>
        <p><a class="button" href=${link("glance")}>${t("menu.glance")}</a></p>`;
}

function Inside({ session, onLanguage, onLeave }) {
    const route = useRoute();
    const [plan, setPlan] = useState("");
    const [summary, setSummary] = useState(null);
    const [matrix, setMatrix] = useState(null);
    const [problem, setProblem] = useState(null);
    const [said, setSaid] = useState("");
    const { version, live, grew } = useLog(session);
    useEffect(() => {
        const stop = new AbortController();
        const read = async () => {
            const s = await get("summary", { plan }, stop.signal);
            const m = s.plan ? await get("matrix", { plan: s.plan }, stop.signal) : null;
            setZone(planOf(s)?.zone);
            setSummary(s);
            setMatrix(m);
            setProblem(null);
        };
        read().catch((error) => error.name !== "AbortError" && setProblem(error));
        return () => stop.abort();
    }, [plan, version]);
    const names = useMemo(() => ({
        bodies: new Map((matrix?.bodies || []).map((b) => [b.code, b])),
        actions: new Map((matrix?.actions || []).map((a) => [String(a.number), a])),
    }), [matrix]);
    const about = planOf(summary);
    const board = { session, summary, about, matrix, names, plan, version, say: setSaid, grew };
    const View = VIEWS[route.view] || Missing;
    const skip = (event) => {
        event.preventDefault();
        document.querySelector("main h1")?.focus();
    };
    return html`<${Board.Provider} value=${board}>
        <a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
        <${Head} session=${session} summary=${summary} live=${live} plan=${plan} onPlan=${setPlan}
            onLanguage=${onLanguage} onLeave=${onLeave} />
        <${Menu} view=${route.view} />
        <main id="main" data-at=${route.hash}>
            ${problem && html`<${Failure} problem=${problem} again=${grew} />`}
            ${summary && !about && html`<h1>${t("plan")}</h1><p>${t("plan.none")}</p>`}
            ${about && matrix ? html`<${View} key=${`${route.view} ${route.argument}`} argument=${route.argument}
                filters=${route.filters} />` : !problem && !summary && html`<p class="busy" role="status">${t("loading")}</p>`}
        </main>
        <p class="unseen" role="status" aria-live="polite">${said}</p>
        ${summary && html`<footer>${t("footer", { n: summary.log_size })}
            ${" "}<code>${(summary.log_root || "").slice(0, 16)}</code></footer>`}
    </${Board.Provider}>`;
}

function Page() {
    const [session, setSession] = useState(undefined); // undefined: not known yet; null: nobody
    const [problem, setProblem] = useState(null);
    const [lost, setLost] = useState(false); // there was a session, and nobody ended it here
    const [, redraw] = useState("");
    const enter = (value, wasLost) => {
        holdSession(value);
        setLost(wasLost === true);
        setProblem(null);
        setSession(value);
    };
    const look = () => get("session").then(enter, (error) => (error.status === 401 ? enter(null) : setProblem(error)));
    useEffect(() => {
        whenLost(() => enter(null, true));
        look();
    }, []);
    const onLanguage = async (language) => {
        await choose(language);
        redraw(language);
    };
    const onLeave = () => remove("session").finally(() => enter(null));
    if (problem) return html`<main><h1>Esep</h1><${Failure} problem=${problem} again=${look} /></main>`;
    if (session === undefined) return html`<main><p role="status">${t("loading")}</p></main>`;
    if (session === null) {
        return html`<header class="head"><p class="name"><strong>Esep</strong></p>
            <${Languages} onChoose=${onLanguage} /></header><${Login} onEnter=${enter} lost=${lost} />`;
    }
    return html`<${Inside} session=${session} onLanguage=${onLanguage} onLeave=${onLeave} />`;
}

await choose(firstChoice());
render(html`<${Page} />`, document.getElementById("page"));
