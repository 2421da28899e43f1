// Follows one engine's events and finds out when it is away: at once when the feed breaks, by unanswered pings when it only falls
// silent (a stopped process, a cut cable). It keeps nothing and reads no containers.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineEvent } from './engine.ts';

/** A silent feed is asked for a sign of life this often. Both together: an engine that hangs is known to be away within two seconds. */
const pingEveryMs = 400;
/** How long an engine may take to answer a ping, in milliseconds. */
export const pingDeadlineMs = 1_500;

/** A watch under way. */
export interface EngineWatch {
  /** Resolves when the engine has accepted the subscription. */
  readonly opened: Promise<void>;
  /** Rejects with the failure when the engine is away. It resolves only when the signal ended the watch. */
  readonly ended: Promise<void>;
}

/** Subscribes from `since` on (engine's clock, nanoseconds). `onLife` is told each sign of life, events included. */
export function watchEngine({
  engine,
  since,
  signal,
  onEvent,
  onLife,
}: {
  engine: Engine;
  since: bigint | undefined;
  signal: AbortSignal;
  onEvent: (event: EngineEvent) => void;
  onLife: () => void;
}): EngineWatch {
  let heardAt = performance.now();
  const hear = () => {
    heardAt = performance.now();
    onLife();
  };

  let onOpen: () => void = () => {};
  const opening = new Promise<void>((resolve) => {
    onOpen = resolve;
  });

  async function follow(): Promise<void> {
    for await (const event of engine.events({ ...(since !== undefined && { since }), signal, onOpen })) {
      hear();
      onEvent(event);
    }
  }

  async function ping(): Promise<void> {
    while (!signal.aborted) {
      const silentMs = performance.now() - heardAt;
      await sleep(Math.max(pingEveryMs - silentMs, 10), undefined, { signal });
      if (performance.now() - heardAt < pingEveryMs) continue;
      await engine.ping({ deadlineMs: pingDeadlineMs, signal });
      hear();
    }
  }

  const ended = Promise.race([follow(), ping()]).catch((error) => {
    if (!signal.aborted) throw error;
  });
  const opened = Promise.race([opening, ended]);
  // Both reject together; each is somebody's to handle, or nobody's any more.
  for (const promise of [ended, opened]) promise.catch(() => {});
  return { opened, ended };
}
