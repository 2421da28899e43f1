// Says in plain words what is wrong with a request: which field, what it must be, and what would be allowed. It never repeats
// a value, which could be a secret and would end up in the log. Pure.
import type { TLocalizedValidationError } from 'typebox/error';

/** The part of a request that was validated, as Fastify calls it. */
export type RequestPart = 'body' | 'querystring' | 'params' | 'headers';

/** The part of JSON Schema that explanations read. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly additionalProperties?: boolean | JsonSchema;
}

export interface Explanation {
  readonly detail: string;
  /** Dotted path, array elements by index: `ports[1]`, `limits.memory`; undefined for the whole. */
  readonly field: string | undefined;
  readonly hint: string | undefined;
  /** To the value at fault, or to the member that is unknown or missing. */
  readonly path: readonly string[];
  /** What kind of fault it is; of an unknown member also which names are allowed in its place. */
  readonly fault:
    | { readonly kind: 'unknown'; readonly allowed: readonly string[] }
    | { readonly kind: 'missing' | 'value' };
}

const nouns: Readonly<Record<RequestPart, string>> = {
  body: 'field',
  querystring: 'query parameter',
  params: 'URL parameter',
  headers: 'header',
};

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
  null: 'null',
};

const formatNames: Readonly<Record<string, string>> = {
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  'date-time': 'a date and time as of RFC 3339 (2026-01-31T12:00:00Z)',
};

/**
 * Explains the first thing that is wrong. `errors` are those of the validator for this schema and value, at least one.
 *
 * @param within where the value stands in what the caller knows; begins every path
 */
export function explain(
  part: RequestPart,
  schema: JsonSchema,
  errors: readonly TLocalizedValidationError[],
  value: unknown,
  within: readonly string[] = [],
): Explanation {
  const error = chooseError(schema, errors);
  const culprit = resolveSchema(schema, error.schemaPath);
  const inside = error.instancePath.split('/').slice(1).map(unescapePointer);
  const path = [...within, ...inside];

  if (error.keyword === 'additionalProperties') {
    const unknown = error.params.additionalProperties[0] ?? '';
    const allowed = Object.keys(culprit?.properties ?? {});
    return {
      detail: `Unknown ${nouns[part]} "${formatPath([...path, unknown])}"`,
      field: formatPath([...path, unknown]),
      path: [...path, unknown],
      fault: { kind: 'unknown', allowed },
      hint: allowed.length === 0 ? `No ${nouns[part]} is allowed here` : `Allowed: ${allowed.join(', ')}`,
    };
  }
  if (error.keyword === 'required') {
    const missing = [...path, error.params.requiredProperties[0] ?? ''];
    const field = formatPath(missing);
    const detail = `The ${nouns[part]} "${field}" is required`;
    return { detail, field, hint: undefined, path: missing, fault: { kind: 'missing' } };
  }
  const field = path.length === 0 ? undefined : formatPath(path);
  const subject =
    field === undefined ? (part === 'body' ? 'The body' : `The ${nouns[part]}s`) : `The ${nouns[part]} "${field}"`;
  const isRepeated = part === 'querystring' && Array.isArray(read(value, inside)) && culprit?.type !== 'array';
  return {
    detail: isRepeated ? `${subject} is given more than once` : `${subject} ${demand(error, culprit)}`,
    field,
    hint: describe(schema, error.schemaPath),
    path,
    fault: { kind: 'value' },
  };
}

/** What the schema says of the value at fault, or else of the field that it is a part of. */
function describe(schema: JsonSchema, schemaPath: string): string | undefined {
  for (let path = schemaPath; path.includes('/'); path = path.slice(0, path.lastIndexOf('/'))) {
    const description = resolveSchema(schema, path)?.description;
    if (typeof description === 'string') return description;
  }
  return undefined;
}

/** What a value must be, as the end of a sentence. */
function demand(error: TLocalizedValidationError, culprit: JsonSchema | undefined): string {
  switch (error.keyword) {
    case 'type':
      return `must be ${nameTypes([error.params.type].flat())}`;
    case 'enum':
      return `must be one of ${error.params.allowedValues.join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`;
    case 'anyOf':
    case 'oneOf':
      return `must be ${nameTypes((culprit?.anyOf ?? culprit?.oneOf ?? []).flatMap(nameBranch))}`;
    case 'format':
      return `must be ${formatNames[error.params.format] ?? `a valid ${error.params.format}`}`;
    case 'pattern':
      return `must match ${String(error.params.pattern)}`;
    case 'minimum':
      return `must be at least ${error.params.limit}`;
    case 'maximum':
      return `must be at most ${error.params.limit}`;
    case 'minLength':
      return error.params.limit === 1 ? 'must not be empty' : `must have at least ${error.params.limit} characters`;
    case 'maxLength':
      return `must have at most ${error.params.limit} characters`;
    case 'minItems':
      return error.params.limit === 1 ? 'must not be empty' : `must have at least ${error.params.limit} elements`;
    case 'maxItems':
      return `must have at most ${error.params.limit} elements`;
    case 'maxProperties':
      return `must have at most ${error.params.limit} members`;
    case 'uniqueItems':
      return 'must not hold the same element twice';
    default:
      return error.message;
  }
}

