export { inspectSchema } from "./inspect.js";
export { migrate, type MigrateOptions, type MigrateResult } from "./migrate.js";
export { isUsable, type SchemaState, type SchemaStatus } from "./state.js";
export { uninstall, type UninstallResult } from "./uninstall.js";
