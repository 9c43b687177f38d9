import type { Terminal } from "./terminal.js";

/** The password of a URL: all between the user's name and the last @ before the path. */
const inUrl = /(?<before>\b[a-z][a-z0-9+.-]*:\/\/[^\s:/?#"'@]*:)[^\s"']*(?<after>@)/giu;
/** The password as a parameter, of a URL or of libpq's `key=value` form. */
const asParameter =
  /(?<before>\b(?:password|sslpassword)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s&"']+)/giu;

/** Hides the passwords of connection strings in a text. */
export function redact(text: string): string {
  return text.replace(inUrl, "$<before>***$<after>").replace(asParameter, "$<before>***");
}

/** The terminal as commands get it: whatever they print, no connection string shows its password. */
export function withoutSecrets(terminal: Terminal): Terminal {
  const safe: Terminal = Object.create(terminal, {
    out: { value: (line: string) => terminal.out(redact(line)) },
    err: { value: (line: string) => terminal.err(redact(line)) },
  });
  return safe;
}
