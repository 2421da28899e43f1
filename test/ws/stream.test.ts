// Many topics on one connection: each is what it is on its own URL, they come and go one by one, and nonsense ends none of them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { callDocker } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { makeTarget } from '../support/observed.ts';
import { uniqueName } from '../support/run-id.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const api = useApi(server, { after });

function connect(path = '', headers: Record<string, string> = { ...server.headers }): Promise<StreamClient> {
  return connectStream({ after }, `${server.url}/api/v1/stream${path}`, { headers });
}

const say = (client: StreamClient, message: unknown) => client.socket.send(JSON.stringify(message));
const subscribe = (client: StreamClient, id: string, wish: object) => say(client, { type: 'subscribe', id, ...wish });
const keysOf = (client: StreamClient, id: string) =>
  client.of('subscribed').flatMap((frame) => (frame.id === id ? [frame.key] : []));
const dataOf = (client: StreamClient, key: Frame) => client.streams.get(JSON.stringify(key))?.data;
const errorOf = (client: StreamClient, id: string) => client.of('error').find((frame) => frame.id === id);
const ports = (client: StreamClient, key: Frame): number[] =>
  dataOf(client, key)?.sockets.map(({ local }: Frame) => local.port) ?? [];
const httpd = (port: number) => ({ command: ['httpd', '-f', '-p', String(port)] });

test('topics share a connection, each under its own key, and are let go one by one', async () => {
  const { id, name } = await api.create('closed', httpd(80));
  const client = await connect();
  subscribe(client, 'n', { topic: 'netstat', container: name, options: 'nat', intervalMs: 100 });
  subscribe(client, 'i', { topic: 'ifconfig', container: id.slice(0, 20), format: 'both' });
  const [netstat] = await client.until('netstat', () => keysOf(client, 'n').length > 0 && keysOf(client, 'n'));
  assert.deepEqual(netstat, { topic: 'netstat', container: id, options: 'tan', format: 'json' });
  await client.until('the listener', () => ports(client, netstat).includes(80));
  const [ifconfig] = await client.until('ifconfig', () => keysOf(client, 'i').length > 0 && keysOf(client, 'i'));
  const { text } = await client.until('its text', () => client.streams.get(JSON.stringify(ifconfig)));
  assert.match(text ?? '', /^lo /);

  say(client, { type: 'unsubscribe', id: 'n' });
  say(client, { type: 'unsubscribe', id: 'n' });
  await client.until('the refusal', () => errorOf(client, 'n'));
  await api.post(`/containers/${id}/exec`, { command: ['sh', '-c', 'httpd -p 81'] }).expect(200);
  const again = await connect();
  subscribe(again, 'n', { topic: 'netstat', container: id, options: 'tan', intervalMs: 100 });
  await again.until('the second listener', () => ports(again, netstat).includes(81));
  assert.ok(!ports(client, netstat).includes(81));
  assert.equal(client.closed, undefined);
});

test('a key is held once: two who ask get one stream, and it lives until both have left', async () => {
  const lab = uniqueName('lab');
  const { id } = await api.create('closed', { lab, ...httpd(80) });
  const client = await connect();
  const wish = { topic: 'netstat', intervalMs: 100 };
  subscribe(client, 'one', { ...wish, container: id });
  subscribe(client, 'all', { ...wish, lab });
  await client.until('both', () => client.of('subscribed').length === 2);
  const [key] = keysOf(client, 'one');
  assert.deepEqual(keysOf(client, 'all'), [key]);
  await client.until('the listener', () => ports(client, key).includes(80));
  assert.equal(client.of('snapshot').length, 1);
  say(client, { type: 'unsubscribe', id: 'one' });
  await api.post(`/containers/${id}/exec`, { command: ['sh', '-c', 'httpd -p 81'] }).expect(200);
  await client.until('the second listener', () => ports(client, key).includes(81));
});

test('a whole lab: members come and go', async () => {
  const lab = uniqueName('lab');
  const first = await api.create('closed', { lab, ...httpd(80) });
  const client = await connect();
  subscribe(client, 'lab', { topic: 'netstat', lab, intervalMs: 100 });
  subscribe(client, 'logs', { topic: 'logs', lab });
  await client.until('the first', () => keysOf(client, 'lab').some((key) => ports(client, key).includes(80)));
  const second = await api.create('closed', { lab, ...httpd(81) });
  await client.until('the second', () => keysOf(client, 'lab').some((key) => ports(client, key).includes(81)));
  await api.delete(`/containers/${first.id}`).expect(204);
  const ended = await client.until('its end', () =>
    client.of('state').find(({ state, key }) => state === 'ended' && key.topic === 'netstat'),
  );
  assert.equal(ended.key.container, first.id);
  assert.deepEqual(
    keysOf(client, 'lab').map(({ container }) => container),
    [first.id, second.id],
  );
  assert.equal(keysOf(client, 'logs').length, 2);
});

