// What a refused request is told: the field by its path, what it must be, what would be allowed, and never the value itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { type TSchema, Type } from 'typebox';
import { schemaCompilers, ValidationError } from '../../src/plugins/validation/compilers.ts';
import { readTextValues } from '../../src/plugins/validation/text-values.ts';
import { CreateBridged, CreateClosed, CreateJoined, CreateOpen } from '../../src/schemas/create.ts';
import type { Failure } from '../../src/schemas/failure.ts';
import fc from '../support/fast-check.ts';

type Verdict = { value: unknown } | { error: ValidationError };
type Validator = (value: unknown) => Verdict;

function compile(schema: TSchema, httpPart = 'body'): Validator {
  const build = schemaCompilers.buildValidator as unknown as () => (route: object) => Validator;
  return build()({ schema, httpPart, method: 'POST', url: '/' });
}

function refusal(schema: TSchema, value: unknown, httpPart = 'body'): Failure {
  const verdict = compile(schema, httpPart)(value);
  assert.ok('error' in verdict, `${JSON.stringify(value)} was accepted`);
  assert.ok(verdict.error instanceof ValidationError);
  return verdict.error.cause;
}

const bodies: readonly [value: unknown, field: string | undefined, detail: string, hint?: RegExp][] = [
  [{ target: 'a', zzz: 1 }, 'zzz', 'Unknown field "zzz"', /^Allowed: .*\bname\b.*\btarget\b/],
  [{ target: 'a', limits: { mem: 1 } }, 'limits.mem', 'Unknown field "limits.mem"', /^Allowed: memory, cpus, pids$/],
  [{}, 'target', 'The field "target" is required'],
  [{ targt: 'a' }, 'targt', 'Unknown field "targt"', /^Allowed: .*\btarget\b/],
  [{ target: 5 }, 'target', 'The field "target" must be a string'],
  [{ target: '' }, 'target', 'The field "target" must not be empty'],
  [{ target: 'a', tty: 'true' }, 'tty', 'The field "tty" must be true or false'],
  [{ target: 'a', command: ['a', 2] }, 'command[1]', 'The field "command[1]" must be a string'],
  [{ target: 'a', command: 'ls' }, 'command', 'The field "command" must be an array'],
  [{ target: 'a', pull: 'sometimes' }, 'pull', 'The field "pull" must be one of missing, never, always'],
  [{ target: 'a', limits: { pids: 0 } }, 'limits.pids', 'The field "limits.pids" must be at least 1'],
  [{ target: 'a', limits: { pids: 1.5 } }, 'limits.pids', 'The field "limits.pids" must be a whole number'],
  [
    { target: 'a', capabilities: ['SYS_ADMIN'] },
    'capabilities[0]',
    'The field "capabilities[0]" must be one of NET_ADMIN, NET_RAW',
  ],
  [{ target: 'a', env: 5 }, 'env', 'The field "env" must be an object or an array of strings', /NAME=value/],
  [{ target: 'a', env: { A: 5 } }, 'env.A', 'The field "env.A" must be a string'],
  [{ target: 'a', env: ['A'] }, 'env[0]', 'The field "env[0]" must match ^[^=\\u0000]+=[^\\u0000]*$', /NAME=value/],
  [
    { target: 'a', limits: { memory: 100 } },
    'limits.memory',
    'The field "limits.memory" must be at least 6291456',
    /at least 6m/,
  ],
  [[], undefined, 'The body must be an object'],
  ['text', undefined, 'The body must be an object'],
  [null, undefined, 'A JSON body is required', /application\/json/],
];

for (const [value, field, detail, hint] of bodies)
  test(`body ${JSON.stringify(value)}: ${detail}`, () => {
    const failure = refusal(CreateJoined, value);
    assert.equal(failure.code, 'invalid_request');
    assert.equal(failure.message, detail);
    assert.equal(failure.field, field);
    if (hint !== undefined) assert.match(failure.hint ?? '', hint);
  });

