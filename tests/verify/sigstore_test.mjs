// sigstore_test.mjs MODULES MAKE_RECEIPTS: does a reader of another project, Sigstore's, which knows nothing of Esep, find the log's
// signature of each checkpoint and each leaf in its tree, and not those that were forged? It wants every line of a note to be of a
// key that it knows, so witnesses' are left out; it has nothing for tlog-proof's own lines, which are split here.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [modules, make] = process.argv.slice(2);
const load = createRequire(`${resolve(modules)}/`);
const { verifyCheckpoint } = load("./@sigstore/verify/dist/timestamp/checkpoint.js");
const { verifyMerkleInclusion } = load("./@sigstore/verify/dist/timestamp/merkle.js");

function authority(vkey) {
    const [, id, ...text] = vkey.split("+"); // base64 has plus signs, too
    const x = Buffer.from(text.join("+"), "base64").subarray(1).toString("base64url");
    return {
        logID: Buffer.from(id, "hex"),
        publicKey: createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }),
        validFor: { start: new Date(0), end: new Date(8.64e15) },
    };
}

function entryOf(proof, name) {
    const lines = proof.split("\n");
    const blank = lines.indexOf("");
    const [origin, size, root] = lines.slice(blank + 1);
    const signed = lines.filter((line) => line.startsWith(`\u2014 ${name} `));
    const extra = Buffer.from(lines[1].slice("extra ".length), "base64");
    return {
        integratedTime: "1358700000",
        canonicalizedBody: extra.subarray(16 + 5, 16 + 5 + 160), // the leaf is the first part
        inclusionProof: {
            logIndex: lines[2].slice("index ".length),
            treeSize: size,
            rootHash: Buffer.from(root, "base64"),
            hashes: lines.slice(3, blank).map((line) => Buffer.from(line, "base64")),
            checkpoint: { envelope: `${[origin, size, root].join("\n")}\n\n${signed.map((line) => `${line}\n`).join("")}` },
        },
    };
}

function holds(check, ...what) {
    try {
        check(...what);
        return true;
    } catch (error) {
        assert.equal(error.code, "TLOG_INCLUSION_PROOF_ERROR", error.stack);
        return false;
    }
}

const folder = mkdtempSync(join(tmpdir(), "esep-sigstore-"));
const counts = { genuine: 0, tree: 0, log: 0 };
try {
    assert.equal(spawnSync(make, [folder, "7", "600"], { stdio: "inherit" }).status, 0);
    const expected = readFileSync(join(folder, "expected"), "utf8").trim().split("\n");
    readFileSync(join(folder, "list"), "utf8").trim().split("\n").forEach((line, i) => {
        const words = line.split("\t");
        const vkey = words[words.indexOf("--log") + 1];
        const entry = entryOf(readFileSync(words.at(-2), "utf8"), vkey.slice(0, vkey.indexOf("+")));
        const [, verdict, step] = expected[i].split(" ");
        if (verdict !== "refused") counts.genuine++;
        if (step === "5") counts.tree++;
        if (step === "8") counts.log++;
        assert.equal(holds(verifyMerkleInclusion, entry), step !== "5", line);
        assert.equal(holds(verifyCheckpoint, entry, [authority(vkey)]), step !== "8", line);
    });
} finally {
    rmSync(folder, { recursive: true });
}
assert.ok(counts.genuine === 600 && counts.tree >= 10 && counts.log >= 10, JSON.stringify(counts));
console.log(`genuine ${counts.genuine}, refused for their tree ${counts.tree}, for their signature ${counts.log}`);
