import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** The largest file that codegen reads. A schema or a query is a thousand times smaller. */
const maxBytes = 16 * 1024 * 1024;

/** What is at a path isn't a file that can be read to its end. */
export class NotRegular extends Error {}

/**
 * Reads a regular file of moderate size.
 * @throws NotRegular for a named pipe, a socket, a device or a folder, none of which need ever end, and
 * for a file that is too large. Other errors are those of the file system.
 */
export async function readRegular(file: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a named pipe waits for a process that writes to it.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (error: unknown) => {
      throw codeOf(error) === "ENXIO" ? new NotRegular("It is a socket, not a file") : error;
    },
  );
  try {
    const stats = await handle.stat();
    if (stats.isFIFO()) throw new NotRegular("It is a named pipe, not a file");
    if (!stats.isFile()) throw new NotRegular("It is a device or a folder, not a file");
    if (stats.size > maxBytes) {
      throw new NotRegular(`It has ${stats.size} bytes, and at most ${maxBytes} are read`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The code of a system error. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
