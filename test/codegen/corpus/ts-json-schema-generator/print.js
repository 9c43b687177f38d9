// `node print.js FOLDER` prints the schema of each type of models.ts whose name ends in Task.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createGenerator } from "ts-json-schema-generator";

const [, , folder, models = "models.ts"] = process.argv;
const names = [...readFileSync(models, "utf8").matchAll(/^export \w+ (\w+)Task\b/gmu)].map(
  ([, name]) => name,
);
const variants = {
  "": {},
  top_ref_free: { topRef: false },
  jsdoc_extended: { jsDoc: "extended" },
  expose_all: { expose: "all" },
};

for (const [variant, options] of Object.entries(variants)) {
  const generator = createGenerator({ path: models, skipTypeCheck: true, ...options });
  for (const name of variant === "" ? names : ["Order", "Annotated"]) {
    const schema = generator.createSchema(`${name}Task`);
    const file = `${name.replaceAll(/\B[A-Z]/gu, "_$&").toLowerCase()}${variant && `_${variant}`}.json`;
    writeFileSync(path.join(folder, file), `${JSON.stringify(schema, null, 2)}\n`);
  }
}
