// Containers once they are there: listed and shown from the mirror, with ETags and filters, and honest when the engine is away.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Container } from '../../src/schemas/container.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { callDocker, createTestContainer, dockerApi } from '../support/engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

const idsOf = (containers: Container[]) => containers.map(({ id }) => id);

test('lists hold what they are asked for: by mode, lab, state and scope, oldest first', async (t) => {
  const api = useApi(server, t);
  const lab = uniqueName('lab').toLowerCase();
  const closed = await api.create('closed', { lab });
  const bridged = await api.create('bridged', { lab, network: 'bridge' });
  const joined = await api.create('joined', { lab, target: closed.id });
  await api.post(`/containers/${bridged.id}/stop?timeout=0`);
  const list = async (query: string) => idsOf((await api.get(`/containers?lab=${lab}${query}`)).body);
  assert.deepEqual(await list(''), idsOf([closed, bridged, joined]));
  assert.deepEqual(await list('&mode=joined'), [joined.id]);
  assert.deepEqual(await list('&state=exited'), [bridged.id]);
  assert.deepEqual(await list('&state=running&mode=closed'), [closed.id]);
  assert.deepEqual(await list('&mode=open'), []);
  assert.deepEqual(await list('&engine=local'), idsOf([closed, bridged, joined]));

  const foreign = await createTestContainer(t, { body: { Labels: { 'io.terrarium.lab': lab } } });
  const everything = () => api.get('/containers?scope=all');
  await waitFor(async (see) => see(idsOf((await everything()).body)).includes(foreign.id), {
    what: 'the foreign one to be seen',
  });
  assert.deepEqual(await list('&scope=all'), idsOf([closed, bridged, joined]), 'a label of ours on it proves nothing');
  assert.ok(!idsOf((await api.get('/containers')).body).includes(foreign.id));
});

test('a bad filter is refused by name', async (t) => {
  const api = useApi(server, t);
  for (const [query, field] of [
    ['mode=sideways', 'mode'],
    ['state=asleep', 'state'],
    ['scope=mine', 'scope'],
    ['lab=UPPER', 'lab'],
    ['limit=5', 'limit'],
    ['mode=open&mode=closed', 'mode'],
  ]) {
    const { status, body } = await api.get(`/containers?${query}`);
    assert.deepEqual([status, body.code, body.field], [400, 'invalid_request', field], query);
  }
  const { status, body } = await api.get('/containers?engine=mars');
  assert.deepEqual([status, body.code], [404, 'engine_not_found']);
});

test('an ETag is kept as long as nothing changes, and answers 304', async (t) => {
  const api = useApi(server, t);
  const lab = uniqueName('lab').toLowerCase();
  const { id } = await api.create('closed', { lab });
  for (const path of [`/containers?lab=${lab}`, `/containers/${id}`]) {
    const first = await api.get(path);
    const etag = first.headers.etag ?? '';
    assert.match(etag, /^"[\w-]+"$/, 'strong');
    assert.match(first.headers['content-type'] ?? '', /^application\/json/);
    for (const match of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await api.get(path).set('if-none-match', match);
      assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag], match);
    }
    assert.equal((await api.get(path).set('if-none-match', '"other"')).status, 200);
    await api.post(`/containers/${id}/pause`);
    const changed = await api.get(path).set('if-none-match', etag);
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.etag, etag);
    await api.post(`/containers/${id}/unpause`);
    assert.equal((await api.get(path)).headers.etag, etag, 'the same state has the same bytes');
  }
});

