// Watching a container's network live: what is opened and closed is seen, by any number of watchers, at the cost of one helper.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { listHelpers, makeTarget } from '../support/observed.ts';
import { type ConnectOptions, connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'helper' }, config: { heartbeatMs: 500 } });

function watch(path: string, options: ConnectOptions = {}): Promise<StreamClient> {
  return connectStream({ after }, `${server.url}/api/v1/containers/${path}`, {
    headers: { ...server.headers },
    ...options,
  });
}

const ports = (client: StreamClient) => client.data?.sockets.map(({ local }: Frame) => local.port) ?? [];

test('a socket that is opened is added, one that is closed is removed, and the sum is what a look shows', async () => {
  const target = await makeTarget({ after }, server);
  const client = await watch(`${target.id}/netstat?options=tan&intervalMs=100`, { protocol: 'terrarium.v1' });
  assert.equal(client.socket.protocol, 'terrarium.v1');
  await client.until('a snapshot', ({ data }) => data);
  const [hello, state, snapshot] = client.frames.filter(({ type }) => type !== 'heartbeat');
  assert.deepEqual([hello?.version, hello?.heartbeatMs], ['terrarium.v1', 500]);
  const key = { topic: 'netstat', container: target.id, options: 'tan', format: 'json' };
  assert.deepEqual([state?.state, state?.key], ['live', key]);
  assert.deepEqual([snapshot?.key, snapshot?.data.sockets], [key, []]);

  const pid = (await target.run('httpd -f -p 2222 & echo $!')).trim();
  const opened = await client.until('the socket', () => client.of('delta').find(({ added }) => added.length > 0));
  assert.deepEqual([opened.added.length, opened.added[0].local.port, opened.added[0].state], [1, 2222, 'LISTEN']);
  assert.equal(opened.base, snapshot?.seq);

  const look = await fetch(`${server.url}/api/v1/containers/${target.id}/netstat?options=tan`, server);
  assert.deepEqual(client.data?.sockets, ((await look.json()) as Frame).sockets);

  await target.run(`kill ${pid}`);
  const closed = await client.until('its end', () => client.of('delta').find(({ removed }) => removed.length > 0));
  assert.deepEqual(closed.removed, [opened.added[0].id]);
  assert.deepEqual(client.data?.sockets, []);
});

test('what is open when nothing happens costs heartbeats only', async () => {
  const target = await makeTarget({ after }, server);
  const client = await watch(`${target.id}/netstat?intervalMs=100`);
  assert.equal(client.socket.protocol, '', 'the same without the subprotocol');
  await client.until('a snapshot', ({ data }) => data);
  await client.until('heartbeats', () => client.of('heartbeat').length >= 2);
  assert.deepEqual(client.of('delta'), []);
  assert.equal(client.of('snapshot').length, 1);
});

test('text comes when it has changed, and both together', async () => {
  const target = await makeTarget({ after }, server);
  const text = await watch(`${target.id}/netstat?options=tl&format=text&intervalMs=100`);
  const both = await watch(`${target.id}/netstat?options=tl&format=both&intervalMs=100`);
  await text.until('a text', (client) => client.text);
  await target.run('httpd -p 8080');
  for (const client of [text, both]) {
    await client.until('the listener', () => client.text?.includes(':::8080'));
    assert.equal(client.text, await target.run('netstat -tln'));
    assert.deepEqual(client.of('delta'), []);
  }
  assert.deepEqual(ports(both), [8080]);
  assert.deepEqual(
    text.of('snapshot').map(({ data }) => data),
    [null, null],
  );
});

