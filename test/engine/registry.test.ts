// The mirror of a real engine shows changes by others when their events arrive, and our own changes at once. It reports nothing twice or too early.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { ContainerFacts } from '../../src/domain/container/facts.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { EngineEvent } from '../../src/engine/engine.ts';
import type { ContainerChange } from '../../src/engine/mirror.ts';
import { createRegistry, type Registry } from '../../src/engine/registry.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import {
  callDocker,
  createTestContainer,
  createTestNetwork,
  docker,
  listContainerIds,
  localEndpoint,
  removeContainer,
  runCommand,
} from '../support/engine.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { testLabel, testLabels, uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

interface Options {
  endpoint?: string;
  reconcileMs?: number;
}

async function startRegistry(
  t: TestContext,
  // Unless a test wants it, the mirror is not reconciled: all that it learns comes from events.
  { endpoint = localEndpoint(), reconcileMs = 600_000 }: Options = {},
): Promise<Registry> {
  const engine = connectEngine({ name: 'local', endpoint });
  const registry = createRegistry({ engine, reconcileMs });
  t.after(async () => {
    await registry.close();
    await engine.close();
  });
  registry.start();
  await registry.settled();
  assert.equal(registry.status().state, 'live');
  return registry;
}

/** The mirror is in this process: a look costs nothing. */
const often = { intervalMs: 5 };

const byName = (registry: Registry, name: string) => [...registry.containers()].find((facts) => facts.name === name);
const mine = (registry: Registry) =>
  [...registry.containers()].filter((facts) => facts.labels[testLabel] === testLabels[testLabel]);

test('once settled the mirror holds what the engine holds', async (t) => {
  const { id } = await createTestContainer(t, { start: false });
  const network = await createTestNetwork(t);
  const registry = await startRegistry(t);
  const status = registry.status();
  assert.deepEqual(
    { ...status, since: '' },
    {
      state: 'live',
      reason: null,
      since: '',
      ageMs: 0,
      failures: 0,
      retryAt: null,
      settled: true,
    },
  );
  assert.ok(Math.abs(Date.parse(status.since) - Date.now()) < 60_000);
  assert.deepEqual(registry.container(id), await registry.engine.inspectContainer(id));
  assert.equal(registry.network(network.name)?.id, network.id);
  assert.equal(registry.network(network.id)?.name, network.name);
  for (const name of ['bridge', 'host', 'none']) assert.equal(registry.network(name)?.name, name);
  assert.equal(registry.info?.id, (await callDocker('GET', '/info')).ID);
  // The time of the call is in it. A wrong unit or time zone would be much more.
  assert.ok(Math.abs(registry.clockOffsetMs) < 60_000, `the same clock is ${registry.clockOffsetMs} ms away`);
});

test('what the docker command does shows by its events', async (t) => {
  const registry = await startRegistry(t);
  const name = uniqueName('mirror');
  const shows = (what: string, probe: (facts: ContainerFacts | undefined) => boolean) =>
    waitFor((see) => probe(see(byName(registry, name))), { what, ...often });
  t.after(() => removeContainer(name));
  const run = await docker(
    'run',
    '-d',
    '--init',
    '--name',
    name,
    '--label',
    `${testLabel}=${testLabels[testLabel]}`,
    'busybox:latest',
    'sleep',
    '3600',
  );
  const id = run.stdout.trim();
  await shows('the running container', (facts) => facts?.state === 'running' && facts.endpoints[0]?.ipv4 !== '');
  await docker('pause', name);
  await shows('the pause', (facts) => facts?.state === 'paused');
  await docker('unpause', name);
  await shows('the end of the pause', (facts) => facts?.state === 'running');

  const network = await createTestNetwork(t);
  await waitFor((see) => see(registry.network(network.name)), { what: 'the network', ...often });
  await docker('network', 'connect', network.name, name);
  await shows(
    'the second network',
    (facts) => facts?.endpoints.some((endpoint) => endpoint.networkId === network.id) === true,
  );
  await docker('network', 'disconnect', network.name, name);
  await shows('one network again', (facts) => facts?.endpoints.length === 1);
  await docker('network', 'rm', network.name);
  await waitFor((see) => see(registry.network(network.id)) === undefined, { what: 'the end of the network', ...often });

  const startedAt = registry.container(id)?.startedAt;
  await docker('restart', '-t', '1', name);
  await shows('another start', (facts) => facts?.state === 'running' && facts.startedAt !== startedAt);
  await docker('kill', name);
  await shows('the exit', (facts) => facts?.state === 'exited' && facts.exitCode === 137);
  await docker('rename', name, `${name}-b`);
  t.after(() => removeContainer(`${name}-b`));
  await waitFor((see) => see(registry.container(id)?.name) === `${name}-b`, { what: 'the new name', ...often });
  await docker('rm', `${name}-b`);
  await waitFor((see) => see(registry.container(id)) === undefined, { what: 'the end of the container', ...often });
});

