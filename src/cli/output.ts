import { types } from "node:util";
import { paint, printable, type Terminal } from "./terminal.js";

/** What a command line says of how results are shown. */
export interface OutputFlags {
  readonly json?: boolean;
}

/** Prints a result: as one JSON object, or the way that `show` does for people. */
export function printResult(
  terminal: Terminal,
  { json = false }: OutputFlags,
  result: object,
  show: () => void,
): void {
  if (json) terminal.out(JSON.stringify({ ok: true, ...result }));
  else show();
}

/** A column of a table: its head and what it says of a row; null shows as nothing. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string | number | Date | null;
  readonly isNumber?: boolean;
}

const gap = "  ";

/**
 * Prints rows: on a terminal as an aligned table, cut to its width; elsewhere as lines whose fields
 * are separated by tabs, the first being the heads, which `cut` and `awk` take as they are.
 */
export function printTable<Row>(
  terminal: Terminal,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  const lines = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map(({ cell }) => format(terminal, cell(row)))),
  ];
  if (terminal.columns === undefined) {
    for (const cells of lines) terminal.out(cells.join("\t"));
    return;
  }
  const widths = columns.map((_, index) =>
    lines.reduce((width, cells) => Math.max(width, widthOf(cells[index])), 0),
  );
  for (const [index, cells] of lines.entries()) {
    const text = cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, columns[column]?.isNumber ?? false))
      .join(gap);
    const shown = cut(text.trimEnd(), terminal.columns);
    terminal.out(index === 0 ? paint(terminal, "bold", shown) : shown);
  }
}

/** Prints the facts of one thing, a line each. */
export function printFacts(
  terminal: Terminal,
  facts: Readonly<Record<string, string | number | Date | null>>,
): void {
  const shown = Object.entries(facts).filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  for (const [name, value] of shown) {
    const label = terminal.columns === undefined ? `${name}\t` : `${name.padEnd(width)}${gap}`;
    terminal.out(`${paint(terminal, "bold", label)}${format(terminal, value)}`);
  }
}

/** `1 job`, `2 jobs`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function format({ columns }: Terminal, value: string | number | Date | null): string {
  if (value === null) return "";
  if (types.isDate(value)) {
    const iso = value.toISOString();
    // For people: fractions of a second are left out.
    return columns === undefined ? iso : iso.replace("T", " ").replace(/\.\d+Z$/u, "Z");
  }
  return typeof value === "number" ? String(value) : printable(value);
}

function widthOf(text = ""): number {
  return Array.from(text).length;
}

function pad(text: string, width: number, isNumber: boolean): string {
  const spaces = " ".repeat(width - widthOf(text));
  return isNumber ? spaces + text : text + spaces;
}

function cut(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}