test('a union of types names what each would be; a value of one of them is told what is wrong with it', () => {
  const schema = Type.Object({ memory: Type.Union([Type.Integer({ minimum: 10 }), Type.String({ maxLength: 3 })]) });
  assert.equal(refusal(schema, { memory: true }).message, 'The field "memory" must be a whole number or a string');
  assert.equal(refusal(schema, { memory: 3 }).message, 'The field "memory" must be at least 10');
  assert.equal(refusal(schema, { memory: 'four' }).message, 'The field "memory" must have at most 3 characters');
});

test('addresses and times are held to their formats', () => {
  const schema = Type.Object({
    v4: Type.Optional(Type.String({ format: 'ipv4' })),
    v6: Type.Optional(Type.String({ format: 'ipv6' })),
    at: Type.Optional(Type.String({ format: 'date-time' })),
  });
  const validate = compile(schema);
  assert.ok('value' in validate({ v4: '172.17.0.2', v6: '2001:db8::1', at: '2026-01-31T12:00:00Z' }));
  assert.equal(refusal(schema, { v4: '300.1.1.1' }).message, 'The field "v4" must be an IPv4 address');
  assert.equal(refusal(schema, { v6: '::1::' }).message, 'The field "v6" must be an IPv6 address');
  assert.match(refusal(schema, { at: 'yesterday' }).message, /^The field "at" must be a date and time/);
});

test('a refusal never repeats the value', () => {
  const secret = 'pAsSwOrD';
  for (const body of [
    { env: { A: [secret] } },
    { env: [secret] },
    { env: secret },
    { name: `${secret} ` },
    { pull: secret },
  ])
    for (const schema of [CreateClosed, CreateBridged, CreateOpen]) {
      const { message, hint = '', field = '' } = refusal(schema, body);
      assert.ok(!`${message} ${hint} ${field}`.includes(secret), message);
    }
});

test('any JSON at all is accepted or refused in words, for every create body', () => {
  const validators = [CreateClosed, CreateBridged, CreateJoined, CreateOpen].map((schema) => compile(schema));
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...validators), (value, validate) => {
      const verdict = validate(value);
      if ('error' in verdict) assert.match(verdict.error.cause.message, /^(The|Unknown|A) .*[^.]$/);
    }),
    { numRuns: 500 },
  );
});

const query = Type.Object({
  tail: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Literal('all')])),
  follow: Type.Optional(Type.Boolean()),
  name: Type.Optional(Type.String()),
  many: Type.Optional(Type.Array(Type.Integer())),
  size: Type.Optional(Type.Integer({ default: 10 })),
});

test('query strings are read as numbers and booleans where the schema has them', () => {
  const validate = compile(query, 'querystring');
  assert.deepEqual(validate({ tail: '5', follow: 'true', name: '7', many: '3' }), {
    value: { tail: 5, follow: true, name: '7', many: [3], size: 10 },
  });
  assert.deepEqual(validate({ tail: 'all', follow: 'false', many: ['1', '2'] }), {
    value: { tail: 'all', follow: false, many: [1, 2], size: 10 },
  });
});

test('a query parameter that is unknown, of another type, or there twice is refused by name', () => {
  const cases: [object, string, string][] = [
    [{ tial: '5' }, 'tial', 'Unknown query parameter "tial"'],
    [{ follow: 'yes' }, 'follow', 'The query parameter "follow" must be true or false'],
    [{ follow: '' }, 'follow', 'The query parameter "follow" must be true or false'],
    [{ tail: '1e3' }, 'tail', 'The query parameter "tail" must be a whole number or "all"'],
    [{ tail: '-1' }, 'tail', 'The query parameter "tail" must be at least 0'],
    [{ name: ['a', 'b'] }, 'name', 'The query parameter "name" is given more than once'],
    [{ many: ['1', 'x'] }, 'many[1]', 'The query parameter "many[1]" must be a whole number'],
  ];
  for (const [value, field, detail] of cases) {
    const failure = refusal(query, value, 'querystring');
    assert.equal(failure.message, detail);
    assert.equal(failure.field, field);
  }
});

test('text that is no number stays text, and the object asked about is not changed', () => {
  const values = Object.freeze({ tail: 'x', follow: '1', size: '0x10' });
  const read = readTextValues(query as object, values);
  assert.deepEqual(read, { tail: 'x', follow: '1', size: '0x10' });
  assert.notEqual(read, values);
});
