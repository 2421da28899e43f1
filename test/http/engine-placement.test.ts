// Two engines, and where containers go: by name, by label, to the least loaded, to their target; said beforehand, and found again by a retry.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { type RunningApp, startApp } from '../support/app.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const start = () => startPrivateEngine({ after }, { image: 'busybox:latest' });
const [left, right] = (skip === false ? await Promise.all([start(), start()]) : []) as [PrivateEngine, PrivateEngine];
const startOnBoth = () =>
  startApp(
    { after },
    {
      config: {
        engines: [
          { name: 'left', endpoint: left.host, insecure: false, labels: { room: 'a', gpu: 'no' } },
          { name: 'right', endpoint: right.host, insecure: false, labels: { room: 'a', gpu: 'yes' } },
        ],
      },
    },
  );
const app = skip === false ? await startOnBoth() : ({} as RunningApp);

const make = (mode: string, body: object, { on = app, query = '', key = '' } = {}) =>
  request(on.url)
    .post(`/api/v1/containers/${mode}${query}`)
    .set({ ...on.headers, ...(key === '' ? {} : { 'idempotency-key': key }) })
    .send(body);

async function names({ docker }: PrivateEngine): Promise<string[]> {
  const { stdout } = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', 'label=io.terrarium.mode');
  return stdout
    .split('\n')
    .filter((name) => name !== '')
    .sort();
}

async function clear(): Promise<void> {
  for (const engine of [left, right])
    for (const name of await names(engine)) await engine.docker('rm', '--force', '--volumes', name);
}

test('what is asked for by label goes there, and a dry run says where and why', { skip }, async () => {
  const dry = await make('closed', { name: 'c1', placement: { labels: { gpu: 'yes' } } }, { query: '?dryRun=true' });
  assert.deepEqual(
    [dry.status, dry.body.engine, dry.body.engineReason],
    [200, 'right', 'it has the labels gpu=yes, and no other engine fits'],
  );
  assert.deepEqual([await names(left), await names(right)], [[], []]);
  const made = await make('closed', { name: 'c1', placement: { labels: { gpu: 'yes' } } });
  assert.deepEqual([made.status, made.body.engine], [201, 'right']);
  assert.deepEqual([await names(left), await names(right)], [[], ['c1']]);
  const reasons = [
    await make('closed', { name: 'd1' }, { query: '?dryRun=true' }),
    await make('closed', { name: 'd1', engine: 'right' }, { query: '?dryRun=true' }),
    await make('joined', { name: 'd1', target: 'c1' }, { query: '?dryRun=true' }),
  ].map(({ body }) => [body.engine, body.engineReason]);
  assert.deepEqual(reasons, [
    ['left', 'it is the first engine, and the request names none'],
    ['right', 'the request names it'],
    ['right', 'its target "c1" is there'],
  ]);
  await clear();
});

test('many at once are spread, and what others run counts too', { skip }, async () => {
  await left.docker('run', '--detach', '--name', 'foreign-1', '--network', 'none', 'busybox:latest', 'sleep', '3600');
  await left.docker('run', '--detach', '--name', 'foreign-2', '--network', 'none', 'busybox:latest', 'sleep', '3600');
  await waitFor(
    async (see) => see((await request(app.url).get('/api/v1/engines/left').set(app.headers)).body.containers) === 2,
    { what: 'both to be seen' },
  );
  const all = await Promise.all(
    Array.from({ length: 6 }, (_, i) => make('closed', { name: `many-${i}`, placement: 'least-loaded' })),
  );
  assert.deepEqual(
    all.map(({ status }) => status),
    all.map(() => 201),
  );
  assert.deepEqual([(await names(left)).length, (await names(right)).length], [2, 4]);
  const dry = await make('closed', { placement: { labels: { room: 'a' } } }, { query: '?dryRun=true' });
  assert.match(
    dry.body.engineReason,
    /^it has the labels room=a, and it is the least loaded of 2 \(containers for each CPU: \w+ [\d.]+, \w+ [\d.]+\)$/,
  );
  await left.docker('rm', '--force', 'foreign-1', 'foreign-2');
  await clear();
});

