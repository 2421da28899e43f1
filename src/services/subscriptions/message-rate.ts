// Bounds how often a client may speak. Subscribing to everything at once is fine; going on like that is not.

/** Messages at once, and a second in the long run. */
const burst = 256;
const perSecond = 64;

export class MessageRate {
  #tokens = burst;
  #filledAt: number;

  /** @param now milliseconds of any clock that only goes forward */
  constructor(now: number) {
    this.#filledAt = now;
  }

  /** Counts a message; false where it is one too many. */
  take(now: number): boolean {
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
