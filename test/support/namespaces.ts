// Namespaces as the kernel shows them on the engine's machine: needs root, and the engine here.
import { readlink } from 'node:fs/promises';
import { inspectContainer } from './engine.ts';

export const namespaceKinds = ['net', 'mnt', 'pid', 'uts', 'ipc', 'user', 'cgroup'] as const;
export type NamespaceKind = (typeof namespaceKinds)[number];

/** `net:[4026532281]` and its like, of the container's first process; of this process (the host's) without one. */
export async function readNamespaces(container?: string): Promise<Record<NamespaceKind, string>> {
  const pid = container === undefined ? 'self' : (await inspectContainer(container)).State.Pid;
  const links = await Promise.all(
    namespaceKinds.map(async (kind) => [kind, await readlink(`/proc/${pid}/ns/${kind}`)]),
  );
  return Object.fromEntries(links);
}
