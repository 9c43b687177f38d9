/** A part of a queue name or job key: fixed text, or the name of a payload's property. */
export type TemplatePart = { readonly text: string } | { readonly field: string };

export type TemplateResult =
  | { readonly ok: true; readonly parts: readonly TemplatePart[] }
  | { readonly ok: false; readonly message: string };

const token = /\{\{|\}\}|\{(?<field>[^{}]*)\}|[{}]|[^{}]+/gu;

/** Reads a text with `{field}` placeholders; `{{` and `}}` stand for single braces. */
export function parseTemplate(source: string): TemplateResult {
  const parts: TemplatePart[] = [];
  let text = "";
  for (const match of source.matchAll(token)) {
    const [whole] = match;
    const field = match.groups?.["field"];
    if (field === "") return { ok: false, message: "it has a placeholder without a name" };
    if (whole === "{" || whole === "}") {
      return { ok: false, message: `it has a "${whole}" that belongs to no placeholder` };
    }
    if (field === undefined) {
      text += whole === "{{" ? "{" : whole === "}}" ? "}" : whole;
      continue;
    }
    if (text !== "") parts.push({ text });
    text = "";
    parts.push({ field });
  }
  if (text !== "") parts.push({ text });
  return { ok: true, parts };
}

/** The properties that a template names. */
export function templateFields(parts: readonly TemplatePart[]): string[] {
  return parts.flatMap((part) => ("field" in part ? [part.field] : []));
}
