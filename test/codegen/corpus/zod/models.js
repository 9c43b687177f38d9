// Models that use what zod's users use. `node models.js FOLDER` prints one schema each.
import { writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";

const address = z.object({
  street: z.string().min(1),
  city: z.string(),
  zip: z
    .string()
    .regex(/^\d{5}$/u)
    .optional(),
});
const money = z.object({ amount: z.number(), currency: z.string().length(3).default("EUR") });
const pet = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cat"), lives: z.int().default(9) }),
  z.object({ kind: z.literal("dog"), good: z.boolean() }),
]);
const tree = z.object({
  value: z.number(),
  get children() {
    return z.array(tree).optional();
  },
});
const person = z.object({
  name: z.string(),
  get partner() {
    return z.nullable(person);
  },
  get employer() {
    return company.optional();
  },
});
const company = z.object({
  name: z.string(),
  get staff() {
    return z.array(person);
  },
});
const json = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(json),
    z.record(z.string(), json),
  ]),
);
const inRegistry = z.object({ id: z.uuid() }).meta({ id: "Thing", title: "A thing" });

const receipt = z.object({
  to: z.email(),
  lines: z.array(z.object({ name: z.string(), amount: z.number().positive() })),
  note: z.string().nullish(),
  language: z.enum(["en", "de"]).default("en"),
});

const models = {
  scalars: z.object({
    text: z.string(),
    real: z.number(),
    whole: z.int(),
    small: z.int32(),
    unsigned: z.uint32(),
    single: z.float32(),
    double: z.float64(),
    flag: z.boolean(),
    nothing: z.null(),
    anything: z.any(),
    unknown: z.unknown(),
  }),
  checks: z.object({
    short: z.string().min(2).max(5),
    exact: z.string().length(3),
    pattern: z.string().regex(/^[a-z]+-\d+$/),
    flags: z.string().regex(/^abc$/i),
    starts: z.string().startsWith("a"),
    ends: z.string().endsWith("z"),
    includes: z.string().includes("mid"),
    upper: z.string().toUpperCase().uppercase(),
    trimmed: z.string().trim().nonempty(),
    positive: z.number().positive(),
    between: z.number().gte(1).lt(10),
    step: z.number().multipleOf(0.01),
    finite: z.number().finite(),
    safe: z.number().safe(),
    several: z.string().regex(/a/).regex(/b/).min(2),
  }),
  formats: z.object({
    email: z.email(),
    uuid: z.uuid(),
    guid: z.guid(),
    url: z.url(),
    emoji: z.emoji(),
    nanoid: z.nanoid(),
    cuid: z.cuid(),
    cuid2: z.cuid2(),
    ulid: z.ulid(),
    xid: z.xid(),
    ksuid: z.ksuid(),
    ipv4: z.ipv4(),
    ipv6: z.ipv6(),
    cidrv4: z.cidrv4(),
    cidrv6: z.cidrv6(),
    base64: z.base64(),
    base64url: z.base64url(),
    e164: z.e164(),
    jwt: z.jwt(),
    hex: z.hex(),
    hostname: z.hostname(),
    hash: z.hash("sha256"),
    mac: z.mac(),
  }),
  times: z.object({
    date: z.iso.date(),
    time: z.iso.time(),
    minutes: z.iso.time({ precision: -1 }),
    moment: z.iso.datetime(),
    with_offset: z.iso.datetime({ offset: true }),
    local: z.iso.datetime({ local: true }),
    duration: z.iso.duration(),
  }),
  optional_nested: z.object({
    address: address.optional(),
    billing: address.nullish(),
    shipping: address.nullable(),
  }),
  defaults: z.object({
    text: z.string().default("a"),
    list: z.array(z.string()).default([]),
    nested: money.default({ amount: 0, currency: "EUR" }),
    prefault: z.string().prefault("p"),
    caught: z.number().catch(0),
    maybe: money.nullable().default(null),
    flag: z.boolean().optional().default(true),
  }),
  enums: z.object({
    colour: z.enum(["red", "green"]),
    native: z.enum({ Up: 1, Down: "down" }),
    literal: z.literal("only"),
    literals: z.literal(["a", 1, true, null]),
    extracted: z.enum(["a", "b", "c"]).exclude(["c"]),
  }),
  long_enum: z.object({
    value: z.enum(Array.from({ length: 250 }, (_, index) => `value-${index}`)),
  }),
  unions: z.object({
    id: z.union([z.string(), z.number()]),
    shape: z.union([address, money]),
    nested: z.union([z.union([z.string(), z.boolean()]), z.array(z.string())]),
    maybe: z.union([z.string(), z.null()]),
  }),
  exclusive_union: z.object({
    value: z.xor([z.object({ a: z.string() }), z.object({ b: z.number() })]),
  }),
  discriminated: z.object({ pet, others: z.array(pet), favourite: pet.optional() }),
  discriminated_root: pet,
  discriminated_nested: z.discriminatedUnion("status", [
    z.object({ status: z.literal("ok"), data: pet }),
    z.discriminatedUnion("code", [
      z.object({ status: z.literal("failed"), code: z.literal(400) }),
      z.object({ status: z.literal("failed"), code: z.literal(500), retry: z.boolean() }),
    ]),
  ]),
  intersections: z.object({ both: z.intersection(address, z.object({ country: z.string() })) }),
  intersection_root: z.intersection(
    z.object({ a: z.string() }),
    z.object({ b: z.number().optional() }),
  ),
  extended: address.extend({ country: z.string() }),
  extended_strict: address.extend({ country: z.string() }).strict(),
  picked: address.pick({ street: true }),
  partial: address.partial(),
  required: address.required(),
  merged: address.safeExtend({ city: z.string().min(2) }),
  strict: z.strictObject({ a: z.string(), b: z.number().optional() }),
  loose: z.looseObject({ a: z.string() }),
  catchall: z.object({ a: z.string() }).catchall(z.union([z.string(), z.number()])),
  tuples: z.object({
    pair: z.tuple([z.string(), z.number()]),
    rest: z.tuple([z.string()], z.number()),
    optional: z.tuple([z.string(), z.number().optional()]),
    empty: z.tuple([]),
    nested: z.array(z.tuple([z.number(), z.number()])),
  }),
  arrays: z.object({
    list: z.array(z.string()),
    nonempty: z.array(z.string()).nonempty(),
    bounded: z.array(z.number()).min(1).max(3),
    exact: z.array(z.number()).length(2),
    deep: z.array(z.array(z.array(z.boolean()))),
    of_unions: z.array(z.union([z.string(), z.number()])),
  }),
  records: z.object({
    free: z.record(z.string(), z.number()),
    keyed: z.record(z.enum(["a", "b"]), z.number()),
    partial: z.partialRecord(z.enum(["a", "b"]), z.number()),
    pattern: z.record(z.string().regex(/^x-/), z.string()),
    email_keys: z.record(z.email(), z.boolean()),
    nested: z.record(z.string(), z.record(z.string(), address)),
    loose: z.looseRecord(z.string().regex(/^_/), z.number()),
  }),
  record_root: z.record(z.string(), z.union([z.string(), z.number()])),
  recursive: tree,
  mutually_recursive: company,
  json_values: z.object({ data: json, other: z.json() }),
  nullables: z.object({
    a: z.string().nullable(),
    b: z.number().nullish(),
    c: z.nullable(z.array(z.string())),
  }),
  branded: z.object({ id: z.string().brand("Id"), count: z.number().int().brand("Count") }),
  readonly: z.object({ list: z.array(z.string()).readonly(), of: address.readonly() }).readonly(),
  described: z
    .object({
      name: z.string().describe("The name, with */ in it."),
      address: address.describe("Where to."),
      old: z
        .string()
        .meta({ deprecated: true, examples: ["x"], title: "Old" })
        .optional(),
      id: inRegistry,
      ids: z.array(inRegistry),
    })
    .meta({ title: "Described", description: "All of it." }),
  template: z.object({ route: z.templateLiteral(["/users/", z.int(), "-", z.enum(["a", "b"])]) }),
  bool_strings: z.object({ flag: z.stringbool().or(z.boolean()) }),
  refined: z
    .object({ a: z.string().refine((value) => value !== ""), b: z.number().check(z.gte(1)) })
    .refine((value) => value.a !== "b"),
  never: z.object({ a: z.string(), never: z.never().optional() }),
  files: z.object({ name: z.string(), content: z.base64().max(1000) }),
  identifiers: z.object({
    "with-dash": z.string(),
    "with space": z.number(),
    0: z.boolean(),
    $dollar: z.string(),
    class: z.string(),
  }),
  non_optional: z.object({
    value: z.nonoptional(z.string().optional()),
    exact: z.exactOptional(z.string()),
  }),
};

