// What looks into one namespace for a sampler, whatever it is: a helper of its own, or the engine's probe.
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import type { NamespaceReading } from '../../domain/observation/reading.ts';

/** What was seen. */
export interface Look {
  readonly reading: NamespaceReading;
  /** When it was read, on the monotonic clock: rates are counted from it. */
  readonly at: number;
  readonly asOf: AsOf;
}

/** Hears how a rest ends, unless it was ended: one of these is called once. */
export interface RestListener {
  /** Something is not as it was, or may not be. */
  moved(look: Look): void;
  /** Only a look can tell any more what is. */
  over(): void;
  /** It is of no more use, as after a look that failed. */
  failed(error: unknown): void;
}

/** What was last seen is looked at again and again. Nothing else is asked of the lookout meanwhile. */
export interface Rest {
  /** When it was last seen to be so; null where it was not yet. */
  readonly confirmed: Confirmation | null;
  end(): void;
}

/** What was seen before was seen again. */
export interface Confirmation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly asOf: AsOf;
}

/** Milliseconds since the epoch: what was seen was so at this time, and may have changed since. */
export interface AsOf {
  readonly sockets: number;
  readonly interfaces: number;
}

export interface Lookout {
  /** Inode of the namespace; null where it cannot be told. */
  readonly inode: number | null;
  /**
   * Answers the words. `urgent`: somebody waits for this very look, so that it is not older than the question. One look at a time. Fails with a
   * `Failure`, and is of no more use then. What is known to be as it was is answered by the same objects again.
   */
  look(words: readonly HelperWord[], urgent: boolean): Promise<Look>;
  /**
   * Goes on looking by itself after a look that found nothing in motion, once in each interval, and tells only of what is not as it was. Null where it
   * has to be asked each time.
   */
  rest?(words: readonly HelperWord[], intervalMs: number, listener: RestListener): Rest | null;
  /** Ends it, and resolves when nothing of it is left. Fails where the engine cannot be asked. */
  dispose(): Promise<void>;
}
