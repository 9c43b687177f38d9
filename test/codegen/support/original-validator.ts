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
export function compileOriginal(schema: SchemaObject): (value: unknown) => boolean {
  const { $schema: dialect, ...rest } = schema;
  const address = typeof dialect === "string" ? dialect : "2020-12";
  // Where none is named, a list of items tells that it is an older one.
  const isOlder = dialect === undefined && /"items":\[/u.test(JSON.stringify(rest));
  if (isOlder || address.includes("2019-09")) return new Ajv2019(options).compile(rest);
  if (address.includes("2020-12")) return new Ajv2020(options).compile(rest);
  return new Ajv(options).compile(forAjv(rest, address));
}

/**
 * What ajv has left behind: draft-04's names and booleans, that rules beside `$ref` are ignored up
 * to draft-07, and `nullable` without a type.
 */
function forAjv(schema: SchemaObject, address: string): SchemaObject {
  const isDraft04 = address.includes("draft-04") || address.includes("openapis");
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (!isObject(value)) return value;
    const { $ref, nullable, ...rest } = value;
    if (typeof $ref === "string" && key !== "") return { $ref };
    if (isDraft04) renameDraft04(rest);
    const isIdle = typeof nullable === "boolean" && rest["type"] === undefined;
    return { ...($ref === undefined ? {} : { $ref }), ...(isIdle ? {} : { nullable }), ...rest };
  });
  return JSON.parse(text) as SchemaObject;
}

function renameDraft04(schema: Record<string, unknown>): void {
  const { id } = schema;
  if (typeof id === "string") {
    delete schema["id"];
    schema["$id"] = id;
  }
  for (const [bound, exclusive] of [
    ["minimum", "exclusiveMinimum"],
    ["maximum", "exclusiveMaximum"],
  ] as const) {
    if (typeof schema[exclusive] !== "boolean") continue;
    const isExclusive = schema[exclusive];
    delete schema[exclusive];
    if (!isExclusive) continue;
    schema[exclusive] = schema[bound];
    delete schema[bound];
  }
}
