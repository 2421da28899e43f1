// The helper's image, pinned: its name is resolved to an id once an engine, and from then on the id is used, whatever the name comes to mean.
import type { CallOptions, Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';

export interface PinnedImage {
  /** Fails with `engine_refused` where the engine does not have the image. */
  id(calls?: CallOptions): Promise<string>;
  /** The engine no longer has it: resolve the name again. */
  forget(): void;
}

export function pinImage(engine: Engine, name: string): PinnedImage {
  let pinned: Promise<string> | undefined;
  async function resolve(calls?: CallOptions): Promise<string> {
    try {
      return (await engine.inspectImage(name, calls)).id;
    } catch (error) {
      pinned = undefined;
      if (!(error instanceof Failure && error.code === 'image_not_found')) throw error;
      throw new Failure('engine_refused', `The image "${name}", which helpers run, is not on engine "${engine.name}"`, {
        hint: 'Pull it, or set TERRARIUM_HELPER_IMAGE to an image of busybox that is there.',
        cause: error,
      });
    }
  }
  return {
    id: (calls) => {
      pinned ??= resolve(calls);
      return pinned;
    },
    forget: () => {
      pinned = undefined;
    },
  };
}
