// A question to several engines is not held up by the one that hangs: it is given up there when that engine is found to be away, long before its
// own deadline.
import type { EngineMirror } from '../engine/mirror.ts';
import { Failure } from '../schemas/failure.ts';

/**
 * What `answer` comes to, unless the engine goes away meanwhile. For questions only: what was asked for may still happen.
 *
 * @throws {Failure} `engine_unavailable` where it went away
 */
export function whileThere<Answer>(mirror: EngineMirror, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stop = mirror.onStatus(({ state, reason }) => {
      if (state !== 'stale') return;
      stop();
      reject(
        new Failure('engine_unavailable', reason ?? `The engine ${mirror.engine.name} is away`, { retryAfter: 2 }),
      );
    });
    answer.finally(stop).then(resolve, reject);
  });
}
