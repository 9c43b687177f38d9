/** A decimal number: `digits * 10 ** exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The shortest decimal number that reads as this double, which is what JSON holds. */
function toDecimal(value: number): Decimal {
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/**
 * Whether a number is a multiple of a step, both read as the decimal numbers that JSON shows:
 * 19.99 is a multiple of 0.01, although the doubles' quotient is not whole.
 */
export function isMultipleOf(value: number, step: number): boolean {
  if (!Number.isFinite(value) || step === 0) return false;
  if (Number.isSafeInteger(value) && Number.isSafeInteger(step)) return value % step === 0;
  const [dividend, divisor] = [toDecimal(value), toDecimal(step)];
  const exponent = Math.min(dividend.exponent, divisor.exponent);
  const scale = ({ digits, exponent: own }: Decimal) => digits * 10n ** BigInt(own - exponent);
  return scale(dividend) % scale(divisor) === 0n;
}
