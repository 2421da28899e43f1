// Starts containers of ours that look into others: a few at a time, of an image that is pinned, and of what its name means now where that is gone.
import pLimit from 'p-limit';
import type { Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import { type Helper, type HelperOptions, startHelper } from './helper.ts';
import { pinImage } from './helper-image.ts';

/** Makes the body for an image, given by id, and a boundary. */
export type ServantBody = (image: string) => HelperOptions['body'];

/** Starts one. Fails as starting a helper does, and with the signal's reason where that is aborted before it runs. */
export type ServantStarter = (kind: HelperOptions['kind'], body: ServantBody, signal?: AbortSignal) => Promise<Helper>;

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
  return (kind, body, signal) =>
    limit(async () => {
      const closed = closedBy();
      if (closed !== undefined) throw closed;
      const start = async () =>
        startHelper({ engine, kind, body: body(await pinned.id(signal)), ...(signal !== undefined && { signal }) });
      return start().catch((error: unknown) => {
        if (!(error instanceof Failure && error.code === 'image_not_found')) throw error;
        // The image was removed, or built anew under its name: what the name means now is as good.
        pinned.forget();
        return start();
      });
    });
}
