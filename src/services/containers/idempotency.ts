// One Idempotency-Key, one container: a retry gets the first result, whichever server made it. The engine's names are the lock, a label
// with the hash of the key is the memory; inside one process a retry waits for the first.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Catalogue } from '../catalogue.ts';
import { whileThere } from '../while-there.ts';
import { nameOf, type Order } from './preparation.ts';

export interface Made {
  readonly mirror: EngineMirror;
  readonly facts: ContainerFacts;
  /** True where an earlier request with the same key had made it. */
  readonly replayed: boolean;
}

export interface Idempotency {
  /** Runs `make` unless the key has a container already. Fails with `idempotency_conflict` where the key was used for another request. */
  once(order: Order & { readonly requestKey: string }, make: () => Promise<Omit<Made, 'replayed'>>): Promise<Made>;
}

/** Another server that made the container has this long to start it. */
const patienceMs = 30_000;
const pollMs = 100;

export function createIdempotency({ catalogue }: { catalogue: Catalogue }): Idempotency {
  const underWay = new Map<string, { readonly specHash: string; readonly result: Promise<Made> }>();

  function findMade(requestKey: string): Omit<Made, 'replayed'> | undefined {
    for (const mirror of catalogue.mirrors) {
      for (const facts of mirror.containers()) {
        if (isManaged(facts) && facts.labels[label.request] === requestKey) return { mirror, facts };
      }
    }
    return undefined;
  }

  /**
   * Where the engine is chosen anew each time, no name is in the way of a second one elsewhere: so the engines that answer are asked for what another
   * server made a moment ago, and the mirrors do not have yet.
   */
  async function knowOthers({ request, requestKey }: Order): Promise<void> {
    const name = nameOf(request, requestKey);
    if (request.mode === 'joined' || request.placement === undefined || name === undefined) return;
    await Promise.all(listLive().map((mirror) => whileThere(mirror, mirror.refresh(name)).catch(() => undefined)));
  }

  /** An engine that is away would only be waited for. */
  function listLive(): EngineMirror[] {
    return catalogue.mirrors.filter((mirror) => mirror.status().state === 'live');
  }

  /** Another server is between create and start: its container runs soon, or is gone because that failed. */
  async function awaitStart({ mirror, facts }: Omit<Made, 'replayed'>): Promise<Omit<Made, 'replayed'> | undefined> {
    const deadline = performance.now() + patienceMs;
    let current: ContainerFacts | undefined = facts;
    while (current?.state === 'created' && performance.now() < deadline) {
      await sleep(pollMs);
      current = await mirror.refresh(facts.id);
    }
    return current === undefined ? undefined : { mirror, facts: current };
  }

  async function run(
    order: Order & { readonly requestKey: string },
    make: () => Promise<Omit<Made, 'replayed'>>,
  ): Promise<Made> {
    const deadline = performance.now() + patienceMs;
    await knowOthers(order);
    for (;;) {
      const known = findMade(order.requestKey);
      const first = known === undefined ? undefined : await adopt(known, order);
      if (first !== undefined) return first;
      try {
        return { ...(await make()), replayed: false };
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'name_taken') throw error;
        // Another server was faster, if the holder of the name is not somebody else's. The engine gives the name away before it shows whose it is.
        const holder = await seeHolder(error);
        const isOurs = holder === undefined || holder.labels[label.request] === order.requestKey;
        if (!isOurs || performance.now() > deadline) throw error;
        if (holder === undefined) await sleep(pollMs);
      }
    }
  }

  async function adopt(found: Omit<Made, 'replayed'>, order: Order): Promise<Made | undefined> {
    requireSame(found.facts.labels[label.specHash], order);
    const made = await awaitStart(found);
    return made === undefined ? undefined : { ...made, replayed: true };
  }

  async function seeHolder(failure: Failure): Promise<ContainerFacts | undefined> {
    const { id } = (failure.extra.holder ?? {}) as { id?: string };
    if (id === undefined) return undefined;
    const seen = await Promise.all(
      listLive().map((mirror) => whileThere(mirror, mirror.refresh(id)).catch(() => undefined)),
    );
    return seen.find((facts) => facts !== undefined);
  }

  return {
    async once(order, make) {
      const { requestKey, specHash } = order;
      const first = underWay.get(requestKey);
      if (first !== undefined) {
        requireSame(first.specHash, order);
        return { ...(await first.result), replayed: true };
      }
      const result = run(order, make);
      underWay.set(requestKey, { specHash, result });
      try {
        return await result;
      } finally {
        underWay.delete(requestKey);
      }
    },
  };
}

function requireSame(specHash: string | undefined, order: Order): void {
  if (specHash === order.specHash) return;
  throw new Failure('idempotency_conflict', 'This Idempotency-Key was used for another container', {
    field: 'Idempotency-Key',
    hint: 'Use a new key for a new request; a retry repeats the request unchanged.',
  });
}
