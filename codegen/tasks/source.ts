import {
  Project,
  StructureKind,
  type ExportDeclarationStructure,
  type FunctionDeclarationStructure,
  type ImportDeclarationStructure,
  type OptionalKind,
  type SourceFile,
  type StatementStructures,
  type TypeAliasDeclarationStructure,
  type VariableStatementStructure,
} from "ts-morph";

/**
 * Modules are built in memory, and without the standard library: nothing here is type-checked, and
 * loading that would take most of the time.
 */
const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true });

/** An empty TypeScript file to build a module in. */
export function createSource(): SourceFile {
  return project.createSourceFile("module.ts", "", { overwrite: true });
}

/** Gathers the statements of a module, which are printed at once: ts-morph reads a file anew for each. */
export class ModuleText {
  readonly #statements: StatementStructures[] = [];

  addImportDeclaration(structure: OptionalKind<ImportDeclarationStructure>): void {
    this.#add({ kind: StructureKind.ImportDeclaration, ...structure });
  }

  addExportDeclaration(structure: OptionalKind<ExportDeclarationStructure>): void {
    this.#add({ kind: StructureKind.ExportDeclaration, ...structure });
  }

  addTypeAlias(structure: OptionalKind<TypeAliasDeclarationStructure>): void {
    this.#add({ kind: StructureKind.TypeAlias, ...structure });
  }

  addVariableStatement(structure: OptionalKind<VariableStatementStructure>): void {
    this.#add({ kind: StructureKind.VariableStatement, ...structure });
  }

  addFunction(structure: OptionalKind<FunctionDeclarationStructure>): void {
    this.#add({ kind: StructureKind.Function, ...structure });
  }

  /** A blank line parts statements of two kinds; functions are parted anyway. */
  #add(structure: StatementStructures): void {
    const previous = this.#statements.at(-1);
    const isAlike = previous?.kind === structure.kind;
    const isFirst = previous === undefined;
    const isParted = !isFirst && !isAlike && structure.kind !== StructureKind.Function;
    this.#statements.push(isParted ? { ...structure, leadingTrivia: "\n" } : structure);
  }

  print(): string {
    const structure = { statements: this.#statements };
    return project.createSourceFile("module.ts", structure, { overwrite: true }).getFullText();
  }
}
