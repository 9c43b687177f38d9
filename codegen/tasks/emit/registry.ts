import { VariableDeclarationKind } from "ts-morph";
import { formatTypeScript, generatedHeader } from "../../format.js";
import { namesOf, type TaskIdentity } from "../identity.js";
import type { TaskNames } from "../names.js";
import { ModuleText } from "../source.js";

type NamedTask = TaskIdentity & { readonly names: TaskNames };

/** The module that gathers all tasks. */
export function emitRegistry(tasks: readonly TaskIdentity[], folder: string): Promise<string> {
  const file = new ModuleText();
  file.addImportDeclaration({
    moduleSpecifier: "taskwright",
    namedImports: [
      "bindClient",
      "bindHandlers",
      "defineCron",
      { name: "Client", isTypeOnly: true },
      { name: "ClientOptions", isTypeOnly: true },
      { name: "CronBuilder", isTypeOnly: true },
      { name: "Handlers", isTypeOnly: true },
      { name: "HandlerSet", isTypeOnly: true },
    ],
  });
  const models = tasks.map((task) => ({ ...task, names: namesOf(task) }));
  for (const { names } of models) {
    file.addImportDeclaration({
      moduleSpecifier: `./${names.file}.js`,
      namedImports: [names.task],
    });
  }
  for (const { names } of models) {
    file.addExportDeclaration({ moduleSpecifier: `./${names.file}.js` });
  }
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
  addClient(file, models);
  addCron(file);
  return formatTypeScript(`${generatedHeader(folder)}\n${file.print()}`);
}

/** What the client does is the runtime's; its methods' names are the helpers'. */
function addClient(file: ModuleText, models: readonly NamedTask[]): void {
  const methods = models.map(
    ({ identifier, names }) => `${names.add}: ${JSON.stringify(identifier)}`,
  );
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    declarations: [{ name: "methods", initializer: `{ ${methods.join(", ")} } as const` }],
  });
  file.addTypeAlias({
    name: "TaskClient",
    isExported: true,
    type: "Client<Tasks, typeof methods>",
    docs: ["Adds jobs through a pool, a schema and plugins of its own."],
  });
  file.addFunction({
    name: "createClient",
    isExported: true,
    parameters: [{ name: "options", type: "ClientOptions" }],
    returnType: "TaskClient",
    statements: ["return bindClient(tasks, methods, options);"],
    docs: [
      "Makes a client: it has the methods of the `add…` helpers, without their first argument.",
    ],
  });
}

function addCron(file: ModuleText): void {
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    isExported: true,
    docs: [
      "Makes recurring jobs, for a worker's `cronEntries`. A misspelt task or a wrong payload does not\ncompile.",
    ],
    declarations: [{ name: "cron", type: "CronBuilder<Tasks>", initializer: "defineCron(tasks)" }],
  });
}

function addBinder(file: ModuleText, name: string, type: string, docs: string[]): void {
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
