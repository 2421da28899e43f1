// Waiting between attempts. Timers only: it knows nothing of what is attempted.

/** Milliseconds: the first wait, and the longest. */
export interface Pace {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Between attempts to connect again, where nobody says otherwise. */
export const defaultPace: Pace = { firstMs: 250, longestMs: 10_000 };

/** The wait before attempt `attempt` (0 is the first one after a failure): doubled each time, and by chance up to a half shorter, so that many clients do not come back at once. */
export function waitBefore(attempt: number, { firstMs, longestMs }: Pace, random: () => number = Math.random): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
  return whole * (1 - random() / 2);
}

/** Resolves after the time; rejects with the signal's reason where it is aborted before. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
