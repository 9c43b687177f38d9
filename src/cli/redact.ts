import { secretsOf, shownUrl } from "./secrets.js";
import { printable, type Terminal } from "./terminal.js";

/** What precedes `//` in a URL. */
const scheme = String.raw`\b[a-z][a-z0-9+.-]*:\/\/`;
/**
 * The password of a PostgreSQL URL: all between the user's name and the last @ of the line, since a
 * password may hold spaces, quotes and @. Hiding too much is better than too little.
 */
const inPostgresUrl = new RegExp(
  String.raw`(?<before>\bpostgres(?:ql)?:\/\/[^:/?#@\n]*:)(?:(?!${scheme})[^\n])*(?<after>@)`,
  "giu",
);
/** The same of a PostgreSQL URL that breaks off before its host. */
const inBrokenUrl =
  /(?<before>\bpostgres(?:ql)?:\/\/[^:/?#@\s]*:)(?!\*\*\*@|\d{1,5}(?:[/?#\s"',;.)]|$))[^\n]*/giu;
/** The same of other URLs. */
const inOtherUrl = new RegExp(
  String.raw`(?<before>${scheme}[^\s:/?#"'@]*:)(?!\*\*\*@)[^\s"']*(?<after>@)`,
  "giu",
);
/** The value of a parameter of a URL, which may hold spaces. */
const inQuery = { name: /(?<=[?&])(?<name>[^=&?\s]+)=/gu, value: /[^&\n]*/uy };
/** The value of libpq's `key=value`, or of an assignment. */
const inAssignment = {
  name: /(?<name>[\w%+]+)\s*=\s*/gu,
  value: /'(?:[^'\\]|\\.)*'?|(?:\\.|[^\s&])+/uy,
};
const secretName = /^(?:pg|pgssl|ssl)?(?:password|passwd|passphrase)$/iu;
const jsonString = /"(?:[^"\\]|\\.)*"/gu;

/** Hides the passwords of connection strings in a text, whatever is known of it. */
export function redact(text: string): string {
  const safe = text
    .replaceAll(inPostgresUrl, "$<before>***$<after>")
    .replaceAll(inBrokenUrl, "$<before>***")
    .replaceAll(inOtherUrl, "$<before>***$<after>");
  return hideValues(hideValues(safe, inQuery), inAssignment);
}

/** Hides what stands after the names of secrets. A value may look as if it held names itself. */
function hideValues(text: string, { name, value }: typeof inQuery): string {
  let safe = "";
  let end = 0;
  for (const match of text.matchAll(name)) {
    const start = match.index + match[0].length;
    if (match.index < end || !isSecretName(match.groups?.["name"] ?? "")) continue;
    value.lastIndex = start;
    const hidden = value.exec(text)?.[0] ?? "";
    if (hidden === "") continue;
    safe += `${text.slice(end, start)}***`;
    end = start + hidden.length;
  }
  return safe + text.slice(end);
}

/** `pg` decodes the names of a URL's parameters, too. */
function isSecretName(name: string): boolean {
  const [decoded = name] = new URLSearchParams(name).keys();
  return secretName.test(decoded.trim());
}

/** Hides what is known to be secret, and what looks like it. */
class Redactor {
  /** Texts and what stands for them, the longest first. */
  #known: (readonly [text: string, shown: string])[] = [];

  learn(connectionString: string): void {
    const known = [
      [connectionString, shownUrl(connectionString)] as const,
      ...secretsOf(connectionString).map((secret) => [secret, "***"] as const),
    ];
    this.#add(known);
  }

  learnPassword(password: string): void {
    this.#add([[password, "***"]]);
  }

  #add(known: readonly (readonly [string, string])[]): void {
    for (const [secret, shown] of known) {
      if (!isDistinct(secret)) continue;
      const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeText(secret)];
      for (const form of [...forms, printable(secret)]) this.#known.push([form, shown]);
    }
    this.#known.sort(([a], [b]) => b.length - a.length);
  }

  /** A line of JSON is redacted a string at a time, so that it remains JSON. */
  redact(line: string): string {
    if (!line.startsWith("{")) return this.#redactText(line);
    return line.replaceAll(jsonString, (token) => {
      try {
        const text = JSON.parse(token) as string;
        const safe = this.#redactText(text);
        return safe === text ? token : JSON.stringify(safe);
      } catch {
        return this.#redactText(token);
      }
    });
  }

  #redactText(text: string): string {
    let safe = text;
    for (const [secret, shown] of this.#known) safe = safe.replaceAll(secret, () => shown);
    return redact(safe);
  }
}

/**
 * Whether a secret can be told from other text. A common word is not hidden wherever it occurs: that
 * would garble results, and the gap would tell the word.
 */
function isDistinct(secret: string): boolean {
  return /[^\w\s.,:/-]/u.test(secret) ? secret.length > 2 : /^(?=.*[^a-z]).{8,}$/isu.test(secret);
}

function encodeText(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // It holds half of a surrogate pair.
    return text;
  }
}

const redactors = new WeakMap<Terminal, Redactor>();

/** From now on, what the terminal shows has no password of this connection string. */
export function hide(terminal: Terminal, connectionString: string): void {
  redactors.get(terminal)?.learn(connectionString);
}

/**
 * The terminal as commands get it: whatever they print shows no password of a connection string.
 * @param args The command line, which may hold connection strings.
 */
export function withoutSecrets(terminal: Terminal, args: readonly string[] = []): Terminal {
  const redactor = new Redactor();
  const { DATABASE_URL: url, PGPASSWORD: password } = terminal.env;
  for (const arg of [url, ...args].filter((text) => text !== undefined)) {
    const [given = arg] = /postgres(?:ql)?:\/\/.*/isu.exec(arg) ?? [];
    if (given !== arg || /^postgres|=/iu.test(given)) redactor.learn(given);
  }
  if (password !== undefined) redactor.learnPassword(password);
  const safe: Terminal = Object.create(terminal, {
    out: { value: (line: string) => terminal.out(redactor.redact(line)) },
    err: { value: (line: string) => terminal.err(redactor.redact(line)) },
    ask: { value: (question: string) => terminal.ask(redactor.redact(question)) },
    progress: { value: (text: string) => terminal.progress(redactor.redact(text)) },
  });
  redactors.set(safe, redactor);
  return safe;
}
