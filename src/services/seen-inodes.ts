// The inodes of network namespaces, as helpers have seen them. An inode is known from the first look on and is forgotten with its namespace,
// because the kernel gives it to another one.

export interface SeenInodes {
  /** Grows with each change: part of the key of what is derived from here. */
  readonly revision: number;
  /** null where nobody has looked into the namespace yet. */
  inode(namespaceId: string): number | null;
  see(namespaceId: string, inode: number): void;
  forget(namespaceId: string): void;
}

export function createSeenInodes(): SeenInodes {
  const inodes = new Map<string, number>();
  let revision = 0;
  return {
    get revision() {
      return revision;
    },
    inode: (namespaceId) => inodes.get(namespaceId) ?? null,
    see(namespaceId, inode) {
      if (inodes.get(namespaceId) === inode) return;
      inodes.set(namespaceId, inode);
      revision += 1;
    },
    forget(namespaceId) {
      if (inodes.delete(namespaceId)) revision += 1;
    },
  };
}
