interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const fields: readonly Field[] = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day of the month", min: 1, max: 31 },
  { name: "month", min: 1, max: 12 },
  { name: "day of the week", min: 0, max: 7 },
];

/** As graphile-worker's crontab has it: a range has no step there. */
const part = /^(?:\*(?:\/(?<step>\d+))?|(?<from>\d+)(?:-(?<to>\d+))?)$/u;

/**
 * What is wrong with a schedule of five fields, or six with the seconds first; or nothing. Options
 * (`?tz=Europe/Paris`) and a payload may follow; the scheduler checks them when it is made.
 */
export function cronFault(schedule: string): string | undefined {
  const words = schedule.split(/\s+/u).filter((word) => word !== "");
  const end = words.findIndex((word) => word.startsWith("?") || word.startsWith("{"));
  const given = end < 0 ? words : words.slice(0, end);
  if (given.length !== 5 && given.length !== 6) {
    return `it has ${given.length} fields instead of 5, or 6 with the seconds first`;
  }
  const expected = fields.slice(-given.length);
  const faults = given.flatMap((text, index) => {
    const field = expected[index];
    return field === undefined || text.split(",").every((item) => isPart(item, field))
      ? []
      : [`"${text}" is no ${field.name} (${field.min} to ${field.max})`];
  });
  return faults.length === 0 ? undefined : faults.join("; ");
}

function isPart(text: string, { min, max }: Field): boolean {
  const groups = part.exec(text)?.groups;
  if (groups === undefined) return false;
  const from = Number(groups["from"] ?? min);
  const to = Number(groups["to"] ?? groups["from"] ?? max);
  const isRange = groups["to"] === undefined || from < to;
  return from >= min && to <= max && isRange && Number(groups["step"] ?? 1) >= 1;
}
