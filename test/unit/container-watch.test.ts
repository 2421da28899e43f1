// The order of states that a stream tells, played by hand: an engine that comes back does not do so for everyone at the same moment.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { EngineMirror, MirrorStatus } from '../../src/engine/mirror.ts';
import { watchContainer } from '../../src/services/observation/container-watch.ts';
import type { Sample, SampleWatcher } from '../../src/services/observation/sampler.ts';
import type { SamplerRegistry } from '../../src/services/observation/sampler-registry.ts';
import { containerFacts } from '../support/container-facts.ts';

test('samples that come before the mirror has caught up make it live, and it stays so', async () => {
  const facts = containerFacts('web');
  let status: MirrorStatus = {
    state: 'live',
    reason: null,
    since: '1',
    ageMs: 0,
    failures: 0,
    retryAt: null,
    settled: true,
  };
  const listeners: (() => void)[] = [];
  let watcher: SampleWatcher | undefined;
  const listen = (listener: () => void) => {
    listeners.push(listener);
    return () => {};
  };
  const mirror = {
    engine: { name: 'local' },
    status: () => status,
    container: () => facts,
    containers: () => [facts],
    onContainer: listen,
    onStatus: listen,
  } as unknown as EngineMirror;
  const samplers = {
    get: () => ({
      watch(given: SampleWatcher) {
        watcher = given;
        return { setInterval() {}, renew() {}, confirmed: () => null, close() {} };
      },
    }),
  } as unknown as SamplerRegistry;
  const told: string[] = [];
  watchContainer(
    { mirror, samplers, containerId: facts.id, words: [], intervalMs: 1_000, now: () => 0 },
    { sample: () => told.push('sample'), state: ({ state }) => told.push(state), failure: () => told.push('failure') },
  );
  const sample = () => watcher?.sample({} as Sample);
  const become = (state: MirrorStatus['state'], since: string) => {
    status = { ...status, state, since };
    for (const listener of listeners) listener();
  };
  await Promise.resolve();

  sample();
  become('stale', '2');
  // The mirror's next attempt fails, and again; the sampler's does not.
  become('stale', '2');
  sample();
  become('stale', '2');
  become('live', '3');
  sample();
  become('stale', '4');
  assert.deepEqual(told, ['live', 'sample', 'stale', 'live', 'sample', 'sample', 'stale']);
});
