// Models that use what valibot's users use. `node models.js FOLDER` prints one schema each.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";

const address = v.object({
  street: v.pipe(v.string(), v.minLength(1)),
  city: v.string(),
  zip: v.optional(v.pipe(v.string(), v.regex(/^\d{5}$/))),
});
const money = v.object({
  amount: v.number(),
  currency: v.optional(v.pipe(v.string(), v.length(3)), "EUR"),
});
const pet = v.variant("kind", [
  v.object({ kind: v.literal("cat"), lives: v.optional(v.number(), 9) }),
  v.object({ kind: v.literal("dog"), good: v.boolean() }),
]);
const tree = v.object({ value: v.number(), children: v.array(v.lazy(() => tree)) });
const person = v.object({ name: v.string(), employer: v.optional(v.lazy(() => company)) });
const company = v.object({ name: v.string(), staff: v.array(v.lazy(() => person)) });

const receipt = v.object({
  to: v.pipe(v.string(), v.email()),
  lines: v.array(v.object({ name: v.string(), amount: v.pipe(v.number(), v.gtValue(0)) })),
  note: v.nullish(v.string()),
  language: v.optional(v.picklist(["en", "de"]), "en"),
});

const models = {
  receipt,
  scalars: v.object({
    text: v.string(),
    real: v.number(),
    flag: v.boolean(),
    nothing: v.null(),
    anything: v.any(),
    unknown: v.unknown(),
  }),
  numbers: v.object({
    whole: v.pipe(v.number(), v.integer()),
    bounded: v.pipe(v.number(), v.minValue(1), v.maxValue(9)),
    above: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
    step: v.pipe(v.number(), v.multipleOf(0.05)),
  }),
  strings: v.object({
    short: v.pipe(v.string(), v.minLength(2), v.maxLength(5)),
    nonempty: v.pipe(v.string(), v.nonEmpty()),
    pattern: v.pipe(v.string(), v.regex(/^[a-z]+$/)),
    digits: v.pipe(v.string(), v.digits()),
    hex: v.pipe(v.string(), v.hexColor()),
    bic: v.pipe(v.string(), v.bic()),
  }),
  formats: v.object({
    email: v.pipe(v.string(), v.email()),
    url: v.pipe(v.string(), v.url()),
    uuid: v.pipe(v.string(), v.uuid()),
    ipv4: v.pipe(v.string(), v.ipv4()),
    ipv6: v.pipe(v.string(), v.ipv6()),
    base64: v.pipe(v.string(), v.base64()),
    cuid2: v.pipe(v.string(), v.cuid2()),
    ulid: v.pipe(v.string(), v.ulid()),
    nanoid: v.pipe(v.string(), v.nanoid()),
  }),
  times: v.object({
    date: v.pipe(v.string(), v.isoDate()),
    moment: v.pipe(v.string(), v.isoDateTime()),
    timestamp: v.pipe(v.string(), v.isoTimestamp()),
    time: v.pipe(v.string(), v.isoTime()),
  }),
  optional_nested: v.object({
    address: v.optional(address),
    billing: v.nullish(address),
    shipping: v.nullable(address),
  }),
  optional_kinds: v.object({
    a: v.exactOptional(v.string()),
    b: v.undefinedable(v.number()),
    c: v.nullish(v.string(), null),
  }),
  defaults: v.object({
    text: v.optional(v.string(), "a"),
    list: v.optional(v.array(v.string()), []),
    nested: v.optional(money, { amount: 0 }),
    maybe: v.nullish(money, null),
    flag: v.optional(v.boolean(), true),
    computed: v.optional(v.number(), () => 7),
  }),
  fallbacks: v.object({ a: v.fallback(v.string(), "x") }),
  picklist: v.object({
    colour: v.picklist(["red", "green"]),
    level: v.picklist([1, 2, 3]),
    mixed: v.picklist(["a", 1]),
  }),
  long_picklist: v.object({
    value: v.picklist(Array.from({ length: 200 }, (_, index) => `value-${index}`)),
  }),
  native_enum: v.object({
    direction: v.enum({ Up: "up", Down: "down" }),
    number: v.enum({ One: 1, Two: 2 }),
  }),
  literals: v.object({ text: v.literal("a"), number: v.literal(1), flag: v.literal(true) }),
  unions: v.object({
    id: v.union([v.string(), v.number()]),
    shape: v.union([address, money]),
    maybe: v.union([v.string(), v.null()]),
  }),
  union_root: v.union([v.object({ a: v.string() }), v.object({ b: v.number() })]),
  variants: v.object({ pet, others: v.array(pet), favourite: v.optional(pet) }),
  variant_root: pet,
  nested_variant: v.variant("status", [
    v.object({ status: v.literal("ok"), pet }),
    v.variant("code", [
      v.object({ status: v.literal("failed"), code: v.literal(400) }),
      v.object({ status: v.literal("failed"), code: v.literal(500), retry: v.boolean() }),
    ]),
  ]),
  intersections: v.object({ both: v.intersect([address, v.object({ country: v.string() })]) }),
  intersection_root: v.intersect([
    v.object({ a: v.string() }),
    v.object({ b: v.optional(v.number()) }),
  ]),
  spread: v.object({ ...address.entries, country: v.string() }),
  partial: v.partial(address),
  picked: v.pick(address, ["street"]),
  omitted: v.omit(address, ["street"]),
  strict: v.strictObject({ a: v.string(), b: v.optional(v.number()) }),
  loose: v.looseObject({ a: v.string() }),
  rest: v.objectWithRest({ a: v.string() }, v.union([v.string(), v.number()])),
  tuples: v.object({
    pair: v.tuple([v.string(), v.number()]),
    strict: v.strictTuple([v.string(), v.number()]),
    loose: v.looseTuple([v.string()]),
    rest: v.tupleWithRest([v.string()], v.number()),
    list: v.array(v.tuple([v.number(), v.number()])),
  }),
  arrays: v.object({
    list: v.array(v.string()),
    nonempty: v.pipe(v.array(v.string()), v.nonEmpty()),
    bounded: v.pipe(v.array(v.number()), v.minLength(1), v.maxLength(3)),
    exact: v.pipe(v.array(v.number()), v.length(2)),
    deep: v.array(v.array(v.array(v.boolean()))),
  }),
  records: v.object({
    free: v.record(v.string(), v.number()),
    nested: v.record(v.string(), v.record(v.string(), address)),
    pattern: v.record(v.pipe(v.string(), v.regex(/^x-/)), v.string()),
  }),
  record_root: v.record(v.string(), v.union([v.string(), v.number()])),
  entries: v.pipe(v.record(v.string(), v.string()), v.minEntries(1), v.maxEntries(5)),
  recursive: tree,
  mutually_recursive: company,
  nullables: v.object({
    a: v.nullable(v.string()),
    b: v.nullish(v.number()),
    c: v.nullable(v.array(v.string())),
  }),
  described: v.pipe(
    v.object({
      name: v.pipe(v.string(), v.title("Name"), v.description("With */ in it."), v.examples(["x"])),
      address: v.pipe(address, v.description("Where to.")),
      extra: v.pipe(v.string(), v.metadata({ title: "Extra", description: "More.", custom: 1 })),
    }),
    v.title("Described"),
    v.description("All of it."),
  ),
};

