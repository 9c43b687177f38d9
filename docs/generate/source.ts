import path from "node:path";
import { Node, Project, type JSDoc, type JSDocableNode, type SourceFile } from "ts-morph";

export const repository = path.resolve(import.meta.dirname, "../..");

/** The sources of the package, as the compiler sees them. */
export function openSources(): Project {
  return new Project({
    tsConfigFilePath: path.join(repository, "tsconfig.build.json"),
    compilerOptions: { customConditions: ["taskwright-source"] },
  });
}

export function openFile(project: Project, file: string): SourceFile {
  return project.getSourceFileOrThrow(path.join(repository, file));
}

/** What a declaration's doc comment says before its tags, in one line. */
export function describe(node: Node): string {
  const docs = docsOf(node);
  const text = docs.map((doc) => doc.getDescription()).join(" ");
  return oneLine(text);
}

function docsOf(node: Node): JSDoc[] {
  const declaration = Node.isVariableDeclaration(node) ? node.getVariableStatement() : node;
  return declaration !== undefined && Node.isJSDocable(declaration)
    ? (declaration as JSDocableNode).getJsDocs()
    : [];
}

function oneLine(text: string): string {
  return text
    .replaceAll(/\{@link ([^}]+)\}/gu, "`$1`")
    .replaceAll(/\s+/gu, " ")
    .trim();
}

/** The first sentence of a text. */
export function firstSentence(text: string): string {
  const end = /[.](?=\s|$)/u.exec(text);
  return end === null ? text : text.slice(0, end.index + 1);
}

/** A row of a table. */
export function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

export function table(head: readonly string[], rows: readonly string[]): string {
  return [row(...head), row(...head.map(() => "---")), ...rows].join("\n");
}
