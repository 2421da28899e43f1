// What dockerd's settings are made of, and how Go's encoding/json reads a JSON value into each: which values fit, what a null, a repeated name or another
// spelling of a name does, and what Go says where a value does not fit.
import { parseAddress } from '../../subnet.ts';
import type { JsonValue } from './json.ts';

/** What a value did not fit, in Go's words. A `hard` one ends the reading; after another Go reads on, and says the first of them. */
export interface Misfit {
  readonly hard: boolean;
  readonly says: string;
}

/** Where a value is read: `Config` and the path in it, as Go writes them. */
export interface Place {
  readonly struct: string;
  readonly path: string;
}

export type Refuse = (misfit: Misfit) => void;

/** A type of Go's. `previous` is what an earlier member of the same name left. Undefined is Go's zero value. */
export interface GoType<T> {
  readonly name: string;
  read(value: JsonValue, place: Place, refuse: Refuse, previous: T | undefined): T | undefined;
}

/** The value that a type yields. */
export type Read<Type> = Type extends GoType<infer T> ? T : never;

/** `cannot unmarshal X into Go struct field …`: X is the kind, of a number that is none of the type the number itself. */
function refuseKind(what: string, place: Place, type: string, refuse: Refuse): undefined {
  refuse({
    hard: false,
    says: `json: cannot unmarshal ${what} into Go struct field ${place.struct}.${place.path} of type ${type}`,
  });
  return undefined;
}

export const text: GoType<string> = namedText('string');

export function namedText(name: string): GoType<string> {
  return {
    name,
    read(value, place, refuse, previous) {
      if (value.kind === 'null') return previous;
      return value.kind === 'string' ? value.value : (refuseKind(value.kind, place, name, refuse) ?? previous);
    },
  };
}

export const flag: GoType<boolean> = {
  name: 'bool',
  read(value, place, refuse, previous) {
    if (value.kind === 'null') return previous;
    return value.kind === 'bool' ? value.value : (refuseKind(value.kind, place, 'bool', refuse) ?? previous);
  },
};

export const int: GoType<bigint> = integer('int', -(2n ** 63n), 2n ** 63n - 1n);
export const int64: GoType<bigint> = integer('int64', -(2n ** 63n), 2n ** 63n - 1n);
export const uint32: GoType<bigint> = integer('uint32', 0n, 2n ** 32n - 1n);

function integer(name: string, min: bigint, max: bigint): GoType<bigint> {
  return {
    name,
    read(value, place, refuse, previous) {
      if (value.kind === 'null') return previous;
      if (value.kind !== 'number') return refuseKind(value.kind, place, name, refuse) ?? previous;
      const number = /^-?\d{1,40}$/.test(value.text) ? BigInt(value.text) : null;
      if (number === null || number < min || number > max)
        return refuseKind(`number ${value.text}`, place, name, refuse) ?? previous;
      return number;
    },
  };
}

/** An address as it is written; undefined for an empty one. */
export const ip: GoType<string> = {
  name: 'net.IP',
  read(value, place, refuse, previous) {
    if (value.kind === 'null') return undefined;
    if (value.kind !== 'string') return refuseKind(value.kind, place, 'net.IP', refuse) ?? previous;
    if (value.value === '') return undefined;
    if (parseAddress(value.value) === null) refuse({ hard: true, says: `invalid IP address: ${value.value}` });
    return value.value;
  },
};

/** A pointer: a null unsets it. */
export function optional<T>(of: GoType<T>): GoType<T> {
  return {
    name: of.name,
    read: (value, place, refuse, previous) =>
      value.kind === 'null' ? undefined : of.read(value, place, refuse, previous),
  };
}

/** A slice. An element that an earlier member left is read into again, as Go does. */
export function list<T>(of: GoType<T>, name = `[]${of.name}`): GoType<(T | undefined)[]> {
  return {
    name,
    read(value, place, refuse, previous) {
      if (value.kind === 'null') return undefined;
      if (value.kind !== 'array') return refuseKind(value.kind, place, name, refuse) ?? previous;
      return value.items.map((item, i) => of.read(item, place, refuse, previous?.[i]));
    },
  };
}

/** A map. Members of an earlier object of the same name stay. */
export function map<T>(of: GoType<T>, name = `map[string]${of.name}`): GoType<ReadonlyMap<string, T | undefined>> {
  return {
    name,
    read(value, place, refuse, previous) {
      if (value.kind === 'null') return undefined;
      if (value.kind !== 'object') return refuseKind(value.kind, place, name, refuse) ?? previous;
      const entries = new Map(previous);
      for (const member of value.members) entries.set(member.name, of.read(member.value, place, refuse, undefined));
      return entries;
    },
  };
}

/** What the members of a struct yield. */
export type Fields<Types extends Record<string, GoType<unknown>>> = { [Name in keyof Types]?: Read<Types[Name]> };

/** A struct of its own name. Members that it does not have are passed over, and names fit in any case. */
export function struct<Types extends Record<string, GoType<unknown>>>(
  name: string,
  types: Types,
): GoType<Fields<Types>> {
  const shortName = name.slice(name.indexOf('.') + 1);
  return {
    name,
    read(value, place, refuse, previous) {
      if (value.kind === 'null') return previous;
      if (value.kind !== 'object') return refuseKind(value.kind, place, name, refuse) ?? previous;
      const fields: Record<string, unknown> = { ...previous };
      for (const member of value.members) {
        const field = findField(Object.keys(types), member.name);
        const type = field === undefined ? undefined : types[field];
        if (field === undefined || type === undefined) continue;
        const inner = { struct: shortName, path: `${place.path}.${field}` };
        fields[field] = type.read(member.value, inner, refuse, fields[field]);
      }
      return fields as Fields<Types>;
    },
  };
}

/** Anything: read, and not looked at. */
export const anything: GoType<JsonValue> = { name: 'interface {}', read: (value) => value };

/** Which field a name means: that of the same spelling, else the first that differs in case only. */
export function findField(fields: readonly string[], name: string): string | undefined {
  return fields.includes(name) ? name : fields.find((field) => fold(field) === fold(name));
}

/** Go folds two letters beyond ASCII onto ASCII ones: the long s, and the sign for Kelvin. */
function fold(name: string): string {
  return name.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase();
}

/** A text of which the type itself makes something: what it cannot read ends the reading. */
export function parsedText<T>(name: string, parse: (text: string) => T | Error): GoType<T> {
  return {
    name,
    read(value, place, refuse, previous) {
      if (value.kind === 'null') return previous;
      if (value.kind !== 'string') return refuseKind(value.kind, place, name, refuse) ?? previous;
      const parsed = parse(value.value);
      if (!(parsed instanceof Error)) return parsed;
      refuse({ hard: true, says: parsed.message });
      return previous;
    },
  };
}

/** A value as it is written in the file. */
export function spell(value: JsonValue): string {
  if (value.kind === 'null') return 'null';
  if (value.kind === 'bool') return String(value.value);
  return value.kind === 'number' ? value.text : value.raw;
}