test('a retry finds the first result wherever it was placed, also on another server', { skip }, async () => {
  const body = { placement: 'least-loaded', command: ['sleep', '3600'] };
  const first = await make('closed', body, { key: 'a key' });
  assert.equal(first.status, 201);
  // Now the other engine is the one that would be chosen.
  const retries = [
    await make('closed', body, { key: 'a key' }),
    await make('closed', body, { key: 'a key', on: await startOnBoth() }),
  ];
  for (const { status, body: again, headers } of retries)
    assert.deepEqual(
      [status, again.id, again.engine, headers['idempotency-replayed']],
      [201, first.body.id, first.body.engine, 'true'],
    );
  assert.equal((await names(left)).length + (await names(right)).length, 1);
  // Eight at once, from the same moment on.
  const server = await startOnBoth();
  const many = await Promise.all(
    Array.from({ length: 8 }, () => make('closed', body, { key: 'another key', on: server })),
  );
  assert.equal(new Set(many.map(({ body: made }) => made.id)).size, 1);
  await clear();
});

test('what does not fit together is refused by name, and makes nothing', { skip }, async () => {
  assert.equal((await make('closed', { name: 'target', engine: 'right' })).status, 201);
  const cases: [
    mode: string,
    body: object,
    query: string,
    status: number,
    code: string,
    field: string | undefined,
    words: RegExp,
  ][] = [
    ['closed', { placement: 'least-loaded', engine: 'left' }, '', 400, 'invalid_request', 'placement', /"left"/],
    ['closed', { placement: 'least-loaded' }, '?engine=left', 400, 'invalid_request', 'placement', /"left"/],
    ['closed', { placement: 'most-loaded' }, '', 400, 'invalid_request', 'placement', /least-loaded/],
    ['closed', { placement: {} }, '', 400, 'invalid_request', 'placement.labels', /required/],
    ['closed', { placement: { labels: {} } }, '', 400, 'invalid_request', 'placement.labels', /./],
    ['closed', { placement: { labels: { gpu: 1 } } }, '', 400, 'invalid_request', 'placement.labels.gpu', /string/],
    [
      'closed',
      { placement: { label: { gpu: 'yes' } } },
      '',
      400,
      'invalid_request',
      'placement.label',
      /Unknown field/,
    ],
    [
      'closed',
      { placement: { labels: { gpu: 'maybe' } } },
      '',
      400,
      'invalid_request',
      'placement.labels',
      /gpu=maybe/,
    ],
    ['closed', { engine: 'middle' }, '', 404, 'engine_not_found', 'engine', /middle/],
    [
      'joined',
      { target: 'target', placement: 'least-loaded' },
      '',
      400,
      'invalid_request',
      'placement',
      /where its target is/,
    ],
    ['joined', { target: 'target', engine: 'left' }, '', 404, 'container_not_found', 'target', /target/],
    [
      'bridged',
      { placement: 'least-loaded', network: 'nowhere' },
      '',
      409,
      'state_conflict',
      'placement',
      /left: it has no network "nowhere"; right/,
    ],
  ];
  for (const [mode, body, query, status, code, field, words] of cases) {
    const answer = await make(mode, { name: 'refused', ...body }, { query });
    assert.deepEqual(
      [answer.status, answer.body.code, answer.body.field],
      [status, code, field],
      JSON.stringify(answer.body),
    );
    assert.match(answer.body.detail, words);
  }
  assert.deepEqual([await names(left), await names(right)], [[], ['target']]);
  await clear();
});

test('a network decides where it can be had', { skip }, async () => {
  await right.docker('network', 'create', 'only-right');
  for (let i = 0; i < 2; i += 1) {
    const made = await make('bridged', { name: `n-${i}`, network: 'only-right', placement: 'least-loaded' });
    assert.deepEqual([made.status, made.body.engine], [201, 'right'], JSON.stringify(made.body));
  }
  await clear();
  await right.docker('network', 'rm', 'only-right');
});

test('an engine that is away gets nothing, and where no other fits that is said', { skip }, async () => {
  await right.kill();
  await waitFor(
    async (see) => see((await request(app.url).get('/api/v1/engines/right').set(app.headers)).body.state) === 'stale',
    { what: 'it to be away' },
  );
  const made = await make('closed', { name: 'here', placement: 'least-loaded' });
  assert.deepEqual([made.status, made.body.engine], [201, 'left']);
  const refused = await make('closed', { name: 'there', placement: { labels: { gpu: 'yes' } } });
  assert.deepEqual([refused.status, refused.body.code], [503, 'engine_unavailable']);
  assert.match(refused.body.detail, /right/);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  const shown = (await request(app.url).get('/api/v1/engines/right').set(app.headers)).body;
  assert.deepEqual([shown.labels, shown.transport], [{ room: 'a', gpu: 'yes' }, 'unix']);
  assert.ok(shown.failures > 0);
  await clear();
});
