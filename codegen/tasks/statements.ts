/** What shortened code calls, in the module itself: by name, since only what is called is there. */
const helpers: ReadonlyMap<string, string> = new Map([
  [
    "fail",
    `function fail(errors, instancePath, rule){
const error = {instancePath,...rule};
return errors === null ? [error] : (errors.push(error), errors);
}`,
  ],
  [
    "missing",
    `function missing(errors, instancePath, missingProperty){
const error = {instancePath,keyword:"required",params:{missingProperty},message:"must have required property '"+missingProperty+"'"};
return errors === null ? [error] : (errors.push(error), errors);
}`,
  ],
  [
    "extra",
    `function extra(errors, instancePath, additionalProperty){
const error = {instancePath,keyword:"additionalProperties",params:{additionalProperty},message:"must NOT have additional properties"};
return errors === null ? [error] : (errors.push(error), errors);
}`,
  ],
  [
    "join",
    `function join(errors, others){
return errors === null ? others : errors.concat(others);
}`,
  ],
  [
    "cut",
    `function cut(errors, count){
if(errors === null || count === 0) return null;
errors.length = count;
return errors;
}`,
  ],
  [
    "own",
    `function own(value, key){
return Object.prototype.hasOwnProperty.call(value, key) ? value[key] : undefined;
}`,
  ],
  [
    "isRecord",
    `function isRecord(value){
return value && typeof value == "object" && !Array.isArray(value);
}`,
  ],
  [
    "token",
    `function token(key){
return key.replace(/~/g, "~0").replace(/\\//g, "~1");
}`,
  ],
]);

const text = String.raw`"(?:[^"\\\n]|\\.)*"`;
const holder = String.raw`(?<holder>data\d*)`;
/** A property, and the question whether it is the object's own. */
const key = String.raw`(?<key>\.[\w$]+|\[${text}\])`;
const asked = String.raw`func\d+\.call\(\k<holder>, (?<name>${text})\)`;

const steps: readonly (readonly [RegExp, string])[] = [
  // A property that is there, and is looked at.
  [
    new RegExp(
      String.raw`^if\(${holder}${key} !== undefined && ${asked}\)\{\nlet (?<local>data\d+) = \k<holder>\k<key>;$`,
      "gmu",
    ),
    "let $<local> = own($<holder>, $<name>);\nif($<local> !== undefined){",
  ],
  [
    new RegExp(String.raw`^if\(${holder}${key} !== undefined && ${asked}\)\{$`, "gmu"),
    "if(own($<holder>, $<name>) !== undefined){",
  ],
  [
    new RegExp(
      String.raw`^if\(\(${holder}${key} === undefined\) \|\| \(!\(${asked}\)\)\)\{$`,
      "gmu",
    ),
    "if(own($<holder>, $<name>) === undefined){",
  ],
  [
    /^if\((?<value>data\d*) && typeof \k<value> == "object" && !Array\.isArray\(\k<value>\)\)\{$/gmu,
    "if(isRecord($<value>)){",
  ],
  [/(?<key>\bkey\d+)\.replace\(\/~\/g, "~0"\)\.replace\(\/\\\/\/g, "~1"\)/gu, "token($<key>)"],
  // Errors of a definition, which are added, and of a schema that was only tried, which are forgotten.
  [
    /^vErrors = vErrors === null \? (?<name>[\w.]+)\.errors : vErrors\.concat\(\k<name>\.errors\);$/gmu,
    "vErrors = join(vErrors, $<name>.errors);",
  ],
  [
    /^if\(!\((?<name>\w+(?:\.validate)?)\((?<given>.*)\)\)\)\{\nvErrors = join\(vErrors, \k<name>\.errors\);\nerrors = vErrors\.length;\n\}$/gmu,
    "if(!$<name>($<given>)) errors = (vErrors = join(vErrors, $<name>.errors)).length;",
  ],
  [
    /^if\(vErrors !== null\)\{\nif\((?<count>_errs\d+)\)\{\nvErrors\.length = \k<count>;\n\}\nelse \{\nvErrors = null;\n\}\n\}$/gmu,
    "vErrors = cut(vErrors, $<count>);",
  ],
];

/** Says in fewer words what ajv says often. */
export function shortenStatements(code: string): string {
  const short = steps.reduce((rest, [form, shorter]) => rest.replaceAll(form, shorter), code);
  const named = rename(short);
  const used = [...helpers].filter(([name]) => new RegExp(`\\b${name}\\(`, "u").test(named));
  return [named, ...used.map(([, source]) => source)].join("\n");
}

const shortNames: ReadonlyMap<string, string> = new Map([
  ["vErrors", "all"],
  ["instancePath", "at"],
]);
const names = new RegExp(String.raw`${text}|\b(?:${[...shortNames.keys()].join("|")})\b`, "gu");

/** Gives short names to the variables that are named most. */
function rename(code: string): string {
  // Errors in another form name their members by these variables.
  if (/\{instancePath\b/u.test(code)) return code;
  return code
    .split("\n")
    .map((line) =>
      /^const (?:formats|pattern)\d+ = /u.test(line)
        ? line
        : line.replaceAll(names, (word) => shortNames.get(word) ?? word),
    )
    .join("\n");
}
