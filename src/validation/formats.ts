import type { Format, FormatDefinition } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";

/**
 * A whole number of so many bits. Values beyond 2^53 are doubles, so the upper bounds of the wide
 * types are compared as JavaScript reads them.
 */
function integer(bits: number, isSigned: boolean): FormatDefinition<number> {
  const least = isSigned ? -(2 ** (bits - 1)) : 0;
  const end = isSigned ? 2 ** (bits - 1) : 2 ** bits;
  const isRounded = bits > 53;
  const validate = (value: number) =>
    Number.isInteger(value) && value >= least && (isRounded ? value <= end : value < end);
  return { type: "number", validate };
}

const integers: Readonly<Record<string, Format>> = {
  int: integer(64, true),
  uint: integer(64, false),
  ...Object.fromEntries(
    [8, 16, 32, 64, 128].flatMap((bits) => [
      [`int${bits}`, integer(bits, true)],
      [`uint${bits}`, integer(bits, false)],
    ]),
  ),
};

const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/u;

function isDate(text: string): boolean {
  const [, year = "", month = "", day = ""] = datePattern.exec(text) ?? [];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

const localTime = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?$/u;

/** A date and a time of day without an offset. */
function isLocalDateTime(text: string): boolean {
  const [date = "", time = "", ...more] = text.split(/[Tt ]/u);
  return more.length === 0 && isDate(date) && localTime.test(time);
}

/** An address of IPv6 with the length of its network's prefix. */
function isCidrV6(text: string): boolean {
  const [, address = "", length = ""] = /^([^/]+)\/(\d{1,3})$/u.exec(text) ?? [];
  return length !== "" && Number(length) <= 128 && (fullFormats.ipv6 as RegExp).test(address);
}

/** Formats that tools write and that the standard doesn't name. */
const toolFormats: Readonly<Record<string, Format>> = {
  "partial-time": localTime,
  "partial-date-time": { type: "string", validate: isLocalDateTime },
  ulid: /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/iu,
  nanoid: /^[\w-]{21}$/u,
  cuid: /^c[0-9a-z]{6,}$/iu,
  cuid2: /^[0-9a-z]+$/u,
  xid: /^[0-9a-v]{20}$/iu,
  ksuid: /^[A-Za-z0-9]{27}$/u,
  e164: /^\+[1-9]\d{6,14}$/u,
  jwt: /^[\w-]+\.[\w-]+\.[\w-]*$/u,
  base64: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u,
  base64url: /^(?:[\w-]{4})*(?:[\w-]{2}(?:==)?|[\w-]{3}=?)?$/u,
  cidrv6: { type: "string", validate: isCidrV6 },
  cidrv4:
    /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\/(?:[12]?\d|3[0-2])$/u,
};

/** Hours and minutes, as valibot and the form fields of browsers write a time. */
const hoursAndMinutes = /^(?:[01]\d|2[0-3]):[0-5]\d$/u;
const isoTime = fullFormats["iso-time"] as FormatDefinition<string>;

function isTime(text: string): boolean {
  return hoursAndMinutes.test(text) || (isoTime.validate as (text: string) => boolean)(text);
}

/**
 * Python's durations may be negative and have fractions of a second, both of which ISO 8601-2 allows;
 * and its times of day may lack an offset.
 */
const widened: Readonly<Record<string, Format>> = {
  duration:
    /^[+-]?P(?!$)(?:(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:[.,]\d+)?S)?)?|(?:\d+W)?)$/u,
  time: { type: "string", validate: isTime },
};

/** Every format that validators check, by name. */
export const formats: Readonly<Record<string, Format>> = Object.freeze({
  ...fullFormats,
  ...integers,
  ...toolFormats,
  ...widened,
});
