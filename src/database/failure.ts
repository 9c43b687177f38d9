/** Classes (two characters) and codes of SQLSTATEs after which the same statement may succeed. */
const transientStates = [
  "08", // connection exceptions
  "25006", // read-only: a fail-over is under way, or the server is still a standby
  "25P03", // idle_in_transaction_session_timeout
  "40001", // serialization failure
  "40P01", // deadlock
  "53", // insufficient resources, too many connections among them
  "55P03", // lock not available
  "57014", // query cancelled, such as by statement_timeout
  "57P01", // admin shutdown
  "57P02", // crash shutdown
  "57P03", // cannot connect now
  "57P05", // idle_session_timeout
  "58", // system error outside of PostgreSQL
];

const transientSystemCodes = new Set([
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENOENT", // a Unix socket whose server isn't up yet
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
]);

/** The driver gives these errors no code, so that the message is all there is to go by. */
const driverMessages =
  /^(Connection terminated|Client (has encountered a connection error|was closed)|Query read timeout|timeout exceeded when trying to connect|timeout expired)/u;

/** PostgreSQL's five characters for what went wrong, whichever driver threw it. */
export function sqlState(error: unknown): string | undefined {
  const code = errorCode(error);
  return code !== undefined && /^[0-9A-Z]{5}$/u.test(code) && !isSystemCode(code)
    ? code
    : undefined;
}

/**
 * Whether a failure is of the moment (a lost connection, a restart, a deadlock) rather than of the
 * statement: then it is right to try again, once the connection or the transaction is a new one.
 */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return transientStates.some((prefix) => state.startsWith(prefix));
  const code = errorCode(error);
  if (code !== undefined && transientSystemCodes.has(code)) return true;
  if (error instanceof AggregateError) return error.errors.some(isTransient);
  return error instanceof Error && driverMessages.test(error.message);
}

/**
 * Whether a failure leaves the connection unfit for further use.
 * A server that turned read-only counts: a new connection may reach the one that took over.
 */
export function breaksConnection(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return isTransient(error);
  return /^(08|25006|25P03|57P)/u.test(state);
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** EPIPE would pass for a SQLSTATE. */
function isSystemCode(code: string): boolean {
  return transientSystemCodes.has(code) || /^E[A-Z]+$/u.test(code);
}
