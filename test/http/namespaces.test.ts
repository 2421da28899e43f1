// Namespaces: what is told of them is what the kernel shows (`readlink /proc/PID/ns/*`), for containers that share with each other and with the
// host in every way that Docker has, also after somebody changed them by the docker command.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import test, { after, type TestContext } from 'node:test';
import type { Container } from '../../src/schemas/container.ts';
import type { ContainerNamespaces, Namespace, NamespaceInFull } from '../../src/schemas/namespaces.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { createTestContainer, docker, inspectContainer, listContainerIds, runCommand } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { differentialRun } from '../support/generated-strings.ts';
import { managedLabels } from '../support/managed.ts';
import {
  askKernel,
  deeds,
  findPids,
  inhabitants,
  type KernelView,
  settle,
  spellSharing,
  type WorldMember,
} from '../support/namespace-world.ts';
import { namespaceKinds, readNamespaces } from '../support/namespaces.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const isSweep = process.env.TERRARIUM_SWEEP === '1';

type Api = ReturnType<typeof useApi>;

const ofContainer = async (api: Api, id: string): Promise<ContainerNamespaces> => {
  const { status, body } = await api.get(`/containers/${id}/namespaces`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const byPid = (api: Api, pid: number) => api.get(`/namespaces?pid=${pid}`);
const inodeOf = (link: string) => Number(/\[(\d+)\]/.exec(link)?.[1]);

/** What we say of a container, in the words of spellSharing, about these containers only. */
function spellAnswer({ kinds }: ContainerNamespaces, all: readonly WorldMember[]): string[] {
  return kinds.map(({ kind, inode, host, sharedWith }) => {
    const ids = sharedWith.map(({ id }) => id).filter((id) => all.some((one) => one.id === id));
    return `${kind}:[${inode}] ${[...ids, ...(host === true ? ['host'] : [])].sort().join()}`;
  });
}

/** A program on this machine, ended after the test. */
async function run(t: TestContext, program: string, ...args: string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn(program, args, { stdio: 'ignore' });
  await once(child, 'spawn');
  t.after(() => child.kill('SIGKILL'));
  return child as ChildProcess & { pid: number };
}

test('a joined container shares its network namespace and nothing else that is not everybody’s', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('bridged');
  const joined = await api.create('joined', { target: target.id });
  const [ours, theirs, hosts] = [
    await readNamespaces(joined.id),
    await readNamespaces(target.id),
    await readNamespaces(),
  ];
  const shown = await ofContainer(api, joined.id);
  assert.deepEqual(
    shown.kinds.map(({ kind, inode }) => `${kind}:[${inode}]`),
    namespaceKinds.map((kind) => ours[kind]),
  );
  const [net, ...others] = shown.kinds;
  assert.equal(ours.net, theirs.net, 'the kernel says so');
  assert.deepEqual(
    [net?.kind, net?.host, net?.isolated, net?.sharedWith],
    ['net', false, false, [{ id: target.id, name: target.name }]],
  );
  for (const { kind, host, isolated, sharedWith } of others) {
    assert.equal(host, ours[kind] === hosts[kind], kind);
    assert.equal(isolated, !host, kind);
    if (!host) assert.deepEqual(sharedWith, [], kind);
  }
  assert.ok(
    others.filter(({ isolated }) => isolated).length >= 4,
    'mnt, pid, uts and ipc are its own with the default settings of every engine',
  );
  assert.deepEqual([shown.namespace, shown.elsewhere, shown.stale], [target.namespace?.id, [], false]);

  const { body } = await api.get(`/namespaces/${shown.namespace}`);
  const namespace: NamespaceInFull = body;
  assert.deepEqual(
    [namespace.host, namespace.owner, namespace.inode, namespace.visitors],
    [false, { id: target.id, name: target.name }, inodeOf(theirs.net), []],
  );
  assert.deepEqual(
    namespace.members.map(({ id, pids, inodes }) => [id, pids, inodes?.mnt]),
    [
      [target.id, await findPids(target.id), inodeOf(theirs.mnt)],
      [joined.id, await findPids(joined.id), inodeOf(ours.mnt)],
    ],
  );
  for (const { kind, shared } of namespace.kinds) assert.equal(shared, ours[kind] === theirs[kind], kind);
  assert.equal((await api.get(`/containers/${joined.id}`)).body.namespace.inode, inodeOf(ours.net), 'seen once, known');
});

test('worlds of any shape, made and changed by the docker command, are told as the kernel shows them', async (t) => {
  const api = useApi(server, t);
  const { seed } = differentialRun(0);
  const worlds = isSweep ? 20 : 1;
  const [size, changes] = [6, isSweep ? 15 : 6];
  t.diagnostic(`seed ${seed}`);
  const path = `${server.url}/api/v1/events?scope=all`;
  const events = await connectStream(t, path, { headers: { ...server.headers } });
  await events.until('what is true now', (client) => client.of('snapshot').length > 0);
  for (let round = 0; round < worlds; round += 1) {
    const all: WorldMember[] = [];
    const made = fc.sample(inhabitants, { numRuns: size, seed: seed + round });
    for (const one of made) all.push(await settle(t, all, one));
    await agree(all, `seed ${seed + round}: ${JSON.stringify(made)}`);
    for (const { verb, victim } of fc.sample(deeds, { numRuns: changes, seed: seed + round })) {
      const name = all[victim % size]?.name ?? '';
      // The kernel could not end the process namespace that a frozen one is in.
      if (verb === 'pause' && made[victim % size]?.pid === 'join') continue;
      await docker(...verb.split(' '), name);
      await agree(all, `seed ${seed + round}: ${JSON.stringify(made)}, after docker ${verb} of ${name}`);
    }
    for (const { name } of all) await docker('rm', '--force', name);
  }

  /** Waits until what the server says is what the kernel says. */
  async function agree(all: readonly WorldMember[], what: string): Promise<void> {
    await waitFor(async (see) => see(await findDifference(all)) === null, { what: `the two to agree: ${what}` });
  }

  async function findDifference(all: readonly WorldMember[]): Promise<string | null> {
    const kernel = await askKernel(all).catch(() => null);
    if (kernel === null) return 'a process ended just now';
    const listed: Namespace[] = (await api.get('/namespaces?scope=all')).body;
    for (const { id, name } of all) {
      const { status, body } = await api.get(`/containers/${id}/namespaces`);
      const real = kernel.get(id);
      if (real === undefined) {
        if (![404, 409].includes(status)) return `${name} does not run, but: ${status}`;
        if (listed.some(({ members }) => members.some((one) => one.id === id))) return `${name} is listed`;
        continue;
      }
      if (status !== 200) return `${name} runs, but: ${status} ${JSON.stringify(body)}`;
      const [ours, kernels] = [spellAnswer(body, all), spellSharing(kernel, id)];
      if (ours.join('\n') !== kernels.join('\n')) return `${name}: ${ours.join(' | ')}\nkernel: ${kernels.join(' | ')}`;
      for (const { kind, isolated, host, sharedWith, reason } of body.kinds)
        if (isolated !== (host === false && sharedWith.length === 0))
          return `${name} ${kind}: isolated ${isolated}, because ${reason}`;
      const missing = findUnlisted(kernel, id, all, listed);
      if (missing !== null) return missing;
    }
    return findUntold(all);
  }

  /** `ip netns monitor`: what appeared and did not go is what the running ones are in. */
  async function findUntold(all: readonly WorldMember[]): Promise<string | null> {
    const isOurs = (namespace: string) => all.some(({ id }) => namespace.includes(id));
    const told = new Set<string>();
    for (const { event, namespace } of events.of('event')) {
      if (namespace === null || !isOurs(namespace)) continue;
      if (event === 'namespace.appeared' ? told.has(namespace) : !told.delete(namespace))
        return `${event} ${namespace}`;
      if (event === 'namespace.appeared') told.add(namespace);
    }
    const shown: Container[] = (await api.get('/containers?scope=all')).body;
    const real = new Set(
      shown.flatMap(({ namespace }) => (namespace !== null && isOurs(namespace.id) ? namespace.id : [])),
    );
    const [one, other] = [[...told].sort().join(), [...real].sort().join()];
    return one === other ? null : `told: ${one}\nthere: ${other}`;
  }

  function findUnlisted(
    kernel: KernelView,
    id: string,
    all: readonly WorldMember[],
    listed: readonly Namespace[],
  ): string | null {
    const net = kernel.get(id)?.inodes.net ?? '';
    const homes = listed.filter(({ members }) => members.some((one) => one.id === id));
    const [home] = homes;
    if (home === undefined || homes.length > 1) return `${id} is listed ${homes.length} times`;
    if (home.inode !== inodeOf(net)) return `${id} is listed in ${home.inode}, not ${net}`;
    if (home.host !== (net === kernel.get('')?.inodes.net)) return `${id}: host is ${home.host}`;
    const mates = [...kernel].filter(([other, { inodes }]) => other !== '' && inodes.net === net).map(([one]) => one);
    const told = home.members.map((one) => one.id).filter((one) => all.some((member) => member.id === one));
    return told.sort().join() === mates.sort().join() ? null : `members of ${net}: ${told}, not ${mates}`;
  }
});

test('a process is found by its PID, whether a container’s or not', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('bridged');
  const joined = await api.create('joined', { target: target.id });
  const hostMode = await api.create('open', { host: true });
  const pidOf = async (id: string): Promise<number> => (await inspectContainer(id)).State.Pid;
  const home = target.namespace?.id;
  assert.deepEqual((await byPid(api, await pidOf(target.id))).body[0]?.id, home);
  assert.deepEqual((await byPid(api, await pidOf(joined.id))).body[0]?.id, home);
  assert.deepEqual((await byPid(api, await pidOf(hostMode.id))).body[0]?.id, 'local~host');
  assert.deepEqual((await byPid(api, process.pid)).body[0]?.id, 'local~host', 'a process that is no container’s');

  const first = await pidOf(joined.id);
  await docker('exec', '--detach', joined.id, 'sleep', '1000');
  const second = await waitFor(async (see) => see(await findPids(joined.id)).find((pid) => pid !== first), {
    what: 'it',
  });
  assert.deepEqual((await byPid(api, second)).body[0]?.id, home, 'one that was started later');

  const entered = await run(t, 'nsenter', `--net=/proc/${first}/ns/net`, 'sleep', '1000');
  await waitFor(
    async (see) => see(await readlink(`/proc/${entered.pid}/ns/net`)) === (await readNamespaces(joined.id)).net,
    {
      what: 'it to enter',
    },
  );
  assert.deepEqual((await byPid(api, entered.pid)).body[0]?.id, home, 'one of the host that entered it');

  const alone = await run(t, 'unshare', '--net', 'sleep', '1000');
  await waitFor(async (see) => see(await readlink(`/proc/${alone.pid}/ns/net`)) !== (await readNamespaces()).net, {
    what: 'it to leave',
  });
  const nobodys = await byPid(api, alone.pid);
  assert.deepEqual([nobodys.status, nobodys.body.code], [404, 'namespace_not_found']);
  assert.match(nobodys.body.detail, new RegExp(`Process ${alone.pid} .* no container's`));

  const dead = await run(t, 'true');
  await waitFor(async (see) => !see(await readdir('/proc')).includes(String(dead.pid)), { what: 'its end' });
  const gone = await byPid(api, dead.pid);
  assert.deepEqual([gone.status, gone.body.code, gone.body.field], [404, 'process_not_found', 'pid']);

  // What has ended and was not waited for: a shell that waits for another.
  const parent = await run(t, 'sh', '-c', 'true & exec sleep 1000');
  const zombie = await waitFor(
    async (see) => {
      const { stdout } = await runCommand('ps', ['--ppid', String(parent.pid), '-o', 'pid=,stat=']);
      return /^\s*(\d+) Z/.exec(see(stdout))?.[1];
    },
    { what: 'a zombie' },
  );
  const ended = await byPid(api, Number(zombie));
  assert.deepEqual([ended.status, ended.body.code], [404, 'process_not_found']);
  assert.match(ended.body.hint, /zombie/);

  await waitFor(async (see) => see(await listContainerIds(`io.terrarium.server=${server.serverId}`)).length === 0, {
    what: 'no scout to be left',
  });
});

