// The streams of one connection. It holds each key once, whoever asked for it: a container by itself and as a member of a lab, say.
import { Failure } from '../../schemas/failure.ts';
import type { StreamKey } from '../../schemas/stream.ts';
import { encodeSubscribed, spellKey } from '../../streams/frames.ts';
import type { Session } from '../../streams/session.ts';

/** A stream that can be sent to this connection. */
export interface Stream {
  readonly key: StreamKey;
  begin(intervalMs: number): void;
  end(): void;
}

interface Held {
  readonly stream: Stream;
  /** The interval that each holder asked for, in milliseconds. */
  readonly holders: Map<string, number>;
  /** The shortest of them: the stream's. */
  intervalMs: number;
}

/** Streams of one connection at most. */
export const maxStreams = 512;

export class HeldStreams {
  readonly #session: Session;
  readonly #held = new Map<string, Held>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Tells the holder the key, and begins with the stream unless it is sent already. Fails with `rate_limited` where there are too many. */
  hold(holder: string, stream: Stream, intervalMs: number): void {
    const name = spellKey(stream.key);
    const known = this.#held.get(name);
    if (known === undefined && this.#held.size >= maxStreams)
      throw new Failure('rate_limited', `A connection holds at most ${maxStreams} streams`, {
        hint: 'Unsubscribe from some, or open another connection',
      });
    this.#session.push(encodeSubscribed(holder, stream.key));
    if (known === undefined) {
      this.#held.set(name, { stream, holders: new Map([[holder, intervalMs]]), intervalMs });
      stream.begin(intervalMs);
      return;
    }
    known.holders.set(holder, intervalMs);
    keepPace(known);
  }

  /** Ends the stream with its last holder; until then it goes at the pace of who is left. */
  release(holder: string, key: StreamKey): void {
    const name = spellKey(key);
    const held = this.#held.get(name);
    if (held === undefined || !held.holders.delete(holder)) return;
    if (held.holders.size > 0) {
      keepPace(held);
      return;
    }
    this.#held.delete(name);
    held.stream.end();
  }

  close(): void {
    for (const { stream } of this.#held.values()) stream.end();
    this.#held.clear();
  }
}

function keepPace(held: Held): void {
  const intervalMs = Math.min(...held.holders.values());
  if (intervalMs === held.intervalMs) return;
  held.intervalMs = intervalMs;
  // Begun anew, it begins with the whole state, so nobody is wrong in between.
  held.stream.end();
  held.stream.begin(intervalMs);
}
