import { registerSchema, unregisterSchema, validate } from "@hyperjump/json-schema/draft-04";
import { Ajv, type Options } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { isObject } from "../../../codegen/json.js";
import type { SchemaObject } from "../../../codegen/tasks/node.js";
import { formats } from "../../../src/validation.js";

/** Plain ajv: it fills in nothing, and knows none of codegen's options and keywords. */
const options: Options = {
  strict: false,
  logger: false,
  formats,
  // A schema that a tool printed need not be free of faults for its other rules to count.
  validateSchema: false,
  multipleOfPrecision: 9,
  code: { regExp },
};

/** As most tools mean patterns: with the u flag where the pattern allows it. */
function regExp(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return new RegExp(pattern);
  }
}
regExp.code = "new RegExp";

/** The verdict of the schema as it was printed, in the draft that it says it is written in. */
export async function compileOriginal(schema: SchemaObject): Promise<(value: unknown) => boolean> {
  const { $schema: dialect, ...rest } = schema;
  const address = typeof dialect === "string" ? dialect : "2020-12";
  if (address.includes("draft-04")) return compileDraft04(schema);
  // Where none is named, a list of items tells that it is an older one.
  const isOlder = dialect === undefined && /"items":\[/u.test(JSON.stringify(rest));
  const ajv =
    isOlder || address.includes("2019-09")
      ? new Ajv2019(options)
      : new (address.includes("2020-12") ? Ajv2020 : Ajv)(options);
  return ajv.compile(withoutIdleNullable(rest));
}

/** ajv knows `nullable`, but throws where no type stands beside it. */
function withoutIdleNullable(schema: SchemaObject): SchemaObject {
  const text = JSON.stringify(schema, (_key, value: unknown) => {
    if (!isObject(value) || typeof value["nullable"] !== "boolean") return value;
    if (value["type"] !== undefined) return value;
    const { nullable: _nullable, ...rest } = value;
    return rest;
  });
  return JSON.parse(text) as SchemaObject;
}

/** ajv itself has left draft-04 behind. */
async function compileDraft04(schema: SchemaObject): Promise<(value: unknown) => boolean> {
  const address = "https://taskwright.test/draft-04";
  registerSchema(schema as Parameters<typeof registerSchema>[0], address);
  try {
    const verdict = await validate(address);
    return (value) => verdict(value as Parameters<typeof verdict>[0]).valid;
  } finally {
    unregisterSchema(address);
  }
}