const lenient = {
  branded: [
    v.object({
      id: v.pipe(v.string(), v.brand("Id")),
      flavour: v.pipe(v.number(), v.flavor("Count")),
    }),
    { errorMode: "ignore" },
  ],
  readonly: [
    v.pipe(v.object({ list: v.pipe(v.array(v.string()), v.readonly()) }), v.readonly()),
    { errorMode: "ignore" },
  ],
  transformed: [
    v.object({
      at: v.pipe(
        v.string(),
        v.isoTimestamp(),
        v.transform((text) => new Date(text)),
      ),
    }),
    { typeMode: "input" },
  ],
  custom: [
    v.object({ at: v.date(), big: v.bigint(), of: v.instance(Map) }),
    { errorMode: "ignore" },
  ],
  with_definitions: [
    v.object({ from: address, to: address, pet }),
    { definitions: { address, pet } },
  ],
  draft_2020: [models.tuples, { target: "draft-2020-12" }],
  openapi: [models.nullables, { target: "openapi-3.0" }],
};

const printed = {
  ...Object.fromEntries(Object.entries(models).map(([name, model]) => [name, toJsonSchema(model)])),
  ...Object.fromEntries(
    Object.entries(lenient).map(([name, [model, options]]) => [name, toJsonSchema(model, options)]),
  ),
};
for (const [name, schema] of Object.entries(printed)) {
  writeFileSync(path.join(process.argv[2], `${name}.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
