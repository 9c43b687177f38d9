import { messageOf } from "../thrown.js";

/** Long enough for any message that a person reads; some libraries put whole documents into theirs. */
const maxLength = 10_000;

/** An error's message as `last_error` can hold it: PostgreSQL's text has no NUL and no half characters. */
export function toErrorText(error: Error): string {
  const text = messageOf(error).slice(0, maxLength).replaceAll("\0", "\u{FFFD}");
  return Buffer.from(text).toString();
}

/**
 * The same in ASCII, which the encoding of every database has. Other characters become escapes such as
 * `\u2603`, so that JSON stays the same JSON.
 */
export function toAscii(text: string): string {
  return text.replace(/[^\t\n\r -~]/g, (unit) => {
    const code = unit.charCodeAt(0).toString(16);
    return `\\u${code.padStart(4, "0")}`;
  });
}
