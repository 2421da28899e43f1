// Removes what has outlived its `ttl`: at its very moment while a server runs, and soon after the start of the next one. Every server does,
// and none minds that another was faster. It touches nothing that Terrarium does not manage.
import type { FastifyBaseLogger } from 'fastify';
import pLimit from 'p-limit';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Clock } from '../clock.ts';
import { findExpired, findNextExpiry, readExpiry } from './expiry.ts';

export interface JanitorParts {
  readonly mirrors: readonly EngineMirror[];
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
  /** Between two rounds where nothing expires in between, in milliseconds. */
  readonly intervalMs: number;
}

export interface Janitor {
  /** Begins, on each engine as soon as it is known. */
  start(): void;
  /** Ends; a removal that is under way is still waited for. */
  close(): Promise<void>;
}

/** Times are the engine's. Where its clock and ours are further apart than this, one of them is wrong, and nothing is removed. */
const maxClockOffsetMs = 60_000;
/** Removals at a time on one engine. */
const removalLimit = 4;

export function createJanitor({ mirrors, clock, log, intervalMs }: JanitorParts): Janitor {
  const keepers = mirrors.map((mirror) => keep(mirror, { clock, log, intervalMs }));
  return {
    start() {
      for (const keeper of keepers) keeper.start();
    },
    async close() {
      await Promise.all(keepers.map((keeper) => keeper.close()));
    },
  };
}

function keep(mirror: EngineMirror, { clock, log, intervalMs }: Omit<JanitorParts, 'mirrors'>): Janitor {
  const engine = mirror.engine.name;
  const limit = pLimit(removalLimit);
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;
  let isClosed = false;
  let isSkewed = false;
  const stops: (() => void)[] = [];

  const engineNow = () => clock.now() + mirror.clockOffsetMs;

  /** May we judge what the time is? Says so once when it cannot be told, and once when it can again. */
  function knowsTime(): boolean {
    const offsetMs = mirror.clockOffsetMs;
    const wasSkewed = isSkewed;
    isSkewed = Math.abs(offsetMs) > maxClockOffsetMs;
    if (isSkewed && !wasSkewed)
      log.warn(
        { engine, offsetMs },
        "the engine's clock and ours differ by more than a minute: nothing that expires is removed",
      );
    if (!isSkewed && wasSkewed) log.info({ engine, offsetMs }, 'the clocks agree again: what expires is removed');
    return !isSkewed;
  }

  async function remove({ id, name }: ContainerFacts): Promise<void> {
    try {
      await mirror.engine.removeContainer(id, { force: true });
      log.info({ engine, container: name }, 'removed: its time was up');
    } catch (error) {
      // Another server, or its own end, was faster.
      const isGoing = error instanceof Failure && ['container_not_found', 'state_conflict'].includes(error.code);
      if (!isGoing) log.warn({ err: error, engine, container: name }, 'its time is up, and it cannot be removed yet');
    }
    await mirror.refresh(id).catch(() => {}); // the mirror hears of it anyway
  }

  async function reap(): Promise<void> {
    if (mirror.status().state !== 'live' || !knowsTime()) return;
    for (const group of findExpired([...mirror.containers()], engineNow())) {
      if (isClosed) return;
      await Promise.all(group.map((facts) => limit(() => remove(facts))));
    }
  }

  function begin(): void {
    if (isClosed || round !== undefined) return;
    round = reap().finally(() => {
      round = undefined;
      arm();
    });
  }

  /** Sets the next round: at the next expiry, or after the interval. What could not be removed waits for the interval. */
  function arm(): void {
    clearTimeout(timer);
    if (isClosed) return;
    const now = engineNow();
    const next = findNextExpiry([...mirror.containers()], now);
    const delayMs = Math.min(intervalMs, next === null ? intervalMs : next - now + 1);
    timer = setTimeout(begin, delayMs).unref();
  }

  return {
    start() {
      stops.push(
        mirror.onStatus(({ state }) => {
          if (state === 'live') begin();
        }),
        mirror.onContainer(({ before, after }) => {
          if (before === null && after !== null && readExpiry(after) !== null && round === undefined) arm();
        }),
      );
      begin();
    },
    async close() {
      isClosed = true;
      for (const stop of stops) stop();
      clearTimeout(timer);
      await round;
    },
  };
}
