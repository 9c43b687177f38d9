/** What became of a mutant. `invalid` ones can't even be installed, and don't count. */
export type Verdict = "killed" | "survived" | "timeout" | "uncovered" | "invalid";

export interface Result {
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly before: string;
  readonly after: string;
  readonly verdict: Verdict;
}

/** The share of mutants that a test noticed, in percent; undefined without any. */
export function scoreOf(results: readonly Result[]): number | undefined {
  const counted = results.filter(({ verdict }) => verdict !== "invalid");
  const noticed = counted.filter(({ verdict }) => verdict === "killed" || verdict === "timeout");
  return counted.length === 0 ? undefined : (noticed.length / counted.length) * 100;
}

/** A line for each file, one for all, and each mutant that no test noticed. */
export function formatReport(results: readonly Result[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const rows = files.map((file) =>
    formatScore(
      file,
      results.filter((r) => r.file === file),
    ),
  );
  const unnoticed = results.filter(
    ({ verdict }) => verdict === "survived" || verdict === "uncovered",
  );
  return [
    ...unnoticed.map(formatMutant),
    "",
    ...rows,
    ...(files.length > 1 ? [formatScore("all", results)] : []),
  ].join("\n");
}

function formatScore(name: string, results: readonly Result[]): string {
  const count = (verdict: Verdict) => results.filter((r) => r.verdict === verdict).length;
  const score = scoreOf(results);
  const verdicts = ["killed", "timeout", "survived", "uncovered", "invalid"] as const;
  const counts = verdicts.map((verdict) => `${count(verdict)} ${verdict}`).join(", ");
  return `${name}: ${score === undefined ? "-" : `${score.toFixed(1)} %`} (${counts})`;
}

function formatMutant({ file, line, operator, before, after, verdict }: Result): string {
  return `${verdict}: ${file}:${line} ${operator}\n  - ${oneLine(before)}\n  + ${oneLine(after)}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim().slice(0, 160);
}
