import { ModuleDeclarationKind } from "ts-morph";
import { formatTypeScript, generatedHeader } from "../../format.js";
import { namesOf, type TaskIdentity } from "../identity.js";
import { createSource } from "../source.js";

/** The module for projects whose jobs run in Node's graphile-worker itself. */
export function emitGraphileWorker(
  tasks: readonly TaskIdentity[],
  folder: string,
): Promise<string> {
  const file = createSource();
  file.addImportDeclaration({
    moduleSpecifier: "graphile-worker",
    isTypeOnly: true,
    namedImports: ["JobHelpers"],
  });
  file.addImportDeclaration({
    moduleSpecifier: "taskwright",
    namedImports: [
      "createPeerTasks",
      { name: "PeerHandlers", isTypeOnly: true },
      { name: "PeerTasks", isTypeOnly: true },
    ],
  });
  file.addImportDeclaration({
    moduleSpecifier: "./index.js",
    namedImports: ["tasks", { name: "Tasks", isTypeOnly: true, alias: "AllTasks" }],
  });
  const models = tasks.map((task) => ({ ...task, names: namesOf(task) }));
  for (const { names } of models) {
    file.addImportDeclaration({
      moduleSpecifier: `./${names.file}.js`,
      isTypeOnly: true,
      namedImports: [names.input],
    });
  }
  const global = file.addModule({
    name: "global",
    declarationKind: ModuleDeclarationKind.Global,
    hasDeclareKeyword: true,
  });
  const namespace = global.addModule({
    name: "GraphileWorker",
    declarationKind: ModuleDeclarationKind.Namespace,
  });
  namespace.addInterface({
    name: "Tasks",
    docs: [
      "Types graphile-worker's own addJob. These are the producers' types: it stores a payload as it\nis given, so a task function that wasn't made by createTaskList may find defaults missing.",
    ],
    properties: models.map(({ identifier, names }) => ({
      name: JSON.stringify(identifier),
      type: names.input,
    })),
  });
  file.addFunction({
    name: "createTaskList",
    isExported: true,
    docs: [
      "A task list for graphile-worker's run(): each function checks its payload, fills in defaults, and\ncalls the handler. A payload that breaks its schema fails the job before the handler sees it.",
    ],
    parameters: [{ name: "handlers", type: "PeerHandlers<AllTasks, JobHelpers>" }],
    returnType: "PeerTasks<AllTasks, JobHelpers>",
    statements: ["return createPeerTasks(tasks, handlers);"],
  });
  return formatTypeScript(`${generatedHeader(folder)}\n${file.getFullText()}`);
}
