// Whom a probe has to look at to see a namespace, and by whose CPU time it sees that something may have happened there. Pure.
import type { ContainerFacts } from '../container/facts.ts';
import { type ContainerLookup, isAlive } from '../container/join-chain.ts';
import { label } from '../labels.ts';
import { findNamespace, type NamespaceTarget } from './namespace-target.ts';
import type { ProbeTarget } from './probe-protocol.ts';

/** The containers that are in each namespace now, by its id; helpers and probes are not of their number: they open nothing there. */
export function groupByNamespace(
  engine: string,
  containers: Iterable<ContainerFacts>,
  lookup: ContainerLookup,
): Map<string, ContainerFacts[]> {
  const groups = new Map<string, ContainerFacts[]>();
  for (const facts of containers) {
    const namespace = facts.labels[label.role] === undefined ? findNamespace(engine, facts, lookup) : null;
    if (namespace === null) continue;
    const group = groups.get(namespace.id);
    if (group === undefined) groups.set(namespace.id, [facts]);
    else group.push(facts);
  }
  return groups;
}

/**
 * The target by its members. Null where no process of it is known. In the host's namespace anything can act, so no CPU time says that
 * nothing did.
 */
export function chooseProbeTarget(namespace: NamespaceTarget, members: readonly ContainerFacts[]): ProbeTarget | null {
  const living = members.filter((facts) => isAlive(facts) && facts.pid > 0);
  const anchor = living.find(({ id }) => id === namespace.anchor?.id) ?? living[0];
  if (anchor === undefined) return null;
  return {
    pid: anchor.pid,
    container: anchor.id,
    members: namespace.anchor === null ? [] : living.map(({ id, pid }) => ({ id, pid })),
  };
}
