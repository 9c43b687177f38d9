import { TaskwrightError } from "../errors.js";

/** Bytes of a payload as JSON text in UTF-8, unless the task says otherwise: 4 MiB. */
export const defaultMaxPayloadBytes = 4_194_304;

/** No character of a string takes more bytes in UTF-8. */
const maxBytesPerUnit = 3;

/**
 * Refuses a payload that is too large to be queued.
 * @param text The payload as JSON text.
 * @throws TaskwrightError `PAYLOAD_TOO_LARGE`
 */
export function checkPayloadSize(
  {
    identifier,
    maxPayloadBytes,
  }: { readonly identifier: string; readonly maxPayloadBytes: number },
  text: string,
): void {
  if (text.length * maxBytesPerUnit <= maxPayloadBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxPayloadBytes) return;
  throw new TaskwrightError(
    "PAYLOAD_TOO_LARGE",
    `The payload of task ${identifier} has ${bytes} bytes as JSON text, and may have ${maxPayloadBytes}. Store the data elsewhere and put a reference to it into the payload, or raise maxPayloadBytes in the task's x-task; split a batch by maxItems.`,
    { task: identifier, bytes, maxPayloadBytes },
  );
}
