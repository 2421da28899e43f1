// Bad input of every field of every create body: 4xx, a problem document that names the field, nothing made, and never a 500. What is bad is
// read off the schemas themselves, and made up by fast-check.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import request from 'supertest';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Mode } from '../../src/schemas/container.ts';
import { CreateBridged, CreateClosed, CreateJoined, CreateOpen } from '../../src/schemas/create.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { dockerApi, removeContainer } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { uniqueName } from '../support/run-id.ts';
import type { Schema } from '../support/schema-values.ts';

const server = await startApp({ after });

const models: readonly { mode: Mode; schema: TSchema; valid: object }[] = [
  { mode: 'closed', schema: CreateClosed, valid: {} },
  { mode: 'bridged', schema: CreateBridged, valid: {} },
  { mode: 'joined', schema: CreateJoined, valid: { target: 'no-such-target' } },
  { mode: 'open', schema: CreateOpen, valid: { ports: ['2222'] } },
];

const samples: Readonly<Record<string, unknown>> = {
  null: null,
  boolean: true,
  number: 1.5,
  integer: 7,
  string: 'text',
  array: [[]],
  object: { a: {} },
};

/** Values that this schema refuses, each for another reason. */
function badValues(shape: Schema): unknown[] {
  const branches = shape.anyOf ?? [shape];
  const types = new Set(branches.flatMap(({ type }) => (type === 'number' ? ['number', 'integer'] : [type])));
  const ofOtherTypes = Object.entries(samples).flatMap(([type, value]) => (types.has(type) ? [] : [value]));
  return [...ofOtherTypes, ...branches.flatMap((branch) => badOfType(branch))];
}

const hostile = [
  '\u0000',
  'a\u0000b',
  '../../etc/passwd',
  '; rm -rf /',
  '$(id)',
  '`id`',
  'a b',
  '\n',
  '\r\nX: y',
  '🐚',
  '\ud800',
  '{{7*7}}',
  "' OR '1'='1",
  '<script>',
  '-',
  '%00',
  '\u202e',
  ' ',
];

function badOfType(shape: Schema): unknown[] {
  if (shape.enum !== undefined) return ['', 'Missing', ...hostile].filter((value) => !shape.enum?.includes(value));
  if (shape.type === 'string') {
    const long = shape.maxLength === undefined ? [] : ['x'.repeat(shape.maxLength + 1), 'x'.repeat(100_000)];
    const short = (shape.minLength ?? 0) > 0 || shape.pattern?.includes('+') ? [''] : [];
    const patterned = hostile.filter(
      (text) => shape.pattern !== undefined && !new RegExp(shape.pattern, 'u').test(text),
    );
    const formatted =
      shape.format === undefined ? [] : ['999.1.1.1', '1.2.3', 'localhost', ':::', '1.2.3.4/24', ...hostile];
    return [...long, ...short, ...patterned, ...formatted];
  }
  if (shape.type === 'number' || shape.type === 'integer') {
    const bounds = [
      ...(shape.minimum === undefined ? [] : [shape.minimum - 1, -1e308, Number.MIN_SAFE_INTEGER]),
      ...(shape.maximum === undefined ? [] : [shape.maximum + 1, 1e308, Number.MAX_SAFE_INTEGER]),
    ];
    return [...bounds, ...(shape.type === 'integer' ? [1.5] : [])];
  }
  if (shape.type === 'array') {
    const items = badValues(shape.items ?? {}).map((item) => [item]);
    const many =
      shape.maxItems === undefined ? [] : [Array.from({ length: shape.maxItems + 1 }, (_, index) => `a${index}=b`)];
    const none = (shape.minItems ?? 0) > 0 ? [[]] : [];
    const [one] = shape.items?.enum ?? [];
    return [...items, ...many, ...none, ...(shape.uniqueItems ? [[one, one]] : [])];
  }
  if (shape.type !== 'object') return [];
  if (shape.properties !== undefined) {
    const inner = Object.entries(shape.properties).flatMap(([name, property]) =>
      badValues(property).map((value) => ({ [name]: value })),
    );
    return [...inner, { unknown: 1 }, { toString: 'x' }, { constructor: 1 }];
  }
  const values =
    typeof shape.additionalProperties === 'object'
      ? badValues(shape.additionalProperties).map((value) => ({ A: value }))
      : [];
  const names = badValues(shape.propertyNames ?? {}).flatMap((name) =>
    typeof name === 'string' ? [{ [name]: 'x' }] : [],
  );
  const many = Object.fromEntries(
    Array.from({ length: (shape.maxProperties ?? 1_000) + 1 }, (_, index) => [`N${index}`, 'x']),
  );
  return [...values, ...names, many];
}