test('logs: what was written, then what is written, over restarts to the end', async () => {
  const { id } = await api.create('closed', {
    command: ['sh', '-c', 'for n in 1 2 3; do echo line $n; done; trap exit TERM; sleep 3600 & wait'],
  });
  const client = await connect();
  const lines = () => client.of('log').flatMap((frame) => frame.lines.map(({ line }: Frame) => line));
  await waitFor(async (see) => see((await api.get(`/containers/${id}/logs`)).text).includes('line 3'), {
    what: 'the lines',
  });
  subscribe(client, 'l', { topic: 'logs', container: id, tail: 2 });
  await client.until('the past', () => lines().length === 2);
  assert.deepEqual(lines(), ['line 2', 'line 3']);
  await api.post(`/containers/${id}/restart?timeout=1`).expect(200);
  await client.until('the next run', () => lines().length === 5);
  assert.deepEqual(lines().slice(2), ['line 1', 'line 2', 'line 3']);
  await api.delete(`/containers/${id}`).expect(204);
  await client.until('the end', () => client.of('state').some(({ state }) => state === 'ended'));
  const stranger = await makeTarget({ after }, server);
  subscribe(client, 'x', { topic: 'logs', container: stranger.id });
  assert.equal((await client.until('a refusal', () => errorOf(client, 'x'))).code, 'not_managed');
});

test('events: of a container, and a second subscription does not send one twice', async () => {
  const lab = uniqueName('lab');
  const { id } = await api.create('closed', { lab });
  const client = await connect();
  subscribe(client, 'one', { topic: 'events', container: id });
  subscribe(client, 'lab', { topic: 'events', lab });
  await client.until('both', () => client.of('snapshot').length === 2);
  assert.equal(keysOf(client, 'one')[0].container, id);
  await api.post(`/containers/${id}/pause`).expect(200);
  const paused = await client.until('the event', () =>
    client.of('event').find(({ event }) => event.endsWith('paused')),
  );
  const resumed = await connect();
  const [{ bootId }] = resumed.of('hello') as [Frame];
  subscribe(resumed, 'r', { topic: 'events', lab, bootId, seq: paused.seq - 1 });
  await resumed.until('the event again', () => resumed.of('event').length > 0);
  assert.equal(resumed.of('snapshot').length, 0);
  assert.equal(client.of('event').filter(({ seq }) => seq === paused.seq).length, 1);
});

test('a container that was replaced is followed under its new id', async () => {
  const name = uniqueName('target');
  const target = await api.create('closed', { name, ...httpd(80) });
  const { id } = await api.create('joined', { target: target.id });
  const client = await connect();
  subscribe(client, 'n', { topic: 'netstat', container: id, intervalMs: 100 });
  await client.until('the listener', () => keysOf(client, 'n').some((key) => ports(client, key).includes(80)));
  await api.delete(`/containers/${target.id}`).expect(204);
  await api.create('closed', { name, ...httpd(81) });
  const { body: fresh } = await api.post(`/containers/${id}/rejoin`).expect(200);
  const key = await client.until('the new key', () =>
    keysOf(client, 'n').find(({ container }) => container === fresh.id),
  );
  await client.until('the new listener', () => ports(client, key).includes(81));
});

