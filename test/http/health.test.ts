// Health, readiness, engines, metrics and request ids; and that no request, however broken, is ever answered with a 500.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import { startApp, testToken } from '../support/app.ts';
import { callDocker, createTestContainer } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { send, sendBytes } from '../support/raw-http.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const running = await startApp({ after });
const { headers } = running;
const get = (url: string) => send(running.url, { path: url, headers });

test('health is of the process alone', async () => {
  const { status, body } = await send(running.url, { path: '/healthz' });
  assert.equal(status, 200);
  assert.deepEqual(body, { status: 'ok' });
});

test('ready, with the state of every engine', async () => {
  const { status, body } = await send(running.url, { path: '/readyz' });
  assert.equal(status, 200);
  assert.equal(body.ready, true);
  assert.equal(body.engines.length, 1);
  assert.equal(body.engines[0].name, 'local');
  assert.equal(body.engines[0].state, 'live');
  assert.equal(body.engines[0].settled, true);
});

test('an engine that is known to be away does not keep the server from being ready', async (t) => {
  const away = await startApp(t, { env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
  const { status, body } = await send(away.url, { path: '/readyz' });
  assert.equal(status, 200);
  assert.equal(body.engines[0].state, 'stale');
  assert.ok(body.engines[0].reason);
  const { body: engines } = await send(away.url, { path: '/api/v1/engines', headers });
  assert.equal(engines[0].version, null);
  assert.equal(engines[0].capabilities.writes.available, false);
  assert.match(engines[0].capabilities.observer.reason, /does not answer/);
});

test('not ready while nothing is known of an engine', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-silent-'));
  const socketPath = path.join(folder, 'silent.sock');
  const held = new Set<Socket>();
  // A frozen engine: it accepts and never answers.
  const silent = createServer((socket) => held.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => silent.listen(socketPath, resolve));
  const letGo = () => {
    for (const socket of held) socket.destroy();
    silent.close();
  };
  const config = readConfig({ DOCKER_HOST: `unix://${socketPath}`, TERRARIUM_TOKEN: testToken, TERRARIUM_PORT: '0' });
  const app = await buildApp({ config, engines: config.engines.map(connectEngine) });
  t.after(async () => {
    letGo();
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const { status, body } = await send(url, { path: '/readyz' });
  assert.equal(status, 503);
  assert.equal(body.ready, false);
  assert.equal(body.engines[0].settled, false);
  assert.equal((await send(url, { path: '/healthz' })).status, 200);
  letGo();
  await waitFor(async (see) => see((await send(url, { path: '/readyz' })).status) === 200, {
    what: 'the engine to be known to be away',
  });
});

test('an engine tells what it is and what can be done there', async () => {
  const version = await callDocker<{ Version: string }>('GET', '/version');
  const { status, body } = await get('/api/v1/engines/local');
  assert.equal(status, 200);
  assert.equal(body.version, version.Version);
  assert.match(body.apiVersion, /^1\.\d+$/);
  assert.deepEqual(body.capabilities.observer, { available: true, via: 'probe', reason: null });
  assert.deepEqual(body.capabilities.hostMode, { available: true, reason: null });
  assert.deepEqual(
    (await get('/api/v1/engines')).body.map(({ name }: { name: string }) => name),
    ['local'],
  );
  const missing = await get('/api/v1/engines/other');
  assert.equal(missing.status, 404);
  assert.equal(missing.body.code, 'engine_not_found');
  assert.match(missing.body.hint, /local/);
});

test('host mode over plain tcp is a right that has to be given', async (t) => {
  const hostMode = async (env: NodeJS.ProcessEnv) => {
    const { url, close } = await startApp(t, { env: { DOCKER_HOST: 'tcp://127.0.0.1:1', ...env } });
    const { body } = await send(url, { path: '/api/v1/engines/local', headers });
    await close();
    return body.capabilities.hostMode;
  };
  const refused = await hostMode({});
  assert.equal(refused.available, false);
  assert.match(refused.reason, /TERRARIUM_INSECURE_ENGINE/);
  assert.equal((await hostMode({ TERRARIUM_INSECURE_ENGINE: 'true' })).available, true);
});

test('metrics count by route, status and engine, and name no object', async (t) => {
  const { id } = await createTestContainer(t);
  await waitFor(async (see) => see((await get(`/api/v1/containers/${id}`)).status) === 200, {
    what: 'the server to know it',
  });
  for (let i = 0; i < 2; i++) await get(`/api/v1/containers/${id}`);
  await get(`/api/v1/containers/${id}?nonsense=1`);
  const { status, headers: answered, text } = await get('/metrics');
  assert.equal(status, 200);
  assert.match(String(answered['content-type']), /^text\/plain; version=0\.0\.4/);
  const value = (line: RegExp) => Number(new RegExp(`^${line.source} (\\S+)$`, 'm').exec(text)?.[1]);
  const route = 'method="GET",route="/api/v1/containers/:id"';
  assert.ok(value(new RegExp(`terrarium_http_request_seconds_count\\{${route},status="200"\\}`)) >= 3);
  assert.ok(value(new RegExp(`terrarium_http_request_seconds_count\\{${route},status="400"\\}`)) >= 1);
  const buckets = [
    ...text.matchAll(/_bucket\{method="GET",route="\/api\/v1\/containers\/:id",status="200",le="([^"]+)"\} (\d+)/g),
  ];
  assert.equal(buckets.at(-1)?.[1], '+Inf');
  const counts = buckets.map(([, , count]) => Number(count));
  assert.deepEqual(
    counts,
    [...counts].sort((a, b) => a - b),
    'buckets are cumulative',
  );
  assert.equal(value(/terrarium_engine_live\{engine="local"\}/), 1);
  assert.ok(value(/terrarium_engine_containers\{engine="local"\}/) >= 1);
  assert.ok(value(/process_resident_memory_bytes/) > 1e7);
  assert.match(text, /^nodejs_eventloop_lag/m);
  assert.ok(!text.includes(id.slice(0, 12)), 'a series for each object would never end');
});

test('a request keeps its own id where that is harmless, and gets one otherwise', async () => {
  const idFor = async (given?: string) => {
    const answer = await send(running.url, {
      path: '/api/v1/nowhere',
      headers: { ...headers, ...(given === undefined ? {} : { 'x-request-id': given }) },
    });
    assert.equal(answer.body.instance, answer.headers['x-request-id']);
    return String(answer.headers['x-request-id']);
  };
  assert.equal(await idFor('trace-1.2:3_4'), 'trace-1.2:3_4');
  const made = [
    await idFor(),
    await idFor(),
    await idFor(''),
    await idFor('a b'),
    await idFor('{"a":1}'),
    await idFor('x'.repeat(65)),
  ];
  for (const id of made) assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(new Set(made).size, made.length);
});

test('bodies: only JSON, only where one belongs, only so large', async () => {
  const post = (target: string, type: string, body: string) =>
    fetch(`${running.url}${target}`, { method: 'POST', headers: { ...headers, 'content-type': type }, body });
  const cases: [target: string, type: string, body: string, status: number, words: RegExp][] = [
    ['/api/v1/containers/closed', 'text/plain', '{}', 415, /does not come as JSON/],
    ['/api/v1/containers/closed', 'application/x-www-form-urlencoded', 'name=a', 415, /does not come as JSON/],
    ['/api/v1/containers/closed', 'application/json', '{"name": }', 400, /not valid JSON/],
    ['/api/v1/containers/closed', 'application/json', '{"name"', 400, /not valid JSON/],
    ['/api/v1/containers/closed', 'application/json', '{"__proto__": {}}', 400, /not valid JSON/],
    ['/api/v1/containers/closed', 'application/json', '', 400, /body is required/],
    ['/api/v1/containers/closed', 'application/json', `"${'x'.repeat(1_100_000)}"`, 413, /too large/],
    ['/api/v1/tickets', 'application/json', '{"a": 1}', 400, /takes no body/],
  ];
  for (const [target, type, body, status, words] of cases) {
    const answer = await post(target, type, body);
    const problem = (await answer.json()) as { detail: string; title: string };
    assert.equal(answer.status, status, `${type} ${body.slice(0, 30)}: ${JSON.stringify(problem)}`);
    assert.match(`${problem.detail} ${problem.title}`, words);
    assert.ok(!JSON.stringify(problem).includes('xxxxx'));
  }
  assert.equal((await post('/api/v1/tickets', 'application/json', '')).status, 201);
  assert.equal((await post('/api/v1/tickets', 'application/json', '{}')).status, 201);
});

test('an unknown query parameter is told, also where a route takes none', async () => {
  for (const url of ['/api/v1/engines?x=1', '/api/v1/containers?x=1']) {
    const { status, body } = await get(url);
    assert.equal(status, 400, url);
    assert.equal(body.field, 'x');
  }
});

test('what is no HTTP gets a 4xx and the end of the connection', async () => {
  const host = new URL(running.url).host;
  const authorization = `Authorization: Bearer ${running.token}`;
  const broken: [bytes: string | Buffer, status: RegExp][] = [
    ['GARBAGE\r\n\r\n', /^HTTP\/1\.1 400 /],
    [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]), /^HTTP\/1\.1 400 /],
    [`GET / HTTP/1.1\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [`GET / HTTP/1.1\r\nHost:\r\n${authorization}\r\nConnection: close\r\n\r\n`, /^HTTP\/1\.1 403 /],
    [`GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 413 /],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, /^HTTP\/1\.1 413 /],
    [
      `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    [`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: -1\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [`GET /%zz HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\nConnection: close\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [
      `GET /api/v1/containers/%00 HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 404 /,
    ],
    [
      `GET /api/v1/containers/${'a'.repeat(300)} HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      `GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 40\d /,
    ],
    [
      `GET /api/v1/engines HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    [`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [`TRACE / HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\nConnection: close\r\n\r\n`, /^HTTP\/1\.1 404 /],
  ];
  for (const [bytes, status] of broken)
    assert.match(await sendBytes(running.url, bytes), status, String(bytes).slice(0, 60));
});

test('no path and no query, however odd, is ever a 500', async () => {
  // The feed of events answers for as long as the client stays.
  const bases = running.app.routeTable
    .filter(({ method, url }) => method === 'GET' && url !== '/api/v1/events')
    .map(({ url }) => url);
  const segment = fc.string({ unit: 'binary', maxLength: 20 }).map(encodeWell);
  const query = fc.array(fc.tuple(fc.string({ maxLength: 8 }).map(encodeWell), segment), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...bases, '/api/v1/containers/:id/:verb'),
      segment,
      query,
      async (base, id, pairs) => {
        const url = `${base.replaceAll(/:\w+/g, id)}?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`;
        const { status, text } = await get(url);
        assert.ok(status < 500, `${url}: ${text}`);
      },
    ),
    { numRuns: 200 },
  );
});

