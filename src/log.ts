import { refuseOption } from "./options.js";

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

/** @throws TaskwrightError `OPTION_INVALID` */
export function checkLogger(owner: string, logger: Partial<Logger> | null): void {
  const levels = ["debug", "info", "warn", "error"] as const;
  if (levels.every((level) => typeof logger?.[level] === "function")) return;
  refuseOption(owner, "logger", `an object with the methods ${levels.join(", ")}`);
}
