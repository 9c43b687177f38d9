const form = /^(?:\d+[smhdw])+$/u;

const periods: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * The milliseconds of a time phrase such as `1d` or `4w3d2h1m`, whose parts may come in any order and
 * more than once; undefined for another text.
 * Source: graphile-worker's crontab.
 */
export function readTimePhrase(phrase: string): number | undefined {
  if (!form.test(phrase)) return undefined;
  const parts = Array.from(phrase.matchAll(/(\d+)([smhdw])/gu));
  return parts.reduce(
    (sum, [, count, period = ""]) => sum + Number(count) * (periods[period] ?? 0),
    0,
  );
}