function nameBranch(branch: JsonSchema): string[] {
  if (branch.const !== undefined) return [JSON.stringify(branch.const)];
  if (branch.enum !== undefined) return branch.enum.map((value) => JSON.stringify(value));
  if (branch.type === 'array') return [branch.items?.type === 'string' ? 'an array of strings' : 'an array'];
  return [branch.type ?? []].flat();
}

function nameTypes(types: readonly string[]): string {
  const names = [...new Set(types.map((type) => typeNames[type] ?? type))];
  return names.length < 2 ? (names[0] ?? 'something else') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/**
 * The error to talk about. A union fails with the errors of each branch and one of its own: where exactly one branch is of the value's
 * type, its error says more than that the union fails.
 */
function chooseError(schema: JsonSchema, errors: readonly TLocalizedValidationError[]): TLocalizedValidationError {
  const told = errors.map(nameUnknownMember);
  const [first] = told;
  if (first === undefined) throw new Error('a value without an error needs no explanation');
  const union = told
    .filter(({ keyword, schemaPath }) => isUnion(keyword) && isBelow(first.schemaPath, schemaPath))
    .sort((a, b) => a.schemaPath.length - b.schemaPath.length)[0];
  if (union === undefined) return preferMisspelling(first, told);
  const branches = resolveSchema(schema, union.schemaPath)?.[union.keyword as 'anyOf' | 'oneOf'] ?? [];
  const fitting = branches
    .map((_, index) =>
      told.filter(({ schemaPath }) => isBelow(schemaPath, `${union.schemaPath}/${union.keyword}/${index}`)),
    )
    .filter((own) => own.length > 0 && own.every((error) => !isMismatch(error, union.instancePath)));
  return fitting.length === 1 && fitting[0] !== undefined ? chooseError(schema, fitting[0]) : union;
}

/** A member that is missing may be there under a wrong name, and that is what to talk about. */
function preferMisspelling(
  first: TLocalizedValidationError,
  told: readonly TLocalizedValidationError[],
): TLocalizedValidationError {
  if (first.keyword !== 'required') return first;
  const isUnknown = ({ keyword, instancePath }: TLocalizedValidationError) =>
    keyword === 'additionalProperties' && instancePath === first.instancePath;
  return told.find(isUnknown) ?? first;
}

/**
 * An unknown member is told as `boolean`, the schema `false` of what is not allowed. The one error that names them all comes after these, and
 * not at all where there are many: the validator stops after a few errors.
 */
function nameUnknownMember(error: TLocalizedValidationError): TLocalizedValidationError {
  const end = '/additionalProperties';
  if (error.keyword !== 'boolean' || !error.schemaPath.endsWith(end)) return error;
  const at = error.instancePath.lastIndexOf('/');
  return {
    keyword: 'additionalProperties',
    schemaPath: error.schemaPath.slice(0, -end.length),
    instancePath: error.instancePath.slice(0, at),
    params: { additionalProperties: [unescapePointer(error.instancePath.slice(at + 1))] },
    message: error.message,
  };
}

function isUnion(keyword: string): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf';
}

/** Is the branch out of the question, because the value itself is of another type or another constant? */
function isMismatch(error: TLocalizedValidationError, at: string): boolean {
  return error.instancePath === at && ['type', 'const', 'enum'].includes(error.keyword);
}

function isBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** The subschema at a path such as `#/properties/env/anyOf/0`. */
function resolveSchema(schema: JsonSchema, path: string): JsonSchema | undefined {
  return read(schema, path.split('/').slice(1).map(unescapePointer)) as JsonSchema | undefined;
}

function read(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root);
}

/** JSON Pointer escapes (RFC 6901 §3). */
function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The name of an unknown member can be as long as the body: its beginning is enough to find it. */
function formatPath(path: readonly string[]): string {
  const parts = path.map((part) => (part.length > 100 ? `${part.slice(0, 100)}…` : part));
  return parts.reduce(
    (text, part) => (/^\d+$/.test(part) ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
