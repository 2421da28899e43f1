// What a packet meets on its way, as hops for people; nothing is spelled where nobody reads it.

import type { Hop, HopKind } from '../../schemas/packet-path.ts';
import type { ReachabilityCode, SeenAs } from '../../schemas/reachability-codes.ts';
import type { Stop } from './fate.ts';

export class Trail {
  readonly hops: (() => Hop)[] = [];
  readonly isRecording: boolean;

  constructor({ isRecording }: { readonly isRecording: boolean }) {
    this.isRecording = isRecording;
  }

  note(hop: () => Hop): void {
    if (this.isRecording) this.hops.push(hop);
  }

  /** A hop that lets it pass. */
  pass(kind: HopKind, name: string, describe: () => Pick<Hop, 'detail'> & Partial<Pick<Hop, 'counters'>>): void {
    this.note(() => ({ ...plain(kind, name), ...describe() }));
  }

  /** Where it gets no further. */
  stop(kind: HopKind, name: string, code: ReachabilityCode, as: SeenAs, sentence: () => string): Stop {
    this.note(() => ({ ...plain(kind, name), status: 'stop', detail: sentence() }));
    return { kind: 'stop', outcome: 'fails', code, seenAs: as, sentence };
  }

  /** Where nobody can tell what becomes of it. */
  unknown(kind: HopKind, name: string, code: ReachabilityCode, sentence: () => string): Stop {
    this.note(() => ({ ...plain(kind, name), status: 'unknown', detail: sentence() }));
    return { kind: 'stop', outcome: 'unknown', code, seenAs: null, sentence };
  }

  /** A hop that a stop elsewhere makes one. */
  stopBy(kind: HopKind, name: string, { outcome, sentence }: Stop): void {
    const status = outcome === 'fails' ? 'stop' : 'unknown';
    this.note(() => ({ ...plain(kind, name), status, detail: sentence() }));
  }
}

function plain(kind: HopKind, name: string): Hop {
  return { kind, name, status: 'pass', detail: '', rules: [], counters: null };
}
