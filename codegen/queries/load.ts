import type { Problem } from "../problem.js";
import { readSources } from "../read.js";
import { reservedWords } from "./names.js";

/** One annotated file of queries about one subject. */
export interface SqlFile {
  /** File name without its extension: the subject. */
  readonly subject: string;
  /** Path relative to the project's root, with forward slashes. */
  readonly relativePath: string;
  readonly text: string;
  readonly annotations: readonly Annotation[];
}

/** What stands before a query. */
export interface Annotation {
  readonly name: string;
  /** The query's purpose; empty when it has none. */
  readonly doc: string;
  /** One-based line of the name. */
  readonly line: number;
}

const comment = String.raw`\/\*(?:(?!\*\/)[\s\S])*\*\/`;
/** pgtyped allows no prose in the comment that holds `@name`, so the purpose is the comment before. */
const annotation = new RegExp(String.raw`(?<doc>${comment}\s*)?\/\*\s*@name\s+(?<name>\w+)`, "gu");
const queryName = /^[a-z][A-Za-z0-9]*$/u;

/** Reads every `.sql` file of a folder, in the order of their names. */
export async function loadSqlFiles(
  root: string,
  folder: string,
  setting: string,
): Promise<{ files: SqlFile[]; problems: Problem[] }> {
  const { files, problems } = await readSources({
    root,
    folder,
    extension: ".sql",
    hint: `Create the folder, or set \`${setting}\` in taskwright.config.json.`,
  });
  return {
    files: files.map(({ name, relativePath, text: given }) => {
      const text = given.replace(/^\uFEFF/u, "").replaceAll("\r\n", "\n");
      return { subject: name, relativePath, text, annotations: readAnnotations(text) };
    }),
    problems,
  };
}

/** A query's purpose is the comment right before its annotation. */
function readAnnotations(text: string): Annotation[] {
  return [...text.matchAll(annotation)].map(({ 0: match, index, groups }) => {
    const doc = (groups?.["doc"] ?? "")
      .trim()
      .replace(/^\/\*+/u, "")
      .replace(/\*\/$/u, "");
    const lines = doc.split("\n").map((line) => line.replace(/^\s*\*?\s?/u, "").trimEnd());
    return {
      name: groups?.["name"] ?? "",
      doc: lines.join("\n").trim(),
      line: text.slice(0, index + match.length).split("\n").length,
    };
  });
}

/** What codegen writes beside a module for each file of queries. */
const ownFiles = ["index", "query"];

/** What can be said of the files before a database sees them. */
export function lintSqlFiles(files: readonly SqlFile[]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const { subject, relativePath, annotations } of files) {
    if (ownFiles.includes(subject)) {
      problems.push({
        file: relativePath,
        rule: "query-file",
        message: `The generated module would be ${subject}.ts, which codegen writes for all queries.`,
        hint: "Rename the file.",
      });
    }
    for (const { name, doc, line } of annotations) {
      const at = { file: relativePath, line };
      const other = seen.get(name);
      if (other !== undefined) {
        problems.push({
          ...at,
          rule: "duplicate-query",
          message: `Query ${name} is also defined in ${other}.`,
          hint: "Rename one of the two.",
        });
      }
      if (!queryName.test(name)) {
        problems.push({
          ...at,
          rule: "query-name",
          message: `Query ${name} is not named in camelCase.`,
          hint: "Start with a lower-case letter and use letters and digits only.",
        });
      }
      if (name === "queries" || reservedWords.includes(name)) {
        problems.push({
          ...at,
          rule: "query-name",
          message: `Query ${name} has a name that the generated code can't use.`,
          hint: "Rename it, such as to a verb with its object.",
        });
      }
      if (doc === "") {
        problems.push({
          ...at,
          rule: "query-purpose",
          message: `Query ${name} has no line of purpose.`,
          hint: "Write it as a comment of its own, right before the one that holds its @name.",
        });
      }
      seen.set(name, `${relativePath}:${line}`);
    }
  }
  return problems;
}
