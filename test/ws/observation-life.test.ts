// A stream follows its container through its life, and survives what happens to its helper and to the engine.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, createTestContainer, dockerApi, removeContainer } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { listHelpers, makeTarget } from '../support/observed.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const servers = {
  probe: await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'probe' } }),
  helper: await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'helper' } }),
} as const;
const server = servers.helper;
/** Helpers that a running container has, by who observes. */
const helpers = { probe: 0, helper: 1 } as const;

function watch({ id }: { id: string }, path: string, { url, headers }: RunningApp = server): Promise<StreamClient> {
  return connectStream({ after }, `${url}/api/v1/containers/${id}/${path}`, { headers: { ...headers } });
}

const listens = (client: StreamClient, port: number) =>
  client.data?.sockets.some(({ local }: Frame) => local.port === port) ?? false;

/** A web server on 80 that ends at once when it is stopped. */
const web = { body: { Cmd: ['httpd', '-f', '-p', '80'] } };

for (const observer of ['probe', 'helper'] as const)
  test(`${observer}: stopped, started, restarted, removed: the stream says so and goes on`, async () => {
    const app = servers[observer];
    const target = await makeTarget({ after }, app, { ...web, start: false });
    const client = await watch(target, 'netstat?intervalMs=100', app);
    const first = await client.until('a state', () => client.of('state')[0]);
    assert.deepEqual([first.state, first.reason], ['stopped', 'created']);
    assert.deepEqual(await listHelpers(target), []);

    await callDocker('POST', `/containers/${target.id}/start`);
    await client.until('the listener', () => listens(client, 80));
    assert.deepEqual(client.states, ['stopped', 'live']);
    const seqBefore = client.frames.at(-1)?.seq;

    await callDocker('POST', `/containers/${target.id}/stop?t=5`);
    await client.until('stopped', () => client.states.at(-1) === 'stopped');
    assert.equal(client.of('state').at(-1)?.reason, 'exited');
    await waitFor(async (see) => see(await listHelpers(target)).length === 0, {
      what: 'the helper to let the dead namespace go',
    });

    await callDocker('POST', `/containers/${target.id}/start`);
    await client.until(
      'live again',
      () => client.states.at(-1) === 'live' && client.frames.at(-1)?.type === 'snapshot',
    );
    assert.ok(client.frames.at(-1)?.seq > seqBefore);
    assert.equal((await listHelpers(target)).length, helpers[observer]);

    const states = client.states.length;
    await callDocker('POST', `/containers/${target.id}/restart?t=5`);
    await client.until(
      'live after the restart',
      () => client.states.length > states + 1 && client.states.at(-1) === 'live',
    );
    await client.until('the listener', () => listens(client, 80));

    await removeContainer(target.id);
    const end = await waitFor(() => client.closed, { what: 'the end' });
    assert.deepEqual(end, { code: 4404, reason: 'removed' });
    assert.equal(client.frames.at(-1)?.state, 'ended');
    await waitFor(async (see) => see(await listHelpers(target)).length === 0, { what: 'the helper to be gone' });
  });

for (const observer of ['probe', 'helper'] as const)
  test(`${observer}: a stopped container is stopped for a newcomer too, who is told nothing of the past`, async () => {
    const app = servers[observer];
    const target = await makeTarget({ after }, app, web);
    const client = await watch(target, 'netstat?intervalMs=100', app);
    await client.until('the listener', () => listens(client, 80));
    await callDocker('POST', `/containers/${target.id}/stop?t=5`);
    await client.until('stopped', () => client.states.at(-1) === 'stopped');
    const second = await watch(target, 'netstat?intervalMs=100', app);
    await second.until('its state', () => second.states.length > 0);
    assert.deepEqual(
      second.frames.map(({ type, state }) => state ?? type),
      ['hello', 'stopped'],
    );
  });

test('a helper that is killed is replaced, and the watchers need do nothing', async () => {
  const target = await makeTarget({ after }, server, web);
  const client = await watch(target, 'netstat?intervalMs=100');
  await client.until('the listener', () => listens(client, 80));
  for (const port of [81, 82]) {
    const [helper = ''] = await listHelpers(target);
    await dockerApi('DELETE', `/containers/${helper}?force=1`);
    await target.run(`httpd -p ${port}`);
    await client.until(`the listener on ${port}`, () => listens(client, port));
    const now = await listHelpers(target);
    assert.equal(now.length, 1);
    assert.notEqual(now[0], helper);
  }
  const [helper = ''] = await listHelpers(target);
  await dockerApi('POST', `/containers/${helper}/kill`);
  const look = await fetch(`${server.url}/api/v1/containers/${target.id}/netstat`, server);
  assert.equal(look.status, 200, 'whoever looks in that very moment is served too');
});

