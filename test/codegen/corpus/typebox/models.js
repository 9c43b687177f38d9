// Models that use what TypeBox's users use. `node models.js FOLDER` prints one schema each.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { Type } from "@sinclair/typebox";

const address = Type.Object({
  street: Type.String({ minLength: 1 }),
  city: Type.String(),
  zip: Type.Optional(Type.String({ pattern: "^\\d{5}$" })),
});
const nullable = (schema) => Type.Union([schema, Type.Null()]);
const page = (item) =>
  Type.Object({ items: Type.Array(item), next: Type.Optional(Type.Integer()) });
const stringEnum = (values, options) => Type.Unsafe({ type: "string", enum: values, ...options });
const module = Type.Module({
  Person: Type.Object({ name: Type.String(), employer: Type.Optional(Type.Ref("Company")) }),
  Company: Type.Object({ name: Type.String(), staff: Type.Array(Type.Ref("Person")) }),
});

const receipt = Type.Object({
  to: Type.String({ format: "email" }),
  lines: Type.Array(
    Type.Object({ name: Type.String(), amount: Type.Number({ exclusiveMinimum: 0 }) }),
  ),
  note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  language: Type.Union([Type.Literal("en"), Type.Literal("de")], { default: "en" }),
});

const models = {
  receipt,
  scalars: Type.Object({
    text: Type.String(),
    real: Type.Number(),
    whole: Type.Integer(),
    flag: Type.Boolean(),
    nothing: Type.Null(),
    anything: Type.Any(),
    unknown: Type.Unknown(),
    bounded: Type.Number({ minimum: 0, exclusiveMaximum: 1, multipleOf: 0.1 }),
  }),
  formats: Type.Object({
    email: Type.String({ format: "email" }),
    uuid: Type.String({ format: "uuid" }),
    url: Type.String({ format: "url" }),
    date: Type.String({ format: "date" }),
    time: Type.String({ format: "time" }),
    moment: Type.String({ format: "date-time" }),
    ipv4: Type.String({ format: "ipv4" }),
  }),
  optional_nested: Type.Object({
    address: Type.Optional(address),
    billing: Type.Optional(nullable(address)),
    shipping: nullable(address),
  }),
  defaults: Type.Object({
    text: Type.String({ default: "a" }),
    list: Type.Array(Type.String(), { default: [] }),
    nested: Type.Object({ depth: Type.Integer({ default: 1 }) }, { default: {} }),
    maybe: Type.Union([Type.String(), Type.Null()], { default: null }),
    flag: Type.Optional(Type.Boolean({ default: true })),
  }),
  enums: Type.Object({
    native: Type.Enum({ Up: 1, Down: "down" }),
    literals: Type.Union([Type.Literal("a"), Type.Literal("b"), Type.Literal(3)]),
    literal: Type.Literal("only"),
    strings: stringEnum(["x", "y"]),
    defaulted: stringEnum(["x", "y"], { default: "x" }),
  }),
  long_enum: Type.Object({
    value: Type.Union(Array.from({ length: 150 }, (_, index) => Type.Literal(`value-${index}`))),
    same: stringEnum(Array.from({ length: 150 }, (_, index) => `value-${index}`)),
  }),
  unions: Type.Object({
    id: Type.Union([Type.String(), Type.Number()]),
    shape: Type.Union([address, Type.Object({ amount: Type.Number() })]),
    list: Type.Array(Type.Union([Type.String(), Type.Array(Type.String())])),
  }),
  discriminated: Type.Object({
    pet: Type.Union(
      [
        Type.Object({ kind: Type.Literal("cat"), lives: Type.Integer({ default: 9 }) }),
        Type.Object({ kind: Type.Literal("dog"), good: Type.Boolean() }),
      ],
      { discriminator: { propertyName: "kind" } },
    ),
  }),
  discriminated_root: Type.Union([
    Type.Object({ kind: Type.Literal("cat") }, { additionalProperties: false }),
    Type.Object(
      { kind: Type.Literal("dog"), good: Type.Boolean() },
      { additionalProperties: false },
    ),
  ]),
  intersections: Type.Object({
    both: Type.Intersect([address, Type.Object({ country: Type.String() })]),
    closed: Type.Intersect([address, Type.Object({ country: Type.String() })], {
      unevaluatedProperties: false,
    }),
  }),
  intersection_root: Type.Intersect([address, Type.Object({ country: Type.String() })]),
  intersected_unions: Type.Intersect([
    Type.Object({ id: Type.String() }),
    Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Number() })]),
  ]),
  composite: Type.Composite([address, Type.Object({ country: Type.String() })]),
  mapped: Type.Object({
    partial: Type.Partial(address),
    required: Type.Required(address),
    picked: Type.Pick(address, ["street"]),
    omitted: Type.Omit(address, ["street"]),
    keys: Type.KeyOf(address),
    indexed: Type.Index(address, ["street"]),
    excluded: Type.Exclude(Type.Union([Type.Literal("a"), Type.Literal("b")]), Type.Literal("a")),
  }),
  tuples: Type.Object({
    pair: Type.Tuple([Type.String(), Type.Number()]),
    empty: Type.Tuple([]),
    list: Type.Array(Type.Tuple([Type.Number(), Type.Number()])),
  }),
  arrays: Type.Object({
    bounded: Type.Array(Type.String(), { minItems: 1, maxItems: 3 }),
    unique: Type.Array(Type.Integer(), { uniqueItems: true }),
    containing: Type.Array(Type.Number(), { contains: Type.Literal(1), minContains: 1 }),
    nested: Type.Array(Type.Array(Type.Boolean())),
  }),
  records: Type.Object({
    free: Type.Record(Type.String(), Type.Number()),
    by_number: Type.Record(Type.Number(), Type.String()),
    by_integer: Type.Record(Type.Integer(), Type.String()),
    keyed: Type.Record(Type.Union([Type.Literal("a"), Type.Literal("b")]), Type.Number()),
    by_pattern: Type.Record(Type.String({ pattern: "^x-" }), Type.String()),
    by_template: Type.Record(Type.TemplateLiteral("on${'A'|'B'}"), Type.String()),
    nested: Type.Record(Type.String(), Type.Record(Type.String(), address)),
  }),
  record_root: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  recursive: Type.Recursive((node) =>
    Type.Object({ value: Type.Number(), children: Type.Array(node) }),
  ),
  recursive_named: Type.Object({
    root: Type.Recursive(
      (node) =>
        Type.Object({ id: Type.String(), parent: Type.Optional(node), nodes: Type.Array(node) }),
      { $id: "Node" },
    ),
    twice: Type.Array(
      Type.Recursive((list) => Type.Object({ next: nullable(list) }), { $id: "List" }),
    ),
  }),
  module_person: module.Import("Person"),
  module_company: module.Import("Company"),
  closed: Type.Object(
    { a: Type.String(), b: Type.Optional(Type.Number()) },
    { additionalProperties: false },
  ),
  open: Type.Object({ a: Type.String() }, { additionalProperties: Type.Number() }),
  described: Type.Object(
    {
      name: Type.String({ title: "Name", description: "With */ in it.", examples: ["x"] }),
      old: Type.Optional(Type.String({ deprecated: true })),
      custom: Type.String({ errorMessage: "No.", widget: "textarea" }),
    },
    { $id: "Described", title: "Described", description: "All of it." },
  ),
  templates: Type.Object({
    route: Type.TemplateLiteral([
      Type.Literal("/users/"),
      Type.Number(),
      Type.Union([Type.Literal("a"), Type.Literal("b")]),
    ]),
    loud: Type.Uppercase(Type.Literal("hello")),
  }),
  generics: Type.Object({
    addresses: page(address),
    numbers: page(Type.Number()),
    nested: page(page(Type.String())),
  }),
  readonly: Type.Object({
    a: Type.Readonly(Type.String()),
    b: Type.ReadonlyOptional(Type.Number()),
  }),
  negated: Type.Object({
    not_text: Type.Not(Type.String()),
    name: Type.Intersect([Type.String(), Type.Not(Type.Literal("root"))]),
  }),
  never: Type.Object({ a: Type.String(), never: Type.Optional(Type.Never()) }),
  javascript_types: Type.Object({
    at: Type.Date(),
    raw: Type.Uint8Array(),
    big: Type.BigInt(),
    pattern: Type.RegExp(/^[a-z]+$/i),
  }),
  transformed: Type.Object({
    at: Type.Transform(Type.String({ format: "date-time" }))
      .Decode((t) => new Date(t))
      .Encode((d) => d.toISOString()),
  }),
};

for (const [name, schema] of Object.entries(models)) {
  writeFileSync(path.join(process.argv[2], `${name}.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
