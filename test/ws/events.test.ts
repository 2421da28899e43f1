// What happens to containers, namespaces, labs and engines comes as events, in order, to whoever asks for it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../support/api.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, createTestContainer, removeContainer } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { EventReader } from '../support/event-reader.ts';
import { listHelpers } from '../support/observed.ts';
import { uniqueName } from '../support/run-id.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const api = useApi(server, { after });

/** A client that has its first snapshot. */
async function follow(query = '', { url, headers }: RunningApp = server): Promise<[EventReader, StreamClient]> {
  const client = await connectStream({ after }, `${url}/api/v1/events${query}`, { headers: { ...headers } });
  const reader = new EventReader();
  for (const frame of client.frames) reader.take(frame);
  client.socket.on('message', (data) => reader.take(JSON.parse(String(data))));
  await client.until('a beginning', () => reader.snapshots + reader.events.length > 0);
  return [reader, client];
}

const settle = (reader: EventReader, id: string, last: string) =>
  waitFor((see) => see(reader.namesOf(id).at(-1)) === last, { what: `${last}, after ${reader.namesOf(id)}` });

test('the life of a container, with the state it is in at each step', async () => {
  const lab = uniqueName('lab');
  const [reader] = await follow(`?lab=${lab}`);
  assert.deepEqual([...reader.containers], []);
  const { id, name } = await api.create('bridged', { lab });
  for (const verb of ['pause', 'unpause', 'stop?timeout=0', 'start', 'restart?timeout=0'])
    await api.post(`/containers/${id}/${verb}`).expect(200);
  await api.delete(`/containers/${id}`).expect(204);
  await waitFor((see) => see(reader.events.at(-1)?.event) === 'lab.gone', { what: 'the end of the lab' });
  const names = reader.events.map(({ event }) => event);
  assert.deepEqual(
    names.filter((event) => event !== 'container.updated'),
    [
      'lab.appeared',
      'container.created',
      'container.started',
      'namespace.appeared',
      'container.paused',
      'container.unpaused',
      'container.stopped',
      'namespace.gone',
      'container.started',
      'namespace.appeared',
      'container.stopped',
      'namespace.gone',
      'container.started',
      'namespace.appeared',
      'container.stopped',
      'namespace.gone',
      'container.removed',
      'lab.gone',
    ],
  );
  for (const event of reader.events) {
    assert.deepEqual([event.type, event.engine, event.lab], ['event', 'local', lab]);
    assert.ok(Math.abs(Date.parse(event.at) - Date.now()) < 60_000);
    if (!event.event.startsWith('lab.')) assert.deepEqual([event.container.id, event.container.name], [id, name]);
  }
  assert.equal(reader.events.find(({ event }) => event === 'container.paused')?.container.state, 'paused');
  assert.match(reader.events.find(({ event }) => event === 'namespace.gone')?.namespace, new RegExp(`^local~${id}~`));
  assert.equal(reader.containers.size, 0);
});

test('whose a joined container is: orphaned when its target restarts, healed when it is back', async () => {
  const lab = uniqueName('lab');
  const target = await api.create('closed', { lab });
  const { id } = await api.create('joined', { lab, target: target.id });
  const [reader] = await follow(`?container=${id}`);
  assert.equal(reader.containers.get(id)?.orphanReason, null);
  await callDocker('POST', `/containers/${target.id}/restart?t=0`);
  await waitFor((see) => see(reader.containers.get(id)?.orphanReason) === 'target_restarted', { what: 'the orphan' });
  await api.post(`/containers/${id}/rejoin`).expect(200);
  await waitFor((see) => see(reader.containers.get(id)?.orphanReason) === null, { what: 'its healing' });
  const names = reader.namesOf(id).filter((event) => /orphaned|healed/.test(event));
  assert.deepEqual([names[0], names.at(-1)], ['container.orphaned', 'container.healed']);
  const orphaned = reader.events.filter(({ event }) => event === 'container.orphaned').at(-1);
  assert.equal(orphaned?.reason, 'target_restarted');
});

test('a container that is made anew is followed under its new id', async () => {
  const name = uniqueName('target');
  const first = await api.create('closed', { name });
  const { id } = await api.create('joined', { target: first.id });
  const [reader] = await follow(`?container=${id}`);
  await api.delete(`/containers/${first.id}`).expect(204);
  await api.create('closed', { name });
  const { body: fresh } = await api.post(`/containers/${id}/rejoin`).expect(200);
  const replaced = await waitFor((see) => see(reader.events).find(({ event }) => event === 'container.replaced'), {
    what: 'the replacement',
  });
  assert.deepEqual([replaced.from.id, replaced.to.id, replaced.container.id], [id, fresh.id, fresh.id]);
  await api.post(`/containers/${fresh.id}/pause`).expect(200);
  await settle(reader, fresh.id, 'container.paused');
  assert.deepEqual([...reader.containers.keys()], [fresh.id]);
});

