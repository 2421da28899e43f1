// Removes what must not stay: containers of creates that failed half-way, also when the engine's answer was lost or the engine is away
// right now, and those that a killed server left created but never started. It starts nothing.
import type { FastifyBaseLogger } from 'fastify';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';

/** A container that may exist though the engine's answer to its creation never came: known by its name and by what was asked for. */
export interface LostContainer {
  readonly name: string;
  readonly specHash: string;
  /** When it was asked for: milliseconds since the epoch by the engine's clock. One that is older is somebody else's. */
  readonly since: number;
}

export interface Leftovers {
  /** Removes a container now, or when the engine is back. Never fails. */
  discard(mirror: EngineMirror, id: string): Promise<void>;
  /** Removes it as soon as it shows up. Never fails. */
  discardLost(mirror: EngineMirror, lost: LostContainer): Promise<void>;
  /** To be called before a container of this name is made, started or kept: an older one that is to go is removed or given up, so that it cannot be mistaken for the new. */
  settle(mirror: EngineMirror, name: string): Promise<void>;
  /** Looks `lookMs` from now for managed containers that were made and not started; removes those not started `graceMs` later either. */
  sweepHalfMade(mirror: EngineMirror, lookMs: number, graceMs: number): Promise<void>;
  close(): void;
}

/** The two clocks agree to the length of a call. */
const clockSlackMs = 2_000;

export function createLeftovers({
  mirrors,
  log,
}: {
  mirrors: readonly EngineMirror[];
  log: FastifyBaseLogger;
}): Leftovers {
  const doomed = new Map<EngineMirror, Set<string>>(mirrors.map((mirror) => [mirror, new Set()]));
  const lost = new Map<EngineMirror, Map<string, LostContainer>>(mirrors.map((mirror) => [mirror, new Map()]));
  const removals = new Map<string, Promise<void>>();
  const timers = new Set<NodeJS.Timeout>();

  function discard(mirror: EngineMirror, id: string): Promise<void> {
    const underWay = removals.get(id);
    if (underWay !== undefined) return underWay;
    const removal = remove(mirror, id).finally(() => removals.delete(id));
    removals.set(id, removal);
    return removal;
  }

  async function remove(mirror: EngineMirror, id: string): Promise<void> {
    const waiting = doomed.get(mirror);
    waiting?.add(id);
    try {
      await mirror.engine.removeContainer(id, { force: true });
      await mirror.refresh(id);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'container_not_found') {
        log.warn({ err: error, engine: mirror.engine.name, container: id }, 'a leftover waits for its removal');
        return;
      }
    }
    waiting?.delete(id);
  }

  /** What is lost may have a name by now: look once. */
  async function look(mirror: EngineMirror, one: LostContainer): Promise<void> {
    const facts = await mirror.refresh(one.name);
    if (facts !== undefined && isLost(facts, one)) await claim(mirror, facts, one);
  }

  async function claim(mirror: EngineMirror, { id }: ContainerFacts, one: LostContainer): Promise<void> {
    lost.get(mirror)?.delete(one.name);
    await discard(mirror, id);
  }

  /** Never ends once this is closed. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => timers.add(setTimeout(resolve, ms).unref()));
  }

  async function catchUp(mirror: EngineMirror): Promise<void> {
    await Promise.all(Array.from(doomed.get(mirror) ?? [], (id) => discard(mirror, id)));
  }

  const stops = mirrors.flatMap((mirror) => [
    mirror.onContainer(({ after }) => {
      const one = after === null ? undefined : lost.get(mirror)?.get(after.name);
      if (after !== null && one !== undefined && isLost(after, one)) void claim(mirror, after, one);
    }),
    mirror.onStatus(({ state }) => {
      if (state === 'live') void catchUp(mirror);
    }),
  ]);

  return {
    discard,
    async discardLost(mirror, one) {
      lost.get(mirror)?.set(one.name, one);
      await look(mirror, one).catch(() => {}); // the engine is away: its return shows the container
    },
    async settle(mirror, name) {
      const one = lost.get(mirror)?.get(name);
      if (one !== undefined) {
        await look(mirror, one);
        lost.get(mirror)?.delete(name);
      }
      const ofThisName = Array.from(doomed.get(mirror) ?? []).filter((id) => mirror.container(id)?.name === name);
      await Promise.all(ofThisName.map((id) => discard(mirror, id)));
    },
    async sweepHalfMade(mirror, lookMs, graceMs) {
      await pause(lookMs);
      const found = [...mirror.containers()].filter(isHalfMade);
      if (found.length === 0) return;
      // Another server may be about to start it.
      await pause(graceMs);
      for (const { id, name } of found) {
        if (!isHalfMade(await mirror.refresh(id))) continue;
        log.info({ engine: mirror.engine.name, container: name }, 'removing what was made and never started');
        await discard(mirror, id);
      }
    },
    close() {
      for (const stop of stops) stop();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** Made by a create of ours that came no further. */
function isHalfMade(facts: ContainerFacts | undefined): facts is ContainerFacts {
  if (facts === undefined || !isManaged(facts) || isHelper(facts)) return false;
  return facts.state === 'created' && facts.startedAt === null && facts.labels[label.specHash] !== undefined;
}

function isLost(facts: ContainerFacts, { name, specHash, since }: LostContainer): boolean {
  return (
    facts.name === name &&
    isManaged(facts) &&
    facts.labels[label.specHash] === specHash &&
    Date.parse(facts.createdAt) >= since - clockSlackMs
  );
}
