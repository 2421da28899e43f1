// Starting, stopping, pausing, removing; and what a restart does to the containers that are joined.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Container } from '../../src/schemas/container.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { callDocker, createTestContainer, dockerApi, execInContainer } from '../support/engine.ts';
import { readNamespaces } from '../support/namespaces.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

const netOf = async ({ id }: Pick<Container, 'id'>) => (await readNamespaces(id)).net;

test('asking for the state it is in is not an error', async (t) => {
  const api = useApi(server, t);
  const { id } = await api.create('closed');
  for (const [verb, state] of [
    ['start', 'running'],
    ['pause', 'paused'],
    ['pause', 'paused'],
    ['unpause', 'running'],
    ['unpause', 'running'],
    ['stop?timeout=0', 'exited'],
    ['stop', 'exited'],
    ['start', 'running'],
    ['start', 'running'],
  ]) {
    const { status, body } = await api.post(`/containers/${id}/${verb}`);
    assert.deepEqual([status, body.state, body.id], [200, state, id], `${verb}: ${JSON.stringify(body)}`);
  }
});

test('what the state does not allow is said so', async (t) => {
  const api = useApi(server, t);
  const { id } = await api.create('closed');
  await api.post(`/containers/${id}/pause`);
  const start = await api.post(`/containers/${id}/start`);
  assert.deepEqual([start.status, start.body.code], [409, 'state_conflict']);
  const stopped = await api.post(`/containers/${id}/stop?timeout=0`);
  assert.deepEqual([stopped.status, stopped.body.state], [200, 'exited'], 'a paused one can be stopped');
  for (const verb of ['pause', 'unpause']) {
    const { status, body } = await api.post(`/containers/${id}/${verb}`);
    assert.deepEqual([status, body.code], [409, 'container_not_running'], verb);
    assert.ok(body.detail && body.hint);
  }
  const nobody = await api.post('/containers/nobody/start');
  assert.deepEqual([nobody.status, nobody.body.code], [404, 'container_not_found']);
  for (const query of ['timeout=-1', 'timeout=601', 'timeout=soon', 'force=true']) {
    const { status, body } = await api.post(`/containers/${id}/stop?${query}`);
    assert.deepEqual([status, body.field], [400, query.split('=')[0]]);
  }
});

test('a stopped container keeps its model, and has nothing live', async (t) => {
  const api = useApi(server, t);
  const { id, ports } = await api.create('open', { ports: ['2222', '127.0.0.1::81'], command: ['sh', '-c', 'exit 3'] });
  const ended = await waitFor(
    async (see) => {
      const { body } = await api.get(`/containers/${id}`);
      return see(body.state) === 'exited' ? (body as Container) : undefined;
    },
    { what: 'it to end' },
  );
  assert.deepEqual([ended.mode, ended.effective, ended.exitCode, ended.namespace], ['open', null, 3, null]);
  assert.deepEqual(
    ended.ports.map(({ containerPort, hostIp, hostPort }) => [containerPort, hostIp, hostPort]),
    [
      [2222, '0.0.0.0', null],
      [81, '127.0.0.1', null],
    ],
  );
  assert.deepEqual((await api.get(`/containers/${id}/ports`)).body, [], 'what docker port shows');
  assert.ok(ports.length >= 2);
});

test('removal takes a running container and its anonymous volumes along', async (t) => {
  const api = useApi(server, t);
  const labels = { 'io.terrarium.managed': 'true' };
  const { id } = await createTestContainer(t, { body: { Labels: labels, Volumes: { '/data': {} } } });
  const volume = (await callDocker('GET', `/containers/${id}/json`)).Mounts[0].Name;
  await waitFor(async (see) => see((await api.get(`/containers/${id}`)).status) === 200, { what: 'it to be seen' });
  const { status, text } = await api.delete(`/containers/${id}`);
  assert.deepEqual([status, text], [204, '']);
  assert.equal((await dockerApi('GET', `/containers/${id}/json`)).status, 404);
  assert.equal((await dockerApi('GET', `/volumes/${volume}`)).status, 404);
  assert.equal((await api.delete(`/containers/${id}`)).status, 404);
});

test('two removals at once: one container less, and no error that is not "gone"', async (t) => {
  const api = useApi(server, t);
  const { id } = await api.create('closed');
  const answers = await Promise.all([1, 2, 3].map(() => api.delete(`/containers/${id}`)));
  const statuses = answers.map(({ status }) => status);
  assert.ok(statuses.includes(204), statuses.join());
  assert.ok(
    statuses.every((status) => status === 204 || status === 404),
    JSON.stringify(answers.map(({ body }) => body)),
  );
});

