import type { Pool } from "pg";

/** Makes a database that refuses to write some results, once it is told which. */
export async function installRefusals(pool: Pool): Promise<void> {
  await pool.query(
    `create table refused (what text, state text);
    create sequence turns;
    create function refuse() returns trigger language plpgsql set search_path = public as $$
    declare
      reason refused;
    begin
      select * into reason from refused
      where (tg_op = 'DELETE' and what = 'delete' and old.payload ->> 'n' = '7')
      or (tg_op = 'UPDATE' and old.locked_by is not null and (
        (what = 'text' and new.last_error like '%poison%')
        or (what = 'update' and old.payload ->> 'n' = '7')
      ))
      or (what = 'once' and (tg_op = 'DELETE' or old.locked_by is not null) and nextval('turns') = 1);
      if reason.state is not null then
        raise exception 'refused %', reason.what using errcode = reason.state;
      end if;
      return coalesce(new, old);
    end $$;
    create trigger refuse before update or delete on graphile_worker._private_jobs
    for each row execute function refuse()`,
  );
}

/**
 * From now on the database refuses something: `delete`, the completion of the job with 7 as its `n`;
 * `update`, any other result of it; `text`, errors with a word; `once`, the next result.
 */
export async function refuse(pool: Pool, what: string, state: string): Promise<void> {
  await pool.query("insert into refused values ($1, $2)", [what, state]);
}

export async function refuseNothing(pool: Pool): Promise<void> {
  await pool.query("delete from refused");
}
