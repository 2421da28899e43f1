// Whose time is up: decided from labels and the engine's time alone. No I/O.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { followJoins } from '../../domain/container/join-chain.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';

/** When a container that we manage is to go, in milliseconds since the epoch by the engine's clock; null where it may stay. */
export function readExpiry(facts: ContainerFacts): number | null {
  const text = facts.labels[label.expiresAt];
  if (text === undefined || !isManaged(facts) || isHelper(facts)) return null;
  const expiry = Date.parse(text);
  return Number.isNaN(expiry) ? null : expiry;
}

/**
 * The containers whose time is up, in the order to remove them: each group after the one before, since its members are the targets of
 * joins that are to go first.
 */
export function findExpired(containers: readonly ContainerFacts[], engineNow: number): ContainerFacts[][] {
  const byRef = new Map(containers.flatMap((facts) => [[facts.id, facts] as const, [facts.name, facts] as const]));
  const groups = new Map<number, ContainerFacts[]>();
  for (const facts of containers) {
    const expiry = readExpiry(facts);
    if (expiry === null || expiry > engineNow) continue;
    const depth = followJoins(facts, (ref) => byRef.get(ref)).targets.length;
    groups.set(depth, [...(groups.get(depth) ?? []), facts]);
  }
  return [...groups].sort(([a], [b]) => b - a).map(([, group]) => group);
}

/** When the next one's time will be up; null where nobody's will. */
export function findNextExpiry(containers: readonly ContainerFacts[], engineNow: number): number | null {
  let next: number | null = null;
  for (const facts of containers) {
    const expiry = readExpiry(facts);
    if (expiry !== null && expiry > engineNow && (next === null || expiry < next)) next = expiry;
  }
  return next;
}
