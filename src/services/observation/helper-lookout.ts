// Looks into a namespace by a helper that joined it: the first implementation, and the one for whatever the probe cannot do.
import { isOneMoment } from '../../domain/observation/agreement.ts';
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { readSections } from '../../domain/observation/reading.ts';
import type { Helper } from './helper.ts';
import type { Look, Lookout } from './lookout.ts';

/** Readings for one look at most, where texts and tables have to agree. */
const readingAttempts = 3;
/** Milliseconds between two ticks: who hears nothing from a helper takes it for one without a server (orphan-sweep.ts). */
const keepAliveMs = 2_000;

/** `now` is in milliseconds since the epoch. */
export function lookByHelper(helper: Helper, now: () => number): Lookout {
  return new HelperLookout(helper, now);
}

class HelperLookout implements Lookout {
  readonly #helper: Helper;
  readonly #now: () => number;
  readonly #keepAlive: NodeJS.Timeout;
  /** A helper answers one tick at a time. */
  #answering: Promise<unknown> = Promise.resolve();

  constructor(helper: Helper, now: () => number) {
    this.#helper = helper;
    this.#now = now;
    this.#keepAlive = setInterval(() => {
      // One that has ended is found to have by the next look.
      this.#inTurn(() => helper.tick([])).catch(() => {});
    }, keepAliveMs).unref();
  }

  get inode(): number | null {
    return this.#helper.inode;
  }

  look(words: readonly HelperWord[]): Promise<Look> {
    this.#keepAlive.refresh();
    return this.#inTurn(() => this.#read(words));
  }

  dispose(): Promise<void> {
    clearInterval(this.#keepAlive);
    return this.#helper.dispose();
  }

  /**
   * Tables and texts that are to be one moment are read again where something happened between them; a namespace that never rests is shown as it is.
   */
  async #read(words: readonly HelperWord[]): Promise<Look> {
    for (let attempt = 1; ; attempt += 1) {
      const at = performance.now();
      const time = this.#now();
      const reading = readSections(await this.#helper.tick(words));
      if (attempt === readingAttempts || isOneMoment(reading))
        return { reading, at, asOf: { sockets: time, interfaces: time } };
    }
  }

  #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.#answering.then(ask, ask);
    this.#answering = answer.catch(() => {});
    return answer;
  }
}
