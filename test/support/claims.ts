// Who says what was so, and when: real readings on one side, and on the other claims ("as of T these are the rows"). It judges whether a claim can be
// true. Times are milliseconds since the epoch.
import type { SocketRow } from './kernel-sockets.ts';

/** A time through which every reading was the same and nothing was done. */
interface Run {
  readonly text: string;
  readonly rows: ReadonlySet<string>;
  /** It was surely so from here to there; a single reading is sure of nothing. */
  readonly from: number;
  to: number;
  /** End of the last reading. */
  seenAt: number;
}

export interface Claim {
  /** How it was asked for. */
  readonly via: string;
  readonly asOf: number;
  /** When it was known to the one who asked. */
  readonly heardAt: number;
  readonly rows: readonly SocketRow[];
}

/** What two clocks of one machine, and readings that take their time, may differ by. */
const slackMs = 200;

export class Journal {
  readonly #runs: Run[] = [];
  #current: Run | undefined;
  /** Claims that showed a row past its end, within the promise. */
  readonly pastTheirEnd: number[] = [];

  /** Something is done from now on: what is read next may be another state. */
  act(): void {
    this.#current = undefined;
  }

  read(rows: readonly SocketRow[], { from, to }: { from: number; to: number }): void {
    const text = spellAll(rows);
    if (this.#current?.text === text) {
      this.#current.to = from;
      this.#current.seenAt = to;
      return;
    }
    this.#current = { text, rows: new Set(rows.map(({ spelling }) => spelling)), from: to, to: from, seenAt: to };
    this.#runs.push(this.#current);
  }

  /** Null for a claim that is true, in words why it cannot be, or `unknown` where nobody looked at that moment. */
  judge({ via, asOf, heardAt, rows }: Claim): string | null {
    const run = this.#runs.find(({ from, to }) => from <= asOf && asOf <= to);
    if (run === undefined) return 'unknown';
    const text = spellAll(rows);
    if (text === run.text || this.#differsByTimers(rows, run, asOf)) return null;
    // It may have been read a little after the time that it names.
    if (heardAt > run.to)
      return this.#runs.some((later) => later.from > run.from && later.text === text) ? null : 'unknown';
    return `${via}: as of ${asOf} (heard at ${heardAt})\n${text}\nand from ${run.from} to ${run.to} it was\n${run.text}`;
  }

  /** The claim holds what was, and rows besides that timers have just ended. */
  #differsByTimers(rows: readonly SocketRow[], run: Run, asOf: number): boolean {
    const extra = rows.filter(({ spelling }) => !run.rows.has(spelling));
    if (rows.length - extra.length !== run.rows.size) return false;
    const lastSeen = extra.map((row) => (row.isTimed ? this.#lastSeen(row, asOf) : Number.NEGATIVE_INFINITY));
    const oldest = asOf - Math.min(...lastSeen);
    if (oldest > slackMs) return false;
    this.pastTheirEnd.push(oldest);
    return true;
  }

  #lastSeen({ spelling }: SocketRow, before: number): number {
    const holding = this.#runs.filter(({ from, rows }) => from <= before && rows.has(spelling));
    return Math.min(before, holding.at(-1)?.seenAt ?? Number.NEGATIVE_INFINITY);
  }
}

/** All rows in one text; their order is nobody's claim. */
export function spellAll(rows: readonly SocketRow[]): string {
  return rows
    .map(({ spelling }) => spelling)
    .sort()
    .join('\n');
}
