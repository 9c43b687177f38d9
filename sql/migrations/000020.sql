create schema if not exists graphile_worker;
