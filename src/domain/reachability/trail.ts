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

  /** A hop that lets it pass. */
  pass(kind: HopKind, name: string, describe: () => Pick<Hop, 'detail'> & Partial<Pick<Hop, 'counters'>>): void {
    if (this.isRecording) this.hops.push(() => ({ ...plain(kind, name), ...describe() }));
  }

  /** Where it gets no further. */
  stop(kind: HopKind, name: string, code: ReachabilityCode, as: SeenAs, sentence: () => string): Stop {
    return this.end(kind, name, { kind: 'stop', outcome: 'fails', code, seenAs: as, sentence });
  }

  /** Where nobody can tell what becomes of it. */
  unknown(kind: HopKind, name: string, code: ReachabilityCode, sentence: () => string): Stop {
    return this.end(kind, name, { kind: 'stop', outcome: 'unknown', code, seenAs: null, sentence });
  }

  /** The hop at which it stops. */
  end(kind: HopKind, name: string, stop: Stop): Stop {
    const status = stop.outcome === 'fails' ? 'stop' : 'unknown';
    if (this.isRecording) this.hops.push(() => ({ ...plain(kind, name), status, detail: stop.sentence() }));
    return stop;
  }
}

function plain(kind: HopKind, name: string): Hop {
  return { kind, name, status: 'pass', detail: '', rules: [], counters: null };
}
