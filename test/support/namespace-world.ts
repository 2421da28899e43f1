// Containers that share namespaces with each other and with the host at random, made and changed behind the server's back; and what the kernel
// shows of them (`readlink /proc/PID/ns/*`), which is the judge. It needs root and the engine here, and shares no code with src/.
import { readdir, readFile } from 'node:fs/promises';
import { type Cleanup, createTestContainer, dockerApi } from './engine.ts';
import fc from './fast-check.ts';
import { managedLabels } from './managed.ts';
import { type NamespaceKind, namespaceKinds, readNamespaces } from './namespaces.ts';

/** How one is made; numbers choose among those made before, which a world's first has none of. */
export interface Inhabitant {
  readonly net: 'none' | 'bridge' | 'host' | 'join';
  readonly pid: '' | 'host' | 'join';
  readonly ipc: 'private' | 'shareable' | 'host' | 'join';
  readonly uts: '' | 'host';
  readonly cgroup: 'host' | 'private';
  readonly target: number;
  readonly isManaged: boolean;
}

export const inhabitants: fc.Arbitrary<Inhabitant> = fc.record({
  net: fc.constantFrom('none', 'bridge', 'host', 'join', 'join', 'join'),
  pid: fc.constantFrom('', '', 'host', 'join'),
  ipc: fc.constantFrom('private', 'shareable', 'shareable', 'host', 'join'),
  uts: fc.constantFrom('', '', 'host'),
  cgroup: fc.constantFrom('host', 'private'),
  target: fc.nat(100),
  isManaged: fc.boolean(),
});

/** What is done to one of them by the real `docker` command. */
export const deeds = fc.record({
  verb: fc.constantFrom('restart --time 0', 'kill', 'stop --time 0', 'start', 'pause', 'unpause', 'rm --force'),
  victim: fc.nat(100),
});

export interface WorldMember {
  readonly id: string;
  readonly name: string;
}

/** Makes one; what the engine refuses (an ipc namespace that is not shareable) is made private. */
export async function settle(t: Cleanup, all: readonly WorldMember[], one: Inhabitant): Promise<WorldMember> {
  const target = all[one.target % Math.max(all.length, 1)];
  const join = (mode: string, other: string) =>
    mode !== 'join' ? mode : target === undefined ? other : `container:${target.id}`;
  const make = (ipc: string) =>
    createTestContainer(t, {
      body: {
        Labels: one.isManaged ? managedLabels : {},
        HostConfig: {
          NetworkMode: join(one.net, 'bridge'),
          PidMode: join(one.pid, ''),
          IpcMode: ipc,
          UTSMode: one.uts,
          CgroupnsMode: one.cgroup,
        },
      },
    });
  return make(join(one.ipc, 'shareable')).catch(() => make('private'));
}

export type KernelView = ReadonlyMap<string, { readonly pid: number; readonly inodes: Record<NamespaceKind, string> }>;

/** The running ones by id, and the host under ''. */
export async function askKernel(all: readonly WorldMember[]): Promise<KernelView> {
  const view = new Map([['', { pid: process.pid, inodes: await readNamespaces() }]]);
  for (const { id } of all) {
    const { status, body } = await dockerApi('GET', `/containers/${id}/json`);
    if (status === 200 && body.State.Pid > 0) view.set(id, { pid: body.State.Pid, inodes: await readNamespaces(id) });
  }
  return view;
}

/** Per kind: its inode, and who else has it; `host` is among them where the host has. */
export function spellSharing(view: KernelView, id: string): string[] {
  return namespaceKinds.map((kind) => {
    const inode = view.get(id)?.inodes[kind];
    const others = [...view]
      .filter(([other, { inodes }]) => other !== id && inodes[kind] === inode)
      .map(([one]) => one);
    return `${inode} ${others
      .map((one) => one || 'host')
      .sort()
      .join()}`;
  });
}

/** PIDs of every process in a container's cgroup, as `/proc` shows them. */
export async function findPids(id: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')).includes(id)),
  );
  return pids.map(Number).filter((_, index) => found[index]);
}
