// What a helper is to the engine: the create body of a container that may look into one network namespace and do nothing else.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { label, roles } from '../../domain/labels.ts';
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

/**
 * No user, no capability, nothing to write to, no log, little memory. It ends with its stdin (`StdinOnce`) and the engine then removes it. It
 * carries the role label, by which it never appears in a user's lists, and not `managed`.
 */
export function buildHelperBody({ image, networkMode, serverId, boundary }: HelperSpec): CreateBody {
  return {
    Image: image,
    Entrypoint: ['/bin/busybox', 'sh', '-c', helperScript, 'helper'],
    Cmd: [boundary],
    Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin', 'LC_ALL=C'],
    WorkingDir: '/',
    User: '65534:65534',
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: { [label.role]: roles.helper, [label.server]: serverId },
    HostConfig: {
      NetworkMode: networkMode,
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      Memory: 64 * 1024 * 1024,
      NanoCpus: 500_000_000,
      PidsLimit: 16,
    },
  };
}
