// The cap on what reading socket tables may cost, for all namespaces that share it together: a bucket of CPU time that fills with time. Pure.

/** Shares of one core. Giants have one of their own while there are any, so that nobody else waits for what they cost. */
const share = { all: 0.1, giants: 0.03 } as const;

/** The share of the common ones, or of giants; all of them together have a tenth of a core. */
export function shareOf(kind: 'common' | 'giants', { areGiantsThere }: { readonly areGiantsThere: boolean }): number {
  if (kind === 'giants') return share.giants;
  return areGiantsThere ? share.all - share.giants : share.all;
}

/**
 * Two reads of a giant's tables start at most so many milliseconds apart. A single request reads at once and adds to the debt, so the debt has a limit: what
 * this time pays back. If one read costs more (600 ms of CPU time), Terrarium keeps this time and exceeds the share. The giants of one engine take turns:
 * with two giants, each waits up to twice as long.
 */
export const longestWaitMs = 20_000;

/**
 * The most CPU time that may be owed, in nanoseconds. Terrarium forgives the rest, so that a wait ends. Common namespaces: the first read of a giant is
 * made by the common probe, and delays the others by at most a second and a half. Giants: what their share pays back in `longestWaitMs`.
 */
export const mostOwed = { common: 100e6, giants: longestWaitMs * 1e6 * share.giants } as const;

/** How much may be saved up, in nanoseconds. */
const saved = 100e6;

/** What a walk is taken to cost until one was measured: two tables on a host whose hash has 262,144 buckets. */
const firstGuessNs = 8e6;

export class WalkAllowance {
  #credit: number = saved;
  #walkNs = firstGuessNs;
  #at: number;
  readonly #owed: number;

  /** Times are milliseconds of one monotonic clock. `owed`: nanoseconds that may be owed. */
  constructor(nowMs: number, owed: number) {
    this.#at = nowMs;
    this.#owed = owed;
  }

  /**
   * How many walks may be made now, if since the last call it had this share of a core: one at least while nothing is owed, since a walk may cost more
   * than can ever be saved up.
   */
  walks(nowMs: number, shareOfCore: number): number {
    this.#credit = Math.min(saved, this.#credit + (nowMs - this.#at) * 1e6 * shareOfCore);
    this.#at = nowMs;
    return this.#credit <= 0 ? 0 : Math.max(1, Math.floor(this.#credit / this.#walkNs));
  }

  /** So many walks were made, and cost so much; a probe that cannot tell what they cost is charged what they last did. */
  charge(walks: number, ns: number): void {
    if (walks === 0) return;
    if (ns > 0) this.#walkNs += 0.2 * (ns / walks - this.#walkNs);
    this.#credit = Math.max(-this.#owed, this.#credit - (ns > 0 ? ns : walks * this.#walkNs));
  }
}
