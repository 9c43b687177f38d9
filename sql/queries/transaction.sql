/* Begins a transaction of the connection's default kind. */
/* @name beginTransaction */
begin;

/* Begins one whose every statement sees what was committed before it, whatever the default is. */
/* @name beginReadCommitted */
begin isolation level read committed;

/* Lets the server end the transaction, and free its locks, when it hears nothing for so long: its client may be gone. */
/* @name limitIdleTime */
select pg_catalog.set_config('idle_in_transaction_session_timeout', :limit!, true) as "limit!";

/* Commits; the answer's command is ROLLBACK when a statement of the transaction had failed. */
/* @name commitTransaction */
commit;

/* Undoes the transaction. */
/* @name rollbackTransaction */
rollback;

/* The isolation of a statement that is a transaction of its own. */
/* @name readDefaultIsolation */
select current_setting('default_transaction_isolation') as "isolation!";

/* Whether a connection is inside a transaction block. Send it without parameters. */
/* @name isInTransaction */
select now() < statement_timestamp() as "isInTransaction!";

/* The transaction that this runs in: the same twice in a row means that it goes on. */
/* @name readTransactionId */
select txid_current()::text as "id!";

/* Marks a place in a transaction to go back to; of several of one name the latest counts. */
/* @name setSavepoint */
savepoint taskwright;

/* Forgets the latest mark and keeps what was done since. */
/* @name releaseSavepoint */
release savepoint taskwright;

/* Undoes what was done since the latest mark, which stays. */
/* @name rollbackToSavepoint */
rollback to savepoint taskwright;
