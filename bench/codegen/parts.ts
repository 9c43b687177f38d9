import type { Choices } from "./random.js";

export type Schema = Readonly<Record<string, unknown>>;

const words = `
  account address amount archive batch branch bucket cache channel cluster comment commit config
  country customer deadline delivery device domain email endpoint event filter folder gateway
  group header image index invoice item key label language limit locale message method network
  note order origin owner package payment policy price product project quota reason region
  release report request retry role route schedule scope secret service session state storage
  target template ticket token topic user volume
`
  .trim()
  .split(/\s+/u) as [string, ...string[]];

/** A name of two or three words; `count` makes it the only one of its kind. */
export function makeName(choices: Choices, count: number): string {
  return `${choices.of(words)}_${choices.of(words)}${count === 0 ? "" : `_${count}`}`;
}

/** A scalar as APIs describe them: with a description, and often with a rule. */
export function makeScalar(choices: Choices): Schema {
  const description = `The ${choices.of(words)} of the ${choices.of(words)}, as its ${choices.of(words)} sees it.`;
  switch (choices.between(0, 7)) {
    case 0:
      return { type: "integer", minimum: 0, maximum: choices.between(10, 100_000), description };
    case 1:
      return { type: "number", description };
    case 2:
      return { type: "boolean", default: choices.isLucky(0.5), description };
    case 3:
      return { type: "string", format: choices.of(["date-time", "uri", "uuid", "email"]) };
    case 4:
      return { type: "string", enum: makeLabels(choices, choices.between(2, 12)), description };
    case 5:
      return { type: ["string", "null"], maxLength: choices.between(20, 2000), description };
    case 6:
      return { type: "string", pattern: "^[a-z][a-z0-9-]*$", description };
    default:
      return { type: "string", minLength: 1, description };
  }
}

/** Texts that differ from each other. */
export function makeLabels(choices: Choices, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${choices.of(words)}-${index}`);
}

/** An object of scalars and of what `makePart` adds; a third of the properties are required. */
export function makeObject(
  choices: Choices,
  count: number,
  makePart: (choices: Choices) => Schema = makeScalar,
): Schema {
  const properties: Record<string, Schema> = {};
  for (let index = 0; index < count; index++) {
    properties[makeName(choices, index)] = choices.isLucky(0.6)
      ? makeScalar(choices)
      : makePart(choices);
  }
  const required = Object.keys(properties).filter(() => choices.isLucky(0.33));
  return { type: "object", properties, required, additionalProperties: false };
}