test('a write is read by whoever asks next, list or get', async (t) => {
  const api = useApi(server, t);
  const lab = uniqueName('lab').toLowerCase();
  const listed = async (): Promise<Container[]> => (await api.get(`/containers?lab=${lab}`)).body;
  const container = await api.create('closed', { lab });
  assert.deepEqual(await listed(), [container]);
  for (const [verb, state] of [
    ['pause', 'paused'],
    ['unpause', 'running'],
    ['stop?timeout=0', 'exited'],
    ['start', 'running'],
  ]) {
    const { body } = await api.post(`/containers/${container.id}/${verb}`);
    assert.equal(body.state, state);
    assert.deepEqual(await listed(), [body]);
  }
  assert.equal((await api.delete(`/containers/${container.id}`)).status, 204);
  assert.deepEqual(await listed(), []);
  assert.equal((await api.get(`/containers/${container.id}`)).status, 404);
});

test('one is found by full id, exact name and unique prefix; others are told apart from nobody', async (t) => {
  const api = useApi(server, t);
  const one = await api.create('closed');
  for (const ref of [one.id, one.name, one.id.slice(0, 12), one.id.slice(0, 20)]) {
    assert.equal((await api.get(`/containers/${ref}`)).body.id, one.id);
  }
  for (const ref of [
    'nobody',
    one.name.slice(0, -1),
    `${one.id}0`,
    one.id.toUpperCase(),
    '%00',
    '..%2F..',
    'a%20b',
    '%F0%9F%90%9A',
  ]) {
    const { status, body } = await api.get(`/containers/${ref}`);
    assert.deepEqual([status, body.code], [404, 'container_not_found'], ref);
  }
  const many = await api.get('/containers/%20');
  assert.equal(many.status, 404);
  const other = await api.create('closed', { name: `x${one.id.slice(0, 12)}` });
  assert.equal((await api.get(`/containers/${other.name}`)).body.id, other.id);
  const shadow = await api.create('closed', { name: one.id.slice(0, 12) });
  assert.equal(
    (await api.get(`/containers/${one.id.slice(0, 12)}`)).body.id,
    shadow.id,
    'a name comes before a prefix',
  );
});

test('with several engines a name that fits on both is ambiguous until the engine is named', async (t) => {
  const endpoint = process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  // Two names for one engine: everything is on both.
  const engines = ['left', 'right'].map((name) => ({ name, endpoint, insecure: false }));
  const apart = await startApp(t, { config: { engines } });
  const api = useApi(apart, t);
  const lab = uniqueName('lab').toLowerCase();
  const made = await api.create('closed', { lab, engine: 'right' });
  assert.equal(made.engine, 'right');
  await waitFor(async (see) => see((await api.get(`/containers?lab=${lab}`)).body).length === 2, {
    what: 'it to be seen on both',
  });
  for (const ref of [made.name, made.id]) {
    const { status, body } = await api.get(`/containers/${ref}`);
    assert.deepEqual([status, body.code, body.engines], [409, 'ambiguous', ['left', 'right']]);
    assert.match(body.hint, /\?engine=/);
    for (const engine of ['left', 'right']) {
      assert.equal((await api.get(`/containers/${ref}?engine=${engine}`)).body.engine, engine);
      assert.equal((await api.get(`/containers/${ref}/ports?engine=${engine}`)).status, 200);
    }
  }
  const joined = await api.tryCreate('joined', { target: made.name });
  assert.deepEqual([joined.status, joined.body.code], [409, 'ambiguous']);
  assert.equal((await api.create('joined', { target: made.name, engine: 'left' })).engine, 'left');
  const [only] = (await api.get(`/containers?lab=${lab}&engine=left`)).body;
  assert.deepEqual([only.id, only.engine], [made.id, 'left']);
  assert.equal((await api.post(`/containers/${made.id}/stop?timeout=0`)).status, 409);
  assert.equal((await api.delete(`/containers/${made.id}?engine=right`)).status, 204);
});

test('what others made is shown, and not changed', async (t) => {
  const api = useApi(server, t);
  const { id } = await createTestContainer(t);
  await waitFor(async (see) => see((await api.get(`/containers/${id}`)).status) === 200, { what: 'it to be seen' });
  const attempts = ['start', 'stop', 'restart', 'pause', 'unpause', 'rejoin'].map((verb) =>
    api.post(`/containers/${id}/${verb}`),
  );
  for (const { status, body } of await Promise.all([...attempts, api.delete(`/containers/${id}`)])) {
    assert.deepEqual([status, body.code], [403, 'not_managed']);
    assert.ok(body.hint);
  }
  assert.equal((await callDocker('GET', `/containers/${id}/json`)).State.Status, 'running');
});

