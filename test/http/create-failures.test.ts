// A create that fails leaves nothing, wherever it fails: at the port, the program, the image, the caller, or the line to the engine.
import assert from 'node:assert/strict';
import { tracingChannel } from 'node:diagnostics_channel';
import { createServer } from 'node:net';
import test, { after, type TestContext } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { createTestContainer, dockerApi, findFreePort, removeContainer, removeNetwork } from '../support/engine.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { uniqueName } from '../support/run-id.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const relay = await startEngineRelay({ after });
const server = await startApp({ after }, { env: { DOCKER_HOST: relay.endpoint } });

const isOnEngine = async (name: string) => (await dockerApi('GET', `/containers/${name}/json`)).status !== 404;
const hasNetwork = async (name: string) => (await dockerApi('GET', `/networks/${name}`)).status !== 404;

test('a taken host port names the container that holds it', async (t) => {
  const api = useApi(server, t);
  const port = await findFreePort();
  const holder = await api.create('open', { ports: [`${port}:80`] });
  for (const spec of [`${port}:81`, `127.0.0.1:${port}:81`]) {
    const attempt = api.tryCreate('open', { ports: [spec] });
    const { status, body } = await attempt;
    assert.deepEqual([status, body.code, body.field], [409, 'port_in_use', 'ports'], JSON.stringify(body));
    assert.deepEqual(body.holder, { id: holder.id, name: holder.name });
    assert.ok(body.detail.includes(holder.name) && body.detail.includes(String(port)) && body.hint);
    assert.equal(await isOnEngine(attempt.containerName), false);
  }
  const foreignPort = await findFreePort();
  const foreign = await createTestContainer(t, {
    body: {
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostPort: String(foreignPort) }] } },
    },
  });
  const { body } = await api.tryCreate('open', { ports: ['8080', `${foreignPort}:81`] });
  assert.deepEqual(body.holder, foreign);
});

test('two mappings to one host port: told of by a dry run, refused by a create before anything is made', async (t) => {
  const api = useApi(server, t);
  const body = { name: uniqueName('twice'), ports: ['8080:80', '127.0.0.1:8080:81'] };
  const planned = await api.post('/containers/open?dryRun=true', body);
  assert.equal(planned.status, 200, JSON.stringify(planned.body));
  assert.deepEqual(Object.keys(planned.body.request.HostConfig.PortBindings), ['80/tcp', '81/tcp']);
  assert.match(planned.body.warnings.join(), /8080\/tcp/);
  const refused = await api.post('/containers/open', body);
  assert.deepEqual([refused.status, refused.body.code, refused.body.field], [400, 'invalid_request', 'ports']);
  assert.equal(await isOnEngine(body.name), false);
});

test('a port that a process of the host holds is told apart', async (t) => {
  const listener = createServer().listen(0, '127.0.0.1');
  t.after(() => listener.close());
  await new Promise((resolve) => listener.once('listening', resolve));
  const address = listener.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const attempt = useApi(server, t).tryCreate('open', { ports: [`127.0.0.1:${port}:80`] });
  const { status, body } = await attempt;
  assert.deepEqual([status, body.code, body.holder], [409, 'port_in_use', null]);
  assert.match(body.detail, /process that is no container/);
  assert.equal(await isOnEngine(attempt.containerName), false);
});

test('starting a stopped container whose port was taken names the holder too', async (t) => {
  const api = useApi(server, t);
  const port = await findFreePort();
  const first = await api.create('open', { ports: [`${port}:80`] });
  await api.post(`/containers/${first.id}/stop?timeout=0`);
  const second = await api.create('open', { ports: [`${port}:80`] });
  const { status, body } = await api.post(`/containers/${first.id}/start`);
  assert.deepEqual([status, body.code, body.holder], [409, 'port_in_use', { id: second.id, name: second.name }]);
  assert.equal(await isOnEngine(first.name), true, 'what was there before stays');
});

test('what the engine refuses is put to its field, and leaves nothing', async (t) => {
  const api = useApi(server, t);
  const refused: [Record<string, unknown>, string][] = [
    [{ command: ['/no/such/program'] }, 'command'],
    [{ command: ['no-such-program'] }, 'command'],
    [{ command: ['/etc'] }, 'command'],
    [{ entrypoint: ['/no/such/program'] }, 'entrypoint'],
    [{ user: 'nobody-of-that-name' }, 'user'],
    [{ workingDir: '/etc/passwd/x' }, 'workingDir'],
    [{ limits: { cpus: 1000 } }, 'limits.cpus'],
  ];
  for (const [body, field] of refused) {
    const attempt = api.tryCreate('closed', body);
    const answer = await attempt;
    assert.deepEqual(
      [answer.status, answer.body.code, answer.body.field],
      [422, 'engine_refused', field],
      JSON.stringify(answer.body),
    );
    assert.equal(await isOnEngine(attempt.containerName), false);
  }
});

