import path from "node:path";
import { fileURLToPath } from "node:url";
import { Project, ts, type SourceFile } from "ts-morph";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A value that is to be assigned to an exported type of a module. */
export interface Assignment {
  /** Path of the module; it need not be on disk if its text is given. */
  readonly module: string;
  readonly text?: string;
  readonly type: string;
  readonly value: unknown;
}

/** What TypeScript says of a set of assignments: undefined for accepted, else its error. */
export interface TypeVerdicts {
  /** In the order of the assignments. */
  readonly errors: readonly (string | undefined)[];
  /** Errors in the generated modules themselves. */
  readonly moduleErrors: readonly string[];
}

/** Checks all assignments in one program; each is a fresh literal, as a producer would write it. */
export function checkAssignments(
  assignments: readonly Assignment[],
  options: ts.CompilerOptions = {},
): TypeVerdicts {
  const project = new Project({
    tsConfigFilePath: path.join(root, "tsconfig.json"),
    skipAddingFilesFromTsConfig: true,
    compilerOptions: { noUnusedLocals: false, skipLibCheck: true, ...options },
  });
  const files = new Map<string, { lines: string[]; indexes: number[] }>();
  assignments.forEach(({ module, text, type, value }, index) => {
    let file = files.get(module);
    if (file === undefined) {
      if (text !== undefined) project.createSourceFile(module, text);
      const specifier = `./${path.basename(module, ".ts")}.js`;
      file = {
        lines: [`import type * as types from ${JSON.stringify(specifier)};`],
        indexes: [-1],
      };
      files.set(module, file);
    }
    file.lines.push(`export const s${index}: types.${type} = ${JSON.stringify(value)};`);
    file.indexes.push(index);
  });
  // All files before the first question: each new file makes the program be built again.
  const sources = [...files].map(([module, { lines, indexes }]) => ({
    module,
    indexes,
    generated: project.getSourceFile(module) ?? project.addSourceFileAtPath(module),
    samples: project.createSourceFile(module.replace(/\.ts$/u, ".samples.ts"), lines.join("\n")),
  }));
  const errors: (string | undefined)[] = assignments.map(() => undefined);
  const moduleErrors: string[] = [];
  for (const { module, indexes, generated, samples } of sources) {
    for (const { line, text } of errorsIn(samples)) {
      const index = indexes[line - 1] ?? -1;
      if (index === -1) moduleErrors.push(`${module}: ${text}`);
      else errors[index] = text;
    }
    for (const { line, text } of errorsIn(generated)) {
      moduleErrors.push(`${module}:${line}: ${text}`);
    }
  }
  return { errors, moduleErrors };
}

function errorsIn(file: SourceFile): { line: number; text: string }[] {
  return file.getPreEmitDiagnostics().map((diagnostic) => ({
    line: diagnostic.getLineNumber() ?? 1,
    text: ts.flattenDiagnosticMessageText(diagnostic.compilerObject.messageText, "\n"),
  }));
}
