// How far a reader of a log has come, so that what is read again is told once.
import type { LogLine } from '../schemas/logs.ts';

/**
 * Each output of a container is in the order of its times. The two together are not: the engine copies each by itself, and a line of one may be written
 * behind later ones of the other.
 */
export class LogPlace {
  /** Times of the last lines; all of one length, so they compare as texts. */
  readonly #last = new Map<LogLine['stream'], string>();

  get hasBegun(): boolean {
    return this.#last.size > 0;
  }

  /** Is the line behind all that there was of its output? Then this is the place. */
  pass({ stream, at }: LogLine): boolean {
    if (at === undefined) return true;
    const last = this.#last.get(stream);
    if (last !== undefined && at <= last) return false;
    this.#last.set(stream, at);
    return true;
  }
}
