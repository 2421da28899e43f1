// Which fields of a member are not what they were: names only, since a value may be a secret.

type Fields = Readonly<Record<string, unknown>>;

/** The names of the fields that differ, sorted; a member of a map counts by itself (`env.DEBUG`). */
export function findChangedFields(before: object, after: object): string[] {
  const [one, other] = [before as Fields, after as Fields];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].flatMap((name) => compare(name, one[name], other[name])).sort();
}

function compare(name: string, one: unknown, other: unknown): string[] {
  if (isSame(one, other)) return [];
  if (!isMap(one) || !isMap(other)) return [name];
  const members = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...members].filter((member) => !isSame(one[member], other[member])).map((member) => `${name}.${member}`);
}

function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((value, index) => isSame(value, other[index]));
  if (!isMap(one) || !isMap(other)) return Object.is(one, other);
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => isSame(one[name], other[name]));
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
