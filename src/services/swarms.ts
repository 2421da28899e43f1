// Which of our engines are in one Docker Swarm, and what that lets be done on each. Reads the mirrors only: an engine that is away is taken for what it
// was.
import { areInOneSwarm } from '../domain/network/swarm.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import type { Capability, SwarmView } from '../schemas/engine.ts';

/** Engines of ours in the swarm of this one, itself included: its managers first, and of them those that answer. Alone where it is in none. */
export function findMates(mirrors: readonly EngineMirror[], mirror: EngineMirror): EngineMirror[] {
  const own = mirror.info?.swarm;
  if (own === undefined) return [mirror];
  const mates = mirrors.filter((one) => {
    const other = one.info?.swarm;
    return one === mirror || (other !== undefined && areInOneSwarm(own, other));
  });
  return mates.sort((one, other) => rank(one) - rank(other));
}

function rank(mirror: EngineMirror): number {
  return (isManager(mirror) ? 0 : 2) + (mirror.status().state === 'stale' ? 1 : 0);
}

export function isManager({ info }: EngineMirror): boolean {
  return info?.swarm.state === 'manager';
}

/** Null before the engine has answered once. */
export function showSwarm(mirrors: readonly EngineMirror[], mirror: EngineMirror): SwarmView | null {
  const swarm = mirror.info?.swarm;
  if (swarm === undefined) return null;
  const { state, nodeId, address } = swarm;
  const clusterId = findMates(mirrors, mirror).map(({ info }) => info?.swarm.clusterId ?? '');
  return {
    state,
    nodeId: nodeId || null,
    clusterId: clusterId.find((id) => id !== '') ?? null,
    address: address || null,
  };
}

/** Can overlay networks be made there? */
export function judgeOverlay(mirrors: readonly EngineMirror[], mirror: EngineMirror): Capability {
  const swarm = mirror.info?.swarm;
  if (mirror.status().state === 'stale' || swarm === undefined)
    return { available: false, reason: 'The engine does not answer' };
  if (swarm.state === 'manager') return { available: true, reason: null };
  if (swarm.state === 'inactive')
    return { available: false, reason: 'The engine is in no swarm: docker swarm init there makes one' };
  if (swarm.state !== 'worker')
    return { available: false, reason: swarm.error || `The engine is not ready in its swarm: it is ${swarm.state}` };
  const managers = nameManagers(mirrors, mirror);
  const where = managers.length === 0 ? 'a manager, which is none of the engines here' : managers.join(' or ');
  return {
    available: false,
    reason: `It is a worker of its swarm. Overlays are made on ${where}; containers here can be on them`,
  };
}

/** Names of those engines of ours that manage the swarm of this one. */
export function nameManagers(mirrors: readonly EngineMirror[], mirror: EngineMirror): string[] {
  return findMates(mirrors, mirror)
    .filter(isManager)
    .map(({ engine }) => engine.name);
}
