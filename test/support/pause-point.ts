import type { Pool, PoolClient } from "pg";
import { eventually } from "./wait.js";

const lock = 7_777;

/**
 * A place inside a SQL function at which every caller waits until the test lets it go on. What other
 * connections do meanwhile happens, for the waiting statement, between two of its steps.
 */
export class PausePoint {
  readonly #holder: PoolClient;
  readonly #pool: Pool;

  private constructor(holder: PoolClient, pool: Pool) {
    this.#holder = holder;
    this.#pool = pool;
  }

  /**
   * Puts `and` and the wait behind each place in the schema's functions that matches. A condition that
   * costs much is evaluated after those that cost little.
   */
  static async behind(pool: Pool, place: RegExp): Promise<PausePoint> {
    await pool.query(`
      create or replace function public.pause_point() returns boolean language plpgsql as $$
      begin
        perform pg_advisory_xact_lock_shared(${lock});
        return true;
      end;
      $$`);
    const { rows } = await pool.query<{ definition: string }>(
      `select pg_get_functiondef(oid) as definition from pg_proc
      where pronamespace = 'graphile_worker'::regnamespace and prokind = 'f'`,
    );
    const paused = rows.flatMap(({ definition }) => {
      const changed = definition.replace(place, "$& and public.pause_point()");
      return changed === definition ? [] : [changed];
    });
    if (paused.length === 0) throw new Error(`No function has a place like ${place.source}.`);
    for (const definition of paused) await pool.query(definition);
    const holder = await pool.connect();
    await holder.query(`select pg_advisory_lock(${lock})`);
    return new PausePoint(holder, pool);
  }

  /** Resolves when so many callers wait. */
  async reached(callers = 1): Promise<void> {
    await eventually(async () => {
      const { rowCount } = await this.#pool.query(
        `select from pg_locks
        where locktype = 'advisory' and objid = ${lock} and not granted
        and database = (select oid from pg_database where datname = current_database())`,
      );
      return rowCount === callers;
    }, "the pause point");
  }

  /** Lets all callers go on, now and from then on. */
  async release(): Promise<void> {
    await this.#holder.query(`select pg_advisory_unlock(${lock})`);
    this.#holder.release();
  }
}