function post(mode: Mode, body: object | string, query = '') {
  return request(server.url)
    .post(`/api/v1/containers/${mode}${query}`)
    .set(server.headers)
    .set('content-type', 'application/json')
    .send(typeof body === 'string' ? body : JSON.stringify(body));
}

function assertProblem(
  { status, headers, body }: { status: number; headers: Record<string, string>; body: Record<string, unknown> },
  about: string,
) {
  assert.ok(status >= 400 && status < 500, `${status} for ${about}: ${JSON.stringify(body)}`);
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json/, about);
  assert.equal(body.status, status, about);
  assert.ok(typeof body.detail === 'string' && typeof body.code === 'string' && typeof body.title === 'string', about);
}

for (const { mode, schema, valid } of models) {
  test(`${mode}: every field refuses what its schema refuses, by its name`, async () => {
    let count = 0;
    for (const [field, shape] of Object.entries((schema as Schema).properties ?? {})) {
      const bad = badValues(shape);
      assert.ok(bad.length >= 5, `${field} was put to the test`);
      for (const value of bad) {
        const name = uniqueName('bad');
        const answer = await post(mode, { name, ...valid, [field]: value });
        const about = `${field} = ${JSON.stringify(value)?.slice(0, 80)}`;
        assertProblem(answer, about);
        assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_request'], about);
        assert.ok(
          String(answer.body.field).startsWith(field),
          `${about}: the field is said to be ${answer.body.field}`,
        );
        count += 1;
      }
    }
    assert.ok(count > 100, `${count} values`);
    const left = await dockerApi(
      'GET',
      `/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify({ name: [uniqueName('bad').replace(/-\d+$/, '')] }))}`,
    );
    assert.deepEqual(left.body, [], 'nothing was made');
  });
}

test('whatever JSON is sent as a field, the schema and the server agree, and a plan never fails', async () => {
  const fields = [...new Set(models.flatMap(({ schema }) => Object.keys((schema as Schema).properties ?? {})))];
  const json = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: 'binary' }),
    fc.array(fc.string({ unit: 'grapheme' })),
    fc.dictionary(fc.string(), fc.string()),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...models),
      fc.constantFrom(...fields),
      json,
      async ({ mode, schema, valid }, field, value) => {
        const body = { ...valid, [field]: value };
        const answer = await post(mode, body, '?dryRun=true');
        const about = JSON.stringify(body);
        if (!Value.Check(schema, JSON.parse(about))) assert.equal(answer.status, 400, about);
        if (answer.status !== 200) assertProblem(answer, about);
      },
    ),
    { numRuns: 300 },
  );
});

