// What an engine's event means for the mirror: which containers to read again, which one is gone. A table; it does nothing itself.
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

/** Container events that change what an inspect shows. Not here: exec_*, health_status, attach, top and their like, which come by the hundred. */
const telling = new Set([
  'create',
  'start',
  'restart',
  'die',
  'stop',
  'kill',
  'oom',
  'pause',
  'unpause',
  'rename',
  'update',
]);

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
