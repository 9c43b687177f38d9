import { expect, test } from "vitest";
import { hide, redact, withoutSecrets } from "../../src/cli/redact.js";
import { shownUrl } from "../../src/cli/secrets.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { runCommand } from "../support/command-line.js";
import { Project } from "../support/project.js";

test.each([
  ["postgres://ada:s3cret@host/db", "postgres://ada:***@host/db"],
  ["at postgresql://ada:s3c/r@et@host:1/db now", "at postgresql://ada:***@host:1/db now"],
  ["postgres://:s3cret@host", "postgres://:***@host"],
  ['{"url":"postgres://ada:s3cret@host/db"}', '{"url":"postgres://ada:***@host/db"}'],
  ["postgres://host/db?user=a&password=s3cret&x=1", "postgres://host/db?user=a&password=***&x=1"],
  ["host=h password='s3 cret' user=a", "host=h password=*** user=a"],
  [`database: postgres://ada:s3c"r 'e t@host/db`, "database: postgres://ada:***@host/db"],
  ["postgres://ada:p@x y z@host/db", "postgres://ada:***@host/db"],
  ["postgres://h/db?p%61ssword=s3cret&x=1", "postgres://h/db?p%61ssword=***&x=1"],
  [`postgres://h/db?password=s3"c 'ret&x=1`, "postgres://h/db?password=***&x=1"],
  ["postgres://h/db?x=1&sslp%61ssword=s3cret", "postgres://h/db?x=1&sslp%61ssword=***"],
  ["postgres://ada:s3cret is no URL", "postgres://ada:***"],
  ['password=s3"cret host=h', "password=*** host=h"],
  ["password = s3\\ cret host=h", "password = *** host=h"],
  ["env=PGPASSWORD=s3cret", "env=PGPASSWORD=***"],
  ["redis://:s3cret@cache:6379", "redis://:***@cache:6379"],
])("hides the password of %s", (text, hidden) => {
  expect(redact(text)).toBe(hidden);
});

test("leaves what holds no password as it is", () => {
  for (const text of ["postgres://host:5432/db", "mail to ada@example.com: hello", "a:b@c"]) {
    expect(redact(text)).toBe(text);
  }
});

test("nothing that a command prints shows a password, not even what it was given itself", async () => {
  await using it = await Project.create();
  const secret = "postgres://ada:s3cret@127.0.0.1:1/db";
  for (const args of [[secret], ["jobs", "list", "--state", secret], ["jobs", secret, "--json"]]) {
    const { code, out, err } = await runCommand(it.folder, args);
    expect(code).toBe(2);
    expect(out + err).toContain("ada:***@");
    expect(out + err).not.toContain("s3cret");
  }
});

const passwords = [`it's "s3cret"`, "s3c ret@x", "s3cret/with?all#of=it", "ünï%cödé", "s3\\cret"];

test.each(passwords)(
  "no stream shows the password %j of the environment or an option",
  async (given) => {
    await using it = await Project.create({ "taskwright.config.json": {}, nonsense: given });
    const encoded = encodeURIComponent(given);
    const urls = [
      `postgres://ada:${encoded}@127.0.0.1:1/db`,
      `postgres://ada@127.0.0.1:1/db?p%61ssword=${encoded}`,
      `postgres://ada@127.0.0.1:1/db?sslpassword=${encoded}`,
      `postgres://ada:${given.replaceAll(/[/?#]/gu, "")}@127.0.0.1:1/db`,
    ];
    for (const url of urls) {
      for (const args of [
        ["stats"],
        ["stats", "--json"],
        ["jobs", "show", url],
        [`--${url}`, "--json"],
      ]) {
        const viaFlag = await runCommand(it.folder, [...args, "--connection", url]);
        const viaEnv = await runCommand(it.folder, args, { env: { DATABASE_URL: url } });
        for (const { out, err } of [viaFlag, viaEnv]) {
          for (const form of [given, encoded, JSON.stringify(given).slice(1, -1)]) {
            expect(out + err).not.toContain(form);
          }
        }
      }
    }
  },
);

test("what is known to be a password is hidden in whatever text it appears in", () => {
  const lines: string[] = [];
  const terminal = { env: { PGPASSWORD: "pa55phrase!" }, out: (line: string) => lines.push(line) };
  const safe = withoutSecrets(terminal as unknown as Terminal, ["postgres://ada:0ther-one@h/db"]);
  hide(safe, "postgres://ada@h/db?password=thir%20d%22");
  safe.out('neither pa55phrase! nor 0ther-one nor thir d" nor thir%20d%22');
  safe.out(JSON.stringify({ text: 'thir d"', ok: true, url: 'postgres://a:b "c@h/db', to: "x@y" }));
  expect(lines[0]).toBe("neither *** nor *** nor *** nor ***");
  expect(JSON.parse(lines[1] ?? "")).toEqual({
    text: "***",
    ok: true,
    url: "postgres://a:***@h/db",
    to: "x@y",
  });
});

test("a connection string is shown with only what is known not to be secret", () => {
  expect(shownUrl("postgres://ada:s3cret@h:1/db?sslmode=require&p%61ssword=x&custom=y")).toBe(
    "postgres://ada:***@h:1/db?sslmode=require&password=***&custom=***",
  );
  expect(shownUrl("host=h password=s3cret")).toBe("***");
});
