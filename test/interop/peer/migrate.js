// Migrates a schema with the given package: graphile-worker, graphile-worker-0.17 or -0.16.
const [packageName, connectionString, schema] = process.argv.slice(2);
const { runMigrations } = await import(packageName);
await runMigrations({ connectionString, schema });
process.exit();
