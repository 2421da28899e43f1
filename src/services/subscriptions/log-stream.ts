// A container's log on a connection. The next lines are read when the last ones have been taken, so a slow reader slows the engine down and
// nothing is kept or lost. It goes on when an engine that was away comes back.
import { toNanoseconds } from '../../domain/container/instant.ts';
import { Failure } from '../../schemas/failure.ts';
import type { LogLine } from '../../schemas/logs.ts';
import type { StreamKey, StreamState } from '../../schemas/stream.ts';
import { encodeError, encodeLog, encodeState, spellKey } from '../../streams/frames.ts';
import type { Session } from '../../streams/session.ts';
import { authorize, type Principal } from '../access.ts';
import type { Located } from '../catalogue.ts';
import type { LogsService } from '../logs/logs.ts';
import type { Stream } from './held-streams.ts';

export interface LogStreamOptions {
  readonly principal: Principal;
  readonly session: Session;
  readonly logs: LogsService;
  readonly located: Located;
  readonly tail: number;
  now(): number;
}

/** Fails with `not_managed` where the log is not to be read. */
export function logStream(options: LogStreamOptions): Stream {
  const { principal, located, tail, session } = options;
  authorize(principal, 'logs', { kind: 'container', facts: located.facts });
  const key: StreamKey = { topic: 'logs', container: located.facts.id, options: `tail=${tail}`, format: 'json' };
  let ending = new AbortController();
  return {
    key,
    begin() {
      ending = new AbortController();
      void follow(options, key, ending.signal);
    },
    end() {
      ending.abort();
      session.withdraw(spellKey(key));
    },
  };
}

async function follow(options: LogStreamOptions, key: StreamKey, signal: AbortSignal): Promise<void> {
  const { session, located, now } = options;
  let last: bigint | null = null;
  const say = (state: StreamState, reason: string | null) =>
    session.push(encodeState(key, { state, reason, since: new Date(now()).toISOString() }));

  while (!signal.aborted) {
    try {
      const batches = await open(options, last, signal);
      say('live', null);
      for await (const batch of batches) {
        const lines = batch.filter(({ at }) => last === null || at === undefined || toNanoseconds(at) > last);
        const at = lines.findLast((line) => line.at !== undefined)?.at;
        if (lines.length > 0) await hand(session, key, lines, signal);
        if (signal.aborted) return;
        if (at !== undefined) last = toNanoseconds(at);
      }
      if (!signal.aborted) say('ended', 'removed');
      return;
    } catch (error) {
      if (signal.aborted) return;
      const failure = error instanceof Failure ? error : new Failure('internal', 'The log could not be read');
      if (failure.code === 'container_not_found') return say('ended', 'removed');
      session.push(encodeError(failure));
      const isAway = failure.code === 'engine_unavailable' || failure.code === 'engine_timeout';
      if (!isAway) return say('ended', failure.code);
      say('stale', failure.code);
      await untilLive(located, signal);
    }
  }
}

/** After a cut it is read from the beginning, and what was told already is left out. */
function open({ principal, logs, located, tail }: LogStreamOptions, last: bigint | null, signal: AbortSignal) {
  const query = { engine: located.mirror.engine.name, tail: last === null ? tail : ('all' as const), follow: true };
  return logs.readLines({ principal, container: located.facts.id, query, signal });
}

/** Resolves when the client is ready for the lines and has them, or the stream ends. */
function hand(session: Session, key: StreamKey, lines: LogLine[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      signal.removeEventListener('abort', settle);
      resolve();
    };
    signal.addEventListener('abort', settle, { once: true });
    session.offer(spellKey(key), () => {
      settle();
      return encodeLog(key, lines);
    });
  });
}

function untilLive({ mirror }: Located, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stop();
      signal.removeEventListener('abort', settle);
      resolve();
    };
    const stop = mirror.onStatus(({ state }) => state === 'live' && settle());
    signal.addEventListener('abort', settle, { once: true });
    if (mirror.status().state === 'live') setTimeout(settle, 500);
  });
}
