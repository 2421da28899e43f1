// What the policy `rejoin: auto` asks for, given what the engine reports now. Pure. A chain heals from its owner on: each waits for its target.
import type { RejoinPolicy } from '../../schemas/create.ts';
import { label } from '../labels.ts';
import type { ContainerFacts } from './facts.ts';
import { type ContainerLookup, findOrphanReason, followJoins, isAlive, joinTarget } from './join-chain.ts';

/**
 * `restart` in place, with the same id and files; `start`, where the engine itself could not, because the target did not run when it tried;
 * `replace`, where the target is another container now.
 */
export type RejoinStep =
  | { readonly kind: 'restart' | 'start' }
  | { readonly kind: 'replace'; readonly target: ContainerFacts };

/** Of a container that is ours. */
export function readRejoinPolicy(facts: ContainerFacts): RejoinPolicy {
  return facts.labels[label.rejoin] === 'auto' ? 'auto' : 'manual';
}

/** Is it for the server to rejoin? */
export function rejoinsByItself(facts: ContainerFacts): boolean {
  const isOurs = facts.labels[label.managed] === 'true' && facts.labels[label.role] === undefined;
  return isOurs && joinTarget(facts.networkMode) !== null && readRejoinPolicy(facts) === 'auto';
}

/**
 * The step that is to be taken now, null where there is none: it shares what it should, it was stopped or frozen by somebody, or its target has
 * to come first.
 */
export function planRejoin(
  facts: ContainerFacts,
  lookup: ContainerLookup,
  all: () => Iterable<ContainerFacts>,
): RejoinStep | null {
  if (!rejoinsByItself(facts)) return null;
  const isStranded = facts.state === 'running' && findOrphanReason(facts, followJoins(facts, lookup)) !== null;
  const couldNotStart = facts.state === 'exited' && facts.startedAt !== null && facts.missedTarget;
  if (!isStranded && !couldNotStart) return null;
  const target = lookup(joinTarget(facts.networkMode) ?? '');
  if (target !== undefined) return isWhole(target, lookup) ? { kind: isStranded ? 'restart' : 'start' } : null;
  const successor = findSuccessor(facts, all());
  return successor !== undefined && isWhole(successor, lookup) ? { kind: 'replace', target: successor } : null;
}

/** The container of ours that has the name of the target that is gone. */
export function findSuccessor(facts: ContainerFacts, all: Iterable<ContainerFacts>): ContainerFacts | undefined {
  const name = facts.labels[label.target];
  for (const one of all)
    if (one.name === name && one.id !== facts.id && one.labels[label.managed] === 'true') return one;
  return undefined;
}

function isWhole(target: ContainerFacts, lookup: ContainerLookup): boolean {
  return isAlive(target) && findOrphanReason(target, followJoins(target, lookup)) === null;
}