test('after a refresh the mirror holds what was just written, without waiting for events', async (t) => {
  const registry = await startRegistry(t);
  const { engine } = registry;
  for (let turn = 0; turn < 5; turn += 1) {
    const { id } = await createTestContainer(t, { start: false });
    const created = await registry.refresh(id);
    assert.equal(created?.state, 'created');
    await engine.startContainer(id);
    assert.equal((await registry.refresh(id))?.state, 'running');
    await engine.pauseContainer(id);
    assert.equal((await registry.refresh(id))?.state, 'paused');
    assert.equal(registry.container(id)?.state, 'paused');
    await engine.removeContainer(id, { force: true });
    assert.equal(await registry.refresh(id), undefined);
    assert.equal(registry.container(id), undefined);
  }
  const network = await createTestNetwork(t);
  await registry.refreshNetworks();
  assert.equal(registry.network(network.name)?.id, network.id);
});

test('thirty hasty lives, several at a time, leave the mirror equal to the engine', async (t) => {
  const registry = await startRegistry(t);
  const { engine } = registry;
  const seen = new Map<string, ContainerChange[]>();
  registry.onContainer((change) => seen.set(change.id, [...(seen.get(change.id) ?? []), change]));
  const live = async (turn: number) => {
    const name = uniqueName('hasty');
    t.after(() => removeContainer(name));
    const body = { Image: 'busybox:latest', Cmd: ['sleep', '3600'], Labels: testLabels };
    const { id } = await engine.createContainer(name, { ...body, HostConfig: { NetworkMode: 'none', Init: true } });
    await engine.startContainer(id);
    if (turn % 3 === 0) await engine.stopContainer(id, { timeoutSeconds: 0 });
    if (turn % 3 === 1) await engine.killContainer(id, 'SIGKILL');
    if (turn % 5 !== 0) await engine.removeContainer(id, { force: true });
    return id;
  };
  const ids: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    ids.push(...(await Promise.all(Array.from({ length: 5 }, (_, index) => live(round * 5 + index)))));
  }
  await waitFor(
    async () => {
      const left = await listContainerIds(`${testLabel}=${testLabels[testLabel]}`);
      assert.deepEqual(
        mine(registry)
          .map(({ id }) => id)
          .sort(),
        left.sort(),
      );
      for (const id of left) assert.deepEqual(registry.container(id), await engine.inspectContainer(id));
      return true;
    },
    { what: 'the mirror to equal the engine' },
  );
  for (const id of ids) {
    const changes = seen.get(id) ?? [];
    assert.equal(changes[0]?.before, null, 'a life begins with nothing');
    for (const [index, change] of changes.entries()) {
      assert.equal(change.before, changes[index - 1]?.after ?? null, 'each change begins where the one before ended');
    }
  }
});

test('each event is told once, in order, when the mirror has taken it in', async (t) => {
  const registry = await startRegistry(t);
  const { id } = await createTestContainer(t, { start: false });
  const told: { event: EngineEvent; state: string | undefined }[] = [];
  const arrived: EngineEvent[] = [];
  registry.onArrival((event) => {
    if (event.id === id) arrived.push(event);
  });
  registry.onEvent((event) => {
    if (event.id !== id) return;
    assert.ok(arrived.includes(event), 'it was told of its arrival before');
    told.push({ event, state: registry.container(id)?.state });
  });
  await docker('start', id);
  await docker('exec', id, 'true');
  await docker('pause', id);
  await docker('unpause', id);
  await docker('kill', id);
  await docker('rm', id);
  await waitFor((see) => see(told).some(({ event }) => event.action === 'destroy'), {
    what: 'the last event',
    ...often,
  });
  // Its creation may have been told before we listened, or not; and another server may list its processes.
  const telling = told.map(({ event }) => event.action).filter((action) => !/^(?:create|top|exec_.*)$/.test(action));
  assert.deepEqual(telling, ['start', 'pause', 'unpause', 'kill', 'die', 'destroy']);
  assert.ok(told.some(({ event }) => event.action === 'exec_die'));
  const stateAt = (action: string) => told.find(({ event }) => event.action === action)?.state;
  // The mirror may be further on already, but never behind what it tells of.
  assert.notEqual(stateAt('start'), 'created');
  assert.notEqual(stateAt('die'), 'running');
  assert.equal(stateAt('destroy'), undefined);
});

/** How often a container was inspected through this line. */
const countReads = (line: ChaosProxy, id: string) =>
  line.requests.filter((request) => request.startsWith('GET ') && request.includes(`/containers/${id}/json`)).length;

