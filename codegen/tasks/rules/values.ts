import { escapePointer, isObject } from "../../json.js";
import { didYouMean } from "../../suggest.js";
import { knownFormats, numberFormats } from "../formats.js";
import { sameValueNodes, typeKinds, type SchemaNode, type SchemaObject } from "../node.js";
import type { Complaint, Rule } from "../rule.js";

const unknownFormat: Rule = {
  name: "unknown-format",
  check: ({ schema, pointer }) => {
    const { format } = schema;
    if (typeof format !== "string" || knownFormats.includes(format)) return [];
    return [
      {
        pointer: `${pointer}/format`,
        message: `Nothing checks the format "${format}".${didYouMean(format, knownFormats)}`,
        hint: `Use pattern, or one of ${knownFormats.join(", ")}.`,
      },
    ];
  },
};

const misplacedFormat: Rule = {
  name: "misplaced-format",
  check: ({ schema, pointer }) => {
    const { format } = schema;
    const kinds = typeKinds(schema);
    if (typeof format !== "string" || !knownFormats.includes(format) || kinds === undefined) {
      return [];
    }
    const kind = numberFormats.has(format) ? "number" : "string";
    if (kinds.includes(kind)) return [];
    return [
      {
        pointer: `${pointer}/format`,
        message: `The format "${format}" is about a ${kind}, which this type excludes.`,
        hint: `Remove the format, or make the type "${kind}".`,
      },
    ];
  },
};

const brokenPattern: Rule = {
  name: "broken-pattern",
  check: ({ schema, pointer }) => {
    const { pattern, patternProperties } = schema;
    const patterns: [string, string][] = [
      ...(typeof pattern === "string" ? [["pattern", pattern] as [string, string]] : []),
      ...Object.keys(isObject(patternProperties) ? patternProperties : {}).map(
        (key): [string, string] => [`patternProperties/${escapePointer(key)}`, key],
      ),
    ];
    return patterns.flatMap(([place, source]) => {
      const fault = patternFault(source);
      if (fault === undefined) return [];
      const message = `This is not a regular expression: ${fault}.`;
      const hint = "Fix it; patterns are read with JavaScript's u flag.";
      return [{ pointer: `${pointer}/${place}`, message, hint }];
    });
  },
};

function patternFault(source: string): string | undefined {
  try {
    new RegExp(source, "u").test("");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "it can't be read";
  }
}

/** Pairs of keywords of which the first must not be above the second. */
const ranges: readonly (readonly [string, string])[] = [
  ["minLength", "maxLength"],
  ["minimum", "maximum"],
  ["minItems", "maxItems"],
  ["minContains", "maxContains"],
  ["minProperties", "maxProperties"],
];

const emptyRange: Rule = {
  name: "empty-range",
  check: ({ schema, pointer }) => {
    const complaint = (low: string, high: string): Complaint => ({
      pointer: `${pointer}/${low}`,
      message: `No value lies between ${low} ${String(schema[low])} and ${high} ${String(schema[high])}.`,
      hint: "Change one of the two.",
    });
    const isAbove = (low: string, high: string, orEqual: boolean) => {
      const [from, to] = [schema[low], schema[high]];
      if (typeof from !== "number" || typeof to !== "number") return false;
      return orEqual ? from >= to : from > to;
    };
    return [
      ...ranges.filter(([low, high]) => isAbove(low, high, false)),
      ...[
        ["exclusiveMinimum", "exclusiveMaximum"] as const,
        ["exclusiveMinimum", "maximum"] as const,
        ["minimum", "exclusiveMaximum"] as const,
      ].filter(([low, high]) => isAbove(low, high, true)),
    ].map(([low, high]) => complaint(low, high));
  },
};

/** Every JavaScript object inherits these, so that "absent" and "present" get mixed up. */
const inheritedNames: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