test('while the engine is away reads go on, marked as stale, and a write is tried once', async (t) => {
  const line = await startChaosProxy(t);
  const apart = await startApp(t, { env: { DOCKER_HOST: line.endpoint } });
  const api = useApi(apart, t);
  const lab = uniqueName('lab').toLowerCase();
  const container = await api.create('closed', { lab });
  const fresh = await api.get(`/containers?lab=${lab}`);
  assert.deepEqual([fresh.headers['x-terrarium-stale'], fresh.body[0].stale], [undefined, false]);

  line.set({ kind: 'refuse' });
  line.cut();
  const stale = await waitFor(
    async (see) => {
      const answer = await api.get(`/containers?lab=${lab}`);
      return see(answer.headers['x-terrarium-stale']) === 'true' ? answer : undefined;
    },
    { what: 'the list to be marked' },
  );
  assert.deepEqual(stale.body, [{ ...container, stale: true }]);
  assert.match(stale.headers.age ?? '', /^\d+$/);
  assert.equal((await api.get(`/containers/${container.name}`)).body.stale, true);
  const name = uniqueName('never');
  const writes = [
    api.post('/containers/closed', { name }),
    api.post(`/containers/${container.id}/pause`),
    api.post(`/containers/${container.id}/restart`),
    api.delete(`/containers/${container.id}`),
  ];
  for (const { status, headers, body } of await Promise.all(writes)) {
    assert.deepEqual([status, body.code], [503, 'engine_unavailable'], JSON.stringify(body));
    assert.ok(Number(headers['retry-after']) >= 1);
  }
  const dry = await api.post('/containers/closed?dryRun=true', { name });
  assert.equal(dry.status, 200, 'a plan needs no engine');

  // What happens meanwhile is found when it is back.
  await callDocker('POST', `/containers/${container.id}/pause`);
  line.set({ kind: 'none' });
  await waitFor(
    async (see) => {
      const { headers, body } = await api.get(`/containers/${container.id}`);
      return (
        see(headers['x-terrarium-stale']) === undefined && see(body.state) === 'paused' && see(body.stale) === false
      );
    },
    { what: 'the truth to be back' },
  );
  assert.equal((await dockerApi('GET', `/containers/${name}/json`)).status, 404);
  await api.post(`/containers/${container.id}/unpause`);
});

test('what a killed server left half-made is gone soon after the next start', async (t) => {
  const labels = {
    'io.terrarium.managed': 'true',
    'io.terrarium.mode': 'closed',
    'io.terrarium.spec-hash': 'x',
    'io.terrarium.owner': 'admin',
  };
  const halfMade = await createTestContainer(t, { start: false, body: { Labels: labels } });
  const stopped = await createTestContainer(t, { body: { Labels: labels } });
  await callDocker('POST', `/containers/${stopped.id}/stop?t=0`);
  const lab = uniqueName('lab').toLowerCase();
  const network = {
    Name: `${lab}-default`,
    Labels: { 'io.terrarium.managed': 'true', 'io.terrarium.lab': lab, 'io.terrarium.role': 'lab-network' },
  };
  await callDocker('POST', '/networks/create', network);
  t.after(() => dockerApi('DELETE', `/networks/${network.Name}`));
  await startApp(t);
  const isGone = async (path: string) => (await dockerApi('GET', path)).status === 404;
  await waitFor(
    async (see) =>
      see(await isGone(`/containers/${halfMade.id}/json`)) && see(await isGone(`/networks/${network.Name}`)),
    { what: 'the container and the network to be gone' },
  );
  assert.equal(await isGone(`/containers/${stopped.id}/json`), false, 'one that ran is somebody’s');
});
