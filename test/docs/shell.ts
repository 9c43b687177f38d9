/** The command lines of a shell block: comments left out, continued lines joined. */
export function commandLines(text: string): string[][] {
  return text
    .replaceAll(/\\\n\s*/gu, " ")
    .split("\n")
    .map(splitWords)
    .filter((words) => words.length > 0);
}

/** Splits as a shell does, as far as the pages need it: quotes, and `#` for the rest of the line. */
function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const [word, single, double] of line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/gu)) {
    if (word.startsWith("#")) break;
    words.push(single ?? double ?? word);
  }
  return words;
}

/** What `taskwright` is run with; undefined for another program's line. */
export function taskwrightArguments(words: readonly string[]): readonly string[] | undefined {
  const rest = words[0] === "npx" ? words.slice(1) : words;
  return rest[0] === "taskwright" ? rest.slice(1) : undefined;
}
