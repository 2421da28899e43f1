// Whoever changes a lab on several engines hears when one of them is lost: what waits for something on it would wait in vain.
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';

/** An engine that is back so soon has lost nobody, in milliseconds. */
const graceMs = 2_000;

/** Aborted, with `engine_unavailable` naming it, when one of them goes away. `end` has to be called. */
export function watchLoss(mirrors: Iterable<EngineMirror>): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const ends: (() => void)[] = [];
  for (const mirror of mirrors) {
    let timer: NodeJS.Timeout | undefined;
    const { name } = mirror.engine;
    const lost = () =>
      controller.abort(
        new Failure('engine_unavailable', `The engine ${name} went away: ${mirror.status().reason ?? 'no answer'}`, {
          hint: 'Apply the lab again when it is back.',
          retryAfter: 5,
          extra: { engine: name },
        }),
      );
    const stop = mirror.onStatus(({ state }) => {
      if (state === 'live') {
        clearTimeout(timer);
        timer = undefined;
      } else if (state === 'stale') timer ??= setTimeout(lost, graceMs);
    });
    ends.push(stop, () => clearTimeout(timer));
  }
  return {
    signal: controller.signal,
    end() {
      for (const end of ends) end();
    },
  };
}
