// A plan, or its being empty, is worth what the mirror is worth: after an engine was away it is not right before everything was read anew.
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';

/** How long reading everything anew may take, in milliseconds. */
const patienceMs = 15_000;

/** Waits until the mirror is right. Fails with `engine_unavailable` where the engine is away. */
export async function awaitLive(mirror: EngineMirror): Promise<void> {
  await mirror.settled();
  if (isLive(mirror)) return;
  await mirror.engine.ping(); // away: its own words say so
  const { name } = mirror.engine;
  await new Promise<void>((resolve, reject) => {
    const end = (work: () => void) => {
      clearTimeout(timer);
      stop();
      work();
    };
    const timer = setTimeout(
      () =>
        end(() =>
          reject(
            new Failure('engine_unavailable', `The engine ${name} is back, and what it holds is not known again yet`, {
              hint: `GET /api/v1/engines/${name} tells how it is.`,
              retryAfter: 2,
            }),
          ),
        ),
      patienceMs,
    );
    const stop = mirror.onStatus(() => isLive(mirror) && end(resolve));
    if (isLive(mirror)) end(resolve);
  });
}

function isLive(mirror: EngineMirror): boolean {
  return mirror.status().state === 'live';
}
