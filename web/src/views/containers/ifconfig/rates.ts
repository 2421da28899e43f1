// The rates of one interface over the last two minutes. Pure: the caller has the clock.
import type { Interface } from '../../../../../src/client/index.ts';

export interface Rate {
  /** Seconds since the epoch, by the engine's clock. */
  readonly at: number;
  /** Bytes a second. */
  readonly rx: number;
  readonly tx: number;
}

/** Seconds that are kept. */
export const windowSeconds = 120;

/** A look that shows nothing newer than the last adds nothing; a gap in which nothing was seen stays one. */
export function addRate(rates: readonly Rate[], asOf: string, { rx, tx }: Interface): readonly Rate[] {
  const at = Date.parse(asOf) / 1_000;
  const last = rates.at(-1);
  if (last !== undefined && at <= last.at) return rates;
  return [
    ...rates.filter((rate) => rate.at > at - windowSeconds),
    { at, rx: rx.bytesPerSecond, tx: tx.bytesPerSecond },
  ];
}
