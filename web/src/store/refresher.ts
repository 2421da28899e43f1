// Reads one list of the server again whenever somebody says that it may have changed: one call at a time, and rarely enough not to be a burden.

/** Milliseconds. */
const pace = { afterAskMs: 80, restFactor: 3, retryMs: 2_000 } as const;

export class Refresher {
  readonly #read: (signal: AbortSignal) => Promise<void>;
  readonly #ending = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  #isWanted = false;
  #restUntil = 0;

  constructor(read: (signal: AbortSignal) => Promise<void>) {
    this.#read = read;
  }

  /** Something may have changed: several of these within a moment lead to one call. */
  ask(): void {
    this.#isWanted = true;
    if (this.#isReading || this.#timer !== undefined || this.#ending.signal.aborted) return;
    const waitMs = Math.max(pace.afterAskMs, this.#restUntil - performance.now());
    this.#timer = setTimeout(() => void this.#refresh(), waitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#ending.abort();
  }

  async #refresh(): Promise<void> {
    this.#timer = undefined;
    this.#isWanted = false;
    this.#isReading = true;
    const began = performance.now();
    try {
      await this.#read(this.#ending.signal);
      this.#restUntil = performance.now() + (performance.now() - began) * pace.restFactor;
    } catch {
      // The connection's own state tells people; this only tries again.
      this.#restUntil = performance.now() + pace.retryMs;
      this.#isWanted = true;
    }
    this.#isReading = false;
    if (this.#isWanted) this.ask();
  }
}