test('a long turn of the event loop now and then sheds nothing', async () => {
  await waitFor(async (see) => see((await send(running.url, { path: '/api/v1/engines', headers })).status) === 200, {
    what: 'a server that keeps up',
  });
  const blocked = new Int32Array(new SharedArrayBuffer(4));
  // Whatever the guard is about to do when the turn begins.
  for (let turn = 0; turn < 5; turn += 1) {
    Atomics.wait(blocked, 0, 0, 1_200);
    for (let after = 0; after < 4; after += 1) {
      const { status, text } = await send(running.url, { path: '/api/v1/engines', headers });
      assert.equal(status, 200, text);
      await letTimePass(110, 'the guard looks at the event loop every 100 ms');
    }
  }
});

test('a server that cannot keep up sheds load, but goes on saying that it lives', async () => {
  const blocked = new Int32Array(new SharedArrayBuffer(4));
  const answers: { path: string; status: number; code?: string }[] = [];
  const ask = async (path: string) => {
    const { status, body } = await send(running.url, { path, headers });
    answers.push({ path, status, code: body.code });
  };
  const asked: Promise<void>[] = [];
  for (let turn = 0; turn < 5; turn++) {
    // Every turn of the event loop takes 800 ms, and no CPU.
    Atomics.wait(blocked, 0, 0, 800);
    asked.push(ask('/api/v1/engines'), ask('/healthz'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(asked);
  const shed = answers.filter(({ status }) => status === 503);
  assert.ok(shed.length > 0, JSON.stringify(answers));
  for (const { path, code } of shed) assert.deepEqual({ path, code }, { path: '/api/v1/engines', code: 'overloaded' });
  await waitFor(async (see) => see((await get('/api/v1/engines')).status) === 200, { what: 'the server to recover' });
});

/** Percent-encoded; lone surrogates, which have no encoding, are replaced. */
function encodeWell(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
