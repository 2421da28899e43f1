// Starts containers of ours that look into others: a few at a time, of an image that is pinned, and of what its name means now where that is gone.
import pLimit from 'p-limit';
import type { CallOptions, Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import { doubtMs, type Helper, type HelperOptions, startHelper } from './helper.ts';
import { pinImage } from './helper-image.ts';

/** Makes the body for an image, given by id, and a boundary. */
export type ServantBody = (image: string) => HelperOptions['body'];

export interface ServantStarter {
  /** Starts one. Fails as starting a helper does, and with `engine_unavailable` where it was given up. */
  (kind: HelperOptions['kind'], body: ServantBody): Promise<Helper>;
  /**
   * To be called when the engine was away and is back: what those that run owe, and what the engine was asked to start others, may have been lost without a
   * word. What does not come now is given up.
   */
  doubt(): void;
}

/** More at once only wait for each other inside the engine, and for it wait everyone else. */
const startsAtOnce = 4;

export interface ServantStarterOptions {
  readonly engine: Engine;
  /** Name of an image that has busybox. */
  readonly image: string;
  /** Thrown to who has waited for its turn meanwhile. */
  closedBy(): Failure | undefined;
}

export function createServantStarter({ engine, image, closedBy }: ServantStarterOptions): ServantStarter {
  const pinned = pinImage(engine, image);
  const limit = pLimit(startsAtOnce);
  const running = new Set<Helper>();
  /** Whose turn has come; nothing was asked for the others yet. */
  const starting = new Set<AbortController>();

  async function startPinned(kind: HelperOptions['kind'], body: ServantBody, calls: CallOptions): Promise<Helper> {
    const start = async () => startHelper({ engine, kind, body: body(await pinned.id(calls)), calls });
    return start().catch((error: unknown) => {
      if (!(error instanceof Failure && error.code === 'image_not_found')) throw error;
      // The image was removed, or built anew under its name: what the name means now is as good.
      pinned.forget();
      return start();
    });
  }

  const start = (kind: HelperOptions['kind'], body: ServantBody) =>
    limit(async () => {
      const closed = closedBy();
      if (closed !== undefined) throw closed;
      const one = new AbortController();
      starting.add(one);
      const helper = await startPinned(kind, body, { signal: one.signal }).finally(() => starting.delete(one));
      running.add(helper);
      void helper.ended.then(() => running.delete(helper));
      return helper;
    });
  const doubt = () => {
    for (const helper of running) helper.doubt();
    const doubted = [...starting];
    setTimeout(() => {
      for (const one of doubted) if (starting.has(one)) one.abort(givenUp());
    }, doubtMs).unref();
  };
  return Object.assign(start, { doubt });
}

function givenUp(): Failure {
  return new Failure('engine_unavailable', 'The engine was away while a helper was started', {
    hint: 'Try again: another one is started.',
  });
}