/** Models that say something else of what goes in than of what comes out. */
const inputs = {
  transformed: z.object({
    length: z.string().transform((text) => text.length),
    trimmed: z.string().pipe(z.transform((text) => text.trim())),
    coerced: z.coerce.number(),
    piped: z.string().pipe(z.string().min(2)),
    defaulted: z.string().default("x"),
    codec: z.codec(z.iso.datetime(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString(),
    }),
  }),
  input_defaults: models.defaults,
  receipt,
  input_preprocessed: z.object({ list: z.preprocess((value) => value, z.array(z.string())) }),
};

/** Where the printer is told to do otherwise than it does by itself. */
const variants = {
  draft_07: [models.tuples, { target: "draft-07" }],
  draft_07_recursive: [company, { target: "draft-07" }],
  draft_04: [models.checks, { target: "draft-04" }],
  reused_refs: [z.object({ from: address, to: address }), { reused: "ref" }],
  unrepresentable: [
    z.object({ at: z.date(), big: z.bigint(), set: z.set(z.string()), undef: z.undefined() }),
    { unrepresentable: "any" },
  ],
  overridden: [
    z.object({ at: z.date() }),
    {
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === "date")
          Object.assign(jsonSchema, { type: "string", format: "date-time" });
      },
    },
  ],
};

const printed = {
  ...Object.fromEntries(
    Object.entries(models).map(([name, model]) => [name, z.toJSONSchema(model)]),
  ),
  ...Object.fromEntries(
    Object.entries(inputs).map(([name, model]) => [name, z.toJSONSchema(model, { io: "input" })]),
  ),
  ...Object.fromEntries(
    Object.entries(variants).map(([name, [model, options]]) => [
      name,
      z.toJSONSchema(model, options),
    ]),
  ),
};
for (const [name, schema] of Object.entries(printed)) {
  writeFileSync(path.join(process.argv[2], `${name}.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
