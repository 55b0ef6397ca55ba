// What becomes of what a clerk types (web/office/draft.js), by a clock and a daemon of the test's own: how much a power cut
// takes, what two windows do to each other, and what happens while the daemon does not answer.

import assert from "node:assert/strict";
import { DELAY_MS, Draft, RETRY_MS } from "../../web/office/draft.js";

const EMPTY = { narrative: "", obstacles: "", percent: null, money: [] };
const SECOND_MS = 1000;

/** Timers that go when the test says so. */
function clock() {
    let [now, next] = [0, 1];
    const waiting = new Map();
    return {
        set: (call, ms) => waiting.set(next, { call, at: now + ms }) && next++,
        clear: (id) => waiting.delete(id),
        async pass(ms) {
            now += ms;
            for (const [id, { call, at }] of [...waiting]) {
                if (at <= now && waiting.delete(id)) call();
            }
            for (let i = 0; i < 20; i++) await Promise.resolve();
        },
        get waiting() { return waiting.size; },
    };
}

/** A daemon with one draft. answer(): lets the oldest write through; while `down` nothing arrives. */
function daemon(form = EMPTY) {
    const it = { form, etag: null, writes: [], held: [], slow: false, down: false, errors: [] };
    const draft = () => ({ key: "k", etag: it.etag, form: it.form, errors: it.errors, saved_at: null });
    let count = 0;
    it.write = (changes) => {
        it.form = { ...it.form, ...changes };
        it.etag = `"${++count}"`;
    };
    it.draft = draft;
    it.send = (changes, etag) => new Promise((resolve, reject) => {
        const go = () => {
            if (it.down) return reject({ status: 0, body: {} });
            if (etag !== it.etag) return reject({ status: 412, body: { draft: draft() } });
            it.writes.push(changes);
            it.write(changes);
            return resolve({ ...draft(), saved_at: `t${count}` });
        };
        if (it.slow) it.held.push(go);
        else go();
    });
    return it;
}

function desk(form) {
    const [time, server] = [clock(), daemon(form)];
    return { time, server, draft: new Draft(server.draft(), server.send, time) };
}