test('processes that are elsewhere than their container are told so, and where', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('closed');
  const traveller = await createTestContainer(t, {
    body: { HostConfig: { Privileged: true, PidMode: 'host' }, Cmd: ['sleep', '1000'] },
  });
  const { pid } = (await waitFor(
    async (see) => {
      const { status, body } = await api.get(`/containers/${traveller.id}/namespaces`);
      return see(status) === 200 ? body : null;
    },
    { what: 'it to be seen' },
  )) as ContainerNamespaces;
  const home = (await inspectContainer(target.id)).State.Pid;
  await docker('exec', '--detach', traveller.id, 'unshare', '--uts', '--net', 'sleep', '1001');
  await docker('exec', '--detach', traveller.id, 'nsenter', '-t', String(home), '-n', 'sleep', '1002');
  await waitFor(async (see) => see(await findPids(traveller.id)).length >= 3, { what: 'both to run' });

  const shown = await waitFor(
    async (see) => {
      const answer = await ofContainer(api, traveller.id);
      return see(answer.elsewhere).length === 2 ? answer : null;
    },
    { what: 'both to be elsewhere' },
  );
  const first = await readNamespaces(traveller.id);
  for (const stray of shown.elsewhere) {
    const real = await Promise.all(namespaceKinds.map((kind) => readlink(`/proc/${stray.pid}/ns/${kind}`)));
    const others = real.filter((link, index) => link !== first[namespaceKinds[index] ?? 'net']);
    assert.deepEqual(
      stray.kinds.map(({ kind, inode }) => `${kind}:[${inode}]`),
      others,
    );
  }
  const visitor = shown.elsewhere.find(({ kinds }) => kinds.length === 1);
  assert.deepEqual(visitor?.kinds[0]?.sharedWith, [{ id: target.id, name: target.name }]);
  const loner = shown.elsewhere.find(({ kinds }) => kinds.length === 2);
  assert.deepEqual(
    loner?.kinds.map(({ kind, host, sharedWith }) => [kind, host, sharedWith]),
    [
      ['net', false, []],
      ['uts', false, []],
    ],
  );
  assert.ok(shown.pids?.includes(pid));
  const { visitors }: NamespaceInFull = (await api.get(`/namespaces/${target.namespace?.id}`)).body;
  assert.deepEqual(visitors, [{ pid: visitor?.pid, container: { id: traveller.id, name: traveller.name } }]);
  const identified = await byPid(api, visitor?.pid ?? 0);
  assert.equal(identified.body[0]?.id, target.namespace?.id, 'ip netns identify of the one that entered');
  assert.equal((await byPid(api, loner?.pid ?? 0)).body.code, 'namespace_not_found');
});

