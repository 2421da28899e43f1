// Follows `container:ID` from container to container to the owner of the network namespace, and says whether the chain still holds.
// Pure: it is given what the engine reports and a way to look a container up.
import type { OrphanReason } from '../../schemas/container.ts';
import { label } from '../labels.ts';
import type { ContainerFacts } from './facts.ts';
import { isBefore } from './instant.ts';

/** Finds a container by full id (or by name, as some clients leave it in NetworkMode). */
export type ContainerLookup = (idOrName: string) => ContainerFacts | undefined;

/**
 * Where a chain of joins ends. `owner`: at a container with a namespace of its own; `host`: in the host's; `missing`: at a container that
 * is gone (`target` names it); `loop`: nowhere, which the engine never makes but a test or a race may show.
 */
export type ChainEnd =
  | { readonly kind: 'owner'; readonly owner: ContainerFacts }
  | { readonly kind: 'host' }
  | { readonly kind: 'missing'; readonly target: string }
  | { readonly kind: 'loop' };

export interface JoinChain {
  /** The targets in order, nearest first: empty for a container that is not joined, and up to the missing one. */
  readonly targets: readonly ContainerFacts[];
  readonly end: ChainEnd;
}

/** The target's id (or name) in a NetworkMode, null where it is not a join. */
export function joinTarget(networkMode: string): string | null {
  return networkMode.startsWith('container:') ? networkMode.slice('container:'.length) : null;
}

/** Follows the joins of `facts` to their end. */
export function followJoins(facts: ContainerFacts, lookup: ContainerLookup): JoinChain {
  const targets: ContainerFacts[] = [];
  const seen = new Set([facts.id]);
  let current = facts;
  for (;;) {
    const ref = joinTarget(current.networkMode);
    if (ref === null) {
      const end: ChainEnd = current.networkMode === 'host' ? { kind: 'host' } : { kind: 'owner', owner: current };
      return { targets, end };
    }
    const target = lookup(ref);
    if (target === undefined) return { targets, end: { kind: 'missing', target: ref } };
    if (seen.has(target.id)) return { targets, end: { kind: 'loop' } };
    seen.add(target.id);
    targets.push(target);
    current = target;
  }
}

/** Does it have processes, and so a place in a namespace, right now? Between two restarts of its policy it has none. */
export function isAlive(facts: ContainerFacts): boolean {
  return facts.state === 'running' || facts.state === 'paused';
}

/**
 * Why a joined container no longer shares what its chain says, or null where it does. Of several broken links the nearest speaks.
 * A link is broken when its target is gone, does not run, or started after its member did (a restart gives the target a new namespace and
 * leaves the member in the dead one: moby#36334). A member that does not run is in no namespace, so only a target that is gone strands it.
 * The host's namespace outlives every restart: there `target_restarted` does not apply.
 */
export function findOrphanReason(facts: ContainerFacts, chain: JoinChain): OrphanReason | null {
  if (joinTarget(facts.networkMode) === null) return null;
  if (chain.end.kind === 'loop') return 'target_removed';
  if (!isAlive(facts)) return chain.end.kind === 'missing' ? 'target_removed' : null;
  let member = facts;
  for (const target of chain.targets) {
    if (!isAlive(target)) return 'target_stopped';
    if (chain.end.kind !== 'host' && startedBefore(member, target)) return 'target_restarted';
    member = target;
  }
  return chain.end.kind === 'missing' ? 'target_removed' : null;
}

/**
 * What is certain of a running container's namespace: `owner` (the namespace its chain ends in, alive), `host`, `dead` (the owner's is
 * gone; `lo` is what is left), or `unknown` (a link between is gone or was restarted, and start times alone cannot tell).
 */
export type NamespaceCertainty =
  | { readonly kind: 'owner'; readonly owner: ContainerFacts }
  | { readonly kind: 'host' }
  | { readonly kind: 'dead' }
  | { readonly kind: 'unknown' };

/** Decides {@link NamespaceCertainty} for a container that is alive. */
export function locateNamespace(facts: ContainerFacts, chain: JoinChain, lookup: ContainerLookup): NamespaceCertainty {
  if (chain.end.kind === 'host') return { kind: 'host' };
  if (joinTarget(facts.networkMode) === null) return { kind: 'owner', owner: facts };
  if (chain.end.kind === 'owner') {
    const { owner } = chain.end;
    if (!isAlive(owner) || startedBefore(facts, owner)) return { kind: 'dead' };
    const members = [facts, ...chain.targets];
    const joinedInOrder = chain.targets.every((target, index) => !startedBefore(members[index] ?? facts, target));
    return joinedInOrder ? { kind: 'owner', owner } : { kind: 'unknown' };
  }
  // A link is gone, but where the chain ended was written down when the container was made.
  const recorded = facts.labels[label.managed] === 'true' ? facts.labels[label.namespaceOwner] : undefined;
  if (recorded === undefined) return { kind: 'unknown' };
  if (recorded === 'host') return { kind: 'host' };
  const owner = lookup(recorded);
  return owner === undefined || !isAlive(owner) || startedBefore(facts, owner) ? { kind: 'dead' } : { kind: 'unknown' };
}

/** Was `target` started after `member` joined it? False where there is no target. */
export function isLinkBroken(member: ContainerFacts, target: ContainerFacts | undefined): boolean {
  return target !== undefined && startedBefore(member, target);
}

function startedBefore(member: ContainerFacts, target: ContainerFacts): boolean {
  return member.startedAt !== null && target.startedAt !== null && isBefore(member.startedAt, target.startedAt);
}
