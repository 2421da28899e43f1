// Divides connections into rounds that a host's table of neighbours can bear. The kernel has one for all namespaces (net.ipv4.neigh.default.gc_thresh3,
// 1,024 by default), and forgets nobody whom it has met within three quarters of a minute: fifty containers that all meet at once fill it, and then nobody
// on the host finds anybody new any more.
import { setTimeout as sleep } from 'node:timers/promises';

/** Who meets for the first time in a round: each remembers the other. */
const pairsInRound = 400;
/**
 * Milliseconds from the beginning of a round to the next one where a namespace cannot be told to forget: neighbours are remembered for 1.5 times
 * base_reachable_time (30 s) at most.
 */
export const forgettingMs = 46_000;

/** Who connects to whom; the order of two does not matter, as they know each other then. */
export interface Meeting {
  readonly from: number;
  readonly to: number;
}

/** The round of each meeting, by {@link spellMeeting}: first those of the first parties, so that a round need not wait for all to be there. */
export function planRounds(meetings: Iterable<Meeting>): Map<string, number> {
  const pairs = new Map([...meetings].map((meeting) => [spellMeeting(meeting), Math.max(meeting.from, meeting.to)]));
  const sorted = [...pairs].sort(([, one], [, other]) => one - other);
  return new Map(sorted.map(([pair], index) => [pair, Math.floor(index / pairsInRound)]));
}

export function spellMeeting({ from, to }: Meeting): string {
  return from < to ? `${from} ${to}` : `${to} ${from}`;
}

/** Opens one round after the other: when the work of the one before is done, and its time is over. */
export class Rounds {
  readonly #open: Promise<void>[] = [];
  readonly #left: number[];
  readonly #finish: (() => void)[] = [];

  /**
   * @param work how many have something to do in each round
   * @param roundMs from the beginning of one to the beginning of the next, at least
   */
  constructor(work: readonly number[], { roundMs, signal }: { roundMs: number; signal: AbortSignal }) {
    this.#left = [...work];
    let before: Promise<unknown> = Promise.resolve();
    for (const count of work) {
      const opened = before.then(() => {});
      const done = new Promise<void>((resolve) => this.#finish.push(resolve));
      if (count === 0) this.#finish.at(-1)?.();
      this.#open.push(opened);
      before = opened.then(() =>
        Promise.all([done, sleep(roundMs, undefined, { signal, ref: false }).catch(() => {})]),
      );
    }
  }

  /** Resolves when the round may begin. */
  opened(round: number): Promise<void> {
    return this.#open[round] ?? Promise.resolve();
  }

  /** One of those who have something to do in the round has done it, or never will. */
  done(round: number): void {
    this.#left[round] = (this.#left[round] ?? 0) - 1;
    if (this.#left[round] === 0) this.#finish[round]?.();
  }
}
