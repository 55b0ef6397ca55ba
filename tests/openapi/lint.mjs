// lint.mjs MODULES FILE: holds an OpenAPI 3.1 description against the rules of Redocly's linter; each find is a line, and
// the exit status is 1 if there is any. Rules that are off have their reason here.

import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, file] = process.argv.slice(2);
const { createConfig, lint } = createRequire(`${resolve(modules)}/`)("@redocly/openapi-core");
const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
        "info-license-url": "off", // 3.1 names a licence by its identifier
        "no-server-example.com": "error",
        "no-empty-servers": "error",
        "operation-operationId": "error",
        "operation-operationId-unique": "error",
        "operation-singular-tag": "error",
        "tag-description": "error",
        "no-unused-components": "error",
        "path-params-defined": "error",
        "no-invalid-media-type-examples": "error",
        "no-invalid-schema-examples": "error",
        "operation-2xx-response": "error",
        "operation-4xx-response": "error",
    },
});
const finds = await lint({ ref: file, config });
for (const find of finds) {
    const at = find.location[0];
    console.log(`${file}: ${at?.pointer ?? ""}: ${find.message.split("\n")[0]} [${find.ruleId}]`);
}
process.exitCode = finds.length > 0 ? 1 : 0;
