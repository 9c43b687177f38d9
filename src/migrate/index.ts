export { inspectSchema } from "./inspect.js";
export {
  migrate,
  type MigrateOptions,
  type MigrateResult,
  type SchemaChangeOptions,
} from "./migrate.js";
export { isUsable, type SchemaState, type SchemaStatus } from "./state.js";
export type { LockHolder, LockOptions } from "./locks.js";
export { grantRole, revokeRole, type GrantOptions, type GrantResult } from "./roles.js";
export { uninstall, type UninstallResult } from "./uninstall.js";