test('what only Docker can judge is judged by it, and put in our words', async (t) => {
  const odd = ['$(id)', '🐚', '-1', '99999999999', 'root:x:y', '../..', '\n', ' ', '%s', '\u202e', 'a'.repeat(255)];
  const bodies = odd.flatMap((text) => [
    { user: text },
    { workingDir: `/${text}` },
    { command: [text] },
    { entrypoint: [text] },
    { image: text },
    { network: text },
    { labels: { [text]: text } },
    { env: { [text]: text } },
    { env: [`A=${text}`] },
    { dns: [text] },
    { ttl: text },
    { restart: text },
    { limits: { memory: text } },
    { lab: text },
    { aliases: [text] },
    { pull: 'never', image: text },
  ]);
  for (const body of bodies) {
    const name = uniqueName('odd');
    const attempt = { name, ...body, ...('image' in body ? { pull: 'never' } : {}) };
    const answer = await post(
      'bridged',
      attempt,
      'command' in body || 'entrypoint' in body || 'user' in body || 'workingDir' in body ? '' : '?dryRun=true',
    );
    if (answer.status === 201) await removeContainer(answer.body.id);
    else if (answer.status !== 200) {
      assertProblem(answer, JSON.stringify(attempt));
      assert.ok(answer.body.field, `${JSON.stringify(attempt)}: ${JSON.stringify(answer.body)}`);
      assert.equal((await dockerApi('GET', `/containers/${name}/json`)).status, 404, 'nothing was left');
    }
  }
  // And one that Docker takes arrives as it was sent.
  const strange = { 'ключ 🐚': '\'; $(id) \\ " \n' };
  const made = await useApi(server, t).create('closed', { labels: strange, env: { 'wéird name': '$(id)\n🐚' } });
  const { Config } = (await dockerApi('GET', `/containers/${made.id}/json`)).body;
  assert.equal(Config.Labels['ключ 🐚'], strange['ключ 🐚']);
  assert.ok(Config.Env.includes('wéird name=$(id)\n🐚'));
});

test('ports: every string that cannot be published is refused by its place', async () => {
  const strings = [
    '',
    'x',
    '0',
    '-1',
    '65536',
    '80:',
    ':::',
    '1.2.3.4',
    '80/http',
    '80-70',
    '[::1]:80',
    '999.1.1.1::80',
    '80:80:80',
    '8000-8001:80-85',
    '\u0000',
    '80;id',
    '🐚',
    ' 80',
    '1e3',
    '0x50',
  ];
  for (const text of strings) {
    const answer = await post('open', { name: uniqueName('bad'), ports: ['2222', text] });
    assertProblem(answer, JSON.stringify(text));
    assert.deepEqual([answer.status, answer.body.field], [400, 'ports[1]'], JSON.stringify(text));
  }
});

test('bodies that are no body: refused, whatever they are', async () => {
  const bodies = [
    '',
    'null',
    '5',
    '"text"',
    '[]',
    '[{}]',
    '{',
    '{"name":}',
    '{"name":"a1"',
    'NaN',
    '{"__proto__":{"mode":"x"}}',
    '{"labels":{"__proto__":"x"}}',
    '{"constructor":{"prototype":{"a":1}}}',
    '['.repeat(50_000),
    '\u0000',
  ];
  for (const body of bodies) {
    for (const mode of ['closed', 'joined'] as const) {
      const answer = await post(mode, body);
      assertProblem(answer, body.slice(0, 40));
      assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_request'], body.slice(0, 40));
    }
  }
  assert.equal(({} as Record<string, unknown>).mode, undefined, 'no prototype was polluted');
});

test('too large, of another type, or with a strange query', async () => {
  const large = await post('closed', { name: uniqueName('bad'), labels: { a: 'x'.repeat(1_100_000) } });
  assert.deepEqual([large.status, large.body.code], [413, 'payload_too_large']);
  const form = await request(server.url)
    .post('/api/v1/containers/closed')
    .set(server.headers)
    .type('form')
    .send('name=a1');
  assert.deepEqual([form.status, form.body.code], [415, 'unsupported_media_type']);
  for (const [query, field] of [
    ['?dryRun=perhaps', 'dryRun'],
    ['?dryrun=true', 'dryrun'],
    ['?engine=..%2F', 'engine'],
    ['?x[y]=1', 'x[y]'],
  ]) {
    const answer = await post('closed', {}, query);
    assert.deepEqual([answer.status, answer.body.field], [400, field], query);
  }
});
