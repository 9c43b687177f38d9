import { Node, type Project, type Symbol as TypeSymbol, type Type } from "ts-morph";
import { optionLists, type OptionList } from "./option-lists.js";
import { describe, openFile, row, table } from "./source.js";

/** An option, as its doc comment tells of it. */
export interface Option {
  readonly name: string;
  readonly isRequired: boolean;
  /** The type, or the unit where the name says it. */
  readonly unit: string;
  /** What the doc comment says after "Default"; undefined when it says nothing. */
  readonly default: string | undefined;
  readonly about: string;
}

/** The page that lists every option, with default, unit and the peer's name. */
export function writeOptions(project: Project): string {
  const sections = optionLists.flatMap((list) => [
    `## ${list.title}`,
    ...(list.about === "" ? [] : [list.about]),
    table(
      ["option", "default", "type, unit", `${list.peer ?? "graphile-worker's"} name`, "meaning"],
      readOptions(project, list).map((option) => writeOption(option, list)),
    ),
  ]);
  return [
    "# Every option",
    "Made from the doc comments of the source by `pnpm docs:generate`; the tests compare it with what the code knows and does. An option that doesn't exist is refused, with a suggestion.",
    'Options whose names end in `Ms` are milliseconds. "—" says that the peer (graphile-worker 0.18) has nothing of the kind.',
    ...sections,
  ].join("\n\n");
}

function writeOption(option: Option, { peerNames }: OptionList): string {
  const peerName = peerNames[option.name];
  return row(
    `\`${option.name}\``,
    option.default ?? (option.isRequired ? "required" : "none"),
    option.unit,
    peerName === undefined ? "—" : peerName.replaceAll(/^[\w.]+|(?<=, )[\w.]+$/gu, "`$&`"),
    option.about,
  );
}

/** The options of an interface, in the order in which they are declared. */
export function readOptions(project: Project, { file, interface: name }: OptionList): Option[] {
  const source = openFile(project, file);
  const declaration = source.getInterface(name) ?? source.getTypeAliasOrThrow(name);
  const properties = declaration.getType().getProperties();
  const own = properties.filter((property) => isDocumentedHere(property, name));
  return own.map((property) => readOption(property, declaration));
}

/** Of what only adds to other options, the addition. */
function isDocumentedHere(property: TypeSymbol, owner: string): boolean {
  return owner !== "RunOnceOptions" || property.getName() === "deadlineMs";
}

function readOption(property: TypeSymbol, at: Node): Option {
  const name = property.getName();
  const [declaration] = property.getDeclarations();
  const text = declaration === undefined ? "" : describe(declaration);
  const said = /\bDefaults?:? (?<value>(?:[^.`]|`[^`]*`|\.(?=\S))+)\./u.exec(text);
  return {
    name,
    isRequired: !property.isOptional(),
    unit: name.endsWith("Ms") ? "ms" : writeType(property.getTypeAtLocation(at), declaration),
    default: said?.groups?.["value"],
    about: text
      .replace(said?.[0] ?? "", "")
      .replaceAll(/\s+/gu, " ")
      .trim(),
  };
}

function writeType(type: Type, declaration: Node | undefined): string {
  const written = Node.isPropertySignature(declaration)
    ? (declaration.getTypeNode()?.getText() ?? type.getText())
    : type.getText();
  return `\`${written
    .replaceAll(/readonly /gu, "")
    .replaceAll(/\s+/gu, " ")
    .replace(/^\| /u, "")}\``;
}