test('an image that is not there is pulled only where that is asked for and allowed', async (t) => {
  const api = useApi(server, t);
  const image = `${uniqueName('absent').toLowerCase()}:1`;
  const never = await api.tryCreate('closed', { image, pull: 'never' });
  assert.deepEqual([never.status, never.body.code, never.body.field], [404, 'image_not_found', 'image']);
  for (const pull of ['missing', 'always']) {
    const elsewhere = await api.tryCreate('closed', { image: `registry.invalid/${image}`, pull });
    assert.deepEqual([elsewhere.status, elsewhere.body.code, elsewhere.body.field], [403, 'forbidden', 'image']);
    assert.match(elsewhere.body.hint, /docker\.io/);
  }
  const id = await api.tryCreate('closed', { image: `sha256:${'0'.repeat(64)}` });
  assert.deepEqual([id.status, id.body.code, id.body.field], [404, 'image_not_found', 'image']);
});

test('a failure takes the network along that was made for it', async (t) => {
  const lab = uniqueName('lab').toLowerCase();
  t.after(() => removeNetwork(`${lab}-default`));
  const { status } = await useApi(server, t).tryCreate('bridged', { lab, command: ['/no/such/program'] });
  assert.equal(status, 422);
  assert.equal(await hasNetwork(`${lab}-default`), false);
});

/** The requests for a bridged container whose handlers run now in this process, also when their callers have left. */
function noteCreates(t: TestContext): ReadonlySet<unknown> {
  const running = new Set<unknown>();
  const handlers = tracingChannel('fastify.request.handler');
  const subscribers = {
    start({ request }: { request: FastifyRequest }) {
      if (request.routeOptions.url === '/api/v1/containers/bridged') running.add(request);
    },
    // Told twice when the handler fails.
    asyncEnd({ request }: { request: FastifyRequest }) {
      running.delete(request);
    },
  };
  handlers.subscribe(subscribers as never);
  t.after(() => handlers.unsubscribe(subscribers as never));
  return running;
}

test('a caller who goes away leaves nothing, whenever that is', async (t) => {
  const creates = noteCreates(t);
  const lab = uniqueName('lab').toLowerCase();
  t.after(() => removeNetwork(`${lab}-default`));
  const outcomes = await Promise.all(
    [1, 30, 90, 150, 250].map(async (patience) => {
      const name = uniqueName('left');
      t.after(() => removeContainer(name));
      const caller = new AbortController();
      const answer = fetch(`${server.url}/api/v1/containers/bridged`, {
        method: 'POST',
        headers: { ...server.headers, 'content-type': 'application/json' },
        body: JSON.stringify({ name, lab }),
        signal: caller.signal,
      }).then(
        () => 'answered',
        () => 'left',
      );
      await letTimePass(patience, 'the caller leaves at this moment of the create');
      caller.abort();
      return { name, outcome: await answer };
    }),
  );
  assert.ok(outcomes.some(({ outcome }) => outcome === 'left'));
  // The server takes requests in order: when it answers this one, it has begun every create that it will begin.
  await useApi(server, t).get('/containers').expect(200);
  await waitFor((see) => see(creates.size) === 0, { what: 'every create to end' });
  const left = outcomes.filter(({ outcome }) => outcome === 'left').map(({ name }) => name);
  await waitFor(async (see) => !see(await Promise.all(left.map(isOnEngine))).includes(true), {
    what: `none of ${left.join(', ')} to be left`,
  });
  if (left.length === outcomes.length)
    await waitFor(async (see) => !see(await hasNetwork(`${lab}-default`)), {
      what: 'the network to be gone',
    });
});

test("a create whose answer was lost is undone; the caller's retry succeeds", async (t) => {
  const api = useApi(server, t);
  const name = uniqueName('lost');
  relay.loseNext(new RegExp(`POST .*/containers/create\\?name=${name}`));
  const { status, headers, body } = await api.tryCreate('closed', { name });
  assert.deepEqual([status, body.code], [503, 'engine_unavailable']);
  assert.ok(Number(headers['retry-after']) > 0);
  await waitFor(async (see) => !see(await isOnEngine(name)), { what: 'the lost container to be removed' });
  const retried = await api.create('closed', { name });
  // A removal of the new one would have begun when the server saw it, so it would be done before this later one.
  const later = await api.create('closed');
  await api.delete(`/containers/${later.id}`).expect(204);
  assert.equal(
    (await api.get(`/containers/${retried.id}`)).status,
    200,
    'the new one is not mistaken for the lost one',
  );
});

test('a start whose answer was lost is undone too', async (t) => {
  const attempt = useApi(server, t).tryCreate('bridged');
  relay.loseNext(/POST .*\/start/);
  const { status } = await attempt;
  assert.equal(status, 503);
  await waitFor(async (see) => !see(await isOnEngine(attempt.containerName)), { what: 'the container to be removed' });
});

test('what cannot be removed at once is removed when the engine is back', async (t) => {
  const attempt = useApi(server, t).tryCreate('closed', { command: ['/no/such/program'] });
  relay.answerNext(/DELETE .*\/containers\//, 500, 'not now');
  assert.equal((await attempt).status, 422);
  assert.equal(await isOnEngine(attempt.containerName), true);
  // Any return of the engine will do: the feed of events is cut, and comes back.
  relay.cutEvents();
  await waitFor(async (see) => !see(await isOnEngine(attempt.containerName)), { what: 'the leftover to be removed' });
});
