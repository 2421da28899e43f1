// A mirror whose states are waited for, while its engine is away or back. It learns by events alone.
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { MirrorState } from '../../src/engine/mirror.ts';
import { createRegistry, type Registry } from '../../src/engine/registry.ts';
import { type Cleanup, defer } from './defer.ts';
import { waitFor } from './wait-for.ts';

/** Starts a mirror of the engine at this endpoint that is never reconciled: while it is live, all that it learns comes from events. */
export function startEventRegistry(t: Cleanup, endpoint: string): Registry {
  const engine = connectEngine({ name: 'local', endpoint });
  const registry = createRegistry({ engine, reconcileMs: 600_000 });
  defer(t, async () => {
    await registry.close();
    await engine.close();
  });
  registry.start();
  return registry;
}

/** Waits for a state, and returns after how many milliseconds the mirror had it. */
export async function reachState(registry: Registry, state: MirrorState): Promise<number> {
  const startedAt = performance.now();
  await waitFor((see) => see(registry.status().state) === state, {
    what: `the mirror to be ${state}`,
    intervalMs: 5,
  });
  return performance.now() - startedAt;
}
