// Counts what the probe's lookouts see, for the metrics. It decides nothing.

/** Sums since the server began, and the age of the oldest knowledge now. */
export interface ProbeCounts {
  /** Reads that were due and had to wait for their turn under the cap. */
  readonly late: number;
  /** Reads of tables that were forced because none had happened for a minute. */
  readonly forced: number;
  /** Of those, how many found what no witness had told: should be none. */
  readonly forcedChanges: number;
  readonly oldestMs: number;
}

export class ProbeMeter {
  readonly #asOf = new Map<number, () => number | null>();
  #late = 0;
  #forced = 0;
  #forcedChanges = 0;

  /** A lookout begins; `asOf` answers since when what it knows is so, on the monotonic clock. */
  enter(key: number, asOf: () => number | null): void {
    this.#asOf.set(key, asOf);
  }

  leave(key: number): void {
    this.#asOf.delete(key);
  }

  late(): void {
    this.#late += 1;
  }

  forced(hasChanged: boolean): void {
    this.#forced += 1;
    if (hasChanged) this.#forcedChanges += 1;
  }

  get counts(): ProbeCounts {
    const now = performance.now();
    const ages = [...this.#asOf.values()].map((asOf) => now - (asOf() ?? now));
    return {
      late: this.#late,
      forced: this.#forced,
      forcedChanges: this.#forcedChanges,
      oldestMs: Math.max(0, ...ages),
    };
  }
}