test('those who were stranded together are together, and what became of the namespace is said', async (t) => {
  const api = useApi(server, t);
  const [target, member, below] = [
    await createTestContainer(t, { body: { Labels: managedLabels } }),
    await createTestContainer(t, { start: false, body: { Labels: managedLabels } }),
    await createTestContainer(t, { start: false, body: { Labels: managedLabels } }),
  ];
  await docker('rm', '--force', member.name, below.name);
  const join = (name: string, of: string) =>
    docker(
      'run',
      '--detach',
      '--init',
      '--label',
      'io.terrarium.managed=true',
      '--name',
      name,
      `--network=container:${of}`,
      'busybox:latest',
      'sleep',
      '1000',
    );
  await join(member.name, target.name);
  await join(below.name, member.name);
  const list = async (): Promise<Namespace[]> => (await api.get('/namespaces')).body;
  const before = await waitFor(
    async (see) =>
      see(await list()).find(
        ({ members }) =>
          members.filter(({ name }) => [target, member, below].some((one) => one.name === name)).length === 3,
      ),
    { what: 'all three to be in it' },
  );
  await docker('restart', '--time', '0', target.name);
  const dead = await waitFor(
    async (see) =>
      see(await list()).find(
        ({ members }) => members.map(({ name }) => name).join() === [member.name, below.name].join(),
      ),
    { what: 'two of them to be left in it' },
  );
  assert.deepEqual([dead.inode, dead.owner, dead.host], [before.inode, null, false]);
  assert.equal(before.inode, inodeOf((await readNamespaces(below.name)).net));
  const { status, body } = await api.get(`/namespaces/${before.id}`);
  assert.deepEqual([status, body.code], [404, 'namespace_not_found']);
  assert.match(body.detail, /was started anew since/);
  const now = (await list()).find(({ members }) => members.some(({ name }) => name === target.name));
  assert.ok(body.hint.includes(now?.id), body.hint);
  for (const one of [member, below]) {
    const { body: shown } = await api.get(`/containers/${one.name}`);
    const { status: found, body: home } = await api.get(`/namespaces/${shown.namespace.id}`);
    assert.deepEqual([found, home.id], [200, dead.id], 'each one’s own id leads to it');
  }
});

