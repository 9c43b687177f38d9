import { Project, type SourceFile } from "ts-morph";

/**
 * An empty TypeScript file to build a module in. It lives in memory, and without the standard
 * library: nothing here is type-checked, and loading that would take most of the time.
 */
export function createSource(text = ""): SourceFile {
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true });
  return project.createSourceFile("module.ts", text);
}