const tests = {
    async aKeyIsOnTheDiskWithinASecondHoweverLongOneTypes() {
        const { time, server, draft } = desk();
        let text = "";
        for (let ms = 0; ms < 10 * SECOND_MS; ms += 50) {
            text += "a";
            draft.set("narrative", text);
            await time.pass(50);
            assert.ok(text.length - server.form.narrative.length <= SECOND_MS / 50, `${ms} ms: ${text.length - server.form.narrative.length} letters behind`);
        }
        await time.pass(DELAY_MS);
        assert.equal(server.form.narrative, text);
        assert.equal(draft.unsaved, false);
        assert.ok(server.writes.length <= 10 * SECOND_MS / DELAY_MS + 1, "not a write for each key");
    },

    async onlyWhatChangedIsSent() {
        const { time, server, draft } = desk();
        draft.set("narrative", "x");
        draft.set("narrative", "");
        draft.set("obstacles", "y");
        await time.pass(DELAY_MS);
        assert.deepEqual(server.writes, [{ narrative: "", obstacles: "y" }]);
        draft.set("obstacles", "y");
        assert.equal(time.waiting, 0, "the same again is no change");
    },

    async whatIsTypedWhileAWriteIsUnderWayFollowsIt() {
        const { time, server, draft } = desk();
        server.slow = true;
        draft.set("narrative", "a");
        await time.pass(DELAY_MS);
        draft.set("narrative", "ab");
        assert.ok(draft.isDirty("narrative"));
        server.held.shift()();
        await time.pass(0);
        assert.equal(draft.form.narrative, "ab", "an answer does not undo what was typed meanwhile");
        await time.pass(DELAY_MS);
        server.held.shift()();
        await time.pass(0);
        assert.equal(server.form.narrative, "ab");
        assert.equal(draft.savedAt.narrative, "t2");
    },

    async withoutTheDaemonNothingIsLostAndItIsTriedAgain() {
        const { time, server, draft } = desk();
        server.down = true;
        draft.set("narrative", "a");
        await time.pass(DELAY_MS);
        assert.equal(draft.problem.status, 0);
        draft.set("obstacles", "b");
        await time.pass(RETRY_MS);
        assert.ok(draft.unsaved);
        server.down = false;
        await time.pass(RETRY_MS);
        assert.deepEqual([server.form.narrative, server.form.obstacles, draft.problem, draft.unsaved], ["a", "b", null, false]);
    },

    async aWriteThatArrivedWithoutAnAnswerIsNotTakenForAnotherWindow() {
        const { time, server, draft } = desk();
        const send = server.send;
        draft.send = (changes) => {
            server.write(changes);
            return Promise.reject(Object.assign(new Error("cut"), { status: 0, body: {} }));
        };
        draft.set("narrative", "half");
        await time.pass(DELAY_MS);
        draft.send = send;
        draft.set("narrative", "half and the rest");
        await time.pass(RETRY_MS);
        await time.pass(0);
        assert.equal(draft.conflicts.size, 0);
        assert.equal(server.form.narrative, "half and the rest");
    },

    async anotherWindowsFieldsComeInAndNeitherOverwritesTheOther() {
        const { time, server, draft } = desk();
        draft.set("narrative", "mine");
        server.write({ obstacles: "theirs" });
        await time.pass(DELAY_MS);
        await time.pass(0);
        assert.deepEqual(draft.conflicts.size, 0);
        assert.equal(draft.form.obstacles, "theirs");
        assert.deepEqual([server.form.narrative, server.form.obstacles], ["mine", "theirs"]);
    },

    async aFieldThatBothChangedWaitsForTheReaderAndTheOthersAreSaved() {
        const { time, server, draft } = desk();
        draft.set("narrative", "mine");
        server.write({ narrative: "theirs" });
        await time.pass(DELAY_MS);
        assert.equal(draft.conflicts.get("narrative"), "theirs");
        draft.set("obstacles", "more");
        await time.pass(DELAY_MS);
        assert.deepEqual([server.form.narrative, server.form.obstacles], ["theirs", "more"]);
        assert.equal(await draft.flush(), false, "it is not to be sent before that is settled");
        draft.choose("narrative", true);
        await time.pass(0);
        assert.equal(server.form.narrative, "mine");
        assert.equal(draft.unsaved, false);
    },

    async theOtherWindowsWordsCanBeTaken() {
        const { time, server, draft } = desk();
        draft.set("narrative", "mine");
        server.write({ narrative: "theirs" });
        await time.pass(DELAY_MS);
        draft.choose("narrative", false);
        assert.equal(draft.form.narrative, "theirs");
        assert.equal(await draft.flush(), true);
        assert.equal(server.writes.length, 0);
    },

    async aDraftThatWasSentElsewhereIsNotBegunAnewUnasked() {
        const { time, server, draft } = desk();
        server.write({ narrative: "first" });
        draft.meet(server.draft());
        draft.set("narrative", "more");
        Object.assign(server, { etag: null, form: { ...EMPTY, narrative: "as sent" } });
        await time.pass(DELAY_MS);
        await time.pass(RETRY_MS);
        assert.ok(draft.gone);
        assert.equal(server.form.narrative, "as sent");
        draft.keep();
        await time.pass(0);
        assert.equal(server.form.narrative, "more");
    },

    async aFigureTakesTheFormThatIsKeptButNotUnderTheHand() {
        const { time, server, draft } = desk();
        const send = server.send;
        draft.send = (changes, etag) => send({ ...changes, money: [{ spent: "1 234,50" }] }, etag);
        draft.enter("money");
        draft.set("money", [{ spent: "1234,5" }]);
        await time.pass(DELAY_MS);
        assert.equal(draft.form.money[0].spent, "1234,5");
        draft.leave("money");
        assert.equal(draft.form.money[0].spent, "1 234,50");
    },

    async whatCannotBeReadStaysAsItWasTypedAndSaysSo() {
        const { time, server, draft } = desk();
        const send = server.send;
        server.errors = [{ field: "percent", code: "unreadable", params: { value: "many" }, saved: false },
            { field: "fulfilment", code: "required", params: {}, saved: true }];
        draft.send = (changes, etag) => send({ ...changes, percent: null }, etag);
        draft.set("percent", "many");
        await time.pass(DELAY_MS);
        assert.equal(draft.form.percent, "many");
        assert.equal(draft.errorsOf("percent").length, 1);
        assert.equal(draft.errorsOf("fulfilment").length, 0, "what is still to come is no error before it is to be sent");
        draft.tried = true;
        assert.equal(draft.errorsOf("fulfilment").length, 1);
    },

    async aReadingFromBeforeAWriteIsNotTakenForAnotherWindow() {
        const { time, server, draft } = desk();
        const old = server.draft();
        let answer;
        const look = draft.look(() => new Promise((resolve) => { answer = resolve; }));
        draft.set("narrative", "a");
        await time.pass(DELAY_MS);
        answer(old);
        await look;
        assert.equal(draft.form.narrative, "a");
        assert.equal(draft.etag, server.etag);
    },
};

for (const [name, test] of Object.entries(tests)) {
    await test().catch((error) => {
        console.error(`${name}: ${error.stack}`);
        process.exitCode = 1;
    });
}
console.log(`${Object.keys(tests).length} tests`);
