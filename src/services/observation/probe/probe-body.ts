// What a probe is to the engine: the create body of a container that sees every process and may touch none.
import type { CreateBody } from '../../../domain/container/create-body.ts';
import { roles } from '../../../domain/labels.ts';
import { buildServantBody } from '../../servant-body.ts';
import { probeClock, probeProgram, probeStarter } from './probe-script.ts';

export interface ProbeSpec {
  /** Image by id. */
  readonly image: string;
  /** Which server's it is. */
  readonly serverId: string;
  /** Random; begins every mark of its output. */
  readonly boundary: string;
}

/**
 * The engine's processes (`pid=host`) and the accounts of their CPU time (the cgroups, read-only), and nothing else. The engine's folder of namespaces is
 * not mounted: it would be a copy that keeps the namespaces of stopped containers alive wherever `/` is not a shared mount, and
 * `/proc/1/mountinfo` names the same inodes.
 */
export function buildProbeBody({ image, serverId, boundary }: ProbeSpec): CreateBody {
  return buildServantBody({
    image,
    serverId,
    role: roles.probe,
    script: probeStarter,
    arguments: ['probe', boundary, probeProgram, probeClock],
    host: {
      PidMode: 'host',
      CgroupnsMode: 'host',
      Mounts: [{ Type: 'bind', Source: '/sys/fs/cgroup', Target: '/sys/fs/cgroup', ReadOnly: true }],
      Memory: 256 * 1024 * 1024,
      CpuQuota: 100_000,
    },
  });
}
