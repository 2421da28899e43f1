// The words between a server and its probe: a tick line to it, and what its sections mean. Pure; the script that speaks them is the service's.

/** A target as the probe is told about it, once, and again when it changes. */
export interface ProbeTarget {
  /** PID on the engine's machine of a process in the namespace. */
  readonly pid: number;
  /** The container whose first process that is: the probe reads nothing unless the process still is that container's. */
  readonly container: string;
  /**
   * The containers whose processes can act in the namespace, by whose CPU time it is seen that something may have happened. Empty where nobody can
   * tell (the host's namespace): then nothing is taken for unmoved.
   */
  readonly members: readonly { readonly id: string; readonly pid: number }[];
}

/** One look at a target. */
export interface ProbeLook {
  /** A number that names the target for the life of the probe. */
  readonly key: number;
  /** Read the tables whatever the witnesses say. */
  readonly forced: boolean;
  /** Somebody waits for this one: it need not wait for its turn under the cap. */
  readonly urgent: boolean;
}

/** What came of a look. */
export type ProbeFinding =
  /** No witness moved: what was last read is what is. */
  | { readonly kind: 'unmoved' }
  /** A witness moved, or it was forced, but the cap allowed no read: ask again. */
  | { readonly kind: 'late' }
  /** The process is not that container's any more. */
  | { readonly kind: 'gone' }
  /** The tables were read; `tables` is null where they are what was last read, `moved` whether a witness said so before. */
  | { readonly kind: 'read'; readonly moved: boolean; readonly tables: string | null };

/** How interfaces are asked about. */
export interface InterfacesLook {
  readonly key: number;
  /** `told`: only whether something may have happened; `moved`: the files too, if so; `forced`: the files in any case. */
  readonly how: 'told' | 'moved' | 'forced';
}

/** The files that an answer about interfaces is made of. */
export const interfaceFiles = ['dev', 'if_inet6', 'route', 'ipv6_route', 'arp', 'fib_trie'] as const;
export type InterfaceFile = (typeof interfaceFiles)[number];

/** What came of asking about interfaces. */
export type InterfacesFinding =
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'seen';
      /** A witness moved since the last time that it was asked. */
      readonly moved: boolean;
      /** The files were read. */
      readonly read: boolean;
      /** Those that are not what they were the last time. */
      readonly files: ReadonlyMap<InterfaceFile, string>;
    };

/** What an answer says about the probe itself. CPU times are its own, in nanoseconds. */
export interface ProbeCost {
  readonly walkNs: number;
  readonly walks: number;
  readonly totalNs: number;
}

/** Characters of one table: more than the rows that a sample carries can have. */
export const maxTableLength = 1_100_000;

/** Characters of one file about interfaces: some 1,000 devices or routes. */
export const maxFileLength = 131_072;

/** Says who a target is; whatever was remembered of the key is forgotten. */
export function defineWord(key: number, { pid, container, members }: ProbeTarget): string {
  return `+${[key, pid, container, ...members.map((member) => `${member.id}:${member.pid}`)].join(',')}`;
}

export function forgetWord(key: number): string {
  return `-${key}`;
}

/** Asks which inode the namespace has that the engine keeps under this file name (the last part of SandboxKey). */
export function inodeWord(key: number, sandbox: string): string {
  return `i${key},${sandbox}`;
}

export function lookWord({ key, forced, urgent }: ProbeLook): string {
  if (forced) return `${urgent ? 'n' : 'f'}${key}`;
  return `${urgent ? 'u' : 'g'}${key}`;
}

export function interfacesWord({ key, how }: InterfacesLook): string {
  return `${{ told: 'm', moved: 'd', forced: 'D' }[how]}${key}`;
}

/** What the sections of an answer say about the interfaces of one key. */
export function readInterfacesFinding(sections: ReadonlyMap<string, string>, key: number): InterfacesFinding {
  if (sections.has(`${key} gone`)) return { kind: 'gone' };
  const read = sections.has(`${key} files`);
  const files = new Map<InterfaceFile, string>();
  if (read)
    for (const name of interfaceFiles) {
      const text = sections.get(`${key} file ${name}`);
      if (text !== undefined) files.set(name, text);
    }
  return { kind: 'seen', moved: sections.has(`${key} moved`), read, files };
}

/** What the sections of an answer say about the sockets of one key. */
export function readFinding(sections: ReadonlyMap<string, string>, key: number): ProbeFinding {
  if (sections.has(`${key} gone`)) return { kind: 'gone' };
  if (sections.has(`${key} late`)) return { kind: 'late' };
  for (const moved of [true, false]) {
    const tables = sections.get(`${key} read ${moved ? 1 : 0}`);
    if (tables !== undefined) return { kind: 'read', moved, tables };
    if (sections.has(`${key} kept ${moved ? 1 : 0}`)) return { kind: 'read', moved, tables: null };
  }
  return { kind: 'unmoved' };
}

/** The inode that the answer names for the key; null where the probe could not tell. */
export function readInode(sections: ReadonlyMap<string, string>, key: number): number | null {
  const inode = Number.parseInt(sections.get(`${key} inode`) ?? '', 10);
  return Number.isSafeInteger(inode) ? inode : null;
}

/** A probe that cannot tell its times (a kernel without schedstat) says 0. */
export function readCost(sections: ReadonlyMap<string, string>): ProbeCost {
  const [walkNs = 0, walks = 0, totalNs = 0] = (sections.get('cost') ?? '').trim().split(' ').map(Number);
  return { walkNs: walkNs || 0, walks: walks || 0, totalNs: totalNs || 0 };
}
