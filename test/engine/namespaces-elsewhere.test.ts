// Namespaces on engines that are not like this machine's: users remapped, no fitting ps, and one that does not answer. On engines of the test's own.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { ContainerNamespaces, Namespace, NamespaceInFull } from '../../src/schemas/namespaces.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { inspectContainer, runCommand } from '../support/engine.ts';
import { remappedIds } from '../support/machine-variants.ts';
import { namespaceKinds } from '../support/namespaces.ts';
import {
  type PrivateEngine,
  type PrivateEngineOptions,
  startPrivateEngine,
  whyNoPrivateEngine,
} from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const usual = process.env.DOCKER_HOST;
const skip = whyNoPrivateEngine();

/** What was made last is taken away first: the engine after all that is on it. */
async function start(t: TestContext, options: PrivateEngineOptions) {
  const steps: (() => void | Promise<void>)[] = [];
  t.after(async () => {
    for (const step of steps.reverse()) await step();
    if (usual === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = usual;
  });
  const after = (step: () => void | Promise<void>) => void steps.push(step);
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest', ...options });
  process.env.DOCKER_HOST = engine.host;
  // Its containers end with it.
  return { engine, api: useApi(await startApp({ after }), { after: () => {} }) };
}

/** As the machine of that engine shows them. */
async function readInside(engine: PrivateEngine, container: string): Promise<string[]> {
  const { Pid } = (await inspectContainer(container)).State;
  const enter = ['--target', String(engine.pid), '--mount', '--pid', '--', 'readlink'];
  const { stdout } = await runCommand('nsenter', [
    ...enter,
    ...namespaceKinds.map((kind) => `/proc/${Pid}/ns/${kind}`),
  ]);
  return stdout.trim().split('\n');
}

test('where users are remapped, a joined container shares its users too: seen, not assumed', { skip }, async (t) => {
  const { engine, api } = await start(t, { prepare: remappedIds, args: ['--userns-remap=default'] });
  const target = await api.create('bridged');
  const joined = await api.create('joined', { target: target.id });
  const alone = await api.create('bridged');
  const [theirs, ours, others] = await Promise.all([target, joined, alone].map(({ id }) => readInside(engine, id)));
  const same = namespaceKinds.filter((_, index) => ours?.[index] === theirs?.[index]);
  const shown: ContainerNamespaces = (await api.get(`/containers/${joined.id}/namespaces`)).body;
  assert.deepEqual(
    shown.kinds.filter(({ sharedWith }) => sharedWith.some(({ id }) => id === target.id)).map(({ kind }) => kind),
    same,
  );
  assert.ok(same.includes('user') && same.includes('net'), 'what this engine does');
  assert.notEqual(others?.[5], ours?.[5]);
  const user = shown.kinds.find(({ kind }) => kind === 'user');
  assert.deepEqual([user?.host, user?.isolated], [false, false]);
  const list: Namespace[] = (await api.get('/namespaces?scope=all')).body;
  assert.equal(list[0]?.host, true);
  assert.ok((list[0]?.inode ?? 0) > 0, 'the host’s own is seen, although no container may be in it');
  const { Pid } = (await inspectContainer(alone.id)).State;
  assert.equal((await api.get(`/namespaces?pid=${Pid}`)).body[0].id, alone.namespace?.id);
  assert.equal((await api.get('/namespaces?pid=1')).body[0].id, 'local~host');
});

test('where the host has no ps that names namespaces, it is said, and what else is known is told', {
  skip,
}, async (t) => {
  const { api } = await start(t, {
    prepare: ['mount --bind /dev/null "$(command -v ps)"'],
  });
  const target = await api.create('bridged');
  const joined = await api.create('joined', { target: target.id });
  const path = `/containers/${joined.id}/namespaces`;
  const blind: ContainerNamespaces = (await api.get(path)).body;
  assert.deepEqual([blind.pids, blind.namespace], [null, target.namespace?.id]);
  for (const { kind, inode, isolated, reason } of blind.kinds) {
    assert.deepEqual([inode, isolated], [null, null], kind);
    assert.match(reason ?? '', /ps/);
  }
  const id = target.namespace?.id;
  const unseen: NamespaceInFull = (await api.get(`/namespaces/${id}`)).body;
  assert.deepEqual([unseen.inode, unseen.members.map(({ name }) => name)], [null, [target.name, joined.name]]);
  assert.match(unseen.reason ?? '', /ps/);
  // Who watches it sees its inode.
  assert.equal((await api.get(`/containers/${joined.id}/netstat`)).status, 200);
  const seen: NamespaceInFull = (await api.get(`/namespaces/${id}`)).body;
  assert.ok((seen.inode ?? 0) > 0 && seen.reason === null);
  const { Pid } = (await inspectContainer(joined.id)).State;
  assert.equal((await api.get(`/namespaces?pid=${Pid}`)).body[0].id, id, 'a process is found all the same');
});

test('while the engine does not answer, what was last known is told', { skip }, async (t) => {
  const { engine, api } = await start(t, {});
  const target = await api.create('closed');
  const before: NamespaceInFull = (await api.get(`/namespaces/${target.namespace?.id}`)).body;
  await engine.kill();
  await waitFor(async (see) => see((await api.get('/engines/local')).body.state) === 'stale', {
    what: 'it to be missed',
  });
  const { status, body } = await api.get(`/namespaces/${before.id}`);
  assert.deepEqual([status, body.stale, body.inode], [200, true, before.inode]);
  assert.deepEqual([body.members[0].pids, body.members[0].inodes], [null, before.members[0]?.inodes]);
  const shown = await api.get(`/containers/${target.id}/namespaces`);
  assert.deepEqual([shown.status, shown.body.stale, shown.body.pids], [200, true, null]);
  const asked = await api.get('/namespaces?pid=1');
  assert.equal(asked.status, 503, 'a process can only be looked at');
});
