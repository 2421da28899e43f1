// In which network namespace a process of an engine's host is: `ip netns identify`. A process of a container may have left its container's
// namespace, and one of none may have entered it, so the process itself is looked at.

import type { NamespaceGroup } from '../../domain/namespaces/grouping.ts';
import { readHostDevice, readProcess } from '../../domain/namespaces/scouting.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { ProcessReader } from './process-reader.ts';
import type { Scouting } from './scouting.ts';

export interface ProcessQuestion {
  readonly pid: number;
  readonly mirror: EngineMirror;
  readonly groups: readonly NamespaceGroup[];
  readonly processes: ProcessReader;
  readonly scouting: Scouting;
}

/** Fails with `process_not_found`, and with `namespace_not_found` where it is in none of these. */
export async function locateProcess(question: ProcessQuestion): Promise<NamespaceGroup> {
  return (await findFirstProcess(question)) ?? (await findByScout(question));
}

/** Nearly every question is about the PID that the engine shows: that needs no scout. */
async function findFirstProcess({ pid, mirror, groups, processes }: ProcessQuestion) {
  const facts = [...mirror.containers()].find((one) => one.pid === pid);
  const read = facts === undefined ? undefined : await processes.read(facts);
  const inode = read?.processes?.find((one) => one.pid === pid)?.inodes.net;
  return inode === undefined || inode === null ? undefined : groups.find((group) => group.inode === inode);
}

async function findByScout({ pid, mirror, groups, scouting }: ProcessQuestion): Promise<NamespaceGroup> {
  const engine = mirror.engine.name;
  const anchors = groups.flatMap((group) => group.members.map((facts) => ({ group, facts })));
  return scouting.send(async (ask) => {
    const answer = await ask(
      [...new Set([pid, ...anchors.map(({ facts }) => facts.pid)])].map((one) => `p${one}`).concat('host'),
    );
    const asked = readProcess(answer, pid);
    if (asked === undefined)
      throw new Failure('process_not_found', `No process ${pid} runs on the host of the engine ${engine}`, {
        field: 'pid',
        hint: 'A PID inside a container is another one: GET /api/v1/containers/{id}/namespaces shows those of the host.',
      });
    if (asked.device === null)
      throw new Failure('process_not_found', `Process ${pid} on the host of the engine ${engine} has ended`, {
        field: 'pid',
        hint: 'Nobody has waited for its end yet (it is a zombie); it is in no namespace any more.',
      });
    const host = groups.find(({ isHost }) => isHost);
    if (host !== undefined && asked.device === readHostDevice(answer)) return host;
    const found = anchors.find(({ facts }) => {
      const process = readProcess(answer, facts.pid);
      // Should the container have ended meanwhile, its PID may be anybody's.
      return process?.device === asked.device && process.cgroup.includes(facts.id);
    });
    if (found !== undefined) return found.group;
    throw new Failure(
      'namespace_not_found',
      `Process ${pid} on the host of the engine ${engine} is in a network namespace that is no container's, nor the host's`,
      {
        field: 'pid',
        hint: 'Somebody made it with unshare, ip netns or their like; Terrarium knows those of containers.',
      },
    );
  });
}