test('a start costs one reading: what shows it running since then was looked at after it', async (t) => {
  const line = await startChaosProxy(t);
  const registry = await startRegistry(t, { endpoint: line.endpoint });
  const started = new Map<string, ContainerFacts | undefined>();
  registry.onEvent(({ type, action, id }) => {
    if (type === 'container' && action === 'start') started.set(id, registry.container(id));
  });
  let reads = 0;
  const starts = 8;
  for (let turn = 0; turn < starts; turn += 1) {
    const { id } = await createTestContainer(t, { start: false });
    await waitFor((see) => see(registry.container(id)), { what: 'the container', ...often });
    const before = countReads(line, id);
    await registry.engine.startContainer(id);
    const facts = await registry.refreshUnless(id, ({ startedAt }) => startedAt !== null);
    assert.equal(facts?.state, 'running');
    await waitFor((see) => see(started).has(id), { what: 'the start', ...often });
    const inspected = await registry.engine.inspectContainer(id);
    assert.deepEqual(started.get(id), inspected);
    assert.deepEqual(registry.container(id), inspected);
    reads += countReads(line, id) - before - 1;
    await removeContainer(id);
  }
  // Its network's event asks, the start's need not. An engine that takes long to write the container down is asked again.
  assert.ok(reads < starts * 1.5, `${reads} readings of ${starts} starts`);
});

test('runs that follow each other at once are told as they are, each start by its own run or a later one', async (t) => {
  const registry = await startRegistry(t);
  const { engine } = registry;
  const starts = new Map<string, { readonly timeNano: bigint; readonly startedAt: string | null }[]>();
  registry.onEvent(({ type, action, id, timeNano }) => {
    if (type !== 'container' || action !== 'start') return;
    const { startedAt = null } = registry.container(id) ?? {};
    starts.set(id, [...(starts.get(id) ?? []), { timeNano, startedAt }]);
  });
  const restart = async () => {
    const { id } = await createTestContainer(t);
    for (let turn = 0; turn < 6; turn += 1) {
      if (turn % 2 === 0) await engine.restartContainer(id, { timeoutSeconds: 0 });
      else {
        await engine.killContainer(id, 'SIGKILL');
        await engine.startContainer(id).catch(() => {}); // the engine may not have seen its end yet
      }
    }
    return id;
  };
  const loop = async () => {
    const { id } = await createTestContainer(t, {
      body: { Cmd: ['true'], HostConfig: { RestartPolicy: { Name: 'always' } } },
    });
    await waitFor((see) => see(starts.get(id)?.length ?? 0) >= 4, { what: 'four runs' });
    await engine.stopContainer(id, { timeoutSeconds: 0 });
    return id;
  };
  for (const id of await Promise.all([restart(), restart(), loop()])) {
    await waitFor(
      async () => {
        assert.deepEqual(registry.container(id), await engine.inspectContainer(id));
        return true;
      },
      { what: 'the mirror to equal the engine' },
    );
    const told = starts.get(id) ?? [];
    assert.ok(told.length >= 4, `${told.length} starts`);
    for (const [index, { startedAt }] of told.entries()) {
      const previous = told[index - 1];
      if (previous === undefined || startedAt === null) continue;
      assert.ok(
        Date.parse(startedAt) >= Number(previous.timeNano / 1_000_000n),
        `start ${index} is told with a run that began at ${startedAt}, before the one before was told`,
      );
    }
  }
});

test('a start that comes while its end before is being read is not taken for the run that was known', async (t) => {
  const relay = await startEngineRelay(t);
  const registry = await startRegistry(t, { endpoint: relay.endpoint });
  // No event of a network comes between: the container has none of its own.
  const { id: target } = await createTestContainer(t);
  const told: string[] = [];
  registry.onEvent((event) => told.push(`${event.action} ${event.id}`));
  const arrived: string[] = [];
  registry.onArrival((event) => arrived.push(`${event.action} ${event.id}`));
  const { id } = await createTestContainer(t, { body: { HostConfig: { NetworkMode: `container:${target}` } } });
  // Its first start is told late on a busy machine, and is not the one that is waited for below.
  await waitFor((see) => see(told).includes(`start ${id}`), { what: 'its start', ...often });
  told.length = 0;
  arrived.length = 0;
  relay.beforeAnswer(new RegExp(`^GET \\S+/containers/${id}/json`), async () => {
    await callDocker('POST', `/containers/${id}/start`);
    await waitFor((see) => see(arrived).includes(`start ${id}`), {
      what: 'the second start to arrive while the end is being read',
      ...often,
    });
  });
  await callDocker('POST', `/containers/${id}/kill`);
  await waitFor((see) => see(told).includes(`start ${id}`), { what: 'the second start' });
  assert.deepEqual(registry.container(id), await registry.engine.inspectContainer(id));
  assert.equal(registry.container(id)?.state, 'running');
});

