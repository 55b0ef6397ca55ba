// A server for the page alone: the static files with the headers that `esep-collector web` sends, and /api/v1 over a
// country (country.mjs). What the page asks that /api/v1 does not have is answered 404 and kept in `unknown`.

import { createServer } from "node:http";
import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import * as answers from "./answers.mjs";
import { NOW } from "./country.mjs";

const TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".json": "application/json", ".svg": "image/svg+xml",
};
const HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
};
const ACCOUNTS = {
    aigul: { name: "aigul", display: "Айгүл Сейітова", role: "secretary", body: "moj", substitute_for: "", rights: ["look", "review", "extend", "control", "export"] },
    viewer: { name: "viewer", display: "Бақылаушы", role: "viewer", body: "", substitute_for: "", rights: ["look"] },
};
const CSRF = "csrf-of-the-fixture";
const DECISIONS = new Set(["reviews", "extensions", "controls"]);

export class Server {
    constructor(country, board, vendor) {
        Object.assign(this, { country, board, vendor, unknown: [], writes: [], followers: new Set(), keys: new Map(), exports: [] });
        this.http = createServer((request, reply) => this.#serve(request, reply).catch((error) => {
            this.unknown.push(String(error.stack));
            reply.writeHead(500).end();
        }));
    }

    async listen() {
        await new Promise((done) => this.http.listen(0, "127.0.0.1", done));
        return `http://127.0.0.1:${this.http.address().port}`;
    }

    close() {
        this.http.closeAllConnections();
        this.http.close();
    }

    /** The log has grown: says so to every page that follows. */
    grew() {
        for (const reply of this.followers) {
            reply.write(`id: ${this.country.log.length}\nevent: log\ndata: ${JSON.stringify({ log_size: 1000 + this.country.log.length, kinds: [] })}\n\n`);
        }
    }

    #problem(reply, status, title) {
        reply.writeHead(status, { ...HEADERS, "Content-Type": "application/problem+json" });
        reply.end(JSON.stringify({ type: "about:blank", title, status, detail: title }));
    }

    #json(request, reply, value, status = 200) {
        const etag = `"${this.country.log.length}-0"`;
        const headers = { ...HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store" };
        if (status === 200) headers.ETag = etag;
        if (status === 200 && request.method === "GET" && request.headers["if-none-match"] === etag) {
            reply.writeHead(304, headers).end();
            return;
        }
        reply.writeHead(status, headers).end(JSON.stringify(value));
    }

    #file(path, reply) {
        const clean = normalize(path === "/" ? "/index.html" : path);
        const file = clean.startsWith("/vendor/") ? join(this.vendor, clean.slice(8)) : join(this.board, clean);
        if (!existsSync(file) || !statSync(file).isFile()) {
            this.unknown.push(path);
            return this.#problem(reply, 404, "there is no such file");
        }
        reply.writeHead(200, { ...HEADERS, "Content-Type": TYPES[extname(file)] || "application/octet-stream", "Cache-Control": "no-cache" });
        return reply.end(readFileSync(file));
    }

    async #serve(request, reply) {
        const url = new URL(request.url, "http://localhost");
        if (!url.pathname.startsWith("/api/v1/")) return this.#file(url.pathname, reply);
        const [name, ...more] = url.pathname.slice(8).split("/");
        const rest = decodeURIComponent(more.join("/"));
        const who = ACCOUNTS[/(?:^|; )esep=(\w+)/.exec(request.headers.cookie || "")?.[1]];
        if (name === "session") return this.#session(request, reply, who);
        if (!who) return this.#problem(reply, 401, "log in first");
        if (name === "events") return this.#events(reply);
        if (request.method === "POST") return this.#write(request, reply, who, name);
        return this.#read(request, reply, url, name, rest);
    }

    #read(request, reply, url, name, rest) {
        const c = this.country;
        const made = {
            summary: () => answers.summary(c), matrix: () => answers.matrix(c), bodies: () => answers.body(c, rest),
            obligations: () => (rest ? c.byKey.get(rest) : answers.obligations(c, url.searchParams)), actions: () => answers.action(c, rest),
            offices: () => answers.offices(c), feed: () => answers.feed(c), timeline: () => answers.timeline(c), money: () => answers.money(c),
            indicators: () => answers.indicators(c), exports: () => this.exports[Number(rest)],
        }[name];
        const value = made ? made() : undefined;
        if (value) return this.#json(request, reply, value);
        this.unknown.push(request.url);
        return this.#problem(reply, 404, "there is no such thing");
    }

    #events(reply) {
        reply.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
        reply.write(": here\n\n");
        this.followers.add(reply);
        reply.on("close", () => this.followers.delete(reply));
    }

    async #body(request) {
        const parts = [];
        for await (const part of request) parts.push(part);
        return parts.length ? JSON.parse(Buffer.concat(parts)) : {};
    }

    async #session(request, reply, who) {
        if (request.method === "GET") return who ? this.#json(request, reply, { ...who, csrf: CSRF }) : this.#problem(reply, 401, "log in first");
        if (request.method === "DELETE") {
            reply.writeHead(204, { ...HEADERS, "Set-Cookie": "esep=; Max-Age=0; Path=/" }).end();
            return undefined;
        }
        const { name, password } = await this.#body(request);
        if (!ACCOUNTS[name] || password !== "secret") return this.#problem(reply, 401, "the name, the password or the code is wrong");
        reply.setHeader("Set-Cookie", `esep=${name}; HttpOnly; SameSite=Strict; Path=/`);
        return this.#json(request, reply, { ...ACCOUNTS[name], csrf: CSRF }, 201);
    }

    async #write(request, reply, who, name) {
        const body = await this.#body(request);
        const key = request.headers["idempotency-key"];
        if (request.headers["x-csrf-token"] !== CSRF || !key || !request.headers.origin) return this.#problem(reply, 403, "no token, key or origin");
        if (who.role === "viewer") return this.#problem(reply, 403, "a viewer looks");
        this.writes.push({ name, body, key });
        if (name === "exports") {
            this.exports.push({ state: "done", done: 1, total: 1 });
            return this.#json(request, reply, { id: String(this.exports.length - 1) }, 202);
        }
        if (!DECISIONS.has(name)) return this.#problem(reply, 404, "there is no such decision");
        if (!this.keys.has(key)) this.#decide(name, body, who);
        this.keys.set(key, true);
        this.#json(request, reply, { ok: true }, 201);
        return this.grew();
    }

    #decide(name, body, who) {
        const c = this.country;
        const now = Date.parse(NOW);
        const o = c.byKey.get(body.obligation);
        if (name === "extensions") c.extend(o, !body.refuse, who.name, now, { until: body.until || null, document: body.document, reason: body.reason });
        if (name === "controls") c.control(o, body.act === "remove", who.name, now, body.reason);
        for (const index of name === "reviews" ? body.report_indexes || [body.report_index] : []) {
            const owner = c.obligations.find((x) => x.revisions.some((r) => r.log_index === index));
            c.review(owner, index, body.accept, who.name, now,
                { reason_code: body.reason_code || null, comment: body.comment || null, again_by: body.again_by || null });
        }
    }
}
