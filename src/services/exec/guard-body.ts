// What a guard is to the engine: the create body of a container that sees one container's processes, may kill them, and nothing else.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { label, roles } from '../../domain/labels.ts';
import { guardScript } from './guard-script.ts';

export interface GuardSpec {
  /** Image by id. */
  readonly image: string;
  /** Full id of the container whose processes it sees. */
  readonly container: string;
  /** Which server's it is. */
  readonly serverId: string;
}

/**
 * It shares the container's process namespace only: no network, no volume, a read-only root of its own. KILL is for the processes of any
 * user; SYS_PTRACE and DAC_OVERRIDE are for reading their environment, where the mark is (proc_pid_environ(5): its owner may, and who
 * may trace). None of them reaches further than that namespace. It ends with its stdin (`StdinOnce`), and the engine then removes it.
 */
export function buildGuardBody({ image, container, serverId }: GuardSpec): CreateBody {
  return {
    Image: image,
    Entrypoint: ['/bin/busybox', 'sh', '-c', guardScript],
    Cmd: [],
    Env: ['PATH=/bin', 'LC_ALL=C'],
    WorkingDir: '/',
    User: '0:0',
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Labels: { [label.role]: roles.helper, [label.server]: serverId },
    HostConfig: {
      NetworkMode: 'none',
      PidMode: `container:${container}`,
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['KILL', 'SYS_PTRACE', 'DAC_OVERRIDE'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      Memory: 64 * 1024 * 1024,
      NanoCpus: 500_000_000,
      PidsLimit: 16,
    },
  };
}
