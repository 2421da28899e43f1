// When its engine goes away, the mirror reports it and goes on to answer; when the engine is back, the mirror is right again by itself.
// `registry-faults-time.test.ts` measures the times.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { MirrorState } from '../../src/engine/mirror.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { callDocker, createTestContainer, docker, removeContainer } from '../support/engine.ts';
import { reachState, startEventRegistry } from '../support/mirror-states.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

test('an engine that is away at the start is settled as stale, and live when it comes', async (t) => {
  const line = await startChaosProxy(t);
  line.set({ kind: 'refuse' });
  const registry = startEventRegistry(t, line.endpoint);
  const heard: MirrorState[] = [];
  registry.onStatus(({ state }) => heard.push(state));
  assert.equal(registry.status().settled, false);
  await registry.settled();
  const status = registry.status();
  assert.equal(status.state, 'stale');
  assert.equal(status.settled, true);
  assert.match(status.reason ?? '', /engine local is away/);
  assert.deepEqual([...registry.containers()], []);
  line.set({ kind: 'none' });
  await reachState(registry, 'live');
  assert.equal(registry.status().reason, null);
  assert.ok(registry.network('bridge'));
  assert.deepEqual(heard, ['stale', 'live']);
});

test('a line that is cut makes the mirror stale; what happened meanwhile is there when it is back', async (t) => {
  const line = await startChaosProxy(t);
  const registry = startEventRegistry(t, line.endpoint);
  await registry.settled();
  const { id: kept } = await createTestContainer(t);
  const { id: lost } = await createTestContainer(t, { start: false });
  await waitFor((see) => see(registry.container(kept)?.state) === 'running' && registry.container(lost), {
    what: 'both containers',
  });

  line.set({ kind: 'refuse' });
  line.cut();
  await reachState(registry, 'stale');
  const { revision } = registry;
  assert.equal(registry.container(kept)?.state, 'running', 'what was known goes on being told');
  await assert.rejects(registry.refresh(kept), { code: 'engine_unavailable' });
  await docker('kill', kept);
  await removeContainer(lost);
  const { id: made } = await createTestContainer(t);
  // More events than the engine remembers: they cannot be replayed.
  for (let count = 0; count < 300; count += 1) await callDocker('POST', `/containers/${made}/exec`, { Cmd: ['true'] });
  assert.ok(registry.status().ageMs > 0);
  assert.equal(registry.container(kept)?.state, 'running');

  line.set({ kind: 'none' });
  await reachState(registry, 'live');
  assert.equal(registry.status().ageMs, 0);
  assert.equal(registry.container(kept)?.state, 'exited');
  assert.equal(registry.container(lost), undefined);
  assert.equal(registry.container(made)?.state, 'running');
  assert.ok(registry.revision > revision);
});

test('a line that swallows everything is found out by its silence', async (t) => {
  const line = await startChaosProxy(t, { over: 'tcp' });
  const registry = startEventRegistry(t, line.endpoint);
  await registry.settled();
  line.set({ kind: 'blackHole' });
  await reachState(registry, 'stale');
  assert.match(registry.status().reason ?? '', /did not answer within 1.5 s \(ping\)/);
  line.set({ kind: 'none' });
  await reachState(registry, 'live');
});

test('events that were missed are told once when the line is back, in order', async (t) => {
  const line = await startChaosProxy(t);
  const registry = startEventRegistry(t, line.endpoint);
  await registry.settled();
  const { id } = await createTestContainer(t, { start: false });
  const told: string[] = [];
  registry.onEvent((event) => {
    if (event.id === id) told.push(event.action);
  });
  await docker('start', id);
  await waitFor((see) => see(told).includes('start'), { what: 'the start' });
  line.set({ kind: 'refuse' });
  line.cut();
  await reachState(registry, 'stale');
  await docker('pause', id);
  await docker('unpause', id);
  line.set({ kind: 'none' });
  await docker('kill', id);
  await waitFor((see) => see(told).includes('die'), { what: 'the end' });
  assert.deepEqual(
    told.filter((action) => action !== 'create'),
    ['start', 'pause', 'unpause', 'kill', 'die'],
  );
});

test('an engine that is killed and started again', { skip: whyNoPrivateEngine() }, async (t) => {
  const own = await startPrivateEngine(t, { image: 'busybox:latest' });
  const registry = startEventRegistry(t, own.host);
  await registry.settled();
  const run = (name: string) => own.docker('run', '-d', '--init', '--name', name, 'busybox:latest', 'sleep', '3600');
  const [first = '', second = ''] = (await Promise.all([run('first'), run('second')])).map(({ stdout }) =>
    stdout.trim(),
  );
  await waitFor((see) => see(registry.container(first))?.pid && see(registry.container(second))?.pid, {
    what: 'both containers',
  });

  await own.kill();
  await reachState(registry, 'stale');
  assert.equal(registry.container(first)?.state, 'running');

  await own.restart(); // resolves when it answers
  await reachState(registry, 'live');
  // It did not keep them alive: they ended with the engine that ran them.
  assert.equal(registry.container(first)?.state, 'exited');
  assert.deepEqual(registry.container(second), await registry.engine.inspectContainer(second));
  await own.docker('start', 'first');
  await waitFor((see) => see(registry.container(first)?.state) === 'running', {
    what: 'events of the new engine',
  });
});

test('an engine that is frozen and thawed', { skip: whyNoPrivateEngine() }, async (t) => {
  const own = await startPrivateEngine(t, { image: 'busybox:latest' });
  const registry = startEventRegistry(t, own.host);
  await registry.settled();
  for (let turn = 0; turn < 2; turn += 1) {
    own.freeze();
    await reachState(registry, 'stale');
    own.thaw();
    await reachState(registry, 'live');
  }
  const { stdout } = await own.docker('create', 'busybox:latest');
  await waitFor((see) => see(registry.container(stdout.trim())), { what: 'the container, by its event' });
});
