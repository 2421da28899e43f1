// The engines of the server as the domain of labs needs them: which are nodes of one Swarm, which of them answer, what they hold.
import type { NetworkFacts } from '../../domain/container/facts.ts';
import type { ObservedEngine } from '../../domain/lab/observed-lab.ts';
import type { JudgedEngine } from '../../domain/lab/placement-rules.ts';
import { areInOneSwarm, isInSwarm } from '../../domain/network/swarm.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { isManager } from '../swarms.ts';

/** What an engine calls itself; empty where it has never been met. */
export function idOf({ info }: EngineMirror): string {
  return info?.id ?? '';
}

export function isLive(mirror: EngineMirror): boolean {
  return mirror.status().state === 'live';
}

export function describeEngines(mirrors: readonly EngineMirror[]): JudgedEngine[] {
  return mirrors.map((mirror) => ({
    name: mirror.engine.name,
    id: idOf(mirror),
    swarm: nameSwarm(mirrors, mirror),
    isManager: isManager(mirror),
    isLive: isLive(mirror),
  }));
}

/** The same for engines of one Swarm: what the first of them is called. */
function nameSwarm(mirrors: readonly EngineMirror[], { info }: EngineMirror): string | null {
  const own = info?.swarm;
  if (own === undefined || !isInSwarm(own)) return null;
  const first = mirrors.find((mirror) => mirror.info !== null && areInOneSwarm(mirror.info.swarm, own));
  return first?.engine.name ?? null;
}

/** What of its networks there really is: a worker shows an overlay for a moment longer than its manager has it. */
export function listNetworks(mirrors: readonly EngineMirror[], mirror: EngineMirror): NetworkFacts[] {
  const all = [...mirror.networks()];
  if (isManager(mirror)) return all;
  const swarm = nameSwarm(mirrors, mirror);
  const manager = mirrors.find((one) => isManager(one) && isLive(one) && nameSwarm(mirrors, one) === swarm);
  if (manager === undefined) return all;
  return all.filter(({ scope, id }) => scope !== 'swarm' || manager.network(id) !== undefined);
}

/** Those of `names` that the server knows, with what they hold now. */
export function observeEngines(mirrors: readonly EngineMirror[], names: ReadonlySet<string>): ObservedEngine[] {
  return describeEngines(mirrors).flatMap(({ name, id, swarm, isManager }) => {
    const mirror = mirrors.find(({ engine }) => engine.name === name);
    if (mirror === undefined || !names.has(name)) return [];
    return [{ name, id, swarm, isManager, containers: mirror.containers(), networks: listNetworks(mirrors, mirror) }];
  });
}