test('names and networks change, and who is not ours is seen where it is asked for', async () => {
  const { id, name } = await createTestContainer({ after });
  const [narrow] = await follow();
  const [all] = await follow('?scope=all');
  const [named] = await follow(`?container=${name}`);
  await waitFor((see) => see([...all.containers.keys()]).includes(id), { what: 'the container' });
  const renamed = uniqueName('renamed');
  after(() => removeContainer(renamed));
  await callDocker('POST', `/containers/${id}/rename?name=${renamed}`);
  await callDocker('POST', '/networks/bridge/disconnect', { Container: id });
  await settle(all, id, 'container.disconnected');
  const event = named.events.find((one) => one.event === 'container.renamed');
  assert.deepEqual(
    [event?.from, event?.to],
    [
      { id, name },
      { id, name: renamed },
    ],
  );
  assert.equal(all.events.findLast(({ container }) => container?.id === id)?.network, 'bridge');
  assert.equal(narrow.containers.has(id), false);
  assert.deepEqual(narrow.namesOf(id), []);
});

test('helpers of ours never appear', async () => {
  const { id } = await api.create('closed');
  const [reader, client] = await follow('?scope=all');
  const look = await connectStream({ after }, `${server.url}/api/v1/containers/${id}/netstat`, {
    headers: { ...server.headers },
  });
  await look.until('a look', ({ data }) => data);
  const [helper = ''] = await listHelpers({ id });
  await look.close();
  if (helper !== '')
    await waitFor(async (see) => see(await listHelpers({ id })).length === 0, { what: 'the helper to go' });
  await api.post(`/containers/${id}/pause`).expect(200);
  await settle(reader, id, 'container.paused');
  const text = JSON.stringify(client.frames);
  assert.doesNotMatch(text, /terrarium-helper|terrarium-probe/);
  if (helper !== '') assert.ok(!text.includes(helper));
});

test('an engine that goes away and comes back; what happened meanwhile is told', async () => {
  const proxy = await startEngineProxy({ after });
  const app = await startApp({ after }, { env: { DOCKER_HOST: proxy.endpoint } });
  const { id } = await api.create('closed');
  const [reader] = await follow('', app);
  await waitFor((see) => see([...reader.containers.keys()]).includes(id), { what: 'the container' });
  proxy.hold(/./);
  proxy.cut(/./);
  await waitFor((see) => see(reader.events).some(({ event }) => event === 'engine.stale'), { what: 'stale' });
  await api.post(`/containers/${id}/stop?timeout=0`).expect(200);
  proxy.hold(/^$/);
  await waitFor((see) => see(reader.events).some(({ event }) => event === 'engine.live'), {
    what: 'live',
  });
  assert.ok(reader.namesOf(id).includes('container.stopped'));
  const stale = reader.events.find(({ event }) => event === 'engine.stale');
  assert.ok(stale?.reason.length > 0);
  assert.equal(stale?.container, null);
});

test('who was there before the first look begins anew with it', async () => {
  const proxy = await startEngineProxy({ after });
  proxy.hold(/./);
  const starting = startApp({ after }, { env: { DOCKER_HOST: proxy.endpoint } });
  const app = await starting;
  const { id } = await api.create('closed');
  const [reader] = await follow('', app);
  assert.equal(reader.containers.size, 0);
  proxy.hold(/^$/);
  await waitFor((see) => see([...reader.containers.keys()]).includes(id), { what: 'the container' });
  assert.deepEqual([reader.snapshots, reader.gaps.length], [2, 1]);
});

test('what is asked for wrongly is refused before the upgrade', async () => {
  const cases: [string, number, string][] = [
    ['?engine=elsewhere', 404, 'engine_not_found'],
    ['?seq=4', 400, 'invalid_request'],
    ['?bootId=x', 400, 'invalid_request'],
    ['?seq=-1&bootId=x', 400, 'invalid_request'],
    ['?scope=mine', 400, 'invalid_request'],
    ['?labs=x', 400, 'invalid_request'],
  ];
  for (const [query, status, code] of cases) {
    const refused = await follow(query).then(
      () => assert.fail(`${query} was accepted`),
      (error: Frame) => error,
    );
    assert.deepEqual([refused.status, JSON.parse(refused.body).code], [status, code], query);
  }
  const anonymous = connectStream({ after }, `${server.url}/api/v1/events`);
  await assert.rejects(anonymous, { status: 401 });
  const [, client] = await follow();
  client.socket.send('{}');
  const end = await waitFor(() => client.closed, { what: 'the end' });
  assert.equal(end.code, 4400);
});

test('a page follows with a ticket, once', async () => {
  const { body } = await api.post('/tickets').expect(201);
  const url = `${server.url}/api/v1/events?ticket=${body.ticket}`;
  const client = await connectStream({ after }, url, { headers: { origin: server.url } });
  await client.until('a snapshot', () => client.of('snapshot').length > 0);
  await assert.rejects(connectStream({ after }, url, { headers: { origin: server.url } }), { status: 401 });
  const { body: other } = await api.post('/tickets').expect(201);
  const foreign = { headers: { origin: 'http://evil.example' } };
  await assert.rejects(connectStream({ after }, `${server.url}/api/v1/events?ticket=${other.ticket}`, foreign), {
    status: 403,
  });
});
