import { makeName, makeObject, makeScalar, type Schema } from "./parts.js";
import { Choices } from "./random.js";

const address: Schema = {
  type: "object",
  description: "Where somebody is.",
  properties: {
    street: { type: "string", minLength: 1 },
    city: { type: "string", minLength: 1 },
    postcode: { type: "string", maxLength: 12 },
    country: { type: "string", pattern: "^[A-Z]{2}$" },
    note: { type: ["string", "null"], default: null },
  },
  required: ["street", "city", "country"],
  additionalProperties: false,
};
const money: Schema = {
  type: "object",
  properties: {
    amount: { type: "number", multipleOf: 0.01 },
    currency: { type: "string", enum: ["EUR", "GBP", "JPY", "USD"] },
  },
  required: ["amount", "currency"],
  additionalProperties: false,
};
const person: Schema = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1 },
    email: { type: "string", format: "email" },
    home: { $ref: "#/$defs/address" },
    work: { anyOf: [{ $ref: "#/$defs/address" }, { type: "null" }], default: null },
  },
  required: ["name", "email"],
  additionalProperties: false,
};

const target: Schema = {
  oneOf: [
    {
      type: "object",
      properties: { kind: { const: "mail" }, to: { $ref: "#/$defs/person" } },
      required: ["kind", "to"],
      additionalProperties: false,
    },
    {
      type: "object",
      properties: { kind: { const: "hook" }, url: { type: "string", format: "uri" } },
      required: ["kind", "url"],
      additionalProperties: false,
    },
  ],
};

/** The schemas of a project of many tasks, which repeat some definitions, by the files' names. */
export function makeTasks(count: number, seed = 7): Record<string, Schema> {
  const choices = new Choices(seed);
  const tasks: Record<string, Schema> = {};
  for (let index = 0; index < count; index++) {
    tasks[`${makeName(choices, index + 1)}.json`] = makeTask(choices);
  }
  return tasks;
}

function makeTask(choices: Choices): Schema {
  const part = () => choices.of<() => Schema>([makeReference, makeReference, makeList, makeNested]);
  const makeReference = () => ({
    $ref: choices.of(["#/$defs/address", "#/$defs/money", "#/$defs/person", "#/$defs/target"]),
  });
  const makeList = () => ({ type: "array", items: makeReference(), maxItems: 50 });
  const makeNested = () => makeObject(choices, choices.between(2, 6), makeScalar);
  const root = makeObject(choices, choices.between(5, 25), () => part()());
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    description: "One job of many.",
    ...root,
    $defs: { address, money, person, target },
    ...(choices.isLucky(0.3) ? { "x-task": { maxAttempts: choices.between(1, 9) } } : {}),
  };
}
