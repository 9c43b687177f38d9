import { Client } from "pg";

const parameterNames = new Set(["password", "sslpassword", "pgpassword"]);

/** The passwords of a connection string, as they are in it and as `pg` reads them. */
export function secretsOf(connectionString: string): string[] {
  const url = toUrl(connectionString);
  const found = [readAsPg(connectionString), url?.password, decode(url?.password)];
  for (const [name, value] of url?.searchParams ?? []) {
    if (parameterNames.has(name.toLowerCase())) found.push(value);
  }
  // As written: URL encodes some characters of a password anew.
  found.push(/^[^:]*:\/\/[^:/?#]*:(?<password>.*)@/su.exec(connectionString)?.groups?.["password"]);
  return [...new Set(found.flatMap((secret) => (secret ? [secret] : [])))];
}

/** A connection string as it may be shown: only what is known not to be secret remains. */
export function shownUrl(connectionString: string): string {
  const url = toUrl(connectionString);
  if (url === undefined) return "***";
  const { protocol, username, password, host, pathname, searchParams } = url;
  const login = username === "" && password === "" ? "" : `${username}${password && ":***"}@`;
  const query = [...searchParams].map(([name, value]) => {
    const isShown = shownParameters.has(name);
    return `${encodeURIComponent(name)}=${isShown ? encodeURIComponent(value) : "***"}`;
  });
  return `${protocol}//${login}${host}${pathname}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

const shownParameters = new Set(["application_name", "dbname", "host", "port", "sslmode", "user"]);

function readAsPg(connectionString: string): string | undefined {
  try {
    const { password } = new Client({ connectionString });
    return password ?? undefined;
  } catch {
    return undefined;
  }
}

function toUrl(text: string): URL | undefined {
  const isOurs = /^postgres(?:ql)?:\/\//iu.test(text);
  return isOurs && URL.canParse(text) ? new URL(text) : undefined;
}

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}
