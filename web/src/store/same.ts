// Whether two values that came as JSON say the same. What has not changed keeps its object, and is not drawn again.

/** Deep equality of JSON values; the order of an object's members does not count. */
export function saysTheSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(other, key) &&
      saysTheSame((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key]),
  );
}
