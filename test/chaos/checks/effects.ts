import type { Check } from "../history/history.js";

/** What a handler wrote in the transaction that completed its job is there once, or, undone, not. */
export const checkEffects: Check = ({ effects, requests, failedRows }) => {
  const failed = new Set([...failedRows.values()].flatMap((row) => row.requests));
  return [...effects].flatMap(([name, count]) => {
    const request = requests.get(name);
    const lines = request === undefined ? [] : [request.line];
    const violation = (message: string) => [{ check: "effects", message, lines }];
    if (count !== 1) return violation(`the effect of request ${name} happened ${count} times`);
    if (request?.state === "refused") {
      return violation(`the effect of request ${name} happened, though it was rolled back`);
    }
    return failed.has(name)
      ? violation(`the effect of request ${name} happened, but its job is still there and failed`)
      : [];
  });
};
