// What a process shares with whom: decided by the inodes of namespaces alone, never by how a container was configured.
import type { ContainerRef } from '../../schemas/container.ts';
import {
  type Inodes,
  type NamespaceKind,
  type NamespaceSharing,
  namespaceKinds,
  type SharedKind,
} from '../../schemas/namespaces.ts';

/** A container with the namespaces of its first process; null where they cannot be seen, for the reason. */
export interface Place {
  readonly container: ContainerRef;
  readonly inodes: Inodes | null;
  readonly reason: string | null;
}

/** The host's own namespaces, as far as they can be seen. */
export interface HostPlace {
  readonly inodes: Inodes;
  readonly reason: string | null;
}

/** What is shared of one kind, whoever asks. */
type Sharing = Pick<NamespaceSharing, 'kind' | 'inode' | 'host' | 'sharedWith'>;

/** Compares the namespaces of one container's first process with the host's and those of all others of the engine. */
export function compareKinds(of: Place, others: readonly Place[], host: HostPlace): NamespaceSharing[] {
  const inodes = of.inodes;
  if (inodes === null)
    return namespaceKinds.map((kind) => ({
      ...{ kind, inode: null, host: null, sharedWith: [], isolated: null },
      reason: of.reason,
    }));
  return namespaceKinds.map((kind) => {
    const sharing = findSharing(kind, inodes, others, host);
    const unseen = others.find((other) => other.inodes?.[kind] == null);
    const isShared = sharing.host === true || sharing.sharedWith.length > 0;
    const isKnown = sharing.inode !== null && sharing.host !== null && unseen === undefined;
    return {
      ...sharing,
      isolated: isShared ? false : isKnown ? true : null,
      reason: isShared || isKnown ? null : explain(sharing, unseen, host),
    };
  });
}

/** The kinds in which a process is somewhere else than its container's first one. */
export function compareStray(inodes: Inodes, first: Inodes, all: readonly Place[], host: HostPlace): Sharing[] {
  return namespaceKinds
    .filter((kind) => inodes[kind] !== null && inodes[kind] !== first[kind])
    .map((kind) => findSharing(kind, inodes, all, host));
}

/** Of each kind: do all members have the same one? */
export function compareMembers(members: readonly (Inodes | null)[]): SharedKind[] {
  return namespaceKinds.map((kind) => {
    if (members.length < 2) return { kind, shared: false };
    const inodes = members.map((inodes) => inodes?.[kind] ?? null);
    const known = new Set(inodes.filter((inode) => inode !== null));
    if (known.size > 1) return { kind, shared: false };
    return { kind, shared: inodes.includes(null) ? null : true };
  });
}

/**
 * The host's mount namespace cannot be seen without rights over the host, and there is no way to make a container in it: what is known of a
 * container's is not the host's.
 */
function findSharing(kind: NamespaceKind, inodes: Inodes, others: readonly Place[], host: HostPlace): Sharing {
  const inode = inodes[kind];
  const hostInode = host.inodes[kind];
  const isHostKnown = inode !== null && (hostInode !== null || kind === 'mnt');
  return {
    kind,
    inode,
    host: isHostKnown ? inode === hostInode : null,
    sharedWith: inode === null ? [] : others.filter((one) => one.inodes?.[kind] === inode).map((one) => one.container),
  };
}

function explain({ kind, inode, host }: Sharing, unseen: Place | undefined, { reason }: HostPlace): string {
  if (inode === null) return `The host's ps does not name the ${kind} namespace of its first process`;
  if (host === null) return `The host's own ${kind} namespace is unknown: ${reason ?? 'nobody has seen it'}`;
  return `That of "${unseen?.container.name}" is unknown: ${unseen?.reason ?? "the host's ps does not name it"}`;
}
