// Removes networks that the engine made though its answer never came: whoever asked was told that it failed. They are known by their name and a
// random label.
import type { FastifyBaseLogger } from 'fastify';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';

export interface LostNetworks {
  /** Removes it now or as soon as it shows up. Never fails. */
  discard(mirror: EngineMirror, name: string, creation: string): Promise<void>;
  /** To be called before a network of this name is made or kept: a lost one is removed first, or given up. */
  settle(mirror: EngineMirror, name: string): Promise<void>;
  close(): void;
}

export function createLostNetworks(mirrors: readonly EngineMirror[], log: FastifyBaseLogger): LostNetworks {
  /** Of each engine, the random label by name. */
  const lost = new Map<EngineMirror, Map<string, string>>(mirrors.map((mirror) => [mirror, new Map()]));

  /** Removes it if it is there. */
  async function look(mirror: EngineMirror, name: string): Promise<void> {
    const creation = lost.get(mirror)?.get(name);
    if (creation === undefined) return;
    await mirror.refreshNetworks();
    const found = [...mirror.networks()].find(({ labels }) => labels[label.creation] === creation);
    if (found === undefined) return;
    await mirror.engine.removeNetwork(found.id).catch((error: unknown) => {
      // Two may look at a time.
      if (!(error instanceof Failure) || error.code !== 'network_not_found') throw error;
    });
    lost.get(mirror)?.delete(name);
    log.info({ engine: mirror.engine.name, network: name }, 'removed a network whose creation was given up');
    await mirror.refreshNetworks();
  }

  function lookAtAll(mirror: EngineMirror): void {
    for (const name of lost.get(mirror)?.keys() ?? []) {
      look(mirror, name).catch((error) =>
        log.warn({ err: error, engine: mirror.engine.name, network: name }, 'a lost network waits for its removal'),
      );
    }
  }

  const stops = mirrors.flatMap((mirror) => [
    mirror.onStatus(({ state }) => {
      if (state === 'live') lookAtAll(mirror);
    }),
    mirror.onEvent(({ type, action }) => {
      if (type === 'network' && action === 'create') lookAtAll(mirror);
    }),
  ]);

  return {
    async discard(mirror, name, creation) {
      lost.get(mirror)?.set(name, creation);
      await look(mirror, name).catch(() => {}); // the engine is away: its return shows it
    },
    async settle(mirror, name) {
      await look(mirror, name);
      lost.get(mirror)?.delete(name);
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}
