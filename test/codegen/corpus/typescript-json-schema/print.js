// `node print.js FOLDER MODELS` prints the schema of each type of the models whose name ends in Task.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import TJS from "typescript-json-schema";

const [, , folder, models] = process.argv;
const names = [...readFileSync(models, "utf8").matchAll(/^export \w+ (\w+)Task\b/gmu)].map(
  ([, name]) => name,
);
const program = TJS.getProgramFromFiles([models], { strict: true });
const variants = {
  "": { required: true, ref: true },
  closed: { required: true, noExtraProps: true, defaultProps: true },
  ordered: { required: true, propOrder: true, titles: true, typeOfKeyword: true },
  unreferenced: { required: true, ref: false },
  addressed: { required: true, topRef: true, aliasRef: true, id: "https://example.com/order" },
};

for (const [variant, options] of Object.entries(variants)) {
  const generator = TJS.buildGenerator(program, { ...options, ignoreErrors: true });
  for (const name of variant === "" ? names : ["Order", "Enums"]) {
    const schema = generator.getSchemaForSymbol(`${name}Task`);
    const file = `${name.replaceAll(/\B[A-Z]/gu, "_$&").toLowerCase()}${variant && `_${variant}`}.json`;
    writeFileSync(path.join(folder, file), `${JSON.stringify(schema, null, 2)}\n`);
  }
}