test('the scout that looks for a process has no right over the host', async (t) => {
  const api = useApi(server, t);
  let isOver = false;
  const asking = (async () => {
    while (!isOver) assert.equal((await byPid(api, process.pid)).status, 200);
  })();
  const scout = await waitFor(
    async (see) => {
      const [id] = see(await listContainerIds('io.terrarium.role=helper', `io.terrarium.server=${server.serverId}`));
      return id === undefined ? undefined : await inspectContainer(id);
    },
    { what: 'a scout to be seen', intervalMs: 5 },
  );
  isOver = true;
  await asking;
  const { Config, HostConfig, Mounts } = scout;
  assert.deepEqual(
    [Config.User, HostConfig.CapDrop, HostConfig.CapAdd, HostConfig.Privileged, HostConfig.ReadonlyRootfs, Mounts],
    ['65534:65534', ['ALL'], null, false, true, []],
  );
  assert.ok(HostConfig.SecurityOpt.includes('no-new-privileges'));
});

test('a list asks the engine nothing about who was seen before', async (t) => {
  const api = useApi(server, t);
  const [one, other] = [await api.create('closed'), await api.create('closed')];
  const child = spawn('docker', ['events', '--since', '1s', '--filter', 'event=top', '--format', '{{.ID}}']);
  t.after(() => child.kill('SIGKILL'));
  let asked = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    asked += chunk;
  });
  const count = (id: string) => asked.split('\n').filter((line) => line === id).length;
  await api.get('/namespaces');
  await waitFor((see) => see(count(one.id)) === 1 && see(count(other.id)) === 1, { what: 'both to be asked for' });
  for (let round = 0; round < 5; round += 1) await api.get('/namespaces');
  await ofContainer(api, one.id);
  await waitFor((see) => see(count(one.id)) === 2, { what: 'its processes to be asked for' });
  assert.equal(count(other.id), 1, 'the other one has not moved');
  await docker('restart', '--time', '0', other.name);
  await waitFor(
    async (see) => {
      await api.get('/namespaces');
      return see(count(other.id)) > 1;
    },
    { what: 'one that was started anew to be asked for' },
  );
});

