// Asks a lock that nobody has started yet whether somebody has it: it is started. A live holder hears of that and speaks to it, which the engine tells;
// one that nobody speaks to ends by itself. So it is no clock of ours that judges a holder, and two who ask hear the same.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';

/** Milliseconds beyond its patience in which the engine has told its end. */
const marginMs = 2_000;

/** What an engine says to the start of a container that is gone, or about to go. */
const isGoing: ReadonlySet<string> = new Set(['container_not_found', 'state_conflict']);

export interface LockQuestion {
  readonly mirror: EngineMirror;
  /** The lock's container's. */
  readonly id: string;
  readonly patienceMs: number;
  /** Ends the waiting, with its reason. */
  readonly signal?: AbortSignal;
}

/** False where it has no holder, and is gone or about to go; and where nothing was told, so that a look at it tells. */
export async function askForHolder(question: LockQuestion): Promise<boolean> {
  const { mirror, id } = question;
  let unlisten = () => {};
  const answer = new Promise<boolean>((resolve) => {
    unlisten = mirror.onArrival((event) => {
      if (event.type !== 'container' || event.id !== id) return;
      // Renamed: its holder was just done.
      if (event.action === 'attach' || event.action === 'rename') resolve(true);
      else if (event.action === 'die' || event.action === 'destroy') resolve(false);
    });
  });
  try {
    return await Promise.race([answer, start(question)]);
  } finally {
    unlisten();
  }
}

/** Starts it, and waits for as long as an answer may take. The start itself is never given up: the engine would remove what it was to start. */
async function start({ mirror, id, patienceMs, signal }: LockQuestion): Promise<false> {
  try {
    await mirror.engine.startContainer(id);
  } catch (error) {
    if (error instanceof Failure && isGoing.has(error.code)) return false;
    throw error;
  }
  await sleep(patienceMs + marginMs, undefined, { ref: false, ...(signal !== undefined && { signal }) }).catch(() =>
    signal?.throwIfAborted(),
  );
  return false;
}
