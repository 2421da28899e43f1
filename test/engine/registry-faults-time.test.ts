// @lane quiet
// Measures the time until the mirror reports that its engine is away, and that it is back. docs/failures.md promises both times.
// `registry-faults.test.ts` tests the answers of the mirror meanwhile.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { MirrorState } from '../../src/engine/mirror.ts';
import type { Registry } from '../../src/engine/registry.ts';
import { type Fault, startChaosProxy } from '../support/chaos-proxy.ts';
import { createTestContainer } from '../support/engine.ts';
import { reachState, startEventRegistry } from '../support/mirror-states.ts';
import { waitFor } from '../support/wait-for.ts';

/** Milliseconds. The promise for `stale` is two seconds; the rest is for a machine that does other things too. */
const promiseMs = { stale: 2_000 + 500, live: 5_000 } as const;

async function reachWithin(registry: Registry, state: MirrorState & keyof typeof promiseMs): Promise<void> {
  const tookMs = await reachState(registry, state);
  assert.ok(tookMs < promiseMs[state], `the mirror was ${state} after ${Math.round(tookMs)} ms`);
}

const faults: [what: string, fault: Fault][] = [
  ['is cut', { kind: 'refuse' }],
  ['swallows everything', { kind: 'blackHole' }],
];
for (const [what, fault] of faults)
  test(`a line that ${what} makes the mirror stale within two seconds, and live within five when it is back`, async (t) => {
    const line = await startChaosProxy(t, { over: 'tcp' });
    const registry = startEventRegistry(t, line.endpoint);
    await registry.settled();
    line.set(fault);
    if (fault.kind === 'refuse') line.cut();
    await reachWithin(registry, 'stale');
    line.set({ kind: 'none' });
    await reachWithin(registry, 'live');
  });

test('what was lost on a half-open line holds nobody up when it is back', async (t) => {
  const line = await startChaosProxy(t, { over: 'tcp' });
  const registry = startEventRegistry(t, line.endpoint);
  await registry.settled();
  const { id } = await createTestContainer(t);
  await waitFor((see) => see(registry.container(id)), { what: 'the container' });
  line.set({ kind: 'lose' });
  // More than are asked at a time.
  const lost = [id, ...Array.from({ length: 20 }, (_, index) => `nobody-${index}`)].map((one) => registry.refresh(one));
  const outcomes = Promise.allSettled([...lost, registry.refreshNetworks()]);
  await reachWithin(registry, 'stale');
  line.set({ kind: 'none' });
  await reachWithin(registry, 'live');
  assert.equal((await registry.refresh(id))?.id, id);
  await registry.close();
  assert.ok((await outcomes).every(({ status }) => status === 'rejected'));
});
