import { isObject } from "../json.js";
import { shortenStatements } from "./statements.js";

/**
 * Makes ajv's standalone code several times smaller without changing what it does: errors become calls,
 * what they tell is written once, and of the schemas that it carries only what it reads is left.
 * Each step recognises whole lines and literals, so that no text of a schema is mistaken for code; what
 * it doesn't recognise stays as it is.
 */
export function compact(code: string): string {
  const values = new Map<string, string>();
  const rules = new Map<string, string>();
  const short = shortenCalls(shortenErrors(takeValues(code, values), rules));
  const constants = [...values, ...rules].map(([value, name]) => `const ${name} = ${value};`);
  return [...constants, shortenStatements(short).trim()].join("\n");
}

const text = String.raw`"(?:[^"\\\n]|\\.)*"`;
const path = String.raw`instancePath(?:\s*\+\s*(?:${text}|\w+(?:\.replace\([^()\n]*\))*|\([^()\n]*\)))*`;

const error = new RegExp(
  [
    String.raw`const (?<name>err\d+) = \{(?<members>.*)\};`,
    String.raw`if\(vErrors === null\)\{`,
    String.raw`vErrors = \[\k<name>\];`,
    String.raw`\}`,
    String.raw`else \{`,
    String.raw`vErrors\.push\(\k<name>\);`,
    String.raw`\}`,
  ].join(String.raw`\n`),
  "gu",
);

/** Writes an error as a call with its place and its rule, which many places share. Nothing reads `schemaPath`. */
function shortenErrors(code: string, rules: Map<string, string>): string {
  return code.replaceAll(error, (whole, _name: string, source: string) => {
    const members = new Map(splitMembers(source));
    if (members.size === 0) return "vErrors = fail(vErrors);";
    const { place, ...told } = {
      place: members.get("instancePath"),
      keyword: members.get("keyword"),
      params: members.get("params"),
      message: members.get("message"),
    };
    if (place === undefined || Object.values(told).some((part) => part === undefined)) return whole;
    const parts = Object.entries(told).map(([key, part]) => `${key}:${joinTexts(part ?? "")}`);
    const rule = `{${parts.join(",")}}`;
    const known = knownRules.map(
      ([form, name]) => [form.exec(rule)?.groups?.["key"], name] as const,
    );
    const [key, helper] = known.find(([key]) => key !== undefined) ?? [];
    if (key !== undefined) return `vErrors = ${helper}(vErrors, ${place}, ${key});`;
    return `vErrors = fail(vErrors, ${place}, ${isConstant(rule) ? nameOf(rule, rules, "rule") : rule});`;
  });
}

/** Rules whose errors differ only in the key that they name. */
const knownRules: readonly (readonly [RegExp, string])[] = [
  [
    new RegExp(
      `^\\{keyword:"required",params:\\{missingProperty: (?<key>"(?<name>[\\w-]+)")\\},message:"must have required property '\\k<name>'"\\}$`,
      "u",
    ),
    "missing",
  ],
  [
    /^\{keyword:"additionalProperties",params:\{additionalProperty: (?<key>key\d+)\},message:"must NOT have additional properties"\}$/u,
    "extra",
  ],
];

function nameOf(source: string, names: Map<string, string>, stem: string): string {
  const name = names.get(source) ?? `${stem}${names.size}`;
  names.set(source, name);
  return name;
}

/** The members of an object literal; one without a value is a variable of its name. */
function splitMembers(source: string): [string, string][] {
  const members: string[] = [];
  let depth = 0;
  let current = "";
  for (const [token] of source.matchAll(new RegExp(`${text}|.`, "gu"))) {
    if (/^[([{]$/u.test(token)) depth += 1;
    if (/^[)\]}]$/u.test(token)) depth -= 1;
    if (token === "," && depth === 0) {
      members.push(current);
      current = "";
    } else current += token;
  }
  if (current !== "") members.push(current);
  return members.map((member) => {
    const colon = member.indexOf(":");
    return colon === -1 ? [member, member] : [member.slice(0, colon), member.slice(colon + 1)];
  });
}

/** `"a"+"b"` is `"ab"`. */
function joinTexts(expression: string): string {
  const isJoined = new RegExp(String.raw`^${text}(?:\+${text})+$`, "u").test(expression);
  if (!isJoined) return expression;
  const texts = expression.match(new RegExp(text, "gu")) ?? [];
  return JSON.stringify(texts.map((each) => String(JSON.parse(each))).join(""));
}

/** Whether an object literal holds nothing but literals and constants of the module. */
function isConstant(rule: string): boolean {
  const rest = rule
    .replaceAll(new RegExp(text, "gu"), "")
    .replaceAll(/\bvalue\d+\b/gu, "")
    .replaceAll(/(?<=[{,])\s*\w+:/gu, "")
    .replaceAll(/\b(?:true|false|null)\b/gu, "");
  return !/[\w$(]/u.test(rest.replaceAll(/\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b/gu, ""));
}

/** ajv passes on a lot that only `$dynamicRef` and `$data` need, which tasks don't have. */
function shortenCalls(code: string): string {
  const signature =
    /^(function validate\d+\(data, )\{instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors=\{\}\}=\{\}\)/gmu;
  const call = new RegExp(
    String.raw`\{(?:instancePath|instancePath:(${path})),parentData(?::[\w.]+)?,parentDataProperty(?::(?:${text}|\w+))?,rootData,dynamicAnchors\}`,
    "gu",
  );
  const short = code
    .replaceAll(signature, '$1instancePath="")')
    .replaceAll(call, (_whole, place: string | undefined) => place ?? "instancePath");
  // Something else reads what would be left out, or a call has another form.
  return /\b(?:rootData|dynamicAnchors|parentDataProperty)\b/u.test(short) ? code : short;
}

/** ajv carries all schemas for the few values that it reads of them: these alone are left. */
function takeValues(code: string, values: Map<string, string>): string {
  const schemas = new Map<string, unknown>();
  const rest = code.replaceAll(
    /^const (schema\d+) = (.*);\n/gmu,
    (_whole, name: string, source) => {
      schemas.set(name, JSON.parse(String(source)));
      return "";
    },
  );
  return rest
    .split("\n")
    .map((line) => (literal.test(line) ? line : takeFromLine(line, schemas, values)))
    .join("\n");
}

/** A regular expression may hold a single quote; nothing of a schema is read there. */
const literal = /^const (?:formats|pattern)\d+ = /u;
const key = String.raw`\.[A-Za-z_$][\w$]*|\[(?:\d+|${text})\]`;
const access = new RegExp(
  String.raw`${text}|(?<call>\bfunc\d+\.call\()?\b(?<name>schema\d+)(?<keys>(?:${key})*)`,
  "gu",
);

function takeFromLine(
  line: string,
  schemas: ReadonlyMap<string, unknown>,
  values: Map<string, string>,
): string {
  return line.replaceAll(access, (whole, ...rest) => {
    const { call, name, keys } = rest.at(-1) as Record<string, string | undefined>;
    if (name === undefined) return whole;
    let value = schemas.get(name);
    for (const [token] of (keys ?? "").matchAll(new RegExp(key, "gu"))) {
      const step = token.startsWith(".") ? token.slice(1) : String(JSON.parse(token.slice(1, -1)));
      value = (value as Record<string, unknown>)[step];
    }
    // Where a call asks whether a key is there, only the keys count.
    const isMap = call !== undefined && isObject(value);
    const shown = isMap
      ? Object.fromEntries(Object.keys(value as object).map((k) => [k, 0]))
      : value;
    return `${call ?? ""}${nameOf(JSON.stringify(shown), values, "value")}`;
  });
}