for (const observer of ['probe', 'helper'] as const)
  test(`${observer}: an engine that goes away and comes back: stale, then live, and one helper`, async () => {
    const proxy = await startEngineProxy({ after });
    const app = await startApp({ after }, { env: { TERRARIUM_OBSERVER: observer, DOCKER_HOST: proxy.endpoint } });
    const target = await makeTarget({ after }, app, web);
    const client = await watch(target, 'netstat?intervalMs=100', app);
    await client.until('the listener', () => listens(client, 80));

    proxy.hold(/./);
    assert.ok(proxy.cut(/./) > 0);
    await client.until('stale', () => client.states.at(-1) === 'stale');
    const look = await fetch(`${app.url}/api/v1/containers/${target.id}/netstat`, app);
    assert.equal(look.status, 503);
    const newcomer = await watch(target, 'netstat?intervalMs=100', app);
    await newcomer.until('stale', () => newcomer.states.at(-1) === 'stale');

    await target.run('httpd -p 81');
    proxy.hold(/^$/);
    await client.until('live', () => client.states.at(-1) === 'live' && listens(client, 81), 30_000);
    await newcomer.until('live', () => newcomer.states.at(-1) === 'live' && listens(newcomer, 81));
    assert.equal(client.closed, undefined);
    await waitFor(async (see) => see(await listHelpers(target)).length === helpers[observer], {
      what: 'no helper too many',
    });
  });

test('an engine without the image of the helpers: everyone is told once, and nothing is left', async () => {
  const app = await startApp(
    { after },
    { env: { TERRARIUM_OBSERVER: 'helper', TERRARIUM_HELPER_IMAGE: 'no-such-image:here' } },
  );
  const target = await makeTarget({ after }, app);
  const look = await fetch(`${app.url}/api/v1/containers/${target.id}/netstat`, app);
  const problem = (await look.json()) as Frame;
  assert.deepEqual([look.status, problem.code], [422, 'engine_refused']);
  assert.match(problem.detail, /no-such-image:here/);
  assert.match(problem.hint, /TERRARIUM_HELPER_IMAGE/);
  const client = await watch(target, 'netstat?intervalMs=100', app);
  await client.until('the state', () => client.states.length > 0);
  assert.deepEqual(
    client.frames.slice(1).map(({ type, state, code, reason }) => [type, state ?? code, reason]),
    [
      ['error', 'engine_refused', undefined],
      ['state', 'stale', 'engine_refused'],
    ],
  );
  assert.deepEqual(await listHelpers(target), []);
});

test('a server that closes says goodbye with 1001 and leaves no helper', async () => {
  const app = await startApp({ after }, { env: { TERRARIUM_OBSERVER: 'helper' } });
  const target = await makeTarget({ after }, app);
  const clients = await Promise.all(
    ['netstat', 'ifconfig', 'netstat?options=t'].map((path) => watch(target, path, app)),
  );
  await Promise.all(clients.map((client) => client.until('a snapshot', ({ data }) => data)));
  // One that is only just starting its helper.
  const late = await makeTarget({ after }, app);
  const starting = await watch(late, 'netstat', app);
  await app.close();
  for (const client of [...clients, starting]) {
    assert.equal((await waitFor(() => client.closed, { what: 'the end' })).code, 1001);
  }
  assert.deepEqual(await listHelpers(target), []);
  assert.deepEqual(await listHelpers(late), []);
});

test('what a killed server made and never started is swept by the next one', async () => {
  const Labels = { 'io.terrarium.role': 'helper', 'io.terrarium.server': 'a-dead-one' };
  const { id } = await createTestContainer({ after }, { start: false, body: { Labels } });
  const { id: stranger } = await createTestContainer({ after }, { start: false });
  const app = await startApp({ after });
  await waitFor(async (see) => see((await dockerApi('GET', `/containers/${id}/json`)).status) === 404, {
    what: 'the sweep',
  });
  assert.equal((await dockerApi('GET', `/containers/${stranger}/json`)).status, 200, 'nobody else is touched');
  await app.close();
});
