import { escapePointer } from "../../json.js";
import { didYouMean } from "../../suggest.js";
import { foreignKeywords, keywords } from "../keywords.js";
import { typeKinds } from "../node.js";
import type { Rule } from "../rule.js";

const dialect = "https://json-schema.org/draft/2020-12/schema";

/** A keyword that the validator ignores would promise what isn't checked. */
const unknownKeyword: Rule = {
  name: "unknown-keyword",
  check: ({ schema, pointer }) =>
    Object.keys(schema)
      .filter((keyword) => !keywords.has(keyword) && !keyword.startsWith("x-"))
      .map((keyword) => ({
        pointer: `${pointer}/${escapePointer(keyword)}`,
        message: `"${keyword}" is no keyword of draft 2020-12 that a task's schema may use.${
          foreignKeywords.has(keyword) ? "" : didYouMean(keyword, [...keywords.keys()])
        }`,
        hint:
          foreignKeywords.get(keyword) ??
          'Fix or remove it; keys of your own must start with "x-".',
      })),
};

const misplacedXTask: Rule = {
  name: "misplaced-x-task",
  check: ({ schema, pointer, parent }) =>
    parent === undefined || !Object.hasOwn(schema, "x-task")
      ? []
      : [
          {
            pointer: `${pointer}/x-task`,
            message: "x-task stands inside a part of the schema, where nothing reads it.",
            hint: "Move it to the top of the file.",
          },
        ],
};

const otherDialect: Rule = {
  name: "other-dialect",
  check: ({ schema, pointer }) => {
    const given = schema["$schema"];
    if (
      given === undefined ||
      (typeof given === "string" && given.replace(/#$/u, "") === dialect)
    ) {
      return [];
    }
    return [
      {
        pointer: `${pointer}/$schema`,
        message: `The schema says that it is written in ${JSON.stringify(given)}.`,
        hint: `Task schemas are written in draft 2020-12: convert it, and write "${dialect}".`,
      },
    ];
  },
};

const nestedIdentity: Rule = {
  name: "nested-identity",
  check: ({ schema, pointer, parent }) =>
    parent === undefined
      ? []
      : ["$id", "$schema"]
          .filter((keyword) => schema[keyword] !== undefined)
          .map((keyword) => ({
            pointer: `${pointer}/${keyword}`,
            message: `${keyword} inside a part makes that part a document of its own, with other rules for $ref.`,
            hint: "Remove it; use $anchor to give the part a name that $ref can use.",
          })),
};

/** `type: string` with `minimum` is legal, but says nothing of any string. */
const inapplicableKeyword: Rule = {
  name: "inapplicable-keyword",
  check: ({ schema, pointer }) => {
    const kinds = typeKinds(schema);
    if (kinds === undefined) return [];
    return Object.keys(schema).flatMap((keyword) => {
      const kind = keywords.get(keyword)?.kind;
      if (kind === undefined || kinds.includes(kind)) return [];
      return [
        {
          pointer: `${pointer}/${keyword}`,
          message: `${keyword} is about a value of type ${kind}, which this type excludes.`,
          hint: `Remove ${keyword}, or add "${kind}" to the type.`,
        },
      ];
    });
  },
};

/** Keywords that have no effect unless another stands beside them. */
const companions: readonly (readonly [string, readonly string[]])[] = [
  ["if", ["then", "else"]],
  ["then", ["if"]],
  ["else", ["if"]],
  ["minContains", ["contains"]],
  ["maxContains", ["contains"]],
];

const lonelyKeyword: Rule = {
  name: "lonely-keyword",
  check: ({ schema, pointer }) =>
    companions
      .filter(
        ([keyword, others]) =>
          schema[keyword] !== undefined && others.every((other) => schema[other] === undefined),
      )
      .map(([keyword, others]) => ({
        pointer: `${pointer}/${keyword}`,
        message: `${keyword} has no effect without ${others.join(" or ")}.`,
        hint: `Add ${others.join(" or ")}, or remove ${keyword}.`,
      })),
};

export const keywordRules: readonly Rule[] = [
  unknownKeyword,
  misplacedXTask,
  otherDialect,
  nestedIdentity,
  inapplicableKeyword,
  lonelyKeyword,
];
