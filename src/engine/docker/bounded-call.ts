// Bounds a call in time: a deadline of ours and the caller's signal, both raced against the work. Racing is the point: a connection that
// is cut inside a body can leave the transport's promise pending for ever. It knows no Docker.

/** The bounds of one call, and the errors they make. */
export interface Bounds {
  readonly deadlineMs: number;
  /** Every one of them ends the call. */
  readonly signals: readonly AbortSignal[];
  describeTimeout(): Error;
  describeCancellation(reason: unknown): Error;
}

/**
 * Runs `work` and settles with it, or rejects when a bound is reached first. `work` gets a signal that is aborted when its result is no
 * longer wanted; what it makes after that is its own to throw away.
 */
export async function runBounded<T>(bounds: Bounds, work: (cut: AbortSignal) => Promise<T>): Promise<T> {
  for (const signal of bounds.signals) if (signal.aborted) throw bounds.describeCancellation(signal.reason);
  const cut = new AbortController();
  const undo: (() => void)[] = [];
  const reached = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      // One more turn of the event loop: when it was we who were held up, the answer may already be waiting in the socket.
      const turn = setImmediate(() => reject(bounds.describeTimeout()));
      undo.push(() => clearImmediate(turn));
    }, bounds.deadlineMs);
    undo.push(() => clearTimeout(timer));
    for (const signal of bounds.signals) {
      const onAbort = () => reject(bounds.describeCancellation(signal.reason));
      signal.addEventListener('abort', onAbort, { once: true });
      undo.push(() => signal.removeEventListener('abort', onAbort));
    }
  });
  try {
    return await Promise.race([work(cut.signal), reached]);
  } catch (error) {
    cut.abort();
    throw error;
  } finally {
    for (const step of undo) step();
  }
}