test('what cannot be asked for is said', async (t) => {
  const api = useApi(server, t);
  for (const query of [
    'pid=0',
    'pid=-1',
    'pid=one',
    'pid=4194305',
    'pid=1.5',
    'scope=mine',
    'engine=nobody',
    'state=running',
  ]) {
    const { status, body } = await api.get(`/namespaces?${query}`);
    assert.deepEqual([status, body.field], [query.startsWith('engine') ? 404 : 400, query.split('=')[0]], query);
  }
  for (const id of ['x', 'local~x', 'local~host~', `local~${'a'.repeat(64)}~2026-01-01T00:00:00Z`, 'nobody~host']) {
    const { status, body } = await api.get(`/namespaces/${id}`);
    assert.equal(status, 404, `${id}: ${JSON.stringify(body)}`);
    assert.ok(body.detail && body.hint);
  }
  assert.equal((await api.get('/containers/nobody/namespaces')).body.code, 'container_not_found');
  const { id, name } = await api.create('closed');
  await api.post(`/containers/${id}/stop?timeout=0`);
  const stopped = await api.get(`/containers/${id}/namespaces`);
  assert.deepEqual([stopped.status, stopped.body.code], [409, 'container_not_running']);
  assert.ok(stopped.body.detail.includes(name) && stopped.body.hint.includes(`${name}/start`));
});

test('one that Terrarium did not make is listed where all are asked for, the host’s namespace too', async (t) => {
  const api = useApi(server, t);
  const foreign = await createTestContainer(t);
  const lists = async (query: string): Promise<Namespace[]> => (await api.get(`/namespaces${query}`)).body;
  const has = (list: Namespace[]) => list.some(({ members }) => members.some(({ id }) => id === foreign.id));
  await waitFor(async (see) => has(see(await lists('?scope=all'))), { what: 'it to be seen' });
  assert.equal(has(await lists('')), false);
  const [host] = await lists('?scope=all');
  assert.deepEqual([host?.id, host?.host, host?.inode], ['local~host', true, inodeOf((await readNamespaces()).net)]);
  assert.equal((await ofContainer(api, foreign.id)).pids?.length, (await findPids(foreign.id)).length);
});