test('interfaces: counters move and rates are what flows', async () => {
  const target = await makeTarget({ after }, server);
  const client = await watch(`${target.id}/ifconfig?intervalMs=200`);
  await client.until('a snapshot', ({ data }) => data);
  const lo = () => client.data?.interfaces.find(({ name }: Frame) => name === 'lo');
  assert.equal(lo().rx.bytesPerSecond, 0);
  // 10 packets of 1,028 bytes a second, there and back.
  await target.run('ping -i 0.1 -s 1000 127.0.0.1 >/dev/null 2>&1 &');
  const rate = await client.until('a steady rate', () => {
    const { bytesPerSecond } = lo().rx;
    return bytesPerSecond > 10_000 && bytesPerSecond < 40_000 && bytesPerSecond;
  });
  assert.ok(rate > 0);
  const delta = client.of('delta').at(-1);
  assert.deepEqual([delta?.added, delta?.removed], [[], []]);
  await target.run('killall ping');
  await client.until('silence', () => lo().rx.bytesPerSecond === 0);
});

test('a hundred watchers share one helper and one sampling, and none is left when the last has gone', async () => {
  const target = await makeTarget({ after }, server);
  const clients = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      watch(`${target.id}/netstat?options=tl&intervalMs=${i % 2 === 0 ? 100 : 200}`),
    ),
  );
  await Promise.all(clients.map((client) => client.until('a snapshot', ({ data }) => data)));
  assert.equal((await listHelpers(target)).length, 1);
  await target.run('httpd -p 2222');
  await Promise.all(clients.map((client) => client.until('the listener', () => ports(client).includes(2222))));
  const frames = new Set(clients.map((client) => JSON.stringify(client.of('delta')[0])));
  assert.equal(frames.size, 1, 'everyone got the same delta');
  assert.equal((await listHelpers(target)).length, 1);
  assert.equal(server.app.services.streams.size.channels, 1);
  await Promise.all(clients.map((client) => client.close()));
  await waitFor(async (see) => see(await listHelpers(target)).length === 0, { what: 'the helper to be gone' });
});

test('nothing can be sent: an error, and the end with 4400', async () => {
  const target = await makeTarget({ after }, server);
  for (const message of [
    '{}',
    'x'.repeat(1000),
    Buffer.from([0, 1, 2]),
    '{"type":"subscribe","id":"1","topic":"logs"}',
    '',
  ]) {
    const client = await watch(`${target.id}/netstat`);
    client.socket.send(message);
    const end = await waitFor(() => client.closed, { what: 'the end' });
    assert.equal(end.code, 4400);
    const [error] = client.of('error');
    assert.equal(error?.code, 'invalid_request');
    assert.ok(error?.hint);
  }
});

test('a message beyond every bound ends the connection, and hurts nobody else', async () => {
  const target = await makeTarget({ after }, server);
  const good = await watch(`${target.id}/netstat?intervalMs=100`);
  const bad = await watch(`${target.id}/netstat?intervalMs=100`);
  await good.until('a snapshot', ({ data }) => data);
  bad.socket.send('x'.repeat(1024 * 1024));
  const end = await waitFor(() => bad.closed, { what: 'the end' });
  assert.ok([1009, 1006].includes(end.code), String(end.code));
  await target.run('httpd -p 2222');
  await good.until('the listener', () => ports(good).includes(2222));
});

test('what is asked wrongly is refused before the upgrade', async () => {
  const target = await makeTarget({ after }, server);
  const refused = async (path: string, options?: ConnectOptions) => {
    const error = await watch(path, options).then(
      () => assert.fail(`${path} was not refused`),
      (failure: { status: number; body: string }) => failure,
    );
    const { code, field } = JSON.parse(error.body);
    return [error.status, code, field];
  };
  assert.deepEqual(await refused('no-such-container/netstat'), [404, 'container_not_found', undefined]);
  assert.deepEqual(await refused(`${target.id}/netstat?options=xyz`), [400, 'invalid_request', 'options']);
  assert.deepEqual(await refused(`${target.id}/netstat?format=yaml`), [400, 'invalid_request', 'format']);
  assert.deepEqual(await refused(`${target.id}/ifconfig?intervalMs=1`), [400, 'invalid_request', 'intervalMs']);
  assert.deepEqual(await refused(`${target.id}/ifconfig?colour=red`), [400, 'invalid_request', 'colour']);
  assert.deepEqual(await refused(`${target.id}/netstat`, { headers: {} }), [401, 'unauthorized', undefined]);
  assert.deepEqual(await listHelpers(target), []);
});
