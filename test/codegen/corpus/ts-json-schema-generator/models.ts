/** Types that use what users of the two generators from TypeScript use; each exported one ending in Task is printed. */

/** Where somebody lives. */
export interface Address {
  /** @minLength 1 */
  street: string;
  city: string;
  zip?: string;
}

export interface ScalarsTask {
  text: string;
  real: number;
  flag: boolean;
  nothing: null;
  anything: any;
  unknown: unknown;
  object: object;
  maybe?: string | null;
}

export interface AnnotatedTask {
  /** @minLength 2 @maxLength 5 */
  short: string;
  /**
   * @minLength 2
   * @maxLength 5
   * @pattern ^[a-z]+$
   */
  pattern: string;
  /** @format email */
  email: string;
  /** @format date-time */
  at: string;
  /**
   * @minimum 0
   * @maximum 150
   * @default 30
   */
  age?: number;
  /** @asType integer */
  whole: number;
  /** @TJS-type integer */
  other_whole: number;
  /** @multipleOf 0.01 */
  step: number;
  /**
   * A description
   * of two lines.
   * @title Named
   * @example "x"
   * @examples ["a", "b"]
   * @deprecated since long
   */
  described: string;
  /**
   * @minItems 1
   * @maxItems 3
   * @uniqueItems true
   */
  list: string[];
  /** @default "red" */
  colour: "red" | "green";
  /** @default {"a":1} */
  nested: { a?: number };
}

export interface OptionalNestedTask {
  address?: Address;
  billing?: Address | null;
  shipping: Address | null;
  list?: Address[];
}

export enum Numbers {
  One = 1,
  Two,
}

export enum Texts {
  On = "on",
  Off = "off",
}

export interface EnumsTask {
  numbers: Numbers;
  texts: Texts;
  one: Texts.On;
  literals: "a" | "b" | 3 | true | null;
  single: "only";
  /** @default "on" */
  defaulted: Texts;
}

export interface UnionsTask {
  id: string | number;
  shape: Address | { amount: number };
  list: (string | string[])[];
  deep: string | { a: number | { b: boolean } };
}

export interface Cat {
  kind: "cat";
  lives?: number;
}
export interface Dog {
  kind: "dog";
  good: boolean;
  friend?: Pet;
}
export type Pet = Cat | Dog;

export interface OwnerTask {
  pet: Pet;
  others: Pet[];
  favourite?: Pet;
}

export type PetTask = Pet;

/** @discriminator kind */
export type DiscriminatedTask = Cat | Dog;

export interface IntersectionsTask {
  both: Address & { country: string };
  of_union: { id: string } & (Cat | Dog);
}

export type IntersectionTask = Address & { country: string };

export interface ExtendedTask extends Address {
  country: string;
}

export interface TuplesTask {
  pair: [string, number];
  optional: [string, number?];
  rest: [string, ...number[]];
  empty: [];
  named: [x: number, y: number];
  list: [number, number][];
  readonly: readonly [string, boolean];
}

export interface CollectionsTask {
  list: string[];
  readonly: readonly number[];
  nested: boolean[][];
  record: Record<string, number>;
  keyed: Record<"a" | "b", number>;
  index: { [key: string]: Address };
  mixed: { known: string; [key: string]: string | number };
  partial: Partial<Record<"a" | "b", string>>;
  map_of_maps: Record<string, Record<string, Address>>;
}

export type RecordTask = Record<string, string | number>;

export interface TreeTask {
  value: number;
  left?: TreeTask;
  children: TreeTask[];
}

export interface Folder {
  name: string;
  files: Record<string, File>;
}
export interface File {
  size: number;
  parent?: Folder;
}
export interface MutualTask {
  root: Folder;
}

export type JsonValue =
  string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export interface JsonTask {
  data: JsonValue;
}

export interface Page<T> {
  items: T[];
  next?: number;
}
export interface GenericsTask {
  addresses: Page<Address>;
  numbers: Page<number>;
  nested: Page<Page<string>>;
}
export type PageTask = Page<Address>;

export interface MappedTask {
  partial: Partial<Address>;
  required: Required<Address>;
  picked: Pick<Address, "street">;
  omitted: Omit<Address, "street">;
  keys: keyof Address;
  indexed: Address["street"];
  excluded: Exclude<"a" | "b", "a">;
  nullable: { [K in keyof Address]: Address[K] | null };
  conditional: string extends string ? number : boolean;
}

export interface DatesTask {
  at: Date;
  url: URL;
  pattern?: RegExp;
}

export interface TemplatesTask {
  route: `/users/${number}`;
  event: `on${"A" | "B"}`;
  loud: Uppercase<"a">;
}

export type Brand<T, B> = T & { __brand?: B };
export interface BrandedTask {
  id: Brand<string, "Id">;
}

export class Base {
  id = "x";
  constructor(readonly created: number) {}
}
export class ClassTask extends Base {
  name?: string;
  static count = 0;
}

export interface NeverTask {
  a: string;
  never?: never;
}

export interface MethodsTask {
  a: string;
  /** @nullable */
  b?: string;
  "with-dash": string;
  "with space"?: number;
  0: boolean;
  class: string;
  $dollar: string;
}

/**
 * An order.
 *
 * With more words, such as `code` and a {@link Address}.
 */
export interface OrderTask {
  customer?: Address;
  lines: { amount: number; note?: string }[];
  status: "open" | "paid";
  placedAt: string;
}

export interface ClosedTask {
  a: string;
  b?: { c: number };
}

/** @additionalProperties true */
export interface OpenTask {
  a: string;
}

export interface SetsTask {
  readonly tags: ReadonlyArray<string>;
  maybe: Array<string | undefined>;
  array_or_one: string | string[];
  big: 9007199254740991 | 1;
  negative: -1 | 0 | 1.5;
}

export type NestedUnionTask =
  | { status: "ok"; data: Pet }
  | ({ status: "failed" } & ({ code: 400 } | { code: 500; retry: boolean }));

export interface AliasesTask {
  id: Id;
  ids: Id[];
  list: Ids;
}
export type Id = string;
export type Ids = Id[];

interface Line {
  name: string;
  /** @exclusiveMinimum 0 */
  amount: number;
}

/** Send a receipt. */
export interface ReceiptTask {
  /** @format email */
  to: string;
  lines: Line[];
  note?: string | null;
  /** @default "en" */
  language?: "en" | "de";
}

export interface NestedTask {
  a: { b: { c: { d: { e?: string } } } };
  either: { left: string } | { right: number };
}
