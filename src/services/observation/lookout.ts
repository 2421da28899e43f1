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
  /** Ends it, and resolves when nothing of it is left. Fails where the engine cannot be asked. */
  dispose(): Promise<void>;
}
