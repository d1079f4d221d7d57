// A float32 as the number that a person wrote.

/** The smallest normal float32; what is smaller has fewer digits. */
const NORMAL_MIN = 2 ** -126;

/** Decimal digits that every float32 keeps, and that tell any two apart. */
const DIGITS_KEPT = 6;
const DIGITS_MAX = 9;

/** The shortest decimal that rounds to the same float32: 0.1, not 0.10000000149011612. */
export function shortest(value: number): number {
  if (Number.isSafeInteger(value) || !Number.isFinite(value)) return value;
  const first = Math.abs(value) < NORMAL_MIN ? 1 : DIGITS_KEPT;
  for (let digits = first; digits < DIGITS_MAX; digits += 1) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return Number(value.toPrecision(DIGITS_MAX));
}
