// What a probe is to the engine: the create body of a container that sees every process and may touch none.
import type { CreateBody } from '../../../domain/container/create-body.ts';
import { label, roles } from '../../../domain/labels.ts';
import { probeProgram, probeStarter } from './probe-script.ts';

export interface ProbeSpec {
  /** Image by id. */
  readonly image: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
}

/**
 * The engine's processes (`pid=host`) and the accounts of their CPU time (the cgroups, read-only), and nothing else: no network, no user, no
 * capability, nothing to write to, no log. It ends with its stdin (`StdinOnce`) and the engine then removes it. The engine's folder of namespaces is
 * not mounted: it would be a copy that keeps the namespaces of stopped containers alive wherever `/` is not a shared mount, and
 * `/proc/1/mountinfo` names the same inodes.
 */
export function buildProbeBody({ image, serverId, boundary }: ProbeSpec): CreateBody {
  return {
    Image: image,
    Entrypoint: ['/bin/busybox', 'sh', '-c', probeStarter, 'probe'],
    Cmd: [boundary, probeProgram],
    Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin', 'LC_ALL=C'],
    WorkingDir: '/',
    User: '65534:65534',
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: { [label.role]: roles.probe, [label.server]: serverId },
    HostConfig: {
      NetworkMode: 'none',
      PidMode: 'host',
      CgroupnsMode: 'host',
      Mounts: [{ Type: 'bind', Source: '/sys/fs/cgroup', Target: '/sys/fs/cgroup', ReadOnly: true }],
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      Memory: 256 * 1024 * 1024,
      NanoCpus: 1_000_000_000,
      PidsLimit: 16,
    },
  };
}
