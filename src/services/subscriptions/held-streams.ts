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
  readonly holders: Set<string>;
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
      this.#held.set(name, { stream, holders: new Set([holder]), intervalMs });
      stream.begin(intervalMs);
      return;
    }
    known.holders.add(holder);
    if (intervalMs >= known.intervalMs) return;
    // Begun anew, it begins with the whole state, so nobody is wrong in between.
    known.intervalMs = intervalMs;
    known.stream.end();
    known.stream.begin(intervalMs);
  }

  /** Ends the stream with its last holder. */
  release(holder: string, key: StreamKey): void {
    const name = spellKey(key);
    const held = this.#held.get(name);
    if (held === undefined || !held.holders.delete(holder) || held.holders.size > 0) return;
    this.#held.delete(name);
    held.stream.end();
  }

  close(): void {
    for (const { stream } of this.#held.values()) stream.end();
    this.#held.clear();
  }
}
