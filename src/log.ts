import { withMethods, type Rule } from "./option-rules.js";

/** Any logger with these four methods fits: pino, winston, console. */
export interface Logger {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing. */
export const silentLogger: Logger = Object.freeze({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
});

/** The rule of an option that takes a logger. */
export const loggerRule = (): Rule<Logger> =>
  withMethods<Logger>(
    "an object with the methods debug, info, warn, error",
    "debug",
    "info",
    "warn",
    "error",
  );
