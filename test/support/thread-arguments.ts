/** What Node needs in a thread to run the package's sources. */
export const threadArguments: readonly string[] = [
  "--conditions=taskwright-source",
  "--import",
  new URL("./tsx-thread.mjs", import.meta.url).href,
];
