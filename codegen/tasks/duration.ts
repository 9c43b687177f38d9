const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** How a duration may be written, for messages. */
export const durationForms =
  'a number of milliseconds above 0, or a string such as "500ms", "30s", "5m", "1h30m" or "2d"';

/** `setTimeout` fires at once past this. */
const maxTimeoutMs = 2_147_483_647;

/** Milliseconds of a duration in a file; undefined when it is none, or not one a timer can keep. */
export function parseDuration(value: unknown): number | undefined {
  const ms = typeof value === "string" ? parseText(value) : value;
  if (typeof ms !== "number" || !Number.isInteger(ms)) return undefined;
  return ms >= 1 && ms <= maxTimeoutMs ? ms : undefined;
}

function parseText(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/u.test(text)) return undefined;
  const parts = [...text.matchAll(/(?<count>\d+(?:\.\d+)?)(?<unit>ms|[smhd])/gu)];
  const units = parts.map(({ groups }) => groups?.["unit"] ?? "");
  if (new Set(units).size !== units.length) return undefined;
  const total = parts.reduce(
    (sum, { groups }) => sum + Number(groups?.["count"]) * (unitMs[groups?.["unit"] ?? ""] ?? 0),
    0,
  );
  return Math.round(total);
}
