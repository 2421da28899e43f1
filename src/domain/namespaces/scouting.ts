// What a scout says, read: the host's namespaces, and in which network namespace a process is. Pure.
import { type Inodes, namespaceKinds } from '../../schemas/namespaces.ts';

/** The sections of a scout's answer, by name. */
export type ScoutAnswer = ReadonlyMap<string, string>;

/** Its own namespaces are the host's; but for `mnt`, as no container is in the host's. */
export function readHostInodes(answer: ScoutAnswer): Inodes {
  const inodes = namespaceKinds.map((kind) => {
    const number = /\[(\d+)\]/.exec(answer.get(`host ${kind}`) ?? '')?.[1];
    return [kind, kind === 'mnt' || number === undefined ? null : Number(number)];
  });
  return Object.fromEntries(inodes);
}

/** The number of the host's device table. Of no other network namespace is it the same while that lives. */
export function readHostDevice(answer: ScoutAnswer): number | null {
  return readNumber(answer.get('device'));
}

/** A process: the number of the device table of its network namespace, null where it has left it (it is dead), and its cgroups as text. */
export interface ScoutedProcess {
  readonly device: number | null;
  readonly cgroup: string;
}

/** Undefined where there is no such process. */
export function readProcess(answer: ScoutAnswer, pid: number): ScoutedProcess | undefined {
  const text = answer.get(`process ${pid}`);
  if (text === undefined) return undefined;
  return { device: readNumber(text), cgroup: answer.get(`cgroup ${pid}`) ?? '' };
}

function readNumber(text = ''): number | null {
  return /^\d+\s*$/.test(text) ? Number(text) : null;
}
