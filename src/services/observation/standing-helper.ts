// A helper that starts with the first question, answers all who ask meanwhile by one tick, and goes a few seconds after the last: whoever asks again
// soon does not wait for another one. What the words mean is not its business.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Failure } from '../../schemas/failure.ts';
import type { Helper } from './helper.ts';

export interface StandingHelperOptions {
  start(): Promise<Helper>;
  /** It is on its way out: `gone` resolves when its container is, or when the engine cannot be asked. */
  onLeaving(gone: Promise<void>): void;
}

/** The sections of an answer, by name. */
export type Sections = ReadonlyMap<string, string>;

interface Waiting {
  readonly words: readonly string[];
  resolve(sections: Sections): void;
  reject(error: unknown): void;
}

/** Milliseconds: how long it is kept after the last question, and between two ticks: others take silence for the server's death (orphan-sweep.ts). */
const timing = { grace: 5_000, keepAlive: 2_000 } as const;

export class StandingHelper {
  readonly #options: StandingHelperOptions;
  #waiting: Waiting[] = [];
  #isTicking = false;
  #helper: Promise<Helper> | undefined;
  #lastAskedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: StandingHelperOptions) {
    this.#options = options;
  }

  /**
   * Answers what a tick said that began after this was called; there may be more in it than the words. Fails as starting a helper does, and as its tick
   * does.
   */
  ask(words: readonly string[]): Promise<Sections> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ words, resolve, reject });
      this.#lastAskedAt = performance.now();
      void this.#answerAll();
    });
  }

  /** Ends it; whoever waits is told. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  /** One tick after the other until nobody waits; one at least. */
  async #answerAll(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    clearTimeout(this.#timer);
    do {
      await nextTurn();
      const batch = this.#waiting.splice(0);
      try {
        const sections = await this.#askAgain([...new Set(batch.flatMap(({ words }) => words))]);
        for (const { resolve } of batch) resolve(sections);
      } catch (error) {
        this.#drop();
        for (const { reject } of batch) reject(error);
      }
    } while (this.#waiting.length > 0);
    this.#isTicking = false;
    this.#rest();
  }

  /** Who asks one that has ended meanwhile is answered by the next one. */
  async #askAgain(words: readonly string[]): Promise<Sections> {
    const hadRun = this.#helper !== undefined;
    try {
      return await this.#tick(words);
    } catch (error) {
      const hasEnded = error instanceof Failure && error.code === 'engine_unavailable';
      if (!hadRun || !hasEnded || this.#isClosed || words.length === 0) throw error;
      this.#drop();
      return this.#tick(words);
    }
  }

  async #tick(words: readonly string[]): Promise<Sections> {
    if (this.#isClosed) throw new Failure('shutting_down', 'The server is shutting down');
    this.#helper ??= this.#options.start();
    const helper = await this.#helper;
    return helper.tick(words);
  }

  #rest(): void {
    if (this.#helper === undefined) return;
    this.#timer = setTimeout(() => {
      if (performance.now() - this.#lastAskedAt < timing.grace) void this.#answerAll();
      else this.#drop();
    }, timing.keepAlive).unref();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const helper = this.#helper;
    this.#helper = undefined;
    if (helper !== undefined) this.#options.onLeaving(helper.then((one) => one.dispose()).catch(() => {}));
  }
}
