// Orders the engine's timestamps. They are RFC 3339 with nanoseconds and without trailing zeros, so comparing the strings or parsing
// them as a Date (milliseconds) would put two starts in the wrong order.

const rfc3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** Nanoseconds since the epoch of an RFC 3339 time. Throws a RangeError for anything else. */
export function toNanoseconds(time: string): bigint {
  const match = rfc3339.exec(time);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(milliseconds)) throw new RangeError(`"${time}" is not an RFC 3339 time`);
  return BigInt(milliseconds) * 1_000_000n + BigInt((match?.[2] ?? '').padEnd(9, '0'));
}

/** Was `a` strictly before `b`? */
export function isBefore(a: string, b: string): boolean {
  return toNanoseconds(a) < toNanoseconds(b);
}
