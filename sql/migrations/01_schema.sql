-- Not for a schema that is there: even with `if not exists` this needs the right to create schemas.

create schema graphile_worker;
