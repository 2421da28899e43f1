// What a helper is to the engine: the create body of a container that may look into one network namespace and do nothing else.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { roles } from '../../domain/labels.ts';
import { buildServantBody } from '../servant-body.ts';
import { helperScript } from './helper-script.ts';

export interface HelperSpec {
  /** Image by id. */
  readonly image: string;
  /** `host`, or `container:ID`. */
  readonly networkMode: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
}

export function buildHelperBody({ image, networkMode, serverId, boundary }: HelperSpec): CreateBody {
  return buildServantBody({
    image,
    serverId,
    role: roles.helper,
    script: helperScript,
    arguments: ['helper', boundary],
    host: { NetworkMode: networkMode },
  });
}
