import { readProperty } from "../thrown.js";

/** PostgreSQL's word for what others have locked for longer than the statement would wait. */
export const lockedState = "55P03";

/** Classes (two characters) and codes of SQLSTATEs after which the same statement may succeed. */
const transientStates = [
  "08", // connection exceptions
  "25006", // read-only: a fail-over is under way, or the server is still a standby
  "25P03", // idle_in_transaction_session_timeout
  "40001", // serialization failure
  "40P01", // deadlock
  "53", // insufficient resources, too many connections among them
  lockedState,
  "57014", // query cancelled, such as by statement_timeout
  "57P01", // admin shutdown
  "57P02", // crash shutdown
  "57P03", // cannot connect now
  "57P05", // idle_session_timeout
  "58", // system error outside of PostgreSQL
];

/** Codes of Node, and of drivers that have some for a connection that was lost or never made. */
const transientCodes = new Set([
  "CONNECTION_CLOSED", // postgres
  "CONNECTION_DESTROYED", // postgres
  "CONNECT_TIMEOUT", // postgres
  "ConnectionClosed", // Prisma
  "DatabaseNotReachable", // Prisma
  "SocketTimeout", // Prisma
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

/** `pg` gives these errors no code, so that the message is all there is to go by. */
const driverMessages =
  /^(Connection terminated|Client (has encountered a connection error|was closed)|Query read timeout|timeout exceeded when trying to connect|timeout expired)/u;

/** What PostgreSQL said of a statement. */
export interface ServerFailure {
  /** The SQLSTATE: five characters that tell what went wrong. */
  readonly state: string;
  /** PostgreSQL's own words, without what wrappers add, such as parameters. */
  readonly message: string;
}

/** What PostgreSQL said, whichever driver or wrapper of one threw it. */
export function serverFailure(error: unknown): ServerFailure | undefined {
  for (const layer of layersOf(error)) {
    // Prisma's adapter has a code of its own beside the original one.
    const state = [layer.originalCode, layer.code].find(isState);
    if (state === undefined) continue;
    const message = [layer.originalMessage, layer.message].find((text) => typeof text === "string");
    return { state, message: message ?? "" };
  }
  return undefined;
}

/** PostgreSQL's five characters for what went wrong, whichever driver threw it. */
export function sqlState(error: unknown): string | undefined {
  return serverFailure(error)?.state;
}

/**
 * Whether a failure is of the moment (a lost connection, a restart, a deadlock) rather than of the
 * statement: then it is right to try again, once the connection or the transaction is a new one.
 */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return transientStates.some((prefix) => state.startsWith(prefix));
  return layersOf(error).some(({ code, kind, message, errors }) => {
    if ([code, kind].some((name) => typeof name === "string" && transientCodes.has(name)))
      return true;
    if (Array.isArray(errors) && errors.some(isTransient)) return true;
    return typeof message === "string" && driverMessages.test(message);
  });
}

/** What drivers say of a pool, a connection or a transaction that its owner ended. */
const endedCodes = new Set(["CONNECTION_ENDED", "P2028"]);
const endedMessages =
  /^(Cannot use a pool after calling end|Client was closed|Unable to acquire a connection|Transaction query already complete|driver has already been destroyed|aborted$)/u;

/** Whether there is no connection, for whatever reason, or no longer the one that was asked. */
export function losesConnection(error: unknown): boolean {
  if (breaksConnection(error)) return true;
  return layersOf(error).some(
    ({ code, message }) =>
      (typeof code === "string" && endedCodes.has(code)) ||
      (typeof message === "string" && endedMessages.test(message)),
  );
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

/** Whether the server answered and goes on, so that another statement may succeed. */
export function failsAlone(error: unknown): boolean {
  return sqlState(error) !== undefined && !breaksConnection(error);
}

/** Codes of a connection that was never made, so that nothing was sent. */
const unsentCodes = new Set([
  "57P03", // cannot connect now
  "CONNECT_TIMEOUT", // postgres
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ENOENT",
  "ENOTFOUND",
]);
const unsentMessages = /^(timeout exceeded when trying to connect|timeout expired)/u;

/** Whether a statement may have been carried out though it failed: its connection broke under it. */
export function losesAnswer(error: unknown): boolean {
  const isUnsent = layersOf(error).some(
    ({ code, message }) =>
      (typeof code === "string" && unsentCodes.has(code)) ||
      (typeof message === "string" && unsentMessages.test(message)),
  );
  return !isUnsent && breaksConnection(error);
}

/**
 * Classes of SQLSTATEs that concern a statement as a whole: the connection, the role, the schema, the
 * state of the transaction or of the server.
 */
const wholeClasses = /^(08|0L|0P|25|28|2D|3B|3D|3F|40|42|53|55|57|58|F0)/u;

/** Whether a statement failed because of its data, so that it may succeed with some of them left out. */
export function refusesData(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return !wholeClasses.test(state);
  // The client itself couldn't put the statement together, such as for its length.
  const name = readProperty(error, "name");
  return (name === "RangeError" || name === "TypeError") && !isTransient(error);
}

/** The fields that errors of drivers and of their wrappers may have. */
interface Layer {
  readonly code?: unknown;
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly originalCode?: unknown;
  readonly originalMessage?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
  readonly meta?: unknown;
}

const layerProperties = [
  "code",
  "kind",
  "message",
  "originalCode",
  "originalMessage",
  "errors",
  "cause",
  "meta",
] as const satisfies (keyof Layer)[];

/** Deeper than any wrapper goes; causes may form a circle. */
const maxLayers = 10;

/** An error and those that it wraps: the cause, or what Prisma keeps in `meta`. */
function layersOf(error: unknown): Layer[] {
  const layers: Layer[] = [];
  let layer = error;
  while (typeof layer === "object" && layer !== null && layers.length < maxLayers) {
    const read = readLayer(layer);
    layers.push(read);
    const { meta, cause } = read;
    layer = readProperty(meta, "driverAdapterError") ?? cause ?? meta;
  }
  return layers;
}

/** A copy, so that nothing else reads an error whose properties may throw. */
function readLayer(error: object): Layer {
  return Object.fromEntries(layerProperties.map((name) => [name, readProperty(error, name)]));
}

/** Neither EPIPE and its kind nor Prisma's own codes (P2010), which look alike. */
function isState(code: unknown): code is string {
  return typeof code === "string" && /^(?!E[A-Z]{4}|P[1-9])[0-9A-Z]{5}$/u.test(code);
}
