// The one way to the server. Reads carry the ETag of what is held and take 304 for an answer; writes carry the
// session's CSRF token and a key of their own, so that one that is sent twice counts once. What goes wrong is
// a Problem (RFC 9457): status, title, detail, in the language that the page shows. It decides nothing about what is shown.

import { ask, problemOf, urlOf as addressOf } from "./shared/http.js";

const BASE = "/api/v1/";
const HELD_MAX = 64;

const held = new Map(); // URL -> {etag, value}; the least lately used is first
let csrf = "";
let onLost = () => {};

/** Called where a read or write is answered 401 though a session was thought to be there. */
export function whenLost(call) {
    onLost = call;
}

/** Everything held belongs to one account: a login or a logout lets go of it. */
export function holdSession(session) {
    csrf = session ? session.csrf : "";
    held.clear();
}

/** "obligations" and {state: "overdue"} -> "/api/v1/obligations?state=overdue" */
export const urlOf = (path, parameters) => addressOf(BASE + path, parameters);

export async function get(path, parameters, signal) {
    const url = urlOf(path, parameters);
    const before = held.get(url);
    const headers = { Accept: "application/json" };
    if (before) headers["If-None-Match"] = before.etag;
    const reply = await ask(url, { headers, signal });
    if (reply.status === 304 && before) {
        held.delete(url);
        held.set(url, before);
        return before.value;
    }
    if (!reply.ok) {
        if (reply.status === 401 && path !== "session") onLost();
        throw await problemOf(reply);
    }
    const value = await reply.json();
    const etag = reply.headers.get("ETag");
    if (etag) {
        held.delete(url);
        held.set(url, { etag, value });
        if (held.size > HELD_MAX) held.delete(held.keys().next().value);
    }
    return value;
}

async function write(method, path, body, key) {
    const headers = { Accept: "application/json", "X-CSRF-Token": csrf };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    const reply = await ask(BASE + path, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!reply.ok) {
        if (reply.status === 401 && path !== "session") onLost();
        throw await problemOf(reply);
    }
    return reply.status === 204 ? null : reply.json().catch(() => null);
}

export const post = (path, body, key) => write("POST", path, body, key);
export const remove = (path) => write("DELETE", path);

/** Follows the log. onLog({log_size, kinds}) on each change, onLive(true|false) as the line comes and goes: the browser
 * knows sooner than the stream that the network is gone. */
export function follow(onLog, onLive) {
    const source = new EventSource(`${BASE}events`);
    const line = () => onLive(navigator.onLine && source.readyState === EventSource.OPEN);
    window.addEventListener("offline", line);
    window.addEventListener("online", line);
    source.addEventListener("open", () => onLive(true));
    source.addEventListener("error", () => onLive(false));
    source.addEventListener("log", (event) => {
        onLive(true);
        onLog(JSON.parse(event.data));
    });
    return () => {
        window.removeEventListener("offline", line);
        window.removeEventListener("online", line);
        source.close();
    };
}
