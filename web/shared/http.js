// What every request to a server of ours shares: the reader's language goes with it, and what goes wrong is a Problem
// (RFC 9457): status, title, detail. Status 0: it did not arrive. Sessions, tokens and what is held are a page's own.

import { current } from "./text.js";

export class Problem extends Error {
    constructor(status, title, detail, retryAfter, own) {
        super(title || String(status));
        this.status = status;
        this.title = title || "";
        this.detail = detail || "";
        this.retryAfter = retryAfter || 0;
        this.own = own === true; // said in the language that the page shows
        this.body = {}; // what else the server said
    }
}

export async function problemOf(reply) {
    let body = {};
    try {
        body = await reply.json();
    } catch {
        // a proxy's page, say: the status alone must do
    }
    const problem = new Problem(reply.status, body.title, body.detail, Number(reply.headers.get("Retry-After")),
        reply.headers.get("Content-Language") === current());
    problem.body = body;
    return problem;
}

export async function ask(url, init) {
    try {
        const headers = { ...init.headers, "Accept-Language": current() };
        return await fetch(url, { credentials: "same-origin", cache: "no-store", ...init, headers });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Problem(0, "", "");
    }
}

/** "/api/v1/obligations" and {state: "overdue", q: ""} -> "/api/v1/obligations?state=overdue". Empty ones are left out. */
export function urlOf(path, parameters) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters || {})) {
        if (value !== undefined && value !== null && value !== "") query.set(name, value);
    }
    const text = query.toString();
    return path + (text ? `?${text}` : "");
}

/** A key for one decision: made when its dialog opens, kept through every try to send it. */
export function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
