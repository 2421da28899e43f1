// Images: one method a route.
import type { Image, PullDone, PullStep } from '../../schemas/images.ts';
import type { Http } from '../http.ts';
import type { OnEngine } from './containers.ts';

export interface Images {
  list(options?: OnEngine): Promise<Image[]>;
  /** Its progress as it comes; the last step is `{ done: true, image }`. Leaving early, or aborting, gives the pull up. */
  pull(image: string, options?: OnEngine): AsyncGenerator<PullStep | PullDone, void, undefined>;
}

export function images(http: Http): Images {
  return {
    list: ({ signal, ...query } = {}) => http.json({ method: 'GET', path: '/api/v1/images', query, signal }),
    pull: (image, { signal, ...query } = {}) =>
      http.lines({ method: 'POST', path: '/api/v1/images/pull', query, body: { image }, signal }),
  };
}
