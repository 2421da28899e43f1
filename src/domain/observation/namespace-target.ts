// Which network namespace a container is in now, and how a helper gets into it. Pure.
import type { ContainerFacts } from '../container/facts.ts';
import { type ContainerLookup, followJoins, isAlive, locateNamespace } from '../container/join-chain.ts';
import { formatHostNamespaceId, formatNamespaceId } from '../container/namespace-id.ts';

export interface NamespaceTarget {
  /** Equal for containers that share the namespace; another one after a restart. */
  readonly id: string;
  /** A helper's NetworkMode. */
  readonly networkMode: string;
  /** The container that a helper joins: the namespace is as old as its start. null for the host's. */
  readonly anchor: { readonly id: string; readonly startedAt: string | null } | null;
}

/**
 * Null for a container that does not run. One whose chain no longer holds (its target was restarted or is gone) keeps a namespace of its own
 * that no other container can name, so a helper joins the container itself.
 */
export function findNamespace(engine: string, facts: ContainerFacts, lookup: ContainerLookup): NamespaceTarget | null {
  if (!isAlive(facts)) return null;
  const place = locateNamespace(facts, followJoins(facts, lookup), lookup);
  if (place.kind === 'host') return { id: formatHostNamespaceId(engine), networkMode: 'host', anchor: null };
  const { id, startedAt } = place.kind === 'owner' ? place.owner : facts;
  return {
    id: formatNamespaceId(engine, { id, startedAt }),
    networkMode: `container:${id}`,
    anchor: { id, startedAt },
  };
}
