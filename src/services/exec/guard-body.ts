// What a guard is to the engine: the create body of a container that sees one container's processes, may kill them, and nothing else.
import type { CreateBody } from '../../domain/container/create-body.ts';
import { roles } from '../../domain/labels.ts';
import { buildServantBody } from '../servant-body.ts';
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
 * It shares the container's process namespace only. KILL is for the processes of any
 * user; SYS_PTRACE and DAC_OVERRIDE are for reading their environment, where the mark is (proc_pid_environ(5): its owner may, and who
 * may trace). None of them reaches further than that namespace.
 */
export function buildGuardBody({ image, container, serverId }: GuardSpec): CreateBody {
  return buildServantBody({
    image,
    serverId,
    role: roles.helper,
    script: guardScript,
    arguments: ['guard'],
    user: '0:0',
    host: { PidMode: `container:${container}`, CapAdd: ['KILL', 'SYS_PTRACE', 'DAC_OVERRIDE'] },
  });
}
