// Wakes who waits for a moment: everyone who waits for the same one in one turn, by one timer. Samplers of equal intervals wait for the same moments, and
// one tick of the probe then serves them all.

interface Waiting {
  readonly at: number;
  wake(): void;
}

export class Metronome {
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /**
   * Calls `wake` once, when `at` has come (milliseconds of `performance.now`), and never before this has returned.
   * @returns ends the waiting
   */
  wakeAt(at: number, wake: () => void): () => void {
    const one = { at, wake };
    this.#waiting.add(one);
    if (at < this.#timerAt) this.#arm(at);
    return () => {
      this.#waiting.delete(one);
      if (this.#waiting.size === 0) this.#disarm();
    };
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    // A timer may come a little early, and then nobody's moment has come.
    this.#timer = setTimeout(() => this.#ring(), Math.max(0, Math.ceil(at - performance.now())));
  }

  #ring(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const one of [...this.#waiting]) {
      if (one.at > now) next = Math.min(next, one.at);
      else if (this.#waiting.delete(one)) one.wake();
    }
    // Who was woken may have armed it for an earlier moment.
    if (next < this.#timerAt) this.#arm(next);
  }
}