test('stopping one that removes itself shows it as it goes', async (t) => {
  const api = useApi(server, t);
  const { id } = await api.create('closed', { autoRemove: true });
  const { status, body } = await api.post(`/containers/${id}/stop?timeout=0`);
  assert.equal(status, 200);
  assert.ok(['removing', 'exited'].includes(body.state), body.state);
  await waitFor(async (see) => see((await api.get(`/containers/${id}`)).status) === 404, { what: 'it to be gone' });
});

test('a restart of a target brings its members along, through whole chains, with id and files', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('bridged');
  const first = await api.create('joined', { target: target.id });
  const second = await api.create('joined', { target: first.id });
  const sibling = await api.create('joined', { target: target.id });
  const stopped = await api.create('joined', { target: target.id });
  await api.post(`/containers/${stopped.id}/stop?timeout=0`);
  await execInContainer(second.id, 'sh', '-c', 'echo kept > /tmp/file');
  const before = await netOf(target);

  const { status, body } = await api.post(`/containers/${target.id}/restart?timeout=0`);
  assert.deepEqual([status, body.state], [200, 'running'], JSON.stringify(body));
  const now = await netOf(target);
  assert.notEqual(now, before, 'a restart gives the target another namespace');
  for (const member of [first, second, sibling]) {
    const shown: Container = (await api.get(`/containers/${member.id}`)).body;
    assert.deepEqual(
      [shown.id, shown.state, shown.orphaned, shown.effective],
      [member.id, 'running', false, 'bridged'],
    );
    assert.equal(await netOf(member), now);
  }
  assert.equal((await execInContainer(second.id, 'cat', '/tmp/file')).stdout, 'kept\n');
  assert.equal((await api.get(`/containers/${stopped.id}`)).body.state, 'exited', 'what was stopped stays so');
  assert.deepEqual(
    body.namespace.members.map(({ id }: Container) => id).sort(),
    [target, first, second, sibling].map(({ id }) => id).sort(),
  );
});

test("a restart in the host's namespace strands nobody, so nobody else is restarted", async (t) => {
  const api = useApi(server, t);
  const target = await api.create('open', { host: true });
  const member = await api.create('joined', { target: target.id });
  assert.equal((await api.post(`/containers/${target.id}/restart?timeout=0`)).status, 200);
  const { body } = await api.get(`/containers/${member.id}`);
  assert.deepEqual([body.startedAt, body.orphaned, body.effective], [member.startedAt, false, 'host']);
  assert.equal(await netOf(member), (await readNamespaces()).net);
});

test('with rejoin=false the members are stranded, until each is rejoined in place', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('bridged');
  const first = await api.create('joined', { target: target.id });
  const second = await api.create('joined', { target: first.id });
  await execInContainer(second.id, 'sh', '-c', 'echo kept > /tmp/file');
  await api.post(`/containers/${target.id}/restart?timeout=0&rejoin=false`);
  const show = async ({ id }: Container): Promise<Container> => (await api.get(`/containers/${id}`)).body;
  for (const member of [first, second]) {
    const shown = await show(member);
    assert.deepEqual([shown.orphaned, shown.orphanReason, shown.effective], [true, 'target_restarted', 'closed']);
    assert.deepEqual(shown.namespace?.members, [{ id: member.id, name: member.name }]);
    assert.equal((await execInContainer(member.id, 'ls', '/sys/class/net')).stdout, 'lo\n');
  }
  // The end of the chain is rejoined by way of what is between.
  const { status, body } = await api.post(`/containers/${second.id}/rejoin?timeout=0`);
  assert.deepEqual(
    [status, body.id, body.orphaned, body.effective],
    [200, second.id, false, 'bridged'],
    JSON.stringify(body),
  );
  for (const member of [first, second]) {
    assert.equal((await show(member)).orphaned, false);
    assert.equal(await netOf(member), await netOf(target));
  }
  assert.equal((await execInContainer(second.id, 'cat', '/tmp/file')).stdout, 'kept\n');
  const started = (await show(second)).startedAt;
  const again = await api.post(`/containers/${second.id}/rejoin`);
  assert.deepEqual([again.status, again.body.startedAt], [200, started], 'there is nothing to do');
});

