// What a scout is to the engine: the create body of a short-lived container that is in the host's own namespaces, as `nobody` and without any
// capability. It may name them and those of any process, and do nothing in them.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { roles } from '../../domain/labels.ts';
import { buildServantBody } from '../servant-body.ts';
import { scoutScript } from './scout-script.ts';

export interface ScoutSpec {
  /** Image by id. */
  readonly image: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
}

export function buildScoutBody({ image, serverId, boundary }: ScoutSpec): CreateBody {
  return buildServantBody({
    image,
    serverId,
    role: roles.helper,
    script: scoutScript,
    arguments: ['scout', boundary],
    host: {
      NetworkMode: 'host',
      PidMode: 'host',
      IpcMode: 'host',
      UTSMode: 'host',
      CgroupnsMode: 'host',
      UsernsMode: 'host',
    },
  });
}
