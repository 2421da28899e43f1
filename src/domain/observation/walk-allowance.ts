// The cap on what reading socket tables may cost, for all namespaces of one probe together: a bucket of CPU time that fills with time. Pure.

/** Share of one core, and how much may be saved up or owed, in nanoseconds. */
const cap = { share: 0.1, saved: 100e6, owed: 500e6 } as const;

/** What a walk is taken to cost until one was measured: FINDINGS of a host with 262,144 buckets. */
const firstGuessNs = 8e6;

export class WalkAllowance {
  #credit: number = cap.saved;
  #walkNs = firstGuessNs;
  #at: number;

  /** Times are milliseconds of one monotonic clock. */
  constructor(nowMs: number) {
    this.#at = nowMs;
  }

  /** How many walks may be made now. */
  walks(nowMs: number): number {
    this.#credit = Math.min(cap.saved, this.#credit + (nowMs - this.#at) * 1e6 * cap.share);
    this.#at = nowMs;
    return Math.max(0, Math.floor(this.#credit / this.#walkNs));
  }

  /** So many walks were made, and cost so much; a probe that cannot tell what they cost is charged what they last did. */
  charge(walks: number, ns: number): void {
    if (walks === 0) return;
    if (ns > 0) this.#walkNs += 0.2 * (ns / walks - this.#walkNs);
    this.#credit = Math.max(-cap.owed, this.#credit - (ns > 0 ? ns : walks * this.#walkNs));
  }
}
