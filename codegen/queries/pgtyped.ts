import type { SQLQueryAST } from "@pgtyped/parser";
import { getTypes, startup, type IQueryTypes } from "@pgtyped/query";
import { getTypeData } from "@pgtyped/query/lib/actions.js";
import type { InterpolatedQuery } from "@pgtyped/runtime";
import { AsyncQueue } from "@pgtyped/wire";
import { Client } from "pg";
import type { TypeScriptTypes } from "./typescript-types.js";

/**
 * The part of pgtyped's generator that is used here. The command itself is not: it exits 0 with a broken query and
 * types that query `never`. Its package maps every subpath to the command's entry point, so the module is reached
 * by its place beside that entry point.
 */
interface Generator {
  readonly ProcessingMode: { readonly SQL: string };
  queryToTypeDeclarations(
    query: { ast: SQLQueryAST; mode: string },
    typeSource: (query: unknown) => Promise<unknown>,
    types: TypeAllocator,
    config: Record<string, boolean>,
  ): Promise<string>;
}

/** What the generator asks for the types of TypeScript. */
interface TypeAllocator {
  readonly errors: readonly Error[];
  use(key: string, scope: "parameter" | "return"): string;
}

/** What PostgreSQL says of a statement without running it. */
export interface Description {
  /** The OID of each parameter's type, and of each column's. */
  readonly parameterOids: readonly number[];
  readonly columns: readonly DescribedColumn[];
  /** As the generator takes it. */
  readonly types: IQueryTypes;
}

export interface DescribedColumn {
  /** As the statement names it, with a mark such as `!`. */
  readonly name: string;
  readonly typeOid: number;
  /** Whether the table's column may be null; undefined for what is no column of a table. */
  readonly nullable: boolean | undefined;
}

/** Why PostgreSQL refuses a statement. */
export interface Refusal {
  readonly message: string;
  readonly hint: string | undefined;
  /** One-based, in characters. */
  readonly position: number;
}

const config = { hungarianNotation: false, failOnError: true };

/** pgtyped on a connection to the scratch database. */
export class Pgtyped {
  readonly #connection: AsyncQueue;
  readonly #generator: Generator;
  /** Rejects when the connection ends. */
  readonly #ended: Promise<never>;

  private constructor(connection: AsyncQueue, generator: Generator) {
    this.#connection = connection;
    this.#generator = generator;
    this.#ended = new Promise((_, reject) => {
      connection.socket.once("close", () => {
        reject(new Error("The connection to the scratch database was lost."));
      });
    });
    // Avoids an unhandled rejection; statements that wait are rejected.
    this.#ended.catch(() => {});
  }

  static async open(connectionString: string): Promise<Pgtyped> {
    const place = new URL("./generator.js", import.meta.resolve("@pgtyped/cli/lib"));
    const generator = (await import(place.href)) as Generator;
    const connection = new AsyncQueue();
    await new Promise<void>((resolve, reject) => {
      // Its client listens to no error of its socket, which would end the process.
      connection.socket.on("error", reject);
      startup(connectionOptions(connectionString), connection).then(resolve, reject);
    });
    return new Pgtyped(connection, generator);
  }

  /** Asks the server of a statement. pgtyped names types without their schemas, so their OIDs are asked for, too. */
  describe(statement: InterpolatedQuery): Promise<Description | Refusal> {
    // pgtyped's client waits for its answer without end.
    return Promise.race([this.#describe(statement), this.#ended]);
  }

  async #describe(statement: InterpolatedQuery): Promise<Description | Refusal> {
    const types = await getTypes(statement, this.#connection);
    const data = await getTypeData(statement.query, this.#connection);
    const refusal = [types, data].find((answer) => "errorCode" in answer);
    if (refusal !== undefined && "errorCode" in refusal) {
      const { message, hint, position } = refusal;
      return { message, hint, position: Number(position ?? 1) };
    }
    if ("errorCode" in types || "errorCode" in data) throw new Error("pgtyped's answers differ.");
    const columns = types.returnTypes.map(({ returnName: name, nullable }, index) => {
      return { name, typeOid: data.fields[index]?.typeOID ?? 0, nullable };
    });
    return { parameterOids: data.params.map(({ oid }) => oid), columns, types };
  }

  /** Declarations of a query's `…Params`, `…Result` and `…Query` types. */
  declare(ast: SQLQueryAST, description: Description, types: TypeScriptTypes): Promise<string> {
    const allocator: TypeAllocator = {
      errors: [],
      use: (oid, scope) =>
        scope === "parameter" ? types.ofParameter(Number(oid)) : types.ofResult(Number(oid)),
    };
    return this.#generator.queryToTypeDeclarations(
      { ast, mode: this.#generator.ProcessingMode.SQL },
      () => Promise.resolve(withOids(description)),
      allocator,
      config,
    );
  }

  close(): void {
    this.#connection.socket.destroy();
  }
}

/** With OIDs for types. The generator puts a column's name between quotes as it is. */
function withOids({ types, parameterOids, columns }: Description): IQueryTypes {
  return {
    returnTypes: types.returnTypes.map((column, index) => ({
      ...column,
      returnName: JSON.stringify(column.returnName).slice(1, -1),
      type: String(columns[index]?.typeOid),
    })),
    paramMetadata: { ...types.paramMetadata, params: parameterOids.map(String) },
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
