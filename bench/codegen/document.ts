import { makeLabels, makeObject, type Schema } from "./parts.js";
import { Choices } from "./random.js";

/**
 * One document of many definitions that refer to each other, in circles too, as the schemas of CI
 * services and of cloud resources do.
 */
export function makeDocument(count: number, seed = 11): Schema {
  const choices = new Choices(seed);
  const $defs: Record<string, Schema> = {};
  for (let index = 0; index < count; index++) {
    $defs[`part_${index}`] = makeDefinition(choices, index, count);
  }
  const names = Object.keys($defs);
  const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
  return { type: "object", properties, $defs };
}

/** Definitions of one group refer to each other, and to those before: a longer way down is refused. */
const groupSize = 40;

/** One in five is a leaf: an enum or a closed set of scalars. */
function makeDefinition(choices: Choices, index: number, count: number): Schema {
  const end = Math.min(count, index - (index % groupSize) + groupSize);
  const reference = () => ({ $ref: `#/$defs/part_${choices.between(0, end - 1)}` });
  const kind = index % 10;
  if (kind === 0) return { type: "string", enum: makeLabels(choices, choices.between(5, 60)) };
  if (kind === 1) return makeObject(choices, choices.between(5, 15));
  if (kind === 2) {
    // Leaves, so that no alternative consists of other alternatives.
    const leaf = () => ({
      $ref: `#/$defs/part_${10 * choices.between(0, Math.floor(end / 10) - 1) + 1}`,
    });
    return { description: "One of several.", anyOf: [leaf(), leaf(), { type: "null" }] };
  }
  return makeObject(choices, choices.between(8, 30), () => {
    switch (choices.between(0, 3)) {
      case 0:
        return { type: "array", items: reference() };
      case 1:
        return { anyOf: [reference(), { type: "null" }] };
      case 2:
        return { type: "object", additionalProperties: reference() };
      default:
        return reference();
    }
  });
}
