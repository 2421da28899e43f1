// The routes of an engine's host, read in its own network namespace by a helper that lives for one look: as nobody, without any capability.
import { parseIpv4Routes, parseIpv6Routes } from '../../domain/observation/routes.ts';
import type { Known } from '../../domain/reachability/world.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Route } from '../../schemas/ifconfig.ts';
import { buildHelperBody } from '../observation/helper-body.ts';
import { createServantStarter, type ServantStarter } from '../observation/servant-starter.ts';

export interface HostRoutes {
  /** The main tables of both families, as they are now; unknown where the engine lets nobody look. */
  read(mirror: EngineMirror): Promise<Known<readonly Route[]>>;
  /** Starts none any more. */
  close(): void;
}

export function createHostRoutes({ helperImage, serverId }: { helperImage: string; serverId: string }): HostRoutes {
  const starters = new WeakMap<EngineMirror, ServantStarter>();
  let isClosed = false;

  function starterOf(mirror: EngineMirror): ServantStarter {
    const known = starters.get(mirror);
    if (known !== undefined) return known;
    const closedBy = () => (isClosed ? new Failure('shutting_down', 'The server is shutting down') : undefined);
    const starter = createServantStarter({ engine: mirror.engine, image: helperImage, closedBy });
    starters.set(mirror, starter);
    return starter;
  }

  return {
    async read(mirror) {
      try {
        const helper = await starterOf(mirror)(
          'helper',
          (image) => (boundary) => buildHelperBody({ image, networkMode: 'host', serverId, boundary }),
        );
        try {
          const sections = await helper.tick(['interfaces']);
          const ipv4 = parseIpv4Routes(sections.get('routes') ?? '');
          return { known: true, value: [...ipv4, ...parseIpv6Routes(sections.get('routes6') ?? '')] };
        } finally {
          await helper.dispose().catch(() => {}); // it ends with its stdin
        }
      } catch (error) {
        if (!(error instanceof Failure) || error.code === 'shutting_down') throw error;
        return { known: false, reason: error.message };
      }
    },
    close() {
      isClosed = true;
    },
  };
}
