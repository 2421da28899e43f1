// When labs end, as their documents say: what a member shows as its end, which its labels cannot hold because it can be put off.
import { isDeepStrictEqual } from 'node:util';

export interface LabEnds {
  /** Grows with each change: part of the key of what is derived from here. */
  readonly revision: number;
  /** ISO 8601 by the clock of the lab's home; null where the lab stays, or is not known. A home is known by its id. */
  endOf(homeId: string, lab: string): string | null;
  /** All labs of a home that end, as its documents say now. */
  know(homeId: string, ends: ReadonlyMap<string, string>): void;
}

export function createLabEnds(): LabEnds {
  const byHome = new Map<string, ReadonlyMap<string, string>>();
  let revision = 0;
  return {
    get revision() {
      return revision;
    },
    endOf: (homeId, lab) => byHome.get(homeId)?.get(lab) ?? null,
    know(homeId, ends) {
      if (isDeepStrictEqual(byHome.get(homeId) ?? new Map(), ends)) return;
      byHome.set(homeId, ends);
      revision += 1;
    },
  };
}
