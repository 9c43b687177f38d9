import { Project, VariableDeclarationKind } from "ts-morph";
import { formatTypeScript, generatedHeader } from "../../format.js";
import type { TaskModel } from "../model.js";

/** The module that gathers all tasks. */
export function emitRegistry(models: readonly TaskModel[], folder: string): Promise<string> {
  const project = new Project({ useInMemoryFileSystem: true });
  const file = project.createSourceFile("index.ts");
  file.addImportDeclaration({
    moduleSpecifier: "taskwright",
    namedImports: [
      "bindHandlers",
      { name: "Handlers", isTypeOnly: true },
      { name: "HandlerSet", isTypeOnly: true },
    ],
  });
  for (const { names } of models) {
    file.addImportDeclaration({
      moduleSpecifier: `./${names.file}.js`,
      namedImports: [names.task],
    });
  }
  file.addExportDeclarations(
    models.map(({ names }) => ({ moduleSpecifier: `./${names.file}.js` })),
  );
  const members = models.map(
    ({ identifier, names }) => `${JSON.stringify(identifier)}: ${names.task}`,
  );
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    isExported: true,
    docs: ["Every task, by its identifier."],
    declarations: [{ name: "tasks", initializer: `{ ${members.join(", ")} } as const` }],
  });
  file.addTypeAlias({ name: "Tasks", isExported: true, type: "typeof tasks" });
  addBinder(file, "defineHandlers", "Handlers<Tasks, App>", [
    "The handlers of all tasks, for a worker. A missing or misspelt task does not compile.",
  ]);
  addBinder(file, "definePartialHandlers", "Partial<Handlers<Tasks, App>>", [
    "The handlers of some tasks, for a worker that leaves the others to other workers.",
  ]);
  return formatTypeScript(`${generatedHeader(folder)}\n${file.getFullText()}`);
}

function addBinder(
  file: ReturnType<Project["createSourceFile"]>,
  name: string,
  type: string,
  docs: string[],
): void {
  file.addFunction({
    name,
    isExported: true,
    typeParameters: [{ name: "App", default: "undefined" }],
    parameters: [{ name: "handlers", type }],
    returnType: "HandlerSet<App>",
    statements: ["return bindHandlers(tasks, handlers);"],
    docs,
  });
}
