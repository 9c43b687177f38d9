import { registerSchema, unregisterSchema, validate } from "@hyperjump/json-schema/draft-2020-12";
import type { SchemaObject } from "../../../codegen/tasks/node.js";

const dialect = "https://json-schema.org/draft/2020-12/schema";
const address = "https://taskwright.test/schema";

/**
 * The verdict of a validator that shares no code with ours, to hear what the specification says
 * where ajv doesn't follow it.
 */
export async function compileElsewhere(schema: SchemaObject): Promise<(value: unknown) => boolean> {
  registerSchema({ $schema: dialect, ...schema }, address);
  try {
    const verdict = await validate(address);
    return (value) => verdict(value as Parameters<typeof verdict>[0]).valid;
  } finally {
    unregisterSchema(address);
  }
}
