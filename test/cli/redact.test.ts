import { expect, test } from "vitest";
import { redact } from "../../src/cli/redact.js";
import { runCommand } from "../support/command-line.js";
import { Project } from "../support/project.js";

test.each([
  ["postgres://ada:s3cret@host/db", "postgres://ada:***@host/db"],
  ["at postgresql://ada:s3c/r@et@host:1/db now", "at postgresql://ada:***@host:1/db now"],
  ["postgres://:s3cret@host", "postgres://:***@host"],
  ['{"url":"postgres://ada:s3cret@host/db"}', '{"url":"postgres://ada:***@host/db"}'],
  ["postgres://host/db?user=a&password=s3cret&x=1", "postgres://host/db?user=a&password=***&x=1"],
  ["host=h password='s3 cret' user=a", "host=h password=*** user=a"],
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
