import { formats } from "taskwright/validation";

/** The formats that validators check. */
export const knownFormats: readonly string[] = Object.keys(formats);

/** Those of them that are about numbers. */
export const numberFormats: ReadonlySet<string> = new Set(
  Object.entries(formats).flatMap(([name, format]) =>
    typeof format === "object" && "type" in format && format.type === "number" ? [name] : [],
  ),
);
