// What stands in the form and how far it is saved. Typing changes a field here at once; within DELAY_MS it is on its way to
// the daemon, which answers when it is on the disk: so a power cut takes a second's typing at most, however long one types
// without a pause. Nothing is kept in the browser.
//
// Another window may write the same draft. A write that comes too late is refused (412) with what is there now: fields that
// were not touched here follow it, and a field that both have changed waits for the reader to choose; the others go on being
// saved meanwhile. Where the draft is gone, because it was sent or dropped elsewhere, nothing is written before the reader
// has said what is to become of this one.
//
// It knows no server and no screen: send(changes, etag) is given, and those who listen are told which fields are another.

export const DELAY_MS = 400;
export const RETRY_MS = 2000;

const alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const under = (error, name) => error.field === name || error.field.startsWith(`${name}/`);

export class Draft {
    /** answer: a Draft of the contract. send(changes, etag): promise of the next, or a Problem. */
    constructor(answer, send, timers) {
        this.send = send;
        this.timers = timers || { set: (call, ms) => setTimeout(call, ms), clear: (id) => clearTimeout(id) };
        this.form = { ...answer.form };
        this.theirs = answer.form; // as the daemon last said it
        this.etag = answer.etag;
        this.errors = answer.errors;
        this.savedAt = {}; // field -> when its last change was on the disk
        this.dirty = new Set(); // changed here, and not on the disk yet
        this.flying = null; // the names under way, and what comes of it
        this.unanswered = {}; // field -> what was sent when no answer came: it may be on the disk all the same
        this.conflicts = new Map(); // field -> what the other window wrote
        this.problem = null; // why the last write did not arrive
        this.gone = false; // the draft was sent or dropped elsewhere
        this.tried = false; // it was to be sent: all errors are shown
        this.held = null; // the field that the reader is in
        this.timer = null;
        this.writes = 0;
        this.listeners = new Set();
    }

    listen(call) {
        this.listeners.add(call);
        return () => this.listeners.delete(call);
    }

    tell() {
        for (const call of [...this.listeners]) call();
    }

    /** Everything that is to be seen of one field. */
    errorsOf(name) {
        return this.errors.filter((e) => under(e, name) && (this.tried || e.saved === false));
    }

    isDirty(name) {
        return this.dirty.has(name) || Boolean(this.flying && this.flying.names.includes(name));
    }

    get unsaved() {
        return this.dirty.size > 0 || this.flying !== null;
    }

    set(name, value) {
        if (alike(this.form[name], value)) return;
        this.form = { ...this.form, [name]: value };
        this.dirty.add(name);
        this.plan(DELAY_MS);
        this.tell();
    }

    plan(ms) {
        if (this.timer !== null || this.flying || this.gone) return;
        this.timer = this.timers.set(() => {
            this.timer = null;
            this.flush();
        }, ms);
    }

    /** Writes what is not written; true where nothing is left over. keepalive: the page is being left. */
    async flush(keepalive) {
        if (this.timer !== null) this.timers.clear(this.timer);
        this.timer = null;
        while (this.flying) await this.flying.done;
        const names = [...this.dirty].filter((n) => !this.conflicts.has(n));
        if (this.gone) return false;
        if (names.length === 0) return this.dirty.size === 0;
        const changes = {};
        for (const name of names) {
            changes[name] = this.form[name];
            this.dirty.delete(name);
        }
        const done = this.send(changes, this.etag, keepalive).then((a) => this.wrote(names, a), (e) => this.failed(changes, e));
        this.flying = { names, done };
        this.writes++;
        this.tell();
        const arrived = await done;
        return arrived && (this.dirty.size === 0 || this.flush());
    }

    wrote(names, answer) {
        this.flying = null;
        this.problem = null;
        this.unanswered = {};
        this.etag = answer.etag;
        this.theirs = answer.form;
        this.errors = answer.errors;
        for (const name of names) {
            this.savedAt[name] = answer.saved_at;
            this.settle(name);
        }
        if ([...this.dirty].some((n) => !this.conflicts.has(n))) this.plan(DELAY_MS);
        this.tell();
        return true;
    }

    failed(changes, problem) {
        this.flying = null;
        for (const name of Object.keys(changes)) this.dirty.add(name);
        if (problem.status === 412 && problem.body.draft) {
            this.meet(problem.body.draft);
            return false;
        }
        Object.assign(this.unanswered, changes);
        this.problem = problem;
        this.plan(RETRY_MS);
        this.tell();
        return false;
    }

    /** A field takes the form that the daemon keeps it in ("1 234,5" -> "1 234,50"), but not under the reader's hand. */
    settle(name) {
        if (name === this.held || this.isDirty(name) || this.errors.some((e) => under(e, name) && !e.saved)) return;
        if (!alike(this.form[name], this.theirs[name])) this.form = { ...this.form, [name]: this.theirs[name] };
    }

    enter(name) {
        this.held = name;
    }

    leave(name) {
        if (this.held === name) this.held = null;
        if (this.dirty.has(name)) this.flush();
        else this.settle(name);
        this.tell();
    }

    /** Something says that the daemon has another draft. Read it, unless this window writes meanwhile: then that is told by 412. */
    async look(read) {
        const before = this.writes;
        if (this.unsaved) return;
        const answer = await read();
        if (!this.unsaved && this.writes === before) this.meet(answer);
    }

    /** What the daemon has is another draft than the one that was seen here. */
    meet(draft) {
        if (draft.etag === this.etag) return;
        if (draft.etag === null) {
            this.gone = this.dirty.size > 0;
            this.etag = null;
        }
        const before = this.theirs;
        this.theirs = draft.form;
        this.etag = draft.etag;
        this.errors = draft.errors;
        for (const [name, value] of Object.entries(draft.form)) {
            if (!this.dirty.has(name)) this.form = { ...this.form, [name]: value };
            else if (!this.gone && ![before[name], this.form[name], this.unanswered[name]].some((own) => alike(own, value))) this.conflicts.set(name, value);
        }
        this.unanswered = {};
        if (this.dirty.size > 0) this.plan(0);
        this.tell();
    }

    /** The reader chose: what is here, or what the other window wrote. */
    choose(name, mine) {
        if (!mine) {
            this.form = { ...this.form, [name]: this.conflicts.get(name) };
            this.dirty.delete(name);
        }
        this.conflicts.delete(name);
        if (this.dirty.size > 0) this.plan(0);
        this.tell();
    }

    /** The reader keeps what is here though the draft was sent or dropped elsewhere: it becomes a new one. */
    keep() {
        this.gone = false;
        this.plan(0);
        this.tell();
    }

    /** It was dropped here: what the daemon offers instead. */
    forget(draft) {
        this.stop();
        this.dirty.clear();
        this.conflicts.clear();
        this.savedAt = {};
        this.tried = false;
        this.problem = null;
        this.meet(draft);
    }

    stop() {
        if (this.timer !== null) this.timers.clear(this.timer);
        this.timer = null;
    }
}
