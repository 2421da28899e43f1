// Sizes and durations in words, as docker/go-units and Go's time package read them, and say where they cannot.

/** Why a text is no size, in the library's words. */
export interface NoSize {
  readonly says: string;
}

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `64m`, `1.5 GiB`: bytes, 1024 to the step (units.RAMInBytes). */
export function parseByteSize(text: string): bigint | NoSize {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)*) ?([kmgtp]?)i?b?$/i.exec(text) ?? [];
  if (number === undefined) return { says: `invalid size: '${text}'` };
  const size = Number(number);
  if (Number.isNaN(size)) return { says: `strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax` };
  return BigInt(Math.trunc(size * 1024 ** (powers[unit.toLowerCase()] ?? 0)));
}

const durationPart = /^(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/;
const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** `1h30m`, as Go writes it (time.ParseDuration): nanoseconds, or null. */
export function parseDuration(text: string): number | null {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  if (rest === '') return null;
  let left = rest;
  let sum = 0;
  while (left !== '') {
    const [whole, number, unit] = durationPart.exec(left) ?? [];
    if (whole === undefined) return null;
    sum += Number(number) * (nanoseconds[unit ?? ''] ?? 0);
    left = left.slice(whole.length);
  }
  return sign === '-' ? -sum : sum;
}
