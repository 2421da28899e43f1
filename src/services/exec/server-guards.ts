// The guards of this server, with what it takes to start one: the pinned image, its id on each engine, and the server's own name.
import type { FastifyBaseLogger } from 'fastify';
import type { Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import { type PinnedImage, pinImage } from '../observation/helper-image.ts';
import { type Guard, startGuard } from './guard.ts';
import { Guards } from './guards.ts';

export interface ServerGuardsParts {
  readonly helperImage: string;
  readonly serverId: string;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
}

export type StartGuard = (engine: Engine, container: string) => Promise<Guard>;

/** Starts guards that are this server's. Fails with `engine_refused` where an engine lacks the image. */
export function createGuardStarter({ helperImage, serverId }: Omit<ServerGuardsParts, 'log'>): StartGuard {
  const images = new Map<Engine, PinnedImage>();
  return async (engine, container) => {
    const image = images.get(engine) ?? pinImage(engine, helperImage);
    images.set(engine, image);
    try {
      return await startGuard({ engine, container, serverId, image: await image.id() });
    } catch (error) {
      if (error instanceof Failure && error.code === 'image_not_found') image.forget();
      throw error;
    }
  };
}

export function createGuards(start: StartGuard, log: ServerGuardsParts['log']): Guards {
  return new Guards({
    start,
    onUnguarded: (engine, container, err) =>
      log.warn({ err, engine: engine.name, container }, 'a command runs without a guard'),
  });
}
