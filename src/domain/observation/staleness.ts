// When the tables of a namespace have to be read although no witness moved. Pure.
import type { SocketTables } from './socket-tables.ts';

/** Milliseconds after which tables are read again: where a timer of the kernel's may end a row, and in any case. */
export const rereadAfterMs = { timers: 1_000, anyway: 60_000 } as const;

/** States that a timer of the kernel's ends, which no counter and no process need notice (a SYN_RECV row was seen to expire so). */
const timedStates = new Set(['SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSING', 'LAST_ACK']);

/** `queued`: a queue was not empty, and can be drained without a trace. `timed`: a row can vanish by itself. */
export interface Restlessness {
  readonly queued: boolean;
  readonly timed: boolean;
}

export function judgeRestlessness({ sockets }: SocketTables): Restlessness {
  return {
    queued: sockets.some(({ recvQ, sendQ }) => recvQ > 0 || sendQ > 0),
    timed: sockets.some(({ state }) => state !== null && timedStates.has(state)),
  };
}

/**
 * Why tables that were read `ageMs` ago have to be read again; null where the witnesses suffice. `urgent`: somebody waits for the answer, and no row is
 * shown to him that a timer has ended.
 */
export function findRereadReason(
  { queued, timed }: Restlessness,
  { ageMs, urgent }: { readonly ageMs: number; readonly urgent: boolean },
): 'queued' | 'timed' | 'anyway' | null {
  if (queued) return 'queued';
  if (timed && (urgent || ageMs >= rereadAfterMs.timers)) return 'timed';
  return ageMs >= rereadAfterMs.anyway ? 'anyway' : null;
}
