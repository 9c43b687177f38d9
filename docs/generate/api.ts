import { Node, type ExportedDeclarations, type Project } from "ts-morph";
import { describe, firstSentence, openFile, row, table } from "./source.js";

interface EntryPoint {
  readonly name: string;
  readonly file: string;
  readonly about: string;
}

const entryPoints: readonly EntryPoint[] = [
  {
    name: "taskwright",
    file: "src/index.ts",
    about:
      "Most of what an application uses is generated for its tasks: see [what codegen makes](tasks.md#a-task-is-a-file).",
  },
  {
    name: "taskwright/drivers",
    file: "src/drivers/index.ts",
    about:
      "Executors for other database libraries: see [adding jobs](enqueueing.md#in-your-transaction).",
  },
  {
    name: "taskwright/testing",
    file: "src/testing/index.ts",
    about: "For the tests of an application: see [testing](testing.md).",
  },
  {
    name: "taskwright/validation",
    file: "src/validation.ts",
    about: "What generated validators call at run time; nothing that you would import.",
  },
];

/** An export of an entry point. */
interface Export {
  readonly name: string;
  readonly kind: "Functions" | "Classes" | "Values" | "Types";
  readonly about: string;
}

const kinds: readonly Export["kind"][] = ["Functions", "Classes", "Values", "Types"];

/** The page that lists every public export, with the first sentence of its doc comment. */
export function writeApi(project: Project): string {
  const sections = entryPoints.flatMap(({ name, file, about }) => [
    `## \`${name}\``,
    about,
    ...writeExports(readExports(project, file)),
  ]);
  return [
    "# Every export",
    "Made from the doc comments of the source by `pnpm docs:generate`. Your editor shows the whole of them, with units, errors and where a behaviour comes from.",
    ...sections,
  ].join("\n\n");
}

function writeExports(exports: readonly Export[]): string[] {
  return kinds.flatMap((kind) => {
    const rows = exports.filter((each) => each.kind === kind);
    if (rows.length === 0) return [];
    return [
      `### ${kind}`,
      table(
        ["name", "what it is"],
        rows.map(({ name, about }) => row(`\`${name}\``, about)),
      ),
    ];
  });
}

function readExports(project: Project, file: string): Export[] {
  const declarations = [...openFile(project, file).getExportedDeclarations()];
  return declarations
    .map(([name, [declaration]]) => readExport(name, declaration))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readExport(name: string, declaration: ExportedDeclarations | undefined): Export {
  const about = declaration === undefined ? "" : firstSentence(describe(declaration));
  if (declaration === undefined || about === "") {
    throw new Error(`The export ${name} has no doc comment.`);
  }
  return { name, kind: kindOf(declaration), about };
}

function kindOf(declaration: ExportedDeclarations): Export["kind"] {
  if (Node.isFunctionDeclaration(declaration)) return "Functions";
  if (Node.isClassDeclaration(declaration)) return "Classes";
  return Node.isVariableDeclaration(declaration) ? "Values" : "Types";
}
