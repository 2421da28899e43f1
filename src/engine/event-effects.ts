// What an engine's event means for the mirror: which containers to read again, which one is gone. A table; it does nothing itself.
import type { ContainerFacts } from '../domain/container/facts.ts';
import type { EngineEvent } from './engine.ts';

/** What has to be done before the mirror has taken an event in. */
export interface EventEffects {
  /** Id of a container to read again. */
  readonly reread?: string;
  /** Id of a container that is gone. */
  readonly forget?: string;
  readonly networks?: boolean;
  readonly info?: boolean;
}

/**
 * Container events that change what an inspect shows. Not here: exec_*, health_status, attach, top and their like, which come by the hundred; and kill,
 * as a signal shows by what comes of it alone, which is told by events of its own.
 */
const telling = new Set(['create', 'start', 'restart', 'die', 'stop', 'oom', 'pause', 'unpause', 'rename', 'update']);

/** The effects of one event; none for what the mirror does not show. */
export function findEffects(event: EngineEvent): EventEffects {
  if (event.type === 'container') {
    if (event.action === 'destroy') return { forget: event.id };
    return telling.has(event.action) ? { reread: event.id } : {};
  }
  if (event.type === 'network') {
    const { container } = event.attributes;
    if (event.action === 'connect' || event.action === 'disconnect') return container ? { reread: container } : {};
    return { networks: true, ...(isOfSwarm(event) && { info: true }) };
  }
  return event.type === 'daemon' || event.type === 'node' ? { info: true } : {};
}

/** An engine that joins a swarm, or leaves it, says so by no event of its own; but then it makes or loses these networks. */
function isOfSwarm({ attributes }: EngineEvent): boolean {
  return attributes.name === 'ingress' || attributes.name === 'docker_gwbridge';
}

/**
 * A start is told so many milliseconds, and mostly a tenth of them, after the moment that the run shows: the engine writes the container to disk between.
 * Two runs of one container never begin so soon after each other.
 */
const startToldWithinMs = 100;

/**
 * Is what an event tells in facts that were asked for after every earlier event of the container, though before this one came? A container does not
 * run when a start begins, and no inspect is answered during it: so what shows it running was looked at after the start. Its time is compared all the
 * same, because an engine drops events for a slow listener.
 */
export function isShown({ type, action, timeNano }: EngineEvent, { state, startedAt }: ContainerFacts): boolean {
  if (type !== 'container' || action !== 'start' || state !== 'running' || startedAt === null) return false;
  return Number(timeNano / 1_000_000n) - Date.parse(startedAt) <= startToldWithinMs;
}