test('a signal is read by what comes of it, of a container that is paused too', async (t) => {
  const line = await startChaosProxy(t);
  const registry = await startRegistry(t, { endpoint: line.endpoint });
  const told: string[] = [];
  registry.onEvent(({ id, action }) => told.push(`${action} ${id}`));
  const { id } = await createTestContainer(t);
  await waitFor((see) => see(registry.container(id)?.state) === 'running', { what: 'the container', ...often });
  await waitFor((see) => see(told).includes(`start ${id}`), { what: 'its start', ...often });
  const before = countReads(line, id);
  await docker('kill', '--signal', 'WINCH', id);
  await waitFor((see) => see(told).includes(`kill ${id}`), { what: 'the signal', ...often });
  assert.equal(countReads(line, id), before);
  assert.deepEqual(registry.container(id), await registry.engine.inspectContainer(id));
  await docker('pause', id);
  await waitFor((see) => see(registry.container(id)?.state) === 'paused', { what: 'the pause', ...often });
  await docker('kill', id);
  await waitFor((see) => see(registry.container(id)?.state) === 'exited', { what: 'the end', ...often });
  assert.deepEqual(registry.container(id), await registry.engine.inspectContainer(id));
});

test('the revision grows with each change of what the mirror holds, and with nothing else', async (t) => {
  const registry = await startRegistry(t);
  const { id } = await createTestContainer(t);
  await registry.refresh(id);
  let changes = 0;
  registry.onContainer((change) => {
    if (change.id === id) changes += 1;
  });
  for (let turn = 0; turn < 3; turn += 1) await registry.refresh(id);
  assert.equal(changes, 0, 'reading the same again is no change');
  const before = registry.revision;
  await docker('pause', id);
  await waitFor((see) => see(registry.container(id)?.state) === 'paused', { what: 'the pause', ...often });
  assert.equal(changes, 1);
  assert.ok(registry.revision > before);
});

test('a listener is told until it leaves, and one that fails harms nobody', async (t) => {
  const registry = await startRegistry(t);
  const heard: string[] = [];
  registry.onContainer(() => {
    throw new Error('a fault of its own');
  });
  const leave = registry.onContainer(({ id }) => heard.push(id));
  const { id } = await createTestContainer(t, { start: false });
  await registry.refresh(id);
  assert.ok(heard.includes(id));
  leave();
  const count = heard.length;
  await docker('start', id);
  await waitFor((see) => see(registry.container(id)?.state) === 'running', { what: 'the start', ...often });
  assert.equal(heard.length, count);
});

test('a feed that died without a word is found out by reconciling, and taken up where it ended', async (t) => {
  const line = await startChaosProxy(t);
  const registry = await startRegistry(t, { endpoint: line.endpoint, reconcileMs: 300 });
  const told: string[] = [];
  registry.onEvent(({ id, action }) => told.push(`${action} ${id}`));
  const { id: known } = await createTestContainer(t, { start: false });
  await waitFor((see) => see(registry.container(known)), { what: 'the container, by its event', ...often });
  line.hold(/\/events/);
  const { id: made } = await createTestContainer(t);
  await removeContainer(known);
  const network = await createTestNetwork(t);
  await waitFor(
    (see) =>
      see(registry.container(made)?.state) === 'running' &&
      see(registry.container(known)) === undefined &&
      see(registry.network(network.name)) !== undefined,
    { what: 'what no event told of' },
  );
  await waitFor((see) => see(told).includes(`start ${made}`) && see(told).includes(`destroy ${known}`), {
    what: 'the events, late',
  });
  for (const once of [`start ${made}`, `destroy ${known}`]) {
    assert.equal(told.filter((news) => news === once).length, 1, once);
  }
  assert.equal(registry.status().state, 'live');
});

test('nothing is left of a registry that was closed: a process with nothing else to do ends', async () => {
  const script = `
    import { connectEngine } from './src/engine/docker/docker-engine.ts';
    import { createRegistry } from './src/engine/registry.ts';
    for (const endpoint of [${JSON.stringify(localEndpoint())}, 'unix:///nowhere/docker.sock']) {
      const engine = connectEngine({ name: 'local', endpoint });
      const registry = createRegistry({ engine });
      registry.start();
      await registry.settled();
      const late = registry.refresh('x').catch((error) => error);
      await registry.close();
      await engine.close();
      await late;
      console.log(registry.status().state, (await registry.refresh('x').catch((error) => error)).code);
    }
    const unborn = createRegistry({ engine: connectEngine({ name: 'local', endpoint: 'unix:///nowhere' }) });
    await unborn.close();
    await unborn.settled();`;
  const { code, stdout, stderr } = await runCommand(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { timeoutMs: 20_000 },
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'live shutting_down\nstale shutting_down\n');
});
