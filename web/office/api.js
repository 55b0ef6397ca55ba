// The one way to this computer's own daemon. Each request carries the session's key, which `esep-agent open` leads here
// with and which only this address can read: cookies do not know ports. It is read anew each time, since another window
// may have got a newer one after the daemon was started again.

import { ask, newKey, Problem, problemOf } from "./shared/http.js";
import { current } from "./shared/text.js";

const BASE = "/api/v1/";
const KEPT_AS = "esep-office-key";

/** "/#key=…" -> the key is kept, and the address is the page's own again. */
export function takeKey() {
    const found = /^#key=(.+)$/.exec(location.hash);
    if (!found) return;
    localStorage.setItem(KEPT_AS, found[1]);
    history.replaceState(null, "", "/");
}

const keyed = (headers) => ({ "X-Esep-Key": localStorage.getItem(KEPT_AS) || "", Accept: "application/json", ...headers });

async function answerOf(reply) {
    if (!reply.ok) throw await problemOf(reply);
    return reply.status === 204 || reply.status === 202 ? null : reply.json();
}

export const get = async (path, signal) => answerOf(await ask(BASE + path, { headers: keyed(), signal }));

/** A file to be saved: its name and its bytes. */
export async function fetchFile(path) {
    const reply = await ask(BASE + path, { headers: keyed({ Accept: "*/*" }) });
    if (!reply.ok) throw await problemOf(reply);
    const [, name] = /filename="([^"]+)"/.exec(reply.headers.get("Content-Disposition") || "") || [];
    return { name: name || "esep", bytes: await reply.blob() };
}

/** etag: what a draft was when it was seen; null: there was none; undefined: no draft is meant. */
async function write(method, path, body, { etag, key, keepalive } = {}) {
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (etag) headers["If-Match"] = etag;
    if (etag === null) headers["If-None-Match"] = "*";
    if (key) headers["Idempotency-Key"] = key;
    return answerOf(await ask(BASE + path, {
        method, headers: keyed(headers), keepalive, body: body === undefined ? undefined : JSON.stringify(body),
    }));
}

export const put = (path, body, options) => write("PUT", path, body, options);
export const post = (path, body, options) => write("POST", path, body, { key: newKey(), ...options });
export const remove = (path, options) => write("DELETE", path, undefined, options);
export const tryNow = () => write("POST", "try");

export const pathOf = (folder, key) => `${folder}/${encodeURIComponent(key)}`;

/** Takes a file to this computer's daemon; onPart(0..1) as it goes. {done: promise of its reference, stop()}. */
export function upload(file, onPart) {
    const request = new XMLHttpRequest(); // fetch tells nothing of how far it is
    const done = new Promise((resolve, reject) => {
        request.open("POST", `${BASE}files?name=${encodeURIComponent(file.name)}`);
        for (const [name, value] of Object.entries(keyed({
            "Content-Type": "application/octet-stream", "Accept-Language": current(),
        }))) request.setRequestHeader(name, value);
        request.upload.addEventListener("progress", (e) => e.lengthComputable && onPart(e.loaded / e.total));
        request.addEventListener("error", () => reject(new Problem(0)));
        request.addEventListener("abort", () => reject(new Problem(0)));
        request.addEventListener("load", () => {
            let body = {};
            try {
                body = JSON.parse(request.responseText);
            } catch {
                // the status alone must do
            }
            if (request.status === 201) resolve(body);
            else {
                const problem = new Problem(request.status, body.title, body.detail);
                problem.body = body;
                reject(problem);
            }
        });
        request.send(file);
    });
    return { done, stop: () => request.abort() };
}

/** Follows the daemon: onChanged() where anything that is shown may be another, onLine(true | false) as it answers or not.
 * A stream that the browser gave up (after a new start, say, with its new key) is opened again. */
export function follow(onChanged, onLine) {
    const AGAIN_MS = 2000;
    let source = null;
    let timer = 0;
    let ended = false;
    const open = () => {
        source = new EventSource(`${BASE}events`);
        source.addEventListener("open", () => {
            onLine(true);
            onChanged();
        });
        source.addEventListener("changed", onChanged);
        source.addEventListener("error", () => {
            onLine(false);
            if (source.readyState !== EventSource.CLOSED || ended) return;
            clearTimeout(timer);
            timer = setTimeout(open, AGAIN_MS);
        });
    };
    open();
    return () => {
        ended = true;
        clearTimeout(timer);
        source.close();
    };
}
