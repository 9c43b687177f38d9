import type { CustomTypesConfig } from "pg";

const toNumber = (text: string): number => Number(text);

/** Parsers by the number of a type in `pg_type`: boolean, int2, int4, float4 and float8. */
const parsers: ReadonlyMap<number, (text: string) => unknown> = new Map<
  number,
  (text: string) => unknown
>([
  [16, (text) => text === "t"],
  [21, toNumber],
  [23, toNumber],
  [700, toNumber],
  [701, toNumber],
]);

const asText = (text: string): string => text;

/**
 * How `pg` reads the results of Taskwright's own statements, whatever parsers the application has set for
 * its own (`pg.types.setTypeParser`). The statements answer with text, numbers and booleans alone.
 */
export const resultTypes: CustomTypesConfig = {
  getTypeParser: (oid: number) => parsers.get(oid) ?? asText,
};