const inheritedName: Rule = {
  name: "inherited-name",
  check: (node) =>
    [...propertyNamesIn(node.schema), ...namesListedIn(node), ...keysOfMapsIn(node.schema)].map(
      ([place, name]) => ({
        pointer: `${node.pointer}/${place}`,
        message: `"${name}" can't be told from what every JavaScript object inherits.`,
        hint: "Give the property another name.",
      }),
    ),
};

/** Every place where a schema names a property that objects inherit; each name once. */
function propertyNamesIn(schema: SchemaObject): [string, string][] {
  const { required, dependentRequired } = schema;
  const keys = (place: string, value: unknown): [string, string][] =>
    isObject(value) ? Object.keys(value).map((key) => [`${place}/${escapePointer(key)}`, key]) : [];
  const items = (place: string, value: unknown): [string, string][] =>
    Array.isArray(value) ? value.map((name, index) => [`${place}/${index}`, String(name)]) : [];
  const lists = isObject(dependentRequired) ? Object.entries(dependentRequired) : [];
  const found = [
    ...keys("properties", schema["properties"]),
    ...items("required", required),
    ...keys("dependentRequired", dependentRequired),
    ...lists.flatMap(([key, list]) => items(`dependentRequired/${escapePointer(key)}`, list)),
    ...keys("dependentSchemas", schema["dependentSchemas"]),
    ...(["const", "enum", "default"] as const).flatMap((name) => keysWithin(schema[name], name)),
  ].filter(([, name]) => inheritedNames.has(name));
  return [...new Map(found.toReversed().map((each) => [each[1], each] as const)).values()];
}

/** Names that the schema of an object's property names lists. */
function namesListedIn(node: SchemaNode): [string, string][] {
  if (sameValueNodes(node).at(-1)?.keyword !== "propertyNames") return [];
  const { enum: values, const: value } = node.schema;
  const listed: [string, unknown][] = [
    ...(Array.isArray(values) ? values : []).map((name, index): [string, unknown] => [
      `enum/${index}`,
      name,
    ]),
    ["const", value],
  ];
  return listed.flatMap(([place, name]) =>
    inheritedNames.has(String(name)) ? [[place, String(name)]] : [],
  );
}

/** A definition or a pattern may be called anything but what an object literal doesn't take for a key. */
function keysOfMapsIn(schema: SchemaObject): [string, string][] {
  const name = "__proto__";
  return ["$defs", "patternProperties"].flatMap((keyword) => {
    const map = schema[keyword];
    return isObject(map) && Object.hasOwn(map, name) ? [[`${keyword}/${name}`, name]] : [];
  });
}

function keysWithin(value: unknown, place: string): [string, string][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, held]): [string, string][] => {
    const below = `${place}/${escapePointer(key)}`;
    const own: [string, string][] = Array.isArray(value) ? [] : [[below, key]];
    return [...own, ...keysWithin(held, below)];
  });
}

const emptyEnum: Rule = {
  name: "empty-enum",
  check: ({ schema, pointer }) =>
    !Array.isArray(schema["enum"]) || schema["enum"].length > 0
      ? []
      : [
          {
            pointer: `${pointer}/enum`,
            message: "The enum lists no value, so nothing could ever pass.",
            hint: "List the values that are allowed, or remove the enum.",
          },
        ],
};

const idleContains: Rule = {
  name: "idle-contains",
  check: ({ schema, pointer }) =>
    schema["minContains"] !== 0 || schema["maxContains"] !== undefined
      ? []
      : [
          {
            pointer: `${pointer}/minContains`,
            message: "With minContains 0 and no maxContains, contains lets everything pass.",
            hint: "Raise minContains, add maxContains, or remove both minContains and contains.",
          },
        ],
};

export const valueRules: readonly Rule[] = [
  emptyEnum,
  idleContains,
  brokenPattern,
  unknownFormat,
  misplacedFormat,
  emptyRange,
  inheritedName,
];
