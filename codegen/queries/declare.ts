import { ParameterTransform, type processSQLQueryIR } from "@pgtyped/runtime";
import type { DescribedColumn, Description } from "./describe.js";
import { propertyKey } from "./names.js";
import type { TypeScriptTypes } from "./typescript-types.js";

/** A statement with its parameters numbered, and where each of them went. */
export type NumberedStatement = ReturnType<typeof processSQLQueryIR>;

type ParameterMapping = NumberedStatement["mapping"][number];

interface Property {
  readonly name: string;
  readonly type: string;
  readonly isOptional?: boolean;
  readonly comment?: string | null;
}

/** Declarations of a query's `…Params`, `…Result` and `…Query` types. */
export function declareQuery(
  typeName: string,
  { mapping }: NumberedStatement,
  { parameters, columns }: Description,
  types: TypeScriptTypes,
): string {
  const parameterTypes = parameters.map((oid) => types.ofParameter(oid));
  const params = mapping.map((each) => parameterProperty(each, parameterTypes));
  const result = columns.map((column) => columnProperty(column, types));
  return [
    `/** '${typeName}' parameters type */`,
    declare(`${typeName}Params`, params),
    `/** '${typeName}' return type */`,
    declare(`${typeName}Result`, result),
    `/** '${typeName}' query type */`,
    `export interface ${typeName}Query { params: ${typeName}Params; result: ${typeName}Result; }\n`,
  ].join("\n");
}

/** A column's name in the rows: pgtyped's runtime takes off the mark. */
export function resultName(name: string): string {
  return name.replace(/[!?]$/u, "");
}

function columnProperty(column: DescribedColumn, types: TypeScriptTypes): Property {
  const { name, typeOid, nullable, comment } = column;
  const isNullable = !name.endsWith("!") && (name.endsWith("?") || nullable !== false);
  const type = types.ofResult(typeOid);
  return { name: resultName(name), type: isNullable ? `${type} | null` : type, comment };
}

function parameterProperty(parameter: ParameterMapping, types: readonly string[]): Property {
  const { name } = parameter;
  if (parameter.type === ParameterTransform.Scalar) {
    const { required } = parameter;
    return { name, type: typeAt(parameter, types), isOptional: !required };
  }
  if (parameter.type === ParameterTransform.Spread) {
    return { name, type: `readonly (${typeAt(parameter, types)})[]` };
  }
  const picked = Object.values(parameter.dict).map(
    (each) => `${propertyKey(each.name)}: ${typeAt(each, types)};`,
  );
  const type = `{ ${picked.join(" ")} }`;
  const isList = parameter.type === ParameterTransform.PickSpread;
  return { name, type: isList ? `readonly (${type})[]` : type };
}

function typeAt(
  { assignedIndex, required }: { assignedIndex: number | number[]; required: boolean },
  types: readonly string[],
): string {
  const index = Array.isArray(assignedIndex) ? assignedIndex[0] : assignedIndex;
  const type = types[(index ?? 1) - 1] ?? "string";
  return required ? type : `${type} | null | void`;
}

function declare(name: string, properties: readonly Property[]): string {
  if (properties.length === 0) return `export type ${name} = void;\n`;
  // The same order on every machine, whatever its language.
  const sorted = properties.toSorted((a, b) => a.name.localeCompare(b.name, "en"));
  const lines = sorted.map(({ name: property, type, isOptional, comment }) => {
    const doc = comment ? `/** ${comment.replaceAll("*/", "*\\/")} */\n` : "";
    return `${doc}${propertyKey(property)}${isOptional === true ? "?" : ""}: ${type};`;
  });
  return `export interface ${name} {\n${lines.join("\n")}\n}\n`;
}