test('hostile frames are refused one by one, with their id, and the connection stays', async () => {
  const { id } = await api.create('closed');
  const client = await connect();
  const cases: [unknown, RegExp][] = [
    ['nonsense', /JSON object/],
    [Buffer.from([0, 255, 1]), /text frame/],
    ['null', /JSON object/],
    ['[]', /JSON object/],
    ['{}', /type/],
    [`${'['.repeat(30_000)}`, /JSON object/],
    [{ type: 'hello' }, /"hello"/],
    [{ type: 'subscribe', id: 'a' }, /topic/],
    [{ type: 'subscribe', id: 'b', topic: 'top', container: id }, /topic/],
    [{ type: 'subscribe', id: 'c', topic: 'netstat' }, /container or a lab/],
    [{ type: 'subscribe', id: 'd', topic: 'netstat', container: id, lab: 'x' }, /exclude/],
    [{ type: 'subscribe', id: 'e', topic: 'netstat', container: id, options: 'xyz' }, /"x"/],
    [{ type: 'subscribe', id: 'f', topic: 'ifconfig', container: id, options: 'b' }, /options/],
    [{ type: 'subscribe', id: 'g', topic: 'netstat', container: id, intervalMs: 1 }, /intervalMs/],
    [{ type: 'subscribe', id: 'h', topic: 'logs', container: id, intervalMs: 500 }, /intervalMs/],
    [{ type: 'subscribe', id: 'i', topic: 'events', seq: 1 }, /bootId/],
    [{ type: 'subscribe', id: 'j', topic: 'netstat', container: 'no-such-container' }, /no-such-container/],
    [{ type: 'subscribe', id: 'k', topic: 'netstat', container: id, extra: 1 }, /subscribe|extra/],
    [{ type: 'subscribe', id: '', topic: 'events' }, /id/],
    [{ type: 'subscribe', id: 'l', topic: 'netstat', container: { length: 1 } }, /container/],
    [{ type: 'subscribe', id: 'm', topic: 'events', engine: '__proto__' }, /./],
    [{ type: 'unsubscribe', id: 'nobody' }, /nobody/],
  ];
  for (const [message, words] of cases) {
    const before = client.of('error').length;
    client.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
    const what = JSON.stringify(message).slice(0, 100);
    const error = await client.until(`an error for ${what}`, () => client.of('error')[before]);
    assert.match(error.detail, words, what);
    assert.ok(['invalid_request', 'container_not_found', 'engine_not_found'].includes(error.code), error.code);
    const given = typeof message === 'string' || Buffer.isBuffer(message) ? undefined : (message as Frame).id;
    assert.equal(error.id, given === '' ? undefined : given, what);
  }
  subscribe(client, 'n', { topic: 'netstat', container: id });
  await client.until('what works all the same', () => client.of('snapshot').length > 0);
  subscribe(client, 'n', { topic: 'events' });
  assert.match((await client.until('a refusal', () => errorOf(client, 'n'))).detail, /"n"/);
});

test('a flood ends with 4429, and so many subscriptions are enough', async () => {
  const flooding = await connect();
  for (let n = 0; n < 400; n += 1) flooding.socket.send('{}');
  assert.equal((await waitFor(() => flooding.closed, { what: 'the end' })).code, 4429);

  const client = await connect();
  for (let n = 0; n <= 128; n += 1) subscribe(client, `s${n}`, { topic: 'events', lab: `no-such-lab-${n}` });
  const refused = await client.until('the limit', () => errorOf(client, 's128'));
  assert.equal(refused.code, 'rate_limited');
  assert.equal(client.of('subscribed').length, 128);
});

test('only with a token or a ticket that was not used, and only as a WebSocket', async () => {
  await api.get('/stream').expect(426);
  await assert.rejects(connect('', {}), { status: 401 });
  await assert.rejects(connect('?ticket=nonsense', {}), { status: 401 });
  const { body } = await api.post('/tickets').expect(201);
  const page = { origin: server.url };
  await assert.rejects(connect(`?ticket=${body.ticket}`, { origin: 'http://evil.example' }), { status: 403 });
  const client = await connect(`?ticket=${body.ticket}`, page);
  subscribe(client, 'e', { topic: 'events' });
  await client.until('a snapshot', () => client.of('snapshot').length > 0);
  await assert.rejects(connect(`?ticket=${body.ticket}`, page), { status: 401 });
});

test('a container that stops and starts: the subscription goes on', async () => {
  const { id } = await api.create('closed', httpd(80));
  const client = await connect();
  subscribe(client, 'n', { topic: 'netstat', container: id, intervalMs: 100 });
  const [key] = await client.until('its key', () => keysOf(client, 'n').length > 0 && keysOf(client, 'n'));
  await client.until('the listener', () => ports(client, key).includes(80));
  await callDocker('POST', `/containers/${id}/restart?t=0`);
  await client.until('live again', () => client.states.length >= 3 && client.states.at(-1) === 'live');
  assert.deepEqual([...new Set(client.states)], ['live', 'stopped']);
});

test('an engine that goes away and comes back: said once each, also to who has nothing there, and at once to who comes', async () => {
  const proxy = await startEngineProxy({ after });
  const app = await startApp({ after }, { env: { DOCKER_HOST: proxy.endpoint } });
  const follow = () => connectStream({ after }, `${app.url}/api/v1/stream`, { headers: { ...app.headers } });
  const engineStates = (client: StreamClient) =>
    client.of('state').flatMap(({ engine, state }) => (engine === undefined ? [] : [`${engine} ${state}`]));
  const client = await follow();
  subscribe(client, 'nobody', { topic: 'netstat', lab: uniqueName('lab') });
  proxy.hold(/./);
  assert.ok(proxy.cut(/./) > 0);
  await client.until('stale', () => engineStates(client).length > 0);
  const newcomer = await follow();
  await newcomer.until('stale', () => engineStates(newcomer).length > 0);
  proxy.hold(/^$/);
  for (const one of [client, newcomer]) {
    await one.until('live', () => engineStates(one).length > 1, 30_000);
    assert.deepEqual(engineStates(one), ['local stale', 'local live']);
  }
});
