import { startup } from "@pgtyped/query";
import { AsyncQueue } from "@pgtyped/wire";
import type { SQLQueryAST } from "@pgtyped/parser";
import { Client } from "pg";

/**
 * The parts of pgtyped's generator that are used here. The command itself is not: it exits 0 with
 * a broken query and types that query `never`. Its package maps every subpath to the command's
 * entry point, so the modules are reached by their place beside that entry point.
 */
interface GeneratorModule {
  readonly ProcessingMode: { readonly SQL: string };
  queryToTypeDeclarations(
    query: { ast: SQLQueryAST; mode: string },
    typeSource: (query: unknown) => Promise<unknown>,
    types: TypeAllocator,
    config: Record<string, boolean>,
  ): Promise<string>;
}

export interface TypeAllocator {
  readonly errors: readonly Error[];
  toTypeDefinitions(): unknown;
}

interface TypesModule {
  readonly TypeAllocator: {
    new (mapping: unknown): TypeAllocator;
    typeDefinitionDeclarations(fileName: string, definitions: unknown): string;
  };
  TypeMapping(overrides: Record<string, { parameter?: NamedType; return?: NamedType }>): unknown;
}

interface NamedType {
  readonly name: string;
}

const text: NamedType = { name: "string" };

/**
 * Where pgtyped's default mapping would mislead: pg turns a JavaScript array given for a json
 * parameter into a PostgreSQL array, so json is passed as text; an interval is text too.
 */
const typeOverrides = {
  json: { parameter: text, return: { name: "unknown" } },
  jsonb: { parameter: text, return: { name: "unknown" } },
  int8: { parameter: text, return: text },
  interval: { parameter: text, return: text },
};

export interface Pgtyped {
  readonly connection: AsyncQueue;
  readonly generator: GeneratorModule;
  newTypes(): TypeAllocator;
  declareTypes(types: TypeAllocator): string;
  close(): void;
}

/** Loads pgtyped and connects it to the scratch database. */
export async function openPgtyped(connectionString: string): Promise<Pgtyped> {
  const entry = import.meta.resolve("@pgtyped/cli/lib");
  const load = (name: string): Promise<unknown> => import(new URL(name, entry).href);
  const generator = (await load("./generator.js")) as GeneratorModule;
  const types = (await load("./types.js")) as TypesModule;
  const connection = new AsyncQueue();
  await new Promise<void>((resolve, reject) => {
    // Its client listens to no error of its socket, which would end the process.
    connection.socket.on("error", reject);
    startup(connectionOptions(connectionString), connection).then(resolve, reject);
  });
  return {
    connection,
    generator,
    newTypes: () => new types.TypeAllocator(types.TypeMapping(typeOverrides)),
    declareTypes: (allocator) =>
      types.TypeAllocator.typeDefinitionDeclarations("", allocator.toTypeDefinitions()),
    close: () => {
      connection.socket.destroy();
    },
  };
}

/** pg's own reading of the connection string, in the form that pgtyped's wire client takes. */
function connectionOptions(connectionString: string) {
  const client = new Client({ connectionString });
  // A host that is a folder holds the server's socket; the options go to Node's net.connect.
  const socket = client.host.startsWith("/")
    ? { path: `${client.host}/.s.PGSQL.${client.port}` }
    : {};
  return {
    ...socket,
    host: client.host,
    port: client.port,
    user: client.user ?? "postgres",
    dbName: client.database ?? "postgres",
    // pgtyped's client takes any given value, false included, as a wish for TLS.
    ...(client.ssl ? { ssl: client.ssl } : {}),
    ...(typeof client.password === "string" ? { password: client.password } : {}),
  };
}
