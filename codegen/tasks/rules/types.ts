import { escapePointer, isObject } from "../../json.js";
import { didYouMean } from "../../suggest.js";
import { keywords, kinds, type Kind } from "../keywords.js";
import { sameValueNodes, typeKinds, type SchemaNode } from "../node.js";
import type { TaskDefaults } from "../options.js";
import type { Complaint, Finding, LintInput } from "../rule.js";
import { templateFields } from "../template.js";
import type { TypeProblem, TypeReader } from "../types/read.js";
import { expand, isNever, type JsonType, type ObjectShape, type Shape } from "../types/type.js";
import { numberFormats } from "../formats.js";

/** Rules that look at what a schema means. They need one that the other rules have passed. */
export function typeRules(input: LintInput, reader: TypeReader, defaults: TaskDefaults): Finding[] {
  // Every schema is looked into, used or not, so that all that can't be typed comes to light.
  for (const { pointer } of input.nodes) expand(reader.at(pointer));
  const untypable = reader.problems.map(toFinding);
  if (untypable.length > 0) return untypable;
  const named = (rule: string, complaints: readonly Complaint[]) =>
    complaints.map((complaint) => ({ rule, ...complaint }));
  const root = expand(reader.at("")).shapes;
  return [
    ...reader.impossible.map(toFinding),
    ...named(
      "untyped-value",
      input.nodes.flatMap((node) => checkImpliedType(node, reader)),
    ),
    ...named(
      "undeclared-property",
      reader.isWidened ? [] : input.nodes.flatMap((node) => checkNames(node, reader)),
    ),
    ...named("payload-not-an-object", defaults.batch === undefined ? checkRoot(root) : []),
    ...named("reserved-property", defaults.batch === undefined ? checkReserved(root) : []),
    ...named("unknown-placeholder", checkPlaceholders(root, defaults)),
  ];
}

function toFinding({ pointer, refusal }: TypeProblem): Finding {
  const { rule, message, hint, defaultAt } = refusal;
  return { rule, pointer, message, hint, ...(defaultAt === undefined ? {} : { defaultAt }) };
}

/** `properties` without `type: object` lets a number pass, which nobody means. */
function checkImpliedType(node: SchemaNode, reader: TypeReader): Complaint[] {
  const { schema, pointer } = node;
  const sameValue = sameValueNodes(node);
  const outermost = sameValue.at(-1) ?? node;
  const isTyped = typeKinds(schema) !== undefined || outermost.keyword === "propertyNames";
  if (isTyped || !isUnlimited(reader.at(outermost.pointer))) return [];
  const [keyword] = Object.keys(schema).filter((name) => kindOf(schema, name) !== undefined);
  const kind = keyword === undefined ? undefined : kindOf(schema, keyword);
  if (keyword === undefined || kind === undefined) return [];
  return [
    {
      pointer: `${pointer}/${keyword}`,
      message: `${keyword} is only about values of type ${kind}, but the schema lets all other types pass unchecked.`,
      hint: `Add "type": "${kind}".`,
    },
  ];
}

function kindOf(schema: SchemaNode["schema"], keyword: string): Kind | undefined {
  if (keyword !== "format") return keywords.get(keyword)?.kind;
  return numberFormats.has(String(schema[keyword])) ? "number" : "string";
}

function isUnlimited(type: JsonType): boolean {
  const found = new Set(expand(type).shapes.map(kindOfShape));
  return found.has("any") || kinds.every((kind) => found.has(kind));
}

function kindOfShape(shape: Shape): string {
  return shape.kind === "literal" ? typeof shape.value : shape.kind;
}

/** A name that is required but nowhere declared is most likely misspelt. */
function checkNames(node: SchemaNode, reader: TypeReader): Complaint[] {
  const { schema, pointer } = node;
  const outermost = sameValueNodes(node).at(-1)?.pointer ?? "";
  const shapes = objectsIn(expand(reader.at(outermost)).shapes);
  const isDeclared = (name: string) =>
    shapes.length === 0 || shapes.some((shape) => shape.properties.get(name)?.evaluated ?? false);
  const known = [...new Set(shapes.flatMap(declaredNames))];
  return namesIn(schema)
    .filter(([, name]) => !isDeclared(name))
    .map(([place, name]) => ({
      pointer: `${pointer}/${place}`,
      message: `"${name}" is not declared in properties.${didYouMean(name, known)}`,
      hint: `Declare it (with true as its schema if any value will do), or correct the name.`,
    }));
}

function namesIn({ required, dependentRequired }: SchemaNode["schema"]): [string, string][] {
  const names = (place: string, list: unknown): [string, string][] =>
    Array.isArray(list) ? list.map((name, index) => [`${place}/${index}`, String(name)]) : [];
  const dependent = isObject(dependentRequired) ? Object.entries(dependentRequired) : [];
  return [
    ...names("required", required),
    ...dependent.flatMap(([name, list]) => {
      const place = `dependentRequired/${escapePointer(name)}`;
      return [[place, name] as [string, string], ...names(place, list)];
    }),
  ];
}

function declaredNames(shape: ObjectShape): string[] {
  return [...shape.properties]
    .filter(([, { evaluated, type }]) => evaluated && !isNever(type))
    .map(([name]) => name);
}

function objectsIn(shapes: readonly Shape[]): ObjectShape[] {
  return shapes.filter((shape) => shape.kind === "object");
}

function checkRoot(shapes: readonly Shape[]): Complaint[] {
  if (shapes.every(({ kind }) => kind === "object")) return [];
  return [
    {
      pointer: "",
      message: "A payload must be an object: the peers write _cron and _trace into it.",
      hint: 'Add "type": "object" and make the value a property; for an array of items, write the schema of one item and "batch": true in x-task.',
    },
  ];
}

/** Keys that the peers put into payloads, and the runtime takes out before it validates. */
const reservedNames = ["_cron", "_trace"];

function checkReserved(shapes: readonly Shape[]): Complaint[] {
  const declared = new Set(objectsIn(shapes).flatMap((shape) => [...shape.properties.keys()]));
  return reservedNames
    .filter((name) => declared.has(name))
    .map((name) => ({
      pointer: `/properties/${name}`,
      message: `"${name}" belongs to the queue: a worker takes it out of the payload and offers it as ctx.${name.slice(1)}.`,
      hint: "Give the property another name.",
    }));
}

function checkPlaceholders(shapes: readonly Shape[], defaults: TaskDefaults): Complaint[] {
  if (defaults.batch !== undefined) return [];
  const objects = objectsIn(shapes);
  const candidates = [...new Set(objects.flatMap((shape) => [...shape.properties.keys()]))].filter(
    (name) => objects.every((shape) => isScalar(shape, name)),
  );
  return (["queueName", "jobKey"] as const).flatMap((option) =>
    templateFields(defaults[option] ?? [])
      .filter((field) => !candidates.includes(field))
      .map((field) => ({
        pointer: `/x-task/${option}`,
        message: `The placeholder {${field}} names no required property that is a string, a number or a boolean.${didYouMean(field, candidates)}`,
        hint: `${candidates.length === 0 ? "The schema has no such property" : `Such are ${candidates.join(", ")}`}; a brace that is meant as such is written {{ or }}.`,
      })),
  );
}

function isScalar(shape: ObjectShape, name: string): boolean {
  const property = shape.properties.get(name);
  if (property === undefined || !(property.required || property.filled !== undefined)) return false;
  return expand(property.type).shapes.every(({ kind }) =>
    ["literal", "string", "number"].includes(kind),
  );
}
