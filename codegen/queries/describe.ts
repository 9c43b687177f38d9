import { Client, DatabaseError, type Connection, type FieldDef, type Submittable } from "pg";

/** What PostgreSQL says of a statement without running it. */
export interface Description {
  /** The OID of each parameter's type. */
  readonly parameters: readonly number[];
  readonly columns: readonly DescribedColumn[];
}

export interface DescribedColumn {
  /** As the statement names it, with a mark such as `!`. */
  readonly name: string;
  readonly typeOid: number;
  /** Whether the table's column may be null; undefined for what is no column of a table. */
  readonly nullable: boolean | undefined;
  readonly comment: string | null;
}

/** Why PostgreSQL refuses a statement. */
export interface Refusal {
  readonly message: string;
  readonly hint: string | undefined;
  /** One-based, in characters. */
  readonly position: number;
}

/** Asks a scratch database about statements. */
export class Describer {
  readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  static async open(connectionString: string): Promise<Describer> {
    const client = new Client({ connectionString });
    // Else a connection that is lost between two statements ends the process; the next one tells.
    client.on("error", () => {});
    await client.connect();
    return new Describer(client);
  }

  async describe(statement: string): Promise<Description | Refusal> {
    const answer = await this.#ask(statement);
    if ("message" in answer) return answer;
    return { parameters: answer.parameters, columns: await this.#complete(answer.fields) };
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  #ask(statement: string): Promise<Answer | Refusal> {
    return new Promise((resolve, reject) => {
      this.client.query(new DescribeStatement(statement, resolve, reject));
    });
  }

  /** Adds what the catalogue knows of the table's columns. */
  async #complete(fields: readonly FieldDef[]): Promise<DescribedColumn[]> {
    const known = await this.client.query<{
      position: number;
      nullable: boolean;
      comment: string | null;
    }>(
      `select given.position::int, not attribute.attnotnull as nullable,
         pg_catalog.col_description(attribute.attrelid, attribute.attnum) as comment
       from unnest($1::oid[], $2::int[]) with ordinality as given (relation, number, position)
       join pg_catalog.pg_attribute as attribute
         on attribute.attrelid = given.relation and attribute.attnum = given.number`,
      [fields.map(({ tableID }) => tableID), fields.map(({ columnID }) => columnID)],
    );
    const byPosition = new Map(known.rows.map((row) => [row.position, row]));
    return fields.map(({ name, dataTypeID }, index) => {
      const column = byPosition.get(index + 1);
      const { nullable, comment = null } = column ?? {};
      return { name, typeOid: dataTypeID, nullable, comment };
    });
  }
}

interface Answer {
  readonly parameters: readonly number[];
  readonly fields: readonly FieldDef[];
}

/** Prepares a statement and has it described, which pg offers no method for; pg calls its handlers. */
class DescribeStatement implements Submittable {
  readonly #statement: string;
  readonly #resolve: (answer: Answer | Refusal) => void;
  readonly #reject: (error: Error) => void;
  #answer: Answer = { parameters: [], fields: [] };
  readonly #onParameters = ({ dataTypeIDs }: { dataTypeIDs: readonly number[] }): void => {
    this.#answer = { ...this.#answer, parameters: dataTypeIDs };
  };

  constructor(
    statement: string,
    resolve: (answer: Answer | Refusal) => void,
    reject: (error: Error) => void,
  ) {
    this.#statement = statement;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): void {
    // The only message of these that pg's client doesn't hand on.
    connection.on("parameterDescription", this.#onParameters);
    connection.parse({ name: "", text: this.#statement, types: [] }, true);
    connection.describe({ type: "S", name: "" }, true);
    connection.sync();
  }

  handleRowDescription({ fields }: { fields: readonly FieldDef[] }): void {
    this.#answer = { ...this.#answer, fields };
  }

  /** pg calls nothing more after an error. */
  handleError(error: Error, connection: Connection): void {
    connection.off("parameterDescription", this.#onParameters);
    if (!(error instanceof DatabaseError) || error.severity === "FATAL") {
      this.#reject(error);
      return;
    }
    const { message, hint, position } = error;
    this.#resolve({ message, hint, position: Number(position ?? 1) });
  }

  handleReadyForQuery(connection: Connection): void {
    connection.off("parameterDescription", this.#onParameters);
    this.#resolve(this.#answer);
  }
}
