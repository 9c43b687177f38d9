/* The server's version as a number, such as 180004. */
/* @name serverVersion */
select current_setting('server_version_num')::int as "version!";

/* Writes the revisions that graphile-worker 0.18 leaves behind into the ledger. */
/* @name recordRevisions */
insert into graphile_worker.migrations (id, breaking)
select id, id = any (:breaking!::int[])
from generate_series(1, :latest!::int) as id
on conflict (id) do update set breaking = excluded.breaking
where migrations.breaking <> excluded.breaking
returning id;
