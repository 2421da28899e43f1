// What the containers of ours have in common that look into others: the rights they do without. One place, so that none of them gets more by an
// oversight.
import type { CreateBody, DockerHostConfig } from '../domain/container/create-body.ts';
import { label, type ServantRole } from '../domain/labels.ts';

export interface ServantSpec {
  /** Image by id. */
  readonly image: string;
  /** Which server's it is. */
  readonly serverId: string;
  readonly role: ServantRole;
  /** A script of ours, for busybox's `sh -c`, and its arguments, `$0` first. */
  readonly script: string;
  readonly arguments: readonly [name: string, ...rest: string[]];
  /** `nobody` where not said. */
  readonly user?: string;
  /** What it needs beside the least: a namespace to look into, a mount, a capability, more memory. */
  readonly host: Partial<DockerHostConfig>;
}

/**
 * No user, no capability, no network, nothing to write to, no log, little memory. It ends with its stdin (`StdinOnce`) and the engine then removes
 * it. It carries the role label, by which it never appears in a user's lists, and not `managed`.
 */
export function buildServantBody({ image, serverId, role, script, user, host, ...spec }: ServantSpec): CreateBody {
  return {
    Image: image,
    Entrypoint: ['/bin/busybox', 'sh', '-c', script],
    Cmd: spec.arguments,
    Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin', 'LC_ALL=C'],
    WorkingDir: '/',
    User: user ?? '65534:65534',
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: { [label.role]: role, [label.server]: serverId },
    HostConfig: {
      NetworkMode: 'none',
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      Memory: 64 * 1024 * 1024,
      // Half a core. Where the engine cannot limit CPU time it leaves these out with a warning; NanoCpus it would refuse.
      CpuPeriod: 100_000,
      CpuQuota: 50_000,
      PidsLimit: 16,
      ...host,
    },
  };
}
