import { getTypes, startup, type IParseError, type IQueryTypes } from "@pgtyped/query";
import { getTypeData } from "@pgtyped/query/lib/actions.js";
import type { InterpolatedQuery } from "@pgtyped/runtime";
import { AsyncQueue } from "@pgtyped/wire";
import type { SQLQueryAST } from "@pgtyped/parser";
import { Client } from "pg";
import { keyOf, SqlTypes, type MappedType } from "./sql-types.js";

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
    new (mapping: Readonly<Record<string, MappedType>>): TypeAllocator;
    typeDefinitionDeclarations(fileName: string, definitions: unknown): string;
  };
}

export interface Pgtyped {
  /** Asks the server for the types of a query's parameters and columns. */
  describe(query: InterpolatedQuery): Promise<IQueryTypes | IParseError>;
  readonly generator: GeneratorModule;
  newTypes(): TypeAllocator;
  declareTypes(types: TypeAllocator): string;
  close(): void;
}

/** Loads pgtyped and connects it to the scratch database. */
export async function openPgtyped(connectionString: string): Promise<Pgtyped> {
  const mapping = await readMapping(connectionString);
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
    generator,
    describe: (query) => describe(query, connection),
    newTypes: () => new types.TypeAllocator(mapping),
    declareTypes: (allocator) =>
      types.TypeAllocator.typeDefinitionDeclarations("", allocator.toTypeDefinitions()),
    close: () => {
      connection.socket.destroy();
    },
  };
}

async function readMapping(connectionString: string): Promise<Record<string, MappedType>> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const types = await SqlTypes.read(client);
    return types.mapping();
  } finally {
    await client.end();
  }
}

/** pgtyped names types without their schemas, so their oids are asked for, too. */
async function describe(
  query: InterpolatedQuery,
  connection: AsyncQueue,
): Promise<IQueryTypes | IParseError> {
  const described = await getTypes(query, connection);
  if ("errorCode" in described) return described;
  const types = await getTypeData(query.query, connection);
  if ("errorCode" in types) return types;
  return {
    returnTypes: described.returnTypes.map((column, index) => ({
      ...column,
      returnName: escapeName(column.returnName),
      type: keyOf(types.fields[index]?.typeOID ?? 0),
    })),
    paramMetadata: {
      ...described.paramMetadata,
      params: types.params.map(({ oid }) => keyOf(oid)),
    },
  };
}

/** pgtyped puts a column's name between quotes as it is. */
function escapeName(name: string): string {
  return JSON.stringify(name).slice(1, -1);
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
