// A process as the engine's host sees it: its number, and the namespaces that it is in.
import { type Inodes, namespaceKinds } from '../../schemas/namespaces.ts';

export interface ProcessFacts {
  readonly pid: number;
  readonly inodes: Inodes;
}

/** Nothing is known. */
export const unknownInodes: Inodes = {
  net: null,
  mnt: null,
  pid: null,
  uts: null,
  ipc: null,
  user: null,
  cgroup: null,
};

/** Are all kinds the same, as far as both are known? */
export function isSamePlace(one: Inodes, other: Inodes): boolean {
  return namespaceKinds.every((kind) => one[kind] === null || other[kind] === null || one[kind] === other[kind]);
}
