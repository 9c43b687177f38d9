/**
 * Thrown while a schema is being typed, when it can't be typed truly. Whoever knows the place adds
 * the pointer; it ends as a problem with file and pointer.
 */
export class Refusal extends Error {
  readonly rule: string;
  readonly hint: string;
  /** The pointer of the schema whose default can't be filled in truly, where that is the reason. */
  readonly defaultAt: string | undefined;

  constructor(rule: string, message: string, hint: string, defaultAt?: string) {
    super(message);
    this.name = "Refusal";
    this.rule = rule;
    this.hint = hint;
    this.defaultAt = defaultAt;
  }
}
