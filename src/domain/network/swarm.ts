// What an engine is in a Docker Swarm, and which engines are in one: networks of the driver overlay are made on a manager, and span the nodes of its
// swarm. Pure.
import type { SwarmState } from '../../schemas/engine.ts';

/** As an engine reports it. Texts are empty where there is nothing to say. */
export interface SwarmFacts {
  readonly state: SwarmState;
  /** The engine's own words about what is wrong. */
  readonly error: string;
  readonly nodeId: string;
  /** Where the other nodes find it. */
  readonly address: string;
  /** Only managers know it. */
  readonly clusterId: string;
  /** Those that it knows, with the address of each (`192.0.2.1:2377`). */
  readonly managers: readonly { readonly nodeId: string; readonly address: string }[];
  /** UDP port of what overlays carry between nodes; null where it does not know (workers), which is 4789 where nobody chose another. */
  readonly dataPort: number | null;
}

export function isInSwarm({ state, nodeId }: SwarmFacts): boolean {
  return state !== 'inactive' && nodeId !== '';
}

/** Nodes of one swarm know a manager in common: a worker does not know the id of its swarm. */
export function areInOneSwarm(one: SwarmFacts, other: SwarmFacts): boolean {
  if (!isInSwarm(one) || !isInSwarm(other)) return false;
  if (one.nodeId === other.nodeId) return true;
  const known = new Set(managersOf(other));
  return managersOf(one).some((id) => known.has(id));
}

function managersOf({ managers, nodeId, state }: SwarmFacts): string[] {
  return [...managers.map((manager) => manager.nodeId), ...(state === 'manager' ? [nodeId] : [])].filter(
    (id) => id !== '',
  );
}
