/**
 * Thrown while a schema is being typed, when it can't be typed truly. Whoever knows the place adds
 * the pointer; it ends as a problem with file and pointer.
 */
export class Refusal extends Error {
  readonly rule: string;
  readonly hint: string;

  constructor(rule: string, message: string, hint: string) {
    super(message);
    this.name = "Refusal";
    this.rule = rule;
    this.hint = hint;
  }
}