test('what stands in the way of a rejoin is named', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('bridged');
  const member = await api.create('joined', { target: target.name });
  const rejoin = () => api.post(`/containers/${member.id}/rejoin?timeout=0`);
  const own = await api.post(`/containers/${target.id}/rejoin`);
  assert.deepEqual([own.status, own.body.code], [409, 'state_conflict'], 'only a joined one can be rejoined');

  await api.post(`/containers/${target.id}/stop?timeout=0`);
  const stopped = await rejoin();
  assert.deepEqual([stopped.status, stopped.body.code], [409, 'container_not_running']);
  assert.ok(stopped.body.detail.includes(target.name) && stopped.body.hint.includes(`${target.name}/start`));
  const restart = await api.post(`/containers/${member.id}/restart?timeout=0`);
  assert.deepEqual([restart.status, restart.body.code], [409, 'container_not_running'], JSON.stringify(restart.body));
  assert.ok(restart.body.detail.includes(target.name));
  const start = await api.post(`/containers/${member.id}/start`);
  assert.deepEqual([start.status, start.body.code], [409, 'container_not_running'], JSON.stringify(start.body));

  await api.post(`/containers/${target.id}/start`);
  assert.equal((await api.post(`/containers/${member.id}/start`)).body.orphaned, false);

  assert.equal((await api.delete(`/containers/${target.id}`)).status, 204, 'a target may be removed under its members');
  const gone = await rejoin();
  assert.deepEqual([gone.status, gone.body.code], [409, 'state_conflict']);
  assert.ok(gone.body.hint.includes(target.name));
  await api.post(`/containers/${member.id}/stop?timeout=0`);
  const lost = await api.post(`/containers/${member.id}/start`);
  assert.deepEqual(
    [lost.status, lost.body.code, lost.body.field],
    [409, 'state_conflict', 'target'],
    JSON.stringify(lost.body),
  );
});

test('where the target was replaced, the member is made anew under its name, and those joined to it', async (t) => {
  const api = useApi(server, t);
  const name = uniqueName('target');
  await api.create('bridged', { name });
  const member = await api.create('joined', {
    target: name,
    env: { KEEP: 'me' },
    labels: { team: 'a' },
    limits: { memory: '64m' },
    capabilities: ['NET_ADMIN'],
    command: ['sleep', '1000'],
    user: '0',
  });
  const below = await api.create('joined', { target: member.id });
  const replacements: unknown[] = [];
  t.after(server.app.services.containers.onReplaced((replacement) => replacements.push(replacement)));
  const old = (await callDocker('GET', `/containers/${member.id}/json`)) as Record<string, Record<string, unknown>>;

  await api.delete(`/containers/${name}`);
  const target = await api.create('bridged', { name });
  const { status, body } = await api.post(`/containers/${member.name}/rejoin`);
  assert.equal(status, 200, JSON.stringify(body));
  assert.notEqual(body.id, member.id);
  assert.deepEqual(
    [body.name, body.orphaned, body.joinedTo, body.effective, body.state],
    [member.name, false, { id: target.id, name }, 'bridged', 'running'],
  );
  const fresh = (await callDocker('GET', `/containers/${body.id}/json`)) as Record<string, Record<string, unknown>>;
  for (const field of ['Cmd', 'Env', 'Entrypoint', 'User', 'WorkingDir', 'Tty', 'OpenStdin', 'Image'] as const) {
    assert.deepEqual(fresh.Config?.[field], old.Config?.[field], field);
  }
  const { NetworkMode: _one, ...host } = fresh.HostConfig ?? {};
  const { NetworkMode: _other, ...oldHost } = old.HostConfig ?? {};
  assert.deepEqual(host, oldHost);
  const { 'io.terrarium.namespace-owner': owner, ...labels } = (fresh.Config?.Labels ?? {}) as Record<string, string>;
  assert.equal(owner, target.id);
  assert.equal(labels.team, 'a');

  const chained: Container = (await api.get(`/containers/${below.name}`)).body;
  assert.deepEqual([chained.orphaned, chained.joinedTo], [false, { id: body.id, name: member.name }]);
  assert.equal(await netOf(chained), await netOf(target));
  assert.deepEqual(replacements, [
    { engine: 'local', from: { id: member.id, name: member.name }, to: { id: body.id, name: member.name } },
    { engine: 'local', from: { id: below.id, name: below.name }, to: { id: chained.id, name: below.name } },
  ]);
  assert.equal((await dockerApi('GET', `/containers/${member.id}/json`)).status, 404);
});
