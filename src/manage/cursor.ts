import { createHash } from "node:crypto";
import { refuseOption } from "../options.js";

/**
 * Where a page ended, as an opaque string. What was asked for goes in as a
 * digest, so that a page of one list isn't taken for a page of another.
 */
export function writeCursor(asked: unknown, last: string): string {
  return Buffer.from(`${digest([asked, last])}${last}`).toString("base64url");
}

/**
 * Where the page before ended.
 * @throws TaskwrightError `OPTION_INVALID` for what `writeCursor` didn't give for the same question.
 */
export function readCursor(owner: string, asked: unknown, cursor: unknown): string {
  const text = typeof cursor === "string" ? Buffer.from(cursor, "base64url").toString() : "";
  const last = text.slice(digestLength);
  if (writeCursor(asked, last) === cursor) return last;
  refuseOption(owner, "cursor", "the nextCursor of a page that was listed with the same options");
}

const digestLength = 12;

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, digestLength);
}
