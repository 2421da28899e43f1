// What has happened to a container between two looks at it, in the words of the events. Pure, and complete: whatever differs is told by at
// least one event, so whoever takes the container out of each event holds what is true now.
import type { EventContainer, EventName } from '../../schemas/events.ts';
import { label } from '../labels.ts';
import type { ContainerFacts } from './facts.ts';
import { type ContainerLookup, findOrphanReason, followJoins, isAlive } from './join-chain.ts';
import { deriveMode } from './mode.ts';

/** One event of a container. */
export interface ContainerEvent {
  readonly event: EventName;
  /** As it is now; as it last was where it is gone. */
  readonly container: EventContainer;
  readonly network?: string;
  /** Its name before. */
  readonly oldName?: string;
}

/** A container as events know it. */
export function toEventContainer(engine: string, facts: ContainerFacts, lookup: ContainerLookup): EventContainer {
  const managed = facts.labels[label.managed] === 'true';
  return {
    id: facts.id,
    name: facts.name,
    engine,
    managed,
    lab: managed ? (facts.labels[label.lab] ?? null) : null,
    mode: deriveMode(facts),
    state: facts.state,
    startedAt: facts.startedAt,
    exitCode: isAlive(facts) || facts.finishedAt === null ? null : facts.exitCode,
    networks: facts.endpoints.map(({ network }) => network).sort(),
    orphanReason: findOrphanReason(facts, followJoins(facts, lookup)),
  };
}

/** The events that lead from one look to the next, in order; null is a container that is not there. */
export function findContainerEvents(before: EventContainer | null, after: EventContainer | null): ContainerEvent[] {
  if (after === null) return before === null ? [] : findEnd(before);
  const events = [
    ...(before === null ? [{ event: 'container.created' as const, container: after }] : findRenaming(before, after)),
    ...findRun(before, after),
    ...(before === null ? [] : findConnections(before, after)),
    ...findOrphaning(before, after),
  ];
  if (events.length === 0 && JSON.stringify(before) !== JSON.stringify(after))
    return [{ event: 'container.updated', container: after }];
  return events;
}

function isUp(container: EventContainer | null): boolean {
  return container?.state === 'running' || container?.state === 'paused';
}

function findEnd(before: EventContainer): ContainerEvent[] {
  const stopped: EventContainer = isUp(before) ? { ...before, state: 'exited' } : before;
  return [
    ...(isUp(before) ? [{ event: 'container.stopped' as const, container: stopped }] : []),
    { event: 'container.removed', container: stopped },
  ];
}

/** A run that was over before anybody looked is told too. */
function findRun(before: EventContainer | null, container: EventContainer): ContainerEvent[] {
  const isNewRun = container.startedAt !== null && container.startedAt !== (before?.startedAt ?? null);
  const names: EventName[] = [];
  if (isNewRun || (isUp(container) && !isUp(before))) {
    if (isUp(before)) names.push('container.stopped');
    names.push('container.started');
    if (container.state === 'paused') names.push('container.paused');
    if (!isUp(container)) names.push('container.stopped');
  } else if (isUp(before) && !isUp(container)) names.push('container.stopped');
  else if (before?.state === 'running' && container.state === 'paused') names.push('container.paused');
  else if (before?.state === 'paused' && container.state === 'running') names.push('container.unpaused');
  return names.map((event) => ({ event, container }));
}

function findRenaming(before: EventContainer, container: EventContainer): ContainerEvent[] {
  return before.name === container.name ? [] : [{ event: 'container.renamed', container, oldName: before.name }];
}

function findConnections(before: EventContainer, container: EventContainer): ContainerEvent[] {
  const added = container.networks.filter((network) => !before.networks.includes(network));
  const removed = before.networks.filter((network) => !container.networks.includes(network));
  return [
    ...removed.map((network) => ({ event: 'container.disconnected' as const, container, network })),
    ...added.map((network) => ({ event: 'container.connected' as const, container, network })),
  ];
}

function findOrphaning(before: EventContainer | null, container: EventContainer): ContainerEvent[] {
  const { orphanReason } = container;
  if (orphanReason === (before?.orphanReason ?? null)) return [];
  return [{ event: orphanReason === null ? 'container.healed' : 'container.orphaned', container }];
}
