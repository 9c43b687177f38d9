/** Words that can't name a constant of a module. */
export const reservedWords: readonly string[] = (
  "arguments await break case catch class const continue debugger default delete do else enum eval " +
  "export extends false finally for function if implements import in instanceof interface let new " +
  "null package private protected public return static super switch this throw true try typeof " +
  "undefined var void while with yield"
).split(" ");

/** Words that can't name a type, or would hide one of TypeScript's own. */
export const typeWords: readonly string[] = (
  "any as asserts bigint boolean infer is keyof module namespace never number object readonly " +
  "string symbol type unique unknown"
).split(" ");

/** A key of an object, or of an interface, quoted where it needs to be. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/u.test(name) ? name : JSON.stringify(name);
}
