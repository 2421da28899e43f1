// Values that a JSON Schema takes, and values like them that are a little wrong, made up by fast-check. Which they are is judged by a validator and
// not by how they were made.
import fc from './fast-check.ts';

export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly examples?: readonly unknown[];
  readonly $ref?: string;
}

/** Text that programs have stumbled over. */
export const nastyTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '\u001b[31m',
  '\u009b31m',
  '\r\nX-Injected: yes',
  '\n{"level":60}',
  '../../../etc/passwd',
  '..',
  '.',
  '%00',
  '%2e%2e%2f',
  '$(id)',
  '`id`',
  '; rm -rf /',
  '{{7*7}}',
  '#{7*7}',
  "' OR '1'='1",
  '<script>alert(1)</script>',
  '<!--#exec cmd="id"-->',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e308',
  '0x10',
  '🐚'.repeat(40),
  'ﷺ'.repeat(20),
  'é',
  'ＡＢＣ',
  'x'.repeat(300),
  'x'.repeat(70_000),
  '-rf',
  '--help',
  'host',
  'none',
  'container:x',
  'sha256:0000',
] as const;

export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...nastyTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);

/** Anything that JSON can say, and some of it large. */
export const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -0,
    -1,
    1.5,
    1e21,
    1e308,
    -1e308,
    Number.MAX_SAFE_INTEGER + 2,
    4_294_967_296,
    [],
    {},
    [[]],
    [null],
    { a: {} },
    { $ref: '#' },
    { toString: 'x' },
    { length: 5 },
    Array.from({ length: 2_000 }, (_, index) => index),
    Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`k${index}`, 'v'])),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

const nestings = {
  arrays: { levels: 1, open: '[', core: '', close: ']' },
  objects: { levels: 1, open: '{"":', core: '0', close: '}' },
  mixed: { levels: 2, open: '[{"":', core: '0', close: '}]' },
} as const;
export type Nesting = keyof typeof nestings;
export const nestingKinds = Object.keys(nestings) as Nesting[];

/**
 * The text of a valid JSON value with this many levels. A string is repeated, because `JSON.stringify` overflows the
 * stack from a few thousand levels on. If `maxBytes` is too small for all levels, the value has as many as fit.
 */
export function nestedJson(kind: Nesting, levels: number, maxBytes = Number.POSITIVE_INFINITY): string {
  const { levels: perUnit, open, core, close } = nestings[kind];
  const fitting = Math.floor((maxBytes - core.length) / (open.length + close.length));
  const units = Math.max(1, Math.min(Math.ceil(levels / perUnit), fitting));
  return open.repeat(units) + core + close.repeat(units);
}

/** Texts of valid JSON values with 10 to 30,000 levels: around the depth at which a recursive walk overflows. */
export function nestedTexts(maxBytes: number): fc.Arbitrary<string> {
  const levels = fc.oneof(fc.constantFrom(10, 1_000, 5_000, 9_000, 30_000), fc.integer({ min: 10, max: 30_000 }));
  return fc.tuple(fc.constantFrom(...nestingKinds), levels).map(([kind, count]) => nestedJson(kind, count, maxBytes));
}

/** The text of an object whose members are JSON texts already: it can hold a value too deep for `JSON.stringify`. */
export function joinMembers(members: Readonly<Record<string, string>>): string {
  return `{${Object.entries(members)
    .map(([name, text]) => `${JSON.stringify(name)}:${text}`)
    .join(',')}}`;
}

/** Mostly what the schema takes. It need not be: patterns and formats that are not known here are made up. */
export function valuesOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return fc.oneof(...branches.map((branch) => valuesOf(branch, depth)));
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -100, max: Math.min(schema.maximum ?? 100_000, 2 ** 31 - 1) });
    case 'number':
      return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const items = valuesOf(schema.items ?? {}, depth + 1);
      const bounds = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 4, 4) };
      return schema.uniqueItems
        ? fc.uniqueArray(items, {
            ...bounds,
            comparator: (one, other) => JSON.stringify(one) === JSON.stringify(other),
          })
        : fc.array(items, bounds);
    }
    case 'object':
      return objectOf(schema, depth);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function textOf({ pattern, format, minLength = 0, maxLength = 200, examples }: Schema): fc.Arbitrary<string> {
  if (format === 'ipv4') return fc.ipV4();
  if (format === 'ipv6') return fc.ipV6();
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  const bounds = { minLength, maxLength: Math.min(maxLength, Math.max(minLength, 24)) };
  const free = fc.string({ unit: 'grapheme-ascii', ...bounds });
  const made =
    pattern === undefined ? free : fc.stringMatching(new RegExp(pattern)).map((text) => text.slice(0, maxLength));
  const given = (examples ?? []).filter((one) => typeof one === 'string');
  return given.length === 0 ? made : fc.oneof(made, fc.constantFrom(...given));
}

function objectOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
  const members = Object.entries(properties);
  const known =
    members.length === 0
      ? fc.constant({})
      : fc.record(Object.fromEntries(members.map(([name, member]) => [name, valuesOf(member, depth + 1)])), {
          requiredKeys: [...required],
        });
  // All members at once are seldom allowed together: of those that need not be, few are kept.
  const few = fc.tuple(known, fc.nat(4), fc.nat()).map(([value, count, seed]) => {
    const names = Object.keys(value as object).filter((name) => !required.includes(name));
    const kept = new Set(names.filter((_, index) => (index * 7919 + seed) % Math.max(1, names.length) < count));
    return Object.fromEntries(
      Object.entries(value as object).filter(([name]) => required.includes(name) || kept.has(name)),
    );
  });
  if (typeof additionalProperties !== 'object' || depth > 4) return few;
  const others = fc.dictionary(
    propertyNames === undefined ? fc.stringMatching(/^[a-z]{1,8}$/) : textOf(propertyNames),
    valuesOf(additionalProperties, depth + 1),
    { maxKeys: 3 },
  );
  return fc.tuple(few, others).map(([one, other]) => ({ ...other, ...one }));
}

/** One change somewhere in a value: a member of another kind, none, or one more. */
export function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const places = listPlaces(value);
  return fc
    .tuple(fc.constantFrom(...places), nastyValue, fc.constantFrom('replace', 'replace', 'remove', 'add'), nastyText)
    .map(([place, junk, kind, name]) => {
      const copy = { root: structuredClone(value) };
      const parent = place
        .slice(0, -1)
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy) as Record<string, unknown>;
      const key = place.at(-1) ?? 'root';
      const target = parent[key];
      if (kind === 'add' && typeof target === 'object' && target !== null && !Array.isArray(target))
        Object.defineProperty(target, name, { value: junk, enumerable: true, configurable: true, writable: true });
      else if (kind === 'remove' && key !== 'root') delete parent[key];
      else parent[key] = junk;
      return copy.root;
    });
}

function listPlaces(value: unknown, at: readonly string[] = ['root']): string[][] {
  const inside =
    typeof value === 'object' && value !== null
      ? Object.keys(value).flatMap((key) => listPlaces((value as Record<string, unknown>)[key], [...at, key]))
      : [];
  return [[...at], ...inside];
}
