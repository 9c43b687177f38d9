import type { Logger } from "../log.js";
import { toLoggable, type Details } from "./log-details.js";
import { paint, printable, type Style, type Terminal } from "./terminal.js";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** Messages below it are left out. */
  readonly level: LogLevel;
  /** A JSON object a line, for programs, or lines for people. */
  readonly isJson: boolean;
}

const styles: Readonly<Record<LogLevel, Style>> = {
  debug: "dim",
  info: "green",
  warn: "yellow",
  error: "red",
};

/** A logger that writes to the terminal's error stream. */
export function createLogger(terminal: Terminal, { level, isJson }: LoggerOptions): Logger {
  const format = isJson ? formatJson : formatLine;
  const log = (of: LogLevel) => {
    if (logLevels.indexOf(of) < logLevels.indexOf(level)) return () => {};
    return (message: string, details: Details = {}) =>
      terminal.err(format(terminal, of, message, details));
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function formatJson(_terminal: Terminal, level: LogLevel, message: string, details: Details) {
  return JSON.stringify({ time: new Date(), level, message, ...toLoggable(details) });
}

function formatLine(terminal: Terminal, level: LogLevel, message: string, details: Details) {
  const time = new Date().toISOString().slice(11, 19);
  const facts = Object.entries(toLoggable(details)).map(
    ([name, value]) => `${name}=${show(value)}`,
  );
  const label = paint(terminal, styles[level], level.padEnd(5));
  const shown = paint(terminal, "dim", printable(facts.join(" ")));
  return `${paint(terminal, "dim", time)} ${label} ${printable(message)} ${shown}`.trimEnd();
}

function show(value: unknown): string {
  if (typeof value === "string")
    return /^[\w.:@/+-]+$/u.test(value) ? value : JSON.stringify(value);
  if (typeof value === "object" && value !== null && "message" in value) {
    return JSON.stringify(value.message);
  }
  return JSON.stringify(value) ?? String(value);
}
